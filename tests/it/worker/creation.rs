//! One driver a run, whatever becomes of its creation.

use std::time::Duration;

use firesteel::domain::job_run::decide::Refusal;
use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::wire::{FailureReason, JobRunState};
use serde_json::json;
use sqlx::PgPool;

use crate::harness::client::{job_run, with};
use crate::harness::cluster::{Call, Fate, exit, running};
use crate::harness::workers::{eventually, settings, with_policy};
use crate::harness::{TestApp, Workers};

fn full() -> Fate {
    Fate::Refused(Refusal::Full("exceeded quota: pods=10".to_owned()))
}

async fn creations(app: &TestApp, run: &str, least: usize) {
    eventually("so many creations were sent", async || {
        (app.local.calls(Call::Create, run) >= least).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn a_creation_whose_answer_is_lost_gives_one_driver(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::AnswerLost);
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(app.local.calls(Call::Create, &run), 2);
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_creation_that_never_arrives_is_sent_again(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::Late);
    app.local.next(Call::Create, Fate::Late);
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(app.local.calls(Call::Create, &run), 3);
    app.local.deliver_late();
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_run_cancelled_while_its_creation_is_under_way_ends_with_its_name_taken(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    for _ in 0..100 {
        app.local.next(Call::Create, Fate::Late);
    }
    let _workers = Workers::start(&app, settings());
    creations(&app, &run, 1).await;
    app.cancel(&cluster, &run).await;
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    assert_eq!(app.local.holder(&run), Some(HolderKind::Tombstone));

    app.local.deliver_late();
    assert_eq!(app.local.drivers_created(&run), 0);
    assert_eq!(app.local.holder(&run), Some(HolderKind::Tombstone));
}

#[sqlx::test]
async fn a_creation_that_arrives_before_the_tombstone_is_deleted(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    app.local.next(Call::Create, Fate::Late);
    for _ in 0..100 {
        app.local.next(Call::Create, full());
    }
    let _workers = Workers::start(&app, settings());
    creations(&app, &run, 2).await;
    app.local.next(Call::Occupy, full());
    app.local.deliver_late();
    app.cancel(&cluster, &run).await;
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    assert_eq!(app.local.drivers_created(&run), 1);
    assert_ne!(app.local.holder(&run), Some(HolderKind::Driver));
}

#[sqlx::test]
async fn a_driver_that_exists_is_found_although_its_creation_is_refused_now(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::AnswerLost);
    for _ in 0..1000 {
        app.local.next(Call::Create, full());
    }
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    assert_eq!(app.local.drivers_created(&run), 1);
}

/// The first creation is under way when the second gives the driver, which ends and is deleted by
/// somebody before its run is closed: then the first arrives.
#[sqlx::test]
async fn a_creation_that_arrives_after_the_end_of_the_driver_does_not_stay(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::Late);
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.local.end_remove_and_deliver_late(&run, exit(0));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    assert_eq!(app.local.holder(&run), Some(HolderKind::Tombstone));
}

#[sqlx::test]
async fn a_creation_that_arrives_after_the_end_of_its_run_gives_no_driver(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::Late);
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    app.local.remove(&run);
    eventually("the name is taken again", async || {
        let holder = app.local.holder(&run);
        (holder == Some(HolderKind::Tombstone)).then_some(())
    })
    .await;
    app.local.deliver_late();
    assert_eq!(app.local.drivers_created(&run), 1);
}

