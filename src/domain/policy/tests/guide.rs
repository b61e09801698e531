//! The examples of `docs/policies.md` say what the text above each of them says.

use super::*;

const GUIDE: &str = include_str!("../../../../docs/policies.md");

fn examples() -> Vec<Policy> {
    GUIDE
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .map(|document| Policy::parse(document).unwrap())
        .collect()
}

/// An ARN in the installation's region and an account.
fn arn(path: &str) -> String {
    format!("arn:aws:emr-containers:us-east-1:123456789012:/{path}")
}

#[test]
fn the_examples_do_as_they_say() {
    let [own_cluster, one_template, roles, by_tag, dashboard] = &examples()[..] else {
        panic!("an example is not examined");
    };
    let allows = |policy: &Policy, access: Access<'_>| policy.decide(&access) == Decision::Allowed;

    let own = arn("virtualclusters/jk518skp01ys9ka8b0npx9nt0");
    let other = arn("virtualclusters/jk518skp01ys9ka8b0npx9nt1");
    assert!(allows(own_cluster, access("StartJobRun", &own)));
    assert!(allows(
        own_cluster,
        access("CancelJobRun", &format!("{own}/jobruns/1"))
    ));
    assert!(!allows(own_cluster, access("StartJobRun", &other)));
    assert!(!allows(
        own_cluster,
        access("CancelJobRun", &format!("{other}/jobruns/1"))
    ));
    assert!(!allows(own_cluster, access("ListVirtualClusters", ANY)));

    let template = arn("jobtemplates/4tq1xw6q8hm2m0c7z5a9b3d1e");
    let from = |template| Access {
        job_template_arn: template,
        ..access("StartJobRun", &own)
    };
    assert!(allows(one_template, from(Some(&template))));
    let another = arn("jobtemplates/other");
    assert!(!allows(one_template, from(Some(&another))));
    assert!(!allows(one_template, from(None)));
    assert!(allows(
        one_template,
        access("DescribeJobTemplate", &template)
    ));
    assert!(allows(
        one_template,
        access("DescribeJobRun", &format!("{own}/jobruns/1"))
    ));
    assert!(!allows(one_template, access("DeleteVirtualCluster", &own)));

    let with = |role| Access {
        execution_role_arn: Some(role),
        ..access("StartJobRun", &own)
    };
    assert!(allows(
        roles,
        with("arn:aws:iam::123456789012:role/analytics/job")
    ));
    assert!(!allows(roles, with("arn:aws:iam::123456789012:role/admin")));
    assert!(!allows(roles, access("StartJobRun", &own)));

    let (ours, theirs) = (tags(&[("Team", "analytics")]), tags(&[("team", "finance")]));
    let on = |operation, of, given| Access {
        resource_tags: Some(of),
        request_tags: given,
        ..access(operation, &own)
    };
    assert!(allows(by_tag, on("DescribeVirtualCluster", &ours, None)));
    assert!(!allows(by_tag, on("DescribeVirtualCluster", &theirs, None)));
    assert!(allows(by_tag, on("StartJobRun", &ours, Some(&ours))));
    assert!(!allows(by_tag, on("StartJobRun", &ours, Some(&theirs))));
    assert!(!allows(by_tag, on("StartJobRun", &ours, None)));
    assert!(!allows(by_tag, on("StartJobRun", &theirs, Some(&ours))));
    assert!(allows(by_tag, on("ListTagsForResource", &ours, None)));
    for operation in ["TagResource", "UntagResource"] {
        let change = on(operation, &ours, Some(&ours));
        assert_eq!(by_tag.decide(&change), Decision::ExplicitlyDenied);
    }

    assert!(allows(dashboard, access("ListVirtualClusters", ANY)));
    assert!(allows(
        dashboard,
        access("DescribeJobRun", &format!("{other}/jobruns/1"))
    ));
    assert!(!allows(
        dashboard,
        access("CancelJobRun", &format!("{own}/jobruns/1"))
    ));
}
