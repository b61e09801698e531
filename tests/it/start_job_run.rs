//! What StartJobRun accepts, what it refuses, and in which order it looks.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::TestApp;
use crate::harness::client::{job_run, virtual_cluster, with, without};

fn submit(more: Value) -> Value {
    let driver = with(json!({"entryPoint": "s3://b/x.py"}), more);
    json!({"jobDriver": {"sparkSubmitJobDriver": driver}})
}

fn log_uri(uri: &str) -> Value {
    json!({"configurationOverrides": {"monitoringConfiguration":
        {"s3MonitoringConfiguration": {"logUri": uri}}}})
}

#[sqlx::test]
async fn a_run_comes_back_as_it_was_asked_for(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = json!({
        "name": "a/b#c",
        "clientToken": "token-1",
        "executionRoleArn": "arn:aws:iam::123456789012:role/deep/job",
        "releaseLabel": "emr-6.15.0-latest",
        "jobDriver": {"sparkSubmitJobDriver": {
            "entryPoint": "s3://b/x.py",
            "entryPointArguments": ["--json", "{\"a\": [1, 2]}", "(x)"],
            "sparkSubmitParameters": "--conf spark.executor.instances=2 --class X",
        }},
        "configurationOverrides": {
            "applicationConfiguration": [{
                "classification": "spark-defaults",
                "properties": {"spark.driver.memory": "2G"},
                "configurations": [{"classification": "inner", "properties": {"a": "b"}}],
            }],
            "monitoringConfiguration": {
                "managedLogs": {"allowAWSToRetainLogs": "DISABLED"},
                "persistentAppUI": "ENABLED",
                "cloudWatchMonitoringConfiguration":
                    {"logGroupName": "/emr", "logStreamNamePrefix": "p"},
                "s3MonitoringConfiguration": {"logUri": "s3://logs/x"},
                "containerLogRotationConfiguration":
                    {"rotationSize": "10MB", "maxFilesToKeep": 3},
            },
        },
        "tags": {"a": "1", "empty": ""},
        "retryPolicyConfiguration": {"maxAttempts": 3},
    });
    let reply = app.client.start(&cluster, &request).await;
    let id = reply.text("id");
    assert_eq!(id.len(), 19);
    let arn = format!(
        "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/{cluster}/jobruns/{id}"
    );
    let started = json!({
        "id": id, "name": "a/b#c", "arn": arn, "virtualClusterId": cluster,
    });
    assert_eq!(reply.body, started);

    let path = format!("/virtualclusters/{cluster}/jobruns/{id}");
    let reply = app.client.get(&path).await;
    let run = &reply.body["jobRun"];
    for member in [
        "name",
        "clientToken",
        "executionRoleArn",
        "releaseLabel",
        "jobDriver",
        "configurationOverrides",
        "tags",
        "retryPolicyConfiguration",
    ] {
        assert_eq!(run[member], request[member], "{member}");
    }
    assert_eq!(run["id"], json!(id));
    assert_eq!(run["arn"], json!(arn));
    assert_eq!(run["virtualClusterId"], json!(cluster));
    assert_eq!(run["state"], "PENDING");
    assert_eq!(run["createdBy"], "arn:aws:iam::123456789012:root");
    assert_eq!(
        run["retryPolicyExecution"],
        json!({"currentAttemptCount": 0})
    );
    assert!(run["createdAt"].as_str().unwrap().ends_with('Z'));
    for absent in ["finishedAt", "failureReason", "stateDetails"] {
        assert_eq!(run.get(absent), None, "{absent}");
    }

    let reply = app
        .client
        .get(&format!("/virtualclusters/{cluster}/jobruns"))
        .await;
    let listed = &reply.body["jobRuns"][0];
    assert_eq!(*listed, without(run.clone(), "retryPolicyConfiguration"));
}

