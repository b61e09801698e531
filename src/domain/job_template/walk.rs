//! Every text of a template is visited, each with its place and with who reads it next.

use std::collections::BTreeMap;

use super::{
    JobTemplateData, Replaced, RunParts, TemplateCloudWatch, TemplateMonitoring, TemplateOverrides,
    TemplateS3Logs,
};
use crate::domain::configuration::Configuration;
use crate::domain::job_run::JobDriver;

/// Where a text stands in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The path of the member, without keys of maps.
    pub member: &'a str,
    pub language: Language,
}

/// What a text is written in, beyond its placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Nothing cuts it.
    Plain,
    /// `sparkSubmitParameters`
    SubmitParameters,
    /// `sparkSqlParameters`
    SqlParameters,
    /// Options of a Java machine, which Spark cuts at blanks.
    JavaOptions,
}

impl Language {
    /// Of the value of a property or an environment variable.
    pub fn of_property(key: &str) -> Self {
        // Start scripts, Spark's and Hadoop's among them, hand every `*_OPTS` to the machine.
        let java_options = ["JavaOptions", "JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_OPTS"];
        if java_options.iter().any(|end| key.trim().ends_with(end)) {
            Self::JavaOptions
        } else {
            Self::Plain
        }
    }
}

pub(super) struct Walk<'v> {
    visit: &'v mut dyn FnMut(&Place<'_>, &str) -> String,
    clashes: Vec<String>,
}

impl<'v> Walk<'v> {
    pub fn new(visit: &'v mut dyn FnMut(&Place<'_>, &str) -> String) -> Self {
        Self {
            visit,
            clashes: Vec::new(),
        }
    }

    pub fn run(mut self, data: &JobTemplateData, replaced: Replaced) -> (RunParts, Vec<String>) {
        let parts = RunParts {
            execution_role_arn: (!replaced.execution_role_arn)
                .then(|| self.plain("executionRoleArn", &data.execution_role_arn)),
            release_label: (!replaced.release_label)
                .then(|| self.plain("releaseLabel", &data.release_label)),
            driver: (!replaced.driver).then(|| self.driver(&data.driver)),
            overrides: data
                .overrides
                .as_ref()
                .map(|overrides| self.overrides(overrides, replaced)),
            tags: data
                .job_tags
                .as_ref()
                .map(|tags| self.entries("jobTags", tags, |_| Language::Plain))
                .unwrap_or_default(),
        };
        (parts, self.clashes)
    }

    fn text(&mut self, member: &str, language: Language, text: &str) -> String {
        (self.visit)(&Place { member, language }, text)
    }

    fn plain(&mut self, member: &str, text: &str) -> String {
        self.text(member, Language::Plain, text)
    }

    fn optional(&mut self, member: &str, text: Option<&String>) -> Option<String> {
        text.map(|text| self.plain(member, text))
    }

    fn entries(
        &mut self,
        member: &str,
        entries: &BTreeMap<String, String>,
        language: fn(&str) -> Language,
    ) -> BTreeMap<String, String> {
        let mut mapped = BTreeMap::new();
        for (key, value) in entries {
            let key = self.plain(member, key);
            let value = self.text(member, language(&key), value);
            if mapped.insert(key, value).is_some() {
                self.clashes.push(member.to_owned());
            }
        }
        mapped
    }

    fn driver(&mut self, driver: &JobDriver) -> JobDriver {
        match driver {
            JobDriver::SparkSubmit {
                entry_point,
                arguments,
                parameters,
            } => JobDriver::SparkSubmit {
                entry_point: self.plain("jobDriver.sparkSubmitJobDriver.entryPoint", entry_point),
                arguments: arguments.as_ref().map(|list| self.arguments(list)),
                parameters: parameters.as_ref().map(|text| {
                    self.text(
                        "jobDriver.sparkSubmitJobDriver.sparkSubmitParameters",
                        Language::SubmitParameters,
                        text,
                    )
                }),
            },
            JobDriver::SparkSql {
                entry_point,
                parameters,
            } => JobDriver::SparkSql {
                entry_point: self.optional(
                    "jobDriver.sparkSqlJobDriver.entryPoint",
                    entry_point.as_ref(),
                ),
                parameters: parameters.as_ref().map(|text| {
                    self.text(
                        "jobDriver.sparkSqlJobDriver.sparkSqlParameters",
                        Language::SqlParameters,
                        text,
                    )
                }),
            },
        }
    }

    fn arguments(&mut self, list: &[String]) -> Vec<String> {
        let member = "jobDriver.sparkSubmitJobDriver.entryPointArguments";
        let numbered = list.iter().zip(1_usize..);
        numbered
            .map(|(text, number)| self.plain(&format!("{member}.{number}.member"), text))
            .collect()
    }

    fn overrides(
        &mut self,
        overrides: &TemplateOverrides,
        replaced: Replaced,
    ) -> TemplateOverrides {
        let application = overrides.application_configuration.as_ref();
        let application = application.filter(|_| !replaced.application_configuration);
        let monitoring = overrides.monitoring.as_ref();
        let monitoring = monitoring.filter(|_| !replaced.monitoring);
        TemplateOverrides {
            application_configuration: application.map(|list| {
                self.configurations("configurationOverrides.applicationConfiguration", list)
            }),
            monitoring: monitoring.map(|monitoring| self.monitoring(monitoring)),
        }
    }

    fn configurations(&mut self, member: &str, list: &[Configuration]) -> Vec<Configuration> {
        let numbered = list.iter().zip(1_usize..);
        numbered
            .map(|(configuration, number)| {
                let member = format!("{member}.{number}.member");
                Configuration {
                    classification: self.plain(
                        &format!("{member}.classification"),
                        &configuration.classification,
                    ),
                    properties: configuration.properties.as_ref().map(|properties| {
                        self.entries(
                            &format!("{member}.properties"),
                            properties,
                            Language::of_property,
                        )
                    }),
                    configurations: configuration
                        .configurations
                        .as_ref()
                        .map(|list| self.configurations(&format!("{member}.configurations"), list)),
                }
            })
            .collect()
    }

    fn monitoring(&mut self, monitoring: &TemplateMonitoring) -> TemplateMonitoring {
        let member = |name: &str| format!("configurationOverrides.monitoringConfiguration.{name}");
        let ui = member("persistentAppUI");
        let group = member("cloudWatchMonitoringConfiguration.logGroupName");
        let prefix = member("cloudWatchMonitoringConfiguration.logStreamNamePrefix");
        let uri = member("s3MonitoringConfiguration.logUri");
        TemplateMonitoring {
            persistent_app_ui: self.optional(&ui, monitoring.persistent_app_ui.as_ref()),
            cloud_watch: monitoring
                .cloud_watch
                .as_ref()
                .map(|logs| TemplateCloudWatch {
                    log_group_name: self.optional(&group, logs.log_group_name.as_ref()),
                    log_stream_name_prefix: self
                        .optional(&prefix, logs.log_stream_name_prefix.as_ref()),
                }),
            s3: monitoring.s3.as_ref().map(|logs| TemplateS3Logs {
                log_uri: self.optional(&uri, logs.log_uri.as_ref()),
            }),
        }
    }
}
