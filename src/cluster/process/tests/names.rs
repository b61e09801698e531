//! A name belongs to one attempt, whose driver or tombstone has it.

use super::*;

#[tokio::test]
async fn creating_twice_gives_one_process() {
    let bench = Bench::new();
    let (one, two) = (bench.cluster(), bench.cluster());
    let driver = driver();
    let plan = plan("echo ran >> ../ran; exec sleep 60");
    let nothing = Prepared::default();
    let (first, second) = tokio::join!(
        one.create(&driver, &plan, &nothing),
        two.create(&driver, &plan, &nothing)
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.holder, second.holder);
    line_of(&bench, &driver, "ran").await;
    let third = one
        .create(&driver, &plan, &Prepared::default())
        .await
        .unwrap();
    assert_eq!(third.holder, first.holder);
    // Even a start that overtakes all looks is let in once.
    two.host
        .start(&two.host.folder(&driver.namespace, &driver.name));
    one.delete(&driver, &first.holder.uid).await.unwrap();
    exit_when_ended(&one, &driver).await;
    let ran = std::fs::read_to_string(bench.folder(&driver).join("ran")).unwrap();
    assert_eq!(ran, "ran\n");
}

#[tokio::test]
async fn a_tombstone_keeps_its_name_from_a_driver_and_a_driver_from_a_tombstone() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let (dead, alive) = (driver(), driver());
    let tombstone = cluster.occupy(&dead).await.unwrap();
    assert_eq!(tombstone.holder.kind, HolderKind::Tombstone);
    let late = cluster
        .create(&dead, &plan("touch ../ran"), &Prepared::default())
        .await
        .unwrap();
    assert_eq!(late, tombstone);
    let seen = cluster
        .create(&alive, &plan("exec sleep 60"), &Prepared::default())
        .await
        .unwrap();
    assert_eq!(cluster.occupy(&alive).await.unwrap().holder, seen.holder);
    cluster.delete(&dead, &tombstone.holder.uid).await.unwrap();
    assert_eq!(cluster.look(&dead).await.unwrap(), None);
}

#[tokio::test]
async fn a_name_belongs_to_one_attempt_of_one_installation() {
    let mut bench = Bench::new();
    let driver = driver();
    bench.cluster().occupy(&driver).await.unwrap();
    bench.settings.installation = "another".to_owned();
    let stranger = bench.cluster();
    let refused = stranger
        .create(&driver, &plan("exit 0"), &Prepared::default())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, CreateError::Refused(Refusal::Invalid(_))),
        "{refused}"
    );
    assert_eq!(stranger.look(&driver).await.unwrap(), None);
}
