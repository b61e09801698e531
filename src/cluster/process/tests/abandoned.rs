//! Folders whose creator died before it started their driver.

use super::*;

/// A folder whose creator died before it started the driver.
fn abandon(cluster: &ProcessCluster, driver: &DriverRef, plan: &Plan) -> Record {
    let host = &cluster.host;
    let folder = host.folder(&driver.namespace, &driver.name);
    let mut record = Record::new(driver, &host.settings.installation, Some(plan));
    record.created_at = Timestamp::now() - jiff::SignedDuration::from_secs(60);
    let files = host.launcher.files(plan, folder.path());
    folder.create(&record, &files).unwrap();
    record
}

#[tokio::test]
async fn an_abandoned_driver_is_started_by_the_next_creation() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let record = abandon(&cluster, &driver, &plan("exit 0"));
    let seen = cluster
        .create(&driver, &plan("exit 0"), &Prepared::default())
        .await
        .unwrap();
    assert_eq!(seen.holder.uid, record.uid);
    assert_eq!(exit_when_ended(&cluster, &driver).await.code, Some(0));
}

#[tokio::test]
async fn an_abandoned_driver_is_started_by_a_watch() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    abandon(&cluster, &driver, &plan("exit 0"));
    let (_namespaces, _events) = watching(&cluster);
    assert_eq!(exit_when_ended(&cluster, &driver).await.code, Some(0));
}

#[tokio::test]
async fn an_abandoned_driver_that_was_deleted_never_starts() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let record = abandon(&cluster, &driver, &plan("exit 0"));
    cluster.delete(&driver, &record.uid).await.unwrap();
    assert_eq!(cluster.look(&driver).await.unwrap(), None);
}
