//! Templates that a plan names.

use super::server::{Call, cluster};
use super::*;
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
        "data": { "driver.yaml": "secret: d", "long.yaml": "x".repeat(1025) },
        "binaryData": { "raw": "/w==" },
    })
}

#[tokio::test(start_paused = true)]
async fn a_config_map_of_the_runs_namespace_gives_its_key() {
    let inline = Some(TemplateSource::Inline("spec: {}".to_owned()));
    let read = vec![Call::answers(MAP, (200, map()))];
    let prepared = prepare(of_map("templates", "driver.yaml"), inline, read).await;
    let Ok(Prepared { texts, .. }) = prepared else {
        panic!("refused")
    };
    assert_eq!(texts.driver_template.as_deref(), Some("secret: d"));
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
    let s3 = Some(TemplateSource::S3 {
        uri: "s3://bucket/a.yaml".to_owned(),
        bucket: "bucket".to_owned(),
        key: "a.yaml".to_owned(),
    });
    let Refusal::Plan(why) = refused(s3, vec![]).await else {
        panic!("not final")
    };
    assert!(why.contains("has no template_prefixes"), "{why}");
}
