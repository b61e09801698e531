//! Create, describe and delete virtual clusters.

use std::time::Duration;

use firesteel::cluster::{ClusterError, NamespaceError};
use firesteel::wire::{self, ContainerInfo};
use serde_json::json;
use sqlx::PgPool;

use crate::harness::client::{job_run, virtual_cluster, with};
use crate::harness::cluster::Namespaces;
use crate::harness::{FakeCluster, TestApp};

#[sqlx::test]
async fn a_created_virtual_cluster_is_described(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let tags = json!({"team": "a", "empty": ""});
    let request = with(
        virtual_cluster("a/b#c", "local", "jobs"),
        json!({"tags": tags}),
    );
    let reply = app.client.post("/virtualclusters", &request).await;
    let created: wire::CreateVirtualClusterResponse = reply.ok();
    let id = created.id.unwrap();
    assert_eq!(id.len(), 25);
    assert!(
        id.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    );
    let arn = format!("arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/{id}");
    assert_eq!(created.arn.as_deref(), Some(arn.as_str()));
    assert_eq!(created.name.as_deref(), Some("a/b#c"));

    let found = app.client.describe(&id).await;
    assert_eq!(found.arn, Some(arn));
    assert_eq!(found.state, Some(wire::VirtualClusterState::Running));
    assert_eq!(serde_json::to_value(found.tags).unwrap(), tags);
    let provider = found.container_provider.unwrap();
    assert_eq!(provider.id, "local");
    let Some(ContainerInfo::EksInfo(info)) = provider.info else {
        panic!("no eksInfo")
    };
    assert_eq!(info.namespace.as_deref(), Some("jobs"));
    let reply = app.client.get(&format!("/virtualclusters/{id}")).await;
    let created_at = reply.body["virtualCluster"]["createdAt"].as_str().unwrap();
    assert!(created_at.ends_with('Z'), "{created_at}");
}

#[sqlx::test]
async fn an_unknown_virtual_cluster_is_not_described(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for id in ["jk518skp01ys9ka8b0npx9nt0", "abc"] {
        let reply = app.client.get(&format!("/virtualclusters/{id}")).await;
        reply.not_found(&format!("Virtual cluster {id} doesn't exist."));
    }
    let reply = app.client.get("/virtualclusters/UPPER").await;
    reply.refused_with(400, "ValidationException", "Value 'UPPER' at 'id'");
}

#[sqlx::test]
async fn what_a_caller_may_not_use_looks_like_what_does_not_exist(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for (cluster, namespace) in [
        ("nowhere", "jobs"),
        ("theirs", "jobs"),
        ("shared", "other"),
        ("local", "kube-system"),
        ("local", "firesteel"),
    ] {
        let request = virtual_cluster("a", cluster, namespace);
        let reply = app.client.post("/virtualclusters", &request).await;
        reply.invalid(&format!(
            "Container provider {cluster} with namespace {namespace} is unknown."
        ));
    }
    let request = virtual_cluster("a", "shared", "team-a");
    app.client
        .post("/virtualclusters", &request)
        .await
        .text("id");
}

#[sqlx::test]
async fn a_namespace_is_required(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let provider =
        |info| json!({"containerProvider": {"type": "EKS", "id": "local", "info": info}});
    for info in [json!(null), json!({"eksInfo": {}})] {
        let request = with(virtual_cluster("a", "local", "x"), provider(info));
        let reply = app.client.post("/virtualclusters", &request).await;
        reply.invalid("containerProvider.info.eksInfo with a namespace is required.");
    }
    let request = with(virtual_cluster("a", "local", "x"), provider(json!({})));
    let reply = app.client.post("/virtualclusters", &request).await;
    reply.refused_with(400, "ValidationException", "exactly one of: [eksInfo]");
}

#[sqlx::test]
async fn a_node_label_is_kept_and_shown(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let on_nodes = |label: &str| {
        let member = json!({"containerProvider": {"type": "EKS", "id": "local",
            "info": {"eksInfo": {"namespace": "x", "nodeLabel": label}}}});
        with(virtual_cluster("a", "local", "x"), member)
    };
    let reply = app
        .client
        .post("/virtualclusters", &on_nodes("Not_A_Label"))
        .await;
    reply.refused_with(400, "ValidationException", "nodeLabel");
    let reply = app.client.post("/virtualclusters", &on_nodes("gpu")).await;
    let id = reply.text("id");
    let reply = app.client.get(&format!("/virtualclusters/{id}")).await;
    let found: serde_json::Value = reply.ok();
    let info = &found["virtualCluster"]["containerProvider"]["info"]["eksInfo"];
    assert_eq!(*info, json!({"namespace": "x", "nodeLabel": "gpu"}));
}

