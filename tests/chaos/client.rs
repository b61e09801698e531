//! A caller that asks again, of any process, until it has an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::fates::{LONG_GRACE, Plan};
use super::replica::Addresses;

/// How long a caller goes on asking.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a queue may be full for one caller among many.
const FULL_LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub addresses: Addresses,
    /// How often a queue was too full for a run.
    pub refusals: Arc<AtomicU64>,
}

impl Client {
    pub fn new(addresses: Addresses) -> Self {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        Self {
            http,
            addresses,
            refusals: Arc::default(),
        }
    }

    /// A virtual cluster with this many concurrent runs, and in its queue, where there is a limit.
    pub async fn virtual_cluster(
        &self,
        namespace: &str,
        concurrent: Option<u32>,
        in_queue: Option<u32>,
    ) -> String {
        let mut body = json!({
            "name": namespace,
            "clientToken": namespace,
            "containerProvider": {
                "type": "EKS",
                "id": "scripted",
                "info": {"eksInfo": {"namespace": namespace}},
            },
        });
        if let Some(limit) = concurrent {
            body["schedulerConfiguration"]["maxConcurrentJobRuns"] = json!(limit);
        }
        if let Some(limit) = in_queue {
            body["schedulerConfiguration"]["maxInQueueJobRuns"] = json!(limit);
        }
        let created = self.insist("POST", "/virtualclusters", Some(&body)).await;
        created["id"].as_str().unwrap().to_owned()
    }

    /// Starts a run, which is accepted once however often it is asked for, as soon as its queue has
    /// room for it.
    pub async fn start(&self, virtual_cluster: &str, plan: &Plan) -> String {
        let index = plan.index;
        let mut parameters = format!("--conf spark.kubernetes.driver.label.chaos-run=n{index}");
        if plan.is_given_long() {
            parameters += &format!(
                " --conf 'spark.firesteel.driver.podTemplate=spec: {{terminationGracePeriodSeconds: {}}}'",
                LONG_GRACE.as_secs()
            );
        }
        let mut body = json!({
            "name": format!("run-{index}"),
            "clientToken": format!("token-{index}"),
            "executionRoleArn": "arn:aws:iam::123456789012:role/job",
            "releaseLabel": "emr-7.12.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": {
                "entryPoint": "local:///opt/spark/pi.py",
                "sparkSubmitParameters": parameters,
            }},
        });
        if plan.max_attempts > 1 {
            body["retryPolicyConfiguration"] = json!({"maxAttempts": plan.max_attempts});
        }
        if let Some(priority) = plan.priority {
            body["tags"] = json!({"firesteel.dev/priority": priority.to_string()});
        }
        if plan.is_classic {
            let layout =
                json!({"classification": "firesteel", "properties": {"layout": "classic"}});
            body["configurationOverrides"] = json!({"applicationConfiguration": [layout]});
        }
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns");
        let asked_since = Instant::now();
        loop {
            let (status, answer) = self.insist_on_any("POST", &path, Some(&body)).await;
            if status == 200 {
                return answer["id"].as_str().unwrap().to_owned();
            }
            let message = answer["message"].as_str().unwrap_or_default();
            let is_full = status == 400 && message.contains("is full: maxInQueueJobRuns");
            assert!(
                is_full && asked_since.elapsed() < FULL_LIMIT,
                "POST {path}: {status}: {answer}"
            );
            self.refusals.fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE).await;
        }
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
