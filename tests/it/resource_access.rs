//! Who may do what to virtual clusters, security configurations, tags and managed endpoints: each
//! operation asks for its own action on what it names, before it tells whether that exists.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::app::ACCOUNT;
use crate::harness::client::{virtual_cluster, with};
use crate::harness::{Client, Reply, TestApp};

const ROLE: &str = "arn:aws:iam::123456789012:role/job";
const UNKNOWN: &str = "jk518skp01ys9ka8b0npx9nt0";

struct Call {
    operation: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    /// What a refusal names.
    resource: String,
}

fn call(
    operation: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    resource: &str,
) -> Call {
    Call {
        operation,
        method,
        path,
        body,
        resource: resource.to_owned(),
    }
}

fn arn(path: &str) -> String {
    format!("arn:aws:emr-containers:us-east-1:{ACCOUNT}:/{path}")
}

/// Every operation that names a virtual cluster, a security configuration or a resource's ARN.
fn calls(cluster: &str, configuration: &str) -> Vec<Call> {
    let (place, secured) = (
        format!("virtualclusters/{cluster}"),
        format!("securityconfigurations/{configuration}"),
    );
    let endpoint = format!("{place}/endpoints/8gai4l4exxxxx");
    let tags = format!(
        "/tags/{}",
        utf8_percent_encode(&arn(&place), NON_ALPHANUMERIC)
    );
    let update = json!({"clientToken": Uuid::new_v4().to_string()});
    let credentials = json!({"executionRoleArn": ROLE, "credentialType": "TOKEN"});
    let new_endpoint = json!({"name": "a", "clientToken": "t", "type": "SPARK_CONNECT",
        "releaseLabel": "emr-7.14.0-latest", "executionRoleArn": ROLE});
    let on = |operation, method, path: &str, body, resource: &str| {
        call(operation, method, path.to_owned(), body, &arn(resource))
    };
    let (get, post, delete) = (|| Method::GET, || Method::POST, || Method::DELETE);
    let (at, secured_at, endpoint_at) = (
        format!("/{place}"),
        format!("/{secured}"),
        format!("/{endpoint}"),
    );
    let endpoints_at = format!("{at}/endpoints");
    vec![
        on("DescribeVirtualCluster", get(), &at, None, &place),
        on(
            "UpdateVirtualCluster",
            Method::PATCH,
            &at,
            Some(update),
            &place,
        ),
        on(
            "DescribeSecurityConfiguration",
            get(),
            &secured_at,
            None,
            &secured,
        ),
        on(
            "TagResource",
            post(),
            &tags,
            Some(json!({"tags": {"a": "b"}})),
            &place,
        ),
        on("ListTagsForResource", get(), &tags, None, &place),
        on(
            "UntagResource",
            delete(),
            &format!("{tags}?tagKeys=a"),
            None,
            &place,
        ),
        on(
            "CreateManagedEndpoint",
            post(),
            &endpoints_at,
            Some(new_endpoint),
            &place,
        ),
        on("ListManagedEndpoints", get(), &endpoints_at, None, &place),
        on(
            "DescribeManagedEndpoint",
            get(),
            &endpoint_at,
            None,
            &endpoint,
        ),
        on(
            "DeleteManagedEndpoint",
            delete(),
            &endpoint_at,
            None,
            &endpoint,
        ),
        on(
            "GetManagedEndpointSessionCredentials",
            post(),
            &format!("{endpoint_at}/credentials"),
            Some(credentials),
            &endpoint,
        ),
        on(
            "DeleteSecurityConfiguration",
            delete(),
            &secured_at,
            None,
            &secured,
        ),
        on("DeleteVirtualCluster", delete(), &at, None, &place),
    ]
}

/// Every operation that names nothing that is there already.
fn calls_on_any(namespace: &str) -> Vec<Call> {
    let configuration = json!({"name": "a", "clientToken": Uuid::new_v4().to_string(),
        "securityConfigurationData": {}});
    let (clusters, configurations) = ("/virtualclusters", "/securityconfigurations");
    let on =
        |operation, method, path: &str, body| call(operation, method, path.to_owned(), body, "*");
    vec![
        on(
            "CreateVirtualCluster",
            Method::POST,
            clusters,
            Some(virtual_cluster("a", "local", namespace)),
        ),
        on("ListVirtualClusters", Method::GET, clusters, None),
        on(
            "CreateSecurityConfiguration",
            Method::POST,
            configurations,
            Some(configuration),
        ),
        on(
            "ListSecurityConfigurations",
            Method::GET,
            configurations,
            None,
        ),
    ]
}

async fn send(client: &Client, call: &Call) -> Reply {
    let mut request = client.request(call.method.clone(), &call.path);
    if let Some(body) = &call.body {
        request = request.json(body);
    }
    client.send(request).await
}

fn statement(effect: &str, action: &str, resource: &str) -> Value {
    let action = format!("emr-containers:{action}");
    json!({"Effect": effect, "Action": action, "Resource": resource})
}

fn policy(statements: &[Value]) -> Option<Value> {
    Some(json!({"Version": "2012-10-17", "Statement": statements}))
}

async fn start(pool: PgPool) -> (TestApp, String, String) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let admin = app.signed(ACCOUNT, None).await;
    let cluster = admin.virtual_cluster("jobs").await;
    let request = json!({"name": "a", "clientToken": "c", "securityConfigurationData": {}});
    let configuration = admin.post("/securityconfigurations", &request).await;
    (app, cluster, configuration.text("id"))
}

