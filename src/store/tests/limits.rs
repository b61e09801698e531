//! Limits of virtual clusters are kept, however many act at once, and their counts are right.

use sqlx::Row as _;

use super::races::hold;
use super::*;
use crate::domain::job_run::State;
use crate::domain::job_run::decide::Finish;
use crate::domain::virtual_cluster::{SchedulerConfiguration, SchedulerStatus};

/// A virtual cluster with these limits.
pub(super) async fn limited(
    bench: &Bench,
    concurrent: Option<i32>,
    queue: Option<i32>,
) -> VirtualCluster {
    set(bench, concurrent, queue).await
}

/// Sets the limits of the bench's virtual cluster.
pub(super) async fn set(
    bench: &Bench,
    concurrent: Option<i32>,
    queue: Option<i32>,
) -> VirtualCluster {
    let update = UpdateVirtualCluster {
        caller: &us(),
        id: &bench.place.id,
        scheduler: Some(SchedulerConfiguration {
            max_in_queue_job_runs: queue,
            max_concurrent_job_runs: concurrent,
        }),
        client_token: &Uuid::new_v4().to_string(),
        request_hash: &hash(1),
    };
    bench.store.update_virtual_cluster(&update).await.unwrap()
}

/// Starts a run that may wait for ever.
pub(super) async fn start_on(
    store: &Store,
    place: &VirtualCluster,
    new: &NewJobRun,
) -> Result<JobRun, StartJobRunError> {
    store
        .start_job_run(&StartJobRun {
            caller: &us(),
            virtual_cluster: place,
            new,
            request_hash: &hash(1),
            now: Timestamp::now(),
            queue_timeout: Duration::ZERO,
        })
        .await
}

pub(super) async fn begin(store: &Store, lease: &Lease) -> Beginning {
    store
        .begin_create(lease, 1, "driver", "cluster-uid", None)
        .await
        .unwrap()
}

/// What a worker does with a run that it has claimed; `true` where it has a slot now.
pub(super) async fn try_to_begin(store: &Store, lease: &Lease) -> bool {
    match begin(store, lease).await {
        Beginning::Begun => true,
        Beginning::NoSlot { .. } => {
            let hour = Duration::from_secs(3600);
            store
                .wait_for_slot(lease, hour, Some("waits"))
                .await
                .unwrap();
            false
        }
    }
}

fn completed() -> Finish {
    Finish {
        state: State::Completed,
        reason: None,
        fault: None,
        details: "JobRun completed successfully.".to_owned(),
    }
}

pub(super) async fn finish(store: &Store, lease: &Lease) {
    let change = finish_from(store, lease, Some(1), State::Pending).await;
    assert_eq!(change, Change::Done);
    store.forget(lease).await.unwrap();
}

pub(super) async fn finish_from(
    store: &Store,
    lease: &Lease,
    attempt: Option<u32>,
    from: State,
) -> Change {
    store
        .finish(lease, attempt, from, &completed(), at(9))
        .await
        .unwrap()
}

/// `taken`, `in_queue` and `running` of the bench's virtual cluster, where they are kept.
pub(super) async fn counts(bench: &Bench) -> Option<(i32, i32, i32)> {
    sqlx::query("SELECT taken, in_queue, running FROM virtual_cluster_slots")
        .fetch_optional(&bench.pool)
        .await
        .unwrap()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
}

/// The counts are right, as counting anew tells.
pub(super) async fn counts_are_right(bench: &Bench) {
    assert_eq!(bench.store.recount_slots().await.unwrap(), []);
}

pub(super) fn tokens(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("{number:03}"))
}

