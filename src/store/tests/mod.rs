//! Each promise of the store, against a real Postgres and with no sleep: time passes by moving the
//! stored times, and races are staged by holding a row until both sides wait for it.

mod access_keys;
mod crowds;
mod events;
mod fairness;
mod gather;
mod history;
mod invariants;
mod job_runs;
mod job_templates;
mod leases;
mod limits;
mod lists;
mod loaded;
mod migrating;
mod queue;
mod races;
mod security_configurations;
mod starts;
mod strays;
mod tags;
mod tidying;
mod turmoil;
mod upgrade;
mod upgrade_under_way;
mod virtual_clusters;
mod watches;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::*;
use crate::domain::account::Caller;
use crate::domain::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{
    Driver, DriverPhase, Exit, Holder, HolderKind, JobDriver, JobRun, NewJobRun, Priority,
};
use crate::domain::virtual_cluster::{NewVirtualCluster, VirtualCluster};

const LEASE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(20);

fn caller(account: &str) -> Caller {
    Caller {
        account: AccountId::parse(account).unwrap(),
        arn: format!("arn:aws:iam::{account}:user/someone"),
        policy: None,
    }
}

fn us() -> Caller {
    caller("111111111111")
}

fn prod() -> ClusterId {
    ClusterId::parse("prod").unwrap()
}

fn watched(cluster: &str) -> WatchKey {
    WatchKey {
        cluster: ClusterId::parse(cluster).unwrap(),
        host: None,
    }
}

