//! Security configurations: kept as given, attached to virtual clusters, and gone only unused.

use firesteel::wire;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::client::{virtual_cluster, with, without};
use crate::harness::cluster::Namespaces;
use crate::harness::{Client, TestApp};

const LIST: &str = "/securityconfigurations";

/// Every member that there is.
fn data() -> Value {
    let role = "arn:aws:iam::123456789012:role/engine";
    let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cert-AbCdEf";
    json!({
        "authorizationConfiguration": {
            "lakeFormationConfiguration": {
                "authorizedSessionTagValue": "EMR on EKS Engine",
                "secureNamespaceInfo": {"clusterId": "prod", "namespace": "system"},
                "queryEngineRoleArn": role,
            },
            "encryptionConfiguration": {
                "inTransitEncryptionConfiguration": {
                    "tlsCertificateConfiguration": {
                        "certificateProviderType": "PEM",
                        "publicCertificateSecretArn": secret,
                        "privateCertificateSecretArn": secret,
                    },
                },
            },
        },
        "authenticationConfiguration": {
            "identityCenterConfiguration": {
                "enableIdentityCenter": true,
                "identityCenterApplicationAssignmentRequired": false,
                "identityCenterInstanceARN": "arn:aws:sso:::instance/ssoins-1234",
                "emrIdentityCenterApplicationARN": "arn:aws:sso:::application/ssoins-1234/apl-5678",
            },
            "iamConfiguration": {"systemRole": role},
        },
    })
}

fn request(data: Value) -> Value {
    json!({
        "name": "a/b#c",
        "clientToken": Uuid::new_v4().to_string(),
        "securityConfigurationData": data,
    })
}

async fn create(client: &Client) -> String {
    client.post(LIST, &request(json!({}))).await.text("id")
}

/// A virtual cluster with a security configuration.
fn secured(namespace: &str, configuration: &str) -> Value {
    with(
        virtual_cluster("a", "local", namespace),
        json!({"securityConfigurationId": configuration, "sessionEnabled": true}),
    )
}

