//! What a watch says, and when it stops saying it.

use super::server::{Call, cluster};
use tokio::time::Instant;

use super::super::watch::UNSEEN_FOR;
use super::*;

const REVIEW: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const EVERYWHERE: &str = "GET /api/v1/pods";
const SELECTOR: &str =
    "labelSelector=firesteel.dev%2Finstallation%3Dinstallation-1%2Cfiresteel.dev%2Fholder";

fn reviews(allowed: bool) -> Vec<Call> {
    let answer = json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {}, "status": { "allowed": allowed },
    });
    let asked = if allowed { 2 } else { 1 };
    (0..asked)
        .map(|_| Call::answers(REVIEW, (201, answer.clone())))
        .collect()
}

fn page(version: &str, next: &str, pods: &[Value]) -> (u16, Value) {
    let body = json!({
        "kind": "PodList", "apiVersion": "v1",
        "metadata": { "resourceVersion": version, "continue": next },
        "items": pods,
    });
    (200, body)
}

fn changes(request: &str, events: &[(&str, Value)]) -> Call {
    let lines: Vec<String> = events
        .iter()
        .map(|(kind, object)| line(kind, object))
        .collect();
    Call::answers_text(request, 200, &[], &lines.concat())
}

fn line(kind: &str, object: &Value) -> String {
    json!({ "type": kind, "object": object }).to_string() + "\n"
}

fn version(version: &'static str) -> impl FnOnce(&mut Value) {
    move |pod| pod["metadata"]["resourceVersion"] = json!(version)
}

/// Runs a watch of `namespaces` against the script, gives what it said and how it ended.
async fn watch(script: Vec<Call>, namespaces: &[&str]) -> (Vec<Event>, Result<(), ClusterError>) {
    let (cluster, server) = cluster(script);
    let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
    let (_namespaces, namespaces) = channel::channel(namespaces);
    let (events, mut said) = mpsc::channel(100);
    let end = cluster.watch(namespaces, events).await;
    drop(cluster);
    server.finished().await;
    let mut heard = Vec::new();
    while let Some(event) = said.recv().await {
        heard.push(event);
    }
    (heard, end)
}

