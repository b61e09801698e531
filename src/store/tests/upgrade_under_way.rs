//! Replicas of the version before go on, with the statements that they have prepared, while and after
//! this version's schema comes.

use sqlx::Row as _;
use sqlx::migrate::Migrator;
use sqlx::types::Json;

use super::*;
use crate::domain::job_run::State;

const FREE: &str = "0000000000000000000000fre";
const LIMITED: &str = "0000000000000000000000ltd";
const F1: &str = "000000035ee16lm60f1";
const F2: &str = "000000035ee16lm60f2";
const L1: &str = "000000035ee16lm60l1";
const L2: &str = "000000035ee16lm60l2";
const L3: &str = "000000035ee16lm60l3";

/// A schema of before: the first so many migrations.
async fn schema(pool: &PgPool, migrations: usize) {
    let before = Migrator {
        migrations: MIGRATIONS.iter().take(migrations).cloned().collect(),
        ..Migrator::DEFAULT
    };
    before.run(pool).await.unwrap();
}

/// The schema without counts, and two virtual clusters.
async fn version_before(pool: &PgPool) {
    schema(pool, 5).await;
    sqlx::raw_sql(
        "INSERT INTO virtual_cluster (id, account, name, state, cluster, namespace, client_token,
            request_hash, tags, scheduler, created_by, created_at)
        SELECT id, '111111111111', id, 'RUNNING', 'prod', id, id, sha256('x'), '{}', scheduler,
            'someone', now()
        FROM (VALUES ('0000000000000000000000fre', NULL),
            ('0000000000000000000000ltd', '{\"max_concurrent_job_runs\": 2}'::jsonb))
            AS place (id, scheduler)",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// A replica of the version before: one connection, on which each statement is prepared once.
struct Old(PgConnection);

impl Old {
    async fn start(&mut self, place: &str, run: &str) {
        let started = sqlx::query(include_str!("before/start_job_run.sql"))
            .bind("111111111111")
            .bind(place)
            .bind(run)
            .bind(None::<String>)
            .bind(run)
            .bind(&hash(1).0[..])
            .bind(None::<String>)
            .bind("emr-7.5.0-latest")
            .bind(Json(&new_job_run(&VirtualClusterId::random(), run).driver))
            .bind(None::<Json<()>>)
            .bind(Json(BTreeMap::<String, String>::new()))
            .bind(None::<i32>)
            .bind("someone")
            .bind(jiff_sqlx::Timestamp::from(Timestamp::now()));
        started.fetch_one(&mut self.0).await.unwrap();
    }

    /// The runs that it gets, and the one token of their leases.
    async fn claim(&mut self) -> (Vec<String>, Uuid) {
        let token = Uuid::new_v4();
        let claimed = sqlx::query(include_str!("before/claim.sql"))
            .bind("prod")
            .bind(None::<String>)
            .bind(9_i64)
            .bind(token)
            .bind(60_f64)
            .fetch_all(&mut self.0)
            .await
            .unwrap();
        let mut runs: Vec<String> = claimed.iter().map(|row| row.get(0)).collect();
        runs.sort();
        (runs, token)
    }

    async fn begin(&mut self, run: &str, token: Uuid) {
        sqlx::query(include_str!("before/begin_create.sql"))
            .bind(run)
            .bind(token)
            .bind(1)
            .bind(format!("{run}-driver"))
            .bind("prod")
            .bind(None::<String>)
            .fetch_one(&mut self.0)
            .await
            .unwrap();
    }

    async fn created(&mut self, run: &str, token: Uuid) {
        sqlx::query(include_str!("before/created.sql"))
            .bind(run)
            .bind(token)
            .bind(1)
            .bind(format!("uid of {run}"))
            .bind("DRIVER")
            .bind(jiff_sqlx::Timestamp::from(at(3)))
            .bind(Json(
                serde_json::json!({"phase": "UNSEEN", "deleting": false}),
            ))
            .bind(Vec::<String>::new())
            .fetch_one(&mut self.0)
            .await
            .unwrap();
    }

    /// Whether what is seen is news.
    async fn observe(&mut self, term: Term, run: &str, driver: serde_json::Value) -> bool {
        let uid = format!("uid of {run}");
        let seen = serde_json::json!({"run": run, "attempt": 1, "uid": uid, "driver": driver});
        let woken = sqlx::query(include_str!("before/observe.sql"))
            .bind("prod")
            .bind(term.0)
            .bind(Json([seen]))
            .bind(Vec::<String>::new())
            .bind("prod")
            .fetch_all(&mut self.0)
            .await
            .unwrap();
        !woken.is_empty()
    }

    async fn change(&mut self, run: &str, token: Uuid, from: State, to: State) {
        let finished = to.is_terminal().then(|| at(9));
        let changed = sqlx::query(include_str!("before/change_state.sql"))
            .bind(run)
            .bind(token)
            .bind(1)
            .bind(from.as_str())
            .bind(to.as_str())
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(finished.map(jiff_sqlx::Timestamp::from))
            .fetch_one(&mut self.0)
            .await
            .unwrap();
        assert!(changed.get::<bool, _>("changed!"), "{from} -> {to}");
    }

    async fn cancel(&mut self, place: &str, run: &str) {
        sqlx::query(include_str!("before/cancel_job_run.sql"))
            .bind("111111111111")
            .bind(place)
            .bind(run)
            .fetch_one(&mut self.0)
            .await
            .unwrap();
    }
}

/// `taken`, `in_queue` and `running` of the only virtual cluster with a limit.
async fn counts(pool: &PgPool) -> (i32, i32, i32) {
    let all = "SELECT taken, in_queue, running FROM virtual_cluster_slots";
    let row = sqlx::query(all).fetch_one(pool).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[sqlx::test(migrations = false)]
async fn the_version_before_goes_on_and_counts_without_knowing(pool: PgPool) {
    version_before(&pool).await;
    let connection = PgConnection::connect_with(&pool.connect_options()).await;
    let mut old = Old(connection.unwrap());
    for (place, run) in [(FREE, F1), (LIMITED, L1), (LIMITED, L2)] {
        old.start(place, run).await;
    }
    let (runs, token) = old.claim().await;
    assert_eq!(runs, [F1, L1, L2]);
    old.begin(L1, token).await;
    old.begin(F1, token).await;
    old.created(L1, token).await;
    let store = Store::from_pool(pool.clone());
    let term = store
        .take_watch(&watched("prod"), Uuid::new_v4(), LEASE)
        .await
        .unwrap()
        .unwrap();
    let running = serde_json::json!({"phase": "RUNNING", "deleting": false, "node": "n",
        "since": "2026-11-24T00:00:00Z"});
    assert!(old.observe(term, L1, running.clone()).await);
    old.change(L1, token, State::Pending, State::Submitted)
        .await;

    store.migrate().await.unwrap();
    assert_eq!(counts(&pool).await, (1, 2, 0));
    // What the name was asked for before is no other attempt, and takes no other slot.
    for run in [L1, L2, L2, F1] {
        old.begin(run, token).await;
    }
    assert_eq!(counts(&pool).await, (2, 2, 0));
    old.created(F1, token).await;
    assert!(old.observe(term, F1, running.clone()).await);
    assert!(!old.observe(term, F1, running).await);
    old.change(L1, token, State::Submitted, State::Running)
        .await;
    assert_eq!(counts(&pool).await, (2, 1, 1));
    old.start(LIMITED, L3).await;
    old.start(FREE, F2).await;
    assert_eq!(counts(&pool).await, (2, 2, 1));
    old.cancel(LIMITED, L2).await;
    assert_eq!(counts(&pool).await, (2, 1, 1));
    old.change(L1, token, State::Running, State::Completed)
        .await;
    old.change(L2, token, State::CancelPending, State::Cancelled)
        .await;
    assert_eq!(counts(&pool).await, (0, 1, 0));
    assert_eq!(store.recount_slots().await.unwrap(), []);

    // This version takes over what that one has begun.
    sqlx::query("UPDATE work SET lease_expires_at = now() - interval '1 s' WHERE run = $1")
        .bind(F1)
        .execute(&pool)
        .await
        .unwrap();
    let taken = store.claim(&prod(), None, 9, LEASE).await.unwrap();
    let ids: Vec<_> = taken.iter().map(|lease| lease.run.as_str()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    for lease in &taken {
        let loaded = store.load(lease).await.unwrap();
        let begun = loaded.attempt().map(|attempt| attempt.unanswered);
        assert_eq!(begun, (lease.run.as_str() == F1).then_some(1));
    }

    let story = "SELECT kind || coalesce(' ' || state::text, '') FROM job_run_event
        WHERE run = $1 ORDER BY number";
    let told: Vec<String> = sqlx::query_scalar(story)
        .bind(L1)
        .fetch_all(&pool)
        .await
        .unwrap();
    let expected = [
        "ATTEMPT",
        "STATE SUBMITTED",
        "STATE RUNNING",
        "STATE COMPLETED",
    ];
    assert_eq!(told, expected);
}

/// What the version that knows no grace periods prepared goes on, keeps those that are known, and
/// hears no news in them.
#[sqlx::test(migrations = false)]
async fn two_versions_tell_of_one_driver(pool: PgPool) {
    schema(&pool, 6).await;
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let term = bench.term().await;
    let mut old = PgConnection::connect_with(&bench.pool.connect_options())
        .await
        .unwrap();
    let running = serde_json::json!({"phase": "RUNNING", "deleting": false, "node": "node-1",
        "pod_ended": false, "since": "2026-11-24T00:00:00Z"});
    sqlx::query(include_str!("before/6/created.sql"))
        .bind(run.id.as_str())
        .bind(lease.token)
        .bind(1)
        .bind("u1")
        .bind("DRIVER")
        .bind(jiff_sqlx::Timestamp::from(at(3)))
        .bind(Json(
            serde_json::json!({"phase": "UNSEEN", "deleting": false}),
        ))
        .bind(Vec::<String>::new())
        .fetch_one(&mut old)
        .await
        .unwrap();
    let mut observe = async |driver: serde_json::Value| {
        let seen = serde_json::json!({"run": run.id.as_str(), "attempt": 1, "uid": "u1",
            "driver": driver});
        let woken = sqlx::query(include_str!("before/6/observe.sql"))
            .bind("prod")
            .bind(term.0)
            .bind(Json([seen]))
            .bind(Vec::<String>::new())
            .bind("prod")
            .fetch_all(&mut old);
        woken.await.unwrap().len()
    };
    assert_eq!(observe(running.clone()).await, 1);
    bench.store.migrate().await.unwrap();
    assert_eq!(observe(running.clone()).await, 0);
    let known = Driver {
        node: Some("node-1".to_owned()),
        grace_period: Some(Duration::from_secs(300)),
        ..driver(DriverPhase::Running {
            since: "2026-11-24T00:00:00Z".parse().unwrap(),
        })
    };
    let seen = Observed {
        run: run.id.clone(),
        attempt: 1,
        uid: "u1".to_owned(),
        driver: known.clone(),
    };
    let watch = watched("prod");
    let told = bench.store.observe(&watch, term, &[seen]).await.unwrap();
    assert_eq!(told.woken, std::slice::from_ref(&run.id));
    assert_eq!(observe(running.clone()).await, 0);
    let loaded = bench.store.load(&lease).await.unwrap();
    assert_eq!(loaded.attempts[0].driver, known);
    let mut deleting = running.clone();
    deleting["deleting"] = true.into();
    assert_eq!(observe(deleting).await, 1);
    let loaded = bench.store.load(&lease).await.unwrap();
    assert_eq!(loaded.attempts[0].driver.grace_period, known.grace_period);
}
