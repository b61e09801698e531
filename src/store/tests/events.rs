//! The story of a run tells everything once and in its order.

use super::*;
use crate::domain::job_run::event::{Event, EventKind};
use crate::domain::job_run::{FailureReason, Fault, State, decide::Finish};

async fn story(bench: &Bench, run: &JobRun) -> Vec<Event> {
    bench.store.job_run_events(&run.id, 0, 100).await.unwrap()
}

async fn claim(bench: &Bench) -> Lease {
    let mut leases = bench.store.claim(&prod(), None, 1, LEASE).await.unwrap();
    leases.pop().unwrap()
}

#[sqlx::test]
async fn states_attempts_and_notes_come_in_their_order(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    let lease = claim(&bench).await;
    let store = &bench.store;
    for _ in 0..2 {
        let notes = ["compact", "no\0 logs"].into_iter();
        store.tell(&lease, 1, notes).await.unwrap();
        let begun = store.begin_create(&lease, 1, "driver-1", "c", None).await;
        begun.unwrap();
    }
    let moved = store.advance(&lease, 1, State::Pending, State::Submitted);
    assert_eq!(moved.await.unwrap(), Change::Done);
    let again = store.advance(&lease, 1, State::Pending, State::Submitted);
    assert_eq!(again.await.unwrap(), Change::StateMoved);
    let cancelled = store.cancel_job_run(&run.account, &run.virtual_cluster, &run.id);
    assert_eq!(cancelled.await.unwrap(), Cancellation::Accepted);
    let finish = Finish {
        state: State::Failed,
        reason: Some(FailureReason::UserError),
        fault: Some(Fault::Job),
        details: "It failed.".to_owned(),
    };
    let from = State::CancelPending;
    let finished = store.finish(&lease, Some(1), from, &finish, at(9)).await;
    assert_eq!(finished.unwrap(), Change::Done);

    let story = story(&bench, &run).await;
    let told: Vec<_> = story
        .iter()
        .map(|event| (event.number, event.kind, event.attempt, event.text.as_str()))
        .collect();
    let state = EventKind::State;
    assert_eq!(
        told,
        [
            (1, EventKind::Note, Some(1), "compact"),
            (2, EventKind::Note, Some(1), "no\u{fffd} logs"),
            (3, EventKind::Attempt, Some(1), "Driver driver-1"),
            (4, state(State::Submitted), Some(1), ""),
            (5, state(State::CancelPending), Some(1), ""),
            (6, state(State::Failed), Some(1), "It failed."),
        ]
    );
    assert!(story.is_sorted_by_key(|event| event.at));
    let rest = bench.store.job_run_events(&run.id, 4, 1).await.unwrap();
    assert_eq!(rest, story[4..5]);
}

#[sqlx::test]
async fn what_clusters_say_of_pods_is_told_once_for_each_attempt_and_not_for_ever(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    let lease = claim(&bench).await;
    for attempt in [1, 1, 2] {
        let said = ["FailedMount: no such map"].into_iter();
        let told = bench.store.tell_of_pods(&lease, attempt, said).await;
        told.unwrap();
    }
    let told: Vec<_> = story(&bench, &run)
        .await
        .iter()
        .map(|event| (event.number, event.kind, event.attempt))
        .collect();
    assert_eq!(
        told,
        [(1, EventKind::Pod, Some(1)), (2, EventKind::Pod, Some(2))]
    );
    for round in 0..5 {
        let said: Vec<_> = (0..40).map(|it| format!("event {round} {it}")).collect();
        let said = said.iter().map(String::as_str);
        let told = bench.store.tell_of_pods(&lease, 1, said).await;
        told.unwrap();
    }
    let all = bench.store.job_run_events(&run.id, 0, 1000).await.unwrap();
    let of_first = all.iter().filter(|event| event.attempt == Some(1)).count();
    assert_eq!(of_first, 100);
    // Notes are told beside them.
    let note = bench.store.tell(&lease, 1, ["note"].into_iter()).await;
    note.unwrap();
    let all = bench.store.job_run_events(&run.id, 0, 1000).await.unwrap();
    assert_eq!(all.last().unwrap().kind, EventKind::Note);
}

#[sqlx::test]
async fn each_run_has_a_story_of_its_own(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let one = bench.start("a").await;
    let lease = claim(&bench).await;
    let other = bench.start("b").await;
    let other_lease = claim(&bench).await;
    for lease in [&lease, &other_lease] {
        let told = bench.store.tell(lease, 1, ["same"].into_iter()).await;
        told.unwrap();
    }
    for run in [&one, &other] {
        let story = story(&bench, run).await;
        assert_eq!((story.len(), story[0].number), (1, 1));
    }
}

#[sqlx::test]
async fn what_was_told_does_not_change(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let lease = claim(&bench).await;
    let told = bench.store.tell(&lease, 1, ["note"].into_iter()).await;
    told.unwrap();
    let changed = sqlx::query("UPDATE job_run_event SET text = 'other'")
        .execute(&bench.pool)
        .await;
    assert!(changed.is_err());
}
