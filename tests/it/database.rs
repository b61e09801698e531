//! A database that is cut off costs answers, not the service.

use std::time::Duration;

use firesteel::store::Store;
use firesteel::wire::{OPERATIONS, Operation};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::auth::SIGV4;
use crate::harness::app::ACCOUNT;
use crate::harness::proxy::Proxy;
use crate::harness::{Client, Reply, TestApp};
use crate::operations::{Resources, call, send};

const TRY_AGAIN: &str = "The service is not available now. Try again.";

/// What does not reach the database where nobody has to prove anything.
const UNSERVED: &str = "is not supported yet";

/// Each operation's answer, by its name.
async fn every_call(client: &Client, resources: &Resources) -> Vec<(&'static Operation, Reply)> {
    let mut replies = Vec::new();
    // Last what removes the resources.
    let (last, first): (Vec<_>, Vec<_>) = OPERATIONS
        .iter()
        .partition(|operation| operation.name.starts_with("Delete"));
    for operation in first.into_iter().chain(last.into_iter().rev()) {
        let reply = send(client, &call(operation, resources)).await;
        replies.push((operation, reply));
    }
    replies
}

fn unavailable(operation: &Operation, reply: &Reply) {
    assert_eq!(
        (reply.status, reply.body["message"].as_str()),
        (503, Some(TRY_AGAIN)),
        "{}",
        operation.name
    );
}

/// The same database, with a setting of the session.
fn with_setting(pool: &PgPool, name: &str, value: &str) -> PgPool {
    let options = (*pool.connect_options()).clone().options([(name, value)]);
    PgPoolOptions::new().connect_lazy_with(options)
}

#[sqlx::test]
async fn without_its_database_the_service_says_try_again(pool: PgPool) {
    let (proxy, cut_off) = Proxy::before(&pool).await;
    let app = TestApp::with(cut_off, SIGV4).await;
    let client = app.signed(ACCOUNT, None).await;
    let resources = Resources::new(&client, ACCOUNT).await;
    let ready = format!("{}/readyz", app.admin);
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 200);

    proxy.cut();
    for (operation, reply) in every_call(&client, &resources).await {
        unavailable(operation, &reply);
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
    client.describe(&resources.virtual_cluster).await;
}

#[sqlx::test]
async fn a_standby_is_read_and_for_what_writes_the_service_says_try_again(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let resources = Resources::new(&app.client, ACCOUNT).await;
    let standby = with_setting(&pool, "default_transaction_read_only", "on");
    let standby = TestApp::changed(pool, &[], |app| app.store = Store::from_pool(standby)).await;
    for (operation, reply) in every_call(&standby.client, &resources).await {
        if reply.body["message"]
            .as_str()
            .is_some_and(|text| text.contains(UNSERVED))
        {
            continue;
        }
        if operation.method.as_str() == "GET" {
            assert_eq!(reply.status, 200, "{}: {}", operation.name, reply.body);
        } else {
            unavailable(operation, &reply);
        }
    }
}

#[sqlx::test]
async fn for_what_waits_too_long_for_a_lock_the_service_says_try_again(pool: PgPool) {
    let impatient = with_setting(&pool, "lock_timeout", "1ms");
    let app = TestApp::with(pool.clone(), SIGV4).await;
    let client = app.signed(ACCOUNT, None).await;
    let resources = Resources::new(&client, ACCOUNT).await;
    let master_keys = app.app.master_keys.clone();
    let replica = TestApp::changed(pool.clone(), SIGV4, |app| {
        app.store = Store::from_pool(impatient);
        app.master_keys = master_keys;
    })
    .await;
    let client = Client {
        base: replica.client.base.clone(),
        ..client
    };
    let mut held = pool.begin().await.unwrap();
    let lock = "LOCK TABLE access_key, virtual_cluster";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    for (operation, reply) in every_call(&client, &resources).await {
        unavailable(operation, &reply);
    }
    held.rollback().await.unwrap();
    client.describe(&resources.virtual_cluster).await;
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
