//! What of a run means nothing where its driver is a process of this host, for the run's story.

use crate::spark::Plan;

/// One note for each thing that was asked for and is not done. `host_spark` is this host's version.
pub fn of(plan: &Plan, host_spark: Option<&str>) -> Vec<String> {
    let is_set = |key: &str| plan.properties.contains_key(key);
    let templates = &plan.templates;
    let allocation = plan.properties.get("spark.dynamicAllocation.enabled");
    let told = [
        (
            templates.driver.is_some() || templates.executor.is_some(),
            "Pod templates have no effect: the driver is a process of a host.",
        ),
        (
            plan.properties
                .keys()
                .any(|key| key.starts_with("spark.kubernetes.")),
            "Properties spark.kubernetes.* have no effect: the driver is a process of a host.",
        ),
        (
            allocation.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")),
            "Dynamic allocation has no effect: the driver does the work of its executors.",
        ),
        (
            is_set("spark.executor.memory"),
            "Property spark.executor.memory has no effect: the driver does the work of its \
             executors, in spark.driver.memory.",
        ),
        (
            plan.layout.is_some(),
            "Property layout of classification firesteel has no effect: the driver is a process \
             of a host.",
        ),
        (
            plan.node_label.is_some(),
            "The virtual cluster's nodeLabel has no effect: the driver is a process of a host.",
        ),
    ];
    let other_spark = host_spark
        .filter(|host_spark| *host_spark != plan.spark_version)
        .map(|host_spark| {
            format!(
                "The driver has this host's Spark {host_spark}, not the release's {}.",
                plan.spark_version
            )
        });
    told.into_iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, note)| note.to_owned())
        .chain(other_spark)
        .collect()
}
