//! Nothing of the API model goes unanswered or untested: what it demands, less what is exercised
//! here, is nothing.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use firesteel::cluster::{ClusterError, NamespaceError};
use firesteel::domain::policy::Policy;
use firesteel::wire::{OPERATIONS, Operation};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::harness::app::ACCOUNT;
use crate::harness::cluster::Namespaces;
use crate::harness::{Client, Reply, TestApp};
use crate::operations::{Call, Resources, call, encoded, find, send};

/// They are validated and authorized; the servers behind them are not there yet.
const UNSERVED: [&str; 5] = [
    "CreateManagedEndpoint",
    "DeleteManagedEndpoint",
    "DescribeManagedEndpoint",
    "GetManagedEndpointSessionCredentials",
    "ListManagedEndpoints",
];

/// Modelled errors that no request meets, and why.
const UNMET: [(&str, &str, &str); 7] = [
    (
        "CreateManagedEndpoint",
        "ResourceNotFoundException",
        UNSERVED_YET,
    ),
    (
        "DeleteManagedEndpoint",
        "InternalServerException",
        UNSERVED_YET,
    ),
    (
        "DescribeManagedEndpoint",
        "InternalServerException",
        UNSERVED_YET,
    ),
    (
        "DescribeManagedEndpoint",
        "ResourceNotFoundException",
        UNSERVED_YET,
    ),
    (
        "GetManagedEndpointSessionCredentials",
        "InternalServerException",
        UNSERVED_YET,
    ),
    (
        "GetManagedEndpointSessionCredentials",
        "RequestThrottledException",
        UNSERVED_YET,
    ),
    (
        "GetManagedEndpointSessionCredentials",
        "ResourceNotFoundException",
        UNSERVED_YET,
    ),
];
const UNSERVED_YET: &str = "nothing is looked up for what is not supported yet";

/// What is demanded of each operation, less what has been shown.
struct Demands<D>(BTreeSet<(&'static str, D)>);

impl<D: Ord + Copy + Debug> Demands<D> {
    fn of_each(demands: impl Fn(&Operation) -> Vec<D>) -> Self {
        let each = OPERATIONS.iter().flat_map(|operation| {
            let demands = demands(operation).into_iter();
            demands.map(|demand| (operation.name, demand))
        });
        Self(each.collect())
    }

    #[track_caller]
    fn met(&mut self, operation: &str, demand: D) {
        let met = self
            .0
            .iter()
            .find(|(name, of)| (*name, *of) == (operation, demand));
        let met = *met.unwrap_or_else(|| panic!("{operation} has no demand {demand:?}"));
        self.0.remove(&met);
    }

    #[track_caller]
    fn nothing_is_left(self) {
        assert!(self.0.is_empty(), "not exercised: {:#?}", self.0);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Demand {
    /// It does what it is there for.
    Handler,
    Unsigned,
    Denied,
    /// Its own right is enough, and no other is.
    Allowed,
}

/// A good call on resources of its own: it changes what no other call needs.
async fn prepared(app: &TestApp, client: &Client, operation: &'static Operation) -> Call {
    let resources = Resources::new(client, ACCOUNT).await;
    if operation.name == "DeleteVirtualCluster" {
        app.set_run(&resources.job_run, "COMPLETED").await;
    }
    call(operation, &resources)
}

#[track_caller]
fn served(operation: &Operation, reply: &Reply) {
    if UNSERVED.contains(&operation.name) {
        reply.invalid(&format!("{} is not supported yet.", operation.name));
    } else {
        assert_eq!(reply.status, 200, "{}: {}", operation.name, reply.body);
    }
}

fn statement(effect: &str, action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17",
        "Statement": {"Effect": effect, "Action": action, "Resource": resource}})
}

#[track_caller]
fn denied(call: &Call, reply: &Reply, reason: &str) {
    let (name, resource) = (call.operation.name, &call.resource);
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/someone is not authorized to perform: \
         emr-containers:{name} on resource: {resource} {reason}"
    );
    reply.refused(403, "AccessDeniedException", &message);
}

#[sqlx::test]
async fn every_operation_is_answered_to_whom_it_may_be(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let owner = app.signed(ACCOUNT, None).await;
    let nobody = &app.client;
    let denier = app.signed(ACCOUNT, Some(statement("Deny", "*", "*"))).await;
    let absent = Resources::absent(ACCOUNT);
    let mut demands = Demands::of_each(|_| {
        vec![
            Demand::Handler,
            Demand::Unsigned,
            Demand::Denied,
            Demand::Allowed,
        ]
    });
    for operation in OPERATIONS {
        let name = operation.name;
        let action = format!("emr-containers:{name}");
        let own = prepared(&app, &owner, operation).await;
        let unknown = call(operation, &absent);

        let reply = send(nobody, &own).await;
        let code = "MissingAuthenticationTokenException";
        reply.refused(403, code, "Missing Authentication Token");
        demands.met(name, Demand::Unsigned);

        // Whoever may not ask does not learn what exists.
        let other_rights = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource":
                "arn:aws:emr-containers:us-east-1:210987654321:*"},
            {"Effect": "Allow", "Action": other_actions(name), "Resource": "*"},
        ]});
        let other = app.signed(ACCOUNT, Some(other_rights)).await;
        let reason = format!("because no identity-based policy allows the {action} action");
        for call in [&own, &unknown] {
            let reply = send(&denier, call).await;
            let explicit = "with an explicit deny in an identity-based policy";
            denied(call, &reply, explicit);
            denied(call, &send(&other, call).await, &reason);
        }
        demands.met(name, Demand::Denied);

        let rights = statement("Allow", &action, &own.resource);
        let able = app.signed(ACCOUNT, Some(rights)).await;
        served(operation, &send(&able, &own).await);
        demands.met(name, Demand::Allowed);

        let again = prepared(&app, &owner, operation).await;
        served(operation, &send(&owner, &again).await);
        demands.met(name, Demand::Handler);
    }
    demands.nothing_is_left();
}

