//! A Kubernetes cluster: drivers are pods, and the API server is the only truth about them.
//!
//! Every request is sent once. What its answer proves, and what silence does not, is decided in
//! `client` and `refusal`; nothing below them tries again behind their back.

mod accounts;
mod client;
mod creation;
mod dependents;
mod identity;
mod inquiry;
mod pod_status;
mod refusal;
mod rights;
mod sweep;
mod templates;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Namespace, Node as KubeNode, Pod};
use kube::api::{DeleteParams, Preconditions};
use kube::core::Request as Paths;
use kube::{Config, Resource};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::{mpsc, watch as channel};

use super::{
    Cluster, ClusterError, CreateError, Deletion, DriverRef, Event, NamespaceError, Prepared, Seen,
};
use crate::domain::ids::{AccountId, ClusterId};
use crate::domain::job_run::decide::{Node, Refusal};
use crate::domain::job_run::{Evidence, ExecutorTrouble};
use crate::fetch::Fetcher;
use crate::spark::driver_pod::{self, Identity, PodSettings};
use crate::spark::{Plan, redaction};
use client::{Client, Failure, Rejection};
use creation::NameHolder;
use templates::Sources;

/// How a cluster is reached and what its drivers look like.
#[derive(Clone)]
pub struct Settings {
    pub id: ClusterId,
    pub access: Access,
    /// The installation's id in its database, a label value: Firesteel sees only what carries it.
    pub installation: String,
    pub pod: PodSettings,
    /// Gets templates from elsewhere; it is told to keep away from this cluster's API server.
    pub fetcher: Arc<Fetcher>,
    /// How long one request may take, connecting included.
    pub request_timeout: Duration,
    /// How often the watch lists everything anew, in case an event was lost.
    pub relist_every: Duration,
}

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The service account of the pod that Firesteel runs in.
    InCluster,
    /// A kubeconfig file, by default the one kubectl would take, and a context of it, by default
    /// the current one.
    Kubeconfig {
        path: Option<PathBuf>,
        context: Option<String>,
    },
}

/// The configuration does not say how to reach the cluster. Whether it answers is another matter.
#[derive(Debug, thiserror::Error)]
#[error("cluster {id} cannot be configured")]
pub struct ConnectError {
    id: ClusterId,
    #[source]
    source: ConfigError,
}

