//! Spark's `PodTemplateConfigMapStep`: the driver makes its executors from a template, which it
//! finds in a file.

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, ObjectFieldSelector, Volume,
};

use super::{BuildError, Draft, Layout, Run, hadoop_conf};
use crate::spark::pod_template::Role;

const PROPERTY: &str = "spark.kubernetes.executor.podTemplateFile";
const FOLDER: &str = "/opt/spark/pod-template";
const FILE: &str = "pod-spec-template.yml";
const VOLUME: &str = "pod-template-volume";
const KEY: &str = "podspec-configmap-key";
const ANNOTATION: &str = "firesteel.dev/executor-pod-template";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let Some(text) = &run.texts.executor_template else {
        let is_asked =
            run.plan.templates.executor.is_some() || run.properties.get(PROPERTY).is_some();
        return if is_asked {
            Err(BuildError::NoTemplate(Role::Executor))
        } else {
            Ok(())
        };
    };
    draft.set_property(PROPERTY, format!("{FOLDER}/{FILE}"));
    let volume = match run.layout {
        Layout::Classic => {
            let name = format!("{}-driver-podspec-conf-map", run.names.prefix);
            let data = [(KEY.to_owned(), text.clone())].into();
            hadoop_conf::push_map(draft, &name, data);
            hadoop_conf::volume(VOLUME, &name, &[(KEY, FILE)])
        }
        Layout::Compact => {
            let annotations = draft.metadata.annotations.get_or_insert_default();
            annotations.insert(ANNOTATION.to_owned(), text.clone());
            Volume {
                name: VOLUME.to_owned(),
                downward_api: Some(DownwardAPIVolumeSource {
                    items: Some(vec![DownwardAPIVolumeFile {
                        path: FILE.to_owned(),
                        field_ref: Some(ObjectFieldSelector {
                            api_version: Some("v1".to_owned()),
                            field_path: format!("metadata.annotations['{ANNOTATION}']"),
                        }),
                        ..DownwardAPIVolumeFile::default()
                    }]),
                    default_mode: None,
                }),
                ..Volume::default()
            }
        }
    };
    draft.mount(volume, FOLDER);
    Ok(())
}
