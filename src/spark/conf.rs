//! `applicationConfiguration`: what each classification of the service means to Spark.
//!
//! Later wins over earlier, nested over outer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::layout::LayoutSetting;
use super::properties::to_text;
use crate::domain::configuration::Configuration;

/// What the classifications come to.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Conf {
    pub properties: BTreeMap<String, String>,
    /// Files of the driver's conf folder, by name.
    pub files: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
    pub start_timeout: Option<Duration>,
    pub run_timeout: Option<Duration>,
    /// `logging.eventLog.dir`.
    pub event_log_dir: Option<String>,
    pub layout: Option<LayoutSetting>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfError {
    #[error("Classification {0} not supported.")]
    NotSupported(String),
    #[error("Classification {0} is given twice.")]
    Duplicate(String),
    #[error("Property job-start-timeout is not a number of seconds above 0.")]
    StartTimeout,
    #[error(
        "Property job-run-timeout of classification firesteel is not a number of seconds above 0."
    )]
    RunTimeout,
    #[error("Property layout of classification firesteel is not auto, compact or classic.")]
    Layout,
    #[error("Property {0} of classification firesteel is unknown.")]
    UnknownChoice(String),
    #[error("Environment variable {0} is not a name.")]
    VariableName(String),
}

/// A classification that stands twice in one level, at any depth.
pub fn duplicate(configurations: &[Configuration]) -> Option<&str> {
    let mut seen = BTreeSet::new();
    configurations.iter().find_map(|configuration| {
        let name = configuration.classification.as_str();
        if !seen.insert(name) {
            return Some(name);
        }
        duplicate(configuration.configurations.as_deref().unwrap_or(&[]))
    })
}

/// Reads the classifications of a run.
pub fn read(configurations: &[Configuration]) -> Result<Conf, ConfError> {
    if let Some(name) = duplicate(configurations) {
        return Err(ConfError::Duplicate(name.to_owned()));
    }
    let mut reader = Reader::default();
    reader.level(configurations)?;
    Ok(reader.finish())
}

/// The properties that classifications give, whatever else is wrong with these: what nobody may ask
/// for is not asked for in vain either.
pub fn properties(configurations: &[Configuration]) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for configuration in configurations {
        let mut reader = Reader::default();
        let alone = Configuration {
            configurations: None,
            ..configuration.clone()
        };
        if reader.classification(&alone).is_ok() {
            properties.extend(reader.conf.properties);
        }
        properties.extend(self::properties(
            configuration.configurations.as_deref().unwrap_or(&[]),
        ));
    }
    properties
}

/// Variables that tell a driver who and where it is: its cluster sets them.
const IDENTITY_VARIABLES: [&str; 5] = [
    "SPARK_APPLICATION_ID",
    "SPARK_CONF_DIR",
    "SPARK_DRIVER_BIND_ADDRESS",
    "SPARK_HOME",
    "SPARK_LOCAL_DIRS",
];

/// What a caller's log4j properties are laid over, as the service does: alone they would have no
/// appender.
const LOG4J_BASE: [(&str, &str); 7] = [
    ("rootLogger.level", "info"),
    ("rootLogger.appenderRef.stdout.ref", "console"),
    ("appender.console.type", "Console"),
    ("appender.console.name", "console"),
    ("appender.console.target", "SYSTEM_ERR"),
    ("appender.console.layout.type", "PatternLayout"),
    (
        "appender.console.layout.pattern",
        "%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex",
    ),
];

#[derive(Default)]
struct Reader {
    conf: Conf,
    log4j: BTreeMap<String, String>,
    metrics: BTreeMap<String, String>,
}

impl Reader {
    fn level(&mut self, configurations: &[Configuration]) -> Result<(), ConfError> {
        configurations
            .iter()
            .try_for_each(|configuration| self.classification(configuration))
    }

    fn classification(&mut self, configuration: &Configuration) -> Result<(), ConfError> {
        let none = BTreeMap::new();
        let given = configuration.properties.as_ref().unwrap_or(&none);
        let nested = configuration.configurations.as_deref().unwrap_or(&[]);
        match configuration.classification.as_str() {
            "spark-defaults" => self.spark_defaults(given),
            // Drivers and executors make their Hadoop and Hive configurations of such properties;
            // a file would have to be in the class path of each.
            "core-site" | "hdfs-site" | "hive-site" | "spark-hive-site" => {
                for (key, value) in given {
                    let key = format!("spark.hadoop.{key}");
                    self.conf.properties.insert(key, value.trim().to_owned());
                }
            }
            "spark-env" => return self.spark_env(given, nested),
            "spark-log4j" | "spark-log4j2" => self.log4j(given),
            "spark-metrics" => self.metrics.extend(given.clone()),
            "emr-containers-defaults" => self.emr_containers_defaults(given)?,
            "firesteel" => self.firesteel(given)?,
            "emr-job-submitter" => {
                self.warn(
                    "Classification emr-job-submitter has no effect: no submitter pod runs. Where \
                     drivers run is said by spark.kubernetes.node.selector.*, \
                     spark.kubernetes.scheduler.name and pod templates.",
                );
            }
            "emrfs-site" => {
                self.warn(
                    "Classification emrfs-site has no effect: S3A serves s3://, and is configured \
                     by fs.s3a.* of core-site.",
                );
            }
            other => return Err(ConfError::NotSupported(other.to_owned())),
        }
        self.level(nested)
    }

