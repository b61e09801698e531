//! What a job template holds, on its way between wire and domain.

use crate::domain::job_template::{
    JobTemplateData, Parameter, ParameterKind, TemplateCloudWatch, TemplateMonitoring,
    TemplateOverrides, TemplateS3Logs,
};
use crate::http::job_parts;
use crate::wire::{self, ApiError, Sensitive};

/// What the caller's template holds.
pub(super) fn data(wire: wire::JobTemplateData) -> Result<JobTemplateData, ApiError> {
    let driver = job_parts::job_driver(wire.job_driver).ok_or_else(|| {
        ApiError::Validation(
            "jobTemplateData.jobDriver must have exactly one of sparkSubmitJobDriver and \
             sparkSqlJobDriver."
                .to_owned(),
        )
    })?;
    Ok(JobTemplateData {
        execution_role_arn: wire.execution_role_arn,
        release_label: wire.release_label,
        driver,
        overrides: wire.configuration_overrides.map(overrides),
        job_tags: wire.job_tags,
        parameters: wire.parameter_configuration.map(|parameters| {
            let parameters = parameters.into_iter();
            parameters
                .map(|(name, configuration)| (name, parameter(configuration)))
                .collect()
        }),
    })
}

/// The data as callers see it.
pub(super) fn view(data: JobTemplateData) -> wire::JobTemplateData {
    wire::JobTemplateData {
        execution_role_arn: data.execution_role_arn,
        release_label: data.release_label,
        configuration_overrides: data.overrides.map(overrides_view),
        job_driver: job_parts::job_driver_view(data.driver),
        parameter_configuration: data.parameters.map(|parameters| {
            let parameters = parameters.into_iter();
            parameters
                .map(|(name, parameter)| (name, parameter_view(parameter)))
                .collect()
        }),
        job_tags: data.job_tags,
    }
}

pub(in crate::http) fn overrides_view(
    overrides: TemplateOverrides,
) -> wire::ParametricConfigurationOverrides {
    wire::ParametricConfigurationOverrides {
        application_configuration: overrides
            .application_configuration
            .map(job_parts::configuration_views),
        monitoring_configuration: overrides.monitoring.map(|monitoring| {
            wire::ParametricMonitoringConfiguration {
                persistent_app_ui: monitoring.persistent_app_ui,
                cloud_watch_monitoring_configuration: monitoring.cloud_watch.map(|logs| {
                    wire::ParametricCloudWatchMonitoringConfiguration {
                        log_group_name: logs.log_group_name,
                        log_stream_name_prefix: logs.log_stream_name_prefix,
                    }
                }),
                s3_monitoring_configuration: monitoring.s3.map(|logs| {
                    wire::ParametricS3MonitoringConfiguration {
                        log_uri: logs.log_uri,
                    }
                }),
            }
        }),
    }
}

fn overrides(wire: wire::ParametricConfigurationOverrides) -> TemplateOverrides {
    TemplateOverrides {
        application_configuration: wire
            .application_configuration
            .map(job_parts::configurations),
        monitoring: wire
            .monitoring_configuration
            .map(|monitoring| TemplateMonitoring {
                persistent_app_ui: monitoring.persistent_app_ui,
                cloud_watch: monitoring.cloud_watch_monitoring_configuration.map(|logs| {
                    TemplateCloudWatch {
                        log_group_name: logs.log_group_name,
                        log_stream_name_prefix: logs.log_stream_name_prefix,
                    }
                }),
                s3: monitoring
                    .s3_monitoring_configuration
                    .map(|logs| TemplateS3Logs {
                        log_uri: logs.log_uri,
                    }),
            }),
    }
}

fn parameter(wire: wire::TemplateParameterConfiguration) -> Parameter {
    Parameter {
        kind: wire.r#type.map(|kind| match kind {
            wire::TemplateParameterDataType::Number => ParameterKind::Number,
            // The model's check lets no other type through.
            wire::TemplateParameterDataType::String
            | wire::TemplateParameterDataType::Unknown(_) => ParameterKind::String,
        }),
        default_value: wire.default_value.map(Sensitive::into_inner),
    }
}

fn parameter_view(parameter: Parameter) -> wire::TemplateParameterConfiguration {
    wire::TemplateParameterConfiguration {
        r#type: parameter.kind.map(|kind| match kind {
            ParameterKind::Number => wire::TemplateParameterDataType::Number,
            ParameterKind::String => wire::TemplateParameterDataType::String,
        }),
        default_value: parameter.default_value.map(Sensitive::new),
    }
}
