//! Spark's `EnvSecretsFeatureStep`: environment variables whose values are in Secrets.

use k8s_openapi::api::core::v1::{EnvVarSource, SecretKeySelector};

use super::{BuildError, Draft, Run};

const PREFIX: &str = "spark.kubernetes.driver.secretKeyRef.";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    for (variable, reference) in run.properties.under_in_sparks_order(PREFIX) {
        let (name, key) = reference
            .trim_end_matches(':')
            .split_once(':')
            .filter(|(_, key)| !key.contains(':'))
            .ok_or_else(|| BuildError::Property {
                key: format!("{PREFIX}{variable}"),
                expected: "the name of a Secret and a key of it, as name:key",
            })?;
        draft.set_env_from(
            variable,
            EnvVarSource {
                secret_key_ref: Some(SecretKeySelector {
                    name: name.to_owned(),
                    key: key.to_owned(),
                    optional: None,
                }),
                ..EnvVarSource::default()
            },
        );
    }
    Ok(())
}
