//! Templates that a plan names.

use super::server::{Call, cluster};
use super::*;
use crate::spark::driver_pod::Texts;
use crate::spark::{TemplateSource, Templates};

const MAP: &str = "GET /api/v1/namespaces/analytics/configmaps/templates?";

fn account() -> AccountId {
    AccountId::parse("123456789012").unwrap()
}

fn of_map(name: &str, key: &str) -> Option<TemplateSource> {
    Some(TemplateSource::ConfigMap {
        name: name.to_owned(),
        key: key.to_owned(),
    })
}

async fn prepare(
    driver_template: Option<TemplateSource>,
    executor_template: Option<TemplateSource>,
    script: Vec<Call>,
) -> Result<Prepared, Refusal> {
    let (cluster, server) = cluster(script);
    let mut plan = plan();
    plan.templates = Templates {
        driver: driver_template,
        executor: executor_template,
        ..Templates::default()
    };
    let prepared = cluster.prepare(&account(), &driver(), &plan).await;
    drop(cluster);
    server.finished().await;
    prepared
}

async fn refused(source: Option<TemplateSource>, script: Vec<Call>) -> Refusal {
    match prepare(source, None, script).await {
        Err(refusal) => refusal,
        Ok(_) => panic!("not refused"),
    }
}

fn map() -> Value {
    json!({
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": { "name": "templates" },
        "data": { "driver.yaml": "spec: {secret: d}", "long.yaml": "x".repeat(1025) },
        "binaryData": { "raw": "/w==" },
    })
}

