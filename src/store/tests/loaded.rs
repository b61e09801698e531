//! What a holder notes of its own writes is what it would read.

use super::*;
use crate::domain::job_run::decide::Finish;
use crate::domain::job_run::{FailureReason, Fault, State};

#[sqlx::test]
async fn what_is_noted_after_each_write_is_what_is_recorded(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.begun().await;
    let store = &bench.store;
    let mut noted = store.load(&lease).await.unwrap();
    let same = async |noted: &Loaded, after: &str| {
        assert_eq!(*noted, store.load(&lease).await.unwrap(), "after {after}");
    };

    let held = holder("u1", HolderKind::Driver);
    let recorded = store.created(&lease, 1, &held, &ended()).await.unwrap();
    noted.note_created(recorded);
    same(&noted, "created").await;

    let (from, to) = (State::Pending, State::Running);
    store.advance(&lease, 1, from, to).await.unwrap();
    noted.note_advanced(to);
    same(&noted, "advance").await;

    let finish = Finish {
        state: State::Failed,
        reason: Some(FailureReason::UserError),
        fault: Some(Fault::Job),
        details: "Driver ended with exit code 1.".to_owned(),
    };
    store
        .finish(&lease, Some(1), to, &finish, at(10))
        .await
        .unwrap();
    noted.note_finished(&finish, at(10));
    same(&noted, "finish").await;

    store.swept(&lease, 1).await.unwrap();
    noted.note_swept(1);
    same(&noted, "swept").await;

    for gone in [false, true] {
        store
            .delete_requested(&lease, 1, at(11), gone)
            .await
            .unwrap();
        noted.note_delete_requested(1, at(11), gone);
        same(&noted, "delete_requested").await;
    }
}

#[sqlx::test]
async fn what_the_watch_saw_before_the_creations_answer_is_noted_with_it(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let store = &bench.store;
    let mut noted = store.load(&lease).await.unwrap();
    let term = bench.term().await;
    let early = [Observed {
        run: run.id.clone(),
        attempt: 1,
        uid: "u1".to_owned(),
        driver: running(),
    }];
    store.observe(&watched("prod"), term, &early).await.unwrap();
    let held = holder("u1", HolderKind::Driver);
    let recorded = store
        .created(&lease, 1, &held, &Driver::default())
        .await
        .unwrap();
    noted.note_created(recorded);
    let read = store.load(&lease).await.unwrap();
    assert_eq!(noted.attempts, read.attempts);
    assert_eq!(read.attempts[0].driver, running());
    assert!(noted.wake_seq < read.wake_seq, "what woke it is still news");
    let hour = Duration::from_secs(3600);
    let asleep = Lease {
        wake_seq: noted.wake_seq,
        ..lease
    };
    assert!(store.release(&asleep, hour, None).await.unwrap());
}

#[sqlx::test]
async fn a_run_advances_and_waits_in_one(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let (store, hour) = (&bench.store, Duration::from_secs(3600));
    let advance = async |lease: &Lease, from, to| {
        store
            .advance_and_release(lease, 1, from, to, hour, Some("waits"))
            .await
    };
    let moved = advance(&lease, State::Submitted, State::Running).await;
    assert_eq!(moved.unwrap(), (Change::StateMoved, false));
    let done = advance(&lease, State::Pending, State::Submitted).await;
    assert_eq!(done.unwrap(), (Change::Done, false));
    let now = bench.run(&run.id).await;
    assert_eq!(now.state, State::Submitted);
    assert_eq!(now.state_details.as_deref(), Some("waits"));
    let lost = advance(&lease, State::Submitted, State::Running).await;
    assert!(matches!(lost, Err(LeaseError::Lost)));
    assert!(bench.claim(1).await.is_empty(), "it waits");

    bench.execute("UPDATE work SET due_at = now()").await;
    let held = bench.claim_one().await;
    // Somebody wakes it meanwhile.
    bench
        .execute("UPDATE work SET wake_seq = wake_seq + 1")
        .await;
    let done = advance(&held, State::Submitted, State::Running).await;
    assert_eq!(done.unwrap(), (Change::Done, true));
    bench.claim_one().await;
}
