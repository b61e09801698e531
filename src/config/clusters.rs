//! Target clusters as they are configured.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{ReleaseConfig, values};
use crate::domain::ids::AccountId;
use crate::spark::driver_pod::PodSettings;
use crate::spark::layout::LayoutSetting;
use crate::spark::policy::{Policy, is_host_path_pattern, is_never_allowed};

/// One `[[clusters]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "backend", rename_all = "lowercase")]
pub enum ClusterConfig {
    Process(ProcessConfig),
    Kubernetes(KubernetesConfig),
}

/// Spark on this host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessConfig {
    pub id: String,
    #[serde(default, deserialize_with = "values::accounts")]
    pub accounts: Option<Vec<AccountId>>,
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    /// `None` looks for one: `SPARK_HOME`, else an installed pyspark.
    #[serde(default)]
    pub spark_home: Option<PathBuf>,
    #[serde(default = "four")]
    pub max_processes: NonZeroUsize,
    /// Threads for a driver's tasks; `None` means as many as its executors would have had.
    #[serde(default)]
    pub threads: Option<NonZeroUsize>,
    /// Names of environment variables that drivers get of Firesteel's own.
    #[serde(default)]
    pub pass_environment: Vec<String>,
    /// Where event logs of runs go that name no directory themselves.
    #[serde(default)]
    pub event_log_dir: Option<String>,
    /// What release labels mean here, over the installation's and the service's.
    #[serde(default)]
    pub releases: Vec<ReleaseConfig>,
    #[serde(default)]
    pub defaults: DriverDefaults,
    #[serde(default)]
    pub policy: PolicyConfig,
    #[serde(default)]
    pub remove_unknown_objects: bool,
}

/// A Kubernetes cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesConfig {
    pub id: String,
    #[serde(default, deserialize_with = "values::accounts")]
    pub accounts: Option<Vec<AccountId>>,
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    /// `None` means `KUBECONFIG`, else `~/.kube/config`.
    #[serde(default)]
    pub kubeconfig: Option<PathBuf>,
    /// `None` means the kubeconfig's current context.
    #[serde(default)]
    pub context: Option<String>,
    /// The service account of the pod that Firesteel runs in, instead of a kubeconfig.
    #[serde(default)]
    pub in_cluster: bool,
    /// `{spark_version}` stands for the version that a run's release label means.
    #[serde(default = "apache_spark")]
    pub image: String,
    #[serde(default)]
    pub image_pull_policy: ImagePullPolicy,
    /// Where event logs of runs go that name no directory themselves.
    #[serde(default)]
    pub event_log_dir: Option<String>,
    /// What release labels mean here, over the installation's and the service's.
    #[serde(default)]
    pub releases: Vec<ReleaseConfig>,
    /// `None` gives each execution role its own service accounts.
    #[serde(default)]
    pub service_account: Option<String>,
    /// Each role's service accounts say which role of AWS is theirs.
    #[serde(default)]
    pub irsa: bool,
    #[serde(default, deserialize_with = "values::layout")]
    pub layout: LayoutSetting,
    /// The label of nodes whose value a virtual cluster's `nodeLabel` is.
    #[serde(default = "node_label")]
    pub node_label_key: String,
    /// How long one request to the API server may take, connecting included.
    #[serde(default = "ten_seconds", deserialize_with = "values::duration")]
    pub request_timeout: Duration,
    /// How often everything is listed anew, in case an event was lost.
    #[serde(default = "five_minutes", deserialize_with = "values::duration")]
    pub relist_every: Duration,
    #[serde(default)]
    pub defaults: DriverDefaults,
    #[serde(default)]
    pub policy: PolicyConfig,
    #[serde(default)]
    pub remove_unknown_objects: bool,
}

/// What the runs of a cluster start with where they say nothing else.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverDefaults {
    /// Spark properties.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Spark properties by Spark line (`3.5`), Spark version (`3.5.6`) or release label.
    #[serde(default)]
    pub releases: BTreeMap<String, BTreeMap<String, String>>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// Values may be secrets: only names are printed.
impl fmt::Debug for DriverDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverDefaults")
            .field("properties", &self.properties.keys())
            .field("environment", &self.environment.keys())
            .finish_non_exhaustive()
    }
}

