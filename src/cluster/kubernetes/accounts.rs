//! The service accounts of an execution role, made where they are missing and never changed.
//!
//! Rights come first and the account last, so that an account which exists has them, or has what
//! its maker thought right.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Resource;
use kube::api::{GetParams, PostParams};
use kube::core::Request as Paths;
use serde::Serialize;
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep};

use super::KubernetesCluster;
use super::client::Failure;
use super::refusal::{self, NotCreated, RACE_PAUSE};
use crate::cluster::CreateError;
use crate::domain::job_run::decide::Refusal;
use crate::spark::service_accounts::{Objects, ServiceAccounts};

/// Whose accounts are known to exist, so that a usual run costs no request for them.
#[derive(Default)]
pub(super) struct Known(Mutex<HashSet<(String, String)>>);

impl Known {
    pub fn forget(&self, namespace: &str, accounts: &ServiceAccounts) {
        self.with(|known| known.remove(&key(namespace, accounts)));
    }

    fn with<T>(&self, with: impl FnOnce(&mut HashSet<(String, String)>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a pod was refused since one of `accounts` is not there.
pub(super) fn is_missing(accounts: &ServiceAccounts, why: &str) -> bool {
    why.contains("service account") && why.contains(&accounts.driver)
}

/// Makes sure that `accounts` exist in `namespace`, the driver's with its rights.
pub(super) async fn ensure(
    cluster: &KubernetesCluster,
    namespace: &str,
    accounts: &ServiceAccounts,
    deadline: Instant,
) -> Result<(), CreateError> {
    let key = key(namespace, accounts);
    if cluster.accounts.with(|known| known.contains(&key)) {
        return Ok(());
    }
    let making = Making {
        cluster,
        namespace,
        deadline,
    };
    let objects = accounts.objects(namespace, cluster.pod.irsa);
    match making.rights(&objects).await {
        Ok(()) => {}
        // Who made the account may have given it its rights in another way.
        Err(CreateError::Refused(Refusal::Forbidden(_)))
            if making.exists::<ServiceAccount>(&accounts.driver).await? => {}
        Err(error) => return Err(error),
    }
    making.create(&objects.driver).await?;
    making.create(&objects.executor).await?;
    cluster.accounts.with(|known| known.insert(key));
    Ok(())
}

struct Making<'a> {
    cluster: &'a KubernetesCluster,
    namespace: &'a str,
    deadline: Instant,
}

impl Making<'_> {
    async fn rights(&self, objects: &Objects) -> Result<(), CreateError> {
        self.create(&objects.driver_role).await?;
        self.create(&objects.driver_binding).await
    }

    /// Creates an object unless it is there. Nothing of the driver was sent: no failure of it
    /// leaves anything open.
    async fn create<K>(&self, object: &K) -> Result<(), CreateError>
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        let name = object.meta().name.as_deref().unwrap_or_default();
        let client = &self.cluster.client;
        let kind = K::kind(&());
        let body = serde_json::to_vec(object)
            .map_err(|error| CreateError::Refused(Refusal::Plan(error.to_string())))?;
        loop {
            let paths = Paths::new(K::url_path(&(), Some(self.namespace)));
            let request = paths.create(&PostParams::default(), body.clone());
            let Err(failure) = client.call::<IgnoredAny>(request, self.deadline).await else {
                return Ok(());
            };
            let now = Timestamp::now();
            let since = client.silent_since(now);
            let refused = match refusal::of_creation(failure, since, now) {
                NotCreated::NameTaken => return Ok(()),
                NotCreated::QuotaRace(why) if Instant::now() + RACE_PAUSE >= self.deadline => {
                    Refusal::Full(why)
                }
                NotCreated::QuotaRace(_) => {
                    sleep(RACE_PAUSE).await;
                    continue;
                }
                NotCreated::Final(CreateError::Unanswered(error)) => {
                    Refusal::Unreachable { since, error }
                }
                NotCreated::Final(CreateError::Refused(refusal)) => refusal,
                NotCreated::Final(incomplete @ CreateError::Incomplete { .. }) => {
                    return Err(incomplete);
                }
            };
            return match refused {
                // Rights and quotas are asked for before existence: what is there already needs
                // none. An account's own rights are refused as rights that its maker does not
                // have.
                Refusal::Forbidden(_) | Refusal::Invalid(_) | Refusal::Full(_)
                    if self.exists::<K>(name).await? =>
                {
                    Ok(())
                }
                Refusal::Forbidden(why) | Refusal::Invalid(why) => {
                    Err(CreateError::Refused(Refusal::Forbidden(format!(
                        "{kind} {name} is missing and cannot be made: {why} Give Firesteel this \
                         right, or set service_account for the cluster."
                    ))))
                }
                refusal @ (Refusal::Plan(_)
                | Refusal::NoSlot { .. }
                | Refusal::Busy
                | Refusal::Full(_)
                | Refusal::NamespaceMissing
                | Refusal::Unprepared(_)
                | Refusal::Replaced
                | Refusal::Unreachable { .. }) => Err(CreateError::Refused(refusal)),
            };
        }
    }

    /// Whether an object is there as far as we may know. Silence is no answer.
    async fn exists<K>(&self, name: &str) -> Result<bool, CreateError>
    where
        K: Resource<DynamicType = ()>,
    {
        let paths = Paths::new(K::url_path(&(), Some(self.namespace)));
        let request = paths.get(name, &GetParams::default());
        let client = &self.cluster.client;
        match client.call::<IgnoredAny>(request, self.deadline).await {
            Ok(_) => Ok(true),
            Err(Failure::Rejected(no))
                if no.has_reason("NotFound") || no.has_reason("Forbidden") =>
            {
                Ok(false)
            }
            Err(failure) => {
                let now = Timestamp::now();
                Err(CreateError::Refused(Refusal::Unreachable {
                    since: client.silent_since(now),
                    error: refusal::of_request(failure).to_string(),
                }))
            }
        }
    }
}

fn key(namespace: &str, accounts: &ServiceAccounts) -> (String, String) {
    (namespace.to_owned(), accounts.driver.clone())
}
