//! Runs that have more than one attempt, and what becomes of each.

use std::time::Duration;

use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::wire::{FailureReason, JobRun, JobRunState};
use serde_json::json;
use sqlx::PgPool;

use crate::harness::client::{job_run, with};
use crate::harness::cluster::{Call, exit, running};
use crate::harness::workers::{eventually, settings, with_policy};
use crate::harness::{TestApp, Workers};

async fn run_with(app: &TestApp, cluster: &str, attempts: u32) -> String {
    let policy = json!({"retryPolicyConfiguration": {"maxAttempts": attempts}});
    let request = with(job_run(), policy);
    app.client.start(cluster, &request).await.text("id")
}

async fn has_driver(app: &TestApp, run: &str, attempt: u32) {
    eventually("the attempt's driver is there", async || {
        (app.local.holder_of(run, attempt) == Some(HolderKind::Driver)).then_some(())
    })
    .await;
}

async fn count(app: &TestApp, cluster: &str, run: &str) -> Option<i32> {
    let found = app.client.describe_run(cluster, run).await;
    found
        .retry_policy_execution
        .map(|execution| execution.current_attempt_count)
}

/// The fault, the charge and the end of each attempt.
async fn ends(app: &TestApp) -> Vec<(Option<String>, bool, Option<String>)> {
    let query = "SELECT fault, charged, end_details FROM job_run_attempt ORDER BY number";
    sqlx::query_as(query).fetch_all(&app.pool).await.unwrap()
}

fn fault(ends: &[(Option<String>, bool, Option<String>)], attempt: usize) -> (&str, bool) {
    let (fault, charged, _) = &ends[attempt - 1];
    (fault.as_deref().unwrap_or("none"), *charged)
}

#[sqlx::test]
async fn a_driver_that_fails_is_followed_by_another(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = run_with(&app, &cluster, 2).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    assert_eq!(count(&app, &cluster, &run).await, Some(1));
    app.local.set_phase(&run, DriverPhase::Ended(exit(1)));
    has_driver(&app, &run, 2).await;
    assert_eq!(app.local.calls(Call::Sweep, &run), 1);
    app.reaches(&cluster, &run, JobRunState::Running).await;
    assert_eq!(count(&app, &cluster, &run).await, Some(2));
    app.local.set_phase(&run, running());
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    for attempt in [1, 2] {
        assert_eq!(app.local.drivers_created_of(&run, attempt), 1);
    }
    let ends = ends(&app).await;
    assert_eq!(fault(&ends, 1), ("JOB", true));
    assert_eq!(fault(&ends, 2), ("none", true));
    assert_eq!(ends[0].2.as_deref(), Some("Driver ended with exit code 1."));
}

#[sqlx::test]
async fn the_last_attempt_that_fails_ends_the_run(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = run_with(&app, &cluster, 3).await;
    for attempt in 1..=3 {
        has_driver(&app, &run, attempt).await;
        app.local.set_phase(&run, DriverPhase::Ended(exit(3)));
    }
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::UserError));
    assert_eq!(count(&app, &cluster, &run).await, Some(3));
    let ends = ends(&app).await;
    assert_eq!(ends.len(), 3);
    assert_eq!(fault(&ends, 3), ("JOB", true));
    assert_eq!(ends[2].2, failed.state_details);
}

#[sqlx::test]
async fn a_driver_that_its_node_did_not_take_is_followed_by_another_for_free(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    for attempt in 1..=3 {
        has_driver(&app, &run, attempt).await;
        app.local.set_node(&run, "node-1");
        let mut exit = exit(0);
        exit.code = None;
        exit.started_at = None;
        exit.reason = Some("NodeShutdown".to_owned());
        app.local.set_phase(&run, DriverPhase::Ended(exit));
    }
    has_driver(&app, &run, 4).await;
    assert_eq!(count(&app, &cluster, &run).await, None);
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    let ends = ends(&app).await;
    assert_eq!(fault(&ends, 1), ("PLATFORM", false));
    assert_eq!(fault(&ends, 3), ("PLATFORM", false));
}

#[sqlx::test]
async fn a_driver_that_is_lost_before_its_start_costs_no_attempt(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = run_with(&app, &cluster, 2).await;
    has_driver(&app, &run, 1).await;
    app.local.set_node(&run, "node-1");
    app.local.disrupt(&run, "DeletionByTaintManager");
    app.local.remove(&run);
    has_driver(&app, &run, 2).await;
    assert_eq!(count(&app, &cluster, &run).await, Some(1));
    let ends = ends(&app).await;
    assert_eq!(fault(&ends, 1), ("PLATFORM", false));
}