#[sqlx::test]
async fn what_was_given_is_described(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let provider = json!({"type": "EKS", "id": "anywhere",
        "info": {"eksInfo": {"namespace": "system"}}});
    let tags = json!({"team": "a", "empty": ""});
    let more = json!({"containerProvider": provider, "tags": tags});
    let reply = app.client.post(LIST, &with(request(data()), more)).await;
    let created: wire::CreateSecurityConfigurationResponse = reply.ok();
    let id = created.id.unwrap();
    let arn = format!("arn:aws:emr-containers:us-east-1:123456789012:/securityconfigurations/{id}");
    assert_eq!(created.arn.as_deref(), Some(arn.as_str()));
    assert_eq!(created.name.as_deref(), Some("a/b#c"));

    let reply = app.client.get(&format!("{LIST}/{id}")).await;
    let found: wire::DescribeSecurityConfigurationResponse = reply.ok();
    let created_at = found.security_configuration.unwrap().created_at;
    assert!(created_at.is_some());
    let shown = without(reply.body["securityConfiguration"].clone(), "createdAt");
    let whole = json!({
        "id": id,
        "name": "a/b#c",
        "arn": arn,
        "createdBy": "arn:aws:iam::123456789012:root",
        "securityConfigurationData": data(),
        "tags": tags,
    });
    assert_eq!(shown, whole);
    let list = app.client.get(LIST).await;
    let listed = list.body["securityConfigurations"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(without(listed[0].clone(), "createdAt"), whole);
}

#[sqlx::test]
async fn what_is_empty_or_absent_stays_so(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for data in [
        json!({}),
        json!({"authorizationConfiguration": {}, "authenticationConfiguration": {}}),
        json!({"authorizationConfiguration": {"encryptionConfiguration": {
            "inTransitEncryptionConfiguration": {"tlsCertificateConfiguration": {}}}}}),
    ] {
        let id = app
            .client
            .post(LIST, &request(data.clone()))
            .await
            .text("id");
        let reply = app.client.get(&format!("{LIST}/{id}")).await;
        let shown = &reply.body["securityConfiguration"];
        assert_eq!(shown["securityConfigurationData"], data);
        assert_eq!(shown["tags"], json!({}));
    }
}

#[sqlx::test]
async fn constraints_hold_all_the_way_down(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let reply = app.client.post(LIST, &json!({})).await;
    reply.refused_with(400, "ValidationException", "3 validation errors detected");
    let wrong = json!({"authorizationConfiguration": {"encryptionConfiguration": {
        "inTransitEncryptionConfiguration": {"tlsCertificateConfiguration":
            {"certificateProviderType": "JKS"}}}}});
    let reply = app.client.post(LIST, &request(wrong)).await;
    reply.refused_with(400, "ValidationException", "certificateProviderType");
    let wrong = with(request(json!({})), json!({"tags": {"AWS:x": ""}}));
    let reply = app.client.post(LIST, &wrong).await;
    reply.invalid("aws: prefixed tag key names are not allowed for external use.");
}

#[sqlx::test]
async fn one_token_gives_one_configuration(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let request = request(data());
    let first = app.client.post(LIST, &request).await;
    let id = first.text("id");
    assert_eq!(app.client.post(LIST, &request).await.body, first.body);
    let other = with(request.clone(), json!({"securityConfigurationData": {}}));
    let reply = app.client.post(LIST, &other).await;
    reply.invalid("The client token has already been used with a different request.");
    app.client.delete(&format!("{LIST}/{id}")).await.text("id");
    assert_eq!(app.client.post(LIST, &request).await.body, first.body);
    assert_eq!(app.count("security_configuration").await, 1);
}

#[sqlx::test]
async fn what_is_unknown_gone_or_anothers_is_not_there(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let other = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    let ours = create(&app.client).await;
    let gone = create(&other.client).await;
    let path = format!("{LIST}/{gone}");
    assert_eq!(other.client.delete(&path).await.body, json!({"id": gone}));
    for id in [&ours, &gone, "jk518skp01ys9ka8b0npx9nt0", "abc"] {
        let path = format!("{LIST}/{id}");
        let unknown = format!("Security configuration {id} doesn't exist.");
        other.client.get(&path).await.not_found(&unknown);
        let reply = other.client.delete(&path).await;
        reply.invalid("Security configuration does not exist");
        let request = secured("jobs", id);
        let reply = other.client.post("/virtualclusters", &request).await;
        reply.not_found(&unknown);
    }
    let list: wire::ListSecurityConfigurationsResponse = other.client.get(LIST).await.ok();
    assert_eq!(list.security_configurations, Some(Vec::new()));
    let path = format!("{LIST}/{ours}");
    assert_eq!(app.client.get(&path).await.status, 200);
    assert_eq!(other.count("virtual_cluster").await, 0);
}

#[sqlx::test]
async fn a_configuration_in_use_stays(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let id = create(&app.client).await;
    let request = secured("jobs", &id);
    let reply = app.client.post("/virtualclusters", &request).await;
    let cluster = reply.text("id");
    let found = app.client.describe(&cluster).await;
    assert_eq!(
        found.security_configuration_id.as_deref(),
        Some(id.as_str())
    );
    assert_eq!(found.session_enabled, Some(true));
    let path = format!("{LIST}/{id}");
    for state in ["RUNNING", "TERMINATING", "ARRESTED"] {
        app.set_virtual_cluster(&cluster, state).await;
        app.client.delete(&path).await.invalid(&format!(
            "Security configuration {id} is in use by virtual cluster {cluster}. Delete that first."
        ));
    }
    app.client
        .delete(&format!("/virtualclusters/{cluster}"))
        .await
        .text("id");
    assert_eq!(app.client.delete(&path).await.text("id"), id);
    let found = app.client.describe(&cluster).await;
    assert_eq!(found.security_configuration_id, Some(id));
    // Its client token is known, whatever became of the configuration.
    let again = app.client.post("/virtualclusters", &request).await;
    assert_eq!(again.text("id"), cluster);
}

#[sqlx::test]
async fn a_configuration_belongs_to_one_living_virtual_cluster(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let id = create(&app.client).await;
    let create = async |namespace| {
        let request = secured(namespace, &id);
        app.client.post("/virtualclusters", &request).await
    };
    let first = create("first").await.text("id");
    create("second").await.invalid(&format!(
        "Security configuration {id} belongs to another virtual cluster."
    ));
    app.client
        .delete(&format!("/virtualclusters/{first}"))
        .await
        .text("id");
    create("second").await.text("id");
}

#[sqlx::test]
async fn an_unknown_configuration_spares_the_cluster_a_question(pool: PgPool) {
    let app = TestApp::start(pool).await;
    app.local.check_namespace_with(Namespaces::Panic);
    let id = "jk518skp01ys9ka8b0npx9nt0";
    let reply = app
        .client
        .post("/virtualclusters", &secured("jobs", id))
        .await;
    reply.not_found(&format!("Security configuration {id} doesn't exist."));
}

#[sqlx::test]
async fn sessions_may_be_enabled_without_a_configuration(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let request = without(secured("jobs", "abc"), "securityConfigurationId");
    let reply = app.client.post("/virtualclusters", &request).await;
    let found = app.client.describe(&reply.text("id")).await;
    assert_eq!(found.session_enabled, Some(true));
}
