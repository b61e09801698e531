//! Indexes come to tables in use: nobody waits for them, and what was broken off is done anew.

use sqlx::migrate::Migrator;

use super::*;

/// The last version of the schema that has none of the indexes that are built beside writers.
async fn version_before(pool: &PgPool) {
    let before = Migrator {
        migrations: MIGRATIONS
            .iter()
            .take_while(|migration| !migration.no_tx)
            .cloned()
            .collect(),
        ..Migrator::DEFAULT
    };
    before.run(pool).await.unwrap();
}

/// The indexes of runs, and whether they serve.
async fn indexes(pool: &PgPool) -> BTreeMap<String, bool> {
    let indexes: Vec<(String, bool)> = sqlx::query_as(
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index
        WHERE indrelid = 'job_run'::regclass",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    indexes.into_iter().collect()
}

#[sqlx::test(migrations = false)]
async fn replicas_that_start_at_once_wait_for_the_one_that_builds_indexes(pool: PgPool) {
    let bench = {
        version_before(&pool).await;
        Bench::new(pool.clone()).await
    };
    let replica = || {
        let pool = PgPoolOptions::new().connect_lazy_with((*pool.connect_options()).clone());
        let store = Store::from_pool(pool);
        tokio::spawn(async move { store.migrate().await })
    };
    // A writer keeps the first from its end, until the second has come.
    let mut writer = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE job_run IN ROW EXCLUSIVE MODE")
        .execute(&mut *writer)
        .await
        .unwrap();
    let first = replica();
    bench.until_waiting(1).await;
    let second = replica();
    let asking = async {
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND query LIKE '%pg\\_try\\_advisory\\_lock%' AND pid <> pg_backend_pid()";
        while sqlx::query_scalar::<_, i64>(asked)
            .fetch_one(&pool)
            .await
            .unwrap()
            == 0
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, asking).await.unwrap();
    // Who writes is not kept waiting.
    bench.start("meanwhile").await;
    drop(writer);
    for replica in [first, second] {
        let done = tokio::time::timeout(LIMIT, replica).await;
        done.expect("it waits for ever").unwrap().unwrap();
    }
    assert!(indexes(&pool).await.values().all(|&valid| valid));
    bench.store.check_schema().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn an_index_whose_building_was_broken_off_is_built_anew(pool: PgPool) {
    version_before(&pool).await;
    sqlx::raw_sql(
        "CREATE INDEX job_run_by_state ON job_run (state);
        UPDATE pg_index SET indisvalid = false
        WHERE indexrelid = 'job_run_by_state'::regclass",
    )
    .execute(&pool)
    .await
    .unwrap();
    Store::from_pool(pool.clone()).migrate().await.unwrap();
    let indexes = indexes(&pool).await;
    let built = indexes.keys().any(|definition| {
        definition.contains(" job_run_by_state ")
            && definition.contains("(virtual_cluster, state, id)")
    });
    assert!(built, "{indexes:?}");
    assert!(indexes.values().all(|&valid| valid));
}
