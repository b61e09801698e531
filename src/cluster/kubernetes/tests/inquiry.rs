//! What is asked of a cluster about a driver, and that an answer may be missing.

use super::server::{Call, cluster};
use super::*;
use crate::domain::job_run::ExecutorTrouble;

fn asked() -> [String; 4] {
    let app = "spark-000000035ee16lm6uri";
    [
        format!("GET {POD}"),
        format!("GET {POD}/log"),
        "GET /api/v1/namespaces/analytics/events?&fieldSelector=involvedObject.uid%3Duid-1&limit=50"
            .to_owned(),
        format!(
            "GET {PODS}?&labelSelector=spark-app-selector%3D{app}%2Cspark-role%3Dexecutor\
             %2Cfiresteel.dev%2Finstallation%3D{INSTALLATION}&limit=100"
        ),
    ]
}

async fn inquire(script: Vec<Call>) -> Evidence {
    let (cluster, server) = cluster(script);
    let evidence = cluster.inquire(&driver()).await;
    drop(cluster);
    server.finished().await;
    evidence
}

fn ended(pod: &mut Value) {
    pod["metadata"]["annotations"] = json!({ "firesteel.dev/redaction-regex": "salary" });
    pod["status"] = json!({
        "phase": "Failed",
        "containerStatuses": [{
            "name": "spark-kubernetes-driver", "image": "i", "imageID": "", "ready": false,
            "restartCount": 0,
            "state": { "terminated": { "exitCode": 1, "reason": "Error" } },
        }],
    });
}

fn list(items: &Value) -> (u16, Value) {
    (
        200,
        json!({ "kind": "List", "apiVersion": "v1", "metadata": {}, "items": items }),
    )
}

fn event(kind: &str, reason: &str, message: &str, at: &str) -> Value {
    json!({
        "metadata": { "name": "e", "namespace": "analytics" },
        "involvedObject": { "kind": "Pod" },
        "type": kind, "reason": reason, "message": message, "count": 2, "lastTimestamp": at,
    })
}

