//! A database that is cut off costs answers, not the service.

use std::time::Duration;

use sqlx::PgPool;

use crate::harness::client::{job_run, virtual_cluster};
use crate::harness::proxy::Proxy;
use crate::harness::{Client, Reply, TestApp};

async fn every_call(client: &Client, cluster: &str) -> Vec<Reply> {
    let run = "000000035ee16lm6uri";
    let create = virtual_cluster("a", "local", "jobs");
    vec![
        client.get("/virtualclusters").await,
        client.get(&format!("/virtualclusters/{cluster}")).await,
        client.post("/virtualclusters", &create).await,
        client.delete(&format!("/virtualclusters/{cluster}")).await,
        client.start(cluster, &job_run()).await,
        client
            .get(&format!("/virtualclusters/{cluster}/jobruns"))
            .await,
        client
            .get(&format!("/virtualclusters/{cluster}/jobruns/{run}"))
            .await,
        client
            .delete(&format!("/virtualclusters/{cluster}/jobruns/{run}"))
            .await,
    ]
}

#[sqlx::test]
async fn without_its_database_the_service_says_try_again(pool: PgPool) {
    let (proxy, cut_off) = Proxy::before(&pool).await;
    let app = TestApp::start(cut_off).await;
    let cluster = app.client.virtual_cluster("first").await;
    let ready = format!("{}/readyz", app.admin);
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 200);

    proxy.cut();
    for reply in every_call(&app.client, &cluster).await {
        reply.refused(
            503,
            "ServiceUnavailableException",
            "The service is not available now. Try again.",
        );
    }
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 503);
    let alive = format!("{}/healthz", app.admin);
    assert_eq!(reqwest::get(alive).await.unwrap().status(), 200);

    proxy.restore();
    let recovered = async {
        while reqwest::get(&ready).await.unwrap().status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recovered)
        .await
        .expect("it recovers");
    app.client.describe(&cluster).await;
}

#[sqlx::test]
async fn a_database_in_disorder_is_an_internal_error_that_hides_its_words(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    sqlx::query("ALTER TABLE virtual_cluster RENAME COLUMN tags TO secret_tags")
        .execute(&pool)
        .await
        .unwrap();
    let reply = app.client.get("/virtualclusters").await;
    reply.refused(
        500,
        "InternalServerException",
        "The request failed because of an internal error.",
    );
}
