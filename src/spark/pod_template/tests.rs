use std::collections::BTreeMap;

use super::{MAX_BYTES, Role, TemplateError, TemplateSource, parse, source, start, unknown_fields};

fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

const TWO: &str = "spec: {containers: [{name: a}, {name: b}]}";

fn chosen(text: &str, name: Option<&str>) -> (String, Vec<String>) {
    let start = start(parse(text).unwrap(), name);
    let rest = start.spec.containers.into_iter();
    (start.container.name, rest.map(|one| one.name).collect())
}

#[test]
fn the_named_container_is_sparks_else_the_first_else_an_empty_one() {
    let of = |name: &str, rest: &[&str]| {
        let rest = rest.iter().map(|name| (*name).to_owned());
        (name.to_owned(), rest.collect::<Vec<_>>())
    };
    assert_eq!(chosen(TWO, Some("b")), of("b", &["a"]));
    assert_eq!(chosen(TWO, Some("c")), of("a", &["b"]));
    assert_eq!(chosen(TWO, None), of("a", &["b"]));
    // Spark takes a name that two have for none.
    let twice = "spec: {containers: [{name: a}, {name: b}, {name: b}]}";
    assert_eq!(chosen(twice, Some("b")), of("a", &["b", "b"]));
    assert_eq!(chosen("spec: {containers: []}", Some("b")), of("", &[]));
    assert_eq!(chosen("spec: {}", None), of("", &[]));
}

#[test]
fn scalars_become_what_a_pod_has_there() {
    let text = "
apiVersion: v1
kind: Pod
metadata: {annotations: {a: true, b: 1}}
spec:
  containers:
  - name: c
    env: [{name: X, value: 07}, {name: Y, value: yes}]
    resources: {limits: {cpu: 9, memory: 1.5Gi}}
    livenessProbe: {httpGet: {port: 8080}}
";
    let pod = serde_json::to_value(parse(text).unwrap()).unwrap();
    assert_eq!(pod["metadata"]["annotations"]["a"], "true");
    assert_eq!(pod["metadata"]["annotations"]["b"], "1");
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["env"][0]["value"], "07");
    assert_eq!(container["env"][1]["value"], "yes");
    assert_eq!(container["resources"]["limits"]["cpu"], "9");
    assert_eq!(container["livenessProbe"]["httpGet"]["port"], 8080);
}

#[test]
fn marks_that_end_the_document_begin_no_other() {
    for end in ["---", "---\n", "\n...\n---\n\n", "\n"] {
        let text = format!("---\nspec: {{containers: [{{name: a}}]}}\n{end}");
        assert_eq!(chosen(&text, None).0, "a", "{end:?}");
    }
    let two = "spec: {}\n---\nspec: {}\n";
    assert!(parse(two).is_err());
}

#[test]
fn json_is_a_template_too() {
    let text = r#"{"kind": "Pod", "spec": {"containers": [{"name": "a"}]}}"#;
    assert_eq!(chosen(text, None).0, "a");
}

#[test]
fn unknown_fields_are_left_out_and_told() {
    let text = "{metadata: {lables: {a: b}, creationTimestamp: null}, \
                spec: {containers: [{name: a, imagee: x, env: [{name: A, valeu: s3cret}]}]}}";
    let pod = parse(text).unwrap();
    let unknown = unknown_fields(text, &pod);
    for path in [
        "metadata.lables",
        "spec.containers[0].imagee",
        "spec.containers[0].env[0].valeu",
    ] {
        assert!(unknown.contains(&path.to_owned()), "{unknown:?}");
    }
    assert_eq!(unknown.len(), 3);
}