#[sqlx::test]
async fn what_limits_nothing_and_enables_nothing_is_not_shown(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let members = json!({"sessionEnabled": false, "schedulerConfiguration": {}, "tags": {}});
    let request = with(virtual_cluster("a", "local", "x"), members);
    let reply = app.client.post("/virtualclusters", &request).await;
    let found = app.client.describe(&reply.text("id")).await;
    assert_eq!(found.session_enabled, Some(false));
    assert_eq!(found.tags, Some(std::collections::BTreeMap::new()));
    let absent = (
        found.scheduler_configuration,
        found.scheduler_status,
        found.security_configuration_id,
    );
    assert_eq!(absent, (None, None, None));
}

#[sqlx::test]
async fn reserved_tag_keys_are_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for key in ["aws:x", "AWS:", "Aws:createdBy"] {
        let request = with(
            virtual_cluster("a", "local", "x"),
            json!({"tags": {"fine": "x", key: "y"}}),
        );
        let reply = app.client.post("/virtualclusters", &request).await;
        reply.invalid("aws: prefixed tag key names are not allowed for external use.");
    }
    assert_eq!(app.count("virtual_cluster").await, 0);
}

/// Each request breaks one rule more than the next, and is told of the first.
#[sqlx::test]
async fn checks_have_an_order(pool: PgPool) {
    let app = TestApp::start(pool).await;
    app.local
        .check_namespace_with(Namespaces::Fail(|namespace| {
            NamespaceError::Missing(namespace.to_owned())
        }));
    let provider = |id: &str, namespace: Option<&str>| json!({"type": "EKS", "id": id, "info": {"eksInfo": {"namespace": namespace}}});
    let request = json!({
        "name": "a",
        "clientToken": "t",
        "containerProvider": provider("nowhere", None),
        "tags": {"aws:x": ""},
        "securityConfigurationId": "abc",
    });
    let post =
        async |request: &serde_json::Value| app.client.post("/virtualclusters", request).await;
    let reply = post(&with(request.clone(), json!({"name": "?"}))).await;
    reply.refused_with(400, "ValidationException", "1 validation error detected");
    let reply = post(&request).await;
    reply.invalid("aws: prefixed tag key names are not allowed for external use.");
    let request = with(request, json!({"tags": {}}));
    let reply = post(&request).await;
    reply.invalid("containerProvider.info.eksInfo with a namespace is required.");
    let request = with(
        request,
        json!({"containerProvider": provider("nowhere", Some("x"))}),
    );
    let reply = post(&request).await;
    reply.not_found("Security configuration abc doesn't exist.");
    let mut request = request;
    request
        .as_object_mut()
        .unwrap()
        .remove("securityConfigurationId");
    let reply = post(&request).await;
    reply.invalid("Container provider nowhere with namespace x is unknown.");
    app.local.check_namespace_with(Namespaces::Fine);
    app.client.virtual_cluster("x").await;
    app.local
        .check_namespace_with(Namespaces::Fail(|namespace| {
            NamespaceError::Missing(namespace.to_owned())
        }));
    let request = with(
        request,
        json!({"containerProvider": provider("local", Some("x"))}),
    );
    let reply = post(&request).await;
    reply.invalid("Namespace x of cluster local does not exist.");
    app.local.check_namespace_with(Namespaces::Fine);
    let reply = post(&request).await;
    reply.invalid("A virtual cluster already exists in the given namespace");
}

