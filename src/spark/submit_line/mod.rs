//! A plain spark-submit command line, understood as spark-submit of the plan's Spark version does in
//! cluster mode on Kubernetes. Pure: whoever reads the submitter's files hands their texts in.

mod command_line;
mod conf_dir;
mod uploads;
mod uris;

use std::collections::BTreeMap;

pub use command_line::CommandLine;

use super::plan::{Language, Plan};
use super::pod_template::Templates;
use super::properties;

/// What spark-submit finds where it is started.
#[derive(Clone, Default)]
pub struct Submitter {
    /// An absolute path; relative paths of the command line start here.
    pub working_dir: String,
    /// The text of the command line's `--properties-file`.
    pub properties_file: Option<String>,
    /// Files of `SPARK_CONF_DIR`, by name.
    pub conf_dir: BTreeMap<String, Vec<u8>>,
    pub environment: BTreeMap<String, String>,
}

/// What spark-submit takes from the clock and from chance.
pub struct Stamps<'a> {
    pub app_id: String,
    /// Milliseconds since the epoch.
    pub submit_time: String,
    /// A new UUID for each file to upload.
    pub uuid: &'a mut dyn FnMut() -> String,
}

/// What spark-submit refuses. No text holds a property's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitLineError {
    #[error("Missing argument for option '{0}'.")]
    NoValue(String),
    #[error("Unrecognized option '{0}'.")]
    Unknown(String),
    #[error("Spark config without '=': {0}")]
    NoEquals(String),
    #[error("Option {0} submits nothing: there is nothing to render.")]
    SubmitsNothing(String),
    #[error("--deploy-mode must be either \"client\" or \"cluster\"")]
    DeployMode,
    #[error("Must specify a primary resource (JAR or Python or R file)")]
    NoResource,
    #[error("{0} must be a positive number")]
    NotPositive(&'static str),
    #[error("Only one of --proxy-user or --principal can be provided.")]
    ProxyUserAndPrincipal,
    #[error("Option --remote goes with neither --master nor --deploy-mode: it runs no driver.")]
    Remote,
    #[error(
        "Master {0} is not Kubernetes': a driver pod comes from --master k8s://https://HOST:PORT"
    )]
    NotKubernetes(String),
    #[error("Invalid Kubernetes master scheme: {0}")]
    MasterScheme(String),
    #[error(
        "In deploy mode client the driver runs where spark-submit does: a driver pod comes from \
         --deploy-mode cluster"
    )]
    ClientMode,
    #[error("Cluster deploy mode is not applicable to {0}.")]
    NotForClusters(&'static str),
    #[error("No main class set in JAR; please specify one with --class.")]
    NoMainClass,
    #[error("{0} resolves ambiguously to multiple files or none")]
    Ambiguous(String),
    #[error("Please specify spark.kubernetes.file.upload.path property.")]
    NoUploadPath,
}

/// Plans the driver of a command line. Its properties are all that spark-submit hands to the
/// feature steps; nothing is checked that they check.
pub fn plan(
    line: &CommandLine,
    spark_version: &str,
    submitter: &Submitter,
    stamps: Stamps<'_>,
) -> Result<Plan, SubmitLineError> {
    if line.load_spark_defaults && spark_version.starts_with("3.") {
        return Err(SubmitLineError::Unknown("--load-spark-defaults".to_owned()));
    }
    let mut given = Given::of(line, submitter);
    given.check()?;
    let resource = given.resource(submitter)?;
    let master = master(given.master.as_deref())?;
    given.check_mode(&resource)?;

    let language = language(&resource);
    let main_class = main_class(language, given.class.clone())?;
    let app_name = given.app_name(&resource);
    let mut properties = given.properties;
    properties.insert("spark.app.name".to_owned(), app_name.clone());
    properties.insert("spark.master".to_owned(), master);
    properties.insert("spark.submit.deployMode".to_owned(), "cluster".to_owned());
    properties.insert("spark.app.submitTime".to_owned(), stamps.submit_time);
    properties.remove("spark.driver.host");
    uris::resolve_lists(&mut properties, &submitter.working_dir);
    if language == Language::Java {
        add_jar(&mut properties, &resource);
    }
    let resource = uploads::apply(&mut properties, language, resource, stamps.uuid)?;
    let max_size = properties
        .get("spark.kubernetes.configMap.maxSize")
        .and_then(|text| text.trim().parse().ok());
    let conf_files = conf_dir::map_files(&submitter.conf_dir, max_size);
    Ok(Plan {
        spark_version: spark_version.to_owned(),
        app_id: stamps.app_id,
        app_name,
        language,
        main_class: Some(main_class),
        resource,
        arguments: line.arguments.clone(),
        proxy_user: line.proxy_user.clone(),
        properties,
        templates: Templates::default(),
        conf_files,
        environment: BTreeMap::new(),
        start_timeout: None,
        run_timeout: None,
        layout: None,
        service_accounts: None,
        node_label: None,
        warnings: given.warnings,
    })
}