/// The process that created the driver's own object ends before the rest is there.
#[sqlx::test]
async fn a_driver_whose_creation_was_cut_off_is_made_complete(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::AnswerLost);
    for _ in 0..1000 {
        app.local.next(Call::Create, full());
    }
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    // A full quota refuses what exists already, which is found and made complete.
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(app.local.calls(Call::Complete, &run), 1);
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_part_that_may_come_later_is_waited_for(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for _ in 0..3 {
        let full = Refusal::Full("ConfigMap a: exceeded quota".to_owned());
        app.local.next(Call::Create, Fate::Incomplete(full));
    }
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    assert_eq!(app.local.calls(Call::Create, &run), 4);
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_driver_that_can_never_be_complete_is_deleted(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let words = "ConfigMap a: the policy says no";
    for (refusal, reason) in [
        (
            Refusal::Invalid(words.to_owned()),
            FailureReason::ValidationError,
        ),
        (
            Refusal::Forbidden(words.to_owned()),
            FailureReason::ClusterUnavailable,
        ),
    ] {
        app.local.next(Call::Create, Fate::Incomplete(refusal));
        let run = app.client.job_run(&cluster).await;
        let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
        assert_eq!(failed.failure_reason, Some(reason));
        let details = failed.state_details.unwrap();
        assert!(details.contains(words), "{details}");
        assert_eq!(app.local.drivers_created(&run), 1);
        assert_ne!(app.local.holder(&run), Some(HolderKind::Driver));
    }
}

#[sqlx::test]
async fn a_cancelled_run_leaves_no_incomplete_driver(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for _ in 0..1000 {
        app.local.next(
            Call::Create,
            Fate::Incomplete(Refusal::Full("full".to_owned())),
        );
    }
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    creations(&app, &run, 1).await;
    app.cancel(&cluster, &run).await;
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    assert_ne!(app.local.holder(&run), Some(HolderKind::Driver));
}

#[sqlx::test]
async fn a_full_quota_is_told_and_waited_for(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    for _ in 0..1000 {
        app.local.next(Call::Create, full());
    }
    let _workers = Workers::start(&app, settings());
    eventually("the quota is told", async || {
        let found = app.client.describe_run(&cluster, &run).await;
        let details = found.state_details.unwrap_or_default();
        details.contains("exceeded quota").then_some(())
    })
    .await;
    app.local.forgive(Call::Create);
    let found = app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(found.state_details, None);
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_final_refusal_ends_the_run(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let invalid = Refusal::Invalid("policy says no".to_owned());
    let forbidden = Refusal::Forbidden("cannot create resource pods".to_owned());
    for (refusal, reason, part) in [
        (invalid, FailureReason::ValidationError, "policy says no"),
        (forbidden, FailureReason::ClusterUnavailable, "permissions"),
        (
            Refusal::NamespaceMissing,
            FailureReason::ClusterUnavailable,
            "Namespace jobs of cluster local does not exist.",
        ),
    ] {
        app.local.next(Call::Create, Fate::Refused(refusal));
        let run = app.client.job_run(&cluster).await;
        let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
        assert_eq!(failed.failure_reason, Some(reason));
        let details = failed.state_details.unwrap();
        assert!(details.contains(part), "{details}");
        assert_eq!(app.local.drivers_created(&run), 0);
    }
}

#[sqlx::test]
async fn a_run_does_not_wait_for_ever_for_a_namespace_that_is_gone(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::Late);
    for _ in 0..1000 {
        let gone = || Fate::Refused(Refusal::NamespaceMissing);
        app.local.next(Call::Create, gone());
        app.local.next(Call::Occupy, gone());
    }
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.contains("does not exist"), "{details}");
}

#[sqlx::test]
async fn a_run_does_not_wait_for_ever_for_a_cluster_that_was_replaced(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    for _ in 0..1000 {
        app.local.next(Call::Create, Fate::Late);
    }
    let _workers = Workers::start(&app, settings());
    creations(&app, &run, 1).await;
    app.local.replace();
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(
        failed.failure_reason,
        Some(FailureReason::ClusterUnavailable)
    );
}

fn no_template() -> Fate {
    Fate::Refused(Refusal::Unprepared(
        "The driver's pod template: no answer.".to_owned(),
    ))
}

#[sqlx::test]
async fn a_template_that_cannot_be_had_now_is_waited_for(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for _ in 0..1000 {
        app.local.next(Call::Prepare, no_template());
    }
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    eventually("the wait is told", async || {
        let found = app.client.describe_run(&cluster, &run).await;
        let told = "Waiting for what the driver needs. The driver's pod template: no answer.";
        (found.state_details.as_deref() == Some(told)).then_some(())
    })
    .await;
    // It is the run that waits, not its cluster.
    app.local.forgive(Call::Prepare);
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(app.local.calls(Call::Create, &run), 1);
}

#[sqlx::test]
async fn a_template_that_cannot_be_had_in_time_ends_the_run(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for _ in 0..1000 {
        app.local.next(Call::Prepare, no_template());
    }
    let limit = Duration::from_millis(100);
    let _workers = Workers::start(&app, with_policy(|policy| policy.template_timeout = limit));
    let run = app.client.job_run(&cluster).await;
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::UserError));
    let details = failed.state_details.unwrap();
    assert!(
        details.ends_with("The driver's pod template: no answer."),
        "{details}"
    );
    assert_eq!(app.local.calls(Call::Create, &run), 0);
}

