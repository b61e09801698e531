//! Spark's `HadoopConfDriverFeatureStep`: Hadoop's configuration files, from texts or from a
//! ConfigMap that exists.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, KeyToPath, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{BuildError, Dependent, Draft, Run};

const EXISTING: &str = "spark.kubernetes.hadoop.configMapName";
const EXECUTORS: &str = "spark.kubernetes.executor.hadoopConfigMapName";
const FOLDER: &str = "/opt/hadoop/conf";
const VOLUME: &str = "hadoop-properties";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let files = &run.texts.hadoop_conf;
    let name = match (run.properties.get(EXISTING), files.is_empty()) {
        (None, true) => return Ok(()),
        (Some(_), false) => {
            return Err(BuildError::Conflict {
                one: EXISTING,
                other: "HADOOP_CONF_DIR",
            });
        }
        (Some(existing), true) => {
            draft.mount(volume(VOLUME, existing, &[]), FOLDER);
            existing.to_owned()
        }
        (None, false) => {
            let name = format!("{}-hadoop-config", run.names.prefix);
            let items: Vec<_> = files
                .keys()
                .map(|key| (key.as_str(), key.as_str()))
                .collect();
            draft.mount(volume(VOLUME, &name, &items), FOLDER);
            push_map(draft, &name, files.clone());
            name
        }
    };
    draft.set_env("HADOOP_CONF_DIR", FOLDER);
    if run.version.tells_executors_of_hadoop() {
        draft.set_property(EXECUTORS, name);
    }
    Ok(())
}

/// A volume of a ConfigMap: its `items` as (key, path), or all of it where there are none.
pub(super) fn volume(name: &str, map: &str, items: &[(&str, &str)]) -> Volume {
    let items = items.iter().map(|(key, path)| KeyToPath {
        key: (*key).to_owned(),
        path: (*path).to_owned(),
        mode: None,
    });
    let items: Vec<_> = items.collect();
    Volume {
        name: name.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: map.to_owned(),
            items: (!items.is_empty()).then_some(items),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Adds an immutable ConfigMap to what is created with the driver.
pub(super) fn push_map(draft: &mut Draft, name: &str, data: BTreeMap<String, String>) {
    draft.dependents.push(Dependent::ConfigMap(ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(data),
        immutable: Some(true),
        binary_data: None,
    }));
}
