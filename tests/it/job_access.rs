//! Who may start runs, from templates or without, and who may see them.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::app::ACCOUNT;
use crate::harness::client::{job_run, virtual_cluster, with};
use crate::harness::{Client, Reply, TestApp};

const ROLE: &str = "arn:aws:iam::123456789012:role/job";
const OTHER_ROLE: &str = "arn:aws:iam::123456789012:role/other";

struct Bench {
    app: TestApp,
    /// May do everything.
    admin: Client,
    cluster: String,
}

impl Bench {
    async fn new(pool: PgPool) -> Self {
        let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
        let admin = app.bearer(ACCOUNT, None).await;
        let request = virtual_cluster("a", "local", "jobs");
        let cluster = admin.post("/virtualclusters", &request).await.text("id");
        Self {
            app,
            admin,
            cluster,
        }
    }

    /// A caller with these statements.
    async fn caller(&self, statements: Value) -> Client {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        self.app.bearer(ACCOUNT, Some(policy)).await
    }

    /// A template whose role and tag are parameters, and its ARN.
    async fn template(&self) -> (String, String) {
        let request = json!({
            "name": "nightly",
            "clientToken": Uuid::new_v4().to_string(),
            "tags": {"team": "data"},
            "jobTemplateData": {
                "executionRoleArn": "${role}",
                "releaseLabel": "emr-7.12.0-latest",
                "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://b/x.py"}},
                "jobTags": {"team": "${team}"},
                "parameterConfiguration":
                    {"role": {"defaultValue": ROLE}, "team": {"defaultValue": "data"}},
            },
        });
        let reply = self.admin.post("/jobtemplates", &request).await;
        (reply.text("id"), reply.text("arn"))
    }

    fn cluster_arn(&self) -> String {
        format!(
            "arn:aws:emr-containers:us-east-1:{ACCOUNT}:/virtualclusters/{}",
            self.cluster
        )
    }
}

fn run_of(template: &str) -> Value {
    json!({
        "clientToken": Uuid::new_v4().to_string(),
        "jobTemplateId": template,
        "configurationOverrides": {},
        "tags": {},
    })
}

fn allow(action: &str) -> Value {
    json!({"Effect": "Allow", "Action": format!("emr-containers:{action}"), "Resource": "*"})
}

fn when(statement: Value, operator: &str, key: &str, value: &str) -> Value {
    with(statement, json!({"Condition": {operator: {key: value}}}))
}

#[track_caller]
fn denied(reply: &Reply, operation: &str, resource: &str) {
    let start = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/someone is not authorized to perform: \
         emr-containers:{operation} on resource: {resource} "
    );
    reply.refused_with(403, "AccessDeniedException", &start);
}

#[sqlx::test]
async fn who_may_run_only_a_template_brings_nothing_of_their_own(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (id, arn) = bench.template().await;
    let (other, _) = bench.template().await;
    let of_the_template = when(
        allow("StartJobRun"),
        "ArnEquals",
        "emr-containers:JobTemplateArn",
        &arn,
    );
    let caller = bench
        .caller(json!([of_the_template, allow("DescribeJobTemplate")]))
        .await;
    let cluster = &bench.cluster;
    let request = run_of(&id);
    let first = caller.start(cluster, &request).await;
    first.text("id");
    assert_eq!(caller.start(cluster, &request).await.body, first.body);
    let named = json!({"name": "x", "tags": {"a": "b"}, "jobTemplateParameters": {"team": "x"}});
    caller
        .start(cluster, &with(run_of(&id), named))
        .await
        .text("id");

    let driver = json!({"sparkSubmitJobDriver": {"entryPoint": "s3://evil/x.py"}});
    let conf = json!([{"classification": "spark-defaults"}]);
    let logs = json!({"s3MonitoringConfiguration": {"logUri": "s3://evil"}});
    for own in [
        json!({"executionRoleArn": OTHER_ROLE}),
        json!({"releaseLabel": "emr-7.0.0-latest"}),
        json!({"jobDriver": driver}),
        json!({"configurationOverrides": {"applicationConfiguration": conf}}),
        json!({"configurationOverrides": {"monitoringConfiguration": logs}}),
    ] {
        let reply = caller.start(cluster, &with(run_of(&id), own)).await;
        denied(&reply, "StartJobRun", &bench.cluster_arn());
    }
    for request in [job_run(), run_of(&other), run_of("abc")] {
        let reply = caller.start(cluster, &request).await;
        denied(&reply, "StartJobRun", &bench.cluster_arn());
    }
}

