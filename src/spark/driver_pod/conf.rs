//! The driver's conf folder. Its files ride in annotations of the pod and reach the container
//! through a downwardAPI volume: no second object can be missing when the pod starts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, ObjectFieldSelector, Volume,
};

use super::{
    BuildError, Draft, Identity, MAX_ANNOTATION_BYTES, PodSettings, Run, credentials, labels,
    memory,
};
use crate::spark::plan::{Language, Plan};
use crate::spark::properties;

const FOLDER: &str = "/opt/spark/conf";
const PROPERTIES_FILE: &str = "spark.properties";
const PROPERTIES_ANNOTATION: &str = "firesteel.dev/spark.properties";
/// Followed by the file's name.
const FILE_ANNOTATION: &str = "firesteel.dev/conf.";

const EXECUTOR_LABEL: &str = "spark.kubernetes.executor.label.";

pub(super) fn properties_path() -> String {
    format!("{FOLDER}/{PROPERTIES_FILE}")
}

/// The plan's properties with what only the cluster can know: the same that spark-submit's steps
/// add, and the marks of the run's executors.
pub(super) fn properties(
    plan: &Plan,
    identity: &Identity,
    settings: &PodSettings,
) -> Result<BTreeMap<String, String>, BuildError> {
    let mut properties = plan.properties.clone();
    // The address comes by the command line; a host of the caller's cannot be the pod's.
    properties.remove("spark.driver.host");
    properties.remove("spark.driver.bindAddress");

    for (key, value) in [
        ("spark.app.id", plan.app_id.as_str()),
        ("spark.master", "k8s://https://kubernetes.default.svc"),
        ("spark.submit.deployMode", "cluster"),
        ("spark.kubernetes.namespace", &identity.namespace),
        ("spark.kubernetes.driver.pod.name", &identity.name),
        ("spark.kubernetes.submitInDriver", "true"),
        (
            "spark.kubernetes.resource.type",
            resource_type(plan.language),
        ),
    ] {
        properties.insert(key.to_owned(), value.to_owned());
    }

    let image = settings
        .image
        .as_ref()
        .map(|image| image.replace("{spark_version}", &plan.spark_version));
    for (key, default) in [
        ("spark.app.name", Some(plan.app_name.as_str())),
        ("spark.driver.port", Some("7078")),
        (
            "spark.driver.blockManager.port",
            Some(block_manager_port(plan)),
        ),
        ("spark.kubernetes.container.image", image.as_deref()),
        (
            "spark.kubernetes.container.image.pullPolicy",
            Some(settings.image_pull_policy.as_str()),
        ),
        (
            credentials::SERVICE_ACCOUNT,
            Some(settings.service_account.as_str()),
        ),
        // Executors take their share from this one.
        (
            "spark.kubernetes.memoryOverheadFactor",
            Some(memory::default_overhead_factor(plan.language)),
        ),
        // Executors get the driver's conf folder through a map of the driver's own making, which
        // is of no use where the folder holds only what they are told anyway.
        (
            "spark.kubernetes.executor.disableConfigMap",
            plan.conf_files.is_empty().then_some("true"),
        ),
    ] {
        if let Some(default) = default {
            properties
                .entry(key.to_owned())
                .or_insert_with(|| default.to_owned());
        }
    }
    label_executors(&mut properties, identity)?;
    Ok(properties)
}

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let mut files = vec![(
        PROPERTIES_FILE,
        PROPERTIES_ANNOTATION.to_owned(),
        properties::to_text(run.properties.0),
    )];
    for (name, text) in &run.plan.conf_files {
        files.push((name, file_annotation(name)?, text.clone()));
    }
    let items = files
        .iter()
        .map(|(name, annotation, _)| DownwardAPIVolumeFile {
            path: (*name).to_owned(),
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: format!("metadata.annotations['{annotation}']"),
            }),
            ..DownwardAPIVolumeFile::default()
        })
        .collect();
    let annotations = draft.metadata.annotations.get_or_insert_default();
    annotations.extend(
        files
            .into_iter()
            .map(|(_, annotation, text)| (annotation, text)),
    );
    let bytes = annotations
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if bytes > MAX_ANNOTATION_BYTES {
        return Err(BuildError::TooLarge { bytes });
    }
    draft.set_env("SPARK_CONF_DIR", FOLDER);
    let volume = Volume {
        name: "spark-conf-volume-driver".to_owned(),
        downward_api: Some(DownwardAPIVolumeSource {
            items: Some(items),
            default_mode: None,
        }),
        ..Volume::default()
    };
    draft.mount(volume, FOLDER);
    Ok(())
}

fn resource_type(language: Language) -> &'static str {
    match language {
        Language::Java | Language::Sql => "java",
        Language::Python => "python",
        Language::R => "r",
    }
}

fn block_manager_port(plan: &Plan) -> &str {
    plan.properties
        .get("spark.blockManager.port")
        .map_or("7079", String::as_str)
}

/// Executors carry their run's marks by Spark's own means.
fn label_executors(
    properties: &mut BTreeMap<String, String>,
    identity: &Identity,
) -> Result<(), BuildError> {
    let taken = properties.keys().find(|key| {
        key.strip_prefix(EXECUTOR_LABEL)
            .is_some_and(labels::is_reserved)
    });
    if let Some(key) = taken {
        return Err(BuildError::Reserved(key.clone()));
    }
    properties
        .entry(format!("{EXECUTOR_LABEL}{}", labels::APP.0))
        .or_insert_with(|| labels::APP.1.to_owned());
    for (key, value) in labels::of_attempt(identity, "executor") {
        properties.insert(format!("{EXECUTOR_LABEL}{key}"), value);
    }
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
