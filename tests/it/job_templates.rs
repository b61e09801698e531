//! Job templates: their own operations, and what is kept of them.

use firesteel::sealing::MasterKeys;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::client::with;
use crate::harness::{Reply, TestApp};

pub const ROLE: &str = "arn:aws:iam::123456789012:role/job";
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/abc";

/// A request for a template of this data, with a new client token.
pub fn template(data: &Value) -> Value {
    json!({
        "name": "nightly",
        "clientToken": Uuid::new_v4().to_string(),
        "jobTemplateData": data,
    })
}

/// Data with a parameter in every kind of place.
pub fn data() -> Value {
    json!({
        "executionRoleArn": "${role}",
        "releaseLabel": "${release}",
        "configurationOverrides": {
            "applicationConfiguration": [{
                "classification": "spark-${what}",
                "properties": {"spark.${key}": "<${value}>", "spark.dir": "${spark.local.dir}"},
            }],
            "monitoringConfiguration": {
                "persistentAppUI": "${ui}",
                "cloudWatchMonitoringConfiguration":
                    {"logGroupName": "/emr/${group}", "logStreamNamePrefix": "${value}"},
                "s3MonitoringConfiguration": {"logUri": "s3://${bucket}/logs"},
            },
        },
        "jobDriver": {"sparkSubmitJobDriver": {
            "entryPoint": "s3://${bucket}/x.py",
            "entryPointArguments": ["${value}", "--n=${n}"],
            "sparkSubmitParameters": "--conf spark.x=${value} --num-executors ${n}",
        }},
        "parameterConfiguration": {
            "role": {"type": "STRING", "defaultValue": ROLE},
            "release": {"defaultValue": "emr-7.12.0-latest"},
            "what": {"defaultValue": "defaults"},
            "key": {"defaultValue": "key"},
            "value": {"type": "STRING"},
            "ui": {"defaultValue": "ENABLED"},
            "group": {"defaultValue": "g"},
            "bucket": {"defaultValue": "b"},
            "n": {"type": "NUMBER", "defaultValue": "2"},
            "unused": {},
        },
        "jobTags": {"team": "${value}", "fixed": "1"},
    })
}

/// Data without parameters.
pub fn fixed() -> Value {
    json!({
        "executionRoleArn": ROLE,
        "releaseLabel": "emr-7.12.0-latest",
        "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://b/x.py"}},
    })
}

pub async fn create(app: &TestApp, data: &Value) -> String {
    app.client
        .post("/jobtemplates", &template(data))
        .await
        .text("id")
}

/// A request for a run of a template.
pub fn run_of(id: &str, parameters: &Value) -> Value {
    json!({
        "clientToken": Uuid::new_v4().to_string(),
        "jobTemplateId": id,
        "jobTemplateParameters": parameters,
    })
}

pub async fn describe_run(app: &TestApp, cluster: &str, started: &Reply) -> Value {
    let id = started.text("id");
    let path = format!("/virtualclusters/{cluster}/jobruns/{id}");
    app.client.get(&path).await.body["jobRun"].clone()
}

#[sqlx::test]
async fn a_template_comes_back_as_it_was_made_until_it_is_deleted(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let tags = json!({"kmsKeyArn": "${key}", "tags": {"a": "b", "empty": ""}});
    for (request, key) in [
        (template(&data()), None),
        (with(template(&fixed()), tags), Some("${key}")),
    ] {
        let created = app.client.post("/jobtemplates", &request).await;
        let id = created.text("id");
        let arn = format!("arn:aws:emr-containers:us-east-1:123456789012:/jobtemplates/{id}");
        assert_eq!(created.text("arn"), arn);
        assert_eq!(created.text("name"), "nightly");
        let path = format!("/jobtemplates/{id}");
        let found = app.client.get(&path).await.body["jobTemplate"].clone();
        assert_eq!(found["jobTemplateData"], request["jobTemplateData"]);
        assert_eq!(found["kmsKeyArn"].as_str(), key);
        assert_eq!(found["id"], json!(id));
        assert_eq!(found["arn"], json!(arn));
        assert_eq!(found["name"], "nightly");
        assert_eq!(found["createdAt"], created.body["createdAt"]);
        assert_eq!(found["createdBy"], "arn:aws:iam::123456789012:root");
        let tags = request.get("tags").cloned().unwrap_or(json!({}));
        assert_eq!(found["tags"], tags);
        assert_eq!(found.get("decryptionError"), None);

        let listed = app.client.get("/jobtemplates").await;
        assert_eq!(listed.body, json!({"templates": [found]}));
        let deleted = app.client.delete(&path).await;
        assert_eq!(deleted.body, json!({"id": id}));
        let again = app.client.get(&path).await;
        again.not_found(&format!("Job template {id} doesn't exist."));
        app.client
            .delete(&path)
            .await
            .invalid("Template does not exist");
    }
    for id in ["abc", "jk518skp01ys9ka8b0npx9nt0"] {
        let path = format!("/jobtemplates/{id}");
        let unknown = app.client.get(&path).await;
        unknown.not_found(&format!("Job template {id} doesn't exist."));
        app.client
            .delete(&path)
            .await
            .invalid("Template does not exist");
    }
}

