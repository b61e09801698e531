//! Every operation of the API model is answered: as itself, or with the word that it is not yet.

use std::collections::BTreeSet;

use firesteel::wire::{OPERATIONS, Operation};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Client, Reply, TestApp};

const ANSWERED: [&str; 20] = [
    "CancelJobRun",
    "CreateJobTemplate",
    "CreateSecurityConfiguration",
    "CreateVirtualCluster",
    "DeleteJobTemplate",
    "DeleteSecurityConfiguration",
    "DeleteVirtualCluster",
    "DescribeJobRun",
    "DescribeJobTemplate",
    "DescribeSecurityConfiguration",
    "DescribeVirtualCluster",
    "ListJobRuns",
    "ListJobTemplates",
    "ListSecurityConfigurations",
    "ListTagsForResource",
    "ListVirtualClusters",
    "StartJobRun",
    "TagResource",
    "UntagResource",
    "UpdateVirtualCluster",
];

async fn call(client: &Client, operation: &Operation, path: &str, body: &Value) -> Reply {
    let method = Method::from_bytes(operation.method.as_str().as_bytes()).unwrap();
    let mut request = client.request(method, path);
    if operation.method == "POST" || operation.method == "PATCH" {
        request = request.json(body);
    }
    client.send(request).await
}

/// A path of the operation that keeps all constraints.
fn path(operation: &Operation) -> String {
    let arn = "arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2Fvirtualclusters%2Fabc";
    let path = operation
        .uri
        .replace("{resourceArn}", arn)
        .replace("{jobRunId}", "000000035ee16lm6uri");
    let mut path: String = path
        .split('/')
        .map(|part| if part.starts_with('{') { "abc" } else { part })
        .collect::<Vec<_>>()
        .join("/");
    if operation.name == "UntagResource" {
        path.push_str("?tagKeys=a%20b&tagKeys=c");
    }
    path
}

fn body(operation: &Operation) -> Value {
    let role = "arn:aws:iam::123456789012:role/job";
    let driver = json!({"sparkSubmitJobDriver": {"entryPoint": "s3://b/x.py"}});
    match operation.name {
        "CreateJobTemplate" => json!({"name": "a", "clientToken": "t", "jobTemplateData":
            {"executionRoleArn": role, "releaseLabel": "emr-7.0.0-latest", "jobDriver": driver}}),
        "CreateManagedEndpoint" => json!({"name": "a", "clientToken": "t", "type": "SPARK_CONNECT",
            "releaseLabel": "emr-7.0.0-latest", "executionRoleArn": role}),
        "CreateSecurityConfiguration" => {
            json!({"name": "a", "clientToken": "t", "securityConfigurationData": {}})
        }
        "GetManagedEndpointSessionCredentials" => {
            json!({"executionRoleArn": role, "credentialType": "TOKEN"})
        }
        "TagResource" => json!({"tags": {"a": "b"}}),
        _ => json!({"clientToken": "t"}),
    }
}

#[sqlx::test]
async fn every_operation_is_answered_in_awss_form(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let mut refused = BTreeSet::new();
    for operation in OPERATIONS {
        let reply = call(&app.client, operation, &path(operation), &body(operation)).await;
        let known = [200, 400].contains(&reply.status);
        assert!(known, "{}: {reply:?}", operation.name);
        if !ANSWERED.contains(&operation.name) {
            reply.invalid(&format!("{} is not supported yet.", operation.name));
            refused.insert(operation.name);
        } else {
            assert!(!reply.body.to_string().contains("not supported yet"));
        }
    }
    assert_eq!(refused.len(), OPERATIONS.len() - ANSWERED.len());
}

#[sqlx::test]
async fn an_operation_that_is_not_answered_yet_is_validated_all_the_same(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for operation in OPERATIONS {
        let path = path(operation).replace("abc", "A_B");
        let reply = call(&app.client, operation, &path, &json!({})).await;
        let takes_ids = operation.uri.contains("{") && !operation.uri.contains("resourceArn");
        if takes_ids && operation.name != "GetManagedEndpointSessionCredentials" {
            reply.refused_with(400, "ValidationException", "Value 'A_B' at ");
        }
    }
}
