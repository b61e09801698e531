//! Scheduler, nodes and kubelets: they play each driver's fate, in steps whose time has come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::objects::{Key, World, now};
use crate::fates::{Fate, LONG_GRACE};

/// A container that is asked to end does so after this.
const LAST_BREATH: Duration = Duration::from_millis(300);
const SCHEDULING: Duration = Duration::from_millis(50);
const STARTING: Duration = Duration::from_millis(150);
/// From a node's silence to the eviction of its pods.
const TOLERATION: Duration = Duration::from_millis(400);
const NOT_FOUND: &str = "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.example.org/spark:none\": failed to resolve reference \"registry.example.org/spark:none\": registry.example.org/spark:none: not found";
const REFUSED: &str = "failed to pull and unpack image \"registry.example.org/spark:3\": failed to resolve reference \"registry.example.org/spark:3\": failed to do request: Head \"https://registry.example.org/v2/spark/manifests/3\": dial tcp 192.0.2.1:443: connect: connection refused";
const CONTAINER: &str = "spark-kubernetes-driver";

#[derive(Default)]
pub struct Kubelet {
    /// By uid.
    pods: BTreeMap<String, Pod>,
    /// Nodes that are not simply well.
    nodes: BTreeMap<String, Node>,
    /// The drivers whose creation the installation has written down.
    pub recorded: BTreeSet<String>,
}

#[derive(Clone)]
struct Pod {
    key: Key,
    uid: String,
    fate: Fate,
    /// How long it runs, or is left alone.
    patience: Duration,
    stage: Stage,
    /// When its next step is due.
    due: Instant,
    started_at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// Nothing moves it but a deletion; its container never ran.
    Stuck,
    Scheduled,
    Running,
    /// It was asked to end.
    Ending,
    /// Its container runs where nobody sees it.
    Unseen,
    /// As `Unseen`, its eviction asked for.
    UnseenEvicted,
    /// The container ended; the object may be there.
    Ended,
}

enum Node {
    Silent,
    BackSince(String),
    Gone,
}

impl Kubelet {
    pub fn take(&mut self, key: &Key, uid: &str, fate: Fate, patience: Duration) {
        let pod = Pod {
            key: key.clone(),
            uid: uid.to_owned(),
            fate,
            patience,
            stage: Stage::New,
            due: Instant::now() + SCHEDULING,
            started_at: String::new(),
        };
        self.pods.insert(uid.to_owned(), pod);
    }

    /// Whether the pod's end is a kubelet's work.
    pub fn has(&self, uid: &str) -> bool {
        self.pods.get(uid).is_some_and(|pod| match pod.stage {
            Stage::New | Stage::Ended => false,
            // Without a node there is nobody to wait for.
            Stage::Stuck => pod.fate != Fate::NeverScheduled && pod.fate != Fate::NotAdmitted,
            Stage::Scheduled
            | Stage::Running
            | Stage::Ending
            | Stage::Unseen
            | Stage::UnseenEvicted => true,
        })
    }

    /// `None` where the node is gone.
    pub fn node(&self, name: &str) -> Option<Value> {
        let (status, since) = match self.nodes.get(name) {
            Some(Node::Gone) => return None,
            Some(Node::Silent) => ("Unknown", now()),
            Some(Node::BackSince(since)) => ("True", since.clone()),
            None => ("True", "2020-01-01T00:00:00Z".to_owned()),
        };
        let ready = json!({"type": "Ready", "status": status, "lastTransitionTime": since});
        Some(json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name},
            "status": {"conditions": [ready]},
        }))
    }

    /// Drivers whose containers are alive.
    pub fn unfinished(&self) -> usize {
        let pods = self.pods.values();
        pods.filter(|pod| !matches!(pod.stage, Stage::Ended | Stage::Stuck))
            .count()
    }
}

/// Takes all steps that are due.
pub fn tick(world: &mut World) {
    let at = Instant::now();
    let uids: Vec<String> = world.kubelet.pods.keys().cloned().collect();
    for uid in uids {
        let Some(mut pod) = world.kubelet.pods.get(&uid).cloned() else {
            continue;
        };
        step(world, &mut pod, at);
        let is_there = world
            .get(&pod.key)
            .is_some_and(|object| object["metadata"]["uid"] == uid);
        if !is_there
            && matches!(
                pod.stage,
                Stage::New | Stage::Stuck | Stage::Scheduled | Stage::Ended
            )
        {
            world.kubelet.pods.remove(&uid);
        } else {
            world.kubelet.pods.insert(uid, pod);
        }
    }
}

