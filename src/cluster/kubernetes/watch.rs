//! One filtered view of the pods that hold drivers' names: a list, then its changes.
//!
//! While it runs, what it has said is at most a minute old: the server closes every watch before
//! that and the next one is opened, and where it does not, the watch fails.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use http::StatusCode;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use kube::Resource as _;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::core::Request as Paths;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch as channel};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use super::client::{Failure, Rejection, chain};
use super::{KubernetesCluster, pod_status, refusal, rights};
use crate::cluster::{ClusterError, Event, Seen};
use crate::spark::labels;

/// How long the server keeps one watch open, in seconds.
const WATCH_SECONDS: u32 = 45;
/// How much longer we wait for it to do so.
const GRACE: Duration = Duration::from_secs(5);
/// A server that closes watches sooner, with nothing said, does not serve them.
const LEAST_LIFE: Duration = Duration::from_secs(1);
/// How long a namespace that may not be watched stays unseen: rights may come, and those to watch
/// everywhere, too.
pub(super) const UNSEEN_FOR: Duration = Duration::from_secs(30);
const PAGE_SIZE: u32 = 500;

/// A part of the cluster that is watched as one: a namespace, or all of them.
type Scope = Option<String>;

/// Why the changes of a list are not followed any longer.
enum End {
    /// A new list is due.
    Relist,
    /// Nobody listens.
    Closed,
}

/// Watches until it fails or `events` is closed.
pub(super) async fn run(
    cluster: &KubernetesCluster,
    mut namespaces: channel::Receiver<Vec<String>>,
    events: &mpsc::Sender<Event>,
) -> Result<(), ClusterError> {
    let everywhere = rights::may_watch_everywhere(&cluster.client)
        .await
        .map_err(refusal::of_request)?;
    let watch = Watch { cluster, events };
    loop {
        let scopes = if everywhere {
            vec![None]
        } else {
            let namespaces = namespaces.borrow_and_update();
            namespaces.iter().cloned().map(Some).collect()
        };
        let Some(List { versions, unseen }) = watch.list(scopes).await? else {
            return Ok(());
        };
        if let (true, Some(why)) = (versions.is_empty(), &unseen) {
            return Err(ClusterError::Forbidden(why.clone()));
        }
        let namespaces_changed = async {
            // A closed channel changes no more.
            if everywhere || namespaces.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let end = tokio::select! {
            end = watch.follow(versions) => end?,
            () = namespaces_changed => End::Relist,
            () = sleep(cluster.relist_every) => End::Relist,
            // An API server that has just started knows nobody's rights for a moment.
            () = sleep(UNSEEN_FOR), if unseen.is_some() => {
                return Err(ClusterError::Forbidden(unseen.unwrap_or_default()));
            }
            () = events.closed() => End::Closed,
        };
        match end {
            End::Relist => {}
            End::Closed => return Ok(()),
        }
    }
}

/// From where changes follow.
struct List {
    versions: Vec<(Scope, String)>,
    /// Why a part of it could not be had.
    unseen: Option<String>,
}

struct Watch<'a> {
    cluster: &'a KubernetesCluster,
    events: &'a mpsc::Sender<Event>,
}

#[derive(Deserialize)]
struct Page {
    metadata: ListMeta,
    items: Vec<Value>,
}

