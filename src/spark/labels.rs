//! The marks by which a pod is known: whose it is, which run and attempt it belongs to, and what
//! it is for. Clients of the real service select on its labels, Firesteel on its own alone.

use std::collections::BTreeMap;

use crate::domain::ids::{JobRunId, VirtualClusterId};

/// The container that runs the driver. Other containers of the pod say nothing about the run.
pub const DRIVER_CONTAINER: &str = "spark-kubernetes-driver";

/// Which driver of which run of which installation a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The installation's id in its database; a label value.
    pub installation: String,
    /// The pod's name, which is the lock on the attempt.
    pub name: String,
    pub namespace: String,
    pub virtual_cluster: VirtualClusterId,
    pub job_run: JobRunId,
    pub attempt: u32,
}

/// The installation that made the object; every watch, list and clean-up selects on it.
pub const INSTALLATION: &str = "firesteel.dev/installation";
/// The attempt's number.
pub const ATTEMPT: &str = "firesteel.dev/attempt";
/// On the objects that hold an attempt's name, and on no other: `DRIVER` or `TOMBSTONE`.
pub const HOLDER: &str = "firesteel.dev/holder";
pub const DRIVER: &str = "driver";
pub const TOMBSTONE: &str = "tombstone";

/// Annotations: what the run adds to Spark's own redaction, where it does.
pub const REDACTION_REGEX: &str = "firesteel.dev/redaction-regex";
pub const REDACTION_STRING_REGEX: &str = "firesteel.dev/redaction-string-regex";

pub const JOB_RUN: &str = "emr-containers.amazonaws.com/job.id";
pub const VIRTUAL_CLUSTER: &str = "emr-containers.amazonaws.com/virtual-cluster-id";
const RESOURCE_TYPE: &str = "emr-containers.amazonaws.com/resource.type";
const COMPONENT: &str = "emr-containers.amazonaws.com/component";

pub const SPARK_APP_ID: &str = "spark-app-selector";
pub const SPARK_APP_NAME: &str = "spark-app-name";
pub const SPARK_ROLE: &str = "spark-role";
pub const SPARK_VERSION: &str = "spark-version";

/// The service's label that says what an application is; a run may set its own.
pub(in crate::spark) const APP: (&str, &str) = ("app", "emr-spark");

const SPARKS: [&str; 4] = [SPARK_APP_ID, SPARK_APP_NAME, SPARK_ROLE, SPARK_VERSION];

/// Whether Spark sets the label on each of its pods.
pub(in crate::spark) fn is_sparks(key: &str) -> bool {
    SPARKS.contains(&key)
}

/// Labels and annotations that a run may not set. The service's others, such as
/// `emr-containers.amazonaws.com/dynamic.sizing`, are for add-ons and the run's own.
const RESERVED: [&str; 8] = [
    JOB_RUN,
    VIRTUAL_CLUSTER,
    RESOURCE_TYPE,
    COMPONENT,
    SPARK_APP_ID,
    SPARK_APP_NAME,
    SPARK_ROLE,
    SPARK_VERSION,
];

/// Whether pods are found by it, so that no run may set it.
pub fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key) || key.starts_with("firesteel.dev/")
}

/// What every pod of an attempt carries, `component` being what it is: `driver`,
/// `executor` or `tombstone`.
pub(in crate::spark) fn of_attempt(
    identity: &Identity,
    component: &str,
) -> BTreeMap<String, String> {
    [
        (INSTALLATION, identity.installation.as_str()),
        (ATTEMPT, &identity.attempt.to_string()),
        (JOB_RUN, identity.job_run.as_str()),
        (VIRTUAL_CLUSTER, identity.virtual_cluster.as_str()),
        (RESOURCE_TYPE, "job.run"),
        (COMPONENT, component),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// `name` as a label value, cut and cleaned as Spark does.
pub(in crate::spark) fn app_name(name: &str) -> String {
    let mut label = hyphenated(name);
    label.truncate(63);
    let label = label.strip_prefix('-').unwrap_or(&label);
    label.strip_suffix('-').unwrap_or(label).to_owned()
}

/// `name` in lower case, with one hyphen for each run of characters that are no letter and no
/// digit. What Java's `trim` takes is taken from its ends.
pub(in crate::spark) fn hyphenated(name: &str) -> String {
    let mut hyphenated = String::new();
    for character in name.trim_matches(|c: char| c <= ' ').to_lowercase().chars() {
        match character {
            'a'..='z' | '0'..='9' => hyphenated.push(character),
            _ if hyphenated.ends_with('-') => {}
            _ => hyphenated.push('-'),
        }
    }
    hyphenated
}
