//! The story of a job run, as whoever may describe the run reads it.

use firesteel::domain::job_run::{DriverPhase, Evidence, ExecutorTrouble, PodEvent};
use firesteel::wire::JobRunState;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::app::ACCOUNT;
use crate::harness::client::{job_run, with};
use crate::harness::cluster::{exit, running};
use crate::harness::workers::{eventually, settings};
use crate::harness::{TestApp, Workers};
use crate::operations::Resources;

fn events_of(cluster: &str, run: &str) -> String {
    format!("/firesteel/v1/virtualclusters/{cluster}/jobruns/{run}/events")
}

#[sqlx::test]
async fn a_run_tells_what_had_no_effect_and_what_became_of_it(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = with(
        job_run(),
        json!({"configurationOverrides": {
            "applicationConfiguration": [
                {"classification": "spark-defaults", "properties": {"own.secret": "s3cret"}},
            ],
            "monitoringConfiguration": {
                "s3MonitoringConfiguration": {"logUri": "s3://bucket/logs"},
            },
        }}),
    );
    let path = format!("/virtualclusters/{cluster}/jobruns");
    let run = app.client.post(&path, &request).await.text("id");
    let empty = app.client.get(&events_of(&cluster, &run)).await;
    assert_eq!((empty.status, &empty.body), (200, &json!({"events": []})));

    let _workers = Workers::start(&app, settings());
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;

    let whole = app.client.get(&events_of(&cluster, &run)).await;
    let events = whole.body["events"].as_array().unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            (text("kind"), text("state"), text("text"))
        })
        .collect();
    let kinds: Vec<_> = told
        .iter()
        .map(|(kind, state, _)| format!("{kind} {state}"))
        .collect();
    assert_eq!(
        kinds,
        [
            "NOTE ",
            "NOTE ",
            "ATTEMPT ",
            "STATE SUBMITTED",
            "STATE RUNNING",
            "STATE COMPLETED"
        ]
    );
    assert!(told[0].2.contains("own.secret"), "{told:?}");
    assert!(told[1].2.contains("s3MonitoringConfiguration"), "{told:?}");
    assert_eq!(told[2].2, format!("Driver spark-{run}-driver"));
    assert!(told[5].2.starts_with("JobRun completed"), "{told:?}");
    assert!(!whole.body.to_string().contains("s3cret"));
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["number"], index + 1);
        assert!(event["at"].as_str().unwrap().ends_with('Z'));
    }

    let mut pages: Vec<Value> = Vec::new();
    let mut query = "?maxResults=4".to_owned();
    loop {
        let page = app
            .client
            .get(&format!("{}{query}", events_of(&cluster, &run)))
            .await;
        pages.extend(page.body["events"].as_array().unwrap().clone());
        match page.body.get("nextToken") {
            Some(token) => query = format!("?maxResults=4&nextToken={}", token.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(&pages, events);
}

#[sqlx::test]
async fn what_the_cluster_said_of_a_failed_drivers_pods_is_told_once_and_without_secrets(
    pool: PgPool,
) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    *app.local.evidence.lock().unwrap() = Evidence {
        log: Some("ValueError: password=hunter2 is wrong".to_owned()),
        pod_events: vec![PodEvent {
            reason: "FailedMount".to_owned(),
            message: "mount failed: token=abcdef".to_owned(),
            warning: true,
            count: 3,
            at: Timestamp::UNIX_EPOCH,
        }],
        executors: vec![ExecutorTrouble {
            name: "exec-1".to_owned(),
            reason: "OOMKilled".to_owned(),
            message: None,
            exit_code: Some(137),
        }],
    };
    let _workers = Workers::start(&app, settings());
    let policy = json!({"retryPolicyConfiguration": {"maxAttempts": 2}});
    let request = with(job_run(), policy);
    let run = app.client.start(&cluster, &request).await.text("id");
    for attempt in [1, 2] {
        eventually("its driver is there", async || {
            app.local.holder_of(&run, attempt).map(drop)
        })
        .await;
        app.local.set_phase(&run, DriverPhase::Ended(exit(1)));
    }
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.contains("ValueError: password=***"), "{details}");

    let story = app.client.get(&events_of(&cluster, &run)).await.body;
    let events = story["events"].as_array().unwrap();
    let pods: Vec<_> = events
        .iter()
        .filter(|event| event["kind"] == "POD")
        .map(|event| {
            (
                event["attempt"].as_i64().unwrap(),
                event["text"].as_str().unwrap(),
            )
        })
        .collect();
    let mount = "FailedMount: mount failed: token=*********(redacted)";
    let executor = "Executor exec-1: OOMKilled, exit code 137";
    assert_eq!(pods, [(1, mount), (1, executor), (2, mount), (2, executor)]);
    assert!(!story.to_string().contains("hunter2"), "{story}");
}

#[sqlx::test]
async fn a_story_is_for_who_may_describe_the_run(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let owner = app.signed(ACCOUNT, None).await;
    let resources = Resources::new(&owner, ACCOUNT).await;
    let (cluster, run) = (&resources.virtual_cluster, &resources.job_run);
    let path = events_of(cluster, run);

    let reply = app.client.get(&path).await;
    let code = "MissingAuthenticationTokenException";
    reply.refused(403, code, "Missing Authentication Token");
    let policy = |action: &str| {
        json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": format!("emr-containers:{action}"), "Resource": "*"}})
    };
    let able = app.signed(ACCOUNT, Some(policy("DescribeJobRun"))).await;
    assert_eq!(able.get(&path).await.status, 200);
    let unable = app.signed(ACCOUNT, Some(policy("ListJobRuns"))).await;
    for run in [run.as_str(), "000000035ee16lm6uri"] {
        let reply = unable.get(&events_of(cluster, run)).await;
        let resource = resources.arn(&format!("/virtualclusters/{cluster}/jobruns/{run}"));
        let message = format!(
            "User: arn:aws:iam::{ACCOUNT}:user/someone is not authorized to perform: \
             emr-containers:DescribeJobRun on resource: {resource} because no identity-based \
             policy allows the emr-containers:DescribeJobRun action"
        );
        reply.refused(403, "AccessDeniedException", &message);
    }

    let stranger = app.signed("210987654321", None).await;
    for (cluster, run) in [
        (cluster.as_str(), run.as_str()),
        (cluster.as_str(), "000000035ee16lm6uri"),
        ("absentvirtualcluster00000", run.as_str()),
    ] {
        let reply = stranger.get(&events_of(cluster, run)).await;
        let message = format!("Job run {run} doesn't exist.");
        reply.refused(400, "ResourceNotFoundException", &message);
    }
}

#[sqlx::test]
async fn a_malformed_request_for_a_story_is_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let resources = Resources::new(&app.client, ACCOUNT).await;
    let path = events_of(&resources.virtual_cluster, &resources.job_run);
    let get = async |query: &str| app.client.get(&format!("{path}{query}")).await;
    get("?nextToken=nobodys")
        .await
        .invalid("Invalid next token.");
    get("?maxResults=0")
        .await
        .refused_with(400, "ValidationException", "maxResults");
    get("?maxResults=x")
        .await
        .refused_with(400, "SerializationException", "maxResults");
    let short = app
        .client
        .get(&events_of(&resources.virtual_cluster, "x"))
        .await;
    short.invalid("Invalid job run short id");
    let posted = app.client.post(&path, &json!({})).await;
    assert_eq!(posted.status, 405, "{}", posted.body);
    let elsewhere = app.client.get("/firesteel/v1/nothing").await;
    assert_eq!(elsewhere.status, 404);
}
