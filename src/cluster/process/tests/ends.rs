//! How drivers end: by request, by force, with their kin, and unseen.

use super::*;

async fn wait_until_dead(group: &Group) {
    let limit = Instant::now() + Duration::from_secs(20);
    let boot = host::boot_id();
    while group.is_alive(&boot) {
        assert!(Instant::now() < limit, "{group:?} lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn deleting_ends_grandchildren_too() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let command = "sh -c 'sleep 60 & echo up > ../up; wait' & wait";
    let seen = cluster
        .create(&driver, &plan(command), &Prepared::default())
        .await
        .unwrap();
    line_of(&bench, &driver, "up").await;
    let group = bench.group(&driver);
    cluster.delete(&driver, "another uid").await.unwrap();
    assert!(is_running(&cluster.look(&driver).await.unwrap().unwrap()));
    cluster.delete(&driver, &seen.holder.uid).await.unwrap();
    let exit = exit_when_ended(&cluster, &driver).await;
    assert_eq!(exit.code, Some(143));
    wait_until_dead(&group).await;
    assert!(
        cluster
            .look(&driver)
            .await
            .unwrap()
            .unwrap()
            .driver
            .deleting
    );
    cluster.delete(&driver, &seen.holder.uid).await.unwrap();
    assert_eq!(cluster.look(&driver).await.unwrap(), None);
}

#[tokio::test]
async fn what_outlives_its_driver_is_ended_with_it() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let command = "trap '' TERM; sleep 60 & echo up > ../up; exit 0";
    cluster
        .create(&driver, &plan(command), &Prepared::default())
        .await
        .unwrap();
    let exit = exit_when_ended(&cluster, &driver).await;
    assert_eq!(exit.code, Some(0));
    wait_until_dead(&bench.group(&driver)).await;
}

const STUBBORN: &str = "trap '' TERM; echo up > ../up; while :; do sleep 1; done";

#[tokio::test]
async fn who_ignores_the_request_is_killed_after_the_grace_period() {
    let mut bench = Bench::new();
    bench.settings.grace_period = Duration::from_millis(200);
    let cluster = bench.cluster();
    let driver = driver();
    let seen = cluster
        .create(&driver, &plan(STUBBORN), &Prepared::default())
        .await
        .unwrap();
    line_of(&bench, &driver, "up").await;
    cluster.delete(&driver, &seen.holder.uid).await.unwrap();
    let exit = exit_when_ended(&cluster, &driver).await;
    assert_eq!(
        (exit.code, exit.reason.as_deref()),
        (Some(137), Some("Killed"))
    );
    wait_until_dead(&bench.group(&driver)).await;
}

#[tokio::test]
async fn the_grace_period_ends_even_if_the_firesteel_that_began_it_is_gone() {
    let mut bench = Bench::new();
    bench.settings.grace_period = Duration::from_millis(200);
    let driver = driver();
    let before = bench.cluster();
    let seen = before
        .create(&driver, &plan(STUBBORN), &Prepared::default())
        .await
        .unwrap();
    line_of(&bench, &driver, "up").await;
    // As `delete` does, without the timer that a crash would take along.
    assert!(before.host.delete(&driver, &seen.holder.uid).unwrap());
    drop(before);

    let after = bench.cluster();
    let (_namespaces, events) = watching(&after);
    exit_when_ended(&after, &driver).await;
    drop(events);
}

#[tokio::test]
async fn who_vanishes_without_a_word_is_lost() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    cluster
        .create(
            &driver,
            &plan("echo up > ../up; exec sleep 60"),
            &Prepared::default(),
        )
        .await
        .unwrap();
    line_of(&bench, &driver, "up").await;
    bench
        .group(&driver)
        .signal(&host::boot_id(), Signal::SIGKILL);
    let exit = exit_when_ended(&cluster, &driver).await;
    assert_eq!((exit.code, exit.reason.as_deref()), (None, Some("Lost")));
    assert_eq!(exit_when_ended(&cluster, &driver).await, exit);
}

#[tokio::test]
async fn no_group_outlives_a_boot() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    cluster
        .create(
            &driver,
            &plan("echo up > ../up; exec sleep 60"),
            &Prepared::default(),
        )
        .await
        .unwrap();
    line_of(&bench, &driver, "up").await;
    let group = bench.group(&driver);
    assert!(group.is_alive(&host::boot_id()));
    assert!(!group.is_alive("another boot"));
    assert_eq!(Group::parse("1 boot 5"), None);
    assert_eq!(Group::parse("never"), None);
}
