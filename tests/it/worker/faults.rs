//! What goes wrong around the runs delays them, and one bad run delays no other.

use std::time::Duration;

use firesteel::domain::job_run::decide::Refusal;
use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::wire::{FailureReason, JobRunState};
use sqlx::PgPool;

use crate::harness::cluster::{Call, Fate, exit, running};
use crate::harness::proxy::Proxy;
use crate::harness::workers::{eventually, settings, with_policy};
use crate::harness::{TestApp, Workers};

#[sqlx::test]
async fn an_end_that_no_watch_saw_is_found_by_the_next_list(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let ended = app.client.job_run(&cluster).await;
    let removed = app.client.job_run(&cluster).await;
    for run in [&ended, &removed] {
        app.reaches(&cluster, run, JobRunState::Submitted).await;
        app.local.set_phase(run, running());
        app.reaches(&cluster, run, JobRunState::Running).await;
    }
    app.local.set_watch_down(true);
    app.local.set_phase(&ended, DriverPhase::Ended(exit(0)));
    app.local.remove(&removed);
    app.local.set_watch_down(false);
    app.reaches(&cluster, &ended, JobRunState::Completed).await;
    app.reaches(&cluster, &removed, JobRunState::Failed).await;
}

#[sqlx::test]
async fn a_silent_cluster_is_told_and_waited_for(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, settings());
    let cancelled = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &cancelled, JobRunState::Submitted)
        .await;
    app.local.set_unreachable(true);
    let pending = app.client.job_run(&cluster).await;
    eventually("the silence is told", async || {
        let found = app.client.describe_run(&cluster, &pending).await;
        let details = found.state_details.unwrap_or_default();
        let told = details.starts_with("Cluster local is currently not reachable. ");
        told.then_some(())
    })
    .await;
    app.cancel(&cluster, &cancelled).await;
    app.local.set_unreachable(false);
    app.reaches(&cluster, &pending, JobRunState::Submitted)
        .await;
    app.reaches(&cluster, &cancelled, JobRunState::Cancelled)
        .await;
}

#[sqlx::test]
async fn a_cluster_that_stays_silent_fails_the_runs_of_which_nothing_exists(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.set_unreachable(true);
    let limit = Duration::from_millis(100);
    let _workers = Workers::start(
        &app,
        with_policy(|policy| policy.unreachable_timeout = limit),
    );
    let run = app.client.job_run(&cluster).await;
    let failed = app.reaches(&cluster, &run, JobRunState::Failed).await;
    assert_eq!(
        failed.failure_reason,
        Some(FailureReason::ClusterUnavailable)
    );
}