#[derive(Debug, thiserror::Error)]
enum ConfigError {
    #[error(transparent)]
    InCluster(#[from] kube::config::InClusterError),
    #[error(transparent)]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    #[error(transparent)]
    Client(#[from] kube::Error),
}

/// One Kubernetes cluster, reached by one account.
pub struct KubernetesCluster {
    id: ClusterId,
    installation: String,
    pod: PodSettings,
    fetcher: Arc<Fetcher>,
    client: Arc<Client>,
    relist_every: Duration,
    accounts: accounts::Known,
    sweeps: sweep::Sweeps,
}

impl KubernetesCluster {
    /// Reads the credentials. The API server need not answer, now or ever.
    pub async fn connect(settings: Settings) -> Result<Self, ConnectError> {
        match Self::try_connect(&settings).await {
            Ok(client) => Ok(Self::with_client(settings, client)),
            Err(source) => Err(ConnectError {
                id: settings.id,
                source,
            }),
        }
    }

    async fn try_connect(settings: &Settings) -> Result<kube::Client, ConfigError> {
        let config = match &settings.access {
            Access::InCluster => Config::incluster()?,
            Access::Kubeconfig { path, context } => {
                client::kubeconfig(path.as_deref(), context.as_deref()).await?
            }
        };
        if let Some(host) = config.cluster_url.host() {
            settings.fetcher.keep_away_from(host);
        }
        Ok(client::once_only(config, settings.request_timeout)?)
    }

    fn with_client(settings: Settings, client: kube::Client) -> Self {
        let client = Arc::new(Client::new(client, settings.request_timeout));
        Self {
            id: settings.id,
            sweeps: sweep::Sweeps::new(Arc::clone(&client), settings.installation.clone()),
            installation: settings.installation,
            pod: settings.pod,
            fetcher: settings.fetcher,
            client,
            relist_every: settings.relist_every,
            accounts: accounts::Known::default(),
        }
    }

    fn identity_of(&self, driver: &DriverRef) -> Identity {
        Identity {
            installation: self.installation.clone(),
            name: driver.name.clone(),
            namespace: driver.namespace.clone(),
            virtual_cluster: driver.virtual_cluster.clone(),
            job_run: driver.job_run.clone(),
            attempt: driver.attempt,
        }
    }
}

#[async_trait]
impl Cluster for KubernetesCluster {
    async fn ping(&self) -> Result<(), ClusterError> {
        let request = http::Request::get("/version")
            .body(Vec::new())
            .map_err(kube::core::request::Error::BuildRequest);
        let deadline = self.client.deadline();
        match self.client.call::<IgnoredAny>(request, deadline).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(refusal::of_request(failure)),
        }
    }

    async fn identity(&self, namespace: &str) -> Result<String, ClusterError> {
        identity::of_cluster(&self.client, namespace).await
    }

    async fn check_namespace(&self, namespace: &str) -> Result<(), NamespaceError> {
        match self.client.get::<Namespace>(None, namespace).await {
            Ok(found) if !is_terminating(&found) => {}
            Ok(_) => return Err(NamespaceError::Missing(namespace.to_owned())),
            Err(Failure::Rejected(no)) if no.says_absent("namespaces", namespace) => {
                return Err(NamespaceError::Missing(namespace.to_owned()));
            }
            // Who may not read namespaces takes them on trust.
            Err(Failure::Rejected(no)) if no.has_reason("Forbidden") => {}
            Err(failure) => return Err(refusal::of_request(failure).into()),
        }
        let missing = rights::missing(&self.client, namespace, self.pod.layout)
            .await
            .map_err(refusal::of_request)?;
        if missing.is_empty() {
            Ok(())
        } else {
            Err(NamespaceError::MissingRights(missing))
        }
    }

    async fn prepare(
        &self,
        account: &AccountId,
        driver: &DriverRef,
        plan: &Plan,
    ) -> Result<Prepared, Refusal> {
        let sources = Sources {
            fetcher: &self.fetcher,
            client: &self.client,
            account,
            driver,
        };
        let texts = sources.texts(&plan.templates).await?;
        let mut notes = self.check(driver, plan, &texts)?;
        notes.extend(templates::notes(&plan.templates, &texts));
        notes.extend(redaction::notes(plan));
        Ok(Prepared { texts, notes })
    }

    fn prepare_timeout(&self) -> Duration {
        self.fetcher.timeout().max(self.client.request_timeout())
    }

    async fn create(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        prepared: &Prepared,
    ) -> Result<Seen, CreateError> {
        self.create_whole(driver, plan, &prepared.texts).await
    }

    async fn complete(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        prepared: &Prepared,
        seen: Seen,
    ) -> Result<Seen, CreateError> {
        self.complete_found(driver, plan, &prepared.texts, seen)
            .await
    }

    async fn may_lack_parts(&self, driver: &DriverRef, _seen: &Seen) -> Result<bool, ClusterError> {
        let holder = self.holder(driver, self.client.deadline()).await;
        match holder.map_err(refusal::of_request)? {
            NameHolder::Ours(held) => Ok(held.waits_for_a_map()),
            NameHolder::Nobody | NameHolder::Foreign => Ok(false),
        }
    }

    async fn occupy(&self, driver: &DriverRef) -> Result<Seen, CreateError> {
        let pod = driver_pod::tombstone(&self.identity_of(driver));
        let held = self.take_name(driver, &pod, self.client.deadline()).await?;
        Ok(held.seen)
    }

    async fn look(&self, driver: &DriverRef) -> Result<Option<Seen>, ClusterError> {
        match self.holder(driver, self.client.deadline()).await {
            Ok(NameHolder::Nobody) => Ok(None),
            Ok(NameHolder::Ours(held)) => Ok(Some(held.seen)),
            Ok(NameHolder::Foreign) => Err(ClusterError::Refused(creation::foreign(driver))),
            Err(failure) => Err(refusal::of_request(failure)),
        }
    }

    async fn node(&self, name: &str) -> Result<Node, ClusterError> {
        match self.client.get::<KubeNode>(None, name).await {
            Ok(node) => Ok(node_state(&node)),
            Err(Failure::Rejected(no)) if no.says_absent("nodes", name) => Ok(Node::Gone),
            // Not a word of it can be had, which is not the same as good news.
            Err(Failure::Rejected(no)) if no.has_reason("Forbidden") => {
                Ok(Node::NotReady { since: None })
            }
            Err(failure) => Err(refusal::of_request(failure)),
        }
    }

    async fn inquire(&self, driver: &DriverRef) -> Evidence {
        inquiry::of(&self.client, &self.installation, driver).await
    }

    async fn hanging_executors(&self, driver: &DriverRef) -> Vec<ExecutorTrouble> {
        inquiry::hanging_executors(&self.client, &self.installation, driver).await
    }

    async fn delete(&self, driver: &DriverRef, uid: &str) -> Result<Deletion, ClusterError> {
        let params = DeleteParams::default().preconditions(Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        });
        let request = pods(&driver.namespace).delete(&driver.name, &params);
        let deleted = self
            .client
            .call::<Deleted>(request, self.client.deadline())
            .await;
        match deleted {
            Ok(deleted) if deleted.is_gone(uid) => Ok(Deletion::Gone),
            Ok(_) => Ok(Deletion::Asked),
            Err(Failure::Rejected(no)) if no.says_absent("pods", &driver.name) => {
                Ok(Deletion::Asked)
            }
            Err(Failure::Rejected(no)) if names_another_uid(&no) => Ok(Deletion::Asked),
            Err(failure) => Err(refusal::of_request(failure)),
        }
    }