fn step(world: &mut World, pod: &mut Pod, at: Instant) {
    let object = world
        .get(&pod.key)
        .filter(|object| object["metadata"]["uid"] == pod.uid.as_str());
    let is_deleting =
        object.is_some_and(|object| !object["metadata"]["deletionTimestamp"].is_null());
    let is_gone = object.is_none();
    match pod.stage {
        // Deleted before its container came to be.
        Stage::Stuck | Stage::Scheduled if is_deleting => {
            world.remove(&pod.key, &pod.uid);
            pod.stage = Stage::Ended;
        }
        Stage::Running if is_deleting && !loses_its_node(pod.fate) => {
            pod.stage = Stage::Ending;
            pod.due = at + LAST_BREATH;
        }
        Stage::New | Stage::Stuck | Stage::Scheduled if is_gone => {}
        Stage::Stuck | Stage::Ended => {}
        _ if at < pod.due => {}
        Stage::New => schedule(world, pod, at),
        // What it mounts may come after it.
        Stage::Scheduled if !world.has_config_maps_of(&pod.key) => pod.due = at + SCHEDULING,
        Stage::Scheduled => start(world, pod, at),
        Stage::Running => fulfil(world, pod, at),
        Stage::Ending => {
            end(world, pod, 143, "Error", true);
            world.remove(&pod.key, &pod.uid);
        }
        Stage::Unseen => evict_from_silent_node(world, pod, at),
        Stage::UnseenEvicted => {
            // The node is back, and its kubelet does what was asked for long ago.
            world
                .kubelet
                .nodes
                .insert(node_of(pod), Node::BackSince(now()));
            pod.stage = Stage::Ending;
            pod.due = at + LAST_BREATH;
        }
    }
}

fn loses_its_node(fate: Fate) -> bool {
    matches!(fate, Fate::NodeLostAndBack | Fate::NodeGone)
}

fn node_of(pod: &Pod) -> String {
    if loses_its_node(pod.fate) {
        format!("node-of-{}", pod.key.name)
    } else {
        "node-1".to_owned()
    }
}

fn schedule(world: &mut World, pod: &mut Pod, at: Instant) {
    if pod.fate == Fate::NeverScheduled {
        let why = "0/3 nodes are available: 3 Insufficient cpu.";
        let condition = condition("PodScheduled", "False", Some(("Unschedulable", why)));
        world.update(&pod.key, &pod.uid, |object| {
            object["status"]["conditions"] = json!([condition]);
        });
        pod.stage = Stage::Stuck;
        return;
    }
    if pod.fate == Fate::NotAdmitted {
        world.update(&pod.key, &pod.uid, |object| {
            object["spec"]["nodeName"] = json!("node-1");
            object["status"] = json!({
                "phase": "Failed",
                "reason": "OutOfcpu",
                "message": "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 2000, capacity: 2000",
            });
        });
        world.record.barred(&pod.uid);
        pod.stage = Stage::Stuck;
        return;
    }
    let node = node_of(pod);
    world.update(&pod.key, &pod.uid, |object| {
        object["spec"]["nodeName"] = json!(node);
        object["status"]["conditions"] = json!([condition("PodScheduled", "True", None)]);
        set_container(object, json!({"waiting": {"reason": "ContainerCreating"}}));
    });
    pod.stage = Stage::Scheduled;
    pod.due = at + STARTING;
}

fn start(world: &mut World, pod: &mut Pod, at: Instant) {
    let no_image = if pod.fate == Fate::ImageMissing {
        Some(NOT_FOUND)
    } else if pod.fate == Fate::RegistryDown {
        Some(REFUSED)
    } else {
        None
    };
    if let Some(why) = no_image {
        world.update(&pod.key, &pod.uid, |object| {
            set_container(
                object,
                json!({"waiting": {"reason": "ErrImagePull", "message": why}}),
            );
        });
        pod.stage = Stage::Stuck;
        return;
    }
    world.record.started(&pod.uid);
    pod.started_at = now();
    let started_at = pod.started_at.clone();
    world.update(&pod.key, &pod.uid, |object| {
        object["status"]["phase"] = json!("Running");
        set_container(object, json!({"running": {"startedAt": started_at}}));
    });
    world.add_executor(&pod.key);
    pod.stage = Stage::Running;
    pod.due = at + pod.patience;
}

