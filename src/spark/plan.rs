//! A plan is a run made concrete: the command line and properties that its driver starts with,
//! still free of where it will run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::conf::{self, ConfError};
use super::layout::LayoutSetting;
use super::monitoring;
use super::params::{self, Params, ParamsError};
use super::pod_template::{self, SourceError, Templates};
use super::policy::{self, Breach, Policy};
use super::releases::{self, ReleaseError, Releases};
use super::service_accounts::ServiceAccounts;
use crate::domain::job_run::{JobDriver, JobRun};

/// The language of the main resource, which Spark tells by its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Java,
    Python,
    R,
    Sql,
}

/// One Spark application, ready to be given to a cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// Such as `3.5.6`.
    pub spark_version: String,
    /// `spark.app.id`, the value of the label `spark-app-selector`.
    pub app_id: String,
    pub app_name: String,
    pub language: Language,
    /// `--class`: the caller's for Java, `org.apache.spark.deploy.PythonRunner` and its like for
    /// the rest.
    pub main_class: Option<String>,
    /// The main resource as spark-submit takes it in client mode: a jar, script, or
    /// `spark-internal`.
    pub resource: String,
    pub arguments: Vec<String>,
    pub proxy_user: Option<String>,
    /// All Spark properties but those that only the cluster can know: `spark.master`, the deploy
    /// mode, and what names its objects.
    pub properties: BTreeMap<String, String>,
    /// Other files of the driver's conf folder, by name.
    pub conf_files: BTreeMap<String, String>,
    /// Environment variables of the driver.
    pub environment: BTreeMap<String, String>,
    /// The run's own `job-start-timeout`.
    pub start_timeout: Option<Duration>,
    /// The run's own `job-run-timeout`.
    pub run_timeout: Option<Duration>,
    /// Where the templates of its pods come from.
    pub templates: Templates,
    /// The run's own choice of layout.
    pub layout: Option<LayoutSetting>,
    /// The accounts of the run's execution role; `None` for what is no job run.
    pub service_accounts: Option<ServiceAccounts>,
    /// The virtual cluster's `nodeLabel`, which the run itself does not know.
    pub node_label: Option<String>,
    /// What was dropped or changed on the way, for the run's story.
    pub warnings: Vec<String>,
}

/// Arguments and properties may hold secrets: only names are printed.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("app_id", &self.app_id)
            .field("language", &self.language)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}

/// What a cluster calls the driver of this attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverNames {
    pub app_id: String,
}

/// What a cluster's configuration says of its runs. Callers override what it gives.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RunSettings {
    pub properties: BTreeMap<String, String>,
    /// What its release labels mean.
    pub releases: Releases,
    /// Properties by Spark line (`3.5`), Spark version (`3.5.6`) or release label; the more exact
    /// key wins.
    pub release_properties: BTreeMap<String, BTreeMap<String, String>>,
    /// Environment variables of every driver.
    pub environment: BTreeMap<String, String>,
    /// What callers may ask for.
    pub policy: Policy,
    /// Where event logs of runs go that name no directory themselves; there are none without.
    pub event_log_dir: Option<String>,
}

