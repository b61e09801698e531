//! Limits of virtual clusters, from the request to the drivers that there are.

use std::time::Duration;

use firesteel::domain::job_run::DriverPhase;
use firesteel::wire::{FailureReason, JobRunState};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::client::{job_run, virtual_cluster, with};
use crate::harness::cluster::{Call, exit, running};
use crate::harness::workers::{eventually, settings, with_policy};
use crate::harness::{TestApp, Workers};

/// A virtual cluster with these limits.
async fn limited(app: &TestApp, namespace: &str, limits: Value) -> String {
    let request = with(
        virtual_cluster("a", "local", namespace),
        json!({"schedulerConfiguration": limits}),
    );
    app.client
        .post("/virtualclusters", &request)
        .await
        .text("id")
}

async fn set_limits(app: &TestApp, cluster: &str, limits: Value) {
    let path = format!("/virtualclusters/{cluster}");
    let token = Uuid::new_v4().to_string();
    let body = json!({"clientToken": token, "schedulerConfiguration": limits});
    let request = app.client.request(reqwest::Method::PATCH, &path);
    app.client.send(request.json(&body)).await.ok::<Value>();
}

/// What is shown of the runs that count: those in the queue and those that run.
async fn status(app: &TestApp, cluster: &str) -> [i32; 2] {
    let shown = app.client.describe(cluster).await;
    let status = shown.scheduler_status.unwrap();
    let listed = app.client.get("/virtualclusters").await;
    let of = |shown: &Value| shown["id"] == cluster;
    let clusters = listed.body["virtualClusters"].as_array().unwrap();
    let listed = clusters.iter().find(|shown| of(shown)).unwrap();
    assert_eq!(
        listed["schedulerStatus"],
        serde_json::to_value(&status).unwrap()
    );
    [
        status.current_in_queue_job_runs.unwrap(),
        status.current_concurrent_job_runs.unwrap(),
    ]
}

/// Work is found by being woken, and not by looking.
fn without_polling() -> firesteel::worker::Settings {
    let mut settings = settings();
    settings.poll = Duration::from_secs(3600);
    settings
}

#[sqlx::test]
async fn a_full_queue_refuses_what_it_does_not_know(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = limited(&app, "jobs", json!({"maxInQueueJobRuns": 2})).await;
    let first = job_run();
    let run = app.client.start(&cluster, &first).await.text("id");
    app.client.job_run(&cluster).await;
    assert_eq!(status(&app, &cluster).await, [2, 0]);
    let reply = app.client.start(&cluster, &job_run()).await;
    reply.invalid(&format!(
        "The queue of virtual cluster {cluster} is full: maxInQueueJobRuns allows 2 job runs in \
         PENDING or SUBMITTED. Start the job run later, or raise the limit with \
         UpdateVirtualCluster."
    ));
    assert_eq!(app.count("job_run").await, 2);
    // A known client token is answered with its run, and known as another's where it is.
    assert_eq!(app.client.start(&cluster, &first).await.text("id"), run);
    let other = with(first, json!({"name": "other"}));
    let reply = app.client.start(&cluster, &other).await;
    reply.invalid("The client token has already been used with a different request.");
    // Other virtual clusters have queues of their own.
    let free = app.client.virtual_cluster("free").await;
    app.client.job_run(&free).await;

    let _workers = Workers::start(&app, settings());
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(
        status(&app, &cluster).await,
        [2, 0],
        "a driver that does not run"
    );
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    assert_eq!(status(&app, &cluster).await, [1, 1]);
    app.client.job_run(&cluster).await;
    let reply = app.client.start(&cluster, &job_run()).await;
    reply.refused_with(400, "ValidationException", "is full");
    set_limits(&app, &cluster, json!({"maxInQueueJobRuns": 3})).await;
    app.client.job_run(&cluster).await;
}

#[sqlx::test]
async fn runs_over_the_limit_wait_for_slots_in_their_order(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 2})).await;
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(app.client.job_run(&cluster).await);
    }
    let _workers = Workers::start(&app, without_polling());
    for (place, run) in runs.iter().enumerate() {
        app.reaches(&cluster, run, JobRunState::Submitted).await;
        for waiting in runs.iter().skip(place + 2) {
            let found = app.client.describe_run(&cluster, waiting).await;
            assert_eq!(found.state, Some(JobRunState::Pending));
            assert_eq!(
                found.state_details,
                Some(format!(
                    "Waiting for one of the 2 concurrent job runs of virtual cluster {cluster}."
                ))
            );
            for call in [Call::Prepare, Call::Create] {
                assert_eq!(app.local.calls(call, waiting), 0, "nothing is done for it");
            }
        }
        app.local.set_phase(run, running());
        app.reaches(&cluster, run, JobRunState::Running).await;
        app.local.set_phase(run, DriverPhase::Ended(exit(0)));
        app.reaches(&cluster, run, JobRunState::Completed).await;
    }
    assert_eq!(status(&app, &cluster).await, [0, 0]);
}