const NO_RESOURCE: &str = "spark-internal";
const SPARK_DEFAULTS: &str = "spark-defaults.conf";
const SHELLS: [&str; 3] = ["spark-shell", "pyspark-shell", "sparkr-shell"];

/// Main classes that spark-submit runs beside itself alone.
const CLIENT_CLASSES: [(&str, &str); 3] = [
    (
        "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver",
        "Spark SQL shell",
    ),
    (
        "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
        "Spark Thrift server",
    ),
    (
        "org.apache.spark.sql.connect.service.SparkConnectServer",
        "Spark Connect server",
    ),
];

/// The command line over the properties files over the environment.
struct Given {
    properties: BTreeMap<String, String>,
    master: Option<String>,
    deploy_mode: Option<String>,
    remote: bool,
    class: Option<String>,
    proxy_user: bool,
    resource: Option<String>,
    total_executor_cores: Option<String>,
    warnings: Vec<String>,
}

impl Given {
    fn of(line: &CommandLine, submitter: &Submitter) -> Self {
        let mut properties = line.conf.clone();
        let mut files = Vec::new();
        files.extend(submitter.properties_file.as_deref());
        let defaults = submitter.conf_dir.get(SPARK_DEFAULTS);
        let defaults = defaults.map(|bytes| String::from_utf8_lossy(bytes));
        if line.properties_file.is_none() || line.load_spark_defaults {
            files.extend(defaults.as_deref());
        }
        for text in files {
            for (key, value) in properties::from_text(text) {
                let value = trim_except_line_ends(&value).to_owned();
                properties.entry(key).or_insert(value);
            }
        }
        let mut warnings = Vec::new();
        properties.retain(|key, _| {
            let is_sparks = key.starts_with("spark.");
            if !is_sparks {
                warnings.push(format!(
                    "Property {key} was ignored: it does not start with spark."
                ));
            }
            is_sparks
        });
        let first = |option: &Option<String>, key: &str, variable: &str| {
            let option = option.clone();
            option
                .or_else(|| properties.get(key).cloned())
                .or_else(|| submitter.environment.get(variable).cloned())
        };
        let master = first(&line.master, "spark.master", "MASTER");
        let deploy_mode = first(&line.deploy_mode, "spark.submit.deployMode", "DEPLOY_MODE");
        for (key, variable) in [
            ("spark.driver.memory", "SPARK_DRIVER_MEMORY"),
            ("spark.executor.memory", "SPARK_EXECUTOR_MEMORY"),
            ("spark.executor.cores", "SPARK_EXECUTOR_CORES"),
        ] {
            if let Some(value) = submitter.environment.get(variable) {
                properties
                    .entry(key.to_owned())
                    .or_insert_with(|| value.clone());
            }
        }
        let total_executor_cores = line
            .total_executor_cores
            .clone()
            .or_else(|| properties.get("spark.cores.max").cloned());
        properties.extend(line.options.clone());
        for (key, older) in [
            ("spark.kerberos.keytab", "spark.yarn.keytab"),
            ("spark.kerberos.principal", "spark.yarn.principal"),
        ] {
            if let Some(value) = properties.get(older).cloned() {
                properties.entry(key.to_owned()).or_insert(value);
            }
        }
        Self {
            properties,
            master,
            deploy_mode,
            remote: line.remote,
            class: line.class.clone(),
            proxy_user: line.proxy_user.is_some(),
            resource: line.resource.clone(),
            total_executor_cores,
            warnings,
        }
    }

