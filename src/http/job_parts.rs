//! What runs and job templates have in common, on its way between wire and domain.

use crate::domain::configuration::Configuration;
use crate::domain::job_run::JobDriver;
use crate::wire::{self, Sensitive};

/// The driver, if the caller gave exactly one.
pub(super) fn job_driver(driver: wire::JobDriver) -> Option<JobDriver> {
    match (driver.spark_submit_job_driver, driver.spark_sql_job_driver) {
        (Some(submit), None) => Some(JobDriver::SparkSubmit {
            entry_point: submit.entry_point.into_inner(),
            arguments: submit
                .entry_point_arguments
                .map(|list| list.into_iter().map(Sensitive::into_inner).collect()),
            parameters: submit.spark_submit_parameters.map(Sensitive::into_inner),
        }),
        (None, Some(sql)) => Some(JobDriver::SparkSql {
            entry_point: sql.entry_point.map(Sensitive::into_inner),
            parameters: sql.spark_sql_parameters.map(Sensitive::into_inner),
        }),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

pub(super) fn configurations(list: Vec<wire::Configuration>) -> Vec<Configuration> {
    list.into_iter()
        .map(|wire| Configuration {
            classification: wire.classification,
            properties: wire.properties.map(Sensitive::into_inner),
            configurations: wire.configurations.map(configurations),
        })
        .collect()
}

pub(super) fn job_driver_view(driver: JobDriver) -> wire::JobDriver {
    match driver {
        JobDriver::SparkSubmit {
            entry_point,
            arguments,
            parameters,
        } => wire::JobDriver {
            spark_submit_job_driver: Some(wire::SparkSubmitJobDriver {
                entry_point: entry_point.into(),
                entry_point_arguments: arguments
                    .map(|list| list.into_iter().map(Sensitive::new).collect()),
                spark_submit_parameters: parameters.map(Sensitive::new),
            }),
            spark_sql_job_driver: None,
        },
        JobDriver::SparkSql {
            entry_point,
            parameters,
        } => wire::JobDriver {
            spark_submit_job_driver: None,
            spark_sql_job_driver: Some(wire::SparkSqlJobDriver {
                entry_point: entry_point.map(Sensitive::new),
                spark_sql_parameters: parameters.map(Sensitive::new),
            }),
        },
    }
}

pub(super) fn configuration_views(list: Vec<Configuration>) -> Vec<wire::Configuration> {
    list.into_iter()
        .map(|configuration| wire::Configuration {
            classification: configuration.classification,
            properties: configuration.properties.map(Sensitive::new),
            configurations: configuration.configurations.map(configuration_views),
        })
        .collect()
}
