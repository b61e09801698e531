//! A database of the version before becomes this version's while that version still works.

use sqlx::Row as _;
use sqlx::migrate::Migrator;

use super::*;

/// What the first release prepares, as far as what is selected goes.
const CLUSTERS: &str = "SELECT id, account, name, state, cluster, namespace, node_label, tags, \
    security_configuration_id, session_enabled, scheduler, created_at, request_hash \
    FROM virtual_cluster WHERE account = $1 ORDER BY id";
const RUNS: &str = "SELECT id, account, virtual_cluster, cluster, namespace, name, client_token, \
    request_hash, execution_role_arn, release_label, driver, overrides, tags, max_attempts, \
    created_by, created_at, state::text, state_details, failure_reason, finished_at \
    FROM job_run WHERE account = $1 ORDER BY id";

/// The first release's schema with virtual clusters and runs in all states.
async fn first_release(pool: &PgPool) {
    let first = Migrator {
        migrations: MIGRATIONS.iter().take(1).cloned().collect(),
        ..Migrator::DEFAULT
    };
    first.run(pool).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO virtual_cluster (id, account, name, state, cluster, namespace, client_token,
            request_hash, tags, created_by, created_at, terminated_at)
        SELECT 'vc-' || state, '111111111111', state, state, 'prod', state, state, sha256('x'),
            '{\"team\": \"data\"}', 'someone', now(), CASE state WHEN 'TERMINATED' THEN now() END
        FROM unnest('{RUNNING,TERMINATING,TERMINATED,ARRESTED}'::text[]) AS state;
        INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, client_token,
            request_hash, release_label, driver, tags, created_by, created_at, state,
            failure_reason, finished_at)
        SELECT 'run-' || state, '111111111111', 'vc-RUNNING', 'prod', 'RUNNING', state,
            sha256('x'), 'emr-7.5.0-latest', '{}', '{}', 'someone', now(), state,
            CASE state WHEN 'FAILED' THEN 'USER_ERROR' END,
            CASE WHEN state >= 'COMPLETED' THEN now() END
        FROM unnest(enum_range(NULL::job_run_state)) AS state;
        INSERT INTO job_run_attempt (run, number, driver_name, cluster_identity)
        SELECT id, number, id || number, 'prod' FROM job_run, generate_series(1, 2) AS number;
        INSERT INTO work (run, cluster, account, virtual_cluster)
        SELECT id, cluster, account, virtual_cluster FROM job_run WHERE state < 'COMPLETED';",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// Columns that came later, with defaults that say nothing.
const LATER: &str = "'{fault,end_details,retry_at,removed,disruption,pod_ended,\
    cancel_requested_at,turn,waiting,crowded,state_details,check_due_at,\
    charged,verdict_fault,deleting_since,grace_seconds}'::text[]";

/// Everything in the first release's tables.
async fn rows(pool: &PgPool) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["virtual_cluster", "job_run", "job_run_attempt", "work"] {
        let all = format!("SELECT (to_jsonb(t) - {LATER})::text FROM {table} AS t ORDER BY 1");
        let all = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(all));
        rows.extend(all.fetch_all(pool).await.unwrap());
    }
    rows
}

#[sqlx::test(migrations = false)]
async fn an_upgrade_loses_nothing_and_leaves_prepared_statements_be(pool: PgPool) {
    first_release(&pool).await;
    let before = rows(&pool).await;
    let mut old = PgConnection::connect_with(&pool.connect_options())
        .await
        .unwrap();
    let mut ask = async |sql: &'static str| {
        let rows = sqlx::query(sql).bind("111111111111");
        let rows = rows.fetch_all(&mut old).await?;
        Ok::<_, sqlx::Error>(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>())
    };
    let clusters = ask(CLUSTERS).await.unwrap();
    let runs = ask(RUNS).await.unwrap();
    assert_eq!((clusters.len(), runs.len()), (4, 7));

    Store::from_pool(pool.clone()).migrate().await.unwrap();
    assert_eq!(rows(&pool).await, before);
    assert_eq!(ask(CLUSTERS).await.unwrap(), clusters);
    assert_eq!(ask(RUNS).await.unwrap(), runs);
}

#[sqlx::test(migrations = false)]
async fn an_upgrade_keeps_readers_waiting_for_a_moment_at_most(pool: PgPool) {
    first_release(&pool).await;
    let count =
        "SELECT count(*) FROM virtual_cluster, job_run, job_run_attempt, work, installation";
    let mut reader = pool.begin().await.unwrap();
    sqlx::query(count).execute(&mut *reader).await.unwrap();
    let upgrade = Store::from_pool(pool.clone());
    let refused = tokio::time::timeout(LIMIT, upgrade.migrate()).await;
    let refused = refused.expect("it waits for ever");
    assert!(
        matches!(refused, Err(StoreError::TablesInUse)),
        "columns came under a reader's hands: {refused:?}"
    );

    let later = pool.begin().await;
    sqlx::query(count)
        .execute(&mut *later.unwrap())
        .await
        .unwrap();
    drop(reader);
    upgrade.migrate().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn an_upgrade_drops_security_configurations_that_never_were(pool: PgPool) {
    first_release(&pool).await;
    sqlx::raw_sql("UPDATE virtual_cluster SET security_configuration_id = 'nothing'")
        .execute(&pool)
        .await
        .unwrap();
    let store = Store::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM virtual_cluster WHERE security_configuration_id IS NULL",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(left, 4);
}
