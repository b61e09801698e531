//! Limits hold however many start and begin runs at the same moment, each on its own connection.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use sqlx::postgres::PgPoolOptions;

use super::limits::{
    counts, counts_are_right, finish, limited, set, start_on, tokens, try_to_begin,
};
use super::races::hold;
use super::*;

/// The same bench with enough connections for many at once.
pub(super) async fn wide(pool: &PgPool, connections: u32) -> Store {
    let options = PgPoolOptions::new().max_connections(connections);
    let pool = options.connect_with((*pool.connect_options()).clone());
    Store::from_pool(pool.await.unwrap())
}

#[sqlx::test]
async fn starts_at_once_never_exceed_the_queue(pool: PgPool) {
    let bench = Bench::new(pool.clone()).await;
    let place = limited(&bench, None, Some(5)).await;
    bench.start("before").await;
    let store = wide(&pool, 12).await;
    let start =
        async |token: String| start_on(&store, &place, &new_job_run(&place.id, &token)).await;
    let started = join_all(tokens(24).map(start)).await;
    let full = |result: &Result<_, _>| matches!(result, Err(StartJobRunError::QueueFull(5)));
    assert_eq!(started.iter().filter(|result| result.is_ok()).count(), 4);
    assert_eq!(started.iter().filter(|result| full(result)).count(), 20);
    assert_eq!(counts(&bench).await, Some((0, 5, 0)));
    // A known token is answered, however full it is.
    assert!(start("before".to_owned()).await.is_ok());
    assert!(full(&start("after".to_owned()).await));
    bench
        .execute("UPDATE job_run SET state = 'RUNNING' WHERE client_token = 'before'")
        .await;
    assert!(start("after".to_owned()).await.is_ok());
    assert!(full(&start("later".to_owned()).await));
    counts_are_right(&bench).await;
}

#[sqlx::test]
async fn one_token_that_takes_the_last_place_gives_one_run(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, None, Some(1)).await;
    let gate = hold(&bench, "SELECT FROM virtual_cluster_slots FOR UPDATE").await;
    let open = async {
        bench.until_waiting(2).await;
        gate.commit().await.unwrap();
    };
    let start = async || {
        let replica = Store::from_pool(bench.pool.clone());
        let new = new_job_run(&place.id, "twin");
        start_on(&replica, &place, &new).await.unwrap()
    };
    let (a, b, ()) = tokio::join!(start(), start(), open);
    assert_eq!(a.id, b.id);
    assert_eq!(counts(&bench).await, Some((0, 1, 0)));
}

#[sqlx::test]
async fn workers_at_once_never_exceed_the_slots(pool: PgPool) {
    let bench = Bench::new(pool.clone()).await;
    let place = limited(&bench, Some(3), None).await;
    for token in tokens(30) {
        bench.start_in(&place, &token).await;
    }
    // As if all of them had been there before the limit.
    bench
        .execute("UPDATE work SET waiting = false, due_at = now()")
        .await;
    let store = wide(&pool, 12).await;
    let leases = store.claim(&prod(), None, 30, LEASE).await.unwrap();
    assert_eq!(leases.len(), 30);
    let begun = join_all(leases.iter().map(|lease| try_to_begin(&store, lease))).await;
    assert_eq!(begun.iter().filter(|begun| **begun).count(), 3);
    assert_eq!(counts(&bench).await, Some((3, 30, 0)));
    counts_are_right(&bench).await;
    assert!(bench.claim(30).await.is_empty(), "no room, no claim");
}

/// Several workers, each with its own connection, that end what they have begun.
#[sqlx::test]
async fn a_crowd_passes_through_few_slots(pool: PgPool) {
    let bench = Bench::new(pool.clone()).await;
    let place = limited(&bench, Some(3), None).await;
    for token in tokens(40) {
        bench.start_in(&place, &token).await;
    }
    let store = wide(&pool, 8).await;
    let ended = AtomicUsize::new(0);
    let worker = async || {
        loop {
            let leases = store.claim(&prod(), None, 4, LEASE).await.unwrap();
            for lease in &leases {
                if try_to_begin(&store, lease).await {
                    let taken: i32 = sqlx::query_scalar("SELECT taken FROM virtual_cluster_slots")
                        .fetch_one(&store.pool)
                        .await
                        .unwrap();
                    assert!(taken <= 3, "{taken}");
                    finish(&store, lease).await;
                    ended.fetch_add(1, Ordering::SeqCst);
                }
            }
            if ended.load(Ordering::SeqCst) == 40 {
                break;
            }
        }
    };
    let all = join_all((0..6).map(|_| worker()));
    tokio::time::timeout(LIMIT, all)
        .await
        .expect("every run gets its slot");
    assert_eq!(counts(&bench).await, Some((0, 0, 0)));
}

#[sqlx::test]
async fn a_limit_set_while_runs_start_counts_each_of_them(pool: PgPool) {
    let bench = Bench::new(pool.clone()).await;
    let store = wide(&pool, 12).await;
    let place = &bench.place;
    let start = async |token: String| {
        let new = new_job_run(&place.id, &token);
        start_on(&store, place, &new).await.unwrap();
    };
    let mut total = 0;
    for round in 0..4 {
        set(&bench, None, None).await;
        let starts = join_all(tokens(20).map(|token| start(format!("{round}/{token}"))));
        tokio::join!(starts, set(&bench, Some(1000), Some(1000)));
        total += 20;
        assert_eq!(counts(&bench).await, Some((0, total, 0)));
        counts_are_right(&bench).await;
    }
}
