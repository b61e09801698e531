//! Job runs as callers see them.

use std::collections::BTreeMap;

use crate::domain::arn::Region;
use crate::domain::configuration::{ConfigurationOverrides, MonitoringConfiguration};
use crate::domain::job_run::JobRun;
use crate::http::job_parts;
use crate::wire;

/// How many attempts runs have had, by their ids; who had none may be absent.
pub(super) type Attempts = BTreeMap<String, i32>;

/// A run in DescribeJobRun.
pub(super) fn described(run: JobRun, attempts: &Attempts, region: &Region) -> wire::JobRun {
    let policy = retries(&run).map(|max_attempts| wire::RetryPolicyConfiguration { max_attempts });
    wire::JobRun {
        retry_policy_configuration: policy,
        ..listed(run, attempts, region)
    }
}

/// The attempts of a run that may have several; one attempt is no policy.
pub(super) fn retries(run: &JobRun) -> Option<i32> {
    run.max_attempts.filter(|max_attempts| *max_attempts > 1)
}

/// A run in ListJobRuns.
pub(super) fn listed(run: JobRun, attempts: &Attempts, region: &Region) -> wire::JobRun {
    let execution = retries(&run).map(|_| wire::RetryPolicyExecution {
        current_attempt_count: attempts.get(run.id.as_str()).copied().unwrap_or(0),
    });
    wire::JobRun {
        arn: Some(region.job_run(&run.account, &run.virtual_cluster, &run.id)),
        id: Some(run.id.to_string()),
        name: run.name,
        virtual_cluster_id: Some(run.virtual_cluster.to_string()),
        state: Some(run.state.as_str().into()),
        client_token: Some(run.client_token),
        execution_role_arn: run.execution_role_arn,
        release_label: Some(run.release_label),
        configuration_overrides: run.overrides.map(overrides),
        job_driver: Some(job_parts::job_driver_view(run.driver)),
        created_at: Some(run.created_at.into()),
        created_by: Some(run.created_by),
        finished_at: run.finished_at.map(Into::into),
        state_details: run.state_details,
        failure_reason: run.failure_reason.map(|reason| reason.as_str().into()),
        tags: Some(run.tags),
        retry_policy_configuration: None,
        retry_policy_execution: execution,
    }
}

/// The answer of StartJobRun.
pub(super) fn started(run: JobRun, region: &Region) -> wire::StartJobRunResponse {
    wire::StartJobRunResponse {
        arn: Some(region.job_run(&run.account, &run.virtual_cluster, &run.id)),
        id: Some(run.id.to_string()),
        name: run.name,
        virtual_cluster_id: Some(run.virtual_cluster.to_string()),
    }
}

fn overrides(overrides: ConfigurationOverrides) -> wire::ConfigurationOverrides {
    wire::ConfigurationOverrides {
        application_configuration: overrides
            .application_configuration
            .map(job_parts::configuration_views),
        monitoring_configuration: overrides.monitoring.map(monitoring),
    }
}

fn monitoring(monitoring: MonitoringConfiguration) -> wire::MonitoringConfiguration {
    wire::MonitoringConfiguration {
        managed_logs: monitoring.managed_logs.map(|logs| wire::ManagedLogs {
            allow_aws_to_retain_logs: logs.allow_aws_to_retain_logs.map(Into::into),
            encryption_key_arn: logs.encryption_key_arn,
        }),
        persistent_app_ui: monitoring.persistent_app_ui.map(Into::into),
        cloud_watch_monitoring_configuration: monitoring.cloud_watch.map(|logs| {
            wire::CloudWatchMonitoringConfiguration {
                log_group_name: logs.log_group_name,
                log_stream_name_prefix: logs.log_stream_name_prefix,
            }
        }),
        s3_monitoring_configuration: monitoring.s3.map(|logs| wire::S3MonitoringConfiguration {
            log_uri: logs.log_uri,
            encryption_key_arn: logs.encryption_key_arn,
        }),
        container_log_rotation_configuration: monitoring.log_rotation.map(|rotation| {
            wire::ContainerLogRotationConfiguration {
                rotation_size: rotation.rotation_size,
                max_files_to_keep: rotation.max_files_to_keep,
            }
        }),
    }
}
