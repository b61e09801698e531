//! A caller as AWS's SDKs are: each request signed, connections kept.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::header::HeaderName;
use reqwest::{Method, Request, Url};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    identity: Identity,
}

impl Client {
    pub fn new(base: &str, id: &str, secret: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(60))
                .build()?,
            base: base.to_owned(),
            identity: Credentials::new(id, secret, None, None, "bench").into(),
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

    /// How many runs ListJobRuns shows in the state.
    pub async fn count(&self, virtual_cluster: &str, state: &str) -> anyhow::Result<usize> {
        let mut found = 0;
        let mut token = None;
        loop {
            let mut url = Url::parse(&self.base)?;
            url.set_path(&format!("/virtualclusters/{virtual_cluster}/jobruns"));
            url.query_pairs_mut()
                .append_pair("states", state)
                .append_pair("maxResults", "500")
                .extend_pairs(token.as_ref().map(|token: &String| ("nextToken", token)));
            let page = self.send(Request::new(Method::GET, url)).await?;
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
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request.build()?).await
    }

    async fn send(&self, mut request: Request) -> anyhow::Result<Value> {
        self.sign(&mut request)?;
        let answer = self.http.execute(request).await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    fn sign(&self, request: &mut Request) -> anyhow::Result<()> {
        let params = SigningParams::builder()
            .identity(&self.identity)
            .region("us-east-1")
            .name("emr-containers")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = request.body().and_then(|body| body.as_bytes());
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.url().as_str(),
            std::iter::empty(),
            SignableBody::Bytes(body.unwrap_or_default()),
        )?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let name: HeaderName = header.name().parse()?;
            request.headers_mut().insert(name, header.value().parse()?);
        }
        Ok(())
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
