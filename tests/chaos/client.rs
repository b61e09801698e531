//! A caller that asks again, of any process, until it has an answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::replica::Addresses;

/// How long a caller goes on asking.
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub addresses: Addresses,
}

impl Client {
    pub fn new(addresses: Addresses) -> Self {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        Self { http, addresses }
    }

    /// A virtual cluster with this many concurrent runs at most, where there is a limit.
    pub async fn virtual_cluster(&self, namespace: &str, limit: Option<u32>) -> String {
        let mut body = json!({
            "name": namespace,
            "clientToken": namespace,
            "containerProvider": {
                "type": "EKS",
                "id": "scripted",
                "info": {"eksInfo": {"namespace": namespace}},
            },
        });
        if let Some(limit) = limit {
            body["schedulerConfiguration"] = json!({"maxConcurrentJobRuns": limit});
        }
        let created = self.insist("POST", "/virtualclusters", Some(&body)).await;
        created["id"].as_str().unwrap().to_owned()
    }

    /// Starts run `index`, which is accepted once however often it is asked for.
    pub async fn start(&self, virtual_cluster: &str, index: u32, max_attempts: u32) -> String {
        let mut body = json!({
            "name": format!("run-{index}"),
            "clientToken": format!("token-{index}"),
            "executionRoleArn": "arn:aws:iam::123456789012:role/job",
            "releaseLabel": "emr-7.12.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": {
                "entryPoint": "local:///opt/spark/pi.py",
                "sparkSubmitParameters":
                    format!("--conf spark.kubernetes.driver.label.chaos-run=n{index}"),
            }},
        });
        if max_attempts > 1 {
            body["retryPolicyConfiguration"] = json!({"maxAttempts": max_attempts});
        }
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns");
        let started = self.insist("POST", &path, Some(&body)).await;
        started["id"].as_str().unwrap().to_owned()
    }

    /// Whether the cancellation was accepted; a run that is over refuses it.
    pub async fn cancel(&self, virtual_cluster: &str, run: &str) -> bool {
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns/{run}");
        let answer = self.insist_on_any("DELETE", &path, None).await;
        answer.0 == 200
    }

    pub async fn describe(&self, virtual_cluster: &str, run: &str) -> Value {
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns/{run}");
        self.insist("GET", &path, None).await["jobRun"].clone()
    }

    /// What the API tells of the run's life.
    pub async fn story(&self, virtual_cluster: &str, run: &str) -> Value {
        let path = format!("/firesteel/v1/virtualclusters/{virtual_cluster}/jobruns/{run}/events");
        self.insist_on_any("GET", &path, None).await.1
    }

    async fn insist(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.insist_on_any(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// The first answer that is no failure of the service.
    async fn insist_on_any(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < LIMIT {
            for address in self.addresses.all() {
                let method = method.parse().unwrap();
                let mut request = self.http.request(method, format!("{address}{path}"));
                if let Some(body) = body {
                    request = request.json(body);
                }
                match request.send().await {
                    Ok(response) => {
                        let status = response.status().as_u16();
                        match response.json().await {
                            Ok(answer) if status < 500 => return (status, answer),
                            Ok(answer) => last = format!("{status}: {answer}"),
                            Err(error) => last = format!("{status}: {error}"),
                        }
                    }
                    Err(error) => last = format!("{error:?}"),
                }
            }
            sleep(PAUSE).await;
        }
        panic!("no answer to {method} {path} within {LIMIT:?}: {last}")
    }
}