#[sqlx::test]
async fn little_is_needed_and_empty_things_are_accepted(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let least = without(without(job_run(), "name"), "executionRoleArn");
    let empty = json!({"configurationOverrides": {}, "tags": {}});
    let sql = json!({"jobDriver": {"sparkSqlJobDriver":
        {"entryPoint": "s3://b/q.sql", "sparkSqlParameters": "--conf a=b"}}});
    for request in [
        least,
        with(job_run(), empty),
        with(job_run(), sql),
        with(
            job_run(),
            json!({"executionRoleArn": "arn:aws:iam:::role/nobodys"}),
        ),
        with(
            job_run(),
            json!({"retryPolicyConfiguration": {"maxAttempts": 1}}),
        ),
        with(job_run(), log_uri("s3://bucket")),
    ] {
        let run = app.client.start(&cluster, &request).await.text("id");
        let found = app.client.describe_run(&cluster, &run).await;
        assert_eq!(found.name.is_some(), request.get("name").is_some());
        // One attempt is no policy.
        assert!(found.retry_policy_configuration.is_none());
        assert!(found.retry_policy_execution.is_none());
    }
}

#[sqlx::test]
async fn what_a_run_asks_for_is_checked(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let one_driver = "jobDriver must have exactly one of sparkSubmitJobDriver and \
                      sparkSqlJobDriver.";
    let attempts = "Retry policy configuration's parameter value of maxAttempts is invalid";
    let both = json!({"jobDriver": {
        "sparkSubmitJobDriver": {"entryPoint": "x"}, "sparkSqlJobDriver": {}}});
    let uri = "configurationOverrides.monitoringConfiguration.s3MonitoringConfiguration.logUri \
               failed to satisfy constraint : Member must be an S3 URI such as s3://bucket/prefix";
    let role = |account| json!({"executionRoleArn": format!("arn:aws:iam::{account}:role/x")});
    let twice = |inner: Value| {
        json!({"configurationOverrides": {"applicationConfiguration": [
            {"classification": "spark-env", "configurations": inner}]}})
    };
    let export = json!({"classification": "export", "properties": {"A": "s3cret"}});
    let duplicate = "configurationOverrides.applicationConfiguration is not valid: \
                     Classification export is given twice.";
    for (more, message) in [
        (twice(json!([export, export])), duplicate),
        (json!({"jobDriver": {}}), one_driver),
        (json!({"jobDriver": null}), one_driver),
        (both, one_driver),
        (log_uri("http://logs"), uri),
        (log_uri("s3:///x"), uri),
        (log_uri("logs"), uri),
        (
            json!({"retryPolicyConfiguration": {"maxAttempts": 0}}),
            attempts,
        ),
        (
            json!({"retryPolicyConfiguration": {"maxAttempts": -1}}),
            attempts,
        ),
        (
            role("210987654321"),
            "Cross-account pass role is not allowed: executionRoleArn belongs to account \
             210987654321, the caller to 123456789012.",
        ),
        (
            json!({"jobTemplateParameters": {"a": "b"}}),
            "jobTemplateParameters need a jobTemplateId.",
        ),
        (
            json!({"releaseLabel": null}),
            "1 validation error detected: Value null at 'releaseLabel' failed to satisfy \
             constraint: Member must not be null",
        ),
    ] {
        let reply = app.client.start(&cluster, &with(job_run(), more)).await;
        reply.invalid(message);
    }
    assert_eq!(app.count("job_run").await, 0);
}

#[sqlx::test]
async fn parameters_are_checked_and_only_the_word_in_question_is_shown(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for (parameters, word) in [
        ("--no-such-option x", "--no-such-option"),
        (
            "--conf spark.kubernetes.namespace=other --conf a=hunter2",
            "spark.kubernetes.namespace",
        ),
        ("--conf 'spark.x=hunter2", "quotation mark"),
    ] {
        let more = submit(json!({"sparkSubmitParameters": parameters}));
        let reply = app.client.start(&cluster, &with(job_run(), more)).await;
        let lead = "jobDriver.sparkSubmitJobDriver.sparkSubmitParameters is not valid: ";
        reply.refused_with(400, "ValidationException", lead);
        reply.refused_with(400, "ValidationException", word);
        assert!(!reply.body.to_string().contains("hunter2"));
    }
    let sql = json!({"jobDriver": {"sparkSqlJobDriver": {"sparkSqlParameters": "--nope"}}});
    let reply = app.client.start(&cluster, &with(job_run(), sql)).await;
    reply.refused_with(
        400,
        "ValidationException",
        "sparkSqlParameters is not valid",
    );
}