#[sqlx::test]
async fn one_client_token_makes_one_template(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let request = template(&data());
    let first = app.client.post("/jobtemplates", &request).await;
    let again = app.client.post("/jobtemplates", &request).await;
    assert_eq!(first.body, again.body);
    first.text("id");
    let other = with(request, json!({"jobTemplateData": fixed()}));
    app.client
        .post("/jobtemplates", &other)
        .await
        .invalid("The client token has already been used with a different request.");
    assert_eq!(app.count("job_template").await, 1);
}

#[sqlx::test]
async fn one_client_token_makes_one_sealed_template_of_which_there_is_no_hash(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let key = json!({"kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/a"});
    let request = with(template(&data()), key.clone());
    let first = app.client.post("/jobtemplates", &request).await;
    let again = app.client.post("/jobtemplates", &request).await;
    assert_eq!(first.body, again.body);
    first.text("id");
    let other = with(request.clone(), json!({"jobTemplateData": fixed()}));
    app.client
        .post("/jobtemplates", &other)
        .await
        .invalid("The client token has already been used with a different request.");
    let mut another_token = other;
    another_token["clientToken"] = json!("another");
    let second = app.client.post("/jobtemplates", &another_token).await;
    second.text("id");
    let hashes: i64 = sqlx::query_scalar("SELECT count(DISTINCT request_hash) FROM job_template")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(hashes, 1, "a hash says what is sealed");
}

