use super::*;
use crate::domain::configuration::{CloudWatch, LogRotation, ManagedLogs, S3Logs};

struct Case {
    properties: &'static [(&'static str, &'static str)],
    run_dir: Option<&'static str>,
    cluster_dir: Option<&'static str>,
    ui: Option<&'static str>,
}

const NOTHING: Case = Case {
    properties: &[],
    run_dir: None,
    cluster_dir: None,
    ui: None,
};

/// Whether the log is on, its directory, and how many words were said.
fn settled(case: &Case) -> (Option<String>, Option<String>, usize) {
    let mut properties: BTreeMap<_, _> = case
        .properties
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let monitoring = MonitoringConfiguration {
        persistent_app_ui: case.ui.map(str::to_owned),
        ..MonitoringConfiguration::default()
    };
    let notes = settle_event_log(
        &mut properties,
        case.run_dir.map(str::to_owned),
        case.cluster_dir,
        Some(&monitoring),
    );
    let mut value = |key| properties.remove(key);
    (value(ENABLED), value(DIRECTORY), notes.len())
}

fn on(dir: &str, notes: usize) -> (Option<String>, Option<String>, usize) {
    (Some("true".to_owned()), Some(dir.to_owned()), notes)
}

#[test]
fn without_a_directory_there_is_no_event_log() {
    assert_eq!(settled(&NOTHING), (None, None, 0));
    let asked = Case {
        properties: &[(ENABLED, "true")],
        ..NOTHING
    };
    assert_eq!(settled(&asked), (Some("false".to_owned()), None, 1));
    for (ui, notes) in [("ENABLED", 1), ("DISABLED", 0)] {
        let with_ui = Case {
            ui: Some(ui),
            ..NOTHING
        };
        assert_eq!(settled(&with_ui), (None, None, notes), "{ui}");
    }
}

#[test]
fn the_first_directory_of_properties_run_and_cluster_counts() {
    let all = Case {
        properties: &[(DIRECTORY, "s3://a/own")],
        run_dir: Some("s3://a/run"),
        cluster_dir: Some("s3://a/cluster"),
        ui: None,
    };
    assert_eq!(settled(&all), on("s3://a/own", 1));
    let run = Case {
        properties: &[],
        ..all
    };
    assert_eq!(settled(&run), on("s3://a/run", 0));
    let cluster = Case {
        run_dir: None,
        ..run
    };
    assert_eq!(settled(&cluster), on("s3://a/cluster", 0));
}

#[test]
fn who_wants_no_ui_gets_no_log_in_the_clusters_directory_unless_asked_for() {
    let disabled = Case {
        cluster_dir: Some("s3://a/cluster"),
        ui: Some("DISABLED"),
        ..NOTHING
    };
    assert_eq!(settled(&disabled), (None, None, 0));
    let asked = Case {
        properties: &[(ENABLED, "true")],
        ..disabled
    };
    assert_eq!(settled(&asked), on("s3://a/cluster", 0));
    let own = Case {
        run_dir: Some("s3://a/run"),
        ..disabled
    };
    assert_eq!(settled(&own), on("s3://a/run", 0));
}

#[test]
fn who_turns_it_off_has_none() {
    let off = Case {
        properties: &[(ENABLED, "false")],
        run_dir: Some("s3://a/run"),
        cluster_dir: Some("s3://a/cluster"),
        ui: Some("ENABLED"),
    };
    assert_eq!(settled(&off), (Some("false".to_owned()), None, 0));
}

#[test]
fn the_services_own_rotation_is_told_to_have_no_effect() {
    let rotated = Case {
        properties: &[("spark.eventLog.rotation.enabled", "true")],
        ..NOTHING
    };
    assert_eq!(settled(&rotated).2, 1);
}

#[test]
fn each_part_that_is_not_done_is_told_once_and_without_its_value() {
    assert!(without_effect(&MonitoringConfiguration::default()).is_empty());
    let key = Some("arn:aws:kms:us-east-1:123456789012:key/s3cret".to_owned());
    let all = MonitoringConfiguration {
        managed_logs: Some(ManagedLogs {
            allow_aws_to_retain_logs: Some("ENABLED".to_owned()),
            encryption_key_arn: key.clone(),
        }),
        persistent_app_ui: Some("ENABLED".to_owned()),
        cloud_watch: Some(CloudWatch {
            log_group_name: "s3cret".to_owned(),
            log_stream_name_prefix: None,
        }),
        s3: Some(S3Logs {
            log_uri: "s3://s3cret".to_owned(),
            encryption_key_arn: key,
        }),
        log_rotation: Some(LogRotation {
            rotation_size: "2KB".to_owned(),
            max_files_to_keep: 1,
        }),
    };
    let notes = without_effect(&all);
    assert_eq!(notes.len(), 5);
    assert!(
        notes.iter().all(|note| !note.contains("s3cret")),
        "{notes:?}"
    );
}
