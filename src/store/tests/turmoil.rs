//! Everything that counts against limits, or locks what is counted, at once: nothing waits for itself,
//! and the counts are right.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use super::crowds::wide;
use super::limits::{finish_from, start_on, try_to_begin};
use super::*;
use crate::domain::job_run::State;
use crate::domain::virtual_cluster::SchedulerConfiguration;

const RUNS: usize = 60;

struct Turmoil {
    store: Store,
    places: Vec<VirtualCluster>,
    over: AtomicBool,
}

impl Turmoil {
    /// Starts runs in all virtual clusters, some of which are full or going.
    async fn start(&self, starter: usize) {
        for number in 0..RUNS {
            let place = &self.places[number % self.places.len()];
            let new = new_job_run(&place.id, &format!("{starter}/{number}"));
            match start_on(&self.store, place, &new).await {
                Ok(run) if number % 3 == 0 => self.cancel(&run).await,
                Ok(_) | Err(StartJobRunError::QueueFull(_)) => {}
                Err(StartJobRunError::VirtualClusterNotRunning(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn cancel(&self, run: &JobRun) {
        let (store, place) = (&self.store, &run.virtual_cluster);
        store
            .cancel_job_run(&run.account, place, &run.id)
            .await
            .unwrap();
    }

    /// Brings runs to their end, until there are no more.
    async fn work(&self) {
        loop {
            let leases = self.store.claim(&prod(), None, 4, LEASE).await.unwrap();
            if leases.is_empty() && self.over.load(Ordering::SeqCst) {
                break;
            }
            for lease in &leases {
                self.pass(lease).await;
            }
        }
    }

    async fn pass(&self, lease: &Lease) {
        let state = self.store.load(lease).await.unwrap().run.state;
        if state == State::Pending && !try_to_begin(&self.store, lease).await {
            return;
        }
        let attempt = self.store.load(lease).await.unwrap();
        let attempt = attempt.attempt().map(|attempt| attempt.number);
        if let (State::Pending, Some(number)) = (state, attempt) {
            let to = State::Running;
            self.store.advance(lease, number, state, to).await.unwrap();
        }
        let state = self.store.load(lease).await.unwrap().run.state;
        // Where it is cancelled meanwhile, it is due at once.
        match finish_from(&self.store, lease, attempt, state).await {
            Change::Done => self.store.forget(lease).await.unwrap(),
            Change::StateMoved => {
                let now = Duration::ZERO;
                self.store.release(lease, now, None).await.unwrap();
            }
        }
    }

    /// Sets other limits, or none, until all is over.
    async fn limit(&self) {
        for round in 0.. {
            if self.over.load(Ordering::SeqCst) {
                break;
            }
            let limits = [
                (Some(2), None),
                (None, None),
                (None, Some(8)),
                (Some(1), Some(20)),
            ];
            let (concurrent, queue) = limits[round % limits.len()];
            for place in &self.places {
                let update = UpdateVirtualCluster {
                    caller: &us(),
                    id: &place.id,
                    scheduler: Some(SchedulerConfiguration {
                        max_in_queue_job_runs: queue,
                        max_concurrent_job_runs: concurrent,
                    }),
                    client_token: &Uuid::new_v4().to_string(),
                    request_hash: &hash(1),
                };
                match self.store.update_virtual_cluster(&update).await {
                    Ok(_) | Err(UpdateVirtualClusterError::NotRunning(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// What is done from time to time, all the time.
    async fn tidy(&self) {
        while !self.over.load(Ordering::SeqCst) {
            assert_eq!(self.store.recount_slots().await.unwrap(), []);
            self.store.mark_crowded(1).await.unwrap();
            self.store.delete_old_runs(at(0), 50).await.unwrap();
            let cluster = prod();
            let due = self.store.places_to_check(&cluster, Duration::ZERO, 9);
            for place in due.await.unwrap() {
                self.store.mark_place(&place.id, None).await.unwrap();
            }
            let last = self.places.last().unwrap();
            let deleted = self.store.delete_virtual_cluster(&last.account, &last.id);
            deleted.await.unwrap();
        }
    }
}

#[sqlx::test]
async fn whatever_is_done_at_once_the_counts_are_right(pool: PgPool) {
    let bench = Bench::new(pool.clone()).await;
    let mut places = vec![bench.place.clone()];
    for namespace in ["b", "c"] {
        places.push(bench.place("111111111111", namespace).await);
    }
    let turmoil = Turmoil {
        store: wide(&pool, 14).await,
        places,
        over: AtomicBool::new(false),
    };
    let starting = async {
        join_all((0..3).map(|starter| turmoil.start(starter))).await;
        turmoil.over.store(true, Ordering::SeqCst);
    };
    let working = join_all((0..4).map(|_| turmoil.work()));
    let all = async { tokio::join!(starting, working, turmoil.limit(), turmoil.tidy()) };
    tokio::time::timeout(LIMIT, all)
        .await
        .expect("everything comes to its end");
    // Runs whose limit was the last to be set wait for the slots of those that have ended.
    tokio::time::timeout(LIMIT, turmoil.work())
        .await
        .expect("everything comes to its end");
    assert_eq!(turmoil.store.recount_slots().await.unwrap(), []);
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM work)
            + (SELECT coalesce(sum(taken + in_queue + running), 0) FROM virtual_cluster_slots)",
    )
    .fetch_one(&bench.pool)
    .await
    .unwrap();
    assert_eq!(left, 0, "no run is left, and none is counted");
}