impl Watch<'_> {
    /// Tells everything there is; `None` where nobody listens.
    async fn list(&self, scopes: Vec<Scope>) -> Result<Option<List>, ClusterError> {
        let mut seen = Vec::new();
        let mut versions = Vec::new();
        let mut unseen = None;
        for scope in scopes {
            match self.list_scope(&scope, &mut seen).await {
                Ok(version) => versions.push((scope, version)),
                Err(Failure::Rejected(rejection)) if is_forbidden_namespace(&scope, &rejection) => {
                    warn!(
                        cluster.id = %self.cluster.id,
                        namespace = scope.as_deref(),
                        error = rejection.message(),
                        "namespace cannot be watched"
                    );
                    unseen = Some(rejection.message().to_owned());
                }
                Err(failure) => return Err(refusal::of_request(failure)),
            }
        }
        let sent = if unseen.is_none() {
            self.events.send(Event::Listed(seen)).await.is_ok()
        } else {
            // What is missing in it may well exist: this is news, and not all there is.
            let mut sent = true;
            for seen in seen {
                sent = sent && self.events.send(Event::Changed(seen)).await.is_ok();
            }
            sent
        };
        Ok(sent.then_some(List { versions, unseen }))
    }

    async fn list_scope(&self, scope: &Scope, seen: &mut Vec<Seen>) -> Result<String, Failure> {
        let client = &self.cluster.client;
        let mut params = ListParams::default()
            .labels(&self.selector())
            .limit(PAGE_SIZE);
        loop {
            let page: Page = client
                .call(paths(scope).list(&params), client.deadline())
                .await?;
            seen.extend(page.items.into_iter().filter_map(|pod| self.read(pod)));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token),
                None => return Ok(page.metadata.resource_version.unwrap_or_default()),
            }
        }
    }

    /// Sends changes until a new list is due in one of the scopes.
    async fn follow(&self, versions: Vec<(Scope, String)>) -> Result<End, ClusterError> {
        let mut scopes: FuturesUnordered<_> = versions
            .into_iter()
            .map(|(scope, version)| self.follow_scope(scope, version))
            .collect();
        match scopes.next().await {
            Some(end) => end,
            None => std::future::pending().await,
        }
    }

    async fn follow_scope(&self, scope: Scope, mut version: String) -> Result<End, ClusterError> {
        let params = WatchParams::default()
            .labels(&self.selector())
            .timeout(WATCH_SECONDS);
        loop {
            let opened = Instant::now();
            let request = paths(&scope)
                .watch(&params, &version)
                .map_err(|error| ClusterError::Refused(chain(&error)))?;
            let client = &self.cluster.client;
            let changes = timeout_at(
                client.deadline(),
                client.kube().request_events::<Value>(request),
            )
            .await
            .map_err(|_| ClusterError::Unreachable("a watch did not open".to_owned()))?;
            let mut changes = match changes {
                Ok(changes) => Box::pin(changes),
                Err(error) => return ended_by(&error),
            };
            let closes_by = opened + Duration::from_secs(WATCH_SECONDS.into()) + GRACE;
            let mut quiet = true;
            loop {
                match timeout_at(closes_by, changes.next()).await {
                    Err(_) => {
                        return Err(ClusterError::Unreachable("a watch fell silent".to_owned()));
                    }
                    Ok(Some(Err(error))) => return ended_by(&error),
                    Ok(None) => break,
                    Ok(Some(Ok(change))) => {
                        quiet = false;
                        if let Some(end) = self.tell(change, &mut version).await? {
                            return Ok(end);
                        }
                    }
                }
            }
            if quiet && opened.elapsed() < LEAST_LIFE {
                return Err(ClusterError::Unreachable("watches end at once".to_owned()));
            }
        }
    }

    async fn tell(
        &self,
        change: WatchEvent<Value>,
        version: &mut String,
    ) -> Result<Option<End>, ClusterError> {
        let (pod, event): (Value, fn(Seen) -> Event) = match change {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => (pod, Event::Changed),
            WatchEvent::Deleted(pod) => (pod, Event::Deleted),
            WatchEvent::Bookmark(bookmark) => {
                *version = bookmark.metadata.resource_version;
                return Ok(None);
            }
            WatchEvent::Error(status) => return ended_by(&kube::Error::Api(status)).map(Some),
        };
        if let Some(at) = pod["metadata"]["resourceVersion"].as_str() {
            at.clone_into(version);
        }
        let Some(seen) = self.read(pod) else {
            return Ok(None);
        };
        let sent = self.events.send(event(seen)).await;
        Ok(sent.is_err().then_some(End::Closed))
    }

    /// One object that cannot be read must not keep the others from being seen.
    fn read(&self, pod: Value) -> Option<Seen> {
        let name = pod["metadata"]["name"].as_str().map(str::to_owned);
        let seen = match serde_json::from_value::<Pod>(pod) {
            Ok(pod) => pod_status::seen(&pod, &self.cluster.installation),
            Err(_) => None,
        };
        if seen.is_none() {
            warn!(
                cluster.id = %self.cluster.id,
                pod = name,
                "a pod with the installation's label is not one of its drivers"
            );
        }
        seen
    }

    fn selector(&self) -> String {
        format!(
            "{}={},{}",
            labels::INSTALLATION,
            self.cluster.installation,
            labels::HOLDER
        )
    }
}

fn paths(scope: &Scope) -> Paths {
    Paths::new(Pod::url_path(&(), scope.as_deref()))
}

fn is_forbidden_namespace(scope: &Scope, rejection: &Rejection) -> bool {
    scope.is_some() && rejection.code == StatusCode::FORBIDDEN
}

/// A watch that broke off: its version may be too old to go on from.
fn ended_by(error: &kube::Error) -> Result<End, ClusterError> {
    let kube::Error::Api(status) = error else {
        return Err(ClusterError::Unreachable(chain(error)));
    };
    if status.code == StatusCode::GONE {
        Ok(End::Relist)
    } else if status.code == StatusCode::FORBIDDEN {
        Err(ClusterError::Forbidden(status.message.clone()))
    } else {
        Err(ClusterError::Unreachable(status.message.clone()))
    }
}
