//! A database in which a year of runs has ended, as years of use leave it: half of them in one
//! virtual cluster.

use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::server::ACCOUNT;

pub const RUNS: i64 = 10_000_000;

/// So many at a time.
const BATCH: i64 = 500_000;

/// {account}: the caller's account, which has each fifth of 40 virtual clusters. Number 0 has half of
/// all runs; in number 35 every run is COMPLETED. An id's time is its run's `created_at`.
const SCHEMA: &str = "
    CREATE FUNCTION run_id(ms bigint, random bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT '0000000' || string_agg(substr('0123456789abcdefghijklmnopqrstuv',
            (((ms << 16) | random) >> (5 * (11 - d)) & 31)::int + 1, 1), '' ORDER BY d)
        FROM generate_series(0, 11) AS d
    $$;
    CREATE FUNCTION account_of(place bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE place % 5 WHEN 0 THEN '{account}' ELSE lpad((place % 5)::text, 12, '1') END
    $$;
    INSERT INTO virtual_cluster (id, account, name, state, cluster, namespace, client_token,
        request_hash, tags, created_by, created_at)
    SELECT lpad(n::text, 25, 'v'), account_of(n), 'vc' || n, 'RUNNING', 'kwok', 'ns' || n, 'vc' || n,
        sha256('x'), '{}', 'bench', now() - interval '1 year'
    FROM generate_series(0, 39) AS n;";

/// Of the runs from {first} to {last}, of {runs}.
const BATCH_OF_RUNS: &str = r#"
    INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, name, client_token,
        request_hash, execution_role_arn, release_label, driver, tags, created_by, created_at, state,
        failure_reason, finished_at)
    SELECT run_id(ms, (n * 7919) & 65535), account_of(place), lpad(place::text, 25, 'v'), 'kwok',
        'ns' || place,
        CASE
            WHEN n % 10 < 5 THEN 'nightly-' || (n / 10 % 20)
            WHEN n % 10 < 8 THEN 'hourly'
            WHEN n % 10 = 8 THEN 'run-' || n
        END,
        'token-' || n, sha256('x'), 'arn:aws:iam::123456789012:role/job', 'emr-7.12.0-latest',
        '{"kind": "spark_submit", "entry_point": "local:///opt/spark/examples/jars/spark-examples.jar",
            "arguments": ["1000"], "parameters": "--class org.apache.spark.examples.SparkPi --conf spark.executor.instances=2 --conf spark.executor.memory=4g --conf spark.driver.memory=2g"}',
        '{"team": "data"}', 'arn:aws:iam::123456789012:user/bench', at, state::job_run_state,
        CASE state WHEN 'FAILED' THEN 'USER_ERROR' END, at + interval '5 min'
    FROM (
        SELECT n, ms, place, to_timestamp(ms / 1000.0) AS at,
            CASE
                WHEN place = 35 OR n / 3 % 100 < 90 THEN 'COMPLETED'
                WHEN n / 3 % 100 < 98 THEN 'FAILED'
                ELSE 'CANCELLED'
            END AS state
        FROM (
            SELECT n, (extract(epoch FROM now()) * 1000)::bigint - (({runs} - n) * 31536000000.0 / {runs})::bigint AS ms,
                CASE WHEN n % 2 = 0 THEN 0 ELSE 1 + n / 2 % 39 END AS place
            FROM generate_series({first}::bigint, {last}) AS n
        ) AS run
    ) AS run"#;

/// The id of the virtual cluster of this number.
pub fn place(number: u8) -> String {
    format!("{number:v>25}")
}

/// Fills a database that has the schema and no runs.
pub async fn load(database: &Url, runs: i64) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    // Neither triggers nor references: what is written is known to be right.
    let mut run = async |sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
    };
    run("SET session_replication_role = replica; SET synchronous_commit = off".to_owned()).await?;
    run(SCHEMA.replace("{account}", ACCOUNT)).await?;
    let mut first = 1;
    while first <= runs {
        let last = (first + BATCH - 1).min(runs);
        let batch = BATCH_OF_RUNS
            .replace("{runs}", &runs.to_string())
            .replace("{first}", &first.to_string())
            .replace("{last}", &last.to_string());
        run(batch).await?;
        eprintln!("   {last} of {runs} runs are loaded");
        first = last + 1;
    }
    run("VACUUM (ANALYZE) job_run".to_owned()).await?;
    Ok(())
}