/// Its time to run is over.
fn fulfil(world: &mut World, pod: &mut Pod, at: Instant) {
    match pod.fate {
        Fate::Succeeds => end(world, pod, 0, "Completed", true),
        Fate::SucceedsBesideSideCar => end(world, pod, 0, "Completed", false),
        Fate::ExitsWithOne => end(world, pod, 1, "Error", true),
        Fate::OutOfMemory => end(world, pod, 137, "OOMKilled", true),
        Fate::EvictedByApi => disrupt(
            world,
            pod,
            "EvictionByEvictionAPI",
            "Eviction API: evicting",
        ),
        Fate::Preempted => disrupt(
            world,
            pod,
            "PreemptionByScheduler",
            "default-scheduler: preempting to accommodate a higher priority pod",
        ),
        Fate::NodeLowOnMemory => evict(
            world,
            pod,
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 20Mi.",
        ),
        Fate::OwnDiskFull => evict(
            world,
            pod,
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.",
        ),
        Fate::DeletedByHand => {
            let (key, uid) = (pod.key.clone(), pod.uid.clone());
            world.delete(&key, Some(&uid));
        }
        // Of a driver that it does not know of, and of which no trace is left, nobody can know
        // that it may still run.
        Fate::DeletedByForce | Fate::DeletedByForceAndSlow
            if !world.kubelet.recorded.contains(&pod.uid) =>
        {
            pod.due = at + SCHEDULING;
        }
        Fate::DeletedByForce | Fate::DeletedByForceAndSlow => {
            world.remove(&pod.key, &pod.uid);
            pod.stage = Stage::Ending;
            let takes = if pod.fate == Fate::DeletedByForceAndSlow {
                LONG_GRACE
            } else {
                LAST_BREATH
            };
            pod.due = at + takes;
        }
        Fate::NodeLostAndBack | Fate::NodeGone => {
            let node = node_of(pod);
            world.kubelet.nodes.insert(node, Node::Silent);
            pod.stage = Stage::Unseen;
            pod.due = at + TOLERATION;
        }
        Fate::NotAdmitted
        | Fate::ImageMissing
        | Fate::RegistryDown
        | Fate::NeverScheduled
        | Fate::Invalid => end(world, pod, 0, "Completed", true),
    }
}

fn evict_from_silent_node(world: &mut World, pod: &mut Pod, at: Instant) {
    let why = "Taint manager: deleting due to NoExecute taint";
    mark_for_deletion(world, pod, "DeletionByTaintManager", why);
    if pod.fate == Fate::NodeGone {
        // The machine is no more, and the garbage collector takes what was on it.
        world.record.ended(&pod.uid, 255);
        world.kubelet.nodes.insert(node_of(pod), Node::Gone);
        world.remove(&pod.key, &pod.uid);
        pod.stage = Stage::Ended;
        return;
    }
    if pod.patience > Duration::from_millis(1500) && world.kubelet.recorded.contains(&pod.uid) {
        // Somebody loses patience with it.
        world.remove(&pod.key, &pod.uid);
    }
    pod.stage = Stage::UnseenEvicted;
    pod.due = at + pod.patience;
}

fn disrupt(world: &mut World, pod: &mut Pod, reason: &str, message: &str) {
    mark_for_deletion(world, pod, reason, message);
    pod.stage = Stage::Ending;
    pod.due = Instant::now() + LAST_BREATH;
}

fn mark_for_deletion(world: &mut World, pod: &Pod, reason: &str, message: &str) {
    world.update(&pod.key, &pod.uid, |object| {
        add_condition(
            object,
            condition("DisruptionTarget", "True", Some((reason, message))),
        );
        if object["metadata"]["deletionTimestamp"].is_null() {
            object["metadata"]["deletionTimestamp"] = json!(now());
        }
    });
}

/// The kubelet ends it for want of a resource; its object stays.
fn evict(world: &mut World, pod: &mut Pod, message: &str) {
    end_with(world, pod, (137, "Error"), |object| {
        object["status"]["phase"] = json!("Failed");
        object["status"]["reason"] = json!("Evicted");
        object["status"]["message"] = json!(message);
        if message.starts_with("The node") {
            let why = Some(("TerminationByKubelet", message));
            add_condition(object, condition("DisruptionTarget", "True", why));
        }
    });
}

fn end(world: &mut World, pod: &mut Pod, exit: i64, reason: &str, whole: bool) {
    end_with(world, pod, (exit, reason), |object| {
        if whole {
            object["status"]["phase"] = json!(if exit == 0 { "Succeeded" } else { "Failed" });
        }
    });
}

/// The container ended, and its pod tells of it once.
fn end_with(
    world: &mut World,
    pod: &mut Pod,
    (exit, reason): (i64, &str),
    more: impl FnOnce(&mut Value),
) {
    world.record.ended(&pod.uid, exit);
    let started_at = pod.started_at.clone();
    world.update(&pod.key, &pod.uid, |object| {
        more(object);
        set_container(
            object,
            json!({"terminated": {
                "exitCode": exit,
                "reason": reason,
                "startedAt": started_at,
                "finishedAt": now(),
            }}),
        );
    });
    pod.stage = Stage::Ended;
}

fn set_container(object: &mut Value, state: Value) {
    object["status"]["containerStatuses"] = json!([{"name": CONTAINER, "state": state}]);
}

fn add_condition(object: &mut Value, condition: Value) {
    match object["status"]["conditions"].as_array_mut() {
        Some(conditions) => conditions.push(condition),
        None => object["status"]["conditions"] = json!([condition]),
    }
}

fn condition(kind: &str, status: &str, why: Option<(&str, &str)>) -> Value {
    let mut condition = json!({"type": kind, "status": status, "lastTransitionTime": now()});
    if let Some((reason, message)) = why {
        condition["reason"] = json!(reason);
        condition["message"] = json!(message);
    }
    condition
}
