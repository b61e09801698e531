//! What a run's monitoring comes to: where its event log goes, and what of the rest has no effect.
//!
//! Spark does not start with an event log that has no directory, so there is one only where somebody
//! named a directory.

use std::collections::BTreeMap;

use crate::domain::configuration::MonitoringConfiguration;

const ENABLED: &str = "spark.eventLog.enabled";
const DIRECTORY: &str = "spark.eventLog.dir";
/// Of the service's own Spark; open-source Spark has `spark.eventLog.rolling.`.
const ROTATION: &str = "spark.eventLog.rotation.";

/// Turns the event log on or off. `run_dir` is the run's `logging.eventLog.dir`, `cluster_dir` what
/// the cluster keeps for runs that want a UI later. Says what the caller may not expect.
pub(super) fn settle_event_log(
    properties: &mut BTreeMap<String, String>,
    run_dir: Option<String>,
    cluster_dir: Option<&str>,
    monitoring: Option<&MonitoringConfiguration>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if properties.keys().any(|key| key.starts_with(ROTATION)) {
        notes.push(format!(
            "Properties {ROTATION}* have no effect: Spark rolls its event log by \
             spark.eventLog.rolling.*."
        ));
    }
    let named = |dir: &&mut String| !dir.trim().is_empty();
    let own_dir = properties.get_mut(DIRECTORY).filter(named).is_some();
    if own_dir && run_dir.is_some() {
        notes.push(format!(
            "Property logging.eventLog.dir has no effect beside {DIRECTORY}."
        ));
    }
    let ui = monitoring.and_then(|monitoring| monitoring.persistent_app_ui.as_deref());
    let asked = properties
        .get(ENABLED)
        .map(|value| value.trim().eq_ignore_ascii_case("true"));
    let cluster_dir = cluster_dir
        .filter(|_| asked == Some(true) || ui != Some("DISABLED"))
        .map(str::to_owned);
    let dir = run_dir.or(cluster_dir).filter(|_| !own_dir);
    match (asked, own_dir || dir.is_some()) {
        (Some(false), _) => {}
        (Some(true) | None, true) => {
            properties.insert(ENABLED.to_owned(), "true".to_owned());
            if let Some(dir) = dir {
                properties.insert(DIRECTORY.to_owned(), dir);
            }
        }
        (Some(true), false) => {
            properties.insert(ENABLED.to_owned(), "false".to_owned());
            notes.push(format!(
                "Property {ENABLED} was set to false: the driver would not start without a \
                 directory for its event log. Name one by {DIRECTORY}."
            ));
        }
        (None, false) if ui == Some("ENABLED") => notes.push(format!(
            "persistentAppUI has no effect: there is no directory for event logs. Name one by \
             {DIRECTORY}."
        )),
        (None, false) => {}
    }
    notes
}

/// What was accepted and is not done.
pub(super) fn without_effect(monitoring: &MonitoringConfiguration) -> Vec<String> {
    let MonitoringConfiguration {
        managed_logs,
        persistent_app_ui: _,
        cloud_watch,
        s3,
        log_rotation,
    } = monitoring;
    let has_key = |key: &Option<String>| key.is_some();
    [
        (
            s3.is_some(),
            "s3MonitoringConfiguration has no effect: logs are not sent to S3 yet.",
        ),
        (
            s3.as_ref()
                .is_some_and(|s3| has_key(&s3.encryption_key_arn)),
            "encryptionKeyArn of s3MonitoringConfiguration has no effect: nothing is encrypted \
             with it.",
        ),
        (
            cloud_watch.is_some(),
            "cloudWatchMonitoringConfiguration has no effect: logs are not sent to CloudWatch.",
        ),
        (
            log_rotation.is_some(),
            "containerLogRotationConfiguration has no effect: the cluster's nodes rotate the logs \
             of containers.",
        ),
        (
            managed_logs.is_some(),
            "managedLogs has no effect: there is no service that keeps logs.",
        ),
    ]
    .into_iter()
    .filter(|(given, _)| *given)
    .map(|(_, note)| note.to_owned())
    .collect()
}

#[cfg(test)]
mod tests;