#[sqlx::test]
async fn templates_are_listed_in_pages_newest_first_and_by_time(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let mut ids = Vec::new();
    for day in 1..=5 {
        let id = create(&app, &fixed()).await;
        sqlx::query("UPDATE job_template SET created_at = make_timestamptz(2026, 1, $2, 0, 0, 0, 'UTC') WHERE id = $1")
            .bind(&id)
            .bind(day)
            .execute(&app.pool)
            .await
            .unwrap();
        ids.insert(0, id);
    }
    let list = async |query: &str| {
        let reply = app.client.get(&format!("/jobtemplates?{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let templates = reply.body["templates"].as_array().unwrap().iter();
        let found: Vec<_> = templates
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        (found, reply.body["nextToken"].as_str().map(str::to_owned))
    };
    let (mut found, mut next) = list("maxResults=2").await;
    assert_eq!(found.len(), 2);
    while let Some(token) = next {
        let (more, following) = list(&format!("maxResults=2&nextToken={token}")).await;
        found.extend(more);
        next = following;
    }
    assert_eq!(found, ids);
    let window = "createdAfter=2026-01-02T00:00:00Z&createdBefore=2026-01-04T00:00:00Z";
    assert_eq!(list(window).await, (ids[1..4].to_vec(), None));
    let reply = app.client.get("/jobtemplates?nextToken=abc").await;
    reply.invalid("Invalid next token.");
    let reply = app.client.get("/jobtemplates?maxResults=0").await;
    reply.refused_with(400, "ValidationException", "maxResults");
}

#[sqlx::test]
async fn what_a_template_holds_is_checked(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let driver = |submit: Value| {
        with(
            fixed(),
            json!({"jobDriver": {"sparkSubmitJobDriver": submit}}),
        )
    };
    let one_driver = "jobTemplateData.jobDriver must have exactly one of sparkSubmitJobDriver and \
                      sparkSqlJobDriver.";
    let both = json!({"jobDriver": {
        "sparkSubmitJobDriver": {"entryPoint": "x"}, "sparkSqlJobDriver": {}}});
    let number =
        json!({"parameterConfiguration": {"n": {"type": "NUMBER", "defaultValue": "s3cret"}}});
    for (data, message) in [
        (with(fixed(), json!({"jobDriver": {}})), one_driver),
        (with(fixed(), both), one_driver),
        (
            with(fixed(), json!({"executionRoleArn": "${role}"})),
            "jobTemplateData is not valid: Parameter role in executionRoleArn is not declared in \
             parameterConfiguration.",
        ),
        (
            driver(json!({"entryPoint": "x", "entryPointArguments": ["a", "${day}"]})),
            "jobTemplateData is not valid: Parameter day in \
             jobDriver.sparkSubmitJobDriver.entryPointArguments.2.member is not declared in \
             parameterConfiguration.",
        ),
        (
            driver(json!({"entryPoint": "x", "sparkSubmitParameters": "--conf ${pair}"})),
            "jobTemplateData is not valid: \
             jobDriver.sparkSubmitJobDriver.sparkSubmitParameters is not valid: Option --conf needs \
             KEY=VALUE. Parameter pair in jobDriver.sparkSubmitJobDriver.sparkSubmitParameters is \
             not declared in parameterConfiguration.",
        ),
        (
            with(fixed(), json!({"jobTags": {"aws:x": "y"}})),
            "aws: prefixed tag key names are not allowed for external use.",
        ),
        (
            with(fixed(), number),
            "jobTemplateData is not valid: The defaultValue of parameter n is not a number.",
        ),
    ] {
        app.client
            .post("/jobtemplates", &template(&data))
            .await
            .invalid(message);
    }
    let unknown = with(fixed(), json!({"releaseLabel": "emr-999.0.0-latest"}));
    let reply = app.client.post("/jobtemplates", &template(&unknown)).await;
    reply.not_found("Release emr-999.0.0-latest doesn't exist.");
    let bad = with(
        template(&fixed()),
        json!({"name": "a b", "kmsKeyArn": "mine"}),
    );
    let reply = app.client.post("/jobtemplates", &bad).await;
    reply.refused_with(400, "ValidationException", "2 validation errors detected");
    assert_eq!(app.count("job_template").await, 0);
}

#[sqlx::test]
async fn a_template_with_a_key_is_kept_sealed_where_there_is_a_master_key(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let secret = with(
        fixed(),
        json!({"jobDriver": {"sparkSubmitJobDriver":
        {"entryPoint": "s3://b/x.py", "entryPointArguments": ["s3cret"]}}}),
    );
    let request = with(template(&secret), json!({"kmsKeyArn": KEY}));
    let id = app.client.post("/jobtemplates", &request).await.text("id");
    let path = format!("/jobtemplates/{id}");
    let kept: String = sqlx::query_scalar("SELECT job_template::text FROM job_template")
        .fetch_one(&pool)
        .await
        .unwrap();
    let hex: String = "s3cret".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!kept.contains("s3cret") && !kept.contains(&hex), "{kept}");
    let found = app.client.get(&path).await.body["jobTemplate"].clone();
    assert_eq!(found["jobTemplateData"], secret);
    assert_eq!(found["kmsKeyArn"], KEY);
    let started = app.client.start(&cluster, &run_of(&id, &json!({}))).await;
    let run = describe_run(&app, &cluster, &started).await;
    assert_eq!(run["jobDriver"], secret["jobDriver"]);

    for (keys, reason) in [
        (
            None,
            "The data is sealed with a master key, and none is configured.",
        ),
        (
            Some(MasterKeys::parse(&MasterKeys::random()).unwrap()),
            "The data cannot be decrypted: it was sealed with a master key that is not among the \
             configured ones.",
        ),
    ] {
        let without = TestApp::changed(pool.clone(), &[], |app| app.master_keys = keys).await;
        let without = &without.client;
        let found = without.get(&path).await.body["jobTemplate"].clone();
        assert_eq!(found["decryptionError"], reason);
        assert_eq!(found.get("jobTemplateData"), None);
        assert_eq!(found["kmsKeyArn"], KEY);
        let listed = without.get("/jobtemplates").await;
        assert_eq!(listed.body["templates"], json!([found]));
        let reply = without.start(&cluster, &run_of(&id, &json!({}))).await;
        reply.invalid(&format!("Job template {id} is not readable: {reason}"));
    }
    app.client.delete(&path).await.text("id");

    let without = TestApp::changed(pool.clone(), &[], |app| app.master_keys = None).await;
    let without = &without.client;
    let id = without.post("/jobtemplates", &request).await.text("id");
    let found = without.get(&format!("/jobtemplates/{id}")).await.body["jobTemplate"].clone();
    assert_eq!(
        (&found["jobTemplateData"], &found["kmsKeyArn"]),
        (&secret, &json!(KEY))
    );
}
