//! A document that is not wholly evaluated is refused, and its place named.

use super::*;

#[test]
fn what_is_not_evaluated_is_refused_with_its_place() {
    let statement = |changes: Value| {
        let mut statement = json!({"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"});
        for (name, value) in changes.as_object().unwrap() {
            let members = statement.as_object_mut().unwrap();
            members.insert(name.clone(), value.clone());
        }
        one(json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}, statement]))
    };
    let condition = |condition: Value| statement(json!({"Condition": condition}));
    let place = "Statement 2 (\"A\"): ";
    for (document, text) in [
        (json!([]), "The policy is not a JSON object."),
        (json!({}), "The policy has no Statement."),
        (one(json!([])), "The policy has no Statement."),
        (one(json!("x")), "Statement 1 is not a JSON object."),
        (
            json!({"Version": "2020-10-01", "Statement": []}),
            "Version is not 2012-10-17.",
        ),
        (
            json!({"Version": 1, "Statement": []}),
            "Version is not 2012-10-17.",
        ),
        (json!({"Id": 1, "Statement": []}), "Id is not a text."),
        (
            json!({"statement": []}),
            "Element \"statement\" is not evaluated.",
        ),
        (
            one(json!({"Action": "*", "Resource": "*"})),
            "Statement 1 has no Effect.",
        ),
        (
            one(json!({"Effect": "Deny", "Resource": "*"})),
            "Statement 1 has no Action.",
        ),
        (
            one(json!({"Effect": "Deny", "Action": "*"})),
            "Statement 1 has no Resource.",
        ),
        (
            one(json!([
                {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
            ])),
            "Statement 2 (\"A\") has the Sid of another.",
        ),
        (
            statement(json!({"Effect": "allow"})),
            "Effect is neither Allow nor Deny.",
        ),
        (
            statement(json!({"Effect": ["Allow"]})),
            "Effect is neither Allow nor Deny.",
        ),
        (
            statement(json!({"NotAction": "*"})),
            "NotAction is not evaluated.",
        ),
        (
            statement(json!({"NotResource": "*"})),
            "NotResource is not evaluated.",
        ),
        (
            statement(json!({"Principal": "*"})),
            "Principal is not evaluated.",
        ),
        (
            statement(json!({"NotPrincipal": "*"})),
            "NotPrincipal is not evaluated.",
        ),
        (
            statement(json!({"action": "*"})),
            "action is not evaluated.",
        ),
        (statement(json!({"Action": []})), "Action is an empty list."),
        (
            statement(json!({"Action": 1})),
            "Action holds what is not a text.",
        ),
        (
            statement(json!({"Action": [["*"]]})),
            "Action holds what is not a text.",
        ),
        (
            statement(json!({"Action": "StartJobRun"})),
            "Action \"StartJobRun\" is not \"*\" and names no service.",
        ),
        (
            statement(json!({"Action": ["emr-containers:*", "s3:*"]})),
            "Action \"s3:*\" is not evaluated: it is an action of another service.",
        ),
        (
            statement(json!({"Action": "iam:PassRole"})),
            "Action \"iam:PassRole\" is not evaluated: it is an action of another service.",
        ),
        (
            statement(json!({"Action": "emr-containers:StartJobRuns"})),
            "Action \"emr-containers:StartJobRuns\" is no operation.",
        ),
        (
            statement(json!({"Resource": []})),
            "Resource is an empty list.",
        ),
        (
            statement(json!({"Resource": "/virtualclusters/a"})),
            "is neither \"*\" nor an ARN.",
        ),
        (
            statement(json!({"Resource": "arn:aws:s3:::bucket"})),
            "is not evaluated: it is not of service emr-containers.",
        ),
        (
            statement(json!({"Resource": "arn:aws:emr-containers:*:/virtualclusters/a"})),
            "names nothing: it is not of the form",
        ),
        (
            statement(json!({"Resource": "arn:aws:emr-containers:*:*:virtualclusters/a"})),
            "names nothing: it is not of the form",
        ),
        (
            statement(json!({"Resource": "arn:aws:emr-containers:*:*:/virtualclusters/${a}"})),
            "holds a policy variable, which is not evaluated.",
        ),
        (
            statement(json!({"Sid": 1})),
            "Statement 2: Sid is not a text.",
        ),
        (
            condition(json!({})),
            "Condition is not a JSON object with members.",
        ),
        (
            condition(json!([])),
            "Condition is not a JSON object with members.",
        ),
        (
            condition(json!({"StringEquals": {}})),
            "Condition: StringEquals is not a JSON object with members.",
        ),
        (
            condition(json!({"StringEquals": {"aws:RequestTag/a": []}})),
            "Condition: StringEquals: aws:RequestTag/a is an empty list.",
        ),
        (
            condition(json!({"StringEquals": {"aws:RequestTag/a": true}})),
            "Condition: StringEquals: aws:RequestTag/a holds what is not a text.",
        ),
        (
            condition(json!({"StringEquals": {"aws:RequestTag/a": "${aws:username}"}})),
            "holds a policy variable, which is not evaluated.",
        ),
        (
            condition(json!({"ArnLike": {"emr-containers:ExecutionRoleArn": "role/a"}})),
            "\"role/a\" is not an ARN of six parts.",
        ),
        (
            condition(
                json!({"StringLike": {"emr-containers:ExecutionRoleArn": "arn:aws:iam:::role/*"}}),
            ),
            "names no account, and every role that is compared with it does.",
        ),
    ] {
        let error = Policy::parse(&document.to_string()).unwrap_err().0;
        assert!(
            error.ends_with(text) || error.contains(text),
            "{document}\n{error}"
        );
        if document["Statement"][1]["Sid"] == "A" && !error.ends_with("of another.") {
            assert!(error.starts_with(place), "{error}");
        }
    }
    for operator in [
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringEqualsIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringLike",
        "ArnNotLike",
        "Null",
        "Bool",
        "stringequals",
    ] {
        let document = condition(json!({operator: {"aws:RequestTag/a": "1"}}));
        let error = Policy::parse(&document.to_string()).unwrap_err().0;
        let text = format!("{place}Condition: {operator} is an operator that is not evaluated.");
        assert_eq!(error, text);
    }
    for key in [
        "aws:TagKeys",
        "aws:SourceIp",
        "aws:PrincipalTag/a",
        "aws:RequestTag",
        "aws:RequestTag/",
        "emr-containers:Other",
    ] {
        let document = condition(json!({"StringEquals": {key: "1"}}));
        let error = Policy::parse(&document.to_string()).unwrap_err().0;
        let text = format!(
            "{place}Condition: StringEquals: {key} is a condition key that is not evaluated."
        );
        assert_eq!(error, text);
    }
}

#[test]
fn two_members_of_one_name_are_refused() {
    for document in [
        r#"{"Statement": [], "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition":
            {"StringEquals": {"aws:RequestTag/a": "1", "aws:RequestTag/a": "2"}}}}"#,
    ] {
        let error = Policy::parse(document).unwrap_err().0;
        assert!(error.contains("is there twice"), "{error}");
    }
    for document in ["", "{", "nonsense", "{\"Statement\": NaN}"] {
        let error = Policy::parse(document).unwrap_err().0;
        assert!(
            error.starts_with("The policy is not readable JSON: "),
            "{error}"
        );
    }
}

#[test]
fn the_length_has_a_limit() {
    let long = |times: usize| {
        let resources = vec![CLUSTER; times];
        one(json!({"Effect": "Allow", "Action": "*", "Resource": resources})).to_string()
    };
    assert!(Policy::parse(&long(70)).is_ok());
    let error = Policy::parse(&long(90)).unwrap_err().0;
    assert_eq!(error, "The policy is longer than 6144 characters.");
    let spaced = long(70).replace(',', ",\n        ");
    assert!(Policy::parse(&spaced).is_ok());
    assert!(Policy::parse(&" ".repeat(70_000)).is_err());
}
