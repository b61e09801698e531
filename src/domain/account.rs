//! Who calls, and which clusters and namespaces an account may use.

use std::sync::Arc;

use super::arn;
use super::ids::{AccountId, ClusterId};
use super::policy::{Access, Decision, Denied, Policy};

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
    /// The ARN that `createdBy` shows.
    pub arn: String,
    /// What the caller may do in the account; without one, everything.
    pub policy: Option<Arc<Policy>>,
}

impl Caller {
    /// Whether the caller's policy allows this.
    ///
    /// A role that names no account is the caller's, so no other spelling of it passes a condition.
    pub fn authorize(&self, access: &Access<'_>) -> Result<(), Denied> {
        let role = access.execution_role_arn;
        let role = role.map(|role| arn::in_account(role, &self.account));
        let access = &Access {
            execution_role_arn: role.as_deref(),
            ..access.clone()
        };
        let action = format!("emr-containers:{}", access.operation);
        let reason = match self.policy.as_ref().map(|policy| policy.decide(access)) {
            None | Some(Decision::Allowed) => return Ok(()),
            Some(Decision::ExplicitlyDenied) => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            Some(Decision::NotAllowed) => {
                format!("because no identity-based policy allows the {action} action")
            }
        };
        Err(Denied {
            caller: self.arn.clone(),
            operation: access.operation.to_owned(),
            resource: access.resource.clone(),
            reason,
        })
    }
}

/// Who may put virtual clusters on a target cluster, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub cluster: ClusterId,
    /// `None` opens the cluster to every account.
    pub accounts: Option<Vec<AccountId>>,
    /// Patterns in which `*` stands for any text; `None` opens every namespace.
    pub namespaces: Option<Vec<String>>,
    /// Namespaces that no pattern opens: Firesteel's own.
    pub reserved: Vec<String>,
}

impl Grant {
    /// Whether `account` may use `namespace` of this cluster. The namespaces of Kubernetes itself
    /// (`kube-*`) and the reserved ones are never open where they exist to be protected, that is
    /// on a cluster that has namespaces of its own.
    pub fn allows(&self, account: &AccountId, namespace: &str) -> bool {
        let account_may = self
            .accounts
            .as_ref()
            .is_none_or(|list| list.contains(account));
        let namespace_open = self
            .namespaces
            .as_ref()
            .is_none_or(|patterns| patterns.iter().any(|pattern| matches(pattern, namespace)));
        let protected = namespace.starts_with("kube-")
            || self.reserved.iter().any(|reserved| reserved == namespace);
        account_may && namespace_open && !protected
    }
}

/// Shell-style match of the whole `text` in which `*` is the only wildcard.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            (0..=text.len())
                .filter(|&at| text.is_char_boundary(at))
                .any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(accounts: Option<&[&str]>, namespaces: Option<&[&str]>) -> Grant {
        Grant {
            cluster: ClusterId::parse("prod").unwrap(),
            accounts: accounts.map(|list| {
                list.iter()
                    .map(|account| AccountId::parse(*account).unwrap())
                    .collect()
            }),
            namespaces: namespaces.map(|list| list.iter().map(|n| (*n).to_owned()).collect()),
            reserved: vec!["firesteel".into()],
        }
    }

    #[test]
    fn an_account_uses_only_what_is_opened_to_it() {
        let ours = AccountId::parse("123456789012").unwrap();
        let theirs = AccountId::parse("210987654321").unwrap();
        let grant = grant(Some(&["123456789012"]), Some(&["team-*", "shared"]));
        assert!(grant.allows(&ours, "team-a"));
        assert!(grant.allows(&ours, "shared"));
        assert!(!grant.allows(&ours, "other"));
        assert!(!grant.allows(&ours, "a-team-a"));
        assert!(!grant.allows(&theirs, "team-a"));
    }

    #[test]
    fn kubernetes_own_and_firesteels_own_namespaces_are_never_open() {
        let account = AccountId::parse("123456789012").unwrap();
        let grant = grant(None, Some(&["*"]));
        assert!(!grant.allows(&account, "kube-system"));
        assert!(!grant.allows(&account, "firesteel"));
        assert!(grant.allows(&account, "anything"));
    }
}
