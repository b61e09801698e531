//! What a host does not do for a run is told.

use super::*;
use crate::domain::ids::AccountId;
use crate::spark::driver_pod::LayoutSetting;
use crate::spark::pod_template::TemplateSource;

async fn notes(cluster: &ProcessCluster, plan: &Plan) -> Vec<String> {
    let account = AccountId::parse("111122223333").unwrap();
    let prepared = cluster.prepare(&account, &driver(), plan).await.ok();
    prepared.unwrap().notes
}

#[tokio::test]
async fn what_only_a_pod_could_have_is_told_without_its_values() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let mut plan = plan("exit 0");
    assert_eq!(notes(&cluster, &plan).await, Vec::<String>::new());

    plan.templates.executor = Some(TemplateSource::Inline("s3cret".to_owned()));
    plan.layout = Some(LayoutSetting::Compact);
    plan.node_label = Some("s3cret".to_owned());
    for (key, value) in [
        (
            "spark.kubernetes.driver.volumes.emptyDir.a.mount.path",
            "/s3cret",
        ),
        ("spark.kubernetes.driverEnv.TOKEN", "s3cret"),
        ("spark.dynamicAllocation.enabled", "true"),
        ("spark.executor.memory", "4g"),
    ] {
        plan.properties.insert(key.to_owned(), value.to_owned());
    }
    let told = notes(&cluster, &plan).await;
    for (note, about) in told.iter().zip([
        "Pod templates",
        "spark.kubernetes.*",
        "Dynamic allocation",
        "spark.executor.memory",
        "layout",
        "nodeLabel",
    ]) {
        assert!(note.contains(about), "{note}");
    }
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(!told.concat().contains("s3cret"), "{told:?}");
}

#[tokio::test]
async fn another_spark_than_the_releases_is_told() {
    let bench = Bench::new();
    let jars = bench.folder.path().join("spark/jars");
    std::fs::create_dir(&jars).unwrap();
    std::fs::write(jars.join("spark-core_2.12-3.5.6.jar"), "").unwrap();
    let cluster = bench.cluster();
    let mut plan = plan("exit 0");
    assert_eq!(notes(&cluster, &plan).await, Vec::<String>::new());
    plan.spark_version = "4.1.1".to_owned();
    let told = notes(&cluster, &plan).await;
    assert_eq!(
        told,
        ["The driver has this host's Spark 3.5.6, not the release's 4.1.1."]
    );
}