#[test]
fn an_error_names_the_field_and_none_of_the_text() {
    for (text, expected) in [
        (
            "spec:\n  containers:\n  - name: a\n    ports: [{containerPort: s3cret}]",
            "spec.containers[0].ports[0].containerPort",
        ),
        ("kind: s3cret", "with a Pod in it"),
        ("apiVersion: s3cret", "with a Pod in it"),
        ("spec: s3cret", "spec"),
        ("metadata: {labels: {s3cret: [a]}}", "metadata.labels"),
        ("spec: {s3cret: [", "not one YAML document"),
        ("s3cret", "not one YAML document"),
        ("s3cret: [", "not one YAML document"),
        ("", "it has no spec"),
        ("spec: {}\n--- {s3cret: 1}", "not one YAML document"),
        ("spec: {a: *s3cret}", "not one YAML document"),
    ] {
        match parse(text) {
            Err(error) => {
                let error = error.to_string();
                assert!(!error.contains("s3cret"), "{error}");
                assert!(error.contains(expected), "{text}: {error}");
            }
            Ok(pod) => panic!("{text}: {pod:?}"),
        }
    }
}

#[test]
fn what_a_text_can_cost_is_bounded() {
    let long = format!("#{}", "x".repeat(MAX_BYTES));
    assert_eq!(parse(&long).unwrap_err(), TemplateError::TooLong);
    let mut laughs = "metadata:\n  annotations: &a0 {x: lol}\n".to_owned();
    for level in 1..30 {
        let alias = format!("*a{}, ", level - 1).repeat(9);
        laughs.push_str(&format!("x{level}: &a{level} [{alias}]\n"));
    }
    assert!(parse(&laughs).is_err());
    assert!(parse(&"[".repeat(10_000)).is_err());
    assert!(parse(&format!("spec: {}", "{a: ".repeat(10_000))).is_err());
}

#[test]
fn a_template_comes_from_where_its_property_says() {
    let file = |place: &str| {
        let given = properties(&[("spark.kubernetes.driver.podTemplateFile", place)]);
        source::source(&given, Role::Driver)
    };
    for place in ["s3://bucket/a/b.yaml", "s3a://bucket/a/b.yaml"] {
        let expected = TemplateSource::S3 {
            uri: place.to_owned(),
            bucket: "bucket".to_owned(),
            key: "a/b.yaml".to_owned(),
        };
        assert_eq!(file(place).unwrap(), Some(expected));
    }
    assert_eq!(
        file("https://h/t.yaml").unwrap(),
        Some(TemplateSource::Https("https://h/t.yaml".to_owned()))
    );
    assert_eq!(
        file("configmap:templates/driver.yaml").unwrap(),
        Some(TemplateSource::ConfigMap {
            name: "templates".to_owned(),
            key: "driver.yaml".to_owned()
        })
    );
    for place in [
        "/etc/passwd",
        "file:///etc/passwd",
        "local:///t.yaml",
        "http://h/t.yaml",
        "https:///t.yaml",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "configmap:a",
        "configmap:A/b",
        "configmap:../b",
        "configmap:a/..",
        "configmap:a/b/c",
        "",
    ] {
        let error = file(place).unwrap_err().to_string();
        assert!(error.contains("spark.kubernetes.driver.podTemplateFile"));
        assert!(place.is_empty() || !error.contains(place), "{error}");
    }
    let both = properties(&[
        ("spark.kubernetes.driver.podTemplateFile", "s3://b/k"),
        ("spark.firesteel.driver.podTemplate", "kind: Pod"),
    ]);
    assert!(source::source(&both, Role::Driver).is_err());
    assert_eq!(source::source(&both, Role::Executor), Ok(None));
}

#[test]
fn the_runs_template_goes_over_the_configurations() {
    let mut configured = properties(&[
        ("spark.kubernetes.driver.podTemplateFile", "s3://b/k"),
        ("spark.firesteel.executor.podTemplate", "kind: Pod"),
    ]);
    let mut given = properties(&[("spark.firesteel.driver.podTemplate", "secret")]);
    let templates = super::take(&mut configured, &mut given).unwrap();
    assert_eq!(
        templates.driver,
        Some(TemplateSource::Inline("secret".to_owned()))
    );
    assert!(!templates.driver_is_trusted);
    assert!(templates.executor_is_trusted);
    // The driver hears of none of it.
    assert!(given.is_empty() && configured.is_empty());
    assert!(!format!("{templates:?}").contains("secret"));
}