/// Why a run cannot be planned. No text holds a property's value or an argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Release(#[from] ReleaseError),
    #[error(transparent)]
    Conf(#[from] ConfError),
    #[error("sparkSubmitParameters: {0}")]
    SubmitParameters(#[source] ParamsError),
    #[error("sparkSqlParameters: {0}")]
    SqlParameters(#[source] ParamsError),
    #[error("A Spark SQL job needs an entryPoint, or -e or -f in its sparkSqlParameters.")]
    NoSql,
    #[error("A Spark SQL job takes one of entryPoint, -e and -f.")]
    MoreThanOneSql,
    #[error("Entry point spark-internal needs --class.")]
    NoClass,
    #[error(transparent)]
    Template(#[from] SourceError),
    #[error(transparent)]
    Policy(#[from] Breach),
    /// spark-submit would take it for one of its options.
    #[error("An entry point does not begin with a hyphen.")]
    EntryPoint,
}

/// Makes `run` concrete. Properties come, each over the one before, from Firesteel, `defaults`,
/// the release, `applicationConfiguration` and the run's parameters.
pub fn plan(run: &JobRun, driver: &DriverNames, defaults: &RunSettings) -> Result<Plan, PlanError> {
    let release = defaults.releases.find(&run.release_label)?;
    let spark_version = release.spark_version;
    let overrides = run.overrides.as_ref();
    let configurations =
        overrides.and_then(|overrides| overrides.application_configuration.as_deref());
    let monitoring = overrides.and_then(|overrides| overrides.monitoring.as_ref());
    let conf = conf::read(configurations.unwrap_or(&[]))?;
    let main = match &run.driver {
        JobDriver::SparkSubmit {
            entry_point,
            arguments,
            parameters,
        } => submit(entry_point, arguments.as_deref(), parameters.as_deref())?,
        JobDriver::SparkSql {
            entry_point,
            parameters,
        } => sql(entry_point.as_deref(), parameters.as_deref())?,
    };

    let mut properties: BTreeMap<String, String> = PROPERTIES
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    properties.extend(defaults.properties.clone());
    properties.extend(release.properties);
    let line = releases::spark_line(&spark_version);
    for key in [line, &spark_version, &run.release_label] {
        properties.extend(
            defaults
                .release_properties
                .get(key)
                .cloned()
                .unwrap_or_default(),
        );
    }
    let mut given = conf.properties;
    given.extend(main.params.properties);
    defaults.policy.check_properties(&given)?;
    let overridden: Vec<String> = given
        .extract_if(.., |key, _| policy::is_overridden(key))
        .map(|(key, _)| key)
        .collect();
    let templates = pod_template::take(&mut properties, &mut given)?;
    properties.extend(given);
    let mut environment = defaults.environment.clone();
    environment.extend(conf.environment.clone());
    let mut warnings = conf.warnings;
    warnings.extend(main.params.warnings);

    for key in overridden {
        warnings.push(format!("Property {key} was ignored: the cluster sets it."));
    }
    if properties.remove("spark.driver.host").is_some() {
        warnings.push("Property spark.driver.host was ignored: the cluster sets it.".to_owned());
    }
    warnings.extend(monitoring::settle_event_log(
        &mut properties,
        conf.event_log_dir,
        defaults.event_log_dir.as_deref(),
        monitoring,
    ));
    warnings.extend(
        monitoring
            .map(monitoring::without_effect)
            .unwrap_or_default(),
    );
    track_shuffles(&mut properties);
    for (name, value) in conf.environment {
        // The service's spark-env reaches executors too.
        properties
            .entry(format!("spark.executorEnv.{name}"))
            .or_insert(value);
    }
    let app_name = main
        .params
        .name
        .or_else(|| properties.get("spark.app.name").cloned())
        .or_else(|| main.params.class.clone())
        .unwrap_or_else(|| main.file_name.clone());
    properties.insert("spark.app.name".to_owned(), app_name.clone());
    properties.insert("spark.app.id".to_owned(), driver.app_id.clone());
    // spark-submit writes it even where it is empty.
    properties
        .entry("spark.submit.pyFiles".to_owned())
        .or_default();
    match main.language {
        Language::Java => add_jar(&mut properties, &main.resource),
        Language::Sql => choose_catalog(&mut properties),
        Language::Python | Language::R => {}
    }
    Ok(Plan {
        spark_version,
        app_id: driver.app_id.clone(),
        app_name,
        language: main.language,
        main_class: match main.language {
            Language::Java => main.params.class,
            Language::Python => Some("org.apache.spark.deploy.PythonRunner".to_owned()),
            Language::R => Some("org.apache.spark.deploy.RRunner".to_owned()),
            Language::Sql => Some(SQL_CLASS.to_owned()),
        },
        resource: main.resource,
        arguments: main.arguments,
        proxy_user: main.params.proxy_user,
        properties,
        conf_files: conf.files,
        environment,
        start_timeout: conf.start_timeout,
        run_timeout: conf.run_timeout,
        templates,
        layout: conf.layout,
        service_accounts: Some(ServiceAccounts::of(
            &run.account,
            run.execution_role_arn.as_deref(),
        )),
        node_label: None,
        warnings,
    })
}

const SQL_CLASS: &str = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver";

/// The resource of a run whose classes come without a jar of its own.
const NO_RESOURCE: &str = "spark-internal";

const DYNAMIC_ALLOCATION: &str = "spark.dynamicAllocation.enabled";

/// Firesteel's own defaults: callers of the service write `s3://`, and open-source Hadoop has no
/// file system of that name; and the service allocates no executors of its own accord.
const PROPERTIES: [(&str, &str); 3] = [
    (DYNAMIC_ALLOCATION, "false"),
    (
        "spark.hadoop.fs.s3.impl",
        "org.apache.hadoop.fs.s3a.S3AFileSystem",
    ),
    (
        "spark.hadoop.fs.AbstractFileSystem.s3.impl",
        "org.apache.hadoop.fs.s3a.S3A",
    ),
];

/// Ends of properties that point to a Hive metastore.
const METASTORE: [&str; 3] = [
    "hive.metastore.uris",
    "hive.metastore.client.factory.class",
    "javax.jdo.option.ConnectionURL",
];

/// What runs, before the properties of the other sources.
struct Main {
    language: Language,
    resource: String,
    file_name: String,
    arguments: Vec<String>,
    params: Params,
}

fn submit(
    entry_point: &str,
    arguments: Option<&[String]>,
    parameters: Option<&str>,
) -> Result<Main, PlanError> {
    let params =
        params::parse(parameters.unwrap_or_default()).map_err(PlanError::SubmitParameters)?;
    if entry_point.starts_with('-') {
        return Err(PlanError::EntryPoint);
    }
    // Spark knows the language by these very suffixes.
    let language = if entry_point.ends_with(".py") {
        Language::Python
    } else if entry_point.ends_with(".R") {
        Language::R
    } else {
        Language::Java
    };
    if entry_point == NO_RESOURCE && params.class.is_none() {
        return Err(PlanError::NoClass);
    }
    Ok(Main {
        language,
        resource: entry_point.to_owned(),
        file_name: file_name(entry_point).to_owned(),
        arguments: arguments.unwrap_or_default().to_vec(),
        params,
    })
}

fn sql(entry_point: Option<&str>, parameters: Option<&str>) -> Result<Main, PlanError> {
    let mut params =
        params::parse_sql(parameters.unwrap_or_default()).map_err(PlanError::SqlParameters)?;
    // The class is the command line's own; a caller's means nothing.
    params.class = None;
    let given = std::mem::take(&mut params.sql);
    let statements = given
        .iter()
        .filter(|option| matches!(option.as_str(), "-e" | "-f"));
    match (statements.count(), entry_point) {
        (0, None) => return Err(PlanError::NoSql),
        (1, None) | (0, Some(_)) => {}
        _ => return Err(PlanError::MoreThanOneSql),
    }
    let mut arguments = Vec::new();
    if let Some(file) = entry_point {
        // Hadoop, which reads the file, does not know local://.
        let file = file.strip_prefix("local://").unwrap_or(file);
        arguments.extend(["-f".to_owned(), file.to_owned()]);
    }
    arguments.extend(given);
    Ok(Main {
        language: Language::Sql,
        resource: NO_RESOURCE.to_owned(),
        file_name: entry_point.map_or("spark-sql", file_name).to_owned(),
        arguments,
        params,
    })
}

fn file_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// Kubernetes has no shuffle service, and dynamic allocation does not start without one or this.
fn track_shuffles(properties: &mut BTreeMap<String, String>) {
    let dynamic = properties.get(DYNAMIC_ALLOCATION);
    if dynamic.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        properties
            .entry("spark.dynamicAllocation.shuffleTracking.enabled".to_owned())
            .or_insert_with(|| "true".to_owned());
    }
}

/// spark-submit adds the main jar itself; executors of Spark 4 cannot do without.
fn add_jar(properties: &mut BTreeMap<String, String>, resource: &str) {
    let jars = properties.entry("spark.jars".to_owned()).or_default();
    if resource == NO_RESOURCE || jars.split(',').any(|jar| jar == resource) {
        return;
    }
    if !jars.is_empty() {
        jars.push(',');
    }
    jars.push_str(resource);
}

/// The Hive catalog keeps a database in the working directory unless it has a metastore.
fn choose_catalog(properties: &mut BTreeMap<String, String>) {
    let has_metastore = properties
        .keys()
        .any(|key| METASTORE.iter().any(|end| key.ends_with(end)));
    if !has_metastore {
        for (key, value) in [
            ("spark.sql.catalogImplementation", "in-memory"),
            // Without Hive, CREATE TABLE would otherwise fail for want of a provider.
            ("spark.sql.legacy.createHiveTableByDefault", "false"),
        ] {
            properties
                .entry(key.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    properties.entry("spark.jars".to_owned()).or_default();
}

#[cfg(test)]
mod tests;