#[sqlx::test]
async fn a_template_that_is_refused_ends_the_run(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let refused = Refusal::Plan("The driver's pod template: it does not exist.".to_owned());
    app.local.next(Call::Prepare, Fate::Refused(refused));
    let _workers = Workers::start(&app, settings());
    let run = app.client.job_run(&cluster).await;
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::ValidationError));
}

#[sqlx::test]
async fn a_driver_that_an_unanswered_creation_made_is_found_without_its_template(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.set_watch_down(true);
    app.local.next(Call::Create, Fate::AnswerLost);
    let workers = Workers::start(
        &app,
        with_policy(|policy| policy.try_again = Duration::from_secs(1)),
    );
    let run = app.client.job_run(&cluster).await;
    eventually("the creation is sent", async || {
        (app.local.drivers_created(&run) == 1).then_some(())
    })
    .await;
    for _ in 0..1000 {
        app.local.next(Call::Prepare, no_template());
    }
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    drop(workers);
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_driver_that_may_lack_a_part_waits_for_its_template(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    *app.local.lacking.lock().unwrap() = true;
    app.local.next(Call::Create, Fate::AnswerLost);
    let _workers = Workers::start(
        &app,
        with_policy(|policy| policy.try_again = Duration::from_millis(300)),
    );
    let run = app.client.job_run(&cluster).await;
    creations(&app, &run, 1).await;
    for _ in 0..1000 {
        app.local.next(Call::Prepare, no_template());
    }
    eventually("the wait is told", async || {
        let found = app.client.describe_run(&cluster, &run).await;
        assert_eq!(found.state, Some(JobRunState::Pending));
        let details = found.state_details.unwrap_or_default();
        details.contains("template: no answer").then_some(())
    })
    .await;
    app.local.forgive(Call::Prepare);
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(app.local.calls(Call::Create, &run), 2);
    assert_eq!(app.local.drivers_created(&run), 1);
}

/// The run's own limit counts from the driver's creation, complete or not.
#[sqlx::test]
async fn a_part_is_waited_for_no_longer_than_the_run_says(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    for _ in 0..1000 {
        let full = Refusal::Full("ConfigMap a: exceeded quota".to_owned());
        app.local.next(Call::Create, Fate::Incomplete(full));
    }
    let _workers = Workers::start(&app, settings());
    let body = with(
        job_run(),
        json!({ "configurationOverrides": { "applicationConfiguration": [{
            "classification": "emr-containers-defaults",
            "properties": { "job-start-timeout": "1" },
        }]}}),
    );
    let run = app.client.start(&cluster, &body).await.text("id");
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    let details = failed.state_details.unwrap();
    assert!(details.contains("ConfigMap a"), "{details}");
    assert_ne!(app.local.holder(&run), Some(HolderKind::Driver));
}

/// No list is due for hours.
#[sqlx::test]
async fn a_creation_that_arrives_after_its_run_is_forgotten_is_deleted_at_once(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::Late);
    let _workers = Workers::start(
        &app,
        with_policy(|policy| {
            policy.keep_driver = Duration::ZERO;
            policy.name_hold = Duration::ZERO;
        }),
    );
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    eventually("the run is forgotten", async || {
        let work: i64 = sqlx::query_scalar("SELECT count(*) FROM work")
            .fetch_one(&app.pool)
            .await
            .unwrap();
        (work == 0).then_some(())
    })
    .await;
    assert_eq!(app.local.holder(&run), None);
    app.local.deliver_late();
    assert_eq!(app.local.drivers_created(&run), 2);
    eventually("the driver that came late is deleted", async || {
        app.local.holder(&run).is_none().then_some(())
    })
    .await;
}

/// Its event comes before the answer to its creation is recorded.
#[sqlx::test]
async fn a_driver_that_nobody_has_recorded_is_no_stray(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    app.local.next(Call::Create, Fate::StuckAfter);
    let run = app.client.job_run(&cluster).await;
    app.local.stuck.notified().await;
    // The watch has come past it once it tells of another.
    let other = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &other, JobRunState::Submitted).await;
    app.local.set_phase(&other, running());
    app.reaches(&cluster, &other, JobRunState::Running).await;
    assert_eq!(app.local.holder(&run), Some(HolderKind::Driver));
    assert_eq!(app.local.calls(Call::Delete, &run), 0);
    app.local.free();
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
}
