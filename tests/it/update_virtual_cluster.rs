//! The limits of a virtual cluster: set, shown with the runs that count, changed and cleared.

use firesteel::wire;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::client::{virtual_cluster, with};
use crate::harness::{Client, Reply, TestApp};

async fn patch(client: &Client, id: &str, body: &Value) -> Reply {
    let path = format!("/virtualclusters/{id}");
    let request = client.request(Method::PATCH, &path).json(body);
    client.send(request).await
}

/// Updates with a new client token and gives what the answer shows of the limits.
async fn update(client: &Client, id: &str, limits: Value) -> Value {
    let body = with(limits, json!({"clientToken": Uuid::new_v4().to_string()}));
    let reply = patch(client, id, &body).await;
    let shown: wire::UpdateVirtualClusterResponse = reply.ok();
    assert_eq!(
        shown.virtual_cluster.as_ref(),
        Some(&client.describe(id).await)
    );
    limits_of(&reply.body["virtualCluster"])
}

fn limits_of(shown: &Value) -> Value {
    json!([shown["schedulerConfiguration"], shown["schedulerStatus"]])
}

const IDLE: &str = r#"{"currentInQueueJobRuns": 0, "currentConcurrentJobRuns": 0}"#;

#[sqlx::test]
async fn limits_are_set_replaced_left_and_cleared(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let idle: Value = serde_json::from_str(IDLE).unwrap();
    let both = json!({"maxInQueueJobRuns": 3, "maxConcurrentJobRuns": 2});
    let request = with(
        virtual_cluster("a", "local", "jobs"),
        json!({"schedulerConfiguration": both}),
    );
    let id = app
        .client
        .post("/virtualclusters", &request)
        .await
        .text("id");
    let reply = app.client.get(&format!("/virtualclusters/{id}")).await;
    assert_eq!(
        limits_of(&reply.body["virtualCluster"]),
        json!([both, idle])
    );
    let one = json!({"maxConcurrentJobRuns": 7});
    for (given, shown) in [
        (json!({"schedulerConfiguration": one}), json!([one, idle])),
        (json!({}), json!([one, idle])),
        (json!({"schedulerConfiguration": null}), json!([one, idle])),
        (json!({"schedulerConfiguration": {}}), json!([null, null])),
        (json!({}), json!([null, null])),
        (json!({"schedulerConfiguration": both}), json!([both, idle])),
    ] {
        assert_eq!(
            update(&app.client, &id, given.clone()).await,
            shown,
            "{given}"
        );
    }
}

#[sqlx::test]
async fn the_runs_that_count_are_shown_wherever_there_are_limits(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let limited = app.client.virtual_cluster("limited").await;
    let free = app.client.virtual_cluster("free").await;
    for state in [
        "PENDING",
        "SUBMITTED",
        "RUNNING",
        "RUNNING",
        "COMPLETED",
        "CANCEL_PENDING",
    ] {
        let run = app.client.job_run(&limited).await;
        app.set_run(&run, state).await;
    }
    app.client.job_run(&free).await;
    let limits = json!({"maxConcurrentJobRuns": 1000});
    let status = json!({"currentInQueueJobRuns": 2, "currentConcurrentJobRuns": 2});
    let shown = update(
        &app.client,
        &limited,
        json!({"schedulerConfiguration": limits}),
    )
    .await;
    assert_eq!(shown, json!([limits, status]));
    let list = app.client.get("/virtualclusters").await;
    let shown: Vec<_> = list.body["virtualClusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(limits_of)
        .collect();
    assert_eq!(shown, [json!([null, null]), json!([limits, status])]);
}

#[sqlx::test]
async fn a_known_token_changes_nothing_and_is_told_the_present(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let id = app.client.virtual_cluster("jobs").await;
    let first = json!({"clientToken": "t", "schedulerConfiguration": {"maxInQueueJobRuns": 1}});
    patch(&app.client, &id, &first).await.ok::<Value>();
    let second = json!({"maxInQueueJobRuns": 2});
    update(&app.client, &id, json!({"schedulerConfiguration": second})).await;
    let reply = patch(&app.client, &id, &first).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.body["virtualCluster"]["schedulerConfiguration"],
        second
    );
    let reply = patch(&app.client, &id, &json!({"clientToken": "t"})).await;
    reply.invalid("The client token has already been used with a different request.");
    // A token belongs to its virtual cluster.
    let other = app.client.virtual_cluster("others").await;
    let reply = patch(&app.client, &other, &json!({"clientToken": "t"})).await;
    assert_eq!(reply.status, 200);
    app.client
        .delete(&format!("/virtualclusters/{id}"))
        .await
        .text("id");
    let reply = patch(&app.client, &id, &first).await;
    assert_eq!(reply.body["virtualCluster"]["state"], "TERMINATED");
}

#[sqlx::test]
async fn what_does_not_run_is_not_updated(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let other = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    let id = app.client.virtual_cluster("jobs").await;
    let body = json!({"clientToken": "t", "schedulerConfiguration": {"maxInQueueJobRuns": 1}});
    for state in ["TERMINATING", "ARRESTED", "TERMINATED"] {
        app.set_virtual_cluster(&id, state).await;
        patch(&app.client, &id, &body).await.invalid(&format!(
            "Virtual cluster state {state} is not valid to update resource VirtualCluster."
        ));
    }
    for (client, id) in [
        (&other.client, id.as_str()),
        (&app.client, "jk518skp01ys9ka8b0npx9nt0"),
        (&app.client, "abc"),
    ] {
        let reply = patch(client, id, &body).await;
        reply.not_found(&format!("Virtual cluster {id} doesn't exist."));
    }
    for (body, part) in [
        (json!({}), "'clientToken'"),
        (
            json!({"clientToken": "t", "schedulerConfiguration": {"maxInQueueJobRuns": 0}}),
            "'schedulerConfiguration.maxInQueueJobRuns'",
        ),
        (
            json!({"clientToken": "t", "schedulerConfiguration": {"maxConcurrentJobRuns": 10001}}),
            "'schedulerConfiguration.maxConcurrentJobRuns'",
        ),
    ] {
        let reply = patch(&app.client, &id, &body).await;
        reply.refused_with(400, "ValidationException", part);
    }
}