#[sqlx::test]
async fn without_a_limit_nothing_is_counted(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let written = async || -> i64 {
        sqlx::query_scalar(
            "SELECT (n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_user_tables
            WHERE relname = 'virtual_cluster_slots'",
        )
        .fetch_one(&bench.pool)
        .await
        .unwrap()
    };
    let (run, lease) = bench.created().await;
    let store = &bench.store;
    for (from, to) in [
        (State::Pending, State::Submitted),
        (State::Submitted, State::Running),
    ] {
        store.advance(&lease, 1, from, to).await.unwrap();
    }
    store
        .cancel_job_run(&us().account, &bench.place.id, &run.id)
        .await
        .unwrap();
    let from = State::CancelPending;
    store
        .finish(&lease, Some(1), from, &completed(), at(9))
        .await
        .unwrap();
    assert_eq!(counts(&bench).await, None);
    assert_eq!(written().await, 0);
    let ever: i64 = sqlx::query_scalar("SELECT pg_relation_size('virtual_cluster_slots')")
        .fetch_one(&bench.pool)
        .await
        .unwrap();
    assert_eq!(ever, 0, "no row was ever there");
}

#[sqlx::test]
async fn counts_follow_a_run_through_its_life(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(5), Some(5)).await;
    let is = async |counted| assert_eq!(counts(&bench).await, Some(counted));
    is((0, 0, 0)).await;
    let (run, lease) = bench.begun().await;
    is((1, 1, 0)).await;
    begin(&bench.store, &lease).await;
    is((1, 1, 0)).await;
    bench
        .store
        .created(&lease, 1, &holder("u1", HolderKind::Driver), &running())
        .await
        .unwrap();
    bench
        .store
        .advance(&lease, 1, State::Pending, State::Submitted)
        .await
        .unwrap();
    is((1, 1, 0)).await;
    bench
        .store
        .advance(&lease, 1, State::Submitted, State::Running)
        .await
        .unwrap();
    is((1, 0, 1)).await;
    counts_are_right(&bench).await;
    let cancelled = bench
        .store
        .cancel_job_run(&us().account, &bench.place.id, &run.id)
        .await;
    assert_eq!(cancelled.unwrap(), Cancellation::Accepted);
    assert!(bench.run(&run.id).await.cancel_requested_at.is_some());
    is((1, 0, 0)).await;
    bench
        .store
        .finish(&lease, Some(1), State::CancelPending, &completed(), at(9))
        .await
        .unwrap();
    is((0, 0, 0)).await;
    counts_are_right(&bench).await;
}

#[sqlx::test]
async fn a_run_that_never_began_gives_back_no_slot(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(5), None).await;
    let (_, first) = bench.begun().await;
    bench.start("second").await;
    let second = bench.claim_one().await;
    let change = bench
        .store
        .finish(&second, None, State::Pending, &completed(), at(9))
        .await;
    assert_eq!(change.unwrap(), Change::Done);
    assert_eq!(counts(&bench).await, Some((1, 1, 0)));
    finish(&bench.store, &first).await;
    assert_eq!(counts(&bench).await, Some((0, 0, 0)));
}

#[sqlx::test]
async fn another_attempt_needs_no_other_slot(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(1), None).await;
    let (_, lease) = bench.begun().await;
    bench.execute("UPDATE job_run_attempt SET closed_at = now(), fault = 'JOB', end_details = 'x', retry_at = now()").await;
    let second = bench
        .store
        .begin_create(&lease, 2, "driver-2", "cluster-uid", None)
        .await;
    assert_eq!(second.unwrap(), Beginning::Begun);
    assert_eq!(counts(&bench).await, Some((1, 1, 0)));
    counts_are_right(&bench).await;
}

#[sqlx::test]
async fn a_lower_limit_lets_run_what_runs(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(3), None).await;
    for token in tokens(5) {
        bench.start_in(&place, &token).await;
    }
    let leases = bench.claim(9).await;
    assert_eq!(leases.len(), 3);
    for lease in &leases {
        assert_eq!(begin(&bench.store, lease).await, Beginning::Begun);
    }
    set(&bench, Some(1), None).await;
    assert_eq!(counts(&bench).await, Some((3, 5, 0)));
    assert_eq!(begin(&bench.store, &leases[0]).await, Beginning::Begun);
    for lease in &leases[..2] {
        finish(&bench.store, lease).await;
        assert!(bench.claim(9).await.is_empty());
    }
    finish(&bench.store, &leases[2]).await;
    assert_eq!(bench.claim(9).await.len(), 1);
}

