//! A caller as AWS's SDKs are: each request signed, connections kept.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::Url;
use serde_json::{Value, json};
use uuid::Uuid;

use super::signing::Signer;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Client {
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    base: Url,
    host: String,
    signer: Arc<Signer>,
}

impl Client {
    pub fn new(base: &str, id: &str, secret: &str) -> anyhow::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let base = Url::parse(base)?;
        Ok(Self {
            http: hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector),
            host: base.authority().to_owned(),
            base,
            signer: Arc::new(Signer::new(id, secret)),
        })
    }

    /// A virtual cluster on the namespace, and its id.
    pub async fn virtual_cluster(&self, namespace: &str) -> anyhow::Result<String> {
        let body = json!({
            "name": namespace,
            "clientToken": Uuid::new_v4().to_string(),
            "containerProvider": {
                "id": "kwok",
                "type": "EKS",
                "info": {"eksInfo": {"namespace": namespace}},
            },
        });
        let answer = self
            .call(Method::POST, "/virtualclusters", Some(&body))
            .await?;
        id(&answer)
    }

    /// Starts the run and gives its id.
    pub async fn start(&self, virtual_cluster: &str, body: &Value) -> anyhow::Result<String> {
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns");
        id(&self.call(Method::POST, &path, Some(body)).await?)
    }

    /// The state that DescribeJobRun shows.
    pub async fn state(&self, virtual_cluster: &str, run: &str) -> anyhow::Result<String> {
        let path = format!("/virtualclusters/{virtual_cluster}/jobruns/{run}");
        let answer = self.call(Method::GET, &path, None).await?;
        let state = answer["jobRun"]["state"].as_str();
        Ok(state.context("no state")?.to_owned())
    }

    /// A page of ListJobRuns, filtered as the query says.
    pub async fn list(
        &self,
        virtual_cluster: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<Value> {
        let mut url = self.base.clone();
        url.set_path(&format!("/virtualclusters/{virtual_cluster}/jobruns"));
        // In the order in which they are signed.
        let mut query = query.to_vec();
        query.sort_unstable();
        url.query_pairs_mut().extend_pairs(query);
        self.send(Method::GET, &url, None).await
    }

    /// How many runs ListJobRuns shows in the state.
    pub async fn count(&self, virtual_cluster: &str, state: &str) -> anyhow::Result<usize> {
        let mut found = 0;
        let mut token: Option<String> = None;
        loop {
            let mut query = vec![("states", state), ("maxResults", "500")];
            query.extend(token.as_deref().map(|token| ("nextToken", token)));
            let page = self.list(virtual_cluster, &query).await?;
            found += page["jobRuns"].as_array().map_or(0, Vec::len);
            match page["nextToken"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => return Ok(found),
            }
        }
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut url = self.base.clone();
        url.set_path(path);
        self.send(method, &url, body).await
    }

    async fn send(&self, method: Method, url: &Url, body: Option<&Value>) -> anyhow::Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let signer = &self.signer;
        let signature = signer.sign(method.as_str(), &self.host, url, body.as_bytes())?;
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .header("x-amz-date", signature.date)
            .header(AUTHORIZATION, signature.authorization)
            .body(Full::from(body))?;
        let answered = async {
            let answer = self.http.request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            anyhow::Ok((status, body))
        };
        let (status, body) = tokio::time::timeout(PATIENCE, answered).await??;
        let text = String::from_utf8_lossy(&body);
        ensure!(status.is_success(), "{status}: {text}");
        Ok(serde_json::from_slice(&body)?)
    }
}

/// A small Java run whose driver KWOK plays for so long.
pub fn job_run(lasts: Duration) -> Value {
    json!({
        "name": "pi",
        "clientToken": Uuid::new_v4().to_string(),
        "executionRoleArn": "arn:aws:iam::123456789012:role/job",
        "releaseLabel": "emr-7.12.0-latest",
        "jobDriver": {"sparkSubmitJobDriver": {
            "entryPoint": "local:///opt/spark/examples/jars/spark-examples.jar",
            "entryPointArguments": ["1000"],
            "sparkSubmitParameters": format!(
                "--class org.apache.spark.examples.SparkPi --conf spark.executor.instances=2 \
                 --conf spark.executor.memory=4g --conf spark.driver.memory=2g \
                 --conf spark.kubernetes.driver.annotation.{}={}ms",
                super::pods::LASTS,
                lasts.as_millis(),
            ),
        }},
    })
}

fn id(answer: &Value) -> anyhow::Result<String> {
    Ok(answer["id"].as_str().context("no id")?.to_owned())
}