fn hash(byte: u8) -> RequestHash {
    RequestHash([byte; 32])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn new_virtual_cluster(namespace: &str, client_token: &str) -> NewVirtualCluster {
    NewVirtualCluster {
        name: format!("name of {namespace}"),
        cluster: prod(),
        namespace: namespace.to_owned(),
        node_label: None,
        client_token: client_token.to_owned(),
        tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
        security_configuration_id: None,
        session_enabled: None,
        scheduler: None,
    }
}

fn new_job_run(virtual_cluster: &VirtualClusterId, client_token: &str) -> NewJobRun {
    NewJobRun {
        virtual_cluster: virtual_cluster.clone(),
        client_token: client_token.to_owned(),
        name: Some("nightly".to_owned()),
        execution_role_arn: Some("arn:aws:iam::111111111111:role/job".to_owned()),
        release_label: "emr-7.5.0-latest".to_owned(),
        driver: JobDriver::SparkSubmit {
            entry_point: "s3://bucket/job.py".to_owned(),
            arguments: Some(vec!["--date".to_owned(), "2026-11-24".to_owned()]),
            parameters: Some("--conf spark.executor.instances=2".to_owned()),
        },
        overrides: None,
        tags: BTreeMap::new(),
        max_attempts: Some(3),
        priority: Priority::default(),
    }
}

fn driver(phase: DriverPhase) -> Driver {
    Driver {
        phase,
        ..Driver::default()
    }
}

fn running() -> Driver {
    Driver {
        node: Some("node-1".to_owned()),
        ..driver(DriverPhase::Running { since: at(5) })
    }
}

fn ended() -> Driver {
    Driver {
        node: Some("node-1".to_owned()),
        ..driver(DriverPhase::Ended(Exit {
            code: Some(1),
            reason: Some("Error".to_owned()),
            message: Some("ValueError: no input".to_owned()),
            started_at: Some(at(5)),
            at: at(9),
        }))
    }
}

fn holder(uid: &str, kind: HolderKind) -> Holder {
    Holder {
        uid: uid.to_owned(),
        created_at: at(3),
        kind,
    }
}

/// A store with one virtual cluster.
struct Bench {
    store: Store,
    pool: PgPool,
    place: VirtualCluster,
}

impl Bench {
    async fn new(pool: PgPool) -> Self {
        // The pool of `sqlx::test` shares its connections with those of other tests, and one that
        // stages a race would wait for theirs.
        let pool = PgPoolOptions::new()
            .max_connections(5)
            .connect_lazy_with((*pool.connect_options()).clone());
        let store = Store::from_pool(pool.clone());
        let place = store
            .create_virtual_cluster(&us(), &new_virtual_cluster("team-a", "place"), &hash(1))
            .await
            .unwrap();
        Self { store, pool, place }
    }

    async fn place(&self, account: &str, namespace: &str) -> VirtualCluster {
        self.store
            .create_virtual_cluster(
                &caller(account),
                &new_virtual_cluster(namespace, namespace),
                &hash(1),
            )
            .await
            .unwrap()
    }

    async fn start(&self, client_token: &str) -> JobRun {
        self.start_in(&self.place, client_token).await
    }

    async fn start_in(&self, place: &VirtualCluster, client_token: &str) -> JobRun {
        self.try_start(place, client_token, Timestamp::now())
            .await
            .unwrap()
    }

    async fn try_start(
        &self,
        place: &VirtualCluster,
        client_token: &str,
        now: Timestamp,
    ) -> Result<JobRun, StartJobRunError> {
        self.store
            .start_job_run(&StartJobRun {
                caller: &caller(place.account.as_str()),
                virtual_cluster: place,
                new: &new_job_run(&place.id, client_token),
                request_hash: &hash(1),
                now,
                queue_timeout: Duration::from_secs(1800),
            })
            .await
    }

    async fn claim(&self, limit: i64) -> Vec<Lease> {
        self.store.claim(&prod(), None, limit, LEASE).await.unwrap()
    }

    async fn claim_one(&self) -> Lease {
        let mut leases = self.claim(1).await;
        assert_eq!(leases.len(), 1, "exactly one run is due");
        leases.remove(0)
    }

    /// A run, held, whose first attempt's creation was begun.
    async fn begun(&self) -> (JobRun, Lease) {
        let run = self.start("begun").await;
        let lease = self.claim_one().await;
        self.store
            .begin_create(&lease, 1, "spark-driver", "cluster-uid", None)
            .await
            .unwrap();
        (run, lease)
    }

    /// The same, whose driver `u1` is known.
    async fn created(&self) -> (JobRun, Lease) {
        let (run, lease) = self.begun().await;
        self.store
            .created(
                &lease,
                1,
                &holder("u1", HolderKind::Driver),
                &Driver::default(),
            )
            .await
            .unwrap();
        (run, lease)
    }

    async fn term(&self) -> Term {
        self.store
            .take_watch(&watched("prod"), Uuid::new_v4(), LEASE)
            .await
            .unwrap()
            .unwrap()
    }

    /// The runs for which it is news what is seen on `prod`.
    async fn woken(&self, term: Term, observed: &[Observed]) -> Vec<JobRunId> {
        let told = self.store.observe(&watched("prod"), term, observed).await;
        told.unwrap().woken
    }

    async fn run(&self, id: &JobRunId) -> JobRun {
        self.store
            .job_run(&us().account, &self.place.id, id)
            .await
            .unwrap()
            .unwrap()
    }

    async fn execute(&self, sql: &'static str) -> u64 {
        sqlx::query(sql)
            .execute(&self.pool)
            .await
            .unwrap()
            .rows_affected()
    }

    /// The name of the constraint that refuses `sql`.
    async fn refused(&self, sql: &'static str) -> String {
        let error = sqlx::query(sql).execute(&self.pool).await.unwrap_err();
        error
            .as_database_error()
            .and_then(|error| error.constraint())
            .unwrap_or_else(|| panic!("{sql}: {error}"))
            .to_owned()
    }

    /// Lets the time of every lease run out.
    async fn expire_leases(&self) {
        self.execute(
            "UPDATE work SET lease_expires_at = now() - interval '1 s' WHERE lease_token IS NOT NULL",
        )
        .await;
    }

    /// Whether the run would be given to a claim now.
    async fn is_due(&self, run: &JobRunId) -> bool {
        sqlx::query_scalar("SELECT due_at <= now() FROM work WHERE run = $1")
            .bind(run.as_str())
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Everything that is stored of runs, for comparison.
    async fn snapshot(&self) -> serde_json::Value {
        sqlx::query_scalar(
            "SELECT jsonb_build_array(
                (SELECT jsonb_agg(job_run ORDER BY id) FROM job_run),
                (SELECT jsonb_agg(attempt ORDER BY run, number) FROM job_run_attempt AS attempt),
                (SELECT jsonb_agg(event ORDER BY run, number) FROM job_run_event AS event),
                (SELECT jsonb_agg(work ORDER BY run) FROM work))",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Waits until `sessions` of this database wait for a lock.
    async fn until_waiting(&self, sessions: i64) {
        // Not from the pool, whose few connections are those that come to wait.
        let mut watcher = PgConnection::connect_with(&self.pool.connect_options())
            .await
            .unwrap();
        let waiting = async {
            loop {
                let count: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .fetch_one(&mut watcher)
                .await
                .unwrap();
                if count >= sessions {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, waiting)
            .await
            .expect("the sessions come to wait");
        watcher.close().await.unwrap();
    }
}
