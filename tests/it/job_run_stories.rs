//! The story of a run in one document, at once or when something has come of the run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use firesteel::domain::ids::AccessKeyId;
use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::worker;
use futures::FutureExt as _;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::signer;
use crate::harness::app::ACCOUNT;
use crate::harness::client::{job_run, with};
use crate::harness::cluster::{exit, running, waiting};
use crate::harness::proxy::Proxy;
use crate::harness::workers::{eventually, settings};
use crate::harness::{Client, Reply, TestApp, Workers};

/// Longer than anything takes that a test waits for.
const LIMIT: Duration = Duration::from_secs(20);
/// Nobody looks by himself: who is woken is told.
const NEVER_POLLED: (&str, &str) = ("API__FOLLOWING__POLL_INTERVAL", "1h");
const SOON_POLLED: (&str, &str) = ("API__FOLLOWING__POLL_INTERVAL", "20ms");

pub fn story_of(cluster: &str, run: &str) -> String {
    format!("/firesteel/v1/virtualclusters/{cluster}/jobruns/{run}")
}

/// A request under way. Where too many wait just now it is made again, as clients do.
fn asks(client: &Client, path: String) -> JoinHandle<Reply> {
    let client = client.clone();
    tokio::spawn(async move {
        loop {
            let reply = client.get(&path).await;
            if reply.body["__type"] != "ThrottlingException" {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    })
}

async fn answer(asked: JoinHandle<Reply>) -> Reply {
    timeout(LIMIT, asked)
        .await
        .expect("it is answered")
        .unwrap()
}

async fn state(asked: JoinHandle<Reply>) -> String {
    let reply = answer(asked).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["jobRun"]["state"].as_str().unwrap().to_owned()
}

#[sqlx::test]
async fn a_story_has_the_run_its_attempts_and_its_events(pool: PgPool) {
    let app = TestApp::with(pool, &[NEVER_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = story_of(&cluster, &run);
    let story = app.client.get(&path).await.body;
    assert_eq!(story["attempts"], json!([]));
    assert_eq!(story["events"], json!([]));
    assert_eq!(story["waitsFor"], "Its first driver is not created yet.");

    let _workers = Workers::start(&app, settings());
    let submitted = asks(&app.client, format!("{path}?waitFor=SUBMITTED"));
    assert_eq!(state(submitted).await, "SUBMITTED");
    app.local
        .set_phase(&run, waiting("ImagePullBackOff", "no such image"));
    let story = eventually("the wait is told", async || {
        let story = app.client.get(&path).await.body;
        (story["attempts"][0]["reason"] == "ImagePullBackOff").then_some(story)
    })
    .await;
    assert_eq!(story["attempts"][0]["phase"], "WAITING");
    let told = story["waitsFor"].as_str().unwrap();
    assert!(told.contains("no such image"), "{told}");

    let over = asks(&app.client, format!("{path}?waitFor=terminal"));
    app.local.set_phase(&run, running());
    app.local.set_node(&run, "node-1");
    app.local.set_phase(&run, DriverPhase::Ended(exit(3)));
    let story = answer(over).await.body;
    let described = app.client.get(&path.replace("/firesteel/v1", "")).await;
    assert_eq!(story["jobRun"], described.body["jobRun"]);
    assert_eq!(story["jobRun"]["state"], "FAILED");
    assert_eq!(story.get("waitsFor"), None);
    let attempt = &story["attempts"][0];
    assert_eq!(attempt["number"], 1);
    assert_eq!(attempt["driverName"], format!("spark-{run}-driver"));
    assert_eq!(attempt["namespace"], "jobs");
    assert_eq!(attempt["phase"], "ENDED");
    assert_eq!(attempt["exitCode"], 3);
    assert_eq!(attempt["node"], "node-1");
    for time in ["begunAt", "createdAt", "startedAt", "endedAt"] {
        assert!(attempt[time].as_str().unwrap().ends_with('Z'), "{time}");
    }
    let events = app.client.get(&format!("{path}/events")).await;
    assert_eq!(story["events"], events.body["events"]);
}

#[sqlx::test]
async fn a_story_tells_each_attempt_and_whose_failure_it_was(pool: PgPool) {
    let app = TestApp::with(pool, &[NEVER_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let policy = json!({"retryPolicyConfiguration": {"maxAttempts": 2}});
    let run = app.client.start(&cluster, &with(job_run(), policy)).await;
    let run = run.text("id");
    for attempt in 1..=2 {
        eventually("the attempt has its driver", async || {
            (app.local.holder_of(&run, attempt) == Some(HolderKind::Driver)).then_some(())
        })
        .await;
        app.local.set_phase(&run, running());
        app.local
            .set_phase(&run, DriverPhase::Ended(exit(attempt.cast_signed())));
    }
    let over = format!("{}?waitFor=terminal", story_of(&cluster, &run));
    let story = answer(asks(&app.client, over)).await.body;
    assert_eq!(story["jobRun"]["state"], "FAILED");
    let attempts = story["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    let first = &attempts[0];
    assert_eq!(
        (&first["fault"], &first["charged"]),
        (&json!("JOB"), &json!(true))
    );
    assert_eq!(first["details"], "Driver ended with exit code 1.");
    assert!(first["retryAt"].is_string(), "{first}");
    let second = &attempts[1];
    assert_eq!(second["driverName"], format!("spark-{run}-driver-2"));
    assert_eq!(
        (&second["exitCode"], second.get("retryAt")),
        (&json!(2), None)
    );
}

#[sqlx::test]
async fn a_long_story_goes_on_in_the_list_of_events(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__DEFAULT_PAGE_SIZE", "2")]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    for state in ["SUBMITTED", "RUNNING", "COMPLETED"] {
        app.set_run(&run, state).await;
    }
    let path = story_of(&cluster, &run);
    let story = app.client.get(&path).await;
    assert_eq!(story.body["events"].as_array().unwrap().len(), 2);
    let token = story.text("nextToken");
    let rest = app
        .client
        .get(&format!("{path}/events?nextToken={token}"))
        .await;
    assert_eq!(rest.body["events"][0]["state"], "COMPLETED");
}

#[sqlx::test]
async fn a_wait_ends_when_its_state_or_the_end_comes_or_has_come(pool: PgPool) {
    let app = TestApp::with(pool, &[SOON_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let wait = |states: &str| {
        let path = format!("{}?waitFor={states}", story_of(&cluster, &run));
        asks(&app.client, path)
    };
    assert_eq!(state(wait("PENDING")).await, "PENDING");
    let running = wait("RUNNING,CANCEL_PENDING");
    let completed = wait("COMPLETED");
    app.set_run(&run, "SUBMITTED").await;
    // It never will be.
    assert_eq!(state(wait("PENDING")).await, "SUBMITTED");
    app.set_run(&run, "RUNNING").await;
    assert_eq!(state(running).await, "RUNNING");
    assert!(!completed.is_finished());
    app.set_run(&run, "FAILED").await;
    assert_eq!(state(completed).await, "FAILED");
    assert_eq!(state(wait("RUNNING")).await, "FAILED");
}

#[sqlx::test]
async fn a_wait_ends_in_time_and_the_limit_of_requests_does_not_cut_it(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__REQUEST_TIMEOUT", "300ms")]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    for seconds in [0, 1] {
        let path = format!(
            "{}?waitFor=RUNNING&timeout={seconds}",
            story_of(&cluster, &run)
        );
        let started = Instant::now();
        assert_eq!(state(asks(&app.client, path)).await, "PENDING");
        assert!(started.elapsed() >= Duration::from_secs(seconds));
    }
}

#[sqlx::test]
async fn a_malformed_wait_is_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let get = async |query: &str| {
        let path = format!("{}?{query}", story_of(&cluster, &run));
        app.client.get(&path).await
    };
    let states = "PENDING, SUBMITTED, RUNNING, CANCEL_PENDING, COMPLETED, FAILED, CANCELLED";
    get("waitFor=DONE").await.invalid(&format!(
        "1 validation error detected: Value 'DONE' at 'waitFor' failed to satisfy constraint: \
         Member must satisfy enum value set: [{states}, terminal]"
    ));
    for (query, code, part) in [
        ("waitFor=", "ValidationException", "waitFor"),
        ("waitFor=RUNNING,", "ValidationException", "waitFor"),
        (
            "waitFor=RUNNING&timeout=x",
            "SerializationException",
            "timeout",
        ),
        (
            "waitFor=RUNNING&timeout=301",
            "ValidationException",
            "less than or equal to 300",
        ),
        (
            "waitFor=RUNNING&timeout=-1",
            "ValidationException",
            "greater than or equal to 0",
        ),
    ] {
        get(query).await.refused_with(400, code, part);
    }
    let unknown = story_of(&cluster, "000000035ee16lm6uri");
    let reply = app.client.get(&format!("{unknown}?waitFor=RUNNING")).await;
    reply.not_found("Job run 000000035ee16lm6uri doesn't exist.");
    let posted = app.client.post(&unknown, &json!({})).await;
    assert_eq!(posted.status, 405, "{}", posted.body);
}

#[sqlx::test]
async fn what_is_answered_late_is_for_who_may_have_it_then(pool: PgPool) {
    let settings = [
        ("API__AUTH", "sigv4"),
        ("API__FOLLOWING__MAX_PER_ACCOUNT", "2"),
        SOON_POLLED,
    ];
    let app = TestApp::with(pool, &settings).await;
    let owner = app.signed(ACCOUNT, None).await;
    let policy = |action: &str| {
        json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": format!("emr-containers:{action}"), "Resource": "*"}})
    };
    let able = app.signed(ACCOUNT, Some(policy("DescribeJobRun"))).await;
    let unable = app.signed(ACCOUNT, Some(policy("ListJobRuns"))).await;
    let stranger = app.signed("210987654321", None).await;
    let cluster = owner.virtual_cluster("jobs").await;
    let run = owner.job_run(&cluster).await;
    let path = format!("{}?waitFor=RUNNING", story_of(&cluster, &run));
    let reply = unable.get(&path).await;
    reply.refused_with(
        403,
        "AccessDeniedException",
        "emr-containers:DescribeJobRun",
    );
    let reply = stranger.get(&path).await;
    reply.not_found(&format!("Job run {run} doesn't exist."));

    let (kept, revoked) = (asks(&owner, path.clone()), asks(&able, path.clone()));
    all_wait(&owner, &path).await;
    let key = AccessKeyId::parse(signer(&able).access_key_id).unwrap();
    app.app
        .store
        .revoke_access_key(&key)
        .await
        .unwrap()
        .unwrap();
    app.set_run(&run, "RUNNING").await;
    assert_eq!(state(kept).await, "RUNNING");
    answer(revoked)
        .await
        .refused_with(403, "UnrecognizedClientException", "invalid");
}

/// Waits until as many requests of the account wait as may at a time. `path` is one's.
async fn all_wait(client: &Client, path: &str) {
    eventually("one more is refused", async || {
        let reply = client.get(&format!("{path}&timeout=0")).await;
        (reply.status == 400).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn many_wait_without_a_connection_to_the_database_and_not_too_many(pool: PgPool) {
    const MANY: usize = 200;
    let app = TestApp::with(pool, &[SOON_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let runs = [
        app.client.job_run(&cluster).await,
        app.client.job_run(&cluster).await,
    ];
    let path = |run: &String| format!("{}?waitFor=COMPLETED", story_of(&cluster, run));
    let waiting: Vec<_> = runs
        .iter()
        .cycle()
        .take(MANY)
        .map(|run| asks(&app.client, path(run)))
        .collect();
    let one_more = || async {
        let path = format!("{}&timeout=0", path(&runs[0]));
        let request = app.client.request(Method::GET, &path);
        request.send().await.unwrap()
    };
    let refused = eventually("no more are served", async || {
        let answer = one_more().await;
        (answer.status() == 400).then_some(answer)
    })
    .await;
    assert_eq!(refused.headers()["x-amzn-errortype"], "ThrottlingException");
    assert_eq!(refused.headers()["retry-after"], "5");
    let text: Value = refused.json().await.unwrap();
    let text = text["message"].as_str().unwrap();
    assert!(text.contains("200 times already"), "{text}");

    assert!(app.pool.size() <= 10, "{}", app.pool.size());
    assert_eq!(
        app.client
            .describe_run(&cluster, &runs[0])
            .await
            .id
            .as_ref(),
        Some(&runs[0])
    );
    for run in &runs {
        app.set_run(run, "COMPLETED").await;
    }
    let answers = timeout(LIMIT, join_all(waiting)).await.unwrap();
    let states: BTreeSet<_> = answers
        .into_iter()
        .map(|reply| reply.unwrap().body["jobRun"]["state"].to_string())
        .collect();
    assert_eq!(states, BTreeSet::from(["\"COMPLETED\"".to_owned()]));
    assert_eq!(one_more().await.status(), 200);
}

#[sqlx::test]
async fn who_leaves_makes_room(pool: PgPool) {
    let one = [("API__FOLLOWING__MAX_PER_ACCOUNT", "1")];
    let app = TestApp::with(pool, &one).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = format!("{}?waitFor=RUNNING", story_of(&cluster, &run));
    let now = format!("{path}&timeout=0");
    let first = asks(&app.client, path.clone());
    all_wait(&app.client, &path).await;
    first.abort();
    eventually("there is room", async || {
        (app.client.get(&now).await.status == 200).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn a_server_that_ends_answers_who_waits(pool: PgPool) {
    let one = ("API__FOLLOWING__MAX_PER_ACCOUNT", "1");
    let app = TestApp::with(pool, &[NEVER_POLLED, one]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = format!("{}?waitFor=RUNNING", story_of(&cluster, &run));
    let waits = asks(&app.client, format!("{path}&timeout=300"));
    all_wait(&app.client, &path).await;
    app.running.cancel();
    assert_eq!(state(waits).await, "PENDING");
}

#[sqlx::test]
async fn a_wait_outlives_an_absence_of_the_database(pool: PgPool) {
    let (proxy, wire) = Proxy::before(&pool).await;
    let one = ("API__FOLLOWING__MAX_PER_ACCOUNT", "1");
    let app = TestApp::with(wire, &[SOON_POLLED, one]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = format!("{}?waitFor=COMPLETED", story_of(&cluster, &run));
    let waits = asks(&app.client, path.clone());
    all_wait(&app.client, &path).await;
    proxy.cut();
    let refused = app.client.get(&path).await;
    refused.refused_with(503, "ServiceUnavailableException", "Try again");
    assert!(!waits.is_finished());
    proxy.restore();
    eventually("the database is back", async || {
        let answer = app.client.get(&story_of(&cluster, &run)).await;
        (answer.status == 200).then_some(())
    })
    .await;
    app.set_run(&run, "COMPLETED").await;
    assert_eq!(state(waits).await, "COMPLETED");
}

#[sqlx::test]
async fn what_another_replica_does_is_heard_at_once(pool: PgPool) {
    let app = TestApp::with(pool, &[NEVER_POLLED]).await;
    let replica = app.replica(&[NEVER_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let shutdown = CancellationToken::new();
    let _ended = shutdown.clone().drop_guard();
    let (store, wakes) = (app.app.store.clone(), app.app.wakes.clone());
    tokio::spawn(worker::send_wakes(store, wakes, shutdown.clone()));
    let (store, wakes) = (replica.app.store.clone(), replica.app.wakes.clone());
    let url = listen_url(&app.pool);
    tokio::spawn(worker::hear_wakes(store, wakes, url, shutdown));
    let path = format!("{}?waitFor=CANCEL_PENDING", story_of(&cluster, &run));
    let waits = asks(&replica.client, path);
    eventually("it listens", async || {
        let listening = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND query LIKE 'LISTEN%'",
        );
        let listening = listening.fetch_one(&app.pool).await.unwrap();
        (listening > 0).then_some(())
    })
    .await;
    assert!(!waits.is_finished());
    app.cancel(&cluster, &run).await;
    assert_eq!(state(waits).await, "CANCEL_PENDING");
}

fn listen_url(pool: &PgPool) -> String {
    let options = pool.connect_options();
    let host = options.get_socket().map_or_else(
        || options.get_host().to_owned(),
        |path| path.display().to_string(),
    );
    format!(
        "postgres://{}@localhost/{}?host={host}&port={}",
        options.get_username(),
        options.get_database().unwrap(),
        options.get_port(),
    )
}

/// Nobody waits for what nobody asked for.
#[sqlx::test]
async fn a_wait_that_nobody_makes_costs_nothing(pool: PgPool) {
    let app = TestApp::with(pool, &[SOON_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = format!("{}?waitFor=RUNNING&timeout=0", story_of(&cluster, &run));
    assert_eq!(app.client.get(&path).await.status, 200);
    let woken = app.app.wakes.runs();
    // The poller ends, and does not take what would wake the next one.
    eventually("nobody polls", async || {
        app.app.wakes.run_changed_locally();
        tokio::time::sleep(Duration::from_millis(100)).await;
        woken.notified().now_or_never()
    })
    .await;
}