#[sqlx::test]
async fn a_run_that_waits_is_cancelled_and_takes_no_slot(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 1})).await;
    let _workers = Workers::start(&app, without_polling());
    let first = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &first, JobRunState::Submitted).await;
    let second = app.client.job_run(&cluster).await;
    let third = app.client.job_run(&cluster).await;
    app.cancel(&cluster, &second).await;
    app.reaches(&cluster, &second, JobRunState::Cancelled).await;
    app.cancel(&cluster, &first).await;
    app.reaches(&cluster, &first, JobRunState::Cancelled).await;
    app.reaches(&cluster, &third, JobRunState::Submitted).await;
    assert_eq!(app.local.drivers_created(&second), 0);
}

#[sqlx::test]
async fn a_slot_is_kept_over_a_crash_and_freed_by_the_end(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 1})).await;
    let first = app.client.job_run(&cluster).await;
    let second = app.client.job_run(&cluster).await;
    let workers = Workers::start(&app, settings());
    app.reaches(&cluster, &first, JobRunState::Submitted).await;
    workers.crash().await;
    app.let_leases_end().await;
    let _workers = Workers::start(&app, settings());
    app.local.set_phase(&first, running());
    app.reaches(&cluster, &first, JobRunState::Running).await;
    assert_eq!(app.local.drivers_created(&second), 0);
    app.local.set_phase(&first, DriverPhase::Ended(exit(1)));
    app.reaches(&cluster, &first, JobRunState::Failed).await;
    app.reaches(&cluster, &second, JobRunState::Submitted).await;
}

#[sqlx::test]
async fn who_waits_for_too_long_fails_and_says_why(pool: PgPool) {
    let app = TestApp::with(pool, &[("WORKER__QUEUE_TIMEOUT", "1")]).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 1})).await;
    let timeout = Duration::from_secs(1);
    let _workers = Workers::start(&app, with_policy(|policy| policy.queue_timeout = timeout));
    let first = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &first, JobRunState::Submitted).await;
    let second = app.client.job_run(&cluster).await;
    let failed = app.reaches(&cluster, &second, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::UserError));
    assert_eq!(
        failed.state_details,
        Some(format!(
            "JobRun timed out in the queue. For 1 s virtual cluster {cluster} had none of its 1 \
             concurrent job runs (maxConcurrentJobRuns) free for it."
        ))
    );
    assert_eq!(app.local.drivers_created(&second), 0);
    let first = app.client.describe_run(&cluster, &first).await;
    assert_eq!(first.state, Some(JobRunState::Submitted), "it has its slot");
}

#[sqlx::test]
async fn who_may_wait_for_ever_begins_when_the_limit_goes(pool: PgPool) {
    let app = TestApp::with(pool, &[("WORKER__QUEUE_TIMEOUT", "0")]).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 1})).await;
    let mut settings = without_polling();
    settings.policy.queue_timeout = Duration::ZERO;
    let _workers = Workers::start(&app, settings);
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(app.client.job_run(&cluster).await);
    }
    app.reaches(&cluster, &runs[0], JobRunState::Submitted)
        .await;
    assert_eq!(app.count("work WHERE waiting").await, 2);
    set_limits(&app, &cluster, json!({"maxConcurrentJobRuns": 2})).await;
    app.reaches(&cluster, &runs[1], JobRunState::Submitted)
        .await;
    assert_eq!(app.local.drivers_created(&runs[2]), 0);
    set_limits(&app, &cluster, json!({})).await;
    app.reaches(&cluster, &runs[2], JobRunState::Submitted)
        .await;
}

#[sqlx::test]
async fn a_priority_puts_a_run_before_others_that_wait(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 1})).await;
    let tagged = |value: &str| {
        let tags = json!({"tags": {"firesteel.dev/priority": value}});
        with(job_run(), tags)
    };
    for wrong in ["high", "1001", ""] {
        let reply = app.client.start(&cluster, &tagged(wrong)).await;
        reply.invalid(
            "The value of tag firesteel.dev/priority must be a whole number from -1000 to 1000.",
        );
    }
    let usual = app.client.job_run(&cluster).await;
    let first = app.client.start(&cluster, &tagged("10")).await.text("id");
    let _workers = Workers::start(&app, settings());
    app.reaches(&cluster, &first, JobRunState::Submitted).await;
    assert_eq!(app.local.drivers_created(&usual), 0);
    app.local.set_phase(&first, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &usual, JobRunState::Submitted).await;
}

