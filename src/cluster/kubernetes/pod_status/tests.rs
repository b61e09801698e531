use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::domain::job_run::decide::Node;
use crate::domain::job_run::{Evidence, PodEvent, explain, fault};

const INSTALLATION: &str = "installation-1";

fn pod(status: Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": {
            "name": "spark-000000035ee16lm6uri-driver-2",
            "namespace": "analytics",
            "uid": "uid-1",
            "creationTimestamp": "2026-11-24T08:00:00Z",
            "labels": {
                "firesteel.dev/installation": INSTALLATION,
                "firesteel.dev/attempt": "2",
                "firesteel.dev/holder": "driver",
                "emr-containers.amazonaws.com/job.id": "000000035ee16lm6uri",
                "emr-containers.amazonaws.com/virtual-cluster-id": "jk518skp01ys9ka8b0npx9nt0",
            },
        },
        "spec": { "nodeName": "node0", "containers": [] },
        "status": status,
    }))
    .unwrap()
}

fn phase(status: Value) -> DriverPhase {
    seen(&pod(status), INSTALLATION).unwrap().driver.phase
}

fn text(phase: &DriverPhase) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    match phase {
        DriverPhase::Unseen => "unseen".to_owned(),
        DriverPhase::Waiting { since, why } => match why {
            Some(why) => format!(
                "waiting since {since}: {}: {}",
                why.reason,
                or_none(&why.message)
            ),
            None => format!("waiting since {since}"),
        },
        DriverPhase::Running { since } => format!("running since {since}"),
        DriverPhase::Ended(exit) => format!(
            "ended at {}, started {}, code {:?}, {}: {:?}",
            exit.at,
            exit.started_at
                .map_or_else(|| "never".to_owned(), |at| at.to_string()),
            exit.code,
            or_none(&exit.reason),
            or_none(&exit.message),
        ),
    }
}

/// Each fault as a real cluster reports it.
#[test]
fn real_statuses() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pod_status");
    let mut readings: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let status = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let case = path.file_stem().unwrap().to_string_lossy().into_owned();
            format!("{case}: {}", text(&phase(status)))
        })
        .collect();
    readings.sort();
    insta::assert_snapshot!(readings.join("\n"));
}

/// The cases whose pod somebody deleted, or was deleting when it was seen last.
const DELETED: [&str; 8] = [
    "deleted-force",
    "deleted-ignores-term",
    "deleted-obeys-term",
    "deleted-while-pending",
    "evicted-by-api",
    "node-lost",
    "node-lost-returned",
    "preempted",
];

