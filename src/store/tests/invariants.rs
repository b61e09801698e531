//! What must never be stored is refused by the tables themselves.

use super::*;

#[sqlx::test]
async fn finished_at_is_set_iff_the_run_is_over(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    assert_eq!(
        bench
            .refused("UPDATE job_run SET finished_at = now()")
            .await,
        "job_run_finished_at"
    );
    assert_eq!(
        bench
            .refused("UPDATE job_run SET state = 'COMPLETED'")
            .await,
        "job_run_finished_at"
    );
}

#[sqlx::test]
async fn a_failure_reason_is_set_iff_the_run_failed(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    for sql in [
        "UPDATE job_run SET state = 'FAILED', finished_at = now()",
        "UPDATE job_run SET failure_reason = 'USER_ERROR'",
        "UPDATE job_run SET state = 'COMPLETED', finished_at = now(), failure_reason = 'USER_ERROR'",
    ] {
        assert_eq!(bench.refused(sql).await, "job_run_failure_reason");
    }
    assert_eq!(
        bench
            .refused(
                "UPDATE job_run SET state = 'FAILED', finished_at = now(), failure_reason = 'BAD'"
            )
            .await,
        "job_run_failure_reason_known"
    );
}

#[sqlx::test]
async fn a_terminal_state_never_changes(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    bench
        .execute(
            "UPDATE job_run SET state = 'FAILED', finished_at = now(), failure_reason = 'USER_ERROR'",
        )
        .await;
    for sql in [
        "UPDATE job_run SET state = 'RUNNING', finished_at = NULL, failure_reason = NULL",
        "UPDATE job_run SET state = 'CANCELLED', failure_reason = NULL",
        "UPDATE job_run SET finished_at = now() + interval '1 s'",
        "UPDATE job_run SET state_details = 'another story'",
        "UPDATE job_run SET failure_reason = 'INTERNAL_ERROR'",
    ] {
        assert_eq!(bench.refused(sql).await, "job_run_state_moves_forward");
    }
    assert_eq!(
        bench
            .execute("UPDATE job_run SET tags = '{\"a\": \"b\"}'")
            .await,
        1
    );
}

#[sqlx::test]
async fn a_state_never_goes_back(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    bench
        .execute("UPDATE job_run SET state = 'CANCEL_PENDING'")
        .await;
    for sql in [
        "UPDATE job_run SET state = 'RUNNING'",
        "UPDATE job_run SET state = 'PENDING'",
    ] {
        assert_eq!(bench.refused(sql).await, "job_run_state_moves_forward");
    }
}

#[sqlx::test]
async fn a_namespace_has_one_virtual_cluster_that_lives(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let copy = "INSERT INTO virtual_cluster SELECT 'other', account, name, state, cluster, \
                namespace, node_label, 'other', request_hash, tags, security_configuration_id, \
                session_enabled, scheduler, created_by, created_at FROM virtual_cluster";
    assert_eq!(
        bench.refused(copy).await,
        "virtual_cluster_one_per_namespace"
    );
    bench
        .execute("UPDATE virtual_cluster SET state = 'TERMINATED', terminated_at = now()")
        .await;
    assert_eq!(
        bench
            .refused("UPDATE virtual_cluster SET state = 'RUNNING', terminated_at = NULL")
            .await,
        "virtual_cluster_terminated_is_final"
    );
}

#[sqlx::test]
async fn a_client_token_has_one_run(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let copy = "INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, \
                client_token, request_hash, release_label, driver, tags, created_by, created_at) \
                SELECT 'other', account, virtual_cluster, cluster, namespace, client_token, \
                request_hash, release_label, driver, tags, created_by, created_at FROM job_run";
    assert_eq!(bench.refused(copy).await, "job_run_client_token");
}

#[sqlx::test]
async fn a_run_belongs_to_its_virtual_clusters_account_and_place(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    for sql in [
        "UPDATE job_run SET account = '222222222222'",
        "UPDATE job_run SET namespace = 'elsewhere'",
        "UPDATE job_run SET cluster = 'elsewhere'",
    ] {
        assert_eq!(bench.refused(sql).await, "job_run_virtual_cluster");
    }
}

#[sqlx::test]
async fn an_attempt_never_goes_back(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (_, lease) = bench.created().await;
    let gone = Driver {
        gone_at: Some(at(20)),
        ..ended()
    };
    bench.store.looked(&lease, 1, "u1", &gone).await.unwrap();
    for sql in [
        "UPDATE job_run_attempt SET phase = 'RUNNING', since = now(), ended_at = NULL,
            exit_code = NULL, exit_reason = NULL, exit_message = NULL, started_at = NULL",
        "UPDATE job_run_attempt SET gone_at = NULL",
        "UPDATE job_run_attempt SET holder_uid = 'u2'",
    ] {
        assert_eq!(bench.refused(sql).await, "job_run_attempt_moves_forward");
    }
    for (sql, constraint) in [
        (
            "UPDATE job_run_attempt SET unanswered = -1",
            "job_run_attempt_unanswered",
        ),
        (
            "UPDATE job_run_attempt SET ended_at = NULL",
            "job_run_attempt_ended",
        ),
        (
            "UPDATE job_run_attempt SET since = now()",
            "job_run_attempt_since",
        ),
        (
            "UPDATE job_run_attempt SET waiting_reason = 'x'",
            "job_run_attempt_waiting",
        ),
        (
            "UPDATE job_run_attempt SET verdict_reason = 'USER_ERROR'",
            "job_run_attempt_verdict",
        ),
        (
            "INSERT INTO job_run_attempt SELECT * FROM job_run_attempt",
            "job_run_attempt_pkey",
        ),
    ] {
        assert_eq!(bench.refused(sql).await, constraint);
    }
}

#[sqlx::test]
async fn a_lease_is_whole_or_not_there(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    assert_eq!(
        bench
            .refused("UPDATE work SET lease_token = gen_random_uuid()")
            .await,
        "work_lease"
    );
}

#[sqlx::test]
async fn there_is_one_installation_whoever_comes_first(pool: PgPool) {
    let store = Store::from_pool(pool.clone());
    let (one, two) = tokio::join!(store.installation(), store.installation());
    let one = one.unwrap();
    assert_eq!(one, two.unwrap());
    assert_eq!(one, store.installation().await.unwrap());
    assert!(!format!("{one:?}").contains("token_key"));
}

#[sqlx::test(migrations = false)]
async fn the_schema_must_be_this_versions(pool: PgPool) {
    let store = Store::from_pool(pool.clone());
    assert!(matches!(
        store.check_schema().await,
        Err(StoreError::SchemaOlder)
    ));
    let (one, two) = tokio::join!(store.migrate(), store.migrate());
    one.unwrap();
    two.unwrap();
    store.check_schema().await.unwrap();
    store.ping().await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '', 0)")
        .execute(&pool)
        .await
        .unwrap();
    assert!(matches!(
        store.check_schema().await,
        Err(StoreError::SchemaNewer)
    ));
    assert!(matches!(
        store.migrate().await,
        Err(StoreError::SchemaNewer)
    ));
}

#[sqlx::test]
async fn an_error_quotes_no_row(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let error: StoreError = sqlx::query("UPDATE job_run SET finished_at = now()")
        .execute(&bench.pool)
        .await
        .unwrap_err()
        .into();
    assert!(matches!(&error, StoreError::Query(f) if f.constraint().is_some()));
    assert!(!format!("{error:?}").contains("job.py"));
}
