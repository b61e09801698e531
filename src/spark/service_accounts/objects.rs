//! What gives the accounts of an execution role their being and their rights. Shared by all runs of
//! the role, none of it carries a run's marks.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::ServiceAccounts;

/// What the driver's service account may do in its namespace.
const DRIVER_ROLE: &str = "emr-containers-role-spark-driver";

/// The accounts and the driver's rights, in the order in which they are made.
pub struct Objects {
    pub driver_role: Role,
    pub driver_binding: RoleBinding,
    pub driver: ServiceAccount,
    pub executor: ServiceAccount,
}

impl ServiceAccounts {
    /// What has to be in `namespace`; with `irsa` the accounts name the execution role.
    pub fn objects(&self, namespace: &str, irsa: bool) -> Objects {
        let metadata = |name: &str| ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            labels: Some(map("app.kubernetes.io/managed-by", "firesteel")),
            ..ObjectMeta::default()
        };
        let role_arn = self.role_arn.as_ref().filter(|_| irsa);
        let account = |name: &str| ServiceAccount {
            metadata: ObjectMeta {
                annotations: role_arn.map(|arn| map("eks.amazonaws.com/role-arn", arn)),
                ..metadata(name)
            },
            ..ServiceAccount::default()
        };
        Objects {
            driver_role: Role {
                metadata: metadata(DRIVER_ROLE),
                rules: Some(driver_rules()),
            },
            driver_binding: RoleBinding {
                metadata: metadata(&self.driver_binding),
                role_ref: RoleRef {
                    api_group: "rbac.authorization.k8s.io".to_owned(),
                    kind: "Role".to_owned(),
                    name: DRIVER_ROLE.to_owned(),
                },
                subjects: Some(vec![Subject {
                    kind: "ServiceAccount".to_owned(),
                    name: self.driver.clone(),
                    namespace: Some(namespace.to_owned()),
                    api_group: None,
                }]),
            },
            driver: account(&self.driver),
            executor: account(&self.executor),
        }
    }
}

fn map(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
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
