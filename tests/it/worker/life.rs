//! The life of a run whose cluster does as it is told.

use std::time::Duration;

use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::wire::{FailureReason, JobRunState};
use sqlx::PgPool;

use crate::harness::cluster::{Call, exit, running, waiting};
use crate::harness::workers::{eventually, settings, with_policy};
use crate::harness::{TestApp, Workers};

#[sqlx::test]
async fn a_good_run_walks_through_its_states(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Pending).await;

    let _workers = Workers::start(&app, settings());
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    let done = app.reaches(&cluster, &run, JobRunState::Completed).await;
    assert!(done.finished_at.is_some());
    assert_eq!(done.failure_reason, None);
    let details = done.state_details.unwrap();
    assert!(details.starts_with("JobRun completed"), "{details}");
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_driver_that_fails_says_why(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    let mut exit = exit(1);
    exit.message = Some("Traceback ...\nValueError: no such column".to_owned());
    app.local.set_phase(&run, DriverPhase::Ended(exit));
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::UserError));
    let details = failed.state_details.unwrap();
    assert!(details.contains("ValueError: no such column"), "{details}");
}

#[sqlx::test]
async fn a_finished_driver_is_kept_for_its_time_and_then_deleted(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let keep = Duration::from_millis(300);
    let _workers = Workers::start(&app, with_policy(|policy| policy.keep_driver = keep));
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    assert_eq!(app.local.holder(&run), Some(HolderKind::Driver));
    eventually("the driver is deleted", async || {
        app.local.holder(&run).is_none().then_some(())
    })
    .await;
    let query = "SELECT now() - finished_at >= interval '300 ms' FROM job_run";
    let kept: bool = sqlx::query_scalar(query)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!(kept);
    eventually("the work on it ends", async || {
        (app.count("work").await == 0).then_some(())
    })
    .await;
    assert_eq!(app.local.calls(Call::Sweep, &run), 1);
    app.reaches(&cluster, &run, JobRunState::Completed).await;
}

#[sqlx::test]
async fn a_run_is_cancelled_before_anything_exists(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    app.cancel(&cluster, &run).await;
    let _workers = Workers::start(&app, settings());
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    assert_eq!(app.local.drivers_created(&run), 0);
    eventually("nothing is left to do", async || {
        (app.count("work").await == 0).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn a_running_driver_is_deleted_by_a_cancellation(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_node(&run, "node-1");
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.cancel(&cluster, &run).await;
    let ended = app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    assert_eq!(ended.failure_reason, None);
    assert_eq!(app.local.holder(&run), None);
    assert_eq!(app.local.calls(Call::Delete, &run), 1);
}

#[sqlx::test]
async fn a_driver_that_somebody_else_deletes_is_a_failure(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_node(&run, "node-1");
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.local.remove(&run);
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.contains("deleted by someone else"), "{details}");
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_driver_that_does_not_start_in_time_is_ended(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let limit = Duration::from_secs(1);
    let _workers = Workers::start(&app, with_policy(|policy| policy.start_timeout = limit));
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    let why = waiting(
        "Unschedulable",
        "0/1 nodes are available: 1 Insufficient cpu.",
    );
    app.local.set_phase(&run, why);
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.starts_with("JobRun timed out"), "{details}");
    assert!(details.contains("Insufficient cpu"), "{details}");
    assert_eq!(app.local.holder(&run), None);
}

#[sqlx::test]
async fn an_image_that_cannot_be_pulled_is_told_while_it_lasts_and_ends_the_run(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let limit = Duration::from_millis(500);
    let _workers = Workers::start(
        &app,
        with_policy(|policy| policy.image_pull_timeout = limit),
    );
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    let why = "manifest for spark:none not found";
    app.local.set_phase(&run, waiting("ErrImagePull", why));
    eventually("the wait is explained", async || {
        let found = app.client.describe_run(&cluster, &run).await;
        let details = found.state_details.unwrap_or_default();
        details.contains(why).then_some(())
    })
    .await;
    app.local.set_phase(&run, waiting("ImagePullBackOff", why));
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::UserError));
    assert!(failed.state_details.unwrap().contains("image"));
    assert_eq!(app.local.holder(&run), None);
}