#[sqlx::test]
async fn a_limit_that_is_raised_or_removed_lets_begin_who_waits(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(1), None).await;
    for token in tokens(6) {
        bench.start_in(&place, &token).await;
    }
    let due_in = async || bench.store.due_in(&prod(), None).await.unwrap().unwrap();
    let first = bench.claim_one().await;
    begin(&bench.store, &first).await;
    let hour = Duration::from_secs(3600);
    bench.store.release(&first, hour, None).await.unwrap();
    assert!(
        due_in().await > Duration::from_secs(1700),
        "the time in the queue"
    );
    set(&bench, Some(3), None).await;
    assert_eq!(due_in().await, Duration::ZERO);
    let two = bench.claim(9).await;
    assert_eq!(two.len(), 2);
    assert!(due_in().await <= LEASE, "the end of their leases");
    set(&bench, None, None).await;
    assert_eq!(counts(&bench).await, None);
    assert_eq!(due_in().await, Duration::ZERO);
    let rest = bench.claim(9).await;
    assert_eq!(rest.len(), 3);
    for lease in two.iter().chain(&rest) {
        assert_eq!(begin(&bench.store, lease).await, Beginning::Begun);
    }
    set(&bench, Some(9), Some(9)).await;
    assert_eq!(counts(&bench).await, Some((6, 6, 0)));
}

#[sqlx::test]
async fn a_limit_on_the_queue_alone_lets_begin_who_waited_for_a_slot(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(1), Some(9)).await;
    for token in tokens(3) {
        bench.start_in(&place, &token).await;
    }
    begin(&bench.store, &bench.claim_one().await).await;
    assert!(bench.claim(9).await.is_empty());
    set(&bench, None, Some(9)).await;
    let due_in = bench.store.due_in(&prod(), None).await.unwrap();
    assert_eq!(due_in, Some(Duration::ZERO));
    let rest = bench.claim(9).await;
    assert_eq!(rest.len(), 2);
    for lease in &rest {
        assert_eq!(begin(&bench.store, lease).await, Beginning::Begun);
    }
    assert_eq!(counts(&bench).await, Some((3, 3, 0)));
}

#[sqlx::test]
async fn what_is_rolled_back_is_not_counted(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(2), Some(9)).await;
    bench.start("a").await;
    for change in [
        "INSERT INTO job_run_attempt (run, number, driver_name, cluster_identity)
            SELECT id, 1, 'd', 'c' FROM job_run",
        "UPDATE job_run SET state = 'RUNNING'",
        "UPDATE job_run SET state = 'COMPLETED', finished_at = now()",
    ] {
        let crashed = hold(&bench, change).await;
        drop(crashed);
        assert_eq!(counts(&bench).await, Some((0, 1, 0)), "{change}");
    }
    counts_are_right(&bench).await;
}

#[sqlx::test]
async fn a_wrong_count_is_mended_while_others_count(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(9), Some(9)).await;
    let (_, lease) = bench.created().await;
    bench
        .execute("UPDATE virtual_cluster_slots SET taken = 0, in_queue = 7, running = 3")
        .await;
    let wrong = bench.store.recount_slots().await.unwrap();
    assert_eq!(wrong[0].virtual_cluster, bench.place.id);
    assert_eq!(counts(&bench).await, Some((1, 1, 0)));
    counts_are_right(&bench).await;

    // The end of the run waits for the count, and is counted after it.
    bench
        .execute("UPDATE virtual_cluster_slots SET taken = 5")
        .await;
    let gate = hold(&bench, "SELECT recount_slots(id) FROM virtual_cluster").await;
    let commit = async {
        bench.until_waiting(1).await;
        gate.commit().await.unwrap();
    };
    let done = completed();
    let ending = bench
        .store
        .finish(&lease, Some(1), State::Pending, &done, at(9));
    let (ended, ()) = tokio::join!(ending, commit);
    assert_eq!(ended.unwrap(), Change::Done);
    assert_eq!(counts(&bench).await, Some((0, 0, 0)));
}

