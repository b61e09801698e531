//! The driver pod: what spark-submit of the plan's Spark version would create, in the compact
//! layout, where the Pod is the run's only object. Pure: the same input gives the same pod.
//!
//! Each file builds what one feature step of Spark builds. The steps run in Spark's order, so that
//! environment, volumes and arguments come in the order that real drivers have.

mod basic_driver;
mod command;
mod conf;
mod credentials;
pub mod labels;
mod local_dirs;
mod memory;
mod tombstone;
mod unserved;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, EnvVar, EnvVarSource, Pod, PodSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::plan::Plan;
use crate::domain::ids::{JobRunId, VirtualClusterId};

pub use tombstone::tombstone;

/// The container that runs the driver. Other containers of the pod say nothing about the run.
pub const DRIVER_CONTAINER: &str = "spark-kubernetes-driver";

/// Kubernetes' limit on all annotations of an object together, in bytes of keys and values.
pub const MAX_ANNOTATION_BYTES: usize = 256 * 1024;

/// Which driver of which run of which installation a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The installation's id in its database; a label value.
    pub installation: String,
    /// The pod's name, which is the lock on the attempt.
    pub name: String,
    pub namespace: String,
    pub virtual_cluster: VirtualClusterId,
    pub job_run: JobRunId,
    pub attempt: u32,
}

/// What a cluster's configuration says of all its driver pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSettings {
    /// Where a run names no image; `{spark_version}` stands for the plan's Spark version.
    pub image: Option<String>,
    /// Where a run names no pull policy: `IfNotPresent`, `Always` or `Never`.
    pub image_pull_policy: String,
    /// Where a run names no service account for its driver.
    pub service_account: String,
}

impl Default for PodSettings {
    fn default() -> Self {
        Self {
            image: None,
            image_pull_policy: "IfNotPresent".to_owned(),
            service_account: "spark".to_owned(),
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
    #[error("property {0} is not supported yet: the driver's pod cannot have what it asks for")]
    Unserved(String),
    #[error("{0:?} cannot be the name of a file in the driver's conf folder")]
    ConfFileName(String),
    #[error(
        "the Spark configuration takes {bytes} bytes; a pod's annotations hold at most {}",
        MAX_ANNOTATION_BYTES
    )]
    TooLarge { bytes: usize },
}

/// The driver's pod in the compact layout.
pub fn compact(
    plan: &Plan,
    identity: &Identity,
    settings: &PodSettings,
) -> Result<Pod, BuildError> {
    let version = SparkVersion::parse(&plan.spark_version)?;
    let properties = conf::properties(plan, identity, settings)?;
    let run = Run {
        plan,
        identity,
        version,
        properties: Properties(&properties),
    };
    unserved::refuse(&run)?;
    let mut draft = Draft::default();
    basic_driver::build(&mut draft, &run)?;
    credentials::build(&mut draft, &run);
    command::build(&mut draft, &run);
    local_dirs::build(&mut draft, &run);
    conf::build(&mut draft, &run)?;
    Ok(draft.finish())
}

/// What every step reads.
struct Run<'a> {
    plan: &'a Plan,
    identity: &'a Identity,
    version: SparkVersion,
    /// As the driver will find them.
    properties: Properties<'a>,
}

/// Spark's minor version decides what a driver pod looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SparkVersion {
    major: u32,
    minor: u32,
}

impl SparkVersion {
    fn parse(text: &str) -> Result<Self, BuildError> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(BuildError::SparkVersion(text.to_owned())),
        }
    }

    fn at_least(self, major: u32, minor: u32) -> bool {
        self >= Self { major, minor }
    }
}

#[derive(Clone, Copy)]
struct Properties<'a>(&'a BTreeMap<String, String>);

impl<'a> Properties<'a> {
    fn get(self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(String::as_str)
    }

    /// The properties under `prefix`, by the rest of their key.
    fn under(self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .range(prefix.to_owned()..)
            .map_while(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }
}

/// A pod under construction, with its driver container apart.
#[derive(Default)]
struct Draft {
    metadata: ObjectMeta,
    spec: PodSpec,
    container: Container,
}

impl Draft {
    /// Sets an environment variable; the last setting of a name is the one that counts.
    fn set_env(&mut self, name: &str, value: &str) {
        self.push_env(EnvVar {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            value_from: None,
        });
    }

    fn set_env_from(&mut self, name: &str, source: EnvVarSource) {
        self.push_env(EnvVar {
            name: name.to_owned(),
            value: None,
            value_from: Some(source),
        });
    }

    fn push_env(&mut self, variable: EnvVar) {
        let env = self.container.env.get_or_insert_default();
        env.retain(|set| set.name != variable.name);
        env.push(variable);
    }

    /// Adds a volume and mounts it in the driver container.
    fn mount(&mut self, volume: Volume, path: &str) {
        self.container
            .volume_mounts
            .get_or_insert_default()
            .push(VolumeMount {
                name: volume.name.clone(),
                mount_path: path.to_owned(),
                ..VolumeMount::default()
            });
        self.spec.volumes.get_or_insert_default().push(volume);
    }

    fn finish(mut self) -> Pod {
        self.spec.containers.push(self.container);
        Pod {
            metadata: self.metadata,
            spec: Some(self.spec),
            status: None,
        }
    }
}

#[cfg(test)]
mod tests;
