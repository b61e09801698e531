//! One client token, one effect: repeated, at the same moment, and after everything has changed.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::json;
use sqlx::PgPool;
use tokio::sync::Barrier;

use crate::harness::TestApp;
use crate::harness::client::{job_run, virtual_cluster, with};
use crate::harness::cluster::Namespaces;
use crate::job_templates;

const REUSED: &str = "The client token has already been used with a different request.";

#[sqlx::test]
async fn a_repeated_start_gives_the_same_run_whatever_became_of_it(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = job_run();
    let first = app.client.start(&cluster, &request).await;
    let id = first.text("id");
    app.set_run(&id, "FAILED").await;
    app.set_virtual_cluster(&cluster, "TERMINATING").await;
    let again = app.client.start(&cluster, &request).await;
    assert_eq!(again.body, first.body);
    assert_ne!(again.request_id, first.request_id);
    assert_eq!(app.count("job_run").await, 1);
}

#[sqlx::test]
async fn a_token_belongs_to_its_virtual_cluster(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let one = app.client.virtual_cluster("one").await;
    let two = app.client.virtual_cluster("two").await;
    let request = job_run();
    let first = app.client.start(&one, &request).await.text("id");
    let second = app.client.start(&two, &request).await.text("id");
    assert_ne!(first, second);
}

#[sqlx::test]
async fn starts_of_one_moment_give_one_run(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = job_run();
    let replies = join_all((0..12).map(|_| app.client.start(&cluster, &request))).await;
    let id = replies[0].text("id");
    assert!(replies.iter().all(|reply| reply.text("id") == id));
    assert_eq!(app.count("job_run").await, 1);
}

#[sqlx::test]
async fn a_token_with_another_request_is_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = job_run();
    app.client.start(&cluster, &request).await.text("id");
    let reply = app
        .client
        .start(&cluster, &with(request.clone(), json!({"name": "x"})))
        .await;
    reply.invalid(REUSED);
    // What the service does not know does not make another request.
    let same = with(request, json!({"unknownMember": 1, "jobTemplateId": null}));
    app.client.start(&cluster, &same).await.text("id");
    assert_eq!(app.count("job_run").await, 1);
}

#[sqlx::test]
async fn a_repeated_creation_gives_the_same_virtual_cluster(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let request = virtual_cluster("a", "local", "jobs");
    let first = app.client.post("/virtualclusters", &request).await;
    let id = first.text("id");
    // Nothing of the present counts: neither the cluster nor the namespace nor its state.
    app.local.check_namespace_with(Namespaces::Panic);
    app.client
        .delete(&format!("/virtualclusters/{id}"))
        .await
        .text("id");
    let again = app.client.post("/virtualclusters", &request).await;
    assert_eq!(again.body, first.body);
    let other = with(request, json!({"name": "b"}));
    app.client
        .post("/virtualclusters", &other)
        .await
        .invalid(REUSED);
    assert_eq!(app.count("virtual_cluster").await, 1);
}

#[sqlx::test]
async fn creations_of_one_moment_give_one_virtual_cluster(pool: PgPool) {
    const TWINS: usize = 4;
    let app = TestApp::start(pool).await;
    let barrier = Arc::new(Barrier::new(TWINS));
    app.local.check_namespace_with(Namespaces::Meet(barrier));
    let request = virtual_cluster("a", "local", "jobs");
    let twins = (0..TWINS).map(|_| app.client.post("/virtualclusters", &request));
    let replies = join_all(twins).await;
    let id = replies[0].text("id");
    assert!(replies.iter().all(|reply| reply.text("id") == id));
    assert_eq!(app.count("virtual_cluster").await, 1);
}

#[sqlx::test]
async fn the_token_of_a_deleted_template_makes_a_new_one(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let request = job_templates::template(&job_templates::fixed());
    let first = app.client.post("/jobtemplates", &request).await.text("id");
    let path = format!("/jobtemplates/{first}");
    app.client.delete(&path).await.text("id");
    let second = app.client.post("/jobtemplates", &request).await.text("id");
    assert_ne!(first, second);
}