    /// What spark-submit checks before anything else, in its order.
    fn check(&self) -> Result<(), SubmitLineError> {
        if self.remote {
            return Err(SubmitLineError::Remote);
        }
        if self.resource.is_none() {
            return Err(SubmitLineError::NoResource);
        }
        let get = |key: &str| self.properties.get(key).map(String::as_str);
        for (key, what) in [
            ("spark.driver.memory", "Driver memory"),
            ("spark.executor.memory", "Executor memory"),
        ] {
            if get(key).is_some_and(|text| !is_positive_size(text)) {
                return Err(SubmitLineError::NotPositive(what));
            }
        }
        let is_dynamic = get("spark.dynamicAllocation.enabled")
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
        let instances = get("spark.executor.instances").filter(|_| !is_dynamic);
        for (text, what) in [
            (get("spark.driver.cores"), "Driver cores"),
            (get("spark.executor.cores"), "Executor cores"),
            (self.total_executor_cores.as_deref(), "Total executor cores"),
            (instances, "Number of executors"),
        ] {
            if text.is_some_and(|text| !text.parse::<i32>().is_ok_and(|number| number > 0)) {
                return Err(SubmitLineError::NotPositive(what));
            }
        }
        if self.proxy_user && get("spark.kerberos.principal").is_some() {
            return Err(SubmitLineError::ProxyUserAndPrincipal);
        }
        Ok(())
    }

    fn resource(&mut self, submitter: &Submitter) -> Result<String, SubmitLineError> {
        let resource = self.resource.take().ok_or(SubmitLineError::NoResource)?;
        if resource == NO_RESOURCE || SHELLS.contains(&resource.as_str()) {
            return Ok(resource);
        }
        Ok(uris::resolve(&resource, &submitter.working_dir))
    }

    fn check_mode(&self, resource: &str) -> Result<(), SubmitLineError> {
        match self.deploy_mode.as_deref() {
            Some("cluster") => {}
            Some("client") | None => return Err(SubmitLineError::ClientMode),
            Some(_) => return Err(SubmitLineError::DeployMode),
        }
        if SHELLS.contains(&resource) {
            return Err(SubmitLineError::NotForClusters("Spark shells"));
        }
        let class = self.class.as_deref();
        match CLIENT_CLASSES.iter().find(|(of, _)| Some(*of) == class) {
            Some((_, what)) => Err(SubmitLineError::NotForClusters(what)),
            None => Ok(()),
        }
    }

    /// `--name` is among the properties by now.
    fn app_name(&self, resource: &str) -> String {
        let named = self.properties.get("spark.app.name").cloned();
        named
            .or_else(|| self.class.clone())
            .unwrap_or_else(|| uris::file_name(resource).to_owned())
    }
}

/// The API server as `spark.master` names it.
fn master(given: Option<&str>) -> Result<String, SubmitLineError> {
    let given = given.unwrap_or("local[*]");
    let Some(address) = given.strip_prefix("k8s://") else {
        return Err(SubmitLineError::NotKubernetes(given.to_owned()));
    };
    match address.split_once("://") {
        None => Ok(format!("k8s://https://{address}")),
        Some((scheme, _)) if ["http", "https"].contains(&scheme.to_lowercase().as_str()) => {
            Ok(given.to_owned())
        }
        Some((scheme, _)) => Err(SubmitLineError::MasterScheme(scheme.to_owned())),
    }
}

/// Spark knows the language by these very suffixes.
fn language(resource: &str) -> Language {
    if resource.ends_with(".py") {
        Language::Python
    } else if resource.ends_with(".R") {
        Language::R
    } else {
        Language::Java
    }
}

fn main_class(language: Language, given: Option<String>) -> Result<String, SubmitLineError> {
    match language {
        Language::Python => Ok("org.apache.spark.deploy.PythonRunner".to_owned()),
        Language::R => Ok("org.apache.spark.deploy.RRunner".to_owned()),
        Language::Java | Language::Sql => given.ok_or(SubmitLineError::NoMainClass),
    }
}

/// The main jar is the last of the jars, though it be among them already.
fn add_jar(properties: &mut BTreeMap<String, String>, resource: &str) {
    let jars = properties.entry("spark.jars".to_owned()).or_default();
    if resource == NO_RESOURCE {
        return;
    }
    if !jars.is_empty() {
        jars.push(',');
    }
    jars.push_str(resource);
}

/// Spark's notation of bytes, where a bare number counts bytes.
fn is_positive_size(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let known = [
        "", "b", "k", "kb", "m", "mb", "g", "gb", "t", "tb", "p", "pb",
    ];
    known.contains(&unit) && number.parse::<i64>().is_ok_and(|number| number > 0)
}

/// Java's `trim`, which takes control characters away too, but for the ends of lines.
fn trim_except_line_ends(value: &str) -> &str {
    value.trim_matches(|c: char| c <= ' ' && c != '\r' && c != '\n')
}

#[cfg(test)]
mod tests;
