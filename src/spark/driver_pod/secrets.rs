//! Spark's `MountSecretsFeatureStep`: Secrets of the namespace as folders of the driver.

use k8s_openapi::api::core::v1::{SecretVolumeSource, Volume};

use super::{BuildError, Draft, Run};

#[expect(clippy::unnecessary_wraps, reason = "every step has this form")]
pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let secrets = run
        .properties
        .under_in_sparks_order("spark.kubernetes.driver.secrets.");
    for (secret, path) in secrets {
        draft.mount(volume(&format!("{secret}-volume"), secret), path);
    }
    Ok(())
}

/// A volume of all that a Secret holds.
pub(super) fn volume(name: &str, secret: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}
