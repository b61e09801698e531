//! Spark's `LocalDirsFeatureStep`: where shuffle and spilled data go. Mounts of volumes that are
//! called for it win, whether the template or properties made them.

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Volume};

use super::{BuildError, Draft, Run};

const VOLUME: &str = "spark-local-dir-";
const DIRECTORIES: &str = "SPARK_LOCAL_DIRS";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let mounts = draft.container.volume_mounts.iter().flatten();
    let mut directories: Vec<String> = mounts
        .filter(|mount| mount.name.starts_with(VOLUME))
        .map(|mount| mount.mount_path.clone())
        .collect();
    if directories.is_empty() {
        directories = run
            .environment
            .get(DIRECTORIES)
            .map(String::as_str)
            .or_else(|| run.properties.get("spark.local.dir"))
            .unwrap_or(&run.names.local_dir)
            .trim_end_matches(',')
            .split(',')
            .map(str::to_owned)
            .collect();
        let in_memory = run.properties.flag("spark.kubernetes.local.dirs.tmpfs")?;
        for (path, number) in directories.iter().zip(1..) {
            let volume = Volume {
                name: format!("{VOLUME}{number}"),
                empty_dir: Some(EmptyDirVolumeSource {
                    medium: in_memory.then(|| "Memory".to_owned()),
                    size_limit: None,
                }),
                ..Volume::default()
            };
            draft.mount(volume, path);
        }
    }
    draft.set_env(DIRECTORIES, &directories.join(","));
    Ok(())
}
