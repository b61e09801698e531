//! A list costs what its page costs, however much is newer than what was asked for. Those of job runs
//! are seen in `history`.

use sqlx::postgres::PgPoolOptions;

use super::*;

/// So many of each that nothing is cheaper than the list's own index; the higher, the older.
const EACH: &str = "
    INSERT INTO virtual_cluster (id, account, name, state, cluster, namespace, client_token,
        request_hash, tags, created_by, created_at)
    SELECT lpad(n::text, 25, '0'), '111111111111', '', 'RUNNING', 'prod', n, n, sha256('x'), '{}',
        '', to_timestamp(1700000000 - n) FROM generate_series(1, 5000) AS n;
    INSERT INTO job_template (id, account, name, client_token, request_hash, data, tags, created_by,
        created_at)
    SELECT lpad(n::text, 25, '0'), '111111111111', '', n, sha256('x'), '{}', '{}', '',
        to_timestamp(1700000000 - n) FROM generate_series(1, 5000) AS n;
    INSERT INTO security_configuration (id, account, name, client_token, request_hash, data, tags,
        created_by, created_at)
    SELECT lpad(n::text, 25, '0'), '111111111111', '', n, sha256('x'), '{}', '{}', '',
        to_timestamp(1700000000 - n) FROM generate_series(1, 5000) AS n;
    ANALYZE;";

/// How many pages of each list's index were read.
async fn pages_read(pool: &PgPool) -> BTreeMap<String, i64> {
    sqlx::query("SELECT pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    let pages = "SELECT indexrelname::text, idx_blks_read + idx_blks_hit \
                 FROM pg_statio_user_indexes WHERE indexrelname LIKE '%\\_list'";
    let pages: Vec<(String, i64)> = sqlx::query_as(pages).fetch_all(pool).await.unwrap();
    pages.into_iter().collect()
}

#[sqlx::test]
async fn what_is_newer_than_was_asked_for_is_not_read(pool: PgPool) {
    sqlx::raw_sql(EACH).execute(&pool).await.unwrap();
    // What one connection read is told by it alone.
    let one = PgPoolOptions::new().max_connections(1);
    let one = one.connect_lazy_with((*pool.connect_options()).clone());
    let store = Store::from_pool(one.clone());
    let account = us().account;
    let page = Page {
        after: None,
        limit: 2,
    };
    let created_before = Some(at(-4_900));
    let before = pages_read(&one).await;

    let filter = VirtualClusterFilter {
        created_before,
        ..VirtualClusterFilter::default()
    };
    let clusters = store.list_virtual_clusters(&account, &filter, &page).await;
    assert_eq!(
        clusters.unwrap()[0].id.as_str(),
        "0000000000000000000004900"
    );
    // What templates hold is nothing that could be read back.
    let filter = JobTemplateFilter {
        created_before,
        ..JobTemplateFilter::default()
    };
    let _ = store.list_job_templates(&account, filter, &page).await;
    let filter = SecurityConfigurationFilter {
        created_before,
        ..SecurityConfigurationFilter::default()
    };
    let configurations = store.list_security_configurations(&account, &filter, &page);
    assert_eq!(configurations.await.unwrap().len(), 2);

    let after = pages_read(&one).await;
    for list in [
        "virtual_cluster_list",
        "job_template_list",
        "security_configuration_list",
    ] {
        let pages = after[list] - before[list];
        assert!((1..10).contains(&pages), "{list}: {pages} pages");
    }
}
