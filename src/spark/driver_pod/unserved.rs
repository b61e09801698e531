//! What properties can ask of a driver's pod and this layout does not give. Such a run is refused:
//! a driver without its volume, secret or template would fail later and elsewhere, or worse, not.
//!
//! Only what spark-submit itself would do is meant. What Spark's driver does for its executors
//! (their volumes, secrets and template) it does here as well.

use super::{BuildError, Run};

/// Each asks spark-submit for something.
const EXACT: [&str; 3] = [
    "spark.kubernetes.driver.podTemplateFile",
    "spark.kubernetes.driver.pod.featureSteps",
    "spark.kubernetes.hadoop.configMapName",
];

const PREFIXES: [&str; 5] = [
    "spark.kubernetes.driver.secretKeyRef.",
    "spark.kubernetes.driver.secrets.",
    "spark.kubernetes.driver.service.",
    "spark.kubernetes.driver.volumes.",
    "spark.kubernetes.kerberos.",
];

/// Says how a Service ends that is not there.
const MEANINGLESS: &str = "spark.kubernetes.driver.service.deleteOnTermination";

/// Becomes a Secret, unless it is a file of the image.
const KEYTAB: &str = "spark.kerberos.keytab";

pub(super) fn refuse(run: &Run<'_>) -> Result<(), BuildError> {
    let unserved = run.properties.0.iter().find(|(key, value)| {
        EXACT.contains(&key.as_str())
            || (key.as_str() != MEANINGLESS
                && PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
            || (key.as_str() == KEYTAB && !value.starts_with("local:"))
    });
    match unserved {
        Some((key, _)) => Err(BuildError::Unserved(key.clone())),
        None => Ok(()),
    }
}