#[track_caller]
fn assert_denied(reply: &Reply, call: &Call, reason: &str) {
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/someone is not authorized to perform: \
         emr-containers:{} on resource: {} {reason}",
        call.operation, call.resource
    );
    reply.refused(403, "AccessDeniedException", &message);
}

#[sqlx::test]
async fn a_denied_caller_learns_nothing_and_changes_nothing(pool: PgPool) {
    let (app, cluster, configuration) = start(pool).await;
    let mut all = calls(&cluster, &configuration);
    all.extend(calls(UNKNOWN, UNKNOWN));
    all.extend(calls("abc", "abc"));
    all.extend(calls_on_any("more"));
    let nothing = app
        .signed(ACCOUNT, policy(&[statement("Allow", "StartJobRun", "*")]))
        .await;
    for call in &all {
        let reply = send(&nothing, call).await;
        let reason = format!(
            "because no identity-based policy allows the emr-containers:{} action",
            call.operation
        );
        assert_denied(&reply, call, &reason);
    }
    for call in &all {
        let denied = policy(&[
            statement("Allow", "*", "*"),
            statement("Deny", call.operation, &call.resource),
        ]);
        let denied = app.signed(ACCOUNT, denied).await;
        let reply = send(&denied, call).await;
        assert_denied(
            &reply,
            call,
            "with an explicit deny in an identity-based policy",
        );
    }
    let admin = app.signed(ACCOUNT, None).await;
    let found = admin.describe(&cluster).await;
    assert_eq!(
        found.state,
        Some(firesteel::wire::VirtualClusterState::Running)
    );
    assert_eq!(app.count("virtual_cluster").await, 1);
    assert_eq!(app.count("security_configuration").await, 1);
}

#[sqlx::test]
async fn what_is_allowed_on_one_resource_is_done(pool: PgPool) {
    let (app, cluster, configuration) = start(pool).await;
    let mut all = calls_on_any("more");
    all.extend(calls(&cluster, &configuration));
    for call in &all {
        let allowed = policy(&[statement("Allow", call.operation, &call.resource)]);
        let allowed = app.signed(ACCOUNT, allowed).await;
        let reply = send(&allowed, call).await;
        if call.operation.contains("ManagedEndpoint") {
            reply.invalid(&format!("{} is not supported yet.", call.operation));
        } else {
            assert_eq!(reply.status, 200, "{}: {}", call.operation, reply.body);
        }
    }
}

#[sqlx::test]
async fn what_one_may_do_depends_on_tags(pool: PgPool) {
    let (app, cluster, configuration) = start(pool).await;
    let on_tags = |action: &str, key: &str| {
        let condition = json!({"StringEquals": {key: "data"}});
        policy(&[with(
            statement("Allow", action, "*"),
            json!({"Condition": condition}),
        )])
    };
    let tagged = json!({"tags": {"team": "data"}});
    for call in calls_on_any("more") {
        let Some(body) = call.body.clone() else {
            continue;
        };
        let client = app
            .signed(ACCOUNT, on_tags(call.operation, "aws:RequestTag/team"))
            .await;
        let reply = client.post(&call.path, &body).await;
        assert_eq!(reply.status, 403, "{}", call.operation);
        let reply = client.post(&call.path, &with(body, tagged.clone())).await;
        assert_eq!(reply.status, 200, "{}", call.operation);
    }
    let admin = app.signed(ACCOUNT, None).await;
    let named = calls(&cluster, &configuration)
        .into_iter()
        .filter(|call| !call.resource.contains("endpoints"));
    for call in named {
        let resource = utf8_percent_encode(&call.resource, NON_ALPHANUMERIC);
        let tags = format!("/tags/{resource}");
        let untag = admin.request(Method::DELETE, &format!("{tags}?tagKeys=team"));
        assert_eq!(admin.send(untag).await.status, 200);
        let client = app
            .signed(ACCOUNT, on_tags(call.operation, "aws:ResourceTag/team"))
            .await;
        assert_eq!(send(&client, &call).await.status, 403, "{}", call.operation);
        assert_eq!(admin.post(&tags, &tagged).await.status, 200);
        assert_ne!(send(&client, &call).await.status, 403, "{}", call.operation);
    }
    let client = app
        .signed(ACCOUNT, on_tags("TagResource", "aws:RequestTag/team"))
        .await;
    let resource = arn(&format!("virtualclusters/{cluster}"));
    let path = format!("/tags/{}", utf8_percent_encode(&resource, NON_ALPHANUMERIC));
    let reply = client
        .post(&path, &json!({"tags": {"team": "other"}}))
        .await;
    assert_eq!(reply.status, 403);
    assert_eq!(client.post(&path, &tagged).await.status, 200);
}

#[sqlx::test]
async fn a_replay_is_authorized_like_the_first_request(pool: PgPool) {
    let (app, ..) = start(pool).await;
    let admin = app.signed(ACCOUNT, None).await;
    let nothing = app
        .signed(ACCOUNT, policy(&[statement("Allow", "StartJobRun", "*")]))
        .await;
    for call in calls_on_any("more") {
        if call.body.is_some() {
            assert_eq!(send(&admin, &call).await.status, 200);
            assert_eq!(
                send(&nothing, &call).await.status,
                403,
                "{}",
                call.operation
            );
        }
    }
}

#[sqlx::test]
async fn who_created_is_told_by_arn(pool: PgPool) {
    let (app, _, configuration) = start(pool).await;
    let admin = app.signed(ACCOUNT, None).await;
    let path = format!("/securityconfigurations/{configuration}");
    let reply = admin.get(&path).await;
    let user = format!("arn:aws:iam::{ACCOUNT}:user/someone");
    assert_eq!(reply.body["securityConfiguration"]["createdBy"], user);
}
