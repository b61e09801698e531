//! A virtual cluster whose namespace is gone, or no longer open to Firesteel, is ARRESTED.

use std::time::Duration;

use firesteel::cluster::{ClusterError, NamespaceError};
use firesteel::wire::VirtualClusterState;
use firesteel::worker::Settings;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::app::ACCOUNT;
use crate::harness::client::job_run;
use crate::harness::cluster::Namespaces;
use crate::harness::workers::{eventually, settings};
use crate::harness::{TestApp, Workers};

fn often() -> Settings {
    Settings {
        namespace_check: Duration::from_millis(40),
        ..settings()
    }
}

async fn becomes(app: &TestApp, cluster: &str, state: VirtualClusterState) {
    eventually(&format!("{state:?}"), async || {
        let found = app.client.describe(cluster).await.state;
        (found == Some(state.clone())).then_some(())
    })
    .await;
}

fn story_of(cluster: &str) -> String {
    format!("/firesteel/v1/virtualclusters/{cluster}")
}

#[sqlx::test]
async fn a_virtual_cluster_without_its_namespace_is_arrested_until_it_is_back(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let story = app.client.get(&story_of(&cluster)).await.body;
    assert_eq!(story["virtualCluster"]["state"], "RUNNING");
    assert_eq!(story.get("stateDetails"), None);
    let missing = |namespace: &str| NamespaceError::Missing(namespace.to_owned());
    app.local.check_namespace_with(Namespaces::Fail(missing));
    let _workers = Workers::start(&app, often());
    becomes(&app, &cluster, VirtualClusterState::Arrested).await;
    let why = "Namespace jobs of cluster local does not exist.";
    let story = app.client.get(&story_of(&cluster)).await;
    assert_eq!(story.text("stateDetails"), why);
    app.client
        .start(&cluster, &job_run())
        .await
        .invalid(&format!(
            "Virtual cluster state ARRESTED is not valid to create resource JobRun. {why}"
        ));
    let path = format!("/virtualclusters/{cluster}");
    let update = app.client.request(reqwest::Method::PATCH, &path);
    app.client
        .send(update.json(&json!({"clientToken": "limit"})))
        .await
        .invalid(&format!(
            "Virtual cluster state ARRESTED is not valid to update resource VirtualCluster. {why}"
        ));

    // A cluster that does not answer says nothing of its namespaces.
    let silent = |_: &str| ClusterError::Unreachable("no route".to_owned()).into();
    app.local.check_namespace_with(Namespaces::Fail(silent));
    app.is_checked(&cluster).await;
    assert_eq!(
        app.client.describe(&cluster).await.state,
        Some(VirtualClusterState::Arrested)
    );
    app.local.check_namespace_with(Namespaces::Fine);
    becomes(&app, &cluster, VirtualClusterState::Running).await;
    app.client.job_run(&cluster).await;
    app.local.check_namespace_with(Namespaces::Fail(silent));
    app.is_checked(&cluster).await;
    let story = app.client.get(&story_of(&cluster)).await.body;
    assert_eq!(story["virtualCluster"]["state"], "RUNNING");
}

/// An API server that has just started may refuse what it allows a second later.
#[sqlx::test]
async fn one_bad_answer_arrests_no_virtual_cluster(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    sqlx::raw_sql(
        "CREATE TABLE arrest (at timestamptz);
        CREATE FUNCTION note_arrest() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO arrest VALUES (now()); RETURN NULL; END $$;
        CREATE TRIGGER note_arrest AFTER UPDATE OF state ON virtual_cluster FOR EACH ROW
            WHEN (NEW.state = 'ARRESTED') EXECUTE FUNCTION note_arrest();",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let forbidden = |_: &str| ClusterError::Forbidden("not yet".to_owned()).into();
    app.local
        .check_namespace_with(Namespaces::FailOnce(forbidden));
    let _workers = Workers::start(&app, often());
    app.is_checked(&cluster).await;
    let arrests: i64 = sqlx::query_scalar("SELECT count(*) FROM arrest")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(arrests, 0);
    app.local.check_namespace_with(Namespaces::Fail(forbidden));
    becomes(&app, &cluster, VirtualClusterState::Arrested).await;
}

#[sqlx::test]
async fn an_arrested_virtual_cluster_is_deleted_and_its_namespace_free(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let refused = |_: &str| NamespaceError::MissingRights(vec!["create pods".to_owned()]);
    app.local.check_namespace_with(Namespaces::Fail(refused));
    let _workers = Workers::start(&app, often());
    becomes(&app, &cluster, VirtualClusterState::Arrested).await;
    let story = app.client.get(&story_of(&cluster)).await;
    assert!(
        story
            .text("stateDetails")
            .ends_with("in namespace jobs: create pods.")
    );
    let path = format!("/virtualclusters/{cluster}");
    assert_eq!(app.client.delete(&path).await.status, 200);
    app.local.check_namespace_with(Namespaces::Fine);
    app.client.virtual_cluster("jobs").await;
    assert_eq!(
        app.client.describe(&cluster).await.state,
        Some(VirtualClusterState::Terminated)
    );
}

#[sqlx::test]
async fn the_story_of_a_virtual_cluster_is_for_who_may_describe_it(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let owner = app.signed(ACCOUNT, None).await;
    let cluster = owner.virtual_cluster("jobs").await;
    let path = story_of(&cluster);
    assert_eq!(owner.get(&path).await.status, 200);
    assert_eq!(app.client.get(&path).await.status, 403);
    let policy = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "emr-containers:ListVirtualClusters", "Resource": "*"}});
    let unable = app.signed(ACCOUNT, Some(policy)).await;
    unable.get(&path).await.refused_with(
        403,
        "AccessDeniedException",
        "emr-containers:DescribeVirtualCluster",
    );
    let stranger = app.signed("210987654321", None).await;
    stranger
        .get(&path)
        .await
        .not_found(&format!("Virtual cluster {cluster} doesn't exist."));
}

impl TestApp {
    /// Waits until the virtual cluster was checked twice more.
    async fn is_checked(&self, cluster: &str) {
        let due = async || {
            sqlx::query_scalar::<_, jiff_sqlx::Timestamp>(
                "SELECT check_due_at FROM virtual_cluster WHERE id = $1",
            )
            .bind(cluster)
            .fetch_one(&self.pool)
            .await
            .unwrap()
            .to_jiff()
        };
        for _ in 0..2 {
            let before = due().await;
            eventually("it is checked", async || {
                (due().await > before).then_some(())
            })
            .await;
        }
    }
}
