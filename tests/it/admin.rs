//! The port for operators.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::workers::{eventually, settings};
use crate::harness::{TestApp, Workers};

#[sqlx::test]
async fn a_cluster_in_trouble_is_shown_and_leaves_the_process_ready(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let ready = format!("{}/readyz", app.admin);
    let response = reqwest::get(&ready).await.unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    let clusters = json!({"local": "ok", "shared": "ok", "theirs": "ok"});
    assert_eq!(
        body,
        json!({"ready": true, "database": "ok", "clusters": clusters})
    );

    app.local.set_unreachable(true);
    let response = reqwest::get(&ready).await.unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["clusters"]["local"], "unreachable");
}

#[sqlx::test]
async fn requests_are_counted_by_operation_and_nothing_else(pool: PgPool) {
    let app = TestApp::start(pool).await;
    app.client
        .get("/virtualclusters/jk518skp01ys9ka8b0npx9nt0")
        .await;
    app.client.get("/no/such/path/at/all").await;
    let metrics = reqwest::get(format!("{}/metrics", app.admin))
        .await
        .unwrap();
    assert_eq!(metrics.status(), 200);
    let text = metrics.text().await.unwrap();
    for line in [
        "firesteel_api_requests_total{operation=\"DescribeVirtualCluster\",status=\"400\"}",
        "firesteel_api_requests_total{operation=\"Unknown\",status=\"404\"}",
        "firesteel_api_request_duration_seconds_bucket{operation=\"DescribeVirtualCluster\"",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("jk518skp01ys9ka8b0npx9nt0") && !text.contains("such"));
}

/// What an operator is woken by: runs that wait, and runs that nobody takes.
#[sqlx::test]
async fn the_queue_is_measured(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let _workers = Workers::start(&app, settings());
    let text = eventually("the runs are counted", async || {
        let metrics = reqwest::get(format!("{}/metrics", app.admin)).await;
        let text = metrics.unwrap().text().await.unwrap();
        text.contains("firesteel_longest_overdue_seconds")
            .then_some(text)
    })
    .await;
    for line in [
        "firesteel_job_runs{cluster=\"local\",state=\"PENDING\"}",
        "firesteel_job_runs{cluster=\"local\",state=\"CANCEL_PENDING\"}",
        "firesteel_oldest_pending_job_run_seconds{cluster=\"local\"}",
        "firesteel_longest_overdue_seconds{cluster=\"local\"}",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[sqlx::test]
async fn the_ports_do_not_serve_each_others_paths(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let api = reqwest::get(format!("{}/virtualclusters", app.admin))
        .await
        .unwrap();
    assert_eq!(api.status(), 404);
    let reply = app.client.get("/metrics").await;
    reply.refused_with(404, "UnknownOperationException", "path");
}
