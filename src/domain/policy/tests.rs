//! What a policy says, and what no policy may hold.

mod guide;
mod refused;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;

const CLUSTER: &str = "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/abc";
const TEMPLATE: &str = "arn:aws:emr-containers:us-east-1:123456789012:/jobtemplates/t1";
const ROLE: &str = "arn:aws:iam::123456789012:role/team/job";

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn access(operation: &'static str, resource: &str) -> Access<'static> {
    Access {
        operation,
        resource: resource.to_owned(),
        ..Access::default()
    }
}

fn policy(document: &Value) -> Policy {
    Policy::parse(&document.to_string()).unwrap()
}

fn one(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn decide(statement: Value, access: &Access<'_>) -> Decision {
    policy(&one(statement)).decide(access)
}

#[test]
fn actions_have_wildcards_and_no_case() {
    for (action, allowed) in [
        (json!("*"), true),
        (json!("emr-containers:*"), true),
        (json!("emr-containers:StartJobRun"), true),
        (json!("EMR-Containers:startjobrun"), true),
        (json!("emr-containers:Start*"), true),
        (json!("emr-containers:?tart*Run"), true),
        (
            json!(["emr-containers:List*", "emr-containers:StartJobRun"]),
            true,
        ),
        (json!("emr-containers:Describe*"), false),
        (json!(["emr-containers:CancelJobRun"]), false),
    ] {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        let decision = decide(statement, &access("StartJobRun", CLUSTER));
        assert_eq!(decision == Decision::Allowed, allowed, "{action}");
    }
}

#[test]
fn resources_have_wildcards_and_case() {
    let all = "arn:aws:emr-containers:*:*:*";
    for (pattern, resource, allowed) in [
        (json!("*"), CLUSTER, true),
        (json!("*"), ANY, true),
        (json!(CLUSTER), CLUSTER, true),
        (json!([TEMPLATE, CLUSTER]), CLUSTER, true),
        (json!(all), CLUSTER, true),
        (
            json!("arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/*"),
            CLUSTER,
            true,
        ),
        (
            json!("arn:aws:emr-containers:us-*:????????????:/virtualclusters/a?c"),
            CLUSTER,
            true,
        ),
        (json!("arn:aws:emr-containers"), CLUSTER, true),
        (
            json!("arn:aws:emr-containers:us-east-1:123456789012"),
            CLUSTER,
            true,
        ),
        (json!(CLUSTER.replace("abc", "ABC")), CLUSTER, false),
        (
            json!(CLUSTER.replace("us-east-1", "eu-west-1")),
            CLUSTER,
            false,
        ),
        (json!(CLUSTER.replace("/abc", "/ab")), CLUSTER, false),
        (json!(CLUSTER), &format!("{CLUSTER}/jobruns/1"), false),
        (
            json!(format!("{CLUSTER}*")),
            &format!("{CLUSTER}/jobruns/1"),
            true,
        ),
        // What is done to no resource in particular is allowed for all of them or not at all.
        (json!(all), ANY, false),
        (
            json!("arn:aws:emr-containers:*:*:jobtemplate/t1"),
            TEMPLATE,
            true,
        ),
        (
            json!("arn:aws:emr-containers:*:*:jobtemplate/*"),
            TEMPLATE,
            true,
        ),
        (
            json!("arn:aws:emr-containers:*:*:jobtemplate/t2"),
            TEMPLATE,
            false,
        ),
    ] {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": pattern});
        let decision = decide(statement, &access("DescribeJobTemplate", resource));
        assert_eq!(
            decision == Decision::Allowed,
            allowed,
            "{pattern} {resource}"
        );
    }
}

#[test]
fn conditions_look_at_the_effective_request() {
    let (request, own) = (
        tags(&[
            ("Team", "data"),
            ("a", "1"),
            ("A", "2"),
            ("b", "1"),
            ("B", "1"),
        ]),
        tags(&[("team", "data*"), ("team:env", "prod")]),
    );
    let access = Access {
        resource_tags: Some(&own),
        request_tags: Some(&request),
        execution_role_arn: Some(ROLE),
        job_template_arn: Some(TEMPLATE),
        ..access("StartJobRun", CLUSTER)
    };
    let role = "emr-containers:ExecutionRoleArn";
    let template = "emr-containers:JobTemplateArn";
    let quirk = "arn:aws:emr-containers:*:*:jobtemplate/t1";
    for (condition, allowed) in [
        (json!({"StringEquals": {role: ROLE}}), true),
        (
            json!({"StringEquals": {"EMR-CONTAINERS:executionrolearn": ROLE}}),
            true,
        ),
        (json!({"StringEquals": {role: ["x", ROLE]}}), true),
        (
            json!({"StringEquals": {role: "arn:aws:iam::123456789012:role/*"}}),
            false,
        ),
        (
            json!({"StringLike": {role: "arn:aws:iam::123456789012:role/*"}}),
            true,
        ),
        (json!({"StringLike": {role: "*:role/team/jo?"}}), true),
        (json!({"StringLike": {role: ROLE.to_uppercase()}}), false),
        (
            json!({"ArnLike": {role: "arn:aws:iam::*:role/team/*"}}),
            true,
        ),
        (
            json!({"ArnEquals": {role: "arn:aws:iam::*:role/team/*"}}),
            true,
        ),
        (
            json!({"ArnLike": {role: "arn:aws:iam:*:role/team/*:x"}}),
            false,
        ),
        (json!({"ArnLike": {template: quirk}}), true),
        (json!({"ArnEquals": {template: quirk}}), true),
        (json!({"StringLike": {template: quirk}}), true),
        (json!({"StringEquals": {template: TEMPLATE}}), true),
        (
            json!({"ArnLike": {template: "arn:aws:emr-containers:*:*:jobtemplate/t2"}}),
            false,
        ),
        (
            json!({"StringEquals": {role: ROLE, template: TEMPLATE}}),
            true,
        ),
        (json!({"StringEquals": {role: ROLE, template: "x"}}), false),
        (
            json!({"StringEquals": {role: ROLE}, "ArnLike": {template: quirk}}),
            true,
        ),
        (
            json!({"StringEquals": {role: "x"}, "ArnLike": {template: quirk}}),
            false,
        ),
        (
            json!({"StringEquals": {"aws:RequestTag/Team": "data"}}),
            true,
        ),
        (
            json!({"StringEquals": {"AWS:requesttag/TEAM": "data"}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:RequestTag/Team": "Data"}}),
            false,
        ),
        (
            json!({"StringEquals": {"aws:ResourceTag/team": "data*"}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:ResourceTag/team": "data"}}),
            false,
        ),
        (
            json!({"StringLike": {"aws:ResourceTag/team:env": "p*"}}),
            true,
        ),
        (json!({"StringEquals": {"aws:RequestTag/none": ""}}), false),
        (json!({"StringLike": {"aws:RequestTag/none": "*"}}), false),
        (
            json!({"ArnLike": {"aws:RequestTag/team": "arn:*:*:*:*:*"}}),
            false,
        ),
        // Two tags that are one key: each of them has to pass.
        (json!({"StringEquals": {"aws:RequestTag/a": "1"}}), false),
        (
            json!({"StringEquals": {"aws:RequestTag/a": ["1", "2"]}}),
            true,
        ),
        (json!({"StringEquals": {"aws:RequestTag/b": "1"}}), true),
    ] {
        let statement = |effect: &str| json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition});
        let decision = decide(statement("Allow"), &access);
        assert_eq!(decision == Decision::Allowed, allowed, "{condition}");
        if allowed {
            let decision = decide(statement("Deny"), &access);
            assert_eq!(decision, Decision::ExplicitlyDenied, "{condition}");
        }
    }
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/a": "1"}}});
    assert_eq!(decide(deny, &access), Decision::ExplicitlyDenied);
}

#[test]
fn a_key_that_is_not_there_does_not_match() {
    let bare = access("StartJobRun", CLUSTER);
    for key in [
        "emr-containers:ExecutionRoleArn",
        "emr-containers:JobTemplateArn",
        "aws:RequestTag/a",
        "aws:ResourceTag/a",
    ] {
        for effect in ["Allow", "Deny"] {
            let statement = json!({"Effect": effect, "Action": "*", "Resource": "*",
                "Condition": {"StringLike": {key: "*"}}});
            assert_eq!(decide(statement, &bare), Decision::NotAllowed, "{key}");
        }
    }
}

#[test]
fn versions_and_names_change_nothing() {
    for head in [
        json!({}),
        json!({"Version": "2008-10-17"}),
        json!({"Version": "2012-10-17", "Id": "ours"}),
    ] {
        let mut document = head;
        document["Statement"] =
            json!([{"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}]);
        let decision = policy(&document).decide(&access("StartJobRun", CLUSTER));
        assert_eq!(decision, Decision::Allowed);
    }
}

/// Statements that often match each other's accesses.
fn statement() -> impl Strategy<Value = Value> {
    let action = select(&["*", "emr-containers:*JobRun", "emr-containers:StartJobRun"]);
    let resource = select(&[
        "*",
        CLUSTER,
        "arn:aws:emr-containers:*:*:/virtualclusters/*",
    ]);
    let condition = select(vec![
        json!(null),
        json!({"StringEquals": {"aws:RequestTag/a": "1"}}),
        json!({"StringLike": {"aws:RequestTag/a": ["1*", "2"]}}),
    ]);
    (select(&["Allow", "Deny"]), action, resource, condition).prop_map(
        |(effect, action, resource, condition)| {
            let mut statement = json!({"Effect": effect, "Action": action, "Resource": resource});
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(statement(), 1..5)
}

proptest! {
    #[test]
    fn a_denial_outweighs_and_another_allowance_takes_nothing_away(
        statements in statements(),
        more in statement(),
        operation in select(&["StartJobRun", "CancelJobRun", "TagResource"]),
        resource in select(&[CLUSTER, TEMPLATE, ANY]),
        tag in proptest::option::of(select(&["1", "12", "2"])),
    ) {
        let tags = tag.map(|tag| tags(&[("A", tag)]));
        let access = Access { request_tags: tags.as_ref(), ..access(operation, resource) };
        let decide = |statements: &[Value]| policy(&one(json!(statements))).decide(&access);
        let before = decide(&statements);
        let after = decide(&[&statements[..], std::slice::from_ref(&more)].concat());
        let alone: Vec<_> = statements.iter().map(|one| decide(std::slice::from_ref(one))).collect();
        let expected = if alone.contains(&Decision::ExplicitlyDenied) {
            Decision::ExplicitlyDenied
        } else if alone.contains(&Decision::Allowed) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        };
        prop_assert_eq!(before, expected);
        if before == Decision::ExplicitlyDenied || more["Effect"] == "Allow" && before == Decision::Allowed {
            prop_assert_eq!(after, before);
        }
        let mut reversed = statements;
        reversed.reverse();
        prop_assert_eq!(decide(&reversed), before);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        prop_assert!(Policy::parse(&text).is_err());
        let document = one(json!({"Effect": "Deny", "Action": text, "Resource": text}));
        let _ = Policy::parse(&document.to_string());
    }
}
