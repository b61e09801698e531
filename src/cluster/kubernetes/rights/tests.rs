//! The rights that are asked for against those that the files of `deploy` give.

use std::collections::BTreeSet;

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde::Deserialize;

use super::*;
use crate::domain::ids::AccountId;
use crate::spark::service_accounts::ServiceAccounts;

const EVERYWHERE: &str = include_str!("../../../../deploy/rbac.yaml");
const ONE_NAMESPACE: &str = include_str!("../../../../deploy/rbac-namespace.yaml");
const DRIVER: &str = include_str!("../../../../deploy/spark-rbac.yaml");

/// What no namespace's own role can give.
const OF_THE_CLUSTER: [&str; 3] = ["namespaces", "nodes", "selfsubjectaccessreviews"];

#[derive(Deserialize)]
struct Document {
    kind: String,
    rules: Option<Vec<PolicyRule>>,
}

/// One verb on one resource of one group, without bounds.
type Right = (String, String, String);

fn of_rules(rules: &[PolicyRule]) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for rule in rules {
        assert_eq!(rule.resource_names, None);
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                let of = |verb: &String| (verb.clone(), group.clone(), resource.clone());
                rights.extend(rule.verbs.iter().map(of));
            }
        }
    }
    rights
}

/// Those of the one role of a file.
fn of_file(text: &str) -> BTreeSet<Right> {
    let documents = text.split("\n---\n");
    let documents = documents.map(|text| serde_saphyr::from_str::<Document>(text).unwrap());
    let roles: Vec<_> = documents
        .filter(|document| matches!(document.kind.as_str(), "Role" | "ClusterRole"))
        .collect();
    assert_eq!(roles.len(), 1);
    of_rules(roles[0].rules.as_deref().unwrap())
}

fn of_core(rights: &[(&str, &str)]) -> BTreeSet<Right> {
    let of = |(verb, resource): &(&str, &str)| ((*verb).into(), String::new(), (*resource).into());
    rights.iter().map(of).collect()
}

fn of_made_drivers() -> BTreeSet<Right> {
    let account = AccountId::parse("123456789012").unwrap();
    let objects = ServiceAccounts::of(&account, None).objects("jobs", false);
    of_rules(&objects.driver_role.rules.unwrap())
}

fn on_pods(rights: &BTreeSet<Right>) -> BTreeSet<Right> {
    let is_on_pods = |right: &&Right| right.2 == "pods";
    rights.iter().filter(is_on_pods).cloned().collect()
}

#[test]
fn what_is_asked_for_is_given() {
    let needed: BTreeSet<_> = &of_core(&NEEDED) | &of_core(&NEEDED_FOR_CLASSIC);
    let made = of_made_drivers();
    for file in [EVERYWHERE, ONE_NAMESPACE] {
        let given = of_file(file);
        assert_eq!(&needed - &given, BTreeSet::new());
        // Who gives a right away must have it.
        assert_eq!(&made - &given, BTreeSet::new());
        // On pods nothing is given that nobody asks for.
        assert_eq!(on_pods(&given), on_pods(&(&needed | &made)));
        for (verb, group, resource) in &given {
            let all = [verb, group, resource];
            assert!(all.iter().all(|word| *word != "*"), "{all:?}");
            assert!(!matches!(
                verb.as_str(),
                "bind" | "escalate" | "impersonate"
            ));
        }
    }
}

#[test]
fn one_namespaces_rights_are_the_clusters_less_what_only_a_cluster_has() {
    let mut given = of_file(EVERYWHERE);
    given.retain(|(_, _, resource)| !OF_THE_CLUSTER.contains(&resource.as_str()));
    assert_eq!(given, of_file(ONE_NAMESPACE));
}

#[test]
fn an_account_made_by_hand_has_the_rights_of_a_made_one() {
    assert_eq!(of_file(DRIVER), of_made_drivers());
}
