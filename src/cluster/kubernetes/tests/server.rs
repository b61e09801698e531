//! An API server that follows a script: any call but the next expected one fails the test.

use std::time::Duration;

use axum::body::Body;
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::task::JoinHandle;
use tower_test::mock;

use super::super::{KubernetesCluster, Settings};
use super::settings;

/// One request and what becomes of it.
pub struct Call {
    /// Method and path, with the query where the script has one.
    request: String,
    answer: Answer,
}

enum Answer {
    Response(Response<Body>),
    /// The connection breaks.
    Broken,
    /// Nothing, for as long as the test runs.
    Silence,
}

impl Call {
    pub fn answers(request: &str, (code, body): (u16, Value)) -> Self {
        Self::answers_text(request, code, &[], &body.to_string())
    }

    pub fn answers_text(request: &str, code: u16, headers: &[(&str, &str)], text: &str) -> Self {
        let mut response = Response::builder().status(code);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let body = Body::from(text.to_owned());
        Self {
            request: request.to_owned(),
            answer: Answer::Response(response.body(body).unwrap()),
        }
    }

    /// An answer whose body begins with `text` and never ends.
    pub fn stays_open(request: &str, text: &str) -> Self {
        let start = Ok::<_, std::io::Error>(text.to_owned());
        let body = Body::from_stream(stream::iter([start]).chain(stream::pending()));
        Self {
            request: request.to_owned(),
            answer: Answer::Response(Response::new(body)),
        }
    }

    pub fn breaks(request: &str) -> Self {
        Self {
            request: request.to_owned(),
            answer: Answer::Broken,
        }
    }

    pub fn is_silent(request: &str) -> Self {
        Self {
            request: request.to_owned(),
            answer: Answer::Silence,
        }
    }
}

/// The server's side of the script.
pub struct Server(JoinHandle<Vec<Value>>);

impl Server {
    /// Waits for the end of the script, after the cluster was dropped, and gives the bodies of
    /// its requests.
    pub async fn finished(self) -> Vec<Value> {
        self.0.await.unwrap()
    }
}

/// A cluster whose server follows `script` and gets 100 ms a request, of a clock that stands still
/// while there is anything to do.
pub fn cluster(script: Vec<Call>) -> (KubernetesCluster, Server) {
    cluster_with(script, |_| {})
}

/// The same, configured otherwise.
pub fn cluster_with(
    script: Vec<Call>,
    configure: impl FnOnce(&mut Settings),
) -> (KubernetesCluster, Server) {
    let (service, mut handle) = mock::pair::<Request<kube::client::Body>, Response<Body>>();
    let server = tokio::spawn(async move {
        let mut bodies = Vec::new();
        let mut unanswered = Vec::new();
        for call in script {
            let (request, send) = handle
                .next_request()
                .await
                .unwrap_or_else(|| panic!("nobody asked for {}", call.request));
            let (parts, body) = request.into_parts();
            let path = parts.uri.path();
            let uri = match (call.request.contains('?'), parts.uri.query()) {
                (true, query) => format!("{path}?{}", query.unwrap_or_default()),
                (false, _) => path.to_owned(),
            };
            assert_eq!(format!("{} {uri}", parts.method), call.request);
            let body = body.collect().await.unwrap().to_bytes();
            bodies.push(serde_json::from_slice(&body).unwrap_or(Value::Null));
            match call.answer {
                Answer::Response(response) => send.send_response(response),
                Answer::Broken => send.send_error(std::io::Error::other("connection reset")),
                Answer::Silence => unanswered.push(send),
            }
        }
        if let Some((request, _)) = handle.next_request().await {
            panic!("an unexpected {} {}", request.method(), request.uri());
        }
        bodies
    });
    let client = kube::Client::new(service, "default");
    let mut settings = settings(Duration::from_millis(100));
    configure(&mut settings);
    let cluster = KubernetesCluster::with_client(settings, client);
    (cluster, Server(server))
}
