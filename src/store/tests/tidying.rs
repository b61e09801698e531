//! What is put in order from time to time.

use super::limits::finish;
use super::*;
use crate::domain::job_run::State;
use crate::domain::job_run::decide::Finish;

async fn count(bench: &Bench, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .fetch_one(&bench.pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn one_of_many_begins_a_round_and_the_next_is_due_later(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let hour = Duration::from_secs(3600);
    let begin = || bench.store.begin_tidying(hour);
    let (a, b, c) = tokio::join!(begin(), begin(), begin());
    let begun = [a, b, c].map(Result::unwrap);
    assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
    assert!(!begin().await.unwrap());
    bench
        .execute("UPDATE tidying SET due_at = due_at - interval '1 h'")
        .await;
    assert!(begin().await.unwrap(), "whoever did the last one");
}

/// A run whose driver ended at that second and is still there.
async fn ended_driver(bench: &Bench, place: &VirtualCluster, token: &str, second: i64) -> JobRunId {
    let run = bench.start_in(place, token).await;
    let lease = bench.claim_one().await;
    let store = &bench.store;
    store
        .begin_create(&lease, 1, token, "cluster-uid", None)
        .await
        .unwrap();
    let held = holder(token, HolderKind::Driver);
    store.created(&lease, 1, &held, &ended()).await.unwrap();
    let done = Finish {
        state: State::Completed,
        reason: None,
        fault: None,
        details: "JobRun completed successfully.".to_owned(),
    };
    store
        .finish(&lease, Some(1), State::Pending, &done, at(second))
        .await
        .unwrap();
    store
        .release(&lease, Duration::from_secs(600), None)
        .await
        .unwrap();
    run.id
}

#[sqlx::test]
async fn the_oldest_ended_drivers_of_a_crowded_namespace_are_marked(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let other = bench.place("111111111111", "other").await;
    let mut runs = Vec::new();
    for second in [50, 10, 40, 20, 30] {
        runs.push(ended_driver(&bench, &bench.place, &second.to_string(), second).await);
    }
    let elsewhere = ended_driver(&bench, &other, "1", 1).await;
    bench.start("live").await;
    bench.claim_one().await;
    // The oldest one is gone already.
    bench
        .execute("UPDATE job_run_attempt SET gone_at = now() WHERE driver_name = '10'")
        .await;

    let store = &bench.store;
    assert_eq!(store.mark_crowded(4).await.unwrap(), [].into());
    assert_eq!(store.mark_crowded(2).await.unwrap(), [prod()].into());
    let mut marked = bench.claim(9).await;
    assert!(
        store.mark_crowded(2).await.unwrap().is_empty(),
        "nobody is marked twice"
    );
    marked.sort_by_key(|lease| runs.iter().position(|run| *run == lease.run));
    let order: Vec<_> = marked.iter().map(|lease| &lease.run).collect();
    assert_eq!(order, [&runs[3], &runs[4]], "20 and 30");
    for lease in &marked {
        assert!(store.load(lease).await.unwrap().crowded);
    }
    assert!(!bench.is_due(&elsewhere).await);
}

#[sqlx::test]
async fn what_ended_long_ago_is_deleted_in_batches(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut leases = Vec::new();
    for token in ["old-1", "old-2", "old-3", "kept", "live"] {
        bench.start(token).await;
        let lease = bench.claim_one().await;
        bench
            .store
            .begin_create(&lease, 1, token, "cluster-uid", None)
            .await
            .unwrap();
        leases.push(lease);
    }
    let before = Timestamp::now();
    let before = before.checked_add(Duration::from_secs(3600)).unwrap();
    for lease in &leases[..3] {
        finish(&bench.store, lease).await;
    }
    // Something of it is left on its cluster.
    let done = Finish {
        state: State::Completed,
        reason: None,
        fault: None,
        details: String::new(),
    };
    bench
        .store
        .finish(&leases[3], Some(1), State::Pending, &done, at(9))
        .await
        .unwrap();

    let store = &bench.store;
    assert_eq!(
        store.delete_old_runs(at(9), 2).await.unwrap(),
        0,
        "ended not before"
    );
    assert_eq!(store.delete_old_runs(before, 2).await.unwrap(), 2);
    assert_eq!(store.delete_old_runs(before, 2).await.unwrap(), 1);
    assert_eq!(store.delete_old_runs(before, 2).await.unwrap(), 0);
    assert_eq!(count(&bench, "SELECT count(*) FROM job_run").await, 2);
    assert_eq!(
        count(&bench, "SELECT count(*) FROM job_run_attempt").await,
        2
    );
    let events = "SELECT count(DISTINCT run) FROM job_run_event";
    assert_eq!(count(&bench, events).await, 2);

    // The client token starts another run now.
    let again = bench.start("old-1").await;
    assert_ne!(again.id, leases[0].run);
}
