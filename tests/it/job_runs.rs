//! Describe and cancel job runs.

use firesteel::wire::{FailureReason, JobRunState};
use serde_json::json;
use sqlx::PgPool;

use crate::harness::TestApp;
use crate::harness::client::{job_run, with};

#[sqlx::test]
async fn malformed_unknown_and_other_peoples_runs_are_told_apart(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let other = app.client.virtual_cluster("others").await;
    let run = app.client.job_run(&other).await;
    for id in ["short", "0000000000000000000000000"] {
        let path = format!("/virtualclusters/{cluster}/jobruns/{id}");
        app.client
            .get(&path)
            .await
            .invalid("Invalid job run short id");
        app.client
            .delete(&path)
            .await
            .invalid("Invalid job run short id");
    }
    for (cluster, id) in [
        (cluster.as_str(), "000000035ee16lm6uri"),
        (cluster.as_str(), run.as_str()),
        ("abc", run.as_str()),
    ] {
        let path = format!("/virtualclusters/{cluster}/jobruns/{id}");
        let unknown = format!("Job run {id} doesn't exist.");
        app.client.get(&path).await.not_found(&unknown);
        app.client.delete(&path).await.not_found(&unknown);
    }
}

#[sqlx::test]
async fn a_run_is_cancelled_once(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for state in ["PENDING", "SUBMITTED", "RUNNING"] {
        let run = app.client.job_run(&cluster).await;
        app.set_run(&run, state).await;
        let path = format!("/virtualclusters/{cluster}/jobruns/{run}");
        let reply = app.client.delete(&path).await;
        reply.ok::<serde_json::Value>();
        assert_eq!(reply.body, json!({"id": run, "virtualClusterId": cluster}));
        let found = app.client.describe_run(&cluster, &run).await;
        assert_eq!(found.state, Some(JobRunState::CancelPending));
        assert_eq!(found.finished_at, None);
        let again = app.client.delete(&path).await;
        again.invalid(&format!("Job run {run} is not in a cancellable state"));
    }
}

#[sqlx::test]
async fn a_run_that_is_over_is_not_cancelled(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for state in ["COMPLETED", "FAILED", "CANCELLED"] {
        let run = app.client.job_run(&cluster).await;
        app.set_run(&run, state).await;
        let path = format!("/virtualclusters/{cluster}/jobruns/{run}");
        let reply = app.client.delete(&path).await;
        reply.invalid(&format!("Job run {run} is not in a cancellable state"));
        let found = app.client.describe_run(&cluster, &run).await;
        assert_eq!(found.state.unwrap().as_str(), state);
        assert_eq!(found.state_details.as_deref(), Some("as the test says"));
        assert!(found.finished_at.is_some());
        let reason = (state == "FAILED").then_some(FailureReason::UserError);
        assert_eq!(found.failure_reason, reason);
    }
}

#[sqlx::test]
async fn the_attempts_of_a_run_with_a_policy_are_counted(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let policy = json!({"retryPolicyConfiguration": {"maxAttempts": 5}});
    let run = app
        .client
        .start(&cluster, &with(job_run(), policy))
        .await
        .text("id");
    let path = format!("/virtualclusters/{cluster}/jobruns");
    for count in [0, 1, 2] {
        if count > 1 {
            sqlx::query(
                "UPDATE job_run_attempt SET closed_at = now(), fault = 'JOB', end_details = 'x', \
                 retry_at = now()",
            )
            .execute(&app.pool)
            .await
            .unwrap();
        }
        if count > 0 {
            sqlx::query(
                "INSERT INTO job_run_attempt (run, number, driver_name, cluster_identity) \
                 VALUES ($1, $2, 'driver', 'fake')",
            )
            .bind(&run)
            .bind(count)
            .execute(&app.pool)
            .await
            .unwrap();
        }
        let execution = json!({"currentAttemptCount": count});
        let described = app.client.get(&format!("{path}/{run}")).await;
        assert_eq!(described.body["jobRun"]["retryPolicyExecution"], execution);
        let listed = app.client.get(&path).await;
        assert_eq!(listed.body["jobRuns"][0]["retryPolicyExecution"], execution);
    }
}
