//! Spark's `LocalDirsFeatureStep`: where shuffle and spilled data go.

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Volume};

use super::{Draft, Run};

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) {
    // Spark draws a random name, which executors then share. The application's id is as unique,
    // and building the pod again gives the same pod.
    let default = format!("/var/data/{}", run.plan.app_id);
    let directories: Vec<&str> = run
        .properties
        .get("spark.local.dir")
        .unwrap_or(&default)
        .split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .collect();
    let in_memory = run.properties.get("spark.kubernetes.local.dirs.tmpfs") == Some("true");
    for (path, number) in directories.iter().zip(1..) {
        let volume = Volume {
            name: format!("spark-local-dir-{number}"),
            empty_dir: Some(EmptyDirVolumeSource {
                medium: in_memory.then(|| "Memory".to_owned()),
                size_limit: None,
            }),
            ..Volume::default()
        };
        draft.mount(volume, path);
    }
    draft.set_env("SPARK_LOCAL_DIRS", &directories.join(","));
}
