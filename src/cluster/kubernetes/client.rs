//! One request, sent once: its answer, or what its absence proves.

use std::error::Error;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy;
use jiff::Timestamp;
use kube::api::GetParams;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::core::{Request as Paths, Status};
use kube::{Config, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::domain::redaction::Redaction;

/// Where a server asks for patience without saying for how long.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest that one answer may keep a whole cluster waiting.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// Why a request has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The answer is no.
    Rejected(Box<Rejection>),
    /// No server can have seen the request.
    Unsent(String),
    /// The request was, or may have been, sent; whether it took effect is not known.
    Unanswered(String),
}

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Rejection {
    pub code: StatusCode,
    /// The API server's own words; `None` where something else answered in its place.
    pub status: Option<Status>,
    pub retry_after: Option<Duration>,
}

impl Rejection {
    /// The answer's words, for people. Admission may quote what the request held.
    pub fn message(&self) -> String {
        match &self.status {
            Some(status) if !status.message.is_empty() => {
                Redaction::default().apply(&status.message)
            }
            Some(_) | None => format!("the answer was {}", self.code),
        }
    }

    pub fn has_reason(&self, reason: &str) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| status.reason == reason)
    }

    /// The API server itself says that this object, or its whole namespace, is not there. The
    /// bare 404 of a proxy says nothing.
    pub fn says_absent(&self, resource: &str, name: &str) -> bool {
        self.code == StatusCode::NOT_FOUND
            && self.has_reason("NotFound")
            && self
                .status
                .as_ref()
                .and_then(|status| status.details.as_ref())
                .is_some_and(|details| {
                    details.kind == "namespaces"
                        || (details.kind == resource && details.name == name)
                })
    }
}

/// A connection to one API server.
pub(super) struct Client {
    kube: kube::Client,
    request_timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Since when no request has been answered.
    silent_since: Option<Timestamp>,
    /// Until when the cluster asked to be left alone.
    quiet_until: Option<Instant>,
}

impl Client {
    pub fn new(kube: kube::Client, request_timeout: Duration) -> Self {
        Self {
            kube,
            request_timeout,
            state: Mutex::default(),
        }
    }

    /// For what takes longer than a request; nothing of it is counted as an answer here.
    pub fn kube(&self) -> &kube::Client {
        &self.kube
    }

