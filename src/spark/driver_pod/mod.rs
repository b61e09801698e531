//! The driver's objects: what spark-submit of the plan's Spark version would create, or, in the
//! compact layout, the same driver as one Pod. Pure: the same input gives the same objects.
//!
//! Each file builds what one feature step of Spark builds. The steps run in Spark's order, so that
//! environment, volumes and arguments come in the order that real drivers have.

mod basic_driver;
mod command;
mod conf;
mod credentials;
mod draft;
mod env_secrets;
mod hadoop_conf;
mod kerberos;
mod layout;
mod local_dirs;
mod memory;
pub mod names;
mod network_policy;
mod objects;
mod of_job_run;
mod pod_template_map;
mod secrets;
mod service;
mod spark_order;
mod steps;
mod tombstone;
mod version;
mod volumes;

use std::collections::BTreeMap;

use super::labels;
use super::plan::Plan;
use super::pod_template::{self, Role, Start, TemplateError};
use super::policy::{Breach, Policy};
use draft::{Draft, Run};

pub use super::labels::{DRIVER_CONTAINER, Identity};
pub use super::layout::{Layout, LayoutSetting};
pub use layout::{Choice, choose};
pub use names::{Names, Uniques};
pub use objects::{Dependent, Objects};
pub use of_job_run::{of_job_run, own_accounts};
pub use tombstone::tombstone;

/// Kubernetes' limit on all annotations of an object together, in bytes of keys and values.
pub const MAX_ANNOTATION_BYTES: usize = 256 * 1024;

/// What a cluster's configuration says of all its driver pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSettings {
    /// Where a run names no image; `{spark_version}` stands for the plan's Spark version.
    pub image: Option<String>,
    /// Where a run names no pull policy: `IfNotPresent`, `Always` or `Never`.
    pub image_pull_policy: String,
    /// The service account of all drivers and executors; `None` gives each execution role its own.
    pub service_account: Option<String>,
    /// Each role's service accounts say whose role it is (`eks.amazonaws.com/role-arn`).
    pub irsa: bool,
    /// Where a run chooses no layout.
    pub layout: LayoutSetting,
    /// The label of nodes whose value a virtual cluster's `nodeLabel` is.
    pub node_label_key: String,
    /// What templates may ask for.
    pub policy: Policy,
}

impl Default for PodSettings {
    fn default() -> Self {
        Self {
            image: None,
            image_pull_policy: "IfNotPresent".to_owned(),
            service_account: None,
            irsa: false,
            layout: LayoutSetting::Auto,
            node_label_key: "firesteel.dev/node-label".to_owned(),
            policy: Policy::default(),
        }
    }
}

/// Why a plan cannot become a pod. Property values may be secret and are not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error("{0} is not a Spark version")]
    SparkVersion(String),
    #[error("no image: set spark.kubernetes.container.image")]
    NoImage,
    #[error("property {key} must be {expected}")]
    Property { key: String, expected: &'static str },
    #[error("property {0} sets a label or annotation that is not the run's to set")]
    Reserved(String),
    #[error("property {0} must be set")]
    Missing(String),
    #[error("{one} and {other} cannot both be set")]
    Conflict {
        one: &'static str,
        other: &'static str,
    },
    #[error("property {0} mounts a second volume at the same path")]
    DuplicateMount(String),
    #[error("property {0}: a volume is of type hostPath, emptyDir, nfs or persistentVolumeClaim")]
    VolumeType(String),
    #[error("the file that property {0} names was not read")]
    NotRead(String),
    #[error(
        "property {} names classes that run in a submitter's JVM, and there is none; \
         other schedulers, Volcano included, are reached by spark.kubernetes.scheduler.name and \
         labels and annotations of the driver and its executors",
        steps::CUSTOM
    )]
    CustomSteps,
    #[error("{property} leaves out {0}, without which there is no driver", property = steps::EXCLUDED)]
    IndispensableStep(&'static str),
    #[error("{role} pod template: {error}")]
    Template {
        role: Role,
        #[source]
        error: TemplateError,
    },
    #[error(transparent)]
    Policy(#[from] Breach),
    #[error("{0} pod template: its text was not read")]
    NoTemplate(Role),
    #[error("Driver pod template: field metadata.namespace names another namespace")]
    TemplateNamespace,
    #[error("{0:?} cannot be the name of a file in the driver's conf folder")]
    ConfFileName(String),
    #[error(
        "the Spark configuration takes {bytes} bytes; a pod's annotations hold at most {}",
        MAX_ANNOTATION_BYTES
    )]
    TooLarge { bytes: usize },
    #[error("the compact layout was asked for and cannot be had: {0}")]
    NotCompact(String),
}

/// Texts that a driver needs besides its plan. Whoever may read them gets them first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// What `spark.kubernetes.driver.podTemplateFile` and its like name.
    pub driver_template: Option<String>,
    pub executor_template: Option<String>,
    /// Files of `HADOOP_CONF_DIR`, by name.
    pub hadoop_conf: BTreeMap<String, String>,
    /// The file of `spark.kubernetes.kerberos.krb5.path`.
    pub krb5_conf: Option<String>,
    /// The file of `spark.kerberos.keytab`.
    pub keytab: Option<Vec<u8>>,
    /// Files of `spark.kubernetes.authenticate.driver.*File`, by their property.
    pub credentials: BTreeMap<String, Vec<u8>>,
}

/// One driver to build.
pub struct Submission<'a> {
    pub plan: &'a Plan,
    pub names: &'a Names,
    pub layout: Layout,
    pub texts: &'a Texts,
    /// The Hadoop user of the driver, unless it runs as a proxy user.
    pub user: &'a str,
    /// What the driver may inherit of its submitter's environment.
    pub environment: &'a BTreeMap<String, String>,
}

/// Builds the objects of a driver, none of them owned yet.
pub fn build(submission: &Submission<'_>) -> Result<Objects, BuildError> {
    let run = Run::of(submission)?;
    let Start {
        metadata,
        spec,
        container,
    } = start(&run)?;
    let mut draft = Draft {
        metadata,
        spec,
        container,
        properties: run.plan.properties.clone(),
        dependents: Vec::new(),
    };
    for step in steps::of(&run)? {
        step(&mut draft, &run)?;
    }
    conf::build(&mut draft, &run)?;
    Ok(draft.finish())
}

/// The driver's template, or nothing at all.
fn start(run: &Run<'_>) -> Result<Start, BuildError> {
    let Some(text) = &run.texts.driver_template else {
        let property = run
            .properties
            .get("spark.kubernetes.driver.podTemplateFile");
        // Without the text, what the run asked for would silently be missing.
        return if run.plan.templates.driver.is_some() || property.is_some() {
            Err(BuildError::NoTemplate(Role::Driver))
        } else {
            Ok(Start::default())
        };
    };
    let template = pod_template::parse(text).map_err(|error| BuildError::Template {
        role: Role::Driver,
        error,
    })?;
    let name = run
        .properties
        .get("spark.kubernetes.driver.podTemplateContainerName");
    let mut start = pod_template::start(template, name);
    // Spark's client puts its own in the place of one that is given.
    if let Some(namespace) = &mut start.metadata.namespace
        && *namespace != run.names.namespace
    {
        if !run.version.overrides_template_namespace() {
            return Err(BuildError::TemplateNamespace);
        }
        namespace.clone_from(&run.names.namespace);
    }
    Ok(start)
}

#[cfg(test)]
mod tests;
