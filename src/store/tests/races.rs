//! Two at once, in each order that Postgres can give them.

use sqlx::{Postgres, Transaction};

use super::limits::start_on;
use super::*;
use crate::domain::job_run::State;
use crate::domain::job_run::decide::Finish;
use crate::domain::virtual_cluster;

fn completed() -> Finish {
    Finish {
        state: State::Completed,
        reason: None,
        fault: None,
        details: "JobRun completed successfully.".to_owned(),
    }
}

/// Holds what `sql` locks until the transaction ends.
pub(super) async fn hold(bench: &Bench, sql: &'static str) -> Transaction<'static, Postgres> {
    let mut transaction = bench.pool.begin().await.unwrap();
    sqlx::query(sql).execute(&mut *transaction).await.unwrap();
    transaction
}

#[sqlx::test]
async fn one_token_started_many_times_at_once_gives_one_run(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let gate = hold(&bench, "SELECT FROM virtual_cluster FOR UPDATE").await;
    let open = async {
        bench.until_waiting(3).await;
        gate.commit().await.unwrap();
    };
    let start = async || {
        let replica = Store::from_pool(bench.pool.clone());
        let new = new_job_run(&bench.place.id, "twin");
        start_on(&replica, &bench.place, &new).await.unwrap()
    };
    let (a, b, c, ()) = tokio::join!(start(), start(), start(), open);
    for other in [b, c] {
        assert_eq!(a, other);
    }
    assert_eq!(bench.claim(9).await.len(), 1);
}

#[sqlx::test]
async fn a_replay_waits_for_the_first_request_and_gets_its_run(pool: PgPool) {
    let bench = Bench::new(pool).await;
    // The first request is between its insert and its commit.
    let first = hold(
        &bench,
        "WITH run AS (
            INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, client_token,
                request_hash, release_label, driver, tags, created_by, created_at)
            SELECT '000000035ee16lm6uri', account, id, cluster, namespace, 'twin',
                request_hash, 'emr', '{\"kind\": \"spark_sql\"}', '{}', 'me', now()
            FROM virtual_cluster RETURNING *)
        INSERT INTO work (run, cluster, account, virtual_cluster)
        SELECT id, cluster, account, virtual_cluster FROM run",
    )
    .await;
    let commit = async {
        bench.until_waiting(1).await;
        first.commit().await.unwrap();
    };
    let (replay, ()) = tokio::join!(bench.start("twin"), commit);
    assert_eq!(replay.id.as_str(), "000000035ee16lm6uri");
}

#[sqlx::test]
async fn a_start_that_comes_before_the_deletion_keeps_the_virtual_cluster(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let started = hold(
        &bench,
        "WITH place AS (SELECT * FROM virtual_cluster FOR KEY SHARE),
        run AS (
            INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, client_token,
                request_hash, release_label, driver, tags, created_by, created_at)
            SELECT 'run', account, id, cluster, namespace, 'a', request_hash, 'emr', '{}', '{}',
                'me', now()
            FROM place RETURNING *)
        INSERT INTO work (run, cluster, account, virtual_cluster)
        SELECT id, cluster, account, virtual_cluster FROM run",
    )
    .await;
    let commit = async {
        bench.until_waiting(1).await;
        started.commit().await.unwrap();
    };
    let account = us().account;
    let delete = bench
        .store
        .delete_virtual_cluster(&account, &bench.place.id);
    let (deletion, ()) = tokio::join!(delete, commit);
    assert_eq!(deletion.unwrap(), Deletion::HasLiveRuns(1));
}

#[sqlx::test]
async fn a_start_that_comes_after_the_deletion_is_refused(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let deleted = hold(
        &bench,
        "UPDATE virtual_cluster SET state = 'TERMINATED', terminated_at = now()
        WHERE id IN (SELECT id FROM virtual_cluster FOR UPDATE)",
    )
    .await;
    let commit = async {
        bench.until_waiting(1).await;
        deleted.commit().await.unwrap();
    };
    let start = bench.try_start(&bench.place, "a", Timestamp::now());
    let (start, ()) = tokio::join!(start, commit);
    assert!(matches!(
        start,
        Err(StartJobRunError::VirtualClusterNotRunning(
            virtual_cluster::State::Terminated
        ))
    ));
}

