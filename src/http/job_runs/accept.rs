//! What StartJobRun checks beyond the API model's constraints, in the order in which callers see
//! it: release, driver, monitoring, retry policy, role, parameters, tags.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::domain::account::Caller;
use crate::domain::arn;
use crate::domain::configuration::{
    CloudWatch, ConfigurationOverrides, LogRotation, ManagedLogs, MonitoringConfiguration, S3Logs,
};
use crate::domain::job_run::{JobDriver, NewJobRun, Priority};
use crate::domain::tags;
use crate::domain::virtual_cluster::VirtualCluster;
use crate::http::failure::breach;
use crate::http::job_parts;
use crate::spark::RunSettings;
use crate::spark::conf::{self, ConfError};
use crate::spark::params::{self, ParamsError};
use crate::spark::{PlanError, Policy, pod_template};
use crate::wire::{self, ApiError};

type Properties = BTreeMap<String, String>;

const LOG_URI: &str =
    "configurationOverrides.monitoringConfiguration.s3MonitoringConfiguration.logUri";

/// The run that a request asks for.
pub(super) fn job_run(
    settings: &RunSettings,
    request: wire::StartJobRunRequest,
    virtual_cluster: &VirtualCluster,
    caller: &Caller,
) -> Result<NewJobRun, ApiError> {
    let release_label = known_release(settings, request.release_label)?;
    let driver = job_driver(request.job_driver)?;
    let overrides = request.configuration_overrides.map(overrides);
    check_log_uri(overrides.as_ref())?;
    check_classifications(overrides.as_ref())?;
    let max_attempts = max_attempts(request.retry_policy_configuration.as_ref())?;
    check_role(request.execution_role_arn.as_deref(), caller)?;
    let of_parameters = check_parameters(&driver, &settings.policy)?;
    let of_configurations = check_configurations(overrides.as_ref(), &settings.policy)?;
    check_together(of_configurations, of_parameters)?;
    let tags = request.tags.unwrap_or_default();
    tags::check(&tags)?;
    let priority = Priority::of(&tags)?;
    Ok(NewJobRun {
        virtual_cluster: virtual_cluster.id.clone(),
        client_token: request.client_token,
        name: request.name,
        execution_role_arn: request.execution_role_arn,
        release_label,
        driver,
        overrides,
        tags,
        max_attempts,
        priority,
    })
}

fn known_release(settings: &RunSettings, label: Option<String>) -> Result<String, ApiError> {
    let label =
        label.ok_or_else(|| breach("Value null", "releaseLabel", "Member must not be null"))?;
    settings.releases.find(&label)?;
    Ok(label)
}

fn job_driver(driver: Option<wire::JobDriver>) -> Result<JobDriver, ApiError> {
    job_parts::job_driver(driver.unwrap_or_default()).ok_or_else(|| {
        ApiError::Validation(
            "jobDriver must have exactly one of sparkSubmitJobDriver and sparkSqlJobDriver."
                .to_owned(),
        )
    })
}

fn check_log_uri(overrides: Option<&ConfigurationOverrides>) -> Result<(), ApiError> {
    let monitoring = overrides.and_then(|overrides| overrides.monitoring.as_ref());
    let Some(s3) = monitoring.and_then(|monitoring| monitoring.s3.as_ref()) else {
        return Ok(());
    };
    let bucket = s3.log_uri.strip_prefix("s3://");
    match bucket.and_then(|rest| rest.split('/').next()) {
        Some(bucket) if !bucket.is_empty() => Ok(()),
        _ => refused(&format!(
            "{LOG_URI} failed to satisfy constraint : Member must be an S3 URI such as \
             s3://bucket/prefix"
        )),
    }
}

/// What they mean is found out by whoever plans the run, as on the service.
fn check_classifications(overrides: Option<&ConfigurationOverrides>) -> Result<(), ApiError> {
    let given = overrides.and_then(|overrides| overrides.application_configuration.as_deref());
    match conf::duplicate(given.unwrap_or(&[])) {
        Some(name) => refused(&format!(
            "configurationOverrides.applicationConfiguration is not valid: {}",
            ConfError::Duplicate(name.to_owned())
        )),
        None => Ok(()),
    }
}

fn max_attempts(policy: Option<&wire::RetryPolicyConfiguration>) -> Result<Option<i32>, ApiError> {
    match policy.map(|policy| policy.max_attempts) {
        Some(..1) => {
            refused("Retry policy configuration's parameter value of maxAttempts is invalid")
        }
        valid => Ok(valid),
    }
}

