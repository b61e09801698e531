//! A client that checks what holds for every answer before a test looks at it.

use firesteel::wire;
use reqwest::{Method, Request, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::keys::Proof;

#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub proof: Proof,
}

/// An answer that has AWS's form.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub request_id: String,
    pub body: Value,
}

impl Client {
    pub fn new(base: String) -> Self {
        Self {
            http: reqwest::Client::new(),
            base,
            proof: Proof::None,
        }
    }

    /// The same client with another proof.
    pub fn with(&self, proof: Proof) -> Self {
        Self {
            proof,
            ..self.clone()
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        self.execute(self.proven(request)).await
    }

    /// The request with this client's proof, ready to be sent.
    pub fn proven(&self, request: RequestBuilder) -> Request {
        let mut request = request.build().unwrap();
        self.proof.add_to(&mut request);
        request
    }

    /// Sends a request as it is.
    pub async fn execute(&self, request: Request) -> Reply {
        let response = self.http.execute(request).await.unwrap();
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let request_id = header("x-amzn-RequestId").expect("every answer has an id");
        Uuid::parse_str(&request_id).unwrap();
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        let error_type = header("x-amzn-ErrorType");
        let body: Value = response.json().await.expect("every body is JSON");
        assert!(body.is_object(), "{body}");
        assert_no_null(&body, "");
        if status == 200 {
            assert_eq!(error_type, None);
        } else {
            let code = body["__type"].as_str().unwrap();
            assert_eq!(error_type.as_deref(), Some(code));
            assert!(!body["message"].as_str().unwrap().is_empty());
        }
        Reply {
            status,
            request_id,
            body,
        }
    }

    /// Creates a virtual cluster on `local` and gives its id.
    pub async fn virtual_cluster(&self, namespace: &str) -> String {
        let body = virtual_cluster("a", "local", namespace);
        let reply = self.post("/virtualclusters", &body).await;
        reply.text("id")
    }

    /// Starts a run that is not special and gives its id.
    pub async fn job_run(&self, virtual_cluster: &str) -> String {
        self.start(virtual_cluster, &job_run()).await.text("id")
    }

    pub async fn start(&self, virtual_cluster: &str, body: &Value) -> Reply {
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns");
        self.post(&path, body).await
    }

    pub async fn describe_run(&self, virtual_cluster: &str, run: &str) -> wire::JobRun {
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns/{run}");
        let reply = self.get(&path).await;
        let response: wire::DescribeJobRunResponse = reply.ok();
        response.job_run.unwrap()
    }

    pub async fn describe(&self, virtual_cluster: &str) -> wire::VirtualCluster {
        let reply = self
            .get(&format!("/virtualclusters/{virtual_cluster}"))
            .await;
        let response: wire::DescribeVirtualClusterResponse = reply.ok();
        response.virtual_cluster.unwrap()
    }
}

impl Reply {
    /// The success of the type `T`.
    pub fn ok<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_value(self.body.clone()).unwrap()
    }

    /// A member of a success.
    pub fn text(&self, member: &str) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body[member].as_str().unwrap().to_owned()
    }

    /// Asserts the error and its text.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str, message: &str) {
        let found = (
            self.status,
            self.body["__type"].as_str().unwrap_or_default(),
            self.body["message"].as_str().unwrap_or_default(),
        );
        assert_eq!(found, (status, code, message));
    }

    /// Asserts a ValidationException and its text.
    #[track_caller]
    pub fn invalid(&self, message: &str) {
        self.refused(400, "ValidationException", message);
    }

    /// Asserts a ResourceNotFoundException and its text.
    #[track_caller]
    pub fn not_found(&self, message: &str) {
        self.refused(400, "ResourceNotFoundException", message);
    }

    /// Asserts the error, and that its text contains `part`.
    #[track_caller]
    pub fn refused_with(&self, status: u16, code: &str, part: &str) {
        let message = self.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{part:?} is not in {message:?}");
        self.refused(status, code, message);
    }
}

/// A request for a virtual cluster with a new client token.
pub fn virtual_cluster(name: &str, cluster: &str, namespace: &str) -> Value {
    json!({
        "name": name,
        "clientToken": Uuid::new_v4().to_string(),
        "containerProvider": {
            "type": "EKS",
            "id": cluster,
            "info": {"eksInfo": {"namespace": namespace}},
        },
    })
}

/// A request for a run with a new client token.
pub fn job_run() -> Value {
    json!({
        "name": "pi",
        "clientToken": Uuid::new_v4().to_string(),
        "executionRoleArn": "arn:aws:iam::123456789012:role/job",
        "releaseLabel": "emr-7.12.0-latest",
        "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "local:///opt/spark/pi.py"}},
    })
}

/// `base` with members of `more` in place of its own.
pub fn with(mut base: Value, more: Value) -> Value {
    let members = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(members);
    base
}

/// `base` without a member.
pub fn without(mut base: Value, member: &str) -> Value {
    base.as_object_mut().unwrap().remove(member).unwrap();
    base
}

fn assert_no_null(value: &Value, path: &str) {
    match value {
        Value::Null => panic!("{path} is null"),
        Value::Object(members) => {
            for (name, value) in members {
                assert_no_null(value, &format!("{path}.{name}"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| assert_no_null(item, path)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
