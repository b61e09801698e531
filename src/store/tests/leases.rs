//! What a holder writes, and that one who is no longer the holder writes nothing.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::*;
use crate::domain::job_run::decide::Finish;
use crate::domain::job_run::{AttemptFailure, FailureReason, Fault, State, Verdict};

type Write = fn(&'static Store, Lease) -> BoxFuture<'static, Result<(), LeaseError>>;

fn verdict() -> Verdict {
    Verdict {
        reason: FailureReason::UserError,
        fault: Fault::Final,
        details: "too slow".to_owned(),
    }
}

fn failed() -> Finish {
    Finish {
        state: State::Failed,
        reason: Some(FailureReason::UserError),
        fault: Some(Fault::Job),
        details: "Driver ended with exit code 1.".to_owned(),
    }
}

fn failure() -> AttemptFailure {
    AttemptFailure {
        fault: Fault::Job,
        charged: true,
        details: "exit code 1".to_owned(),
        retry_at: Some(at(7)),
    }
}

/// Every write under a lease.
const WRITES: [(&str, Write); 15] = [
    ("tell", |s, l| {
        async move { s.tell(&l, 1, ["a note"].into_iter()).await }.boxed()
    }),
    ("load", |s, l| {
        async move { s.load(&l).await.map(drop) }.boxed()
    }),
    ("begin_create again", |s, l| {
        async move {
            s.begin_create(&l, 1, "d", "c", Some("host"))
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("close_attempt", |s, l| {
        async move { s.close_attempt(&l, 1, &failure(), at(6)).await }.boxed()
    }),
    ("create_refused", |s, l| {
        async move { s.create_refused(&l, 1).await }.boxed()
    }),
    ("created", |s, l| {
        async move {
            s.created(&l, 1, &holder("u1", HolderKind::Driver), &running())
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("advance", |s, l| {
        async move {
            s.advance(&l, 1, State::Pending, State::Submitted)
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("advance_and_release", |s, l| {
        async move {
            let (from, to) = (State::Pending, State::Submitted);
            s.advance_and_release(&l, 1, from, to, Duration::ZERO, None)
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("condemn", |s, l| {
        async move { s.condemn(&l, 1, &verdict()).await }.boxed()
    }),
    ("delete_requested", |s, l| {
        async move { s.delete_requested(&l, 1, at(9), false).await }.boxed()
    }),
    ("looked", |s, l| {
        async move { s.looked(&l, 1, "u1", &ended()).await }.boxed()
    }),
    ("finish", |s, l| {
        async move {
            s.finish(&l, Some(1), State::Pending, &failed(), at(9))
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("swept", |s, l| async move { s.swept(&l, 1).await }.boxed()),
    ("release", |s, l| {
        async move {
            s.release(&l, Duration::ZERO, Some("waiting"))
                .await
                .map(drop)
        }
        .boxed()
    }),
    ("forget", |s, l| async move { s.forget(&l).await }.boxed()),
];

async fn assert_writes_nothing(bench: &Bench, lease: &Lease) {
    let store: &'static Store = Box::leak(Box::new(bench.store.clone()));
    let before = bench.snapshot().await;
    for (name, write) in WRITES {
        let result = write(store, lease.clone()).await;
        assert!(
            matches!(result, Err(LeaseError::Lost)),
            "{name}: {result:?}"
        );
        assert_eq!(bench.snapshot().await, before, "{name} wrote");
    }
}

#[sqlx::test]
async fn a_lease_that_ran_out_writes_nothing(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.created().await;
    bench.expire_leases().await;
    assert_writes_nothing(&bench, &lease).await;
}

#[sqlx::test]
async fn a_lease_that_another_took_writes_nothing(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.created().await;
    bench.expire_leases().await;
    let _other = bench.claim_one().await;
    assert_writes_nothing(&bench, &lease).await;
    let before = bench.snapshot().await;
    bench.store.give_back(&[lease]).await.unwrap();
    assert_eq!(bench.snapshot().await, before);
}

#[sqlx::test]
async fn a_run_that_is_over_takes_no_late_write(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.created().await;
    bench
        .execute("UPDATE job_run SET state = 'COMPLETED', finished_at = now()")
        .await;
    bench.store.forget(&lease).await.unwrap();
    assert_writes_nothing(&bench, &lease).await;
}

#[sqlx::test]
async fn every_write_is_done_while_the_lease_holds(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let store: &'static Store = Box::leak(Box::new(bench.store.clone()));
    for (name, write) in WRITES {
        for table in [
            "DELETE FROM work",
            "DELETE FROM job_run_event",
            "DELETE FROM job_run_attempt",
            "DELETE FROM job_run",
        ] {
            bench.execute(table).await;
        }
        let (_, lease) = bench.created().await;
        if name == "forget" {
            bench
                .execute("UPDATE job_run SET state = 'COMPLETED', finished_at = now()")
                .await;
        }
        let before = bench.snapshot().await;
        write(store, lease)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let unchanged = bench.snapshot().await == before;
        assert_eq!(
            unchanged,
            matches!(name, "load" | "create_refused"),
            "{name}"
        );
    }
}

#[sqlx::test]
async fn the_tale_of_a_run_that_fails(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    let store = &bench.store;
    let lease = bench.claim_one().await;
    let loaded = store.load(&lease).await.unwrap();
    assert_eq!(
        (
            &loaded.run,
            &loaded.attempts.last(),
            &loaded.cluster_identity_of(1).cloned()
        ),
        (&run, &None, &None)
    );

    store
        .begin_create(&lease, 1, "driver", "cluster-uid", None)
        .await
        .unwrap();
    store
        .begin_create(&lease, 1, "driver", "cluster-uid", None)
        .await
        .unwrap();
    let loaded = store.load(&lease).await.unwrap();
    assert_eq!(
        loaded.cluster_identity_of(1).map(String::as_str),
        Some("cluster-uid")
    );
    let attempt = loaded.attempt().unwrap().clone();
    assert_eq!(
        (attempt.number, attempt.unanswered, attempt.holder),
        (1, 2, None)
    );

    let who = holder("u1", HolderKind::Driver);
    store.created(&lease, 1, &who, &running()).await.unwrap();
    let attempt = store.load(&lease).await.unwrap().attempts.pop().unwrap();
    assert_eq!((attempt.unanswered, attempt.holder), (1, Some(who)));
    assert_eq!(attempt.driver, running());

    let change = store
        .advance(&lease, 1, State::Pending, State::Running)
        .await
        .unwrap();
    assert_eq!(change, Change::Done);
    let change = store
        .advance(&lease, 1, State::Pending, State::Submitted)
        .await
        .unwrap();
    assert_eq!(change, Change::StateMoved);

    store.condemn(&lease, 1, &verdict()).await.unwrap();
    let second = Verdict {
        reason: FailureReason::InternalError,
        fault: Fault::Final,
        details: "another".to_owned(),
    };
    store.condemn(&lease, 1, &second).await.unwrap();
    store
        .delete_requested(&lease, 1, at(7), false)
        .await
        .unwrap();
    store.looked(&lease, 1, "u1", &ended()).await.unwrap();
    store.create_refused(&lease, 1).await.unwrap();
    store.create_refused(&lease, 1).await.unwrap();
    let attempt = store.load(&lease).await.unwrap().attempts.pop().unwrap();
    assert_eq!(attempt.verdict, Some(verdict()), "the first verdict stays");
    assert_eq!(attempt.delete_requested_at, Some(at(7)));
    assert_eq!(attempt.driver, ended());
    assert_eq!(attempt.unanswered, 0, "never below zero");

    let change = store
        .finish(&lease, Some(1), State::Running, &failed(), at(10))
        .await
        .unwrap();
    assert_eq!(change, Change::Done);
    store.swept(&lease, 1).await.unwrap();
    let loaded = store.load(&lease).await.unwrap();
    assert!(loaded.attempt().unwrap().clone().swept);
    let done = loaded.run;
    assert_eq!(done.state, State::Failed);
    assert_eq!(done.failure_reason, Some(FailureReason::UserError));
    assert_eq!(
        done.state_details.as_deref(),
        Some("Driver ended with exit code 1.")
    );
    assert_eq!(done.finished_at, Some(at(10)));

    store
        .release(&lease, Duration::from_secs(9), Some("tidying up"))
        .await
        .unwrap();
    assert_eq!(bench.run(&run.id).await, done, "the end's words stay");
}

#[sqlx::test]
async fn an_attempt_follows_the_one_before_and_only_the_latest_may_end_the_run(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.created().await;
    let store = &bench.store;
    let skipped = store.begin_create(&lease, 3, "d", "c", None).await;
    assert!(matches!(skipped, Err(LeaseError::Lost)));
    let too_early = store.begin_create(&lease, 2, "d-2", "c", None).await;
    assert!(matches!(too_early, Err(LeaseError::Lost)));
    store
        .close_attempt(&lease, 1, &failure(), at(6))
        .await
        .unwrap();
    let first = store.load(&lease).await.unwrap().attempts.pop().unwrap();
    assert_eq!(first.failure, Some(failure()));
    store
        .begin_create(&lease, 2, "d-2", "c", None)
        .await
        .unwrap();
    assert_eq!(
        store
            .load(&lease)
            .await
            .unwrap()
            .attempts
            .pop()
            .unwrap()
            .number,
        2
    );
    for attempt in [None, Some(1), Some(3)] {
        let late = store
            .finish(&lease, attempt, State::Pending, &failed(), at(9))
            .await;
        assert!(matches!(late, Err(LeaseError::Lost)));
    }
    let change = store
        .finish(&lease, Some(2), State::Pending, &failed(), at(9))
        .await;
    assert_eq!(change.unwrap(), Change::Done);
}

#[sqlx::test]
async fn work_on_a_run_that_is_not_over_cannot_be_forgotten(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    assert!(matches!(
        bench.store.forget(&lease).await,
        Err(LeaseError::Lost)
    ));
    bench.expire_leases().await;
    assert_eq!(bench.claim_one().await.run, run.id);
}

#[sqlx::test]
async fn a_run_says_what_it_waits_for_until_it_waits_no_more(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    let details = async || bench.run(&run.id).await.state_details;
    let long = format!("ImagePullBackOff:\n{}\0", "x".repeat(1000));
    for (told, stored) in [
        (Some("No room."), Some("No room.".to_owned())),
        (
            Some(long.as_str()),
            Some(crate::domain::job_run::explain::fit(&long)),
        ),
        (None, None),
    ] {
        let lease = bench.claim_one().await;
        bench
            .store
            .release(&lease, Duration::ZERO, told)
            .await
            .unwrap();
        assert_eq!(details().await, stored);
    }
    let lease = bench.claim_one().await;
    bench
        .store
        .release(&lease, Duration::ZERO, Some("No room."))
        .await
        .unwrap();
    let lease = bench.claim_one().await;
    bench
        .store
        .begin_create(&lease, 1, "d", "c", None)
        .await
        .unwrap();
    bench
        .store
        .advance(&lease, 1, State::Pending, State::Submitted)
        .await
        .unwrap();
    assert_eq!(details().await, None);
}

#[sqlx::test]
async fn a_release_with_nothing_new_leaves_the_run_unwritten(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let version = async || -> String {
        sqlx::query_scalar("SELECT xmin::text || ctid::text FROM job_run")
            .fetch_one(&bench.pool)
            .await
            .unwrap()
    };
    let release = async || {
        let lease = bench.claim_one().await;
        bench
            .store
            .release(&lease, Duration::ZERO, Some("No room."))
            .await
            .unwrap();
    };
    release().await;
    let before = version().await;
    release().await;
    assert_eq!(version().await, before);
}

#[sqlx::test]
async fn a_tombstone_follows_a_driver_that_is_gone_and_nothing_else_does(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.created().await;
    let store = &bench.store;
    let stored = async || store.load(&lease).await.unwrap().attempts.pop().unwrap();
    let tombstone = holder("u2", HolderKind::Tombstone);
    let waiting = driver(DriverPhase::Waiting {
        since: at(1),
        why: None,
    });

    store.looked(&lease, 1, "u1", &running()).await.unwrap();
    for stranger in [&tombstone, &holder("u3", HolderKind::Driver)] {
        store.created(&lease, 1, stranger, &waiting).await.unwrap();
        assert_eq!(
            stored().await.holder,
            Some(holder("u1", HolderKind::Driver))
        );
        assert_eq!(stored().await.driver, running());
    }
    let gone = Driver {
        gone_at: Some(at(30)),
        ..running()
    };
    store.looked(&lease, 1, "u1", &gone).await.unwrap();
    store
        .created(&lease, 1, &holder("u3", HolderKind::Driver), &waiting)
        .await
        .unwrap();
    assert_eq!(
        stored().await.holder,
        Some(holder("u1", HolderKind::Driver))
    );
    store
        .created(&lease, 1, &tombstone, &waiting)
        .await
        .unwrap();
    assert_eq!(stored().await.holder, Some(tombstone));
    assert_eq!(
        stored().await.driver,
        gone,
        "what was seen of the driver stays"
    );
}