/// A role of nobody's account (`arn:aws:iam:::role/x`) is the caller's. One of another partition is
/// no other spelling of the caller's, which a policy may deny.
fn check_role(role: Option<&str>, caller: &Caller) -> Result<(), ApiError> {
    let ours = arn::partition_of(&caller.arn);
    match role.and_then(arn::partition_of) {
        Some(partition) if Some(partition) != ours => {
            return refused(&format!(
                "executionRoleArn belongs to partition {partition}, the caller to {}.",
                ours.unwrap_or_default()
            ));
        }
        Some(_) | None => {}
    }
    match role.and_then(arn::account_of) {
        Some(account) if !account.is_empty() && account != caller.account.as_str() => {
            refused(&format!(
                "Cross-account pass role is not allowed: executionRoleArn belongs to account \
                 {account}, the caller to {}.",
                caller.account
            ))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_parameters(driver: &JobDriver, policy: &Policy) -> Result<Properties, ApiError> {
    type Parse = fn(&str) -> Result<params::Params, ParamsError>;
    let (member, parse, parameters): (_, Parse, _) = match driver {
        JobDriver::SparkSubmit { parameters, .. } => (
            "sparkSubmitJobDriver.sparkSubmitParameters",
            params::parse,
            parameters,
        ),
        JobDriver::SparkSql { parameters, .. } => (
            "sparkSqlJobDriver.sparkSqlParameters",
            params::parse_sql,
            parameters,
        ),
    };
    let invalid =
        |error: &dyn Display| refused(&format!("jobDriver.{member} is not valid: {error}"));
    let given = match parse(parameters.as_deref().unwrap_or_default()) {
        Ok(params) => params.properties,
        Err(error) => return invalid(&error),
    };
    match check_properties(&given, policy) {
        Ok(()) => Ok(given),
        Err(error) => invalid(&error),
    }
}

/// Classifications that are wrong in themselves end the run, as the service's do.
fn check_configurations(
    overrides: Option<&ConfigurationOverrides>,
    policy: &Policy,
) -> Result<Properties, ApiError> {
    let given = overrides.and_then(|overrides| overrides.application_configuration.as_deref());
    let properties = conf::properties(given.unwrap_or_default());
    match check_properties(&properties, policy) {
        Ok(()) => Ok(properties),
        Err(error) => refused(&format!(
            "configurationOverrides.applicationConfiguration is not valid: {error}"
        )),
    }
}

/// A pod has one template, wherever it is named.
fn check_together(mut given: Properties, over_it: Properties) -> Result<(), ApiError> {
    given.extend(over_it);
    match pod_template::take(&mut BTreeMap::new(), &mut given) {
        Ok(_) => Ok(()),
        Err(error) => refused(&error.to_string()),
    }
}

/// What is known of the properties of one source before anything is fetched.
fn check_properties(given: &Properties, policy: &Policy) -> Result<(), PlanError> {
    policy.check_properties(given)?;
    pod_template::take(&mut BTreeMap::new(), &mut given.clone())?;
    Ok(())
}

fn refused<T>(message: &str) -> Result<T, ApiError> {
    Err(ApiError::Validation(message.to_owned()))
}

fn overrides(wire: wire::ConfigurationOverrides) -> ConfigurationOverrides {
    ConfigurationOverrides {
        application_configuration: wire
            .application_configuration
            .map(job_parts::configurations),
        monitoring: wire.monitoring_configuration.map(monitoring),
    }
}

fn monitoring(wire: wire::MonitoringConfiguration) -> MonitoringConfiguration {
    MonitoringConfiguration {
        managed_logs: wire.managed_logs.map(|logs| ManagedLogs {
            allow_aws_to_retain_logs: logs.allow_aws_to_retain_logs.map(|flag| flag.to_string()),
            encryption_key_arn: logs.encryption_key_arn,
        }),
        persistent_app_ui: wire.persistent_app_ui.map(|flag| flag.to_string()),
        cloud_watch: wire
            .cloud_watch_monitoring_configuration
            .map(|logs| CloudWatch {
                log_group_name: logs.log_group_name,
                log_stream_name_prefix: logs.log_stream_name_prefix,
            }),
        s3: wire.s3_monitoring_configuration.map(|logs| S3Logs {
            log_uri: logs.log_uri,
            encryption_key_arn: logs.encryption_key_arn,
        }),
        log_rotation: wire
            .container_log_rotation_configuration
            .map(|rotation| LogRotation {
                rotation_size: rotation.rotation_size,
                max_files_to_keep: rotation.max_files_to_keep,
            }),
    }
}
