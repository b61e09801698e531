//! A good request for any operation of the model, on resources that the test names.

use firesteel::wire::{OPERATIONS, Operation};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::client::{job_run, virtual_cluster, with};
use crate::harness::{Client, Reply};

/// The resources of an account that requests are about.
#[derive(Clone, Debug)]
pub struct Resources {
    pub account: String,
    pub virtual_cluster: String,
    pub job_run: String,
    pub job_template: String,
    pub security_configuration: String,
    pub endpoint: String,
}

impl Resources {
    /// Well-formed names of what does not exist.
    pub fn absent(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            virtual_cluster: "absentvirtualcluster00000".to_owned(),
            job_run: "000000035ee16lm6uri".to_owned(),
            job_template: "absentjobtemplate00000000".to_owned(),
            security_configuration: "absentconfiguration000000".to_owned(),
            endpoint: "absentendpoint00".to_owned(),
        }
    }

    /// New ones, made by `client`, which is of that account and may do everything. There are no
    /// endpoints yet.
    pub async fn new(client: &Client, account: &str) -> Self {
        let absent = Self::absent(account);
        let made = async |operation| {
            let reply = send(client, &call(find(operation), &absent)).await;
            reply.text("id")
        };
        let mut new = Self {
            virtual_cluster: made("CreateVirtualCluster").await,
            job_template: made("CreateJobTemplate").await,
            security_configuration: made("CreateSecurityConfiguration").await,
            ..absent.clone()
        };
        let start = call(find("StartJobRun"), &new);
        new.job_run = send(client, &start).await.text("id");
        new
    }

    pub fn arn(&self, path: &str) -> String {
        format!("arn:aws:emr-containers:us-east-1:{}:{path}", self.account)
    }
}

/// A request of the operation, ready to be sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: &'static Operation,
    pub path: String,
    /// Where the operation takes one.
    pub body: Option<Value>,
    /// What a policy's `Resource` is held against.
    pub resource: String,
}

pub fn find(name: &str) -> &'static Operation {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name);
    operation.unwrap()
}

pub async fn send(client: &Client, call: &Call) -> Reply {
    let method = Method::from_bytes(call.operation.method.as_str().as_bytes()).unwrap();
    let mut request = client.request(method, &call.path);
    if let Some(body) = &call.body {
        request = request.json(body);
    }
    client.send(request).await
}

/// A request that keeps every rule, with a new client token.
pub fn call(operation: &'static Operation, resources: &Resources) -> Call {
    let cluster = format!("/virtualclusters/{}", resources.virtual_cluster);
    let tagged = resources.arn(&cluster);
    let mut path = operation
        .uri
        .replace("{virtualClusterId}", &resources.virtual_cluster)
        .replace("{jobRunId}", &resources.job_run)
        .replace("{templateId}", &resources.job_template)
        .replace(
            "{securityConfigurationId}",
            &resources.security_configuration,
        )
        .replace("{endpointId}", &resources.endpoint)
        .replace("{resourceArn}", &encoded(&tagged));
    assert!(!path.contains('{'), "{path}");
    let resource = match operation.name {
        "TagResource" | "UntagResource" | "ListTagsForResource" => tagged,
        "StartJobRun" | "ListJobRuns" | "CreateManagedEndpoint" | "ListManagedEndpoints" => {
            resources.arn(&cluster)
        }
        "GetManagedEndpointSessionCredentials" => {
            resources.arn(path.strip_suffix("/credentials").unwrap())
        }
        _ if operation.uri.contains('{') => resources.arn(&path),
        _ => "*".to_owned(),
    };
    if operation.name == "UntagResource" {
        path.push_str("?tagKeys=a%20b&tagKeys=c");
    }
    Call {
        operation,
        path,
        body: body(operation.name, resources),
        resource,
    }
}

/// An ARN as one segment of a path.
pub fn encoded(arn: &str) -> String {
    arn.replace(':', "%3A").replace('/', "%2F")
}

fn body(operation: &str, resources: &Resources) -> Option<Value> {
    let token = Uuid::new_v4().to_string();
    let role = format!("arn:aws:iam::{}:role/job", resources.account);
    let driver = json!({"sparkSubmitJobDriver": {"entryPoint": "s3://b/x.py"}});
    Some(match operation {
        "CreateVirtualCluster" => virtual_cluster("a", "local", &format!("n-{token}")),
        "UpdateVirtualCluster" => json!({"clientToken": token,
            "schedulerConfiguration": {"maxConcurrentJobRuns": 7}}),
        "StartJobRun" => with(job_run(), json!({"executionRoleArn": role})),
        "CreateJobTemplate" => json!({"name": "a", "clientToken": token, "jobTemplateData":
            {"executionRoleArn": role, "releaseLabel": "emr-7.0.0-latest", "jobDriver": driver}}),
        "CreateManagedEndpoint" => json!({"name": "a", "clientToken": token,
            "type": "SPARK_CONNECT", "releaseLabel": "emr-7.0.0-latest", "executionRoleArn": role}),
        "CreateSecurityConfiguration" => {
            json!({"name": "a", "clientToken": token, "securityConfigurationData": {}})
        }
        "GetManagedEndpointSessionCredentials" => {
            json!({"executionRoleArn": role, "credentialType": "TOKEN"})
        }
        "TagResource" => json!({"tags": {"a": "b"}}),
        _ => return None,
    })
}
