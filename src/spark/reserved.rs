//! Properties that a caller may not set, since they would lead a driver out of its virtual
//! cluster's namespace, identity, or name.

/// Whether a caller may not give `key` this `value`.
pub fn is_reserved(key: &str, value: &str) -> bool {
    EXACT.contains(&key)
        || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        || is_identity_label(key)
        // In-driver masters are welcome; another API server is not.
        || (key == "spark.kubernetes.driver.master" && !value.trim().starts_with("local"))
}

const EXACT: [&str; 10] = [
    "spark.app.id",
    "spark.driver.bindAddress",
    "spark.kubernetes.context",
    "spark.kubernetes.driver.pod.name",
    "spark.kubernetes.driver.resourceNamePrefix",
    "spark.kubernetes.namespace",
    "spark.kubernetes.submitInDriver",
    "spark.master",
    "spark.remote",
    "spark.submit.deployMode",
];

const PREFIXES: [&str; 1] = ["spark.kubernetes.authenticate."];

const LABELLED: [&str; 4] = [
    "spark.kubernetes.driver.label.",
    "spark.kubernetes.driver.annotation.",
    "spark.kubernetes.executor.label.",
    "spark.kubernetes.executor.annotation.",
];

/// Spark's own four and everything of Firesteel's: by them drivers and executors are found.
fn is_identity_label(key: &str) -> bool {
    LABELLED
        .iter()
        .filter_map(|prefix| key.strip_prefix(prefix))
        .any(|label| {
            label.starts_with("firesteel.dev/")
                || matches!(
                    label,
                    "spark-app-selector" | "spark-app-name" | "spark-role" | "spark-version"
                )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_and_identity_stay_the_virtual_clusters() {
        for (key, value) in [
            ("spark.kubernetes.namespace", "kube-system"),
            (
                "spark.kubernetes.authenticate.driver.serviceAccountName",
                "root",
            ),
            (
                "spark.kubernetes.authenticate.executor.serviceAccountName",
                "root",
            ),
            ("spark.kubernetes.authenticate.submission.oauthToken", "t"),
            ("spark.kubernetes.driver.pod.name", "other"),
            ("spark.app.id", "spark-other"),
            ("spark.master", "local"),
            ("spark.kubernetes.driver.master", "https://elsewhere"),
            ("spark.kubernetes.driver.label.spark-app-selector", "other"),
            ("spark.kubernetes.executor.label.firesteel.dev/run", "other"),
        ] {
            assert!(is_reserved(key, value), "{key}");
        }
    }

    #[test]
    fn what_callers_need_is_theirs() {
        for (key, value) in [
            ("spark.kubernetes.container.image", "my/image"),
            ("spark.kubernetes.driver.master", "local[*]"),
            ("spark.kubernetes.driver.label.team", "a"),
            ("spark.kubernetes.driver.podTemplateFile", "s3://b/t.yaml"),
            ("spark.executor.instances", "3"),
        ] {
            assert!(!is_reserved(key, value), "{key}");
        }
    }
}