#[sqlx::test]
async fn releases_are_known_too_old_or_do_not_exist(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for label in ["emr-999.0.0-latest", "spark-3.5"] {
        let request = with(job_run(), json!({"releaseLabel": label}));
        let reply = app.client.start(&cluster, &request).await;
        reply.not_found(&format!("Release {label} doesn't exist."));
    }
    // A release of that cluster alone; a template may be for any cluster.
    let shared = virtual_cluster("team", "shared", "team-a");
    let shared = app
        .client
        .post("/virtualclusters", &shared)
        .await
        .text("id");
    let own = with(job_run(), json!({"releaseLabel": "spark-4.3.0"}));
    assert_eq!(app.client.start(&shared, &own).await.status, 200);
    let reply = app.client.start(&cluster, &own).await;
    reply.not_found("Release spark-4.3.0 doesn't exist.");
    let template = |label: &str| {
        json!({"name": label, "clientToken": label, "jobTemplateData": {
            "releaseLabel": label, "executionRoleArn": "arn:aws:iam::123456789012:role/x",
            "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "x"}}}})
    };
    let kept = app
        .client
        .post("/jobtemplates", &template("spark-4.3.0"))
        .await;
    assert_eq!(kept.status, 200, "{}", kept.body);
    let refused = app
        .client
        .post("/jobtemplates", &template("spark-4.4.0"))
        .await;
    refused.not_found("Release spark-4.4.0 doesn't exist.");
    let request = with(job_run(), json!({"releaseLabel": "emr-6.2.0-latest"}));
    let reply = app.client.start(&cluster, &request).await;
    reply.refused_with(400, "ValidationException", "is not supported");
}

#[sqlx::test]
async fn checks_come_in_their_order(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let worst = json!({
        "releaseLabel": "emr-999.0.0-latest",
        "jobDriver": {},
        "configurationOverrides": log_uri("no")["configurationOverrides"],
        "retryPolicyConfiguration": {"maxAttempts": 0},
        "executionRoleArn": "arn:aws:iam::210987654321:role/x",
    });
    let mut request = with(job_run(), worst);
    for unknown in ["jk518skp01ys9ka8b0npx9nt0", "abc"] {
        let reply = app.client.start(unknown, &request).await;
        reply.not_found(&format!("Virtual cluster {unknown} doesn't exist."));
    }
    for state in ["TERMINATING", "ARRESTED"] {
        app.set_virtual_cluster(&cluster, state).await;
        app.client.start(&cluster, &request).await.invalid(&format!(
            "Virtual cluster state {state} is not valid to create resource JobRun."
        ));
    }
    app.set_virtual_cluster(&cluster, "RUNNING").await;
    let bad_word = submit(json!({"sparkSubmitParameters": "--nope"}));
    for (part, mended) in [
        (
            "Release emr-999.0.0-latest",
            json!({"releaseLabel": "emr-7.0.0-latest"}),
        ),
        ("exactly one", bad_word),
        ("logUri", json!({"configurationOverrides": {}})),
        ("maxAttempts", json!({"retryPolicyConfiguration": null})),
        ("Cross-account", json!({"executionRoleArn": null})),
        ("--nope", submit(json!({}))),
    ] {
        let reply = app.client.start(&cluster, &request).await;
        let code = reply.body["__type"].as_str().unwrap().to_owned();
        reply.refused_with(400, &code, part);
        request = with(request, mended);
    }
    app.client.start(&cluster, &request).await.text("id");
}

#[sqlx::test]
async fn constraints_of_the_model_come_first_and_all_at_once(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let request = json!({"name": "", "clientToken": " ", "releaseLabel": "a b"});
    let reply = app.client.start("abc", &request).await;
    reply.refused_with(400, "ValidationException", "validation errors detected");
    for member in ["'name'", "'clientToken'", "'releaseLabel'"] {
        reply.refused_with(400, "ValidationException", member);
    }
}

fn submit_with(parameters: &str) -> Value {
    json!({"jobDriver": {"sparkSubmitJobDriver":
        {"entryPoint": "local:///a.py", "sparkSubmitParameters": parameters}}})
}

fn conf_with(classification: &str, properties: Value) -> Value {
    json!({"configurationOverrides": {"applicationConfiguration": [
        {"classification": classification, "properties": properties}]}})
}

#[sqlx::test]
async fn what_the_clusters_policy_refuses_is_refused_at_once(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let parameters = "jobDriver.sparkSubmitJobDriver.sparkSubmitParameters is not valid: ";
    let conf = "configurationOverrides.applicationConfiguration is not valid: ";
    let inline = "spark.firesteel.driver.podTemplate";
    for (more, message) in [
        (
            submit_with("--conf spark.kubernetes.namespace=kube-system"),
            format!("{parameters}Property spark.kubernetes.namespace is not allowed."),
        ),
        (
            conf_with("spark-defaults", json!({"spark.app.id": "s3cret"})),
            format!("{conf}Property spark.app.id is not allowed."),
        ),
        (
            submit_with(
                "--conf spark.kubernetes.executor.volumes.hostPath.a.options.path=/mnt/../s3cret",
            ),
            format!(
                "{parameters}Property \
                 spark.kubernetes.executor.volumes.hostPath.a.options.path is not allowed: the \
                 cluster's policy allows no such path of a node."
            ),
        ),
        (
            conf_with(
                "spark-defaults",
                json!({inline: "spec: {hostNetwork: true}"}),
            ),
            format!(
                "{conf}Driver pod template validation failed. Field spec.hostNetwork is not \
                 allowed: the cluster's policy does not allow it."
            ),
        ),
        (
            conf_with("spark-defaults", json!({inline: "s3cret: ["})),
            format!(
                "{conf}Driver pod template validation failed: it is not one YAML document with a \
                 Pod in it (line 1)."
            ),
        ),
        (
            submit_with("--conf spark.kubernetes.driver.podTemplateFile=/etc/s3cret"),
            format!(
                "{parameters}Property spark.kubernetes.driver.podTemplateFile must be an s3:// or \
                 s3a:// URI, an https:// URL, or configmap:NAME/KEY for a ConfigMap of the virtual \
                 cluster's namespace."
            ),
        ),
        // What else is wrong there hides nothing.
        (
            json!({"configurationOverrides": {"applicationConfiguration": [
                {"classification": "nobodys", "properties": {}, "configurations": [
                    {"classification": "spark-defaults",
                     "properties": {"spark.kubernetes.context": "s3cret"}}]},
            ]}}),
            format!("{conf}Property spark.kubernetes.context is not allowed."),
        ),
        (
            with(
                submit_with("--conf spark.kubernetes.driver.podTemplateFile=s3://b/s3cret"),
                conf_with("spark-defaults", json!({inline: "spec: {}"})),
            ),
            format!(
                "Properties spark.kubernetes.driver.podTemplateFile and {inline} are both set; a \
                 pod has one template."
            ),
        ),
    ] {
        let reply = app.client.start(&cluster, &with(job_run(), more)).await;
        reply.invalid(&message);
        assert!(!reply.body.to_string().contains("s3cret"));
    }
    // What is wrong with a classification itself ends the run, as the service's do.
    let unknown = with(job_run(), conf_with("nobodys", json!({})));
    app.client.start(&cluster, &unknown).await;
}