    fn spark_defaults(&mut self, given: &BTreeMap<String, String>) {
        for (key, value) in given {
            if !key.starts_with("spark.") {
                self.warn(&format!(
                    "Property {key} was ignored: it does not start with spark."
                ));
            } else {
                let value = value.trim().to_owned();
                self.conf.properties.insert(key.clone(), value);
            }
        }
    }

    /// Only `export` within `spark-env` reaches the environment.
    fn spark_env(
        &mut self,
        given: &BTreeMap<String, String>,
        nested: &[Configuration],
    ) -> Result<(), ConfError> {
        if !given.is_empty() {
            self.warn("Properties of spark-env outside its classification export were ignored.");
        }
        match nested {
            [] => Ok(()),
            [export] if export.classification == "export" => {
                for (name, value) in export.properties.iter().flatten() {
                    self.export(name, value)?;
                }
                self.level(export.configurations.as_deref().unwrap_or(&[]))
            }
            [first, rest @ ..] => {
                let other = rest.iter().find(|_| first.classification == "export");
                let other = other.unwrap_or(first);
                Err(ConfError::NotSupported(other.classification.clone()))
            }
        }
    }

    fn export(&mut self, name: &str, value: &str) -> Result<(), ConfError> {
        let starts_well = name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !starts_well || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(ConfError::VariableName(name.to_owned()));
        }
        if IDENTITY_VARIABLES.contains(&name) {
            self.warn(&format!(
                "Environment variable {name} was ignored: the cluster sets it."
            ));
            return Ok(());
        }
        let value = unquoted(value.trim());
        if value.contains('$') {
            self.warn(&format!(
                "Environment variable {name} is taken as it is: no shell expands it."
            ));
        }
        self.conf
            .environment
            .insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn log4j(&mut self, given: &BTreeMap<String, String>) {
        if given.keys().any(|key| key.starts_with("log4j.")) {
            self.warn("Properties log4j.* were ignored: since Spark 3.3 the syntax is log4j 2's.");
        }
        let log4j2 = given
            .iter()
            .filter(|(key, _)| !key.starts_with("log4j."))
            .map(|(key, value)| (key.clone(), value.clone()));
        self.log4j.extend(log4j2);
    }

    fn emr_containers_defaults(
        &mut self,
        given: &BTreeMap<String, String>,
    ) -> Result<(), ConfError> {
        for (key, value) in given {
            let value = value.trim();
            match key.as_str() {
                "job-start-timeout" => {
                    self.conf.start_timeout = Some(seconds(value).ok_or(ConfError::StartTimeout)?);
                }
                "logging.eventLog.dir" => {
                    self.conf.event_log_dir = (!value.is_empty()).then(|| value.to_owned());
                }
                "executor.logging"
                | "logging.image"
                | "logging.request.cores"
                | "logging.request.memory" => self.warn(&format!(
                    "Property {key} of emr-containers-defaults has no effect: no logging container \
                     runs beside drivers and executors."
                )),
                _ => self.warn(&format!(
                    "Property {key} of emr-containers-defaults was ignored: it is unknown."
                )),
            }
        }
        Ok(())
    }

    /// What a run chooses of Firesteel's own. A misspelt choice is no choice: it is refused.
    fn firesteel(&mut self, given: &BTreeMap<String, String>) -> Result<(), ConfError> {
        for (key, value) in given {
            let value = value.trim();
            match key.as_str() {
                "layout" => {
                    let layout = LayoutSetting::parse(value).ok_or(ConfError::Layout)?;
                    self.conf.layout = Some(layout);
                }
                "job-run-timeout" => {
                    self.conf.run_timeout = Some(seconds(value).ok_or(ConfError::RunTimeout)?);
                }
                _ => return Err(ConfError::UnknownChoice(key.clone())),
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Conf {
        if !self.log4j.is_empty() {
            let mut log4j: BTreeMap<String, String> = LOG4J_BASE
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            // Both name the root logger's appenders; the short form would win over our own.
            if self.log4j.contains_key("rootLogger") {
                log4j.remove("rootLogger.level");
                log4j.remove("rootLogger.appenderRef.stdout.ref");
            }
            log4j.append(&mut self.log4j);
            let text = to_text(&log4j);
            self.conf.files.insert("log4j2.properties".to_owned(), text);
        }
        if !self.metrics.is_empty() {
            let text = to_text(&self.metrics);
            self.conf
                .files
                .insert("metrics.properties".to_owned(), text);
        }
        self.conf
    }

    fn warn(&mut self, text: &str) {
        self.conf.warnings.push(text.to_owned());
    }
}

fn seconds(value: &str) -> Option<Duration> {
    let seconds = value.parse::<u32>().ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds.into()))
}

/// spark-env is a shell file on the service: one pair of quotation marks is no part of a value.
fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests;
