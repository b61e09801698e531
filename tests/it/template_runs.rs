//! What a run gets from a job template.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::TestApp;
use crate::harness::client::{with, without};
use crate::job_templates::{ROLE, create, data, describe_run, fixed, run_of, template};

#[sqlx::test]
async fn a_run_has_what_its_template_says_with_the_given_values(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let id = create(&app, &data()).await;
    let value = "it's \"x\" --conf spark.evil=1 ${n} \\";
    // As Airflow sends it.
    let more = json!({"name": "tonight", "configurationOverrides": {}, "tags": {},
        "retryPolicyConfiguration": {"maxAttempts": 2}});
    let request = with(run_of(&id, &json!({"value": value, "n": "03"})), more);
    let started = app.client.start(&cluster, &request).await;
    let run = describe_run(&app, &cluster, &started).await;
    assert_eq!(run["name"], "tonight");
    assert_eq!(run["executionRoleArn"], ROLE);
    assert_eq!(run["releaseLabel"], "emr-7.12.0-latest");
    let submit = &run["jobDriver"]["sparkSubmitJobDriver"];
    assert_eq!(submit["entryPoint"], "s3://b/x.py");
    assert_eq!(submit["entryPointArguments"], json!([value, "--n=03"]));
    let words = shell_words(submit["sparkSubmitParameters"].as_str().unwrap());
    assert_eq!(
        words,
        [
            "--conf",
            &format!("spark.x={value}"),
            "--num-executors",
            "03"
        ]
    );
    assert_eq!(
        run["configurationOverrides"],
        json!({
            "applicationConfiguration": [{
                "classification": "spark-defaults",
                "properties":
                    {"spark.key": format!("<{value}>"), "spark.dir": "${spark.local.dir}"},
            }],
            "monitoringConfiguration": {
                "persistentAppUI": "ENABLED",
                "cloudWatchMonitoringConfiguration":
                    {"logGroupName": "/emr/g", "logStreamNamePrefix": value},
                "s3MonitoringConfiguration": {"logUri": "s3://b/logs"},
            },
        })
    );
    assert_eq!(run["tags"], json!({"team": value, "fixed": "1"}));
    assert_eq!(run["retryPolicyConfiguration"], json!({"maxAttempts": 2}));
}

/// What a POSIX shell makes of a text: another reader than ours.
fn shell_words(text: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {text}");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    output.lines().map(str::to_owned).collect()
}

#[sqlx::test]
async fn what_the_request_has_replaces_what_the_template_has(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let id = create(&app, &data()).await;
    let own = json!({
        "executionRoleArn": "arn:aws:iam::123456789012:role/other",
        "releaseLabel": "emr-7.0.0-latest",
        "jobDriver": {"sparkSqlJobDriver": {"entryPoint": "s3://own/q.sql"}},
        "configurationOverrides": {"applicationConfiguration": []},
        "tags": {"team": "own", "more": "2"},
    });
    let request = with(run_of(&id, &json!({"value": "v"})), own.clone());
    let started = app.client.start(&cluster, &request).await;
    let run = describe_run(&app, &cluster, &started).await;
    for member in ["executionRoleArn", "releaseLabel", "jobDriver"] {
        assert_eq!(run[member], own[member], "{member}");
    }
    let overrides = &run["configurationOverrides"];
    assert_eq!(overrides["applicationConfiguration"], json!([]));
    let s3 = &overrides["monitoringConfiguration"]["s3MonitoringConfiguration"];
    assert_eq!(s3["logUri"], "s3://b/logs");
    assert_eq!(
        run["tags"],
        json!({"team": "own", "fixed": "1", "more": "2"})
    );

    // Only what is left of the template needs values.
    let monitoring = json!({"monitoringConfiguration":
        {"s3MonitoringConfiguration": {"logUri": "s3://own"}}});
    let least = with(
        fixed(),
        json!({"jobDriver": {"sparkSubmitJobDriver":
        {"entryPoint": "${value}"}}, "parameterConfiguration": {"value": {}}}),
    );
    let id = create(&app, &least).await;
    let own = json!({"jobDriver": own["jobDriver"], "configurationOverrides": monitoring});
    let request = with(
        without(run_of(&id, &json!({})), "jobTemplateParameters"),
        own,
    );
    let started = app.client.start(&cluster, &request).await;
    let run = describe_run(&app, &cluster, &started).await;
    assert_eq!(run["configurationOverrides"], monitoring);
}

