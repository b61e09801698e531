//! What Spark's Kubernetes client adds last: the driver's conf folder. In the classic layout a
//! ConfigMap holds its files; in the compact one they ride in annotations of the pod and reach the
//! container through a downwardAPI volume, so that no second object can be missing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath,
    ObjectFieldSelector, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{BuildError, Dependent, Draft, Layout, MAX_ANNOTATION_BYTES, Run};
use crate::spark::properties;

const FOLDER: &str = "/opt/spark/conf";
const PROPERTIES_FILE: &str = "spark.properties";
pub(super) const VOLUME: &str = "spark-conf-volume-driver";
/// Tells the namespace to readers of the map, among whom no driver is.
const NAMESPACE_KEY: &str = "spark.kubernetes.namespace";

const PROPERTIES_ANNOTATION: &str = "firesteel.dev/spark.properties";
/// Followed by the file's name.
const FILE_ANNOTATION: &str = "firesteel.dev/conf.";

pub(super) fn properties_path() -> String {
    format!("{FOLDER}/{PROPERTIES_FILE}")
}

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    draft.set_env("SPARK_CONF_DIR", FOLDER);
    match run.layout {
        Layout::Compact => annotations(draft, run),
        Layout::Classic => {
            config_map(draft, run);
            Ok(())
        }
    }
}

fn config_map(draft: &mut Draft, run: &Run<'_>) {
    let name = &run.names.config_map;
    let mut data = run.plan.conf_files.clone();
    let text = format!(
        "#Java properties built from Kubernetes config map with name: {name}\n{}{}",
        date_line(draft),
        properties::to_utf8_text(&draft.properties)
    );
    data.insert(PROPERTIES_FILE.to_owned(), text);
    let items = data
        .keys()
        .map(|key| KeyToPath {
            key: key.clone(),
            path: key.clone(),
            mode: Some(0o644),
        })
        .collect();
    let volume = Volume {
        name: VOLUME.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: name.clone(),
            items: Some(items),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    draft.mount(volume, FOLDER);
    data.insert(NAMESPACE_KEY.to_owned(), run.names.namespace.clone());
    draft.dependents.push(Dependent::ConfigMap(ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(run.names.namespace.clone()),
            labels: run.version.writes_empty_maps().then(BTreeMap::new),
            ..ObjectMeta::default()
        },
        data: Some(data),
        immutable: Some(true),
        binary_data: None,
    }));
}

/// Java dates such files; of a time that is not known there is no line.
fn date_line(draft: &Draft) -> String {
    let submitted = draft
        .properties
        .get("spark.app.submitTime")
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis.parse().ok()?).ok());
    submitted.map_or_else(String::new, |time| {
        time.strftime("#%a %b %d %H:%M:%S UTC %Y\n").to_string()
    })
}

fn annotations(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let mut files = BTreeMap::from([(
        PROPERTIES_FILE,
        (
            PROPERTIES_ANNOTATION.to_owned(),
            properties::to_utf8_text(&draft.properties),
        ),
    )]);
    for (name, text) in &run.plan.conf_files {
        files.insert(name, (file_annotation(name)?, text.clone()));
    }
    let items = files
        .iter()
        .map(|(name, (annotation, _))| DownwardAPIVolumeFile {
            path: (*name).to_owned(),
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: format!("metadata.annotations['{annotation}']"),
            }),
            ..DownwardAPIVolumeFile::default()
        })
        .collect();
    let annotations = draft.metadata.annotations.get_or_insert_default();
    annotations.extend(files.into_values());
    let bytes = annotations
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if bytes > MAX_ANNOTATION_BYTES {
        return Err(BuildError::TooLarge { bytes });
    }
    let volume = Volume {
        name: VOLUME.to_owned(),
        downward_api: Some(DownwardAPIVolumeSource {
            items: Some(items),
            default_mode: None,
        }),
        ..Volume::default()
    };
    draft.mount(volume, FOLDER);
    Ok(())
}

/// The annotation that carries a file, if its name can be part of an annotation's.
fn file_annotation(name: &str) -> Result<String, BuildError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let valid = name.len() <= 58
        && name.chars().all(allowed)
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name != PROPERTIES_FILE;
    if valid {
        Ok(format!("{FILE_ANNOTATION}{name}"))
    } else {
        Err(BuildError::ConfFileName(name.to_owned()))
    }
}
