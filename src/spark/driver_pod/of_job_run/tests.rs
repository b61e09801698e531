//! Drivers that start from templates.

use serde_json::{Value, json};

use super::super::tests::{identity, plan, settings};
use super::*;
use crate::spark::plan::Language;
use crate::spark::pod_template::TemplateSource;
use crate::spark::policy::Breach;

const EXECUTOR_ANNOTATION: &str = "firesteel.dev/executor-pod-template";

/// The driver's pod of a run with this template for one role.
fn started(
    role: Role,
    text: &str,
    is_trusted: bool,
    properties: &[(&str, &str)],
) -> Result<Value, BuildError> {
    let mut plan = plan(Language::Java, properties);
    let source = Some(TemplateSource::Inline(text.to_owned()));
    let mut texts = Texts::default();
    match role {
        Role::Driver => {
            plan.templates.driver = source;
            plan.templates.driver_is_trusted = is_trusted;
            texts.driver_template = Some(text.to_owned());
        }
        Role::Executor => {
            plan.templates.executor = source;
            plan.templates.executor_is_trusted = is_trusted;
            texts.executor_template = Some(text.to_owned());
        }
    }
    let objects = of_job_run(&plan, &identity(), &settings(), Layout::Compact, &texts)?;
    Ok(serde_json::to_value(objects.pod).unwrap())
}

fn driver(text: &str, properties: &[(&str, &str)]) -> Result<Value, BuildError> {
    started(Role::Driver, text, false, properties)
}

fn names(pod: &Value) -> Vec<&str> {
    let containers = pod["spec"]["containers"].as_array().unwrap();
    containers
        .iter()
        .map(|container| container["name"].as_str().unwrap())
        .collect()
}

fn refused_field(result: Result<Value, BuildError>) -> String {
    match result {
        Err(BuildError::Policy(Breach::Field { path, .. })) => path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_run_adds_to_redaction_rides_with_its_pod() {
    let of = |properties: &[(&str, &str)]| {
        let plan = plan(Language::Java, properties);
        let texts = Texts::default();
        let objects = of_job_run(&plan, &identity(), &settings(), Layout::Classic, &texts);
        let annotations = objects.unwrap().pod.metadata.annotations;
        let own: Vec<_> = annotations
            .unwrap_or_default()
            .into_iter()
            .filter(|(key, _)| key.contains("redaction"))
            .collect();
        (own, redaction::notes(&plan).len())
    };
    assert_eq!(of(&[]), (vec![], 0));
    let regex = ("spark.redaction.regex", "(?i)salary");
    let string = ("spark.redaction.string.regex", "[0-9]{16}");
    let annotated = |key: &str, value: &str| (format!("firesteel.dev/{key}"), value.to_owned());
    assert_eq!(
        of(&[regex, string]).0,
        [
            annotated("redaction-regex", "(?i)salary"),
            annotated("redaction-string-regex", "[0-9]{16}"),
        ]
    );
    // Java has look-ahead, and a note says that it is not followed.
    assert_eq!(of(&[("spark.redaction.regex", "(?!x)y")]), (vec![], 1));
}

#[test]
fn the_spark_container_ends_up_under_its_one_name() {
    let two = "spec: {containers: [{name: a, workingDir: /a}, {name: b, workingDir: /b}]}";
    for (properties, rest, folder) in [
        (&[][..], "b", "/a"),
        (
            &[("spark.kubernetes.driver.podTemplateContainerName", "b")][..],
            "a",
            "/b",
        ),
    ] {
        let pod = driver(two, properties).unwrap();
        assert_eq!(names(&pod), [rest, DRIVER_CONTAINER]);
        assert_eq!(pod["spec"]["containers"][1]["workingDir"], folder);
    }
}

#[test]
fn a_container_of_that_name_is_preferred() {
    let text = "spec: {containers: [{name: a}, {name: spark-kubernetes-driver, workingDir: /w}]}";
    let pod = driver(text, &[]).unwrap();
    assert_eq!(names(&pod), ["a", DRIVER_CONTAINER]);
    assert_eq!(pod["spec"]["containers"][1]["workingDir"], "/w");
    // Another one cannot be chosen beside it.
    let other = [("spark.kubernetes.driver.podTemplateContainerName", "a")];
    assert_eq!(
        refused_field(driver(text, &other)),
        "spec.containers[0].name"
    );
}

#[test]
fn only_an_administrators_template_is_beyond_the_policy() {
    let text = "spec: {hostNetwork: true, nodeName: n}";
    for role in [Role::Driver, Role::Executor] {
        assert!(started(role, text, false, &[]).is_err());
    }
    let pod = started(Role::Driver, text, true, &[]).unwrap();
    assert_eq!(pod["spec"]["hostNetwork"], true);
    let pod = started(Role::Executor, text, true, &[]).unwrap();
    assert_eq!(pod["metadata"]["annotations"][EXECUTOR_ANNOTATION], text);
}

/// Properties give nothing of a template's, nor the other way round.
#[test]
fn no_property_opens_a_field_of_a_template() {
    let text = "spec: {volumes: [{name: v, hostPath: {path: /}}]}";
    let volume = "spark.kubernetes.driver.volumes.hostPath.a";
    let (path, mount) = (
        format!("{volume}.options.path"),
        format!("{volume}.mount.path"),
    );
    let properties = [(path.as_str(), "/mnt"), (mount.as_str(), "/")];
    assert_eq!(
        refused_field(driver(text, &properties)),
        "spec.volumes[0].hostPath.path"
    );
}

/// Spark's client reads a text by itself: it must find what the policy judged, and no more.
#[test]
fn executors_start_from_what_was_judged() {
    let text = "
metadata: {namespace: kube-system, labels: {team: &team a}}
spec:
  hostEverything: true
  nodeSelector: {<<: {disk: ssd}, team: *team}
  containers: [{name: b, futurePrivileges: all}]
";
    let pod = started(Role::Executor, text, false, &[]).unwrap();
    let given = pod["metadata"]["annotations"][EXECUTOR_ANNOTATION]
        .as_str()
        .unwrap();
    let given: Value = serde_json::from_str(given).unwrap();
    assert_eq!(
        given,
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"labels": {"team": "a"}},
            "spec": {
                "containers": [{"name": "b"}],
                "nodeSelector": {"disk": "ssd", "team": "a"},
            },
        })
    );
}

#[test]
fn a_template_that_is_much_more_than_its_text_is_refused() {
    let long = "x".repeat(4096);
    let labels: Vec<_> = (0..100).map(|n| format!("l{n}: *a")).collect();
    let text = format!(
        "metadata: {{annotations: {{a: &a {long}, {}}}}}\nspec: {{}}",
        labels.join(", ")
    );
    assert!(matches!(
        started(Role::Executor, &text, false, &[]),
        Err(BuildError::Template { .. } | BuildError::Policy(Breach::Template { .. }))
    ));
}
