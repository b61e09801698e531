//! Settings: `config.default.toml` documents each with its default, and nothing else holds one.
//!
//! What this module gives out is complete and has the right form; what a command demands beyond
//! that (`serve` above all) is checked in `check`.

mod check;
mod clusters;
mod keys;
mod releases;
mod templates;
mod throttling;
mod values;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{ConfigError, Environment, File, FileFormat};
use serde::Deserialize;

pub use check::Command;
pub use clusters::{ClusterConfig, DriverDefaults, KubernetesConfig, PolicyConfig, ProcessConfig};
pub use keys::{DEV_MASTER_KEY, MAKE_A_KEY};
pub use releases::ReleaseConfig;
pub use templates::TemplatesConfig;
pub use throttling::{Limit, ThrottlingConfig};
pub use values::{Listen, Secret, parse_duration};

use crate::domain::arn::Region;
use crate::domain::ids::{AccountId, ClusterId};
use crate::domain::job_run::decide::Policy;

/// The defaults, also the documentation of all settings.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The account that an unauthenticated caller acts for.
    #[serde(deserialize_with = "values::account")]
    pub account: AccountId,
    pub region: String,
    pub partition: String,
    data_dir: Option<PathBuf>,
    master_key: Option<Secret>,
    master_key_file: Option<PathBuf>,
    pub allow_process_backend: bool,
    pub api: ApiConfig,
    pub admin: AdminConfig,
    pub database: DatabaseConfig,
    pub worker: WorkerConfig,
    #[serde(default)]
    pub retention: RetentionConfig,
    pub templates: TemplatesConfig,
    pub log: LogConfig,
    #[serde(default)]
    releases: Vec<ReleaseConfig>,
    #[serde(default)]
    pub clusters: Vec<ClusterConfig>,
}

/// The API's port.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    pub listen: Listen,
    auth: Option<Auth>,
    /// The origins of web pages that may call, each as a browser writes it.
    #[serde(default)]
    pub cors_origins: Vec<String>,
    pub docs: bool,
    pub max_body_bytes: NonZeroUsize,
    pub max_connections: NonZeroUsize,
    pub default_page_size: NonZeroU32,
    pub max_page_size: NonZeroU32,
    #[serde(deserialize_with = "values::duration")]
    pub request_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub drain_timeout: Duration,
    pub following: FollowingConfig,
    pub throttling: ThrottlingConfig,
}

/// Requests that wait for job runs, and streams of their events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowingConfig {
    pub max_per_account: NonZeroUsize,
    #[serde(deserialize_with = "values::duration")]
    pub poll_interval: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub heartbeat: Duration,
}

/// How callers prove who they are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Not at all: everybody is the configured account.
    None,
    /// With an access key: each request is signed with it, or carries its bearer token.
    SigV4,
}

impl ApiConfig {
    /// Where neither the settings nor the command say otherwise, callers prove who they are.
    pub fn auth(&self) -> Auth {
        self.auth.unwrap_or(Auth::SigV4)
    }
}

/// The port for operators.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    pub listen: Listen,
}

/// Postgres.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    pub url: Option<Secret>,
    pub listen_url: Option<Secret>,
    pub max_connections: NonZeroU32,
    #[serde(deserialize_with = "values::duration")]
    pub acquire_timeout: Duration,
    pub postgres_bin: Option<PathBuf>,
}

/// The workers, and the limits that `decide` keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    #[serde(deserialize_with = "values::duration")]
    pub lease: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub poll_interval: Duration,
    pub steps_per_cluster: NonZeroUsize,
    #[serde(deserialize_with = "values::duration")]
    pub watch_term: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub namespace_check: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub drain_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub tidy_interval: Duration,
    pub most_ended_drivers: NonZeroU32,
    #[serde(deserialize_with = "values::duration")]
    pub start_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub image_pull_timeout: Duration,
    #[serde(deserialize_with = "values::duration_or_none")]
    pub queue_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub unreachable_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub template_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub settle: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub lost_driver_hold: Duration,
    pub platform_retries: u32,
    #[serde(deserialize_with = "values::duration")]
    pub retry_pause: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub longest_retry_pause: Duration,
    #[serde(deserialize_with = "values::duration_or_none")]
    pub keep_driver: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub name_hold: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub sidecar_grace: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub delete_again: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub grace_period: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub try_again: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub idle: Duration,
}