#[tokio::test(start_paused = true)]
async fn a_driver_is_told_by_its_log_its_events_and_its_executors_without_secrets() {
    let [get, log, events, executors] = asked();
    let evidence = inquire(vec![
        Call::answers(&get, (200, pod(ended))),
        Call::answers_text(&log, 200, &[], "ValueError: salary=7 token=abc\n"),
        Call::answers(
            &events,
            list(&json!([
                event(
                    "Warning",
                    "FailedMount",
                    "password=x",
                    "2026-11-24T08:00:09Z"
                ),
                event("Normal", "Scheduled", "to node0", "2026-11-24T08:00:01Z"),
            ])),
        ),
        Call::answers(
            &executors,
            list(&json!([
                { "metadata": { "name": "exec-1" }, "status": { "phase": "Running" } },
                { "metadata": { "name": "exec-2" }, "status": { "phase": "Failed",
                    "containerStatuses": [{
                        "name": "spark-kubernetes-executor", "image": "i", "imageID": "",
                        "ready": false, "restartCount": 0,
                        "state": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
                    }] } },
            ])),
        ),
    ])
    .await;
    let redacted = "*********(redacted)";
    assert_eq!(
        evidence.log,
        Some(format!("ValueError: salary={redacted} token={redacted}\n"))
    );
    let told: Vec<_> = evidence
        .pod_events
        .iter()
        .map(|event| (event.reason.as_str(), event.warning, event.count))
        .collect();
    assert_eq!(told, [("Scheduled", false, 2), ("FailedMount", true, 2)]);
    assert_eq!(
        evidence.pod_events[1].message,
        format!("password={redacted}")
    );
    assert_eq!(
        evidence.executors,
        [ExecutorTrouble {
            name: "exec-2".to_owned(),
            reason: "OOMKilled".to_owned(),
            message: None,
            exit_code: Some(137),
        }]
    );
    assert_eq!(
        evidence.told(),
        [
            "Scheduled: to node0".to_owned(),
            format!("FailedMount: password={redacted}"),
            "Executor exec-2: OOMKilled, exit code 137".to_owned(),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_never_started_has_events_alone() {
    let [get, _, events, _] = asked();
    let evidence = inquire(vec![
        Call::answers(&get, (200, pod(unchanged))),
        Call::answers(
            &events,
            list(&json!([event(
                "Warning",
                "FailedMount",
                "no map",
                "2026-11-24T08:00:09Z"
            )])),
        ),
    ])
    .await;
    assert_eq!(evidence.log, None);
    assert_eq!(evidence.pod_events.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_is_left_out() {
    let [get, log, events, executors] = asked();
    let no_kubelet = || status(500, "InternalError", "dial tcp 10.0.0.1:10250: i/o timeout");
    let nothing = inquire(vec![
        Call::answers(&get, (200, pod(ended))),
        Call::answers(&log, no_kubelet()),
        Call::answers(&events, forbidden("list", "events")),
        Call::is_silent(&executors),
    ])
    .await;
    assert_eq!(nothing, Evidence::default());

    // Its name is all that is left of it.
    let by_name = "GET /api/v1/namespaces/analytics/events?&fieldSelector=involvedObject.kind%3DPod\
                   %2CinvolvedObject.name%3Dspark-000000035ee16lm6uri-driver&limit=50";
    let gone = inquire(vec![
        Call::answers(&get, pod_not_found()),
        Call::answers(
            by_name,
            list(&json!([event(
                "Normal",
                "Killing",
                "Stopping",
                "2026-11-24T08:00:09Z"
            )])),
        ),
    ])
    .await;
    assert_eq!(gone.pod_events.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_log_counts_however_long_its_lines_are() {
    let [get, _, events, executors] = asked();
    let log = |lines| {
        format!(
            "GET {POD}/log?&container=spark-kubernetes-driver&limitBytes=1048576&tailLines={lines}"
        )
    };
    let evidence = inquire(vec![
        Call::answers(&get, (200, pod(ended))),
        Call::answers_text(&log(1000), 200, &[], &"x".repeat(1024 * 1024)),
        Call::answers(&events, list(&json!([]))),
        Call::answers(&executors, list(&json!([]))),
        Call::answers_text(&log(50), 200, &[], "ValueError: the end\n"),
    ])
    .await;
    assert_eq!(evidence.log.as_deref(), Some("ValueError: the end\n"));
}

#[tokio::test(start_paused = true)]
async fn executors_that_do_not_start_are_found_without_secrets() {
    let pending = format!(
        "GET {PODS}?&fieldSelector=status.phase%3DPending\
         &labelSelector=spark-app-selector%3Dspark-000000035ee16lm6uri%2Cspark-role%3Dexecutor\
         %2Cfiresteel.dev%2Finstallation%3D{INSTALLATION}&resourceVersion=0\
         &resourceVersionMatch=NotOlderThan"
    );
    let waiting = |name: &str, reason: &str, message: &str| {
        json!({ "metadata": { "name": name }, "status": { "phase": "Pending",
            "containerStatuses": [{
                "name": "spark-kubernetes-executor", "image": "i", "imageID": "",
                "ready": false, "restartCount": 0,
                "state": { "waiting": { "reason": reason, "message": message } },
            }] } })
    };
    let (cluster, server) = cluster(vec![
        Call::answers(&format!("GET {POD}"), (200, pod(ended))),
        Call::answers(
            &pending,
            list(&json!([
                { "metadata": { "name": "exec-1" }, "status": { "phase": "Pending" } },
                waiting("exec-2", "CreateContainerConfigError", "no map"),
                waiting("exec-3", "ImagePullBackOff", "salary=7: not found"),
            ])),
        ),
    ]);
    let hanging = cluster.hanging_executors(&driver()).await;
    drop(cluster);
    server.finished().await;
    let names: Vec<_> = hanging
        .iter()
        .map(|executor| executor.name.as_str())
        .collect();
    assert_eq!(names, ["exec-3", "exec-2"]);
    assert!(!format!("{hanging:?}").contains("salary=7"), "{hanging:?}");
}
