//! What each answer to a creation proves.

use super::server::{Call, cluster};
use jiff::Timestamp;

use super::*;

const POST: &str = "POST /api/v1/namespaces/analytics/pods";
const GET: &str = "GET /api/v1/namespaces/analytics/pods/spark-000000035ee16lm6uri-driver";

async fn create(script: Vec<Call>) -> Result<Seen, CreateError> {
    let (cluster, server) = cluster(script);
    let result = cluster
        .create(&driver(), &plan(), &Prepared::default())
        .await;
    drop(cluster);
    server.finished().await;
    result
}

async fn refusal((code, body): (u16, Value)) -> Refusal {
    match create(vec![Call::answers(POST, (code, body))]).await {
        Err(CreateError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn unanswered(call: Call) -> String {
    match create(vec![call]).await {
        Err(CreateError::Unanswered(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn taken() -> Call {
    let message = "pods \"spark-000000035ee16lm6uri-driver\" already exists";
    Call::answers(POST, status(409, "AlreadyExists", message))
}

#[tokio::test(start_paused = true)]
async fn a_created_pod_is_seen() {
    let (cluster, server) = cluster(vec![Call::answers(POST, (201, pod(unchanged)))]);
    let seen = cluster
        .create(&driver(), &plan(), &Prepared::default())
        .await
        .unwrap();
    assert_eq!((seen.job_run, seen.attempt), (driver().job_run, 1));
    assert_eq!(seen.holder.uid, "uid-1");
    drop(cluster);
    let bodies = server.finished().await;
    assert_eq!(bodies[0]["metadata"]["name"], driver().name);
    assert_eq!(bodies[0]["spec"]["containers"][0]["image"], "spark:3.5.9");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_ours_already_answers_with_its_holder() {
    let deleting = pod(|pod| {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-24T08:01:00Z");
        pod["metadata"]["labels"]["firesteel.dev/holder"] = json!("tombstone");
    });
    let seen = create(vec![taken(), Call::answers(GET, (200, deleting))])
        .await
        .unwrap();
    assert!(seen.driver.deleting);
    assert_eq!(
        seen.holder.kind,
        crate::domain::job_run::HolderKind::Tombstone
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_someone_elses_is_refused() {
    for key in ["firesteel.dev/installation", "firesteel.dev/attempt"] {
        let foreign = pod(|pod| pod["metadata"]["labels"][key] = json!("9"));
        match create(vec![taken(), Call::answers(GET, (200, foreign))]).await {
            Err(CreateError::Refused(Refusal::Invalid(why))) => {
                assert!(why.contains(&driver().name), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_whose_holder_cannot_be_read_leaves_all_open() {
    let result = create(vec![
        taken(),
        Call::answers(GET, status(500, "InternalError", "etcd")),
    ])
    .await;
    assert!(matches!(result, Err(CreateError::Unanswered(_))));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_came_free_is_taken() {
    let created = create(vec![
        taken(),
        Call::answers(GET, pod_not_found()),
        Call::answers(POST, (201, pod(unchanged))),
    ])
    .await;
    assert!(created.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_in_the_quotas_books_is_run_again() {
    let message = "Operation cannot be fulfilled on resourcequotas \"q\": the object has been \
                   modified; please apply your changes to the latest version and try again";
    let created = create(vec![
        Call::answers(POST, status(409, "Conflict", message)),
        Call::answers(POST, (201, pod(unchanged))),
    ])
    .await;
    assert!(created.is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_meaning_of_forbidden() {
    let quota = "pods \"spark-x-driver\" is forbidden: exceeded quota: q, requested: pods=1, used: \
                 pods=5, limited: pods=5";
    assert_eq!(
        refusal(status(403, "Forbidden", quota)).await,
        Refusal::Full(quota.to_owned())
    );
    assert!(matches!(
        refusal(forbidden("create", "pods")).await,
        Refusal::Forbidden(_)
    ));
    let (code, mut terminating) = status(403, "Forbidden", "no");
    terminating["details"] = json!({
        "causes": [{ "reason": "NamespaceTerminating", "message": "it ends" }],
    });
    assert_eq!(
        refusal((code, terminating)).await,
        Refusal::NamespaceMissing
    );
    for admission in [
        "pods \"spark-x-driver\" is forbidden: violates PodSecurity \"restricted:latest\"",
        "pods \"spark-x-driver\" is forbidden: error looking up service account analytics/spark: \
         serviceaccount \"spark\" not found",
        "pods \"spark-x-driver\" is forbidden: failed quota: q: must specify limits.cpu",
    ] {
        assert_eq!(
            refusal(status(403, "Forbidden", admission)).await,
            Refusal::Invalid(admission.to_owned())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_never_be_accepted() {
    assert_eq!(
        refusal(not_found("namespaces", "analytics")).await,
        Refusal::NamespaceMissing
    );
    for (code, reason) in [
        (400, "BadRequest"),
        (422, "Invalid"),
        (413, "RequestEntityTooLarge"),
    ] {
        assert_eq!(
            refusal(status(code, reason, "why")).await,
            Refusal::Invalid("why".to_owned())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_created_and_may_be_later() {
    let webhook = "Internal error occurred: failed calling webhook \"w\": connection refused";
    for answer in [
        status(401, "Unauthorized", "Unauthorized"),
        status(500, "InternalError", webhook),
    ] {
        assert!(matches!(refusal(answer).await, Refusal::Unreachable { .. }));
    }
    let proxy = Call::answers_text(POST, 404, &[], "<html>no such site</html>");
    assert!(matches!(
        create(vec![proxy]).await,
        Err(CreateError::Refused(Refusal::Unreachable { .. }))
    ));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_created() {
    for code in [500, 502, 503, 504] {
        let error = unanswered(Call::answers(POST, status(code, "", "etcd timed out"))).await;
        assert_eq!(error, "etcd timed out");
    }
    assert!(
        unanswered(Call::answers_text(POST, 201, &[], "<html>"))
            .await
            .contains("unreadable answer")
    );
    assert!(
        unanswered(Call::breaks(POST))
            .await
            .contains("connection reset")
    );
    assert!(
        unanswered(Call::is_silent(POST))
            .await
            .contains("no answer within 0.1 s")
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_for_patience_holds_for_the_whole_cluster() {
    let busy = Call::answers_text(POST, 429, &[("retry-after", "5")], "Too many requests");
    let (cluster, server) = cluster(vec![busy]);
    let before = Timestamp::now();
    for _ in 0..2 {
        match cluster
            .create(&driver(), &plan(), &Prepared::default())
            .await
        {
            Err(CreateError::Refused(Refusal::Unreachable { since, .. })) => {
                assert!(since >= before);
            }
            other => panic!("{other:?}"),
        }
    }
    match cluster.look(&driver()).await {
        Err(ClusterError::Throttled { retry_after }) => {
            assert!(retry_after > Duration::from_secs(4), "{retry_after:?}");
        }
        other => panic!("{other:?}"),
    }
    drop(cluster);
    server.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_no_pod_is_not_sent() {
    let (cluster, server) = cluster(vec![]);
    let mut plan = plan();
    plan.properties
        .insert("spark.driver.memory".to_owned(), "much".to_owned());
    let refused = cluster.create(&driver(), &plan, &Prepared::default()).await;
    assert!(matches!(
        refused,
        Err(CreateError::Refused(Refusal::Plan(_)))
    ));
    drop(cluster);
    server.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_takes_the_name_or_finds_its_holder() {
    let tombstone = pod(|pod| {
        pod["metadata"]["labels"]["firesteel.dev/holder"] = json!("tombstone");
    });
    let (cluster, server) = cluster(vec![
        Call::answers(POST, (201, tombstone)),
        taken(),
        Call::answers(GET, (200, pod(unchanged))),
    ]);
    let made = cluster.occupy(&driver()).await.unwrap();
    let found = cluster.occupy(&driver()).await.unwrap();
    use crate::domain::job_run::HolderKind;
    assert_eq!(made.holder.kind, HolderKind::Tombstone);
    assert_eq!(found.holder.kind, HolderKind::Driver);
    drop(cluster);
    let bodies = server.finished().await;
    assert!(bodies[0]["spec"]["schedulingGates"].is_array());
}