fn events(case: &str) -> Vec<PodEvent> {
    #[derive(serde::Deserialize)]
    struct Event {
        r#type: String,
        reason: String,
        message: String,
        count: u32,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pod_events");
    let text = fs::read(folder.join(format!("{case}.json"))).unwrap();
    let events: Vec<Event> = serde_json::from_slice(&text).unwrap();
    let told = events.into_iter().map(|event| PodEvent {
        reason: event.reason,
        message: event.message,
        warning: event.r#type == "Warning",
        count: event.count,
        at: Timestamp::UNIX_EPOCH,
    });
    told.collect()
}

/// What is told of each fault, as a run's details and as whose fault it is.
#[test]
fn real_statuses_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pod_status");
    let mut told: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let case = path.file_stem().unwrap().to_string_lossy().into_owned();
            let status = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let mut pod = pod(status);
            let deleted = DELETED.contains(&case.as_str());
            pod.metadata.deletion_timestamp =
                deleted.then(|| pod.metadata.creation_timestamp.clone().unwrap());
            if case == "deleted-while-pending" {
                pod.spec.as_mut().unwrap().node_name = None;
            }
            let driver = seen(&pod, INSTALLATION).unwrap().driver;
            // Where its end was not seen, its node tells.
            let node = match case.as_str() {
                "deleted-force" => Node::Ready {
                    since: Timestamp::UNIX_EPOCH,
                },
                _ => Node::NotReady {
                    since: Some(Timestamp::UNIX_EPOCH),
                },
            };
            let node = Some(&node);
            let evidence = Evidence {
                pod_events: events(&case),
                ..Evidence::default()
            };
            let evidence = Some(&evidence);
            let (details, fault) = match &driver.phase {
                DriverPhase::Ended(exit) if exit.code == Some(0) => {
                    (explain::completed(exit.started_at, exit.at), None)
                }
                DriverPhase::Ended(exit) => (
                    explain::ended(&driver, exit, evidence),
                    Some(fault::of_exit(exit, &driver)),
                ),
                DriverPhase::Running { .. } => (
                    explain::lost(&driver, node),
                    Some(fault::of_loss(&driver, node)),
                ),
                DriverPhase::Waiting { why: Some(why), .. } if why.is_image_failure() => {
                    let why = explain::pull_failure(why, evidence);
                    let fault = fault::of_image_failure(&why);
                    (explain::image_failure(&why, evidence), Some(fault))
                }
                DriverPhase::Waiting { .. } if deleted => (
                    explain::lost(&driver, None),
                    Some(fault::of_loss(&driver, None)),
                ),
                DriverPhase::Waiting { why, .. } => {
                    (explain::start_timeout(900, why.as_ref(), evidence), None)
                }
                DriverPhase::Unseen => unreachable!(),
            };
            assert!(details.chars().count() <= explain::MAX_CHARS);
            let marks = [
                driver.disruption.clone(),
                driver.pod_ended.then(|| "pod ended".to_owned()),
                fault.map(|fault| fault.as_str().to_owned()),
            ];
            let marks: Vec<_> = marks.into_iter().flatten().collect();
            format!("{case} [{}]: {details}", marks.join(", "))
        })
        .collect();
    told.sort();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_a_run_adds_to_redaction_is_kept_from_its_drivers_words() {
    let mut pod = pod(json!({
        "phase": "Failed",
        "containerStatuses": [{
            "name": DRIVER_CONTAINER, "image": "i", "imageID": "", "ready": false,
            "restartCount": 0,
            "state": { "terminated": {
                "exitCode": 1, "reason": "Error", "message": "salary=7 password=x a=b",
            } },
        }],
    }));
    let message = |pod: &Pod| {
        let phase = seen(pod, INSTALLATION).unwrap().driver.phase;
        let DriverPhase::Ended(exit) = phase else {
            panic!("{phase:?}");
        };
        exit.message.unwrap()
    };
    assert_eq!(message(&pod), "salary=7 password=*********(redacted) a=b");
    pod.metadata.annotations =
        Some([(labels::REDACTION_REGEX.to_owned(), "salary".to_owned())].into());
    assert_eq!(
        message(&pod),
        "salary=*********(redacted) password=*********(redacted) a=b"
    );
}

#[test]
fn a_line_of_a_log_whose_beginning_was_cut_off_is_not_kept() {
    let kept = format!("hunter2 said\n{}", "at x\n".repeat(500));
    let ended = phase(json!({
        "phase": "Failed",
        "containerStatuses": [{
            "name": DRIVER_CONTAINER, "image": "i", "imageID": "", "ready": false,
            "restartCount": 0,
            "state": { "terminated": { "exitCode": 1, "reason": "Error", "message": kept } },
        }],
    }));
    let DriverPhase::Ended(exit) = ended else {
        panic!("{ended:?}");
    };
    assert!(exit.message.unwrap().starts_with("at x"));
}

#[test]
fn executors_tell_of_memory_and_images_and_not_of_their_drivers_end() {
    let executor = |state: Value| {
        let mut pod = pod(json!({
            "phase": "Running",
            "containerStatuses": [{
                "name": EXECUTOR_CONTAINER, "image": "i", "imageID": "", "ready": false,
                "restartCount": 0, "state": state,
            }],
        }));
        pod.metadata.name = Some("exec-1".to_owned());
        executor_trouble(&pod).map(|trouble| (trouble.reason, trouble.exit_code))
    };
    let ended = |code: i32, reason: &str| {
        executor(json!({ "terminated": { "exitCode": code, "reason": reason } }))
    };
    assert_eq!(
        ended(137, "OOMKilled"),
        Some(("OOMKilled".to_owned(), Some(137)))
    );
    assert_eq!(ended(143, "Error"), None);
    assert_eq!(ended(0, "Completed"), None);
    let waiting = |reason: &str| executor(json!({ "waiting": { "reason": reason } }));
    assert_eq!(
        waiting("ImagePullBackOff"),
        Some(("ImagePullBackOff".to_owned(), None))
    );
    assert_eq!(waiting("ContainerCreating"), None);
    assert_eq!(executor(json!({ "running": {} })), None);
}

#[test]
fn a_pod_that_its_node_turned_away_has_ended_without_a_code() {
    let ended = phase(json!({
        "phase": "Failed",
        "reason": "OutOfcpu",
        "message": "Pod was rejected: Node didn't have enough resource: cpu",
        "startTime": "2026-11-24T08:00:05Z",
    }));
    let DriverPhase::Ended(exit) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(exit.code, None);
    assert_eq!(exit.reason.as_deref(), Some("OutOfcpu"));
    assert!(exit.message.unwrap().contains("enough resource"));
}