#[sqlx::test]
async fn what_does_not_fit_the_template_is_refused_in_its_order(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let id = create(&app, &data()).await;
    let wrong = json!({"n": "s3cret", "other": "s3cret"});
    let unknown = "jk518skp01ys9ka8b0npx9nt0";
    let start = async |cluster: &str, request: &Value| app.client.start(cluster, request).await;
    start(unknown, &run_of("abc", &wrong))
        .await
        .not_found(&format!("Virtual cluster {unknown} doesn't exist."));
    app.set_virtual_cluster(&cluster, "ARRESTED").await;
    start(&cluster, &run_of("abc", &wrong))
        .await
        .invalid("Virtual cluster state ARRESTED is not valid to create resource JobRun.");
    app.set_virtual_cluster(&cluster, "RUNNING").await;
    for unknown in ["abc", unknown] {
        let request = with(
            run_of(unknown, &wrong),
            json!({"releaseLabel": "emr-999.0.0"}),
        );
        let reply = start(&cluster, &request).await;
        reply.not_found(&format!("Job template {unknown} doesn't exist."));
    }
    let request = with(run_of(&id, &wrong), json!({"releaseLabel": "emr-999.0.0"}));
    start(&cluster, &request).await.invalid(
        "jobTemplateParameters are not valid: The value of parameter n is not a number. \
         Parameter other is not one of the job template's. Parameter value needs a value.",
    );
    let request = without(run_of(&id, &json!({"value": "v"})), "jobTemplateId");
    start(&cluster, &request)
        .await
        .invalid("jobTemplateParameters need a jobTemplateId.");
    assert_eq!(app.count("job_run").await, 0);
}

#[sqlx::test]
async fn what_comes_of_a_template_is_valid_like_any_request(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let id = create(&app, &data()).await;
    let long = "x".repeat(250);
    for (name, value, code, part) in [
        (
            "role",
            "me",
            "ValidationException",
            "Value at 'executionRoleArn' failed to satisfy",
        ),
        (
            "role",
            "arn:aws:iam::210987654321:role/x",
            "ValidationException",
            "Cross-account pass role is not allowed",
        ),
        (
            "release",
            "a b",
            "ValidationException",
            "at 'releaseLabel' failed to satisfy",
        ),
        (
            "release",
            "x",
            "ResourceNotFoundException",
            "Release x doesn't exist.",
        ),
        (
            "ui",
            "MAYBE",
            "ValidationException",
            "Value at 'configurationOverrides.monitoringConfiguration.persistentAppUI' failed \
             to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED]",
        ),
        (
            "bucket",
            &long,
            "ValidationException",
            "at 'jobDriver.sparkSubmitJobDriver.entryPoint' failed to satisfy constraint: Member \
             must have length less than or equal to 256",
        ),
        (
            "bucket",
            "/",
            "ValidationException",
            "logUri failed to satisfy constraint",
        ),
        (
            "group",
            "a b",
            "ValidationException",
            "logGroupName' failed to satisfy",
        ),
    ] {
        let request = run_of(&id, &with(json!({"value": "v"}), json!({name: value})));
        let reply = app.client.start(&cluster, &request).await;
        reply.refused_with(400, code, part);
    }
    // What a run must have and a template need not.
    let lacking = with(
        fixed(),
        json!({"configurationOverrides": {"monitoringConfiguration":
        {"cloudWatchMonitoringConfiguration": {"logStreamNamePrefix": "p"}}}}),
    );
    let id = create(&app, &lacking).await;
    let reply = app.client.start(&cluster, &run_of(&id, &json!({}))).await;
    reply.refused_with(
        400,
        "ValidationException",
        "logGroupName' failed to satisfy constraint: Member must not be null",
    );
    let many: serde_json::Map<_, _> = (0..26).map(|n| (format!("{n}"), json!("v"))).collect();
    let id = create(&app, &with(fixed(), json!({"jobTags": many}))).await;
    let more: serde_json::Map<_, _> = (25..51).map(|n| (format!("{n}"), json!("v"))).collect();
    let request = with(run_of(&id, &json!({})), json!({"tags": more}));
    let reply = app.client.start(&cluster, &request).await;
    reply.refused_with(
        400,
        "ValidationException",
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    );
    assert_eq!(app.count("job_run").await, 0);
}

