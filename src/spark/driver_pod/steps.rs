//! Spark's feature steps, in its order, and how a run leaves some out.

use super::{
    BuildError, Draft, Run, basic_driver, command, credentials, env_secrets, hadoop_conf, kerberos,
    local_dirs, network_policy, pod_template_map, secrets, service, volumes,
};

pub(super) const CUSTOM: &str = "spark.kubernetes.driver.pod.featureSteps";
pub(super) const EXCLUDED: &str = "spark.kubernetes.driver.pod.excludedFeatureSteps";

pub(super) type Step = fn(&mut Draft, &Run<'_>) -> Result<(), BuildError>;

const PACKAGE: &str = "org.apache.spark.deploy.k8s.features.";

/// By the names of Spark's classes.
const STEPS: [(&str, Step); 12] = [
    ("BasicDriverFeatureStep", basic_driver::build),
    ("DriverKubernetesCredentialsFeatureStep", credentials::build),
    ("DriverServiceFeatureStep", service::build),
    ("NetworkPolicyFeatureStep", network_policy::build),
    ("MountSecretsFeatureStep", secrets::build),
    ("EnvSecretsFeatureStep", env_secrets::build),
    ("MountVolumesFeatureStep", volumes::build),
    ("DriverCommandFeatureStep", command::build),
    ("HadoopConfDriverFeatureStep", hadoop_conf::build),
    ("KerberosConfDriverFeatureStep", kerberos::build),
    ("PodTemplateConfigMapStep", pod_template_map::build),
    ("LocalDirsFeatureStep", local_dirs::build),
];

/// A pod without these runs no driver.
const INDISPENSABLE: [&str; 2] = ["BasicDriverFeatureStep", "DriverCommandFeatureStep"];

/// The steps of `run`.
pub(super) fn of(run: &Run<'_>) -> Result<Vec<Step>, BuildError> {
    if run
        .properties
        .get(CUSTOM)
        .is_some_and(|custom| !custom.trim().is_empty())
    {
        return Err(BuildError::CustomSteps);
    }
    let excluded = run
        .properties
        .get(EXCLUDED)
        .filter(|_| run.version.excludes_steps())
        .unwrap_or_default();
    let excluded: Vec<&str> = excluded
        .split(',')
        .filter_map(|class| class.trim().strip_prefix(PACKAGE))
        .collect();
    if let Some(step) = INDISPENSABLE.iter().find(|step| excluded.contains(step)) {
        return Err(BuildError::IndispensableStep(step));
    }
    let kept = STEPS.iter().filter(|(name, _)| !excluded.contains(name));
    Ok(kept.map(|(_, step)| *step).collect())
}
