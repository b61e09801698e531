//! The service accounts of an execution role, made where they are missing and never changed.
//!
//! Rights come first and the account last, so that an account which exists has them, or has what
//! its maker thought right.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
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
use crate::spark::service_accounts::{DRIVER_ROLE, ServiceAccounts};

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
    let driver = making.account(&accounts.driver, accounts);
    let executor = making.account(&accounts.executor, accounts);
    match making.rights(accounts).await {
        Ok(()) => {}
        // Who made the account may have given it its rights in another way.
        Err(CreateError::Refused(Refusal::Forbidden(_)))
            if making.exists::<ServiceAccount>(&accounts.driver).await? => {}
        Err(error) => return Err(error),
    }
    making.create(&accounts.driver, &driver).await?;
    making.create(&accounts.executor, &executor).await?;
    cluster.accounts.with(|known| known.insert(key));
    Ok(())
}

struct Making<'a> {
    cluster: &'a KubernetesCluster,
    namespace: &'a str,
    deadline: Instant,
}

impl Making<'_> {
    async fn rights(&self, accounts: &ServiceAccounts) -> Result<(), CreateError> {
        let role = Role {
            metadata: self.metadata(DRIVER_ROLE),
            rules: Some(driver_rules()),
        };
        let binding = RoleBinding {
            metadata: self.metadata(&accounts.driver_binding),
            role_ref: RoleRef {
                api_group: "rbac.authorization.k8s.io".to_owned(),
                kind: "Role".to_owned(),
                name: DRIVER_ROLE.to_owned(),
            },
            subjects: Some(vec![Subject {
                kind: "ServiceAccount".to_owned(),
                name: accounts.driver.clone(),
                namespace: Some(self.namespace.to_owned()),
                api_group: None,
            }]),
        };
        self.create(DRIVER_ROLE, &role).await?;
        self.create(&accounts.driver_binding, &binding).await
    }

    fn account(&self, name: &str, accounts: &ServiceAccounts) -> ServiceAccount {
        let mut metadata = self.metadata(name);
        let role_arn = accounts.role_arn.as_ref().filter(|_| self.cluster.pod.irsa);
        metadata.annotations = role_arn.map(|role_arn| {
            BTreeMap::from([("eks.amazonaws.com/role-arn".to_owned(), role_arn.clone())])
        });
        ServiceAccount {
            metadata,
            ..ServiceAccount::default()
        }
    }

    /// Shared by all runs of a role, they carry no run's marks, and nobody sweeps them.
    fn metadata(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.to_owned()),
            labels: Some(BTreeMap::from([(
                "app.kubernetes.io/managed-by".to_owned(),
                "firesteel".to_owned(),
            )])),
            ..ObjectMeta::default()
        }
    }

    /// Creates an object unless it is there. Nothing of the driver was sent: no failure of it
    /// leaves anything open.
    async fn create<K>(&self, name: &str, object: &K) -> Result<(), CreateError>
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
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

/// What Spark's driver does in its namespace: nothing that Firesteel itself may not do, so that
/// it needs no right to give away others.
fn driver_rules() -> Vec<PolicyRule> {
    [
        (
            "pods",
            &[
                "get",
                "list",
                "watch",
                "create",
                "patch",
                "update",
                "delete",
                "deletecollection",
            ][..],
        ),
        (
            "configmaps",
            &["get", "list", "create", "delete", "deletecollection"],
        ),
        (
            "persistentvolumeclaims",
            &[
                "get",
                "list",
                "create",
                "patch",
                "delete",
                "deletecollection",
            ],
        ),
        ("services", &["get", "list", "delete", "deletecollection"]),
    ]
    .into_iter()
    .map(|(resource, verbs)| PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec![resource.to_owned()]),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        ..PolicyRule::default()
    })
    .collect()
}