    pub fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// When a request that starts now must have been answered.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.request_timeout
    }

    /// Since when the cluster has not answered, `now` where it does.
    pub fn silent_since(&self, now: Timestamp) -> Timestamp {
        self.state(|state| state.silent_since).unwrap_or(now)
    }

    /// Sends `request` and reads its answer.
    pub async fn call<T: DeserializeOwned>(
        &self,
        request: Result<Request<Vec<u8>>, kube::core::request::Error>,
        deadline: Instant,
    ) -> Result<T, Failure> {
        let result = self
            .answer(request, deadline, |body| {
                serde_json::from_slice(body)
                    .map_err(|error| Failure::Unanswered(format!("unreadable answer: {error}")))
            })
            .await;
        self.note(&result);
        result
    }

    /// Sends `request`, which a node answers through the API server, with text of any kind. What
    /// is wrong with a node is not noted of the cluster.
    pub async fn text(
        &self,
        request: Result<Request<Vec<u8>>, kube::core::request::Error>,
        deadline: Instant,
    ) -> Result<String, Failure> {
        self.answer(request, deadline, |body| {
            Ok(String::from_utf8_lossy(body).into_owned())
        })
        .await
    }

    async fn answer<T>(
        &self,
        request: Result<Request<Vec<u8>>, kube::core::request::Error>,
        deadline: Instant,
        parse: impl FnOnce(&[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let request = request.map_err(|error| Failure::Unsent(chain(&error)))?;
        if let Some(retry_after) = self.asked_for_patience() {
            return Err(Failure::Rejected(Box::new(Rejection {
                code: StatusCode::TOO_MANY_REQUESTS,
                status: None,
                retry_after: Some(retry_after),
            })));
        }
        match timeout_at(deadline, self.exchange(request)).await {
            Ok(Ok((code, headers, body))) => read(code, &headers, &body, parse),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::Unanswered(format!(
                "no answer within {} s",
                self.request_timeout.as_secs_f32()
            ))),
        }
    }

    /// Reads one object, as it is now.
    pub async fn get<K>(&self, namespace: Option<&str>, name: &str) -> Result<K, Failure>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let request = Paths::new(K::url_path(&(), namespace)).get(name, &GetParams::default());
        self.call(request, self.deadline()).await
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
        let request = request.map(kube::client::Body::from);
        let response = self.kube.send(request).await.map_err(|error| {
            if is_unsent(&error) {
                Failure::Unsent(chain(&error))
            } else {
                Failure::Unanswered(chain(&error))
            }
        })?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| Failure::Unanswered(chain(&error)))?;
        Ok((parts.status, parts.headers, body.to_bytes().to_vec()))
    }

    fn asked_for_patience(&self) -> Option<Duration> {
        let until = self.state(|state| state.quiet_until)?;
        let rest = until.saturating_duration_since(Instant::now());
        (!rest.is_zero()).then_some(rest)
    }

    /// Keeps what this result tells of the cluster as a whole.
    fn note<T>(&self, result: &Result<T, Failure>) {
        let silent = match result {
            Ok(_) => false,
            // Answers that come from in front of the cluster, or that refuse whoever asks.
            Err(Failure::Rejected(rejection)) => {
                rejection.status.is_none() && rejection.code != StatusCode::TOO_MANY_REQUESTS
                    || rejection.code == StatusCode::UNAUTHORIZED
            }
            Err(Failure::Unsent(_) | Failure::Unanswered(_)) => true,
        };
        let quiet_until = match result {
            Err(Failure::Rejected(rejection)) => rejection
                .retry_after
                .filter(|_| rejection.code == StatusCode::TOO_MANY_REQUESTS)
                .map(|pause| Instant::now() + pause),
            Ok(_) | Err(Failure::Unsent(_) | Failure::Unanswered(_)) => None,
        };
        self.state(|state| {
            if !silent {
                state.silent_since = None;
            } else if state.silent_since.is_none() {
                state.silent_since = Some(Timestamp::now());
            }
            if quiet_until.is_some() {
                state.quiet_until = quiet_until;
            }
        });
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads a kubeconfig file, kubectl's own where `path` is `None`.
pub(super) async fn kubeconfig(
    path: Option<&Path>,
    context: Option<&str>,
) -> Result<Config, KubeconfigError> {
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    match path {
        Some(path) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await,
        None => Config::from_kubeconfig(&options).await,
    }
}

/// A client that sends every request once. kube's own would send it again after 429, 503 and 504,
/// and a creation that was taken for refused could still happen.
pub(super) fn once_only(
    mut config: Config,
    request_timeout: Duration,
) -> Result<kube::Client, kube::Error> {
    config.default_retry = false;
    // Below the whole request's time: a connection that does not come about has sent nothing, and
    // is told from an answer that does not come.
    config.connect_timeout = Some(request_timeout / 2);
    kube::Client::try_from(config)
}

fn read<T>(
    code: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    parse: impl FnOnce(&[u8]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if code.is_success() {
        return parse(body);
    }
    let status = serde_json::from_slice::<Value>(body)
        .ok()
        .filter(|body| body["kind"] == "Status")
        .and_then(|body| serde_json::from_value(body).ok());
    Err(Failure::Rejected(Box::new(Rejection {
        code,
        retry_after: retry_after(code, headers, status.as_ref()),
        status,
    })))
}

fn retry_after(code: StatusCode, headers: &HeaderMap, status: Option<&Status>) -> Option<Duration> {
    let in_header = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let in_status = status
        .and_then(|status| status.details.as_ref())
        .map(|details| u64::from(details.retry_after_seconds))
        .filter(|seconds| *seconds > 0);
    let default = (code == StatusCode::TOO_MANY_REQUESTS).then_some(PATIENCE);
    in_header
        .or(in_status)
        .map(Duration::from_secs)
        .or(default)
        .map(|pause| pause.min(MOST_PATIENCE))
}

/// Whether the request failed before any byte of it was written.
fn is_unsent(error: &kube::Error) -> bool {
    if matches!(error, kube::Error::Auth(_)) {
        return true;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<legacy::Error>() {
            return error.is_connect();
        }
        cause = error.source();
    }
    false
}

/// An error with its causes, each once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