#[sqlx::test]
async fn a_count_that_is_too_low_stops_no_run(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(9), Some(9)).await;
    let (_, lease) = bench.created().await;
    bench
        .execute("UPDATE virtual_cluster_slots SET taken = 0, in_queue = 0")
        .await;
    bench
        .store
        .advance(&lease, 1, State::Pending, State::Running)
        .await
        .unwrap();
    let ended = bench
        .store
        .finish(&lease, Some(1), State::Running, &completed(), at(9))
        .await;
    assert_eq!(ended.unwrap(), Change::Done);
    assert_eq!(counts(&bench).await, Some((0, 0, 0)));
}

#[sqlx::test]
async fn a_deleted_virtual_cluster_counts_nothing(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(9), Some(9)).await;
    let deleted = bench
        .store
        .delete_virtual_cluster(&us().account, &place.id)
        .await;
    assert_eq!(deleted.unwrap(), Deletion::Deleted);
    assert_eq!(counts(&bench).await, None);
    let status = bench
        .store
        .scheduler_status(&[place.id.to_string()])
        .await
        .unwrap();
    assert_eq!(status, BTreeMap::new());
}

#[sqlx::test]
async fn limits_that_come_with_the_virtual_cluster_are_kept(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut new = new_virtual_cluster("team-b", "b");
    new.scheduler = Some(SchedulerConfiguration {
        max_in_queue_job_runs: Some(1),
        max_concurrent_job_runs: None,
    });
    let place = bench
        .store
        .create_virtual_cluster(&us(), &new, &hash(1))
        .await
        .unwrap();
    let run = bench.start_in(&place, "a").await;
    assert_eq!(run.state_details, None, "nothing but the queue is limited");
    assert!(bench.is_due(&run.id).await);
    assert!(matches!(
        bench.try_start(&place, "b", Timestamp::now()).await,
        Err(StartJobRunError::QueueFull(1))
    ));
    let status = bench
        .store
        .scheduler_status(&[place.id.to_string()])
        .await
        .unwrap();
    let one = SchedulerStatus {
        in_queue: 1,
        concurrent: 0,
    };
    assert_eq!(status, BTreeMap::from([(place.id, one)]));
}

#[sqlx::test]
async fn a_run_that_waits_says_so_and_is_not_due_before_its_time_is_over(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(1), None).await;
    begin(&bench.store, &{
        bench.start_in(&place, "first").await;
        bench.claim_one().await
    })
    .await;
    let run = bench.start_in(&place, "second").await;
    let said = format!(
        "Waiting for one of the 1 concurrent job runs of virtual cluster {}.",
        place.id
    );
    assert_eq!(run.state_details, Some(said));
    assert_eq!(bench.run(&run.id).await, run);
    assert!(bench.claim(9).await.is_empty());
    let left: f64 = sqlx::query_scalar(
        "SELECT extract(epoch FROM due_at - now())::float8 FROM work WHERE run = $1",
    )
    .bind(run.id.as_str())
    .fetch_one(&bench.pool)
    .await
    .unwrap();
    assert!((1700.0..=1800.0).contains(&left), "{left}");
    bench
        .execute("UPDATE work SET due_at = now() WHERE waiting")
        .await;
    assert_eq!(bench.claim_one().await.run, run.id, "it may be over");
}

#[sqlx::test]
async fn a_cancelled_run_waits_no_longer(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(1), None).await;
    bench.start_in(&place, "first").await;
    begin(&bench.store, &bench.claim_one().await).await;
    let run = bench.start_in(&place, "second").await;
    bench
        .store
        .cancel_job_run(&us().account, &place.id, &run.id)
        .await
        .unwrap();
    assert_eq!(bench.claim_one().await.run, run.id);
    assert_eq!(counts(&bench).await, Some((1, 1, 0)));
}