#[sqlx::test]
async fn another_process_hears_of_a_free_slot(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let cluster = limited(&app, "jobs", json!({"maxConcurrentJobRuns": 1})).await;
    let first = app.client.job_run(&cluster).await;
    let workers = Workers::start(&app, settings());
    app.reaches(&cluster, &first, JobRunState::Submitted).await;
    app.client.job_run(&cluster).await;
    let local = firesteel::domain::ids::ClusterId::parse("local").unwrap();
    let heard = firesteel::store::Store::from_pool(pool);
    let url = crate::cli::url(&app.pool);
    let mut listener = heard.listen(&url).await.unwrap();
    app.local.set_phase(&first, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &first, JobRunState::Completed).await;
    let told = async { while !listener.recv().await.unwrap().clusters.contains(&local) {} };
    tokio::time::timeout(Duration::from_secs(20), told)
        .await
        .expect("the slot is announced");
    workers.stop().await;
}

#[sqlx::test]
async fn a_crowded_namespace_keeps_its_latest_drivers(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let mut settings = settings();
    settings.tidy.period = Duration::from_millis(200);
    settings.tidy.most_ended_drivers = 1;
    let _workers = Workers::start(&app, settings);
    let mut runs = Vec::new();
    for _ in 0..3 {
        let run = app.client.job_run(&cluster).await;
        app.reaches(&cluster, &run, JobRunState::Submitted).await;
        app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
        app.reaches(&cluster, &run, JobRunState::Completed).await;
        runs.push(run);
    }
    eventually("all but the latest are gone", async || {
        let left: Vec<_> = runs
            .iter()
            .map(|run| app.local.holder(run).is_some())
            .collect();
        (left == [false, false, true]).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn old_runs_are_deleted_where_that_is_asked_for(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let soon = Duration::from_millis(50);
    let mut settings = with_policy(|policy| policy.keep_driver = soon);
    settings.tidy.period = Duration::from_millis(200);
    settings.tidy.keep_job_runs = Some(soon);
    let _workers = Workers::start(&app, settings);
    let request = job_run();
    let run = app.client.start(&cluster, &request).await.text("id");
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    let live = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &live, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    eventually("it is deleted", async || {
        let path = format!("/virtualclusters/{cluster}/jobruns/{run}");
        (app.client.get(&path).await.status != 200).then_some(())
    })
    .await;
    assert_ne!(app.client.start(&cluster, &request).await.text("id"), run);
    app.reaches(&cluster, &live, JobRunState::Submitted).await;
}

/// A driver whose run the database has lost, as after a backup was put back.
async fn orphan(app: &TestApp) -> String {
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let workers = Workers::start(app, settings());
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    workers.stop().await;
    for table in ["work", "job_run_event", "job_run_attempt", "job_run"] {
        let delete = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
        sqlx::query(delete).execute(&app.pool).await.unwrap();
    }
    run
}

#[sqlx::test]
async fn an_object_of_no_run_is_deleted_once_two_lists_have_shown_it(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let run = orphan(&app).await;
    let _workers = Workers::that_delete_unknown_objects(&app, settings());
    let cluster = app.client.virtual_cluster("others").await;
    let witness = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &witness, JobRunState::Submitted)
        .await;
    app.local.set_phase(&witness, running());
    app.reaches(&cluster, &witness, JobRunState::Running).await;
    assert_eq!(app.local.calls(Call::Delete, &run), 0, "one list");
    app.local.set_watch_down(true);
    app.local.set_watch_down(false);
    eventually("the second list", async || {
        app.local.holder(&run).is_none().then_some(())
    })
    .await;
    assert!(app.local.holder(&witness).is_some());
}

#[sqlx::test]
async fn an_object_of_no_run_stays_where_nobody_asked_for_its_deletion(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let run = orphan(&app).await;
    let _workers = Workers::start(&app, settings());
    let cluster = app.client.virtual_cluster("others").await;
    for phase in [running(), DriverPhase::Ended(exit(0))] {
        // Each time the watch begins with a list.
        let witness = app.client.job_run(&cluster).await;
        app.reaches(&cluster, &witness, JobRunState::Submitted)
            .await;
        app.local.set_watch_down(true);
        app.local.set_watch_down(false);
        app.local.set_phase(&witness, phase);
        eventually("the list is compared", async || {
            let found = app.client.describe_run(&cluster, &witness).await;
            (found.state != Some(JobRunState::Submitted)).then_some(())
        })
        .await;
    }
    assert!(app.local.holder(&run).is_some());
    assert_eq!(app.local.calls(Call::Delete, &run), 0);
}
