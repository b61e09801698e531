//! An account that asks too often is answered so that its client waits and tries again.

use reqwest::Method;
use sqlx::PgPool;

use crate::harness::app::ACCOUNT;
use crate::harness::client::virtual_cluster;
use crate::harness::{Client, TestApp};
use crate::job_run_stories::story_of;

/// A bucket of three and one token in a quarter of an hour: no test is so slow.
const SLOW: [(&str, &str); 3] = [
    ("API__THROTTLING__ENABLED", "true"),
    ("API__THROTTLING__OTHERS__BURST", "3"),
    ("API__THROTTLING__OTHERS__RATE", "0.001"),
];

#[sqlx::test]
async fn an_operation_is_throttled_alone(pool: PgPool) {
    let app = TestApp::with(pool, &SLOW).await;
    for _ in 0..3 {
        app.client
            .delete("/virtualclusters/abc")
            .await
            .invalid("VirtualCluster does not exist");
    }
    let refused = app.client.delete("/virtualclusters/abc").await;
    refused.refused(400, "ThrottlingException", "Rate exceeded");
    // It is the operation's own bucket that is empty.
    app.client
        .get("/virtualclusters/abc")
        .await
        .not_found("Virtual cluster abc doesn't exist.");
    let id = app.client.virtual_cluster("a").await;
    assert_eq!(
        app.client
            .get(&format!("/virtualclusters/{id}"))
            .await
            .status,
        200
    );

    let metrics = app.client.http.get(format!("{}/metrics", app.admin));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    let counted = metrics.lines().any(|line| {
        line.starts_with("firesteel_api_throttled_total{")
            && line.contains("operation=\"DeleteVirtualCluster\"")
            && line.contains("limit=\"operation\"")
    });
    assert!(counted, "{metrics}");
}

#[sqlx::test]
async fn an_answer_says_how_long_to_wait(pool: PgPool) {
    let app = TestApp::with(pool, &SLOW).await;
    let ask = || app.client.request(Method::GET, "/jobtemplates").send();
    for _ in 0..3 {
        assert!(!ask().await.unwrap().headers().contains_key("retry-after"));
    }
    let refused = ask().await.unwrap();
    assert_eq!(refused.headers()["x-amzn-errortype"], "ThrottlingException");
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((900..=1000).contains(&wait), "{wait}");
}

#[sqlx::test]
async fn all_operations_together_have_a_limit_even_those_that_do_not_exist(pool: PgPool) {
    let settings = [
        ("API__THROTTLING__ENABLED", "true"),
        ("API__THROTTLING__ALL__BURST", "3"),
        ("API__THROTTLING__ALL__RATE", "0.001"),
    ];
    let app = TestApp::with(pool, &settings).await;
    assert_eq!(app.client.get("/virtualclusters").await.status, 200);
    assert_eq!(app.client.get("/nothing").await.status, 404);
    assert_eq!(app.client.get("/virtualclusters").await.status, 200);
    for path in ["/virtualclusters", "/nothing"] {
        let refused = app.client.get(path).await;
        refused.refused(400, "ThrottlingException", "Rate exceeded");
    }
}

/// However often the server looks at a run meanwhile, who waits for it has asked once.
#[sqlx::test]
async fn a_wait_is_one_request(pool: PgPool) {
    let settings = [
        ("API__THROTTLING__ENABLED", "true"),
        ("API__THROTTLING__ALL__BURST", "4"),
        ("API__THROTTLING__ALL__RATE", "0.001"),
        ("API__FOLLOWING__POLL_INTERVAL", "20ms"),
    ];
    let app = TestApp::with(pool, &settings).await;
    let cluster = app.client.virtual_cluster("a").await;
    let run = app.client.job_run(&cluster).await;
    let wait = format!("{}?waitFor=terminal&timeout=1", story_of(&cluster, &run));
    let told = app.client.get(&wait).await;
    assert_eq!(told.body["jobRun"]["state"], "PENDING");
    assert_eq!(app.client.get("/virtualclusters").await.status, 200);
    let refused = app.client.get(&wait).await;
    refused.refused(400, "ThrottlingException", "Rate exceeded");
}

/// A throttled request did nothing: the same one succeeds later, and once.
#[sqlx::test]
async fn a_throttled_request_had_no_effect(pool: PgPool) {
    let body = virtual_cluster("a", "local", "a");
    let app = TestApp::with(pool.clone(), &SLOW).await;
    for _ in 0..3 {
        let other = virtual_cluster("b", "nowhere", "b");
        assert_eq!(
            app.client.post("/virtualclusters", &other).await.status,
            400
        );
    }
    let refused = app.client.post("/virtualclusters", &body).await;
    refused.refused(400, "ThrottlingException", "Rate exceeded");
    assert_eq!(app.count("virtual_cluster").await, 0);
    // A process that does not throttle, on the same database.
    let app = TestApp::start(pool).await;
    app.client.post("/virtualclusters", &body).await.text("id");
    assert_eq!(app.count("virtual_cluster").await, 1);
}

#[sqlx::test]
async fn it_is_off_by_default(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let client: &Client = &app.client;
    for _ in 0..30 {
        client
            .delete("/virtualclusters/abc")
            .await
            .invalid("VirtualCluster does not exist");
    }
}

#[sqlx::test]
async fn who_proves_nothing_takes_from_no_bucket(pool: PgPool) {
    let settings = [SLOW.as_slice(), &[("API__AUTH", "sigv4")]].concat();
    let app = TestApp::with(pool, &settings).await;
    let client = app.signed(ACCOUNT, None).await;
    for _ in 0..5 {
        let reply = app.client.delete("/virtualclusters/abc").await;
        reply.refused_with(403, "MissingAuthenticationTokenException", "");
    }
    for _ in 0..3 {
        let reply = client.delete("/virtualclusters/abc").await;
        reply.invalid("VirtualCluster does not exist");
    }
    let refused = client.delete("/virtualclusters/abc").await;
    refused.refused(400, "ThrottlingException", "Rate exceeded");
}
