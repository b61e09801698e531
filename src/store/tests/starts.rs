//! Starts that go together: each has the answer that it would have had alone.

use futures::future::join_all;

use super::limits::{counts, counts_are_right, limited};
use super::races::hold;
use super::*;
use crate::domain::virtual_cluster;

type Started = Result<JobRun, StartJobRunError>;

impl Bench {
    /// Starts runs of these tokens and hashes while `gate` is shut: the first alone, the others with
    /// each other. The first one's token is `first`.
    async fn start_together(
        &self,
        gate: &'static str,
        asked: &[(&str, RequestHash)],
    ) -> Vec<Started> {
        let gate = hold(self, gate).await;
        let others = async {
            self.until_waiting(1).await;
            let starts = join_all(
                asked
                    .iter()
                    .map(|(token, hash)| self.start_as(token, *hash)),
            );
            let open = async { gate.commit().await.unwrap() };
            tokio::join!(starts, open).0
        };
        let (first, others) = tokio::join!(self.start_as("first", hash(1)), others);
        std::iter::once(first).chain(others).collect()
    }

    async fn start_as(&self, token: &str, hash: RequestHash) -> Started {
        let start = StartJobRun {
            caller: &us(),
            virtual_cluster: &self.place,
            new: &new_job_run(&self.place.id, token),
            request_hash: &hash,
            now: Timestamp::now(),
            queue_timeout: Duration::ZERO,
        };
        self.store.start_job_run(&start).await
    }
}

const SHUT: &str = "SELECT FROM virtual_cluster FOR UPDATE";

fn token(started: &Started) -> &str {
    &started.as_ref().unwrap().client_token
}

#[sqlx::test]
async fn tokens_give_one_run_each_however_they_meet(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let known = bench.start("known").await;
    let asked = [
        ("twin", hash(1)),
        ("known", hash(1)),
        ("twin", hash(1)),
        ("known", hash(2)),
        ("new", hash(3)),
        ("twin", hash(2)),
    ];
    let started = bench.start_together(SHUT, &asked).await;
    let [first, twin, again, same, reused, new, other_twin] = started.try_into().unwrap();
    assert_eq!((token(&first), token(&new)), ("first", "new"));
    assert_eq!(twin.unwrap(), same.unwrap());
    assert_eq!(again.unwrap(), known);
    for reused in [reused, other_twin] {
        assert!(matches!(reused, Err(StartJobRunError::TokenReused)));
    }
    assert_eq!(bench.claim(9).await.len(), 4);
}

#[sqlx::test]
async fn a_queue_takes_as_many_as_it_has_room_for(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, None, Some(4)).await;
    let known = bench.start("known").await;
    // With the first there is room for two: the twin of the one leaves its place to the other.
    let asked = ["a", "a", "b", "c", "known"].map(|token| (token, hash(1)));
    let started = bench.start_together(SHUT, &asked).await;
    let [_, a, twin, b, c, again] = started.try_into().unwrap();
    assert_eq!(a.unwrap(), twin.unwrap());
    assert_eq!(token(&b), "b");
    assert!(matches!(c, Err(StartJobRunError::QueueFull(4))));
    assert_eq!(again.unwrap(), known);
    assert_eq!(counts(&bench).await, Some((0, 4, 0)));
    counts_are_right(&bench).await;
}

#[sqlx::test]
async fn runs_of_a_limited_virtual_cluster_wait_for_slots_in_their_turn(pool: PgPool) {
    let mut bench = Bench::new(pool).await;
    bench.place = limited(&bench, Some(2), None).await;
    let asked = ["a", "b", "c"].map(|token| (token, hash(1)));
    for started in bench.start_together(SHUT, &asked).await {
        let details = started.unwrap().state_details.unwrap();
        assert!(
            details.contains("one of the 2 concurrent job runs"),
            "{details}"
        );
    }
    assert_eq!(counts(&bench).await, Some((0, 4, 0)));
    assert_eq!(bench.claim(9).await.len(), 2);
}