#[sqlx::test]
async fn a_cancellation_before_the_end_is_seen_by_the_end(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let account = us().account;
    let cancelled = bench
        .store
        .cancel_job_run(&account, &bench.place.id, &run.id)
        .await;
    assert_eq!(cancelled.unwrap(), Cancellation::Accepted);
    let finish = async |from, finish: &Finish| {
        bench
            .store
            .finish(&lease, Some(1), from, finish, at(9))
            .await
            .unwrap()
    };
    assert_eq!(
        finish(State::Pending, &completed()).await,
        Change::StateMoved
    );
    assert_eq!(bench.run(&run.id).await.state, State::CancelPending);
    let cancelled = Finish {
        state: State::Cancelled,
        ..completed()
    };
    assert_eq!(finish(State::CancelPending, &cancelled).await, Change::Done);
    assert_eq!(bench.run(&run.id).await.state, State::Cancelled);
}

#[sqlx::test]
async fn a_cancellation_after_the_end_is_refused(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let store = &bench.store;
    let change = store
        .finish(&lease, Some(1), State::Pending, &completed(), at(9))
        .await;
    assert_eq!(change.unwrap(), Change::Done);
    let cancelled = store
        .cancel_job_run(&us().account, &bench.place.id, &run.id)
        .await;
    assert_eq!(
        cancelled.unwrap(),
        Cancellation::NotCancellable(State::Completed)
    );
}

#[sqlx::test]
async fn cancellation_and_end_at_once_agree(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let gate = hold(&bench, "SELECT FROM work FOR UPDATE").await;
    let open = async {
        bench.until_waiting(2).await;
        gate.commit().await.unwrap();
    };
    let (account, done) = (us().account, completed());
    let (cancelled, finished, ()) = tokio::join!(
        bench
            .store
            .cancel_job_run(&account, &bench.place.id, &run.id),
        bench
            .store
            .finish(&lease, Some(1), State::Pending, &done, at(9)),
        open
    );
    let state = bench.run(&run.id).await.state;
    match (cancelled.unwrap(), finished.unwrap()) {
        (Cancellation::Accepted, Change::StateMoved) => assert_eq!(state, State::CancelPending),
        (Cancellation::NotCancellable(State::Completed), Change::Done) => {
            assert_eq!(state, State::Completed);
        }
        both => panic!("both won, or none: {both:?}"),
    }
}

#[sqlx::test]
async fn a_write_that_waited_while_its_lease_was_taken_is_not_done(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    // Another takes the run over, and has not committed yet.
    let taken = hold(
        &bench,
        "UPDATE work SET lease_token = gen_random_uuid(), lease_expires_at = now() + interval '1 m'",
    )
    .await;
    let commit = async {
        bench.until_waiting(3).await;
        taken.commit().await.unwrap();
    };
    let store = &bench.store;
    let (done, unseen) = (completed(), Driver::default());
    let (finished, looked, begun, ()) = tokio::join!(
        store.finish(&lease, Some(1), State::Pending, &done, at(9)),
        store.looked(&lease, 1, "u1", &unseen),
        store.begin_create(&lease, 1, "d", "c", None),
        commit
    );
    assert!(matches!(finished, Err(LeaseError::Lost)));
    assert!(matches!(looked, Err(LeaseError::Lost)));
    assert!(matches!(begun, Err(LeaseError::Lost)));
    assert_eq!(bench.run(&run.id).await.state, State::Pending);
}