impl From<&WorkerConfig> for Policy {
    fn from(config: &WorkerConfig) -> Self {
        Self {
            start_timeout: config.start_timeout,
            image_pull_timeout: config.image_pull_timeout,
            queue_timeout: config.queue_timeout,
            unreachable_timeout: config.unreachable_timeout,
            template_timeout: config.template_timeout,
            run_timeout: None,
            settle: config.settle,
            lost_driver_hold: config.lost_driver_hold,
            platform_retries: config.platform_retries,
            retry_pause: config.retry_pause,
            longest_retry_pause: config.longest_retry_pause,
            keep_driver: config.keep_driver,
            name_hold: config.name_hold,
            sidecar_grace: config.sidecar_grace,
            delete_again: config.delete_again,
            grace_period: config.grace_period,
            try_again: config.try_again,
            idle: config.idle,
        }
    }
}

/// How long what is over is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Finished job runs; `None` is for good.
    #[serde(default, deserialize_with = "values::optional_duration")]
    pub job_runs: Option<Duration>,
}

/// The log, which goes to standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    pub filter: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// The settings are wrong; the text is one line for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidConfig(pub String);

/// What the command line sets over file and environment.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub listen: Option<String>,
    pub admin_listen: Option<String>,
    pub data_dir: Option<PathBuf>,
    pub database_url: Option<String>,
    pub postgres_bin: Option<PathBuf>,
}

impl Config {
    /// Reads the defaults, then `file`, then `FIRESTEEL_*` of `environment`, then `overrides`.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, InvalidConfig> {
        let mut builder =
            config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let environment = environment
            .into_iter()
            .filter(|(name, _)| is_setting(name))
            .collect();
        builder = builder.add_source(
            Environment::with_prefix("FIRESTEEL")
                .prefix_separator("_")
                .separator("__")
                .source(Some(environment)),
        );
        for (key, value) in overrides.settings() {
            builder = builder
                .set_override_option(key, value)
                .map_err(invalid_config)?;
        }
        let config: Self = builder
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(invalid_config)?;
        config.check()?;
        Ok(config)
    }

    /// Whether objects of this installation that belong to no run are deleted from a cluster.
    pub fn removes_unknown_objects_of(&self, cluster: &ClusterId) -> bool {
        let configured = self.clusters.iter();
        configured
            .filter(|configured| configured.id() == cluster.as_str())
            .any(ClusterConfig::removes_unknown_objects)
    }

    /// The partition and region of all names.
    pub fn naming(&self) -> Region {
        Region {
            partition: self.partition.clone(),
            region: self.region.clone(),
        }
    }
}

impl Overrides {
    fn settings(&self) -> [(&'static str, Option<String>); 5] {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        [
            ("api.listen", self.listen.clone()),
            ("admin.listen", self.admin_listen.clone()),
            ("data_dir", self.data_dir.as_ref().map(text)),
            ("database.url", self.database_url.clone()),
            (
                "database.postgres_bin",
                self.postgres_bin.as_ref().map(text),
            ),
        ]
    }
}

/// Kubernetes gives every pod variables of the services beside it, such as
/// `FIRESTEEL_SERVICE_HOST` for a service of that name: so only names that can be settings count.
fn is_setting(name: &str) -> bool {
    const TOP: [&str; 7] = [
        "ACCOUNT",
        "REGION",
        "PARTITION",
        "DATA_DIR",
        "MASTER_KEY",
        "MASTER_KEY_FILE",
        "ALLOW_PROCESS_BACKEND",
    ];
    name.strip_prefix("FIRESTEEL_")
        .is_some_and(|rest| rest.contains("__") || TOP.contains(&rest))
}

/// One line out of an error that may draw the place in the file.
fn invalid_config(error: ConfigError) -> InvalidConfig {
    let text = error.to_string();
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains('|'))
        .collect();
    InvalidConfig(lines.join(": "))
}

#[cfg(test)]
mod tests;
