//! The API server's storage: objects by name, each change with its version.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use super::faults::Faults;
use super::kubelet::Kubelet;
use super::record::{Life, Record};
use crate::fates;

pub const INSTALLATION: &str = "firesteel.dev/installation";
const HOLDER: &str = "firesteel.dev/holder";
const ATTEMPT: &str = "firesteel.dev/attempt";
const JOB_RUN: &str = "emr-containers.amazonaws.com/job.id";
const ROLE: &str = "spark-role";
const APP: &str = "spark-app-selector";
const CHAOS_RUN: &str = "chaos-run";

/// What a pod gives its containers where it does not say it, in seconds.
const USUAL_GRACE: u64 = 1;
/// Changes that a watch can still begin from.
const KEPT_CHANGES: usize = 5000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub resource: String,
    pub namespace: String,
    pub name: String,
}

pub struct Change {
    pub version: u64,
    pub kind: &'static str,
    pub object: Value,
}

/// What came of a request.
pub enum Answer {
    Object(Value),
    NotFound,
    AlreadyExists,
    OtherUid(String),
}

pub struct World {
    pub seed: u64,
    version: u64,
    objects: BTreeMap<Key, Value>,
    pub changes: VecDeque<Change>,
    /// Versions up to this one are forgotten.
    pub compacted: u64,
    pub record: Record,
    pub faults: Faults,
    pub kubelet: Kubelet,
    /// A quota refuses every pod until then.
    pub full_until: Option<Instant>,
    /// Watches carry nothing until then.
    pub stalled_until: Option<Instant>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            version: 1,
            objects: BTreeMap::new(),
            changes: VecDeque::new(),
            compacted: 0,
            record: Record::new(),
            faults: Faults::none(seed),
            kubelet: Kubelet::default(),
            full_until: None,
            stalled_until: None,
        }
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    pub fn list(&self, resource: &str, namespace: Option<&str>) -> Vec<&Value> {
        self.objects
            .iter()
            .filter(|(key, _)| key.resource == resource)
            .filter(|(key, _)| namespace.is_none_or(|namespace| key.namespace == namespace))
            .map(|(_, object)| object)
            .collect()
    }

    pub fn create(&mut self, key: &Key, mut object: Value) -> Answer {
        if self.objects.contains_key(key) {
            return Answer::AlreadyExists;
        }
        let uid = Uuid::new_v4().to_string();
        let metadata = &mut object["metadata"];
        metadata["uid"] = json!(uid);
        metadata["namespace"] = json!(key.namespace);
        metadata["creationTimestamp"] = json!(now());
        if key.resource == "pods" {
            object["status"] = json!({"phase": "Pending"});
            let grace = &mut object["spec"]["terminationGracePeriodSeconds"];
            if grace.is_null() {
                *grace = json!(USUAL_GRACE);
            }
            match label(&object, HOLDER) {
                Some("driver") => self.driver_created(key, &uid, &object),
                Some(_) => {
                    let run = run_of(&object);
                    self.record
                        .tell(&run, &format!("tombstone {} uid {uid}", key.name));
                }
                None => {}
            }
        }
        self.put(key, object.clone(), "ADDED");
        Answer::Object(self.objects[key].clone())
    }

    fn driver_created(&mut self, key: &Key, uid: &str, object: &Value) {
        let run = run_of(object);
        let index = label(object, CHAOS_RUN).and_then(|index| index.get(1..)?.parse().ok());
        let attempt = label(object, ATTEMPT).and_then(|number| number.parse().ok());
        let (index, attempt) = (index.unwrap_or(0), attempt.unwrap_or(0));
        let fate = fates::fate(self.seed, index, attempt);
        self.record.created(Life {
            run: run.clone(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: uid.to_owned(),
            started: None,
            ended: None,
            exit: None,
            barred: false,
        });
        self.record.tell(&run, &format!("its fate is {fate:?}"));
        if let Some(left) = self.executors_of_others(&run, label(object, APP).unwrap_or("")) {
            self.record.violate(
                &run,
                format!("{} was created while {left} was left", key.name),
            );
        }
        let patience = self.faults.between(300, 2500);
        self.kubelet.take(key, uid, fate, patience);
    }

    /// Whether the ConfigMaps that the pod mounts are there.
    pub fn has_config_maps_of(&self, pod: &Key) -> bool {
        let volumes = self.objects.get(pod).map(|pod| &pod["spec"]["volumes"]);
        let volumes = volumes.and_then(Value::as_array).into_iter().flatten();
        volumes
            .filter(|volume| volume["configMap"]["optional"] != true)
            .filter_map(|volume| volume["configMap"]["name"].as_str())
            .all(|name| {
                self.objects.contains_key(&Key {
                    resource: "configmaps".to_owned(),
                    namespace: pod.namespace.clone(),
                    name: name.to_owned(),
                })
            })
    }

    /// What drivers have besides their pods and was not taken away.
    pub fn parts_left(&self) -> impl Iterator<Item = &Key> {
        let parts = self.objects.keys();
        parts.filter(|key| matches!(key.resource.as_str(), "configmaps" | "services"))
    }

    fn executors_of_others(&self, run: &str, app: &str) -> Option<String> {
        let pods = self.list("pods", None);
        let mut executors = pods
            .iter()
            .filter(|pod| label(pod, ROLE) == Some("executor"));
        let left = executors.find(|pod| run_of(pod) == run && label(pod, APP) != Some(app))?;
        Some(text(left, "/metadata/name"))
    }

    /// A started driver asks for an executor.
    pub fn add_executor(&mut self, driver: &Key) {
        let Some(pod) = self.objects.get(driver) else {
            return;
        };
        let labels = json!({
            INSTALLATION: label(pod, INSTALLATION),
            JOB_RUN: label(pod, JOB_RUN),
            APP: label(pod, APP),
            ROLE: "executor",
        });
        let name = format!("{}-exec-1", driver.name);
        let owner = json!([{"uid": text(pod, "/metadata/uid"), "name": driver.name}]);
        let key = Key {
            name: name.clone(),
            ..driver.clone()
        };
        let metadata = json!({"name": name, "labels": labels, "ownerReferences": owner});
        self.create(
            &key,
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}),
        );
    }

    /// Changes an object where it still is the one of that uid.
    pub fn update(&mut self, key: &Key, uid: &str, change: impl FnOnce(&mut Value)) -> bool {
        let Some(object) = self.objects.get(key) else {
            return false;
        };
        if text(object, "/metadata/uid") != uid {
            return false;
        }
        let mut object = object.clone();
        change(&mut object);
        self.put(key, object, "MODIFIED");
        true
    }

    /// Asks for an end: at once where nothing runs, else the kubelet's work.
    pub fn delete(&mut self, key: &Key, precondition: Option<&str>) -> Answer {
        let Some(object) = self.objects.get(key).cloned() else {
            return Answer::NotFound;
        };
        let uid = text(&object, "/metadata/uid");
        if let Some(wanted) = precondition
            && wanted != uid
        {
            return Answer::OtherUid(uid);
        }
        if key.resource == "pods" && self.kubelet.has(&uid) {
            if object["metadata"]["deletionTimestamp"].is_null() {
                let run = run_of(&object);
                self.record
                    .tell(&run, &format!("deletion of {} asked for", key.name));
                self.update(key, &uid, |pod| {
                    pod["metadata"]["deletionTimestamp"] = json!(now());
                    pod["metadata"]["deletionGracePeriodSeconds"] =
                        object["spec"]["terminationGracePeriodSeconds"].clone();
                });
            }
            return Answer::Object(self.objects.get(key).cloned().unwrap_or(object));
        }
        self.remove(key, &uid);
        let mut gone = object;
        gone["metadata"]["deletionTimestamp"] = json!(now());
        gone["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        Answer::Object(gone)
    }

    /// The object is gone, and what it owned with it.
    pub fn remove(&mut self, key: &Key, uid: &str) {
        let Some(object) = self.objects.get(key) else {
            return;
        };
        if text(object, "/metadata/uid") != uid {
            return;
        }
        let object = self.objects.remove(key).unwrap_or_default();
        self.record.barred(uid);
        if label(&object, HOLDER).is_some() {
            let run = run_of(&object);
            self.record
                .tell(&run, &format!("object {} is gone", key.name));
        }
        self.note("DELETED", object);
        let owned: Vec<(Key, String)> = self
            .objects
            .iter()
            .filter(|(_, object)| {
                let owners = object["metadata"]["ownerReferences"].as_array();
                owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
            })
            .map(|(key, object)| (key.clone(), text(object, "/metadata/uid")))
            .collect();
        for (key, uid) in owned {
            self.remove(&key, &uid);
        }
    }

    /// Watches must begin anew.
    pub fn compact(&mut self) {
        self.compacted = self.version;
        self.changes.clear();
    }

    fn put(&mut self, key: &Key, mut object: Value, kind: &'static str) {
        object["metadata"]["resourceVersion"] = json!((self.version + 1).to_string());
        self.objects.insert(key.clone(), object.clone());
        if key.resource == "pods" {
            self.note(kind, object);
        } else {
            self.version += 1;
        }
    }

    fn note(&mut self, kind: &'static str, mut object: Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.changes.push_back(Change {
            version: self.version,
            kind,
            object,
        });
        if self.changes.len() > KEPT_CHANGES
            && let Some(oldest) = self.changes.pop_front()
        {
            self.compacted = oldest.version;
        }
    }
}

