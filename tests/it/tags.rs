//! Tags, through one encoded path segment, of whatever has an ARN.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::client::job_run;
use crate::harness::{Client, Reply, TestApp};

fn path(arn: &str) -> String {
    format!("/tags/{}", utf8_percent_encode(arn, NON_ALPHANUMERIC))
}

async fn tag(client: &Client, arn: &str, tags: Value) -> Reply {
    client.post(&path(arn), &json!({"tags": tags})).await
}

async fn untag(client: &Client, arn: &str, query: &str) -> Reply {
    let request = client.request(Method::DELETE, &format!("{}?{query}", path(arn)));
    client.send(request).await
}

async fn tags(client: &Client, arn: &str) -> Value {
    let reply = client.get(&path(arn)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["tags"].clone()
}

fn arn(path: &str) -> String {
    format!("arn:aws:emr-containers:us-east-1:123456789012:/{path}")
}

/// One resource of each kind, without tags: its ARN, and where it is described and how.
async fn one_of_each(app: &TestApp) -> Vec<(String, String, &'static str)> {
    let client = &app.client;
    let cluster = client.virtual_cluster("jobs").await;
    let run = client.job_run(&cluster).await;
    let request = json!({"name": "a", "clientToken": Uuid::new_v4().to_string(),
        "securityConfigurationData": {}});
    let configuration = client.post("/securityconfigurations", &request).await;
    let configuration = configuration.text("id");
    let run_of_it = job_run();
    let data = json!({"executionRoleArn": run_of_it["executionRoleArn"],
        "releaseLabel": run_of_it["releaseLabel"], "jobDriver": run_of_it["jobDriver"]});
    let request = json!({"name": "a", "clientToken": Uuid::new_v4().to_string(),
        "jobTemplateData": data});
    let template = client.post("/jobtemplates", &request).await.text("id");
    [
        (format!("virtualclusters/{cluster}"), "virtualCluster"),
        (format!("virtualclusters/{cluster}/jobruns/{run}"), "jobRun"),
        (
            format!("securityconfigurations/{configuration}"),
            "securityConfiguration",
        ),
        (format!("jobtemplates/{template}"), "jobTemplate"),
    ]
    .map(|(path, member)| (arn(&path), format!("/{path}"), member))
    .to_vec()
}

#[sqlx::test]
async fn tags_come_change_and_go_and_are_described(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let client = &app.client;
    for (arn, path, member) in one_of_each(&app).await {
        assert_eq!(tags(client, &arn).await, json!({}), "{arn}");
        let reply = tag(client, &arn, json!({"a b": "1", "é&=": "", "k": "aws:x"})).await;
        assert_eq!((reply.status, reply.body), (200, json!({})));
        let reply = tag(client, &arn, json!({"a b": "2", "new": "x"})).await;
        assert_eq!((reply.status, reply.body), (200, json!({})));
        let whole = json!({"a b": "2", "é&=": "", "k": "aws:x", "new": "x"});
        assert_eq!(tags(client, &arn).await, whole);
        let described = client.get(&path).await.body;
        assert_eq!(described[member]["tags"], whole);
        let query = "tagKeys=a%20b&tagKeys=%C3%A9%26%3D&tagKeys=absent&tagKeys=aws:x";
        let reply = untag(client, &arn, query).await;
        assert_eq!((reply.status, reply.body), (200, json!({})));
        assert_eq!(untag(client, &arn, query).await.status, 200);
        assert_eq!(tags(client, &arn).await, json!({"k": "aws:x", "new": "x"}));
    }
}

#[sqlx::test]
async fn what_no_resource_can_have_is_refused_and_changes_nothing(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let client = &app.client;
    let numbered = |numbers: std::ops::Range<u32>| {
        numbers
            .map(|number| (number.to_string(), json!("x")))
            .collect::<serde_json::Map<_, _>>()
    };
    for (arn, ..) in one_of_each(&app).await {
        let reply = tag(client, &arn, json!({"fine": "", "AWS:createdBy": "me"})).await;
        reply.invalid("aws: prefixed tag key names are not allowed for external use.");
        assert_eq!(tags(client, &arn).await, json!({}));
        let reply = tag(client, &arn, numbered(0..49).into()).await;
        assert_eq!(reply.status, 200);
        let reply = tag(client, &arn, json!({"48": "y", "49": "", "50": ""})).await;
        reply.invalid("A resource can have at most 50 tags.");
        assert_eq!(tags(client, &arn).await, Value::from(numbered(0..49)));
        let reply = tag(client, &arn, json!({"0": "y", "49": ""})).await;
        assert_eq!(reply.status, 200);
        for (wrong, part) in [
            (numbered(0..51).into(), "less than or equal to 50"),
            (json!({"": "x"}), "at 'tags'"),
            (json!({" ": "x"}), "at 'tags'"),
            (json!({"x".repeat(129): "x"}), "at 'tags'"),
            (json!({"x": "x".repeat(257)}), "less than or equal to 256"),
        ] {
            let reply = tag(client, &arn, wrong).await;
            reply.refused_with(400, "ValidationException", part);
        }
    }
}

#[sqlx::test]
async fn changes_at_once_do_not_exceed_the_most(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let arn = arn(&format!("virtualclusters/{cluster}"));
    let calls = (0..60).map(|number| tag(&app.client, &arn, json!({number.to_string(): ""})));
    let replies = futures::future::join_all(calls).await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, 50);
    for refused in replies.iter().filter(|reply| reply.status != 200) {
        refused.invalid("A resource can have at most 50 tags.");
    }
    assert_eq!(tags(&app.client, &arn).await.as_object().unwrap().len(), 50);
}

