//! `applicationConfiguration`: what each classification of the service means to Spark.
//!
//! Later wins over earlier, nested over outer; properties of callers obey `reserved`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::properties;
use super::reserved::is_reserved;
use crate::domain::configuration::Configuration;

/// What the classifications come to.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Conf {
    pub properties: BTreeMap<String, String>,
    /// Files of the driver's conf folder, by name.
    pub files: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
    pub start_timeout: Option<Duration>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfError {
    #[error("Classification {0} not supported.")]
    NotSupported(String),
    #[error("Classification {0} is given twice.")]
    Duplicate(String),
    #[error("Property {0} is not allowed.")]
    Reserved(String),
    #[error("Property job-start-timeout is not a number of seconds above 0.")]
    StartTimeout,
    #[error("Environment variable {0} is not a name.")]
    VariableName(String),
}

/// Reads the classifications of a run.
pub fn read(configurations: &[Configuration]) -> Result<Conf, ConfError> {
    let mut reader = Reader::default();
    reader.level(configurations)?;
    Ok(reader.finish())
}

/// Variables that tell a driver who and where it is: its cluster sets them.
const IDENTITY_VARIABLES: [&str; 5] = [
    "SPARK_APPLICATION_ID",
    "SPARK_CONF_DIR",
    "SPARK_DRIVER_BIND_ADDRESS",
    "SPARK_HOME",
    "SPARK_LOCAL_DIRS",
];

const START_TIMEOUT: &str = "job-start-timeout";

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
        let mut seen = Vec::new();
        for configuration in configurations {
            let name = configuration.classification.as_str();
            if seen.contains(&name) {
                return Err(ConfError::Duplicate(name.to_owned()));
            }
            seen.push(name);
            self.classification(configuration)?;
        }
        Ok(())
    }

    fn classification(&mut self, configuration: &Configuration) -> Result<(), ConfError> {
        let none = BTreeMap::new();
        let given = configuration.properties.as_ref().unwrap_or(&none);
        let nested = configuration.configurations.as_deref().unwrap_or(&[]);
        match configuration.classification.as_str() {
            "spark-defaults" => self.spark_defaults(given)?,
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
            "emr-job-submitter" => {
                self.warn("Classification emr-job-submitter was ignored: no submitter pod runs.");
            }
            "emrfs-site" => {
                self.warn("Classification emrfs-site was ignored: s3:// is served by S3A.");
            }
            other => return Err(ConfError::NotSupported(other.to_owned())),
        }
        self.level(nested)
    }

    fn spark_defaults(&mut self, given: &BTreeMap<String, String>) -> Result<(), ConfError> {
        for (key, value) in given {
            if !key.starts_with("spark.") {
                self.warn(&format!(
                    "Property {key} was ignored: it does not start with spark."
                ));
            } else if is_reserved(key, value) {
                return Err(ConfError::Reserved(key.clone()));
            } else {
                let value = value.trim().to_owned();
                self.conf.properties.insert(key.clone(), value);
            }
        }
        Ok(())
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
            [export, again, ..] if export.classification == again.classification => {
                Err(ConfError::Duplicate(export.classification.clone()))
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
            if key == START_TIMEOUT {
                let seconds = value.trim().parse::<u32>().ok().filter(|s| *s > 0);
                let seconds = seconds.ok_or(ConfError::StartTimeout)?;
                self.conf.start_timeout = Some(Duration::from_secs(seconds.into()));
            } else {
                self.warn(&format!(
                    "Property {key} of emr-containers-defaults was ignored: it has no meaning here."
                ));
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
            let text = properties::to_text(&log4j);
            self.conf.files.insert("log4j2.properties".to_owned(), text);
        }
        if !self.metrics.is_empty() {
            let text = properties::to_text(&self.metrics);
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

/// spark-env is a shell file on the service: one pair of quotation marks is no part of a value.
fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests;
