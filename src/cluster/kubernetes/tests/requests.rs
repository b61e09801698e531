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

#[tokio::test(start_paused = true)]
async fn a_sweep_takes_the_applications_own_and_leaves_what_it_may_not() {
    let list = || {
        (
            200,
            json!({ "kind": "List", "apiVersion": "v1", "items": [] }),
        )
    };
    let application = "labelSelector=spark-app-selector%3Dspark-000000035ee16lm6uri";
    let own = format!("{application}%2Cfiresteel.dev%2Finstallation%3D{INSTALLATION}");
    let executors = format!("{own}%2Cspark-role%3Dexecutor");
    let path = |kind: &str| format!("DELETE /api/v1/namespaces/analytics/{kind}?&{application}");
    let script = vec![
        Call::answers(&format!("DELETE {PODS}?&{executors}"), list()),
        Call::answers(
            &path("configmaps"),
            forbidden("deletecollection", "configmaps"),
        ),
        Call::answers(&path("services"), list()),
        Call::answers(&path("persistentvolumeclaims"), list()),
        Call::answers(
            &format!("DELETE /api/v1/namespaces/analytics/secrets?&{own}"),
            forbidden("deletecollection", "secrets"),
        ),
        Call::answers(
            &format!(
                "DELETE /apis/networking.k8s.io/v1/namespaces/analytics/networkpolicies?&{own}"
            ),
            list(),
        ),
    ];
    let (swept, _) = with!(script, |cluster| cluster.sweep(&driver()));
    swept.unwrap();
}