#[sqlx::test]
async fn a_silent_cluster_holds_up_no_cancellation_behind_others(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let mut settings = settings();
    // Once for each probe, and these come ever more rarely.
    settings.policy.try_again = Duration::from_secs(3600);
    app.local.set_unreachable(true);
    let mut runs = Vec::new();
    for _ in 0..150 {
        runs.push(app.client.job_run(&cluster).await);
    }
    let last = runs.last().unwrap();
    let _workers = Workers::start(&app, settings);
    app.cancel(&cluster, last).await;
    app.reaches(&cluster, last, JobRunState::Cancelled).await;
    eventually("each of them is told of the silence", async || {
        let told = "SELECT count(*) FROM job_run WHERE state_details LIKE '%not reachable%'";
        let told: i64 = sqlx::query_scalar(told).fetch_one(&app.pool).await.unwrap();
        (told == 149).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn one_silent_cluster_holds_up_no_other(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = crate::harness::client::virtual_cluster("b", "shared", "team-a");
    let shared = app
        .client
        .post("/virtualclusters", &request)
        .await
        .text("id");
    app.local.set_unreachable(true);
    let _workers = Workers::start(&app, settings());
    app.client.job_run(&cluster).await;
    let run = app.client.job_run(&shared).await;
    app.reaches(&shared, &run, JobRunState::Submitted).await;
}

#[sqlx::test]
async fn a_run_that_makes_workers_panic_stops_no_other(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let mut settings = settings();
    settings.steps_in_flight = 1;
    let cursed = app.client.job_run(&cluster).await;
    app.local.curse(&cursed);
    let workers = Workers::start(&app, settings);
    eventually("it panicked", async || {
        (app.local.calls(Call::Prepare, &cursed) > 0).then_some(())
    })
    .await;
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    assert_eq!(app.local.calls(Call::Prepare, &cursed), 1);
    workers.stop().await;
}

#[sqlx::test]
async fn two_processes_submit_each_run_once(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _ours = Workers::start(&app, settings());
    let _theirs = Workers::elsewhere(&app, settings(), app.pool.clone());
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(app.client.job_run(&cluster).await);
    }
    for run in &runs {
        app.reaches(&cluster, run, JobRunState::Submitted).await;
        app.local.set_phase(run, running());
    }
    for run in &runs {
        app.reaches(&cluster, run, JobRunState::Running).await;
        app.local.set_phase(run, DriverPhase::Ended(exit(0)));
    }
    for run in &runs {
        app.reaches(&cluster, run, JobRunState::Completed).await;
        assert_eq!(app.local.calls(Call::Create, run), 1);
    }
}

#[sqlx::test]
async fn workers_cut_off_from_postgres_go_on_when_it_is_back(pool: PgPool) {
    let (proxy, cut_off) = Proxy::before(&pool).await;
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::elsewhere(&app, settings(), cut_off);
    let running_already = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &running_already, JobRunState::Submitted)
        .await;

    // One creation is answered while Postgres is away, and cannot be recorded.
    app.local.next(Call::Create, Fate::StuckAfter);
    let interrupted = app.client.job_run(&cluster).await;
    app.local.stuck.notified().await;
    proxy.cut();
    app.local.free();
    app.local
        .set_phase(&running_already, DriverPhase::Ended(exit(0)));
    let new = app.client.job_run(&cluster).await;
    let cancelled = app.client.job_run(&cluster).await;
    app.cancel(&cluster, &cancelled).await;
    proxy.restore();

    app.reaches(&cluster, &running_already, JobRunState::Completed)
        .await;
    app.reaches(&cluster, &cancelled, JobRunState::Cancelled)
        .await;
    for run in [&interrupted, &new] {
        app.reaches(&cluster, run, JobRunState::Submitted).await;
        assert_eq!(app.local.drivers_created(run), 1);
    }
}

/// Two names in the configuration may lead to one cluster.
#[sqlx::test]
async fn a_watch_deletes_no_driver_of_a_cluster_of_another_name(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let request = crate::harness::client::virtual_cluster("b", "shared", "team-a");
    let reply = app.client.post("/virtualclusters", &request).await;
    let other_name = reply.text("id");
    let _workers = Workers::on_one_cluster(&app, settings());
    let run = app.client.job_run(&cluster).await;
    let other = app.client.job_run(&other_name).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.reaches(&other_name, &other, JobRunState::Submitted)
        .await;
    // Both are listed anew before anybody hears of a change.
    app.local.set_watch_down(true);
    app.local.set_watch_down(false);
    app.local.set_phase(&run, running());
    app.local.set_phase(&other, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    app.reaches(&other_name, &other, JobRunState::Running).await;
    for run in [run, other] {
        assert_eq!(app.local.holder(&run), Some(HolderKind::Driver));
    }
}

/// Runs wait while every pass is busy: the pool asks for work when one is free, not all the time.
#[sqlx::test]
async fn a_full_pool_leaves_postgres_alone(pool: PgPool) {
    let (proxy, counted) = Proxy::before(&pool).await;
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let mut settings = settings();
    settings.steps_in_flight = 1;
    settings.poll = Duration::from_secs(3600);
    app.local.next(Call::Create, Fate::StuckAfter);
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(app.client.job_run(&cluster).await);
    }
    let _workers = Workers::elsewhere(&app, settings, counted);
    app.local.stuck.notified().await;
    let before = proxy.requests();
    for _ in 0..100 {
        app.client.describe(&cluster).await;
    }
    let asked = proxy.requests() - before;
    assert!(asked < 100, "{asked} requests while nothing could be done");
    app.local.free();
    for run in runs {
        app.reaches(&cluster, &run, JobRunState::Submitted).await;
    }
}

/// A cancellation is held up by a lost driver for no more than this.
const HOLD: Duration = Duration::from_millis(300);

#[sqlx::test]
async fn a_cancellation_comes_to_its_end_though_nobody_may_delete_the_driver(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let _workers = Workers::start(&app, with_policy(|policy| policy.lost_driver_hold = HOLD));
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    for _ in 0..1000 {
        let refusal = Refusal::Forbidden("no right to delete pods".to_owned());
        app.local.next(Call::Delete, Fate::Refused(refusal));
    }
    app.cancel(&cluster, &run).await;
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    assert_eq!(app.local.holder(&run), Some(HolderKind::Driver));
    app.local.forgive(Call::Delete);
    eventually("the driver is deleted all the same", async || {
        app.local.holder(&run).is_none().then_some(())
    })
    .await;
}

#[sqlx::test]
async fn a_cancellation_comes_to_its_end_though_a_quota_refuses_to_hold_the_name(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    app.local.next(Call::Create, Fate::Late);
    for _ in 0..1000 {
        let refusal = || Fate::Refused(Refusal::Full("exceeded quota".to_owned()));
        app.local.next(Call::Create, refusal());
        app.local.next(Call::Occupy, refusal());
    }
    let _workers = Workers::start(&app, with_policy(|policy| policy.lost_driver_hold = HOLD));
    let run = app.client.job_run(&cluster).await;
    eventually("its creation is under way", async || {
        (app.local.calls(Call::Create, &run) > 0).then_some(())
    })
    .await;
    app.cancel(&cluster, &run).await;
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    app.local.deliver_late();
    eventually("the driver that came late is deleted", async || {
        (app.local.calls(Call::Delete, &run) > 0).then_some(())
    })
    .await;
    assert_eq!(app.local.holder(&run), None);
}