#[sqlx::test]
async fn no_refusal_tells_a_value_given_to_a_template(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let p = "${p}";
    let monitoring = json!({"persistentAppUI": p,
        "cloudWatchMonitoringConfiguration": {"logGroupName": p, "logStreamNamePrefix": p},
        "s3MonitoringConfiguration": {"logUri": p}});
    let everywhere = with(
        fixed(),
        json!({"executionRoleArn": p, "jobTags": {p: p},
            "configurationOverrides": {"applicationConfiguration": [{"classification": p}],
                "monitoringConfiguration": monitoring},
            "parameterConfiguration": {"p": {"type": "STRING"}}}),
    );
    let id = create(&app, &everywhere).await;
    for value in [
        "hunter2 ?",
        &format!("hunter2{}", "x".repeat(600)),
        "\u{fffe}hunter2",
    ] {
        let request = run_of(&id, &json!({"p": value}));
        let reply = app.client.start(&cluster, &request).await;
        reply.refused_with(400, "ValidationException", "validation error");
        let told = &reply.body["message"];
        assert!(!told.to_string().contains("hunter2"), "{told}");
    }
}

#[sqlx::test]
async fn a_small_request_makes_no_run_longer_than_a_request_may_be(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let arguments = vec!["${p}".repeat(2_500); 10];
    let data = with(
        fixed(),
        json!({"parameterConfiguration": {"p": {}}, "jobDriver": {"sparkSubmitJobDriver":
            {"entryPoint": "local:///x.py", "entryPointArguments": arguments}}}),
    );
    let id = create(&app, &data).await;
    let request = run_of(&id, &json!({"p": "x".repeat(1_024)}));
    let reply = app.client.start(&cluster, &request).await;
    reply.invalid(
        "jobTemplateParameters are not valid: The run would have more than 2097152 bytes.",
    );
}

#[sqlx::test]
async fn a_replayed_start_outlives_its_template(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let id = create(&app, &fixed()).await;
    let request = run_of(&id, &json!({}));
    let first = app.client.start(&cluster, &request).await;
    first.text("id");
    app.client
        .delete(&format!("/jobtemplates/{id}"))
        .await
        .text("id");
    let again = app.client.start(&cluster, &request).await;
    assert_eq!(again.body, first.body);
    let other = with(request, json!({"jobTemplateParameters": {"a": "b"}}));
    let reply = app.client.start(&cluster, &other).await;
    reply.invalid("The client token has already been used with a different request.");
    let reply = app.client.start(&cluster, &run_of(&id, &json!({}))).await;
    reply.not_found(&format!("Job template {id} doesn't exist."));
}

#[sqlx::test]
async fn a_value_asks_for_no_more_than_its_giver_may(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let open = json!({
        "configurationOverrides": {"applicationConfiguration": [{
            "classification": "spark-defaults",
            "properties": {"spark.${key}": "${value}"},
        }]},
        "jobDriver": {"sparkSubmitJobDriver": {
            "entryPoint": "s3://b/x.py",
            "sparkSubmitParameters": "--conf spark.${word}=${value}",
        }},
        "parameterConfiguration": {"key": {}, "word": {}, "value": {}},
    });
    let id = create(&app, &with(fixed(), open)).await;
    let conf = "configurationOverrides.applicationConfiguration is not valid: ";
    let parameters = "jobDriver.sparkSubmitJobDriver.sparkSubmitParameters is not valid: ";
    let path = "kubernetes.driver.volumes.hostPath.a.options.path";
    let inline = "firesteel.executor.podTemplate";
    let no_path = "is not allowed: the cluster's policy allows no such path of a node.";
    for (key, word, value, message) in [
        (
            "kubernetes.namespace",
            "x",
            "v",
            format!("{conf}Property spark.kubernetes.namespace is not allowed."),
        ),
        (
            "x",
            "kubernetes.namespace",
            "v",
            format!("{parameters}Property spark.kubernetes.namespace is not allowed."),
        ),
        (
            "x",
            path,
            "/etc",
            format!("{parameters}Property spark.{path} {no_path}"),
        ),
        (
            inline,
            "x",
            "spec: {hostNetwork: true}",
            format!(
                "{conf}Executor pod template validation failed. Field spec.hostNetwork is not \
                 allowed: the cluster's policy does not allow it."
            ),
        ),
    ] {
        let values = json!({"key": key, "word": word, "value": value});
        let reply = app.client.start(&cluster, &run_of(&id, &values)).await;
        reply.invalid(&message);
    }

    let reserved = json!({"configurationOverrides": {"applicationConfiguration": [{
        "classification": "spark-defaults",
        "properties": {"spark.kubernetes.namespace": "s3cret", "spark.app.id": "${spark.x}"},
    }]}});
    let request = template(&with(fixed(), reserved));
    app.client.post("/jobtemplates", &request).await.invalid(
        "jobTemplateData is not valid: configurationOverrides.applicationConfiguration is not \
         valid: Property spark.kubernetes.namespace is not allowed.",
    );
}
