//! What a policy's holder may do, beyond what `coverage` shows of each operation: what refusals
//! hide, what tags decide, and that a repeated request is authorized like the first.

use firesteel::wire::OPERATIONS;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::app::ACCOUNT;
use crate::harness::client::with;
use crate::harness::{Client, TestApp};
use crate::operations::{Call, Resources, call, encoded, find, send};

const CREATIONS: [&str; 3] = [
    "CreateVirtualCluster",
    "CreateJobTemplate",
    "CreateSecurityConfiguration",
];

async fn start(pool: PgPool) -> (TestApp, Client) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let admin = app.signed(ACCOUNT, None).await;
    (app, admin)
}

fn policy(statement: &Value) -> Option<Value> {
    Some(json!({"Version": "2012-10-17", "Statement": statement}))
}

/// Allows the operation where a tag has the value `data`.
fn on_tag(operation: &str, key: &str) -> Option<Value> {
    let action = format!("emr-containers:{operation}");
    policy(
        &json!({"Effect": "Allow", "Action": action, "Resource": "*",
        "Condition": {"StringEquals": {key: "data"}}}),
    )
}

/// What there is to see of the resources.
async fn everything(admin: &Client, resources: &Resources) -> Vec<Value> {
    let mut seen = Vec::new();
    for operation in OPERATIONS {
        let endpoint = operation.name.contains("ManagedEndpoint");
        if operation.method.as_str() == "GET" && !endpoint {
            let reply = send(admin, &call(operation, resources)).await;
            assert_eq!(reply.status, 200, "{}: {}", operation.name, reply.body);
            seen.push(reply.body);
        }
    }
    seen
}

#[sqlx::test]
async fn a_denied_caller_learns_nothing_and_changes_nothing(pool: PgPool) {
    let (app, admin) = start(pool).await;
    let own = Resources::new(&admin, ACCOUNT).await;
    let absent = Resources::absent(ACCOUNT);
    let malformed = Resources {
        virtual_cluster: "abc".to_owned(),
        job_run: "abc".to_owned(),
        job_template: "abc".to_owned(),
        security_configuration: "abc".to_owned(),
        endpoint: "abc".to_owned(),
        ..absent.clone()
    };
    let before = everything(&admin, &own).await;
    let elsewhere = "arn:aws:emr-containers:us-east-1:210987654321:*";
    let nothing = policy(&json!({"Effect": "Allow", "Action": "*", "Resource": elsewhere}));
    let nothing = app.signed(ACCOUNT, nothing).await;
    for resources in [&own, &absent, &malformed] {
        for operation in OPERATIONS {
            let call = call(operation, resources);
            let (name, resource) = (operation.name, &call.resource);
            send(&nothing, &call).await.refused(
                403,
                "AccessDeniedException",
                &format!(
                    "User: arn:aws:iam::{ACCOUNT}:user/someone is not authorized to perform: \
                     emr-containers:{name} on resource: {resource} because no identity-based \
                     policy allows the emr-containers:{name} action"
                ),
            );
        }
    }
    assert_eq!(everything(&admin, &own).await, before);
}

#[sqlx::test]
async fn the_tags_of_a_creation_decide_who_may_make_it(pool: PgPool) {
    let (app, _) = start(pool).await;
    let resources = Resources::absent(ACCOUNT);
    for operation in CREATIONS {
        let may = on_tag(operation, "aws:RequestTag/team");
        let client = app.signed(ACCOUNT, may).await;
        let untagged = call(find(operation), &resources);
        assert_eq!(send(&client, &untagged).await.status, 403, "{operation}");
        let tags = json!({"tags": {"team": "data"}});
        let tagged = Call {
            body: untagged.body.map(|body| with(body, tags)),
            ..untagged
        };
        assert_eq!(send(&client, &tagged).await.status, 200, "{operation}");
    }
}

#[sqlx::test]
async fn the_tags_of_a_resource_decide_who_may_use_it(pool: PgPool) {
    let (app, admin) = start(pool).await;
    for operation in OPERATIONS {
        let resources = Resources::new(&admin, ACCOUNT).await;
        let call = call(operation, &resources);
        if call.resource == "*" || call.resource.contains("/endpoints/") {
            continue;
        }
        let may = on_tag(operation.name, "aws:ResourceTag/team");
        let client = app.signed(ACCOUNT, may).await;
        let name = operation.name;
        assert_eq!(send(&client, &call).await.status, 403, "{name}");
        let tags = format!("/tags/{}", encoded(&call.resource));
        let tagged = admin.post(&tags, &json!({"tags": {"team": "data"}})).await;
        assert_eq!(tagged.status, 200, "{name}: {}", tagged.body);
        // A run that has not ended keeps its virtual cluster, which is another rule.
        assert_ne!(send(&client, &call).await.status, 403, "{name}");
    }
}

#[sqlx::test]
async fn the_tags_that_are_set_decide_who_may_set_them(pool: PgPool) {
    let (app, admin) = start(pool).await;
    let resources = Resources::new(&admin, ACCOUNT).await;
    let may = on_tag("TagResource", "aws:RequestTag/team");
    let client = app.signed(ACCOUNT, may).await;
    let path = call(find("TagResource"), &resources).path;
    for (value, status) in [("other", 403), ("data", 200)] {
        let reply = client.post(&path, &json!({"tags": {"team": value}})).await;
        assert_eq!(reply.status, status, "{value}");
    }
}

#[sqlx::test]
async fn a_replay_is_authorized_like_the_first_request(pool: PgPool) {
    let (app, admin) = start(pool).await;
    let other = policy(
        &json!({"Effect": "Allow", "Action": "emr-containers:StartJobRun",
        "Resource": "*"}),
    );
    let other = app.signed(ACCOUNT, other).await;
    for operation in CREATIONS {
        let creation = call(find(operation), &Resources::absent(ACCOUNT));
        assert_eq!(send(&admin, &creation).await.status, 200, "{operation}");
        assert_eq!(send(&other, &creation).await.status, 403, "{operation}");
    }
}

#[sqlx::test]
async fn who_created_is_told_by_arn(pool: PgPool) {
    let (_app, admin) = start(pool).await;
    let own = Resources::new(&admin, ACCOUNT).await;
    let user = format!("arn:aws:iam::{ACCOUNT}:user/someone");
    for (operation, member) in [
        ("DescribeJobRun", "jobRun"),
        ("DescribeJobTemplate", "jobTemplate"),
        ("DescribeSecurityConfiguration", "securityConfiguration"),
    ] {
        let reply = send(&admin, &call(find(operation), &own)).await;
        assert_eq!(reply.body[member]["createdBy"], user, "{operation}");
    }
}