#[sqlx::test]
async fn what_is_not_there_or_not_ours_has_no_tags(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let other = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    let ours = one_of_each(&app).await;
    let (cluster_arn, cluster_path, _) = &ours[0];
    let id = "jk518skp01ys9ka8b0npx9nt0";
    let run = &ours[1].1;
    let run = run.rsplit('/').next().unwrap();
    for arn in [
        arn(&format!("virtualclusters/{id}")),
        arn(&format!("virtualclusters/{id}/jobruns/{run}")),
        arn(&format!(
            "{}/jobruns/000000035ee16lm6uri",
            &cluster_path[1..]
        )),
        arn(&format!("{}/endpoints/8gai4l4exxxxx", &cluster_path[1..])),
        arn(&format!("securityconfigurations/{id}")),
        arn(&format!("jobtemplates/{id}")),
        arn("virtualclusters/abc"),
        arn(&format!("{}/", &cluster_path[1..])),
        cluster_arn.replace("us-east-1", "eu-west-1"),
        cluster_arn.replace("arn:aws:", "arn:aws-cn:"),
        cluster_arn.replace("123456789012", "210987654321"),
    ] {
        refused_everywhere(&app.client, &arn).await;
    }
    for (arn, ..) in &ours {
        refused_everywhere(&other.client, arn).await;
        let as_theirs = arn.replace("123456789012", "210987654321");
        refused_everywhere(&other.client, &as_theirs).await;
        assert_eq!(tags(&app.client, arn).await, json!({}));
    }
    for arn in [
        "virtualclusters/abc",
        "arn:aws:emr-containers:us-east-1:123456789012:jobtemplate/jk518skp01ys9ka8b0npx9nt0",
        "arn:aws:s3:us-east-1:123456789012:/virtualclusters/jk518skp01ys9ka8b0npx9nt0",
    ] {
        let reply = app.client.get(&path(arn)).await;
        reply.refused_with(400, "ValidationException", "at 'resourceArn'");
    }
}

async fn refused_everywhere(client: &Client, arn: &str) {
    let unknown = format!("Resource {arn} doesn't exist.");
    client.get(&path(arn)).await.not_found(&unknown);
    tag(client, arn, json!({"a": "b"}))
        .await
        .not_found(&unknown);
    let reply = untag(client, arn, "tagKeys=a").await;
    reply.not_found(&unknown);
}

#[sqlx::test]
async fn what_has_ended_keeps_its_tags_and_what_is_deleted_does_not(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let client = &app.client;
    let ours = one_of_each(&app).await;
    let (cluster, run, configuration) = (&ours[0], &ours[1], &ours[2]);
    let run_id = run.1.rsplit('/').next().unwrap();
    app.set_run(run_id, "FAILED").await;
    client.delete(&cluster.1).await.text("id");
    client.delete(&configuration.1).await.text("id");
    client.delete(&ours[3].1).await.text("id");
    for (arn, ..) in [cluster, run] {
        assert_eq!(tag(client, arn, json!({"after": "all"})).await.status, 200);
        assert_eq!(tags(client, arn).await, json!({"after": "all"}));
    }
    refused_everywhere(client, &configuration.0).await;
    refused_everywhere(client, &ours[3].0).await;
}

#[sqlx::test]
async fn what_says_nothing_changes_nothing_and_what_cannot_be_kept_is_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let client = &app.client;
    for (arn, ..) in one_of_each(&app).await {
        assert_eq!(tag(client, &arn, json!({"a": "1"})).await.status, 200);
        assert_eq!(tag(client, &arn, json!({})).await.status, 200);
        let reply = client.post(&path(&arn), &json!({})).await;
        reply.refused_with(400, "ValidationException", "at 'tags'");
        for (query, part) in [
            ("", "at 'tagKeys'"),
            ("tagKeys=", "at 'tagKeys'"),
            ("tagKeys=a%00", "0000"),
        ] {
            let reply = untag(client, &arn, query).await;
            reply.refused_with(400, "ValidationException", part);
        }
        let reply = tag(client, &arn, json!({"a\u{0}": ""})).await;
        reply.refused_with(400, "ValidationException", "0000");
        assert_eq!(tags(client, &arn).await, json!({"a": "1"}));
    }
}