fn summary(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event {
            Event::Listed(seen) => format!("listed {}", seen.len()),
            Event::Changed(seen) => format!("changed {}", seen.holder.uid),
            Event::Deleted(seen) => format!("deleted {}", seen.holder.uid),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_of_pages_then_changes_from_its_version() {
    let uid = |uid: &'static str, at: &'static str| {
        pod(move |pod| {
            pod["metadata"]["uid"] = json!(uid);
            pod["metadata"]["resourceVersion"] = json!(at);
        })
    };
    let watch_from = |version: &str| {
        format!(
            "{EVERYWHERE}?&watch=true&timeoutSeconds=45&{SELECTOR}&allowWatchBookmarks=true\
             &resourceVersion={version}"
        )
    };
    let mut script = reviews(true);
    script.extend([
        Call::answers(
            &format!("{EVERYWHERE}?&{SELECTOR}&limit=500"),
            page("10", "more", &[uid("a", "7")]),
        ),
        Call::answers(
            &format!("{EVERYWHERE}?&{SELECTOR}&limit=500&continue=more"),
            page("10", "", &[uid("b", "8")]),
        ),
        changes(
            &watch_from("10"),
            &[("ADDED", uid("c", "11")), ("MODIFIED", uid("a", "12"))],
        ),
        changes(
            &watch_from("12"),
            &[(
                "BOOKMARK",
                json!({ "kind": "Pod", "apiVersion": "v1",
                    "metadata": { "resourceVersion": "20" } }),
            )],
        ),
        changes(&watch_from("20"), &[("DELETED", uid("a", "21"))]),
        Call::breaks(&watch_from("21")),
    ]);
    let (events, end) = watch(script, &[]).await;
    assert_eq!(
        summary(&events),
        ["listed 2", "changed c", "changed a", "deleted a"]
    );
    assert!(matches!(end, Err(ClusterError::Unreachable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_version_too_old_is_answered_by_a_new_list() {
    let gone = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410,
        "reason": "Expired", "message": "too old resource version",
    });
    let mut script = reviews(true);
    script.extend([
        Call::answers(EVERYWHERE, page("10", "", &[])),
        changes(EVERYWHERE, &[("ERROR", gone.clone())]),
        Call::answers(EVERYWHERE, page("20", "", &[pod(unchanged)])),
        Call::answers(EVERYWHERE, (410, gone)),
        Call::answers(EVERYWHERE, page("30", "", &[])),
        Call::breaks(EVERYWHERE),
    ]);
    let (events, end) = watch(script, &[]).await;
    assert_eq!(summary(&events), ["listed 0", "listed 1", "listed 0"]);
    assert!(end.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_does_not_stop_the_watch() {
    let odd = [
        pod(|pod| pod["spec"]["containers"] = json!("none")),
        pod(|pod| pod["metadata"]["labels"] = json!({})),
        json!({ "metadata": 1 }),
    ];
    let mut script = reviews(true);
    let mut listed = odd.to_vec();
    listed.push(pod(unchanged));
    let mut changed: Vec<_> = odd.iter().map(|pod| ("MODIFIED", pod.clone())).collect();
    changed.push(("MODIFIED", pod(version("12"))));
    script.extend([
        Call::answers(EVERYWHERE, page("10", "", &listed)),
        changes(EVERYWHERE, &changed),
        Call::breaks(EVERYWHERE),
    ]);
    let (events, _) = watch(script, &[]).await;
    assert_eq!(summary(&events), ["listed 1", "changed uid-1"]);
}

#[tokio::test(start_paused = true)]
async fn without_rights_everywhere_each_namespace_is_watched() {
    let mut script = reviews(false);
    let path = |namespace: &str| format!("GET /api/v1/namespaces/{namespace}/pods");
    script.extend([
        Call::answers(&path("analytics"), page("10", "", &[pod(unchanged)])),
        Call::answers(&path("science"), page("10", "", &[])),
        Call::breaks(&path("science")),
    ]);
    // The order of the first two watches is not fixed, so only one of them is let through.
    script.insert(3, Call::is_silent(&path("analytics")));
    let (events, end) = watch(script, &["analytics", "science"]).await;
    assert_eq!(summary(&events), ["listed 1"]);
    assert!(end.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_may_not_be_read_makes_no_driver_of_it_absent() {
    let mut script = reviews(false);
    let path = |namespace: &str| format!("GET /api/v1/namespaces/{namespace}/pods");
    script.extend([
        Call::answers(&path("analytics"), page("10", "", &[pod(unchanged)])),
        Call::answers(&path("science"), forbidden("list", "pods")),
        Call::breaks(&path("analytics")),
    ]);
    let (events, _) = watch(script, &["analytics", "science"]).await;
    assert_eq!(summary(&events), ["changed uid-1"]);
}

#[tokio::test(start_paused = true)]
async fn rights_that_were_missing_are_asked_for_again() {
    let path = |namespace: &str| format!("GET /api/v1/namespaces/{namespace}/pods");
    // As an API server answers that has just started.
    let mut none = reviews(false);
    none.push(Call::answers(&path("analytics"), forbidden("list", "pods")));
    let (events, end) = watch(none, &["analytics"]).await;
    assert_eq!(events, []);
    assert!(matches!(end, Err(ClusterError::Forbidden(_))));

    let mut some = reviews(false);
    some.extend([
        Call::answers(&path("analytics"), page("10", "", &[])),
        Call::answers(&path("science"), forbidden("list", "pods")),
        Call::stays_open(&path("analytics"), ""),
    ]);
    let start = Instant::now();
    let (_, end) = watch(some, &["analytics", "science"]).await;
    assert!(matches!(end, Err(ClusterError::Forbidden(_))));
    assert_eq!(start.elapsed(), UNSEEN_FOR);
}

#[tokio::test(start_paused = true)]
async fn another_namespace_is_answered_by_a_new_list() {
    let path = |namespace: &str| format!("GET /api/v1/namespaces/{namespace}/pods");
    let mut script = reviews(false);
    script.extend([
        Call::answers(&path("analytics"), page("10", "", &[pod(unchanged)])),
        Call::breaks(&path("analytics")),
    ]);
    let (cluster, server) = cluster(script);
    let (namespaces, changed) = channel::channel(Vec::new());
    let (events, mut said) = mpsc::channel(100);
    let watching = tokio::spawn(async move { cluster.watch(changed, events).await });
    assert_eq!(said.recv().await, Some(Event::Listed(vec![])));
    namespaces.send(vec!["analytics".to_owned()]).unwrap();
    let listed = said.recv().await.unwrap();
    assert_eq!(summary(&[listed]), ["listed 1"]);
    assert!(watching.await.unwrap().is_err());
    server.finished().await;
}

#[tokio::test(start_paused = true)]
async fn it_fails_where_the_cluster_does_not_serve_it() {
    let mut ends_at_once = reviews(true);
    ends_at_once.extend([
        Call::answers(EVERYWHERE, page("10", "", &[])),
        changes(EVERYWHERE, &[]),
    ]);
    let (_, end) = watch(ends_at_once, &[]).await;
    assert!(matches!(end, Err(ClusterError::Unreachable(_))));

    let mut does_not_open = reviews(true);
    does_not_open.extend([
        Call::answers(EVERYWHERE, page("10", "", &[])),
        Call::is_silent(EVERYWHERE),
    ]);
    let (_, end) = watch(does_not_open, &[]).await;
    assert!(matches!(end, Err(ClusterError::Unreachable(_))));

    let (_, end) = watch(vec![Call::breaks(REVIEW)], &[]).await;
    assert!(matches!(end, Err(ClusterError::Unreachable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_stays_open_beyond_its_time_has_fallen_silent() {
    let mut script = reviews(true);
    script.extend([
        Call::answers(EVERYWHERE, page("10", "", &[])),
        Call::stays_open(EVERYWHERE, &line("ADDED", &pod(unchanged))),
    ]);
    let start = Instant::now();
    let (events, end) = watch(script, &[]).await;
    assert_eq!(summary(&events), ["listed 0", "changed uid-1"]);
    assert!(matches!(end, Err(ClusterError::Unreachable(_))));
    assert!(start.elapsed() <= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn everything_is_listed_from_time_to_time() {
    let mut script = reviews(true);
    for _ in 0..5 {
        script.push(Call::answers(EVERYWHERE, page("10", "", &[])));
        script.push(Call::stays_open(EVERYWHERE, ""));
    }
    script.push(Call::breaks(EVERYWHERE));
    let (mut cluster, server) = cluster(script);
    cluster.relist_every = Duration::from_secs(40);
    let (_namespaces, namespaces) = channel::channel(Vec::new());
    let (events, mut said) = mpsc::channel(100);
    let start = Instant::now();
    assert!(cluster.watch(namespaces, events).await.is_err());
    assert_eq!(start.elapsed().as_secs(), 200);
    drop(cluster);
    server.finished().await;
    for _ in 0..5 {
        assert_eq!(said.recv().await, Some(Event::Listed(vec![])));
    }
    assert_eq!(said.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_listens() {
    let mut script = reviews(true);
    script.push(Call::answers(EVERYWHERE, page("10", "", &[])));
    let (cluster, server) = cluster(script);
    let (_namespaces, namespaces) = channel::channel(Vec::new());
    let (events, said) = mpsc::channel(1);
    drop(said);
    cluster.watch(namespaces, events).await.unwrap();
    drop(cluster);
    server.finished().await;
}
