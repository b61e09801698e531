//! What drivers leave behind: their executors, and the helpers that they or Firesteel made and marked
//! with the application's id. Owner references remove them in the end; this does it now.
//!
//! The API server goes through a whole namespace for each kind it is asked about, whoever it is
//! about: so applications of one namespace are swept together, and not too often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Resource as _;
use kube::api::{DeleteParams, ListParams};
use kube::core::Request as Paths;
use serde::de::IgnoredAny;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::client::{Client, Failure};
use super::refusal;
use crate::cluster::{ClusterError, DriverRef};
use crate::spark::labels;

/// From one sweep of a namespace to the next.
const BETWEEN: Duration = Duration::from_millis(500);

/// Applications that one request names: it is a part of its address.
const MOST: usize = 100;

/// The sweeps of one cluster. Clones share them.
#[derive(Clone)]
pub(super) struct Sweeps {
    client: Arc<Client>,
    installation: String,
    namespaces: Arc<Mutex<BTreeMap<String, Namespace>>>,
}

struct Namespace {
    /// Before then none begins.
    next_at: Instant,
    /// Who goes into the next.
    waiting: Vec<Waiting>,
}

struct Waiting {
    application: String,
    told: oneshot::Sender<Result<(), ClusterError>>,
}

impl Sweeps {
    pub fn new(client: Arc<Client>, installation: String) -> Self {
        Self {
            client,
            installation,
            namespaces: Arc::default(),
        }
    }

    /// Deletes what the attempt's driver made, together with what others did. A right that is missing
    /// leaves it to owner references.
    pub async fn sweep(&self, driver: &DriverRef) -> Result<(), ClusterError> {
        let (told, swept) = oneshot::channel();
        self.join(driver, told);
        swept
            .await
            .unwrap_or_else(|_| Err(ClusterError::Unreachable("a sweep broke off".to_owned())))
    }

    fn join(&self, driver: &DriverRef, told: oneshot::Sender<Result<(), ClusterError>>) {
        let begin_at = {
            let mut all = self
                .namespaces
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let namespace = all
                .entry(driver.namespace.clone())
                .or_insert_with(|| Namespace {
                    next_at: Instant::now(),
                    waiting: Vec::new(),
                });
            namespace.waiting.push(Waiting {
                application: driver.app_id.clone(),
                told,
            });
            if namespace.waiting.len() > 1 {
                // Whoever came first began it.
                return;
            }
            namespace.next_at
        };
        // On its own: whoever waits may go away, and the others wait on.
        let (sweeps, namespace) = (self.clone(), driver.namespace.clone());
        tokio::spawn(async move {
            sleep_until(begin_at).await;
            sweeps.begin(&namespace).await;
        });
    }

    async fn begin(&self, namespace: &str) {
        let waiting = {
            let mut all = self
                .namespaces
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let Some(known) = all.get_mut(namespace) else {
                return;
            };
            known.next_at = Instant::now() + BETWEEN;
            std::mem::take(&mut known.waiting)
        };
        for some in Chunks(waiting) {
            let applications: Vec<_> = some.iter().map(|it| it.application.as_str()).collect();
            let swept = helpers(&self.client, &self.installation, namespace, &applications).await;
            for waiting in some {
                // Who does not wait any longer need not know.
                let _ = waiting.told.send(swept.clone());
            }
        }
    }
}

/// So many at a time.
struct Chunks(Vec<Waiting>);

impl Iterator for Chunks {
    type Item = Vec<Waiting>;

    fn next(&mut self) -> Option<Vec<Waiting>> {
        let some: Vec<_> = self.0.drain(..self.0.len().min(MOST)).collect();
        (!some.is_empty()).then_some(some)
    }
}

async fn helpers(
    client: &Client,
    installation: &str,
    namespace: &str,
    applications: &[&str],
) -> Result<(), ClusterError> {
    let of_them = format!("{} in ({})", labels::SPARK_APP_ID, applications.join(","));
    // Drivers make the others too, and mark them with their application alone.
    let own = format!("{of_them},{}={installation}", labels::INSTALLATION);
    let executors = format!("{own},{}=executor", labels::SPARK_ROLE);
    let namespace = Some(namespace);
    for (path, selector) in [
        (Pod::url_path(&(), namespace), &executors),
        (ConfigMap::url_path(&(), namespace), &of_them),
        (Service::url_path(&(), namespace), &of_them),
        (PersistentVolumeClaim::url_path(&(), namespace), &of_them),
        (Secret::url_path(&(), namespace), &own),
        (NetworkPolicy::url_path(&(), namespace), &own),
    ] {
        let request = Paths::new(path.as_str()).delete_collection(
            &DeleteParams::background(),
            &ListParams::default().labels(selector),
        );
        match client.call::<IgnoredAny>(request, client.deadline()).await {
            Ok(_) => {}
            Err(Failure::Rejected(no))
                if no.has_reason("Forbidden") || no.has_reason("NotFound") =>
            {
                debug!(
                    path,
                    error = no.message(),
                    "helpers are left to owner references"
                );
            }
            Err(failure) => return Err(refusal::of_request(failure)),
        }
    }
    Ok(())
}