/// Every action but this one.
fn other_actions(operation: &str) -> Vec<String> {
    let others = OPERATIONS.iter().filter(|other| other.name != operation);
    others
        .map(|other| format!("emr-containers:{}", other.name))
        .collect()
}

#[sqlx::test]
async fn every_modelled_error_is_met(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let client = &app.client;
    let mut demands = Demands::of_each(|operation| operation.errors.to_vec());
    for (operation, error, reason) in UNMET {
        assert!(!reason.is_empty());
        demands.met(operation, error);
    }
    let resources = Resources::new(client, ACCOUNT).await;

    for operation in OPERATIONS {
        let reply = send(client, &invalid(operation, &resources)).await;
        reply.refused_with(400, "ValidationException", "");
        let message = reply.body["message"].as_str().unwrap();
        let name = operation.name;
        assert!(!message.contains("not supported yet"), "{name}: {message}");
        demands.met(name, "ValidationException");
    }

    for operation in OPERATIONS {
        let code = "ResourceNotFoundException";
        if operation.errors.contains(&code) {
            let absent = Resources::absent(ACCOUNT);
            let mut call = call(operation, &absent);
            if operation.name == "CreateVirtualCluster" {
                let body = call.body.as_mut().unwrap();
                body["securityConfigurationId"] = absent.security_configuration.into();
            } else if operation.name == "CreateJobTemplate" {
                let body = call.body.as_mut().unwrap();
                body["jobTemplateData"]["releaseLabel"] = "emr-999.0.0-latest".into();
            }
            let reply = send(client, &call).await;
            if is_unmet(operation, code) {
                served(operation, &reply);
            } else {
                reply.refused_with(400, code, "doesn't exist.");
                demands.met(operation.name, code);
            }
        }
    }

    app.local.check_namespace_with(Namespaces::Fail(|_| {
        let retry_after = Duration::from_secs(1);
        NamespaceError::Cluster(ClusterError::Throttled { retry_after })
    }));
    let create = call(find("CreateVirtualCluster"), &resources);
    let reply = send(client, &create).await;
    reply.refused_with(429, "EKSRequestThrottledException", "fewer requests");
    demands.met("CreateVirtualCluster", "EKSRequestThrottledException");
    app.local.check_namespace_with(Namespaces::Fine);

    break_the_database(&app.pool).await;
    for operation in OPERATIONS {
        let reply = send(client, &call(operation, &resources)).await;
        let code = "InternalServerException";
        if is_unmet(operation, code) {
            served(operation, &reply);
        } else {
            let message = "The request failed because of an internal error.";
            reply.refused(500, code, message);
            demands.met(operation.name, code);
        }
    }
    demands.nothing_is_left();
}

fn is_unmet(operation: &Operation, error: &str) -> bool {
    let mut unmet = UNMET.iter();
    unmet.any(|(name, code, _)| (*name, *code) == (operation.name, error))
}

#[test]
fn the_guide_to_policies_says_what_each_operation_is_done_to() {
    let guide = include_str!("../../docs/policies.md");
    let table = guide
        .split("## What each operation is done to")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").find(|part| part.starts_with('|')))
        .unwrap();
    let named: Vec<_> = table
        .lines()
        .skip(2)
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(str::trim)
        .collect();
    for operation in OPERATIONS {
        let times = named.iter().filter(|name| **name == operation.name).count();
        assert_eq!(times, 1, "{}", operation.name);
        let rights = statement("Allow", &format!("emr-containers:{}", operation.name), "*");
        Policy::parse(&rights.to_string()).unwrap();
    }
    assert_eq!(named.len(), OPERATIONS.len());
}

/// A request that breaks a rule of the model.
fn invalid(operation: &'static Operation, resources: &Resources) -> Call {
    let broken = Resources {
        virtual_cluster: "A_B".to_owned(),
        job_template: "A_B".to_owned(),
        security_configuration: "A_B".to_owned(),
        ..resources.clone()
    };
    let mut broken = call(operation, &broken);
    match operation.name {
        "CreateVirtualCluster" | "CreateJobTemplate" | "CreateSecurityConfiguration" => {
            broken.body = Some(json!({"name": "a/ b"}));
        }
        "ListVirtualClusters" | "ListJobTemplates" | "ListSecurityConfigurations" => {
            broken.path.push_str("?nextToken=nobodys");
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            let arn = encoded(&broken.resource);
            broken.path = broken.path.replace(&arn, "short");
        }
        "GetManagedEndpointSessionCredentials" => {
            broken.body = Some(json!({"executionRoleArn": "me", "credentialType": "TOKEN"}));
        }
        _ => {}
    }
    broken
}

/// Takes away every table of what the API keeps.
async fn break_the_database(pool: &PgPool) {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' \
         AND tablename NOT IN ('_sqlx_migrations', 'installation', 'access_key')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.contains(&"virtual_cluster".to_owned()), "{tables:?}");
    for table in tables {
        let rename = format!("ALTER TABLE \"{table}\" RENAME TO \"{table}_gone\"");
        sqlx::query(AssertSqlSafe(rename))
            .execute(pool)
            .await
            .unwrap();
    }
}