#[sqlx::test]
async fn a_sight_and_the_answer_at_once_lose_nothing(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let term = bench.term().await;
    let gate = hold(&bench, "SELECT FROM work FOR UPDATE").await;
    let open = async {
        bench.until_waiting(2).await;
        gate.commit().await.unwrap();
    };
    let (who, unseen) = (holder("u1", HolderKind::Driver), Driver::default());
    let watch = watched("prod");
    let observed = [Observed {
        run: run.id.clone(),
        attempt: 1,
        uid: "u1".to_owned(),
        driver: ended(),
    }];
    let (woken, created, ()) = tokio::join!(
        bench.store.observe(&watch, term, &observed),
        bench.store.created(&lease, 1, &who, &unseen),
        open
    );
    assert_eq!(woken.unwrap().woken, std::slice::from_ref(&run.id));
    created.unwrap();
    let attempt = bench
        .store
        .load(&lease)
        .await
        .unwrap()
        .attempts
        .pop()
        .unwrap();
    assert_eq!(attempt.driver, ended());
    assert_eq!(attempt.holder, Some(who));
}

#[sqlx::test]
async fn batches_in_any_order_never_wait_in_a_circle(pool: PgPool) {
    let bench = Bench::new(pool).await;
    for number in 0..30 {
        bench.start(&number.to_string()).await;
    }
    let leases = bench.claim(30).await;
    for lease in &leases {
        bench
            .store
            .begin_create(lease, 1, "d", "c", None)
            .await
            .unwrap();
    }
    let term = bench.term().await;
    let (cluster, watch) = (prod(), watched("prod"));
    for round in 0..10 {
        let observed: Vec<Observed> = leases
            .iter()
            .map(|lease| Observed {
                run: lease.run.clone(),
                attempt: 1,
                uid: format!("u{round}"),
                driver: running(),
            })
            .collect();
        let observed_backwards: Vec<Observed> = observed.iter().rev().cloned().collect();
        let (c, e, d) = tokio::join!(
            bench.store.observe(&watch, term, &observed),
            bench.store.observe(&watch, term, &observed_backwards),
            bench.store.wake_pending(&cluster),
        );
        assert_eq!(
            c.unwrap().woken.len().max(e.unwrap().woken.len()),
            30,
            "one of them comes first"
        );
        d.unwrap();
    }
}

#[sqlx::test]
async fn updates_with_one_token_at_once_are_one(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (me, request) = (us(), hash(1));
    let limits = |most| virtual_cluster::SchedulerConfiguration {
        max_in_queue_job_runs: None,
        max_concurrent_job_runs: Some(most),
    };
    let update = |most, client_token| UpdateVirtualCluster {
        caller: &me,
        id: &bench.place.id,
        scheduler: Some(limits(most)),
        client_token,
        request_hash: &request,
    };
    let gate = hold(&bench, "UPDATE virtual_cluster SET tags = '{}'").await;
    let open = async {
        bench.until_waiting(3).await;
        gate.commit().await.unwrap();
    };
    let (twin, other) = (update(1, "twin"), update(2, "other"));
    let (a, b, c, ()) = tokio::join!(
        bench.store.update_virtual_cluster(&twin),
        bench.store.update_virtual_cluster(&twin),
        bench.store.update_virtual_cluster(&other),
        open
    );
    for updated in [a, b, c] {
        assert!(updated.unwrap().scheduler.is_some());
    }
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM virtual_cluster_update")
        .fetch_one(&bench.pool)
        .await
        .unwrap();
    assert_eq!(made, 2);
    let again = bench.store.update_virtual_cluster(&update(3, "last")).await;
    assert_eq!(again.unwrap().scheduler, Some(limits(3)));
}

#[sqlx::test]
async fn an_update_that_waited_for_another_is_the_later_one(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let first = hold(
        &bench,
        "UPDATE virtual_cluster SET scheduler = '{\"max_concurrent_job_runs\": 9}'",
    )
    .await;
    let commit = async {
        bench.until_waiting(1).await;
        first.commit().await.unwrap();
    };
    let limits = virtual_cluster::SchedulerConfiguration {
        max_in_queue_job_runs: Some(1),
        max_concurrent_job_runs: None,
    };
    let (me, request) = (us(), hash(1));
    let update = UpdateVirtualCluster {
        caller: &me,
        id: &bench.place.id,
        scheduler: Some(limits),
        client_token: "later",
        request_hash: &request,
    };
    let (updated, ()) = tokio::join!(bench.store.update_virtual_cluster(&update), commit);
    assert_eq!(updated.unwrap().scheduler, Some(limits));
}