/// Whether an object has all the labels of a selector. Of sets it knows one, at its beginning.
pub fn is_selected(object: &Value, selector: &str) -> bool {
    let (of_set, others) = match selector.split_once(')') {
        Some((set, others)) => (is_in(object, set), others),
        None => (true, selector),
    };
    let mut others = others.split(',').filter(|part| !part.is_empty());
    of_set
        && others.all(|part| match part.split_once('=') {
            Some((key, value)) => label(object, key) == Some(value.trim_start_matches('=')),
            None => label(object, part).is_some(),
        })
}

fn is_in(object: &Value, set: &str) -> bool {
    set.split_once(" in (").is_some_and(|(key, values)| {
        let value = label(object, key);
        values.split(',').any(|one| value == Some(one))
    })
}

pub fn run_of(object: &Value) -> String {
    label(object, JOB_RUN).unwrap_or_default().to_owned()
}

pub fn index_of(object: &Value) -> Option<(u32, u32)> {
    let index = label(object, CHAOS_RUN)?.get(1..)?.parse().ok()?;
    Some((index, label(object, ATTEMPT)?.parse().ok()?))
}

pub fn now() -> String {
    jiff::Timestamp::now().to_string()
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"][key].as_str()
}

fn text(object: &Value, pointer: &str) -> String {
    let value = object.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}
