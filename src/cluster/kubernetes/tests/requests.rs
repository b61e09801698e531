//! Reads, deletions and rights.

use super::server::{Call, Server, cluster, cluster_with};
use super::*;
use crate::spark::driver_pod::LayoutSetting;

/// Runs one request against a script and checks that the script was followed to its end.
macro_rules! with {
    ($script:expr, |$cluster:ident| $ask:expr) => {{
        let ($cluster, server): (_, Server) = cluster($script);
        let result = $ask.await;
        drop($cluster);
        (result, server.finished().await)
    }};
}

fn get_pod(answer: (u16, Value)) -> Vec<Call> {
    vec![Call::answers(&format!("GET {POD}"), answer)]
}

#[tokio::test(start_paused = true)]
async fn only_the_api_servers_own_word_makes_a_driver_absent() {
    for absent in [pod_not_found(), not_found("namespaces", "analytics")] {
        let (looked, _) = with!(get_pod(absent), |cluster| cluster.look(&driver()));
        assert_eq!(looked.unwrap(), None);
    }
    for unclear in [
        not_found("pods", "another"),
        status(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
    ] {
        let (looked, _) = with!(get_pod(unclear), |cluster| cluster.look(&driver()));
        assert!(looked.is_err());
    }
    let proxy = vec![Call::answers_text(
        &format!("GET {POD}"),
        404,
        &[],
        "<html>no such site</html>",
    )];
    let (looked, _) = with!(proxy, |cluster| cluster.look(&driver()));
    assert!(matches!(looked, Err(ClusterError::Unreachable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_look_sees_the_driver_as_it_is_now() {
    let running = pod(|pod| {
        pod["spec"]["nodeName"] = json!("node0");
        pod["status"]["containerStatuses"] = json!([{
            "name": "spark-kubernetes-driver", "image": "i", "imageID": "", "ready": true,
            "restartCount": 0, "state": { "running": { "startedAt": "2026-11-24T08:01:00Z" } },
        }]);
    });
    // No resourceVersion in the query: a cache's answer would not do.
    let script = vec![Call::answers(&format!("GET {POD}?"), (200, running))];
    let (looked, _) = with!(script, |cluster| cluster.look(&driver()));
    let seen = looked.unwrap().unwrap();
    assert_eq!(seen.driver.node.as_deref(), Some("node0"));
    assert!(matches!(
        seen.driver.phase,
        crate::domain::job_run::DriverPhase::Running { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_holder_is_neither_a_driver_nor_an_absence() {
    let foreign = pod(|pod| pod["metadata"]["labels"] = json!({}));
    let (looked, _) = with!(get_pod((200, foreign)), |cluster| cluster.look(&driver()));
    assert!(matches!(looked, Err(ClusterError::Refused(_))));
    let (looked, _) = with!(get_pod(forbidden("get", "pods")), |cluster| cluster
        .look(&driver()));
    assert!(matches!(looked, Err(ClusterError::Forbidden(_))));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_of_one_object_and_done_where_it_is_gone() {
    let uid = "Operation cannot be fulfilled on Pod \"x\": the UID in the precondition (uid-1) does \
               not match the UID in record (uid-2). The object might have been deleted and then \
               recreated";
    let uid_in_storage = "StorageError: invalid object, Code: 4, AdditionalErrorMsg: Precondition \
                          failed: UID in precondition: uid-1, UID in object meta: uid-2";
    for answer in [
        (200, pod(unchanged)),
        pod_not_found(),
        status(409, "Conflict", uid),
        status(409, "Conflict", uid_in_storage),
    ] {
        let script = vec![Call::answers(&format!("DELETE {POD}"), answer)];
        let (deleted, bodies) = with!(script, |cluster| cluster.delete(&driver(), "uid-1"));
        deleted.unwrap();
        assert_eq!(bodies[0]["preconditions"], json!({ "uid": "uid-1" }));
        assert_eq!(bodies[0]["gracePeriodSeconds"], Value::Null);
    }
    let modified = status(409, "Conflict", "the object has been modified");
    let script = vec![Call::answers(&format!("DELETE {POD}"), modified)];
    let (deleted, _) = with!(script, |cluster| cluster.delete(&driver(), "uid-1"));
    assert!(matches!(deleted, Err(ClusterError::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn only_a_pod_without_time_and_finalizers_is_gone_with_the_answer() {
    let answer = |uid: &str, grace: Value, finalizers: Value| {
        pod(|pod| {
            pod["metadata"]["uid"] = json!(uid);
            pod["metadata"]["deletionTimestamp"] = json!("2026-11-24T09:00:00Z");
            pod["metadata"]["deletionGracePeriodSeconds"] = grace;
            pod["metadata"]["finalizers"] = finalizers;
        })
    };
    for (answer, deletion) in [
        (answer("uid-1", json!(0), json!([])), Deletion::Gone),
        (answer("uid-1", json!(30), json!([])), Deletion::Asked),
        (answer("uid-2", json!(0), json!([])), Deletion::Asked),
        (
            answer("uid-1", json!(0), json!(["batch/tracking"])),
            Deletion::Asked,
        ),
        (pod(unchanged), Deletion::Asked),
    ] {
        let script = vec![Call::answers(&format!("DELETE {POD}"), (200, answer))];
        let (deleted, _) = with!(script, |cluster| cluster.delete(&driver(), "uid-1"));
        assert_eq!(deleted.unwrap(), deletion);
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_of_a_node() {
    let node = |ready: &str| {
        json!({
            "kind": "Node", "apiVersion": "v1", "metadata": { "name": "node0" },
            "status": { "conditions": [
                { "type": "MemoryPressure", "status": "False" },
                { "type": "Ready", "status": ready, "lastTransitionTime": "2026-11-24T08:00:00Z" },
            ]},
        })
    };
    let since = "2026-11-24T08:00:00Z".parse().unwrap();
    for (answer, expected) in [
        ((200, node("True")), Node::Ready { since }),
        (
            (200, node("Unknown")),
            Node::NotReady { since: Some(since) },
        ),
        ((200, node("False")), Node::NotReady { since: Some(since) }),
        (not_found("nodes", "node0"), Node::Gone),
        (forbidden("get", "nodes"), Node::NotReady { since: None }),
    ] {
        let script = vec![Call::answers("GET /api/v1/nodes/node0", answer)];
        let (state, _) = with!(script, |cluster| cluster.node("node0"));
        assert_eq!(state.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_known_by_the_first_uid_that_may_be_read() {
    let object = |kind: &str, uid: &str| json!({ "kind": kind, "apiVersion": "v1", "metadata": { "name": "x", "uid": uid } });
    let system = "GET /api/v1/namespaces/kube-system";
    let own = "GET /api/v1/namespaces/analytics";
    let map = "GET /api/v1/namespaces/analytics/configmaps/kube-root-ca.crt";
    let no = || forbidden("get", "namespaces");

    let script = vec![Call::answers(system, (200, object("Namespace", "a")))];
    let (identity, _) = with!(script, |cluster| cluster.identity("analytics"));
    assert_eq!(identity.unwrap(), "a");

    let script = vec![
        Call::answers(system, no()),
        Call::answers(own, (200, object("Namespace", "b"))),
    ];
    let (identity, _) = with!(script, |cluster| cluster.identity("analytics"));
    assert_eq!(identity.unwrap(), "b");

    let script = vec![
        Call::answers(system, no()),
        Call::answers(own, no()),
        Call::answers(map, (200, object("ConfigMap", "c"))),
    ];
    let (identity, _) = with!(script, |cluster| cluster.identity("analytics"));
    assert_eq!(identity.unwrap(), "c");

    let script = vec![Call::breaks(system)];
    let (identity, _) = with!(script, |cluster| cluster.identity("analytics"));
    assert!(matches!(identity, Err(ClusterError::Unreachable(_))));
}

const REVIEW: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

fn reviews(allowed: [bool; 6]) -> Vec<Call> {
    allowed.map(review).into()
}

fn review(allowed: bool) -> Call {
    let body = json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {}, "status": { "allowed": allowed },
    });
    Call::answers(REVIEW, (201, body))
}

fn namespace(answer: (u16, Value)) -> Call {
    Call::answers("GET /api/v1/namespaces/analytics", answer)
}

#[tokio::test(start_paused = true)]
async fn a_namespace_must_exist() {
    let missing = vec![namespace(not_found("namespaces", "analytics"))];
    let (checked, _) = with!(missing, |cluster| cluster.check_namespace("analytics"));
    assert!(matches!(checked, Err(NamespaceError::Missing(name)) if name == "analytics"));

    let ending = json!({
        "kind": "Namespace", "apiVersion": "v1",
        "metadata": { "name": "analytics", "deletionTimestamp": "2026-11-24T08:00:00Z" },
    });
    let script = vec![namespace((200, ending))];
    let (checked, _) = with!(script, |cluster| cluster.check_namespace("analytics"));
    assert!(matches!(checked, Err(NamespaceError::Missing(_))));
}

#[tokio::test(start_paused = true)]
async fn every_missing_right_is_named() {
    // Who may not read the namespace takes it on trust; the rights count all the same.
    let mut script = vec![namespace(forbidden("get", "namespaces"))];
    script.extend(reviews([false, true, true, true, false, true]));
    let (checked, bodies) = with!(script, |cluster| cluster.check_namespace("analytics"));
    match checked {
        Err(NamespaceError::MissingRights(rights)) => {
            assert_eq!(rights, ["create pods", "delete pods"]);
        }
        other => panic!("{other:?}"),
    }
    let asked = &bodies[1]["spec"]["resourceAttributes"];
    assert_eq!(
        *asked,
        json!({ "verb": "create", "resource": "pods", "namespace": "analytics" })
    );

    let found = json!({
        "kind": "Namespace", "apiVersion": "v1", "metadata": { "name": "analytics" },
    });
    let mut script = vec![namespace((200, found))];
    script.extend(reviews([true; 6]));
    let (checked, _) = with!(script, |cluster| cluster.check_namespace("analytics"));
    checked.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_classic_cluster_needs_rights_on_what_each_driver_has_beside_it() {
    let mut script = vec![namespace(forbidden("get", "namespaces"))];
    script.extend(reviews([true; 6]));
    script.extend([false, true, false, true].map(review));
    let (cluster, server) = cluster_with(script, |settings| {
        settings.pod.layout = LayoutSetting::Classic;
    });
    let checked = cluster.check_namespace("analytics").await;
    drop(cluster);
    server.finished().await;
    match checked {
        Err(NamespaceError::MissingRights(rights)) => {
            assert_eq!(rights, ["create services", "create configmaps"]);
        }
        other => panic!("{other:?}"),
    }
}

const LIST: fn() -> (u16, Value) = || {
    (
        200,
        json!({ "kind": "List", "apiVersion": "v1", "items": [] }),
    )
};

/// What sweeps these applications.
fn sweep_of(applications: &str, secrets: (u16, Value)) -> Vec<Call> {
    let of_them = format!("labelSelector=spark-app-selector+in+%28{applications}%29");
    let own = format!("{of_them}%2Cfiresteel.dev%2Finstallation%3D{INSTALLATION}");
    let namespaces = "namespaces/analytics";
    let delete = |path: &str, selector: &str, answer| {
        Call::answers(&format!("DELETE {path}?&{selector}"), answer)
    };
    let core = |kind: &str| format!("/api/v1/{namespaces}/{kind}");
    let policies = format!("/apis/networking.k8s.io/v1/{namespaces}/networkpolicies");
    vec![
        delete(PODS, &format!("{own}%2Cspark-role%3Dexecutor"), LIST()),
        delete(&core("configmaps"), &of_them, LIST()),
        delete(&core("services"), &of_them, LIST()),
        delete(&core("persistentvolumeclaims"), &of_them, LIST()),
        delete(&core("secrets"), &own, secrets),
        delete(&policies, &own, LIST()),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_sweep_takes_the_applications_own_and_leaves_what_it_may_not() {
    let script = sweep_of(&driver().app_id, forbidden("deletecollection", "secrets"));
    let (swept, _) = with!(script, |cluster| cluster.sweep(&driver()));
    swept.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_comes_soon_after_a_sweep_is_swept_together_with_others() {
    let of = |attempt| {
        DriverRef::new(
            "analytics",
            &driver().virtual_cluster,
            &driver().job_run,
            attempt,
        )
    };
    let (first, second) = (of(2).app_id, of(3).app_id);
    let mut script = sweep_of(&driver().app_id, LIST());
    script.extend(sweep_of(&format!("{first}%2C{second}"), LIST()));
    let (swept, _) = with!(script, |cluster| async {
        cluster.sweep(&driver()).await?;
        let (second, third) = (of(2), of(3));
        let both = tokio::join!(cluster.sweep(&second), cluster.sweep(&third));
        both.0.and(both.1)
    });
    swept.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_fails_fails_for_all_who_wait_for_it() {
    let script = vec![Call::breaks(&format!("DELETE {PODS}"))];
    let (swept, _) = with!(script, |cluster| async {
        let (here, there) = (driver(), driver());
        tokio::join!(cluster.sweep(&here), cluster.sweep(&there))
    });
    for swept in [swept.0, swept.1] {
        assert!(
            matches!(swept, Err(ClusterError::Unreachable(_))),
            "{swept:?}"
        );
    }
}