#[tokio::test(start_paused = true)]
async fn a_config_map_of_the_runs_namespace_gives_its_key() {
    let inline = Some(TemplateSource::Inline("spec: {}".to_owned()));
    let read = vec![Call::answers(MAP, (200, map()))];
    let prepared = prepare(of_map("templates", "driver.yaml"), inline, read).await;
    let Ok(Prepared { texts, notes }) = prepared else {
        panic!("refused")
    };
    let ignored = "Driver pod template configmap:templates/driver.yaml: ignored spec.secret (no \
                   field of a Pod).";
    assert_eq!(notes, [ignored]);
    assert_eq!(texts.driver_template.as_deref(), Some("spec: {secret: d}"));
    assert_eq!(texts.executor_template.as_deref(), Some("spec: {}"));
    // What both start from is read once.
    let source = of_map("templates", "driver.yaml");
    let read = vec![Call::answers(MAP, (200, map()))];
    let both = prepare(source.clone(), source, read).await;
    assert!(both.is_ok_and(|both| both.texts.executor_template.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_config_map_that_has_no_template_is_told() {
    let read = || vec![Call::answers(MAP, (200, map()))];
    let absent = || vec![Call::answers(MAP, not_found("configmaps", "templates"))];
    for (key, script, why) in [
        ("none.yaml", read(), "the ConfigMap has no such key"),
        (
            "raw",
            read(),
            "the ConfigMap's key holds no text (binaryData)",
        ),
        ("long.yaml", read(), "it is longer than 1024 bytes"),
        (
            "driver.yaml",
            absent(),
            "namespace analytics has no such ConfigMap",
        ),
    ] {
        let place = format!("Driver pod template configmap:templates/{key}");
        assert_eq!(
            refused(of_map("templates", key), script).await,
            Refusal::Plan(format!("{place}: {why}."))
        );
    }
    // No name leads out of the namespace's ConfigMaps.
    for name in [
        "../secrets/x",
        "a/b",
        "",
        "%2e%2e",
        "A",
        ".a",
        "a..b",
        "x?y",
    ] {
        let refusal = refused(of_map(name, "k"), vec![]).await;
        assert!(matches!(refusal, Refusal::Plan(_)), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_api_server_is_no_matter_of_the_template() {
    let source = || of_map("templates", "driver.yaml");
    let no = vec![Call::answers(MAP, forbidden("get", "configmaps"))];
    assert!(matches!(refused(source(), no).await, Refusal::Forbidden(_)));
    let broken = vec![Call::breaks(MAP)];
    assert!(matches!(
        refused(source(), broken).await,
        Refusal::Unreachable { .. }
    ));
}

#[tokio::test]
async fn sources_elsewhere_are_told_without_what_may_be_secret() {
    let https = |url: &str| Some(TemplateSource::Https(url.to_owned()));
    let inside = https("https://secret@10.0.0.1/a.yaml?X-Amz-Signature=secret#secret");
    let local = https("https://127.0.0.1/a.yaml?X-Amz-Signature=secret#secret");
    for source in [inside, local] {
        let Refusal::Plan(why) = refused(source, vec![]).await else {
            panic!("not final")
        };
        assert!(why.starts_with("Driver pod template https://1"), "{why}");
        assert!(
            why.contains("/a.yaml: ") && !why.contains("secret"),
            "{why}"
        );
    }
    let s3 = |place: &str| {
        let (bucket, key) = place.split_once('/').unwrap();
        Some(TemplateSource::S3 {
            uri: format!("s3a://{place}"),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    };
    for source in [
        https("https://user:secret/secret@10.0.0.1/a.yaml"),
        s3("AKIA:secret@bucket/a.yaml"),
        s3("bucket/a.yaml?X-Amz-Signature=secret"),
    ] {
        assert!(!format!("{source:?}").contains("secret"));
        let Refusal::Plan(why) = refused(source, vec![]).await else {
            panic!("not final")
        };
        assert!(!why.contains("secret"), "{why}");
    }
    let s3 = s3("bucket/a.yaml");
    let Refusal::Plan(why) = refused(s3, vec![]).await else {
        panic!("not final")
    };
    assert!(why.contains("has no template_prefixes"), "{why}");
}

#[test]
fn what_a_template_has_in_vain_is_told_and_no_name_out_of_a_text_from_elsewhere() {
    let notes = |source: TemplateSource| {
        let templates = Templates {
            executor: Some(source),
            ..Templates::default()
        };
        let texts = Texts {
            executor_template: Some("spec: {s3cret: 1, containers: [{imag: x}]}".to_owned()),
            ..Texts::default()
        };
        super::super::templates::notes(&templates, &texts).concat()
    };
    assert_eq!(
        notes(TemplateSource::Inline(String::new())),
        "Executor pod template in its property: ignored spec.containers[0].imag, spec.s3cret (no \
         field of a Pod)."
    );
    let elsewhere = notes(TemplateSource::Https(
        "https://a.example/t.yaml?b=c".to_owned(),
    ));
    assert_eq!(
        elsewhere,
        "Executor pod template https://a.example/t.yaml: ignored 2 fields that no Pod has."
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_policy_forbids_is_refused_before_anything_is_sent() {
    for (driver, executor, field) in [
        ("spec: {hostNetwork: true}", None, "hostNetwork"),
        (
            "spec: {}",
            Some("spec: {containers: [{securityContext: {privileged: true}}]}"),
            "privileged",
        ),
        ("spec: {}", Some("no template"), "Executor pod template"),
    ] {
        let inline = |text: &str| Some(TemplateSource::Inline(text.to_owned()));
        let refused = prepare(inline(driver), executor.and_then(inline), vec![]).await;
        match refused.map(|_| ()) {
            Err(Refusal::Plan(why)) => assert!(why.contains(field), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_inline_template_of_executors_is_the_file_that_their_driver_reads() {
    let text = "spec: {containers: [{name: spark-kubernetes-executor}]}";
    let (cluster, server) = cluster(vec![Call::answers(
        &format!("POST {PODS}"),
        (201, pod(unchanged)),
    )]);
    let mut plan = plan();
    plan.templates.executor = Some(TemplateSource::Inline(text.to_owned()));
    let prepared = cluster.prepare(&account(), &driver(), &plan).await;
    let Ok(prepared) = prepared else {
        panic!("refused")
    };
    cluster.create(&driver(), &plan, &prepared).await.unwrap();
    drop(cluster);
    let sent = &server.finished().await[0];
    let annotations = &sent["metadata"]["annotations"];
    // As it was judged, not as it was written.
    let template = annotations["firesteel.dev/executor-pod-template"].as_str();
    let template: Value = serde_json::from_str(template.unwrap()).unwrap();
    assert_eq!(
        template["spec"]["containers"][0]["name"],
        "spark-kubernetes-executor"
    );
    let properties = annotations["firesteel.dev/spark.properties"].as_str();
    assert!(properties.unwrap().contains(
        "spark.kubernetes.executor.podTemplateFile=/opt/spark/pod-template/pod-spec-template.yml"
    ));
}

#[tokio::test(start_paused = true)]
async fn the_reason_for_a_layout_is_told() {
    let (cluster, server) = cluster(vec![]);
    let mut plan = plan();
    let account = account();
    let notes = async |plan: &Plan| {
        let prepared = cluster.prepare(&account, &driver(), plan).await;
        prepared.map(|prepared| prepared.notes).unwrap()
    };
    assert_eq!(notes(&plan).await, Vec::<String>::new());
    let key = "spark.kubernetes.driver.service.annotation.a";
    plan.properties.insert(key.to_owned(), "b".to_owned());
    let told = notes(&plan).await.concat();
    assert!(told.starts_with("The classic layout was chosen"), "{told}");
    assert!(told.contains(key), "{told}");
    drop(cluster);
    server.finished().await;
}