/// What callers may ask of a cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    pub allow_properties: Vec<String>,
    pub allow_fields: Vec<String>,
    pub host_paths: Vec<String>,
    pub priority_classes: Vec<String>,
    pub runtime_classes: Vec<String>,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        let default = Policy::default();
        Self {
            allow_properties: default.allow_properties,
            allow_fields: default.allow_fields,
            host_paths: default.host_paths,
            priority_classes: default.priority_classes,
            runtime_classes: default.runtime_classes,
        }
    }
}

impl From<&PolicyConfig> for Policy {
    fn from(config: &PolicyConfig) -> Self {
        let config = config.clone();
        Self {
            allow_properties: config.allow_properties,
            allow_fields: config.allow_fields,
            host_paths: config.host_paths,
            priority_classes: config.priority_classes,
            runtime_classes: config.runtime_classes,
        }
    }
}

impl PolicyConfig {
    /// What of it can never mean anything.
    pub(super) fn mistake(&self) -> Option<String> {
        if let Some(field) = self.allow_fields.iter().find(|f| is_never_allowed(f)) {
            return Some(format!(
                "policy.allow_fields has \"{field}\", which nobody can allow, itself or a part of it"
            ));
        }
        let path = self.host_paths.iter().find(|p| !is_host_path_pattern(p))?;
        Some(format!(
            "policy.host_paths has \"{path}\": a path is absolute, has no .. in it, and is not the \
             whole node"
        ))
    }
}

/// When the kubelet fetches an image.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum ImagePullPolicy {
    Always,
    #[default]
    IfNotPresent,
    Never,
}

impl ImagePullPolicy {
    /// Kubernetes' word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

impl ClusterConfig {
    pub fn id(&self) -> &str {
        match self {
            Self::Process(process) => &process.id,
            Self::Kubernetes(kubernetes) => &kubernetes.id,
        }
    }

    pub fn accounts(&self) -> Option<&Vec<AccountId>> {
        match self {
            Self::Process(process) => process.accounts.as_ref(),
            Self::Kubernetes(kubernetes) => kubernetes.accounts.as_ref(),
        }
    }

    pub fn defaults(&self) -> &DriverDefaults {
        match self {
            Self::Process(process) => &process.defaults,
            Self::Kubernetes(kubernetes) => &kubernetes.defaults,
        }
    }

    pub fn releases(&self) -> &[ReleaseConfig] {
        match self {
            Self::Process(process) => &process.releases,
            Self::Kubernetes(kubernetes) => &kubernetes.releases,
        }
    }

    pub fn event_log_dir(&self) -> Option<&str> {
        match self {
            Self::Process(process) => process.event_log_dir.as_deref(),
            Self::Kubernetes(kubernetes) => kubernetes.event_log_dir.as_deref(),
        }
    }

    pub fn policy(&self) -> &PolicyConfig {
        match self {
            Self::Process(process) => &process.policy,
            Self::Kubernetes(kubernetes) => &kubernetes.policy,
        }
    }

    /// Whether objects of this installation that belong to no run are deleted.
    pub fn removes_unknown_objects(&self) -> bool {
        match self {
            Self::Process(process) => process.remove_unknown_objects,
            Self::Kubernetes(kubernetes) => kubernetes.remove_unknown_objects,
        }
    }

    pub fn namespaces(&self) -> Option<&Vec<String>> {
        match self {
            Self::Process(process) => process.namespaces.as_ref(),
            Self::Kubernetes(kubernetes) => kubernetes.namespaces.as_ref(),
        }
    }
}

impl ProcessConfig {
    /// The cluster of `firesteel dev` where none is configured.
    pub fn local() -> Self {
        Self {
            id: "local".to_owned(),
            accounts: None,
            namespaces: None,
            spark_home: None,
            max_processes: four(),
            threads: None,
            pass_environment: Vec::new(),
            event_log_dir: None,
            releases: Vec::new(),
            defaults: DriverDefaults::default(),
            policy: PolicyConfig::default(),
            remove_unknown_objects: false,
        }
    }
}

// A list of tables has no table of defaults to go over, so theirs are here; the comments of
// `config.default.toml` repeat them and a test compares.

fn four() -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(3)
}

fn apache_spark() -> String {
    "apache/spark:{spark_version}".to_owned()
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

fn node_label() -> String {
    PodSettings::default().node_label_key
}