#[sqlx::test]
async fn the_cluster_is_asked_about_the_namespace(pool: PgPool) {
    let app = TestApp::start(pool).await;
    type Failing = fn(&str) -> NamespaceError;
    let cases: [(Failing, u16, &str, &str); 6] = [
        (
            |namespace| NamespaceError::Missing(namespace.to_owned()),
            400,
            "ValidationException",
            "Namespace jobs of cluster local does not exist.",
        ),
        (
            |_| NamespaceError::MissingRights(vec!["create pods".into(), "get nodes".into()]),
            400,
            "ValidationException",
            "Cluster local does not have sufficient permissions. Firesteel may not do this in \
             namespace jobs: create pods, get nodes.",
        ),
        (
            |_| ClusterError::Unreachable("10.0.0.1 refused".into()).into(),
            400,
            "ValidationException",
            "Cluster local is not reachable as its connection is currently being updated.",
        ),
        (
            |_| {
                ClusterError::Throttled {
                    retry_after: Duration::from_secs(1),
                }
                .into()
            },
            429,
            "EKSRequestThrottledException",
            "Cluster local asks for fewer requests.",
        ),
        (
            |_| ClusterError::Forbidden("token of system:x".into()).into(),
            400,
            "ValidationException",
            "Cluster local does not have sufficient permissions.",
        ),
        (
            |_| ClusterError::Refused("internal words".into()).into(),
            400,
            "ValidationException",
            "Cluster local refused the look at namespace jobs.",
        ),
    ];
    let request = virtual_cluster("a", "local", "jobs");
    for (failing, status, code, message) in cases {
        app.local.check_namespace_with(Namespaces::Fail(failing));
        let reply = app.client.post("/virtualclusters", &request).await;
        reply.refused(status, code, message);
    }
    app.local.check_namespace_with(Namespaces::Fine);
    app.client
        .post("/virtualclusters", &request)
        .await
        .text("id");
}

#[sqlx::test]
async fn a_namespace_belongs_to_one_live_virtual_cluster_of_all_accounts(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let other = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    let id = app.client.virtual_cluster("jobs").await;
    let request = virtual_cluster("b", "local", "jobs");
    for client in [&app.client, &other.client] {
        let reply = client.post("/virtualclusters", &request).await;
        reply.invalid("A virtual cluster already exists in the given namespace");
    }
    app.client.virtual_cluster("elsewhere").await;
    let path = format!("/virtualclusters/{id}");
    app.client.delete(&path).await.text("id");
    other
        .client
        .post("/virtualclusters", &request)
        .await
        .text("id");
}

#[sqlx::test]
async fn accounts_do_not_see_each_other(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let other = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    let id = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&id).await;
    let path = format!("/virtualclusters/{id}");
    let unknown = format!("Virtual cluster {id} doesn't exist.");
    other.client.get(&path).await.not_found(&unknown);
    other
        .client
        .start(&id, &job_run())
        .await
        .not_found(&unknown);
    let deletion = other.client.delete(&path).await;
    deletion.invalid("VirtualCluster does not exist");
    let path = format!("{path}/jobruns/{run}");
    let unknown = format!("Job run {run} doesn't exist.");
    other.client.get(&path).await.not_found(&unknown);
    other.client.delete(&path).await.not_found(&unknown);
    let list: wire::ListVirtualClustersResponse = other.client.get("/virtualclusters").await.ok();
    assert_eq!(list.virtual_clusters, Some(Vec::new()));
}

#[sqlx::test]
async fn a_deleted_virtual_cluster_stays_described_as_terminated(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let id = app.client.virtual_cluster("jobs").await;
    let path = format!("/virtualclusters/{id}");
    for _ in 0..2 {
        let reply = app.client.delete(&path).await;
        assert_eq!(reply.text("id"), id);
        let found = app.client.describe(&id).await;
        assert_eq!(found.state, Some(wire::VirtualClusterState::Terminated));
    }
    let reply = app.client.start(&id, &job_run()).await;
    reply.invalid("Virtual cluster state TERMINATED is not valid to create resource JobRun.");
}

#[sqlx::test]
async fn what_cannot_be_deleted_is_said(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for id in ["jk518skp01ys9ka8b0npx9nt0", "abc"] {
        let reply = app.client.delete(&format!("/virtualclusters/{id}")).await;
        reply.invalid("VirtualCluster does not exist");
    }
    let id = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&id).await;
    let path = format!("/virtualclusters/{id}");
    app.client.delete(&path).await.invalid(&format!(
        "Virtual cluster {id} has active job runs (1). Cancel them, or wait for their end, \
         before it is deleted."
    ));
    app.set_run(&run, "COMPLETED").await;
    app.client.delete(&path).await.text("id");
}

#[sqlx::test]
async fn a_cluster_that_is_not_used_is_not_asked(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let silent: &FakeCluster = &app.local;
    let id = app.client.virtual_cluster("jobs").await;
    silent.set_unreachable(true);
    silent.check_namespace_with(Namespaces::Hang);
    app.client.describe(&id).await;
    app.client.job_run(&id).await;
}
