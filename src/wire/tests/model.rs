//! The generated tables hold together.

use utoipa::{PartialSchema as _, ToSchema as _};

use super::*;

#[test]
fn every_pattern_compiles() {
    let mut patterns = 0;
    for shape in SHAPES {
        match &shape.kind {
            Kind::Text {
                pattern: Some(pattern),
                ..
            } => {
                assert!(pattern.compiles(), "{}: {}", shape.name, pattern.source);
                patterns += 1;
            }
            Kind::Text { pattern: None, .. }
            | Kind::Choice(_)
            | Kind::Integer(_)
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::List { .. }
            | Kind::Map { .. }
            | Kind::Structure(_)
            | Kind::Union(_) => {}
        }
    }
    assert!(patterns > 25, "{patterns}");
}

/// Values that a pattern takes and values that it refuses.
#[test]
fn patterns_mean_what_the_model_means() {
    let arn = "arn:aws:iam::123456789012:role";
    for (shape, fits, breaks) in [
        (
            &shapes::LOG_CONTEXT,
            vec!["abc", "my-log.context-1", "s3alias", "axn--b"],
            vec![
                "xn--abc",
                "abc-s3alias",
                "a-s3alias-b",
                "-abc",
                "abc-",
                "ABC",
                "",
            ],
        ),
        (
            &shapes::URI_STRING,
            vec!["s3://bucket/é/\u{1F600}", "\r\n\t", "", "\u{FFFD}\u{E000}"],
            vec!["\u{0}", "a\u{7}", "\u{FFFE}"],
        ),
        (
            &shapes::STRING_EMPTY256,
            vec!["", "v", " v "],
            vec![" ", "\n"],
        ),
        (
            &shapes::STRING1024,
            vec!["v", "\n v", "\u{a0}"],
            vec!["", " \t\r\n\u{b}\u{c}"],
        ),
        (
            &shapes::PARAMETRIC_IAM_ROLE_ARN,
            vec![
                "${role}",
                "a.b-c_d#${e}",
                "arn:aws:iam::123456789012:role/path/name",
            ],
            vec![
                "arn:aws:iam::123456789012:user/name",
                "x arn:aws:iam::1:role/n",
                "a b",
                "",
                "a\n",
            ],
        ),
        (
            &shapes::IAM_ROLE_ARN,
            vec![
                "arn:aws-cn:iam:::role/name",
                "arn:aws:iam::123456789012:role/p/q/na.me@x",
            ],
            vec![
                arn,
                "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/name",
                "arn:aws:iam::1:role/n",
            ],
        ),
        (
            &shapes::KMS_KEY_ARN,
            vec![
                "arn:aws:kms:us-east-1:123456789012:key/ab-12",
                "${key}",
                "${k1}",
            ],
            vec!["${1k}", "$key", "arn:aws:kms::key/", "${key}x"],
        ),
        (
            &shapes::ROTATION_SIZE,
            vec!["2KB", "1.5G", "10Mb"],
            vec!["2", "2TB", "2 KB", ".5G"],
        ),
        (
            &shapes::NODE_LABEL_STRING,
            vec!["a", "a-b"],
            vec!["-a", "a-", "A"],
        ),
        (
            &shapes::KUBERNETES_NAMESPACE,
            vec!["default", "a"],
            vec!["a.b", "-a", "a-", ""],
        ),
    ] {
        let Kind::Text {
            pattern: Some(pattern),
            ..
        } = &shape.kind
        else {
            panic!("{} has no pattern", shape.name)
        };
        for value in fits {
            assert!(pattern.matches(value), "{} refuses {value:?}", shape.name);
        }
        for value in breaks {
            assert!(!pattern.matches(value), "{} takes {value:?}", shape.name);
        }
    }
}

/// A value of the shape with every member set; patterns are not kept.
fn example(shape: &Shape, depth: usize) -> Value {
    let members = |members: &[Member]| {
        let example = |member: &Member| (member.name.to_owned(), example(member.shape, depth + 1));
        Value::Object(members.iter().map(example).collect())
    };
    match &shape.kind {
        Kind::Text { .. } => json!("x"),
        Kind::Choice(values) => json!(values[0]),
        Kind::Integer(_) => json!(1),
        Kind::Boolean => json!(true),
        Kind::Timestamp => json!("2026-01-02T03:04:05Z"),
        Kind::List { .. } if depth > 8 => json!([]),
        Kind::List { member, .. } => json!([example(member, depth + 1)]),
        Kind::Map { value, .. } => json!({"k": example(value, depth + 1)}),
        Kind::Structure(known) => members(known),
        Kind::Union(known) => members(&known[..1]),
    }
}

#[test]
fn types_and_shapes_have_the_same_members() {
    fn round_trip<R: Request>() -> &'static str {
        let whole = example(R::SHAPE, 0);
        let request: R = json::typed(whole.clone()).expect("the type takes what the shape takes");
        assert_eq!(
            serde_json::to_value(&request).unwrap(),
            whole,
            "{}",
            R::OPERATION.name
        );
        R::OPERATION.name
    }
    let names = every_request!(round_trip());
    let listed: Vec<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(names.to_vec(), listed);
}

#[test]
fn every_label_is_a_member_and_every_path_member_a_label() {
    assert_eq!(OPERATIONS.len(), 25);
    for operation in OPERATIONS {
        let labels = operation.uri.matches('{').count();
        let in_path: Vec<_> = operation
            .members()
            .iter()
            .filter(|member| member.location == Location::Path)
            .collect();
        assert_eq!(labels, in_path.len(), "{}", operation.name);
        for member in in_path {
            let label = format!("{{{}}}", member.wire_name);
            assert!(operation.uri.contains(&label), "{} {label}", operation.name);
        }
    }
}

#[test]
fn openapi_schemas_carry_awss_names_and_constraints() {
    assert_eq!(StartJobRunRequest::name(), "StartJobRunRequest");
    assert_eq!(PersistentAppUI::name(), "PersistentAppUI");

    let schema = serde_json::to_value(StartJobRunRequest::schema()).unwrap();
    assert_eq!(schema["properties"]["name"]["maxLength"], 64);
    assert_eq!(
        schema["properties"]["name"]["pattern"],
        r"[\.\-_/#A-Za-z0-9]+"
    );
    assert_eq!(schema["properties"].get("virtualClusterId"), None);
    assert_eq!(schema["required"], json!(["clientToken"]));

    let schema = serde_json::to_value(JobRunState::schema()).unwrap();
    assert_eq!(schema["enum"], json!(JobRunState::VALUES));

    // Configuration holds itself, so collecting must come to an end.
    let mut schemas = Vec::new();
    StartJobRunRequest::schemas(&mut schemas);
    let named = |name: &str| schemas.iter().find(|(known, _)| known == name);
    let driver = serde_json::to_value(&named("SparkSubmitJobDriver").unwrap().1).unwrap();
    assert_eq!(driver["properties"]["entryPoint"]["maxLength"], 256);
    assert!(named("Configuration").is_some());
}