#[sqlx::test]
async fn what_is_denied_for_a_template_stays_denied_with_overrides(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (id, arn) = bench.template().await;
    let deny = with(
        when(
            allow("StartJobRun"),
            "ArnLike",
            "emr-containers:JobTemplateArn",
            &arn,
        ),
        json!({"Effect": "Deny"}),
    );
    let caller = bench.caller(json!([allow("*"), deny])).await;
    let driver = json!({"jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "x"}}});
    for request in [run_of(&id), with(run_of(&id), driver)] {
        let reply = caller.start(&bench.cluster, &request).await;
        denied(&reply, "StartJobRun", &bench.cluster_arn());
    }
    caller.start(&bench.cluster, &job_run()).await.text("id");
}

#[sqlx::test]
async fn a_run_of_a_template_needs_the_right_to_read_it(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (id, arn) = bench.template().await;
    let caller = bench.caller(json!([allow("StartJobRun")])).await;
    let unknown = arn.replace(&id, "abc");
    for (id, arn) in [(id.as_str(), &arn), ("abc", &unknown)] {
        let reply = caller.start(&bench.cluster, &run_of(id)).await;
        denied(&reply, "DescribeJobTemplate", arn);
    }
    let of_the_team = when(
        allow("DescribeJobTemplate"),
        "StringEquals",
        "aws:ResourceTag/team",
        "data",
    );
    let caller = bench
        .caller(json!([allow("StartJobRun"), of_the_team]))
        .await;
    caller.start(&bench.cluster, &run_of(&id)).await.text("id");
}

#[sqlx::test]
async fn conditions_see_the_role_and_the_tags_that_the_run_would_have(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (id, _) = bench.template().await;
    let role = when(
        allow("StartJobRun"),
        "ArnEquals",
        "emr-containers:ExecutionRoleArn",
        ROLE,
    );
    let tag = when(
        allow("StartJobRun"),
        "StringEquals",
        "aws:RequestTag/team",
        "data",
    );
    for (statement, parameters, own) in [
        (
            role,
            json!({"role": OTHER_ROLE}),
            json!({"executionRoleArn": OTHER_ROLE}),
        ),
        (
            tag,
            json!({"team": "other"}),
            json!({"tags": {"team": "other"}}),
        ),
    ] {
        let caller = bench
            .caller(json!([statement, allow("DescribeJobTemplate")]))
            .await;
        let start = async |more: Value| {
            let request = with(run_of(&id), more);
            caller.start(&bench.cluster, &request).await
        };
        start(json!({})).await.text("id");
        let by_parameter = start(json!({"jobTemplateParameters": parameters})).await;
        denied(&by_parameter, "StartJobRun", &bench.cluster_arn());
        denied(&start(own).await, "StartJobRun", &bench.cluster_arn());
        // Whoever may start it is told what is wrong with the rest.
        let reply = start(json!({"jobTemplateParameters": {"unknown": "x"}})).await;
        reply.refused_with(400, "ValidationException", "Parameter unknown");
    }
}

#[sqlx::test]
async fn a_denied_role_is_denied_in_every_spelling(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (id, _) = bench.template().await;
    let deny = json!({"Effect": "Deny", "Action": "emr-containers:StartJobRun", "Resource": "*"});
    let deny = when(
        deny,
        "StringEquals",
        "emr-containers:ExecutionRoleArn",
        OTHER_ROLE,
    );
    let caller = bench.caller(json!([allow("*"), deny])).await;
    // A role of no account is the caller's.
    let short = OTHER_ROLE.replace(ACCOUNT, "");
    for request in [
        with(job_run(), json!({"executionRoleArn": OTHER_ROLE})),
        with(job_run(), json!({"executionRoleArn": short})),
        with(run_of(&id), json!({"executionRoleArn": short})),
        with(
            run_of(&id),
            json!({"jobTemplateParameters": {"role": short}}),
        ),
    ] {
        let reply = caller.start(&bench.cluster, &request).await;
        denied(&reply, "StartJobRun", &bench.cluster_arn());
    }
    let strange = OTHER_ROLE.replace("arn:aws:", "arn:aws-cn:");
    let request = with(job_run(), json!({"executionRoleArn": strange}));
    let reply = caller.start(&bench.cluster, &request).await;
    reply.refused_with(
        400,
        "ValidationException",
        "executionRoleArn belongs to partition aws-cn",
    );
    let other = with(
        job_run(),
        json!({"executionRoleArn": ROLE.replace(ACCOUNT, "")}),
    );
    caller.start(&bench.cluster, &other).await.text("id");
}

#[sqlx::test]
async fn a_replay_asks_for_the_same_right(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let request = job_run();
    bench.admin.start(&bench.cluster, &request).await.text("id");
    let role = when(
        allow("StartJobRun"),
        "ArnEquals",
        "emr-containers:ExecutionRoleArn",
        OTHER_ROLE,
    );
    let caller = bench.caller(json!([role])).await;
    let other = with(request.clone(), json!({"name": "other"}));
    for request in [request, other] {
        let reply = caller.start(&bench.cluster, &request).await;
        denied(&reply, "StartJobRun", &bench.cluster_arn());
    }
}

#[sqlx::test]
async fn who_may_not_learns_nothing_about_runs(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let tagged = with(job_run(), json!({"tags": {"team": "data"}}));
    let run = bench.admin.start(&bench.cluster, &tagged).await.text("id");
    let nobody = bench.caller(json!([allow("ListVirtualClusters")])).await;
    let account = format!("arn:aws:emr-containers:us-east-1:{ACCOUNT}:");
    for cluster in [bench.cluster.as_str(), "abc"] {
        let list = format!("/virtualclusters/{cluster}/jobruns");
        let reply = nobody.get(&list).await;
        denied(
            &reply,
            "ListJobRuns",
            &format!("{account}/virtualclusters/{cluster}"),
        );
        let reply = nobody.start(cluster, &job_run()).await;
        denied(
            &reply,
            "StartJobRun",
            &format!("{account}/virtualclusters/{cluster}"),
        );
        for run in [run.as_str(), "000000035ee16lm6uri", "abc"] {
            let path = format!("{list}/{run}");
            let arn = format!("{account}{path}");
            denied(&nobody.get(&path).await, "DescribeJobRun", &arn);
            denied(&nobody.delete(&path).await, "CancelJobRun", &arn);
        }
    }
    let of_the_team = json!([
        when(
            allow("DescribeJobRun"),
            "StringEquals",
            "aws:ResourceTag/team",
            "data"
        ),
        when(
            allow("CancelJobRun"),
            "StringEquals",
            "aws:ResourceTag/team",
            "data"
        ),
        allow("ListJobRuns"),
    ]);
    let team = bench.caller(of_the_team).await;
    let list = format!("/virtualclusters/{}/jobruns", bench.cluster);
    assert_eq!(team.get(&list).await.status, 200);
    let path = format!("{list}/{run}");
    assert_eq!(team.get(&path).await.status, 200);
    assert_eq!(team.delete(&path).await.status, 200);
    let untagged = bench
        .admin
        .start(&bench.cluster, &job_run())
        .await
        .text("id");
    let path = format!("{list}/{untagged}");
    denied(
        &team.get(&path).await,
        "DescribeJobRun",
        &format!("{account}{path}"),
    );
}

#[sqlx::test]
async fn who_may_do_what_to_templates(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (id, arn) = bench.template().await;
    let nobody = bench.caller(json!([allow("ListVirtualClusters")])).await;
    let request = json!({
        "name": "a", "clientToken": "t", "tags": {"team": "data"},
        "jobTemplateData": {"executionRoleArn": ROLE, "releaseLabel": "emr-7.12.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "x"}}},
    });
    denied(
        &nobody.post("/jobtemplates", &request).await,
        "CreateJobTemplate",
        "*",
    );
    denied(&nobody.get("/jobtemplates").await, "ListJobTemplates", "*");
    let unknown = arn.replace(&id, "abc");
    for (id, arn) in [(id.as_str(), &arn), ("abc", &unknown)] {
        let path = format!("/jobtemplates/{id}");
        denied(&nobody.get(&path).await, "DescribeJobTemplate", arn);
        denied(&nobody.delete(&path).await, "DeleteJobTemplate", arn);
    }
    let of_the_team = json!([
        when(
            allow("CreateJobTemplate"),
            "StringEquals",
            "aws:RequestTag/team",
            "data"
        ),
        when(
            allow("DescribeJobTemplate"),
            "StringEquals",
            "aws:ResourceTag/team",
            "data"
        ),
        when(
            allow("DeleteJobTemplate"),
            "StringEquals",
            "aws:ResourceTag/team",
            "data"
        ),
        allow("ListJobTemplates"),
    ]);
    let team = bench.caller(of_the_team).await;
    let created = team.post("/jobtemplates", &request).await.text("id");
    let other = with(request, json!({"clientToken": "u", "tags": {}}));
    denied(
        &team.post("/jobtemplates", &other).await,
        "CreateJobTemplate",
        "*",
    );
    assert_eq!(team.get("/jobtemplates").await.status, 200);
    for id in [created, id] {
        let path = format!("/jobtemplates/{id}");
        assert_eq!(team.get(&path).await.status, 200);
        assert_eq!(team.delete(&path).await.status, 200);
    }
    let stranger = bench.app.bearer("210987654321", None).await;
    let (id, _) = bench.template().await;
    let path = format!("/jobtemplates/{id}");
    let message = format!("Job template {id} doesn't exist.");
    stranger.get(&path).await.not_found(&message);
    stranger
        .delete(&path)
        .await
        .invalid("Template does not exist");
    assert_eq!(
        stranger.get("/jobtemplates").await.body,
        json!({"templates": []})
    );
    let cluster = virtual_cluster("b", "local", "theirs");
    let cluster = stranger.post("/virtualclusters", &cluster).await.text("id");
    stranger
        .start(&cluster, &run_of(&id))
        .await
        .not_found(&message);
}
