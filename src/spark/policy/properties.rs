//! Properties that would lead a driver out of its virtual cluster's namespace, identity or name, and
//! those by which a pod would get what no template may ask for.

use super::{Breach, Policy, matches_any, paths, values};
use crate::spark::labels;
use crate::spark::pod_template::{self, Role};

/// What the cluster sets itself, whatever a caller's properties say.
const OVERRIDDEN: [&str; 9] = [
    "spark.app.id",
    "spark.driver.bindAddress",
    "spark.kubernetes.context",
    "spark.kubernetes.driver.pod.name",
    "spark.kubernetes.driver.resourceNamePrefix",
    "spark.kubernetes.namespace",
    "spark.kubernetes.submitInDriver",
    "spark.master",
    "spark.submit.deployMode",
];

/// A reserved property, or the beginning of several.
const IDENTITY: [&str; 2] = ["spark.kubernetes.authenticate.", "spark.remote"];

/// What Spark may leave out of a pod.
const EXCLUSIONS: [&str; 2] = [
    "spark.kubernetes.driver.pod.excludedFeatureSteps",
    "spark.kubernetes.executor.pod.excludedFeatureSteps",
];

/// The ends of the names of the steps that give pods their service accounts, and executors the
/// template that was judged: without it a driver reads what lies at the template's place by then.
const BINDING_STEPS: [&str; 2] = [
    "KubernetesCredentialsFeatureStep",
    "PodTemplateConfigMapStep",
];

const MARKED: [(&str, bool); 8] = [
    ("spark.kubernetes.driver.label.", false),
    ("spark.kubernetes.driver.annotation.", true),
    ("spark.kubernetes.driver.service.label.", false),
    ("spark.kubernetes.driver.service.annotation.", false),
    ("spark.kubernetes.executor.label.", false),
    ("spark.kubernetes.executor.annotation.", true),
    ("spark.kubernetes.executor.service.label.", false),
    ("spark.kubernetes.executor.service.annotation.", false),
];

/// Whether the cluster sets this property whatever a run says.
pub fn is_overridden(key: &str) -> bool {
    OVERRIDDEN.contains(&key)
}

/// Checks one property of a caller's.
pub(super) fn check(policy: &Policy, key: &str, value: &str) -> Result<(), Breach> {
    // By these are pods found: nobody can allow them.
    for (prefix, is_annotation) in MARKED {
        let Some(name) = key.strip_prefix(prefix) else {
            continue;
        };
        if labels::is_reserved(name) {
            return Err(Breach::Property(key.to_owned()));
        }
        if is_annotation
            && let Some(why) = values::annotation(name, value)
            && !matches_any(&policy.allow_properties, key)
        {
            return refuse(key, why);
        }
    }
    if is_unknown_own(key) {
        return refuse(key, "Firesteel has no such property");
    }
    if is_reserved(key, value) && !matches_any(&policy.allow_properties, key) {
        return Err(Breach::Property(key.to_owned()));
    }
    let is_left_out = |step: &&str| value.contains(*step);
    if EXCLUSIONS.contains(&key)
        && BINDING_STEPS.iter().any(is_left_out)
        && !matches_any(&policy.allow_properties, key)
    {
        return refuse(key, "it would leave out an account or a template");
    }
    for role in [Role::Driver, Role::Executor] {
        let prefix = format!("spark.kubernetes.{}.volumes.", role.word());
        if let Some(volume) = key.strip_prefix(&prefix) {
            check_volume(policy, key, volume, value)?;
        }
    }
    Ok(())
}

fn is_reserved(key: &str, value: &str) -> bool {
    is_overridden(key)
        || IDENTITY.iter().any(|prefix| key.starts_with(prefix))
        // In-driver masters are welcome; another API server is not.
        || (key == "spark.kubernetes.driver.master" && !value.trim().starts_with("local"))
}

fn is_unknown_own(key: &str) -> bool {
    key.starts_with("spark.firesteel.")
        && [Role::Driver, Role::Executor]
            .into_iter()
            .all(|role| key != pod_template::inline_property(role))
}

fn check_volume(policy: &Policy, key: &str, volume: &str, value: &str) -> Result<(), Breach> {
    // A kind, a name without dots, and an option.
    let mut parts = volume.splitn(3, '.');
    let (kind, option) = (parts.next(), parts.nth(1).unwrap_or_default());
    let is_path = kind == Some("hostPath") && option == "options.path";
    if is_path && !paths::is_allowed(&policy.host_paths, value) {
        return refuse(key, values::HOST_PATH);
    }
    let is_sub_path = matches!(option, "mount.subPath" | "mount.subPathExpr");
    if is_sub_path && !paths::stays_below(value) {
        return refuse(key, values::SUB_PATH);
    }
    let mark = ["label.", "annotation."]
        .iter()
        .find_map(|kind| option.strip_prefix(kind));
    if mark.is_some_and(labels::is_reserved) {
        return Err(Breach::Property(key.to_owned()));
    }
    Ok(())
}

fn refuse(key: &str, why: &'static str) -> Result<(), Breach> {
    Err(Breach::Value {
        key: key.to_owned(),
        why,
    })
}