#[test]
fn a_pod_that_the_garbage_collector_failed_may_still_run() {
    let conditions = json!([{
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
        "lastTransitionTime": "2026-11-24T08:10:00Z",
    }]);
    let running = json!([{
        "name": DRIVER_CONTAINER, "image": "i", "imageID": "", "ready": true, "restartCount": 0,
        "state": { "running": { "startedAt": "2026-11-24T08:01:00Z" } },
    }]);
    let lost = json!({
        "phase": "Failed", "conditions": conditions, "containerStatuses": running,
    });
    assert!(matches!(phase(lost), DriverPhase::Running { .. }));
    let never_reported = json!({ "phase": "Failed", "conditions": conditions });
    assert!(matches!(phase(never_reported), DriverPhase::Waiting { .. }));
}

#[test]
fn a_driver_waits_for_its_init_containers_by_name() {
    let init = |state: Value, started: bool| {
        json!({
            "phase": "Pending",
            "initContainerStatuses": [{
                "name": "fetch", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
                "started": started, "state": state,
            }],
            "containerStatuses": [{
                "name": DRIVER_CONTAINER, "image": "i", "imageID": "", "ready": false,
                "restartCount": 0, "state": { "waiting": { "reason": "PodInitializing" } },
            }],
        })
    };
    let why = |status: Value| {
        let phase = phase(status);
        let DriverPhase::Waiting { why, .. } = phase else {
            panic!("{phase:?}");
        };
        why.unwrap()
    };
    let pulling = why(init(
        json!({ "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } }),
        false,
    ));
    assert!(pulling.is_image_failure());
    assert_eq!(
        pulling.message.as_deref(),
        Some("init container fetch no such image")
    );
    let running = json!({ "running": { "startedAt": "2026-11-24T08:01:00Z" } });
    assert_eq!(
        why(init(running.clone(), false)).message.as_deref(),
        Some("init container fetch is running")
    );
    // A side-car that has started holds nobody up.
    assert_eq!(why(init(running, true)).message, None);
}

#[test]
fn a_new_pod_waits_since_its_creation() {
    let since = "2026-11-24T08:00:00Z".parse().unwrap();
    for status in [Value::Null, json!({ "phase": "Pending" })] {
        assert_eq!(phase(status), DriverPhase::Waiting { since, why: None });
    }
}

#[test]
fn only_pods_with_the_marks_of_their_name_are_ours() {
    let ours = pod(json!({}));
    let seen_as = |change: &dyn Fn(&mut Pod)| {
        let mut pod = ours.clone();
        change(&mut pod);
        seen(&pod, INSTALLATION)
    };
    let set = |key: &'static str, value: &'static str| {
        seen_as(&move |pod| {
            let labels = pod.metadata.labels.as_mut().unwrap();
            labels.insert(key.to_owned(), value.to_owned());
        })
    };
    let seen = seen_as(&|_| {}).unwrap();
    assert_eq!((seen.attempt, seen.holder.kind), (2, HolderKind::Driver));
    assert_eq!(seen.driver.node.as_deref(), Some("node0"));
    assert!(!seen.driver.deleting);
    assert_eq!(
        set(labels::HOLDER, "tombstone").unwrap().holder.kind,
        HolderKind::Tombstone
    );
    assert_eq!(set(labels::INSTALLATION, "another"), None);
    assert_eq!(set(labels::ATTEMPT, "3"), None);
    assert_eq!(set(labels::JOB_RUN, "000000035ee16lm6urj"), None);
    assert_eq!(set(labels::HOLDER, "executor"), None);
    assert_eq!(seen_as(&|pod| pod.metadata.labels = None), None);
    assert_eq!(
        seen_as(&|pod| pod.metadata.name = Some("exec-1".to_owned())),
        None
    );
}

#[test]
fn who_deletes_a_pod_may_give_it_more_time_than_it_asks_for() {
    let grace = |asked: Option<i64>, given: Option<i64>| {
        let mut pod = pod(json!({"phase": "Running"}));
        pod.spec.as_mut().unwrap().termination_grace_period_seconds = asked;
        pod.metadata.deletion_grace_period_seconds = given;
        let driver = seen(&pod, INSTALLATION).unwrap().driver;
        driver.grace_period.map(|grace| grace.as_secs())
    };
    assert_eq!(grace(None, None), None);
    assert_eq!(grace(Some(30), None), Some(30));
    assert_eq!(grace(Some(600), Some(5)), Some(600));
    assert_eq!(grace(Some(30), Some(3600)), Some(3600));
    assert_eq!(grace(Some(-1), None), None);
}