#[sqlx::test]
async fn where_the_virtual_cluster_ends_only_known_tokens_are_answered(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let known = bench.start("known").await;
    let end = "UPDATE virtual_cluster SET state = 'TERMINATED', terminated_at = now()
        WHERE id IN (SELECT id FROM virtual_cluster FOR UPDATE)";
    let asked = ["a", "known", "b"].map(|token| (token, hash(1)));
    let started = bench.start_together(end, &asked).await;
    let [first, a, again, b] = started.try_into().unwrap();
    assert_eq!(again.unwrap(), known);
    for refused in [first, a, b] {
        assert!(matches!(
            refused,
            Err(StartJobRunError::VirtualClusterNotRunning(
                virtual_cluster::State::Terminated
            ))
        ));
    }
}

#[sqlx::test]
async fn a_row_that_the_database_refuses_fails_alone(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let asked = ["a", "zero\0", "b"].map(|token| (token, hash(1)));
    let started = bench.start_together(SHUT, &asked).await;
    let [_, a, refused, b] = started.try_into().unwrap();
    assert_eq!((token(&a), token(&b)), ("a", "b"));
    assert!(matches!(
        refused,
        Err(StartJobRunError::Store(StoreError::Query(_)))
    ));
}

#[sqlx::test]
async fn a_virtual_cluster_that_is_held_holds_no_other(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let gate = hold(&bench, SHUT).await;
    let held = bench.start("held");
    let other = async {
        bench.until_waiting(1).await;
        let place = bench.place("111111111111", "other").await;
        let other = bench.start_in(&place, "other").await;
        gate.commit().await.unwrap();
        other
    };
    let (held, other) = tokio::join!(held, other);
    assert_ne!(held.virtual_cluster, other.virtual_cluster);
}

#[sqlx::test]
async fn a_connection_that_is_cut_costs_the_answers_of_its_statement_alone(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let gate = hold(&bench, SHUT).await;
    let rest = async {
        bench.until_waiting(1).await;
        let starts = join_all(["a", "b"].map(|token| bench.start_as(token, hash(1))));
        let cut = async {
            bench
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .await;
            gate.commit().await.unwrap();
        };
        tokio::join!(starts, cut).0
    };
    let (first, rest) = tokio::join!(bench.start_as("first", hash(1)), rest);
    let [a, b] = rest.try_into().unwrap();
    assert!(matches!(
        first,
        Err(StartJobRunError::Store(StoreError::Unavailable(_)))
    ));
    assert_eq!((token(&a), token(&b)), ("a", "b"));
}

#[sqlx::test]
async fn look_ups_that_go_together_find_each_its_own(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let theirs = bench.place("222222222222", "theirs").await;
    let (ours, other) = (us().account, theirs.account.clone());
    let run = bench.start("a").await;
    let store = &bench.store;
    let gate = hold(&bench, "LOCK TABLE virtual_cluster, job_run").await;
    let asked = [
        (&ours, &bench.place.id),
        (&other, &bench.place.id),
        (&other, &theirs.id),
        (&ours, &theirs.id),
        (&ours, &bench.place.id),
    ];
    let places = join_all(asked.map(|(account, id)| store.virtual_cluster(account, id)));
    let hash = &hash(1);
    let tokens = join_all(
        [(&ours, "a"), (&other, "a"), (&ours, "b"), (&ours, "a")]
            .map(|(account, token)| store.job_run_by_token(account, &bench.place.id, token, hash)),
    );
    let open = async {
        bench.until_waiting(2).await;
        gate.commit().await.unwrap();
    };
    let (places, tokens, ()) = tokio::join!(places, tokens, open);
    let places: Vec<_> = places.into_iter().map(Result::unwrap).collect();
    let (ours, theirs) = (Some(bench.place.clone()), Some(theirs));
    assert_eq!(places, [ours.clone(), None, theirs, None, ours]);
    let tokens: Vec<_> = tokens.into_iter().map(Result::unwrap).collect();
    assert_eq!(tokens, [Some(run.clone()), None, None, Some(run)]);
}