    async fn sweep(&self, driver: &DriverRef) -> Result<(), ClusterError> {
        self.sweeps.sweep(driver).await
    }

    async fn watch(
        &self,
        namespaces: channel::Receiver<Vec<String>>,
        events: mpsc::Sender<Event>,
    ) -> Result<(), ClusterError> {
        watch::run(self, namespaces, &events).await
    }

    fn request_timeout(&self) -> Duration {
        self.client.request_timeout()
    }
}

/// The answer to a pod's deletion: the pod as it was last.
#[derive(Deserialize)]
struct Deleted {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: DeletedMetadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DeletedMetadata {
    uid: String,
    deletion_grace_period_seconds: Option<i64>,
    finalizers: Vec<String>,
}

impl Deleted {
    /// A pod without time left that nobody holds is deleted before the answer: one that has ended, or
    /// never had a node.
    fn is_gone(&self, uid: &str) -> bool {
        let pod = &self.metadata;
        self.kind == "Pod"
            && pod.uid == uid
            && pod.deletion_grace_period_seconds == Some(0)
            && pod.finalizers.is_empty()
    }
}

fn pods(namespace: &str) -> Paths {
    Paths::new(Pod::url_path(&(), Some(namespace)))
}

/// The object of that uid is gone, and another has its name. The API server says so before it
/// looks at its storage and, in other words, after.
fn names_another_uid(rejection: &Rejection) -> bool {
    let message = rejection.message();
    message.contains("UID in the precondition") || message.contains("UID in precondition")
}

fn is_terminating(namespace: &Namespace) -> bool {
    namespace.metadata.deletion_timestamp.is_some()
}

fn node_state(node: &KubeNode) -> Node {
    let ready = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .find(|condition| condition.type_ == "Ready");
    let since = ready.and_then(|condition| Some(condition.last_transition_time.as_ref()?.0));
    match (ready, since) {
        (Some(ready), Some(since)) if ready.status == "True" => Node::Ready { since },
        (_, since) => Node::NotReady { since },
    }
}

#[cfg(test)]
mod tests;
