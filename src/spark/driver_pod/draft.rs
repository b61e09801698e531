//! What the steps read and what they write.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, EnvVar, EnvVarSource, Pod, PodSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::spark_order::{self, Scala};
use super::version::SparkVersion;
use super::{BuildError, Dependent, Layout, Names, Objects, Submission, Texts};
use crate::spark::plan::Plan;

/// What every step reads.
pub(super) struct Run<'a> {
    pub plan: &'a Plan,
    pub names: &'a Names,
    pub layout: Layout,
    pub texts: &'a Texts,
    pub user: &'a str,
    pub environment: &'a BTreeMap<String, String>,
    pub version: SparkVersion,
    /// As the caller and the configuration gave them.
    pub properties: Properties<'a>,
}

impl<'a> Run<'a> {
    pub(super) fn of(submission: &Submission<'a>) -> Result<Self, BuildError> {
        let version = SparkVersion::parse(&submission.plan.spark_version)?;
        Ok(Self {
            plan: submission.plan,
            names: submission.names,
            layout: submission.layout,
            texts: submission.texts,
            user: submission.user,
            environment: submission.environment,
            version,
            properties: Properties::new(&submission.plan.properties, version.scala()),
        })
    }
}

/// The properties of a run, in no order of Spark's unless it is asked for.
pub(super) struct Properties<'a> {
    map: &'a BTreeMap<String, String>,
    scala: Scala,
    in_order: OnceCell<Vec<(&'a str, &'a str)>>,
}

impl<'a> Properties<'a> {
    fn new(map: &'a BTreeMap<String, String>, scala: Scala) -> Self {
        Self {
            map,
            scala,
            in_order: OnceCell::new(),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.map.get(key).map(String::as_str)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.map.keys().map(String::as_str)
    }

    /// Whether the property is `true`; unset is `false`.
    pub(super) fn flag(&self, key: &str) -> Result<bool, BuildError> {
        match self.get(key).map(|text| text.trim().to_lowercase()) {
            None => Ok(false),
            Some(text) => text.parse().map_err(|_| BuildError::Property {
                key: key.to_owned(),
                expected: "true or false",
            }),
        }
    }

    /// The properties under `prefix`, by the rest of their key.
    pub(super) fn under(&self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.map
            .range(prefix.to_owned()..)
            .map_while(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }

    /// The properties under `prefix`, in the order in which Spark's own map of them has them.
    pub(super) fn under_in_sparks_order(&self, prefix: &'a str) -> Vec<(&'a str, &'a str)> {
        let found: Vec<_> = self.under(prefix).collect();
        if found.len() < 2 {
            return found;
        }
        let all = self
            .in_order
            .get_or_init(|| spark_order::get_all(self.scala, spark_order::spark_conf(self.map)));
        let found = all
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, *value)));
        spark_order::to_map(self.scala, found.collect())
    }
}

/// The objects under construction, with the driver's container apart.
#[derive(Default)]
pub(super) struct Draft {
    pub metadata: ObjectMeta,
    pub spec: PodSpec,
    pub container: Container,
    /// The driver's properties: the run's, and what steps add.
    pub properties: BTreeMap<String, String>,
    /// In the order in which spark-submit sends them.
    pub dependents: Vec<Dependent>,
}

impl Draft {
    /// Adds an environment variable. The kubelet takes the last of a name.
    pub(super) fn set_env(&mut self, name: &str, value: &str) {
        self.push_env(EnvVar {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            value_from: None,
        });
    }

    pub(super) fn set_env_from(&mut self, name: &str, source: EnvVarSource) {
        self.push_env(EnvVar {
            name: name.to_owned(),
            value: None,
            value_from: Some(source),
        });
    }

    fn push_env(&mut self, variable: EnvVar) {
        self.container.env.get_or_insert_default().push(variable);
    }

    pub(super) fn set_property(&mut self, key: &str, value: impl Into<String>) {
        self.properties.insert(key.to_owned(), value.into());
    }

    /// Adds a volume and mounts it in the driver container.
    pub(super) fn mount(&mut self, volume: Volume, path: &str) {
        let mount = VolumeMount {
            name: volume.name.clone(),
            mount_path: path.to_owned(),
            ..VolumeMount::default()
        };
        self.mount_as(volume, mount);
    }

    /// Adds a volume and this very mount of it.
    pub(super) fn mount_as(&mut self, volume: Volume, mount: VolumeMount) {
        self.container
            .volume_mounts
            .get_or_insert_default()
            .push(mount);
        self.spec.volumes.get_or_insert_default().push(volume);
    }

    pub(super) fn finish(mut self) -> Objects {
        self.spec.containers.push(self.container);
        Objects {
            pod: Pod {
                metadata: self.metadata,
                spec: Some(self.spec),
                status: None,
            },
            dependents: self.dependents,
        }
    }
}
