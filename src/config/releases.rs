//! Release labels as an installation and its clusters define them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{ClusterConfig, Config, InvalidConfig};
use crate::spark::releases::{Release, Releases};

/// One `[[releases]]` or `[[clusters.releases]]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseConfig {
    /// A label, or the part of it that several have in common.
    pub label: String,
    #[serde(default)]
    pub spark: Option<String>,
    /// `{spark_version}` stands for the Spark version.
    #[serde(default)]
    pub image: Option<String>,
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// Values may be secrets: only names are printed.
impl fmt::Debug for ReleaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Release::from(self).fmt(f)
    }
}

impl From<&ReleaseConfig> for Release {
    fn from(config: &ReleaseConfig) -> Self {
        Self {
            label: config.label.clone(),
            spark: config.spark.clone(),
            image: config.image.clone(),
            properties: config.properties.clone(),
        }
    }
}

impl Config {
    /// What release labels mean on every cluster.
    pub fn releases(&self) -> Result<Releases, InvalidConfig> {
        Releases::new([own(&self.releases)])
            .map_err(|error| InvalidConfig(format!("releases: {error}")))
    }

    /// What they mean on this one.
    pub fn releases_of(&self, cluster: &ClusterConfig) -> Result<Releases, InvalidConfig> {
        Releases::new([own(&self.releases), own(cluster.releases())]).map_err(|error| {
            InvalidConfig(format!("clusters: {}: releases: {error}", cluster.id()))
        })
    }
}

fn own(releases: &[ReleaseConfig]) -> Vec<Release> {
    releases.iter().map(Release::from).collect()
}