#[sqlx::test]
async fn a_started_driver_of_a_run_with_one_attempt_has_no_successor(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = run_with(&app, &cluster, 1).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_node(&run, "node-1");
    app.local.set_phase(&run, running());
    app.local.disrupt(&run, "DeletionByTaintManager");
    app.local.remove(&run);
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.contains("DeletionByTaintManager"), "{details}");
    assert_eq!(app.local.drivers_created_of(&run, 2), 0);
}

#[sqlx::test]
async fn a_run_is_cancelled_between_two_attempts(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let never = Duration::from_secs(3600);
    let _workers = Workers::start(
        &app,
        with_policy(|policy| {
            policy.retry_pause = never;
            policy.longest_retry_pause = never;
        }),
    );
    let run = run_with(&app, &cluster, 2).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(1)));
    eventually("the pause is told", async || {
        let found: JobRun = app.client.describe_run(&cluster, &run).await;
        let details = found.state_details.unwrap_or_default();
        let told = details.starts_with("Attempt 1 failed: Driver ended with exit code 1.")
            && details.contains("The next starts at ");
        told.then_some(())
    })
    .await;
    app.cancel(&cluster, &run).await;
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    let ends = ends(&app).await;
    assert_eq!(fault(&ends, 1), ("JOB", true));
    assert_eq!(app.local.drivers_created_of(&run, 2), 0);
}

#[sqlx::test]
async fn a_cancellation_waits_for_a_silent_cluster_only_so_long(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let hold = Duration::from_millis(500);
    let _workers = Workers::start(&app, with_policy(|policy| policy.lost_driver_hold = hold));
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_node(&run, "node-1");
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.local.set_unreachable(true);
    app.cancel(&cluster, &run).await;
    let ended = app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    let details = ended.state_details.unwrap();
    assert!(details.contains("local is not reachable"), "{details}");
    assert_eq!(app.local.holder(&run), Some(HolderKind::Driver));
    // Its driver is not forgotten.
    app.local.set_unreachable(false);
    eventually("the driver is deleted", async || {
        app.local.holder(&run).is_none().then_some(())
    })
    .await;
}

#[sqlx::test]
async fn a_pod_that_outlives_its_driver_is_deleted_and_no_other(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let outlived = app.client.job_run(&cluster).await;
    let ended = app.client.job_run(&cluster).await;
    for run in [&outlived, &ended] {
        app.reaches(&cluster, run, JobRunState::Submitted).await;
    }
    app.local.set_phase(&ended, DriverPhase::Ended(exit(0)));
    app.local.end_before_its_pod(&outlived, exit(0));
    app.reaches(&cluster, &ended, JobRunState::Completed).await;
    app.reaches(&cluster, &outlived, JobRunState::Completed)
        .await;
    eventually("the pod is deleted", async || {
        app.local.holder(&outlived).is_none().then_some(())
    })
    .await;
    assert_eq!(app.local.holder(&ended), Some(HolderKind::Driver));
}

#[sqlx::test]
async fn earlier_attempts_are_removed_while_the_run_goes_on(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let keep = Duration::from_millis(50);
    let _workers = Workers::start(&app, with_policy(|policy| policy.keep_driver = keep));
    let run = run_with(&app, &cluster, 2).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(1)));
    has_driver(&app, &run, 2).await;
    eventually("the first attempt is removed", async || {
        let query = "SELECT removed FROM job_run_attempt WHERE number = 1";
        let removed: bool = sqlx::query_scalar(query)
            .fetch_one(&app.pool)
            .await
            .unwrap();
        removed.then_some(())
    })
    .await;
    assert_eq!(app.local.holder_of(&run, 1), None);
    assert_eq!(app.local.holder_of(&run, 2), Some(HolderKind::Driver));
}

#[sqlx::test]
async fn a_run_has_a_longest_time(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let limit = json!({"configurationOverrides": {"applicationConfiguration": [
        {"classification": "firesteel", "properties": {"job-run-timeout": "1"}}
    ]}});
    let request = with(job_run(), limit);
    let run = app.client.start(&cluster, &request).await.text("id");
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.contains("job-run-timeout"), "{details}");
    assert_eq!(app.local.holder(&run), None);
}
