//! What the objects of a driver are called: by Spark's formulas, or by a job run's attempt.

use super::{Identity, labels};
use crate::spark::plan::Plan;

/// Kubernetes' limit on the name of a Service.
const MAX_SERVICE_NAME: usize = 63;

/// What makes a submission's names unlike any other's. Each is a `unique_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uniques {
    /// In the prefix of most names.
    pub prefix: String,
    /// In the Service's name, where the prefix is too long for it.
    pub service: String,
    /// In the name of the driver's ConfigMap.
    pub config_map: String,
    /// Any UUID.
    pub local_dir: String,
}

/// Names that a driver and its objects find one another by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub namespace: String,
    pub pod: String,
    /// What the names of further objects begin with (Spark's resource name prefix).
    pub prefix: String,
    pub service: String,
    pub config_map: String,
    /// Where shuffle data goes if nobody says.
    pub local_dir: String,
}

impl Names {
    /// Those that spark-submit gives.
    pub fn of_submission(plan: &Plan, uniques: &Uniques) -> Self {
        let prefix = resource_prefix(&plan.app_name, &uniques.prefix);
        Self::with_prefix(plan, prefix, uniques)
    }

    /// Those that spark-submit gives with this resource name prefix.
    pub fn with_prefix(plan: &Plan, prefix: String, uniques: &Uniques) -> Self {
        let property = |key: &str| plan.properties.get(key).cloned();
        Self {
            namespace: property("spark.kubernetes.namespace")
                .unwrap_or_else(|| "default".to_owned()),
            pod: property("spark.kubernetes.driver.pod.name")
                .unwrap_or_else(|| format!("{prefix}-driver")),
            service: service(&prefix, &uniques.service),
            config_map: config_map(&uniques.config_map),
            local_dir: format!("/var/data/spark-{}", uniques.local_dir),
            prefix,
        }
    }

    /// Those of a job run's attempt: known before anything is created, and the same each time.
    pub fn of_attempt(identity: &Identity, app_id: &str) -> Self {
        Self {
            namespace: identity.namespace.clone(),
            pod: identity.name.clone(),
            prefix: app_id.to_owned(),
            service: format!("{app_id}-driver-svc"),
            config_map: format!("{app_id}-driver-conf-map"),
            local_dir: format!("/var/data/{app_id}"),
        }
    }
}

/// Spark's unique id: six digits of chance, and ten or eleven of time.
pub fn unique_id(random: [u8; 3], epoch_millis: u64) -> String {
    let [a, b, c] = random;
    let time = epoch_millis & 0xFF_FFFF_FFFF;
    format!("{a:02x}{b:02x}{c:02x}{time:x}")
}

/// The resource name prefix of an application.
pub fn resource_prefix(app_name: &str, unique: &str) -> String {
    let name = labels::hyphenated(&format!("{app_name}-{unique}"));
    let name = name.strip_prefix('-').unwrap_or(&name);
    match name.strip_prefix(|c: char| c.is_ascii_digit()) {
        Some(rest) => format!("x{rest}"),
        None => name.to_owned(),
    }
}

/// The driver's Service: by the prefix, unless that is too long. `unique` is not the prefix's.
pub fn service(prefix: &str, unique: &str) -> String {
    let name = format!("{prefix}-driver-svc");
    if name.len() <= MAX_SERVICE_NAME {
        name
    } else {
        format!("spark-{unique}-driver-svc")
    }
}

/// The driver's ConfigMap.
pub fn config_map(unique: &str) -> String {
    format!("spark-drv-{unique}-conf-map")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_id_is_chance_and_time() {
        let id = unique_id([0x0a, 0xff, 0x00], 1_795_409_791_635);
        assert_eq!(id, "0aff00a206c34a93");
        // The time loses what is above its 40 bits, and leading zeros.
        assert_eq!(unique_id([0, 0, 1], 0x0500_0000_00ff), "000001ff");
    }

    #[test]
    fn a_prefix_is_a_name_that_kubernetes_takes() {
        for (app_name, prefix) in [
            ("spark-pi", "spark-pi-u1"),
            ("9 My.App", "x-my-app-u1"),
            ("99", "x9-u1"),
            ("-- a", "a-u1"),
            ("Ünï çödé!", "n-d-u1"),
            ("", "u1"),
        ] {
            assert_eq!(resource_prefix(app_name, "u1"), prefix, "{app_name}");
        }
    }

    #[test]
    fn a_service_whose_name_would_be_too_long_is_called_otherwise() {
        let prefix = "a".repeat(52);
        assert_eq!(service(&prefix, "u2"), format!("{prefix}-driver-svc"));
        assert_eq!(service(&"a".repeat(53), "u2"), "spark-u2-driver-svc");
    }
}
