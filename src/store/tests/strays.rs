//! Which objects under drivers' names nobody needs, and that asking for it is rare.

use super::*;
use crate::domain::job_run::decide::Finish;
use crate::domain::job_run::{AttemptFailure, Fault, State};

fn seen(run: &JobRun, uid: &str) -> Observed {
    Observed {
        run: run.id.clone(),
        attempt: 1,
        uid: uid.to_owned(),
        driver: running(),
    }
}

impl Bench {
    async fn strangers(&self, term: Term, observed: &[Observed]) -> Vec<String> {
        let told = self.store.observe(&watched("prod"), term, observed).await;
        told.unwrap().strangers
    }

    /// Whether an object is a stray; `None` where it belongs to no run of the cluster.
    async fn is_stray(&self, run: &JobRunId, uid: &str, kind: HolderKind) -> Option<bool> {
        let found = Found {
            run: run.clone(),
            attempt: 1,
            uid: uid.to_owned(),
            kind,
        };
        let standings = self.store.standings(&watched("prod"), &[found]).await;
        let standing = standings.unwrap().remove(uid)?;
        assert_eq!(standing.virtual_cluster, self.place.id);
        Some(standing.is_stray)
    }
}

const DRIVER: HolderKind = HolderKind::Driver;
const TOMBSTONE: HolderKind = HolderKind::Tombstone;

#[sqlx::test]
async fn what_comes_before_its_record_is_no_stray(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let term = bench.term().await;
    let none: [String; 0] = [];
    assert_eq!(bench.strangers(term, &[seen(&run, "u1")]).await, none);
    assert_eq!(bench.is_stray(&run.id, "u1", DRIVER).await, Some(false));
    let who = holder("u1", DRIVER);
    let store = &bench.store;
    store.created(&lease, 1, &who, &running()).await.unwrap();
    assert_eq!(bench.strangers(term, &[seen(&run, "u1")]).await, none);
    // The driver is gone, and a tombstone was made of which nothing is recorded.
    let tombstone = Observed {
        driver: Driver::default(),
        ..seen(&run, "u2")
    };
    assert_eq!(bench.strangers(term, &[tombstone]).await, ["u2"]);
    assert_eq!(bench.is_stray(&run.id, "u2", TOMBSTONE).await, Some(false));
}

#[sqlx::test]
async fn another_driver_under_the_name_of_one_is_a_stray(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, _) = bench.created().await;
    let term = bench.term().await;
    let observed = [seen(&run, "u1"), seen(&run, "u2")];
    assert_eq!(bench.strangers(term, &observed).await, ["u2"]);
    assert_eq!(bench.is_stray(&run.id, "u2", DRIVER).await, Some(true));
}

#[sqlx::test]
async fn what_comes_after_its_attempt_is_removed_is_a_stray(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let failure = AttemptFailure {
        fault: Fault::Job,
        charged: true,
        details: "exit code 1".to_owned(),
        retry_at: Some(at(7)),
    };
    let store = &bench.store;
    store
        .close_attempt(&lease, 1, &failure, at(6))
        .await
        .unwrap();
    assert_eq!(bench.is_stray(&run.id, "u2", TOMBSTONE).await, Some(false));
    store.removed(&lease, 1).await.unwrap();
    for kind in [DRIVER, TOMBSTONE] {
        assert_eq!(bench.is_stray(&run.id, "u2", kind).await, Some(true));
    }
}

#[sqlx::test]
async fn whatever_comes_after_its_run_is_forgotten_is_a_stray(pool: PgPool) {
    let bench = Bench::new(pool).await;
    // Its creation was refused, as far as anybody knows.
    let (run, lease) = bench.begun().await;
    let term = bench.term().await;
    let finish = Finish {
        state: State::Failed,
        reason: Some(crate::domain::job_run::FailureReason::UserError),
        fault: Some(Fault::Final),
        details: "refused".to_owned(),
    };
    let store = &bench.store;
    store
        .finish(&lease, Some(1), State::Pending, &finish, at(9))
        .await
        .unwrap();
    let none: [String; 0] = [];
    assert_eq!(bench.strangers(term, &[seen(&run, "u1")]).await, none);
    assert_eq!(bench.is_stray(&run.id, "u1", DRIVER).await, Some(false));
    store.forget(&lease).await.unwrap();
    assert_eq!(bench.strangers(term, &[seen(&run, "u1")]).await, ["u1"]);
    for kind in [DRIVER, TOMBSTONE] {
        assert_eq!(bench.is_stray(&run.id, "u1", kind).await, Some(true));
    }
    let found = Found {
        run: run.id,
        attempt: 1,
        uid: "u1".to_owned(),
        kind: DRIVER,
    };
    let elsewhere = bench.store.standings(&watched("other"), &[found]).await;
    assert!(elsewhere.unwrap().is_empty());
}
