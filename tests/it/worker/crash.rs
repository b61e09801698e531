//! Workers that end at any moment: the run goes on, and its driver is the only one.

use std::time::Duration;

use firesteel::domain::job_run::DriverPhase;
use firesteel::wire::JobRunState;
use sqlx::PgPool;
use tokio::time::timeout;

use crate::harness::cluster::{Call, Fate, exit, running};
use crate::harness::workers::{eventually, settings, with_policy};
use crate::harness::{TestApp, Workers};

const LIMIT: Duration = Duration::from_secs(20);

/// Starts workers and waits until one of them is stuck in `call`.
async fn stuck_in(app: &TestApp, call: Call, fate: Fate) -> Workers {
    app.local.next(call, fate);
    let workers = Workers::start(app, short_keeping());
    let stuck = timeout(LIMIT, app.local.stuck.notified()).await;
    stuck.unwrap_or_else(|_| panic!("{call:?} was never called"));
    workers
}

fn short_keeping() -> firesteel::worker::Settings {
    with_policy(|policy| {
        policy.keep_driver = Duration::ZERO;
        policy.name_hold = Duration::ZERO;
    })
}

async fn everything_is_tidied_up(app: &TestApp, run: &str) {
    eventually("nothing is left to do", async || {
        (app.count("work").await == 0).then_some(())
    })
    .await;
    assert_eq!(app.local.holder(run), None);
}

#[sqlx::test]
async fn a_crash_in_any_call_on_the_way_to_completion_changes_nothing(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let before_start = [
        (Call::Identity, Fate::StuckBefore),
        (Call::Create, Fate::StuckBefore),
        (Call::Create, Fate::StuckAfter),
    ];
    let after_end = [
        (Call::Sweep, Fate::StuckBefore),
        (Call::Sweep, Fate::StuckAfter),
        (Call::Delete, Fate::StuckBefore),
        (Call::Delete, Fate::StuckAfter),
    ];
    let run = app.client.job_run(&cluster).await;
    for (call, fate) in before_start {
        stuck_in(&app, call, fate).await.crash().await;
        app.let_leases_end().await;
    }
    let workers = Workers::start(&app, short_keeping());
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    workers.crash().await;
    app.let_leases_end().await;
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    for (call, fate) in after_end {
        stuck_in(&app, call, fate).await.crash().await;
        app.let_leases_end().await;
    }
    let _workers = Workers::start(&app, short_keeping());
    app.reaches(&cluster, &run, JobRunState::Completed).await;
    everything_is_tidied_up(&app, &run).await;
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_crash_in_any_call_on_the_way_to_cancellation_changes_nothing(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let workers = stuck_in(&app, Call::Create, Fate::StuckBefore).await;
    app.cancel(&cluster, &run).await;
    workers.crash().await;
    app.let_leases_end().await;
    for fate in [Fate::StuckBefore, Fate::StuckAfter] {
        stuck_in(&app, Call::Occupy, fate).await.crash().await;
        app.let_leases_end().await;
    }
    let _workers = Workers::start(&app, short_keeping());
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    everything_is_tidied_up(&app, &run).await;
    assert_eq!(app.local.drivers_created(&run), 0);
}

#[sqlx::test]
async fn a_crash_while_a_driver_is_deleted_or_looked_at_changes_nothing(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let workers = Workers::start(&app, short_keeping());
    let run = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &run, JobRunState::Submitted).await;
    app.local.set_node(&run, "node-1");
    app.local.set_phase(&run, running());
    app.reaches(&cluster, &run, JobRunState::Running).await;
    workers.crash().await;
    app.let_leases_end().await;

    app.cancel(&cluster, &run).await;
    for (call, fate) in [
        (Call::Delete, Fate::StuckBefore),
        (Call::Delete, Fate::StuckAfter),
        (Call::Look, Fate::StuckBefore),
    ] {
        stuck_in(&app, call, fate).await.crash().await;
        app.let_leases_end().await;
    }
    let _workers = Workers::start(&app, short_keeping());
    app.reaches(&cluster, &run, JobRunState::Cancelled).await;
    everything_is_tidied_up(&app, &run).await;
    assert_eq!(app.local.drivers_created(&run), 1);
}

#[sqlx::test]
async fn a_graceful_end_leaves_no_lease_behind(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let stuck = app.client.job_run(&cluster).await;
    let workers = stuck_in(&app, Call::Create, Fate::StuckAfter).await;
    let other = app.client.job_run(&cluster).await;
    app.reaches(&cluster, &other, JobRunState::Submitted).await;
    eventually("only the stuck one holds its lease", async || {
        (app.leases().await == 1).then_some(())
    })
    .await;
    workers.stop().await;
    assert_eq!(app.leases().await, 0);

    // The next process goes on at once, as watcher too.
    let _workers = Workers::start(&app, settings());
    app.reaches(&cluster, &stuck, JobRunState::Submitted).await;
    app.local.set_phase(&other, running());
    app.reaches(&cluster, &other, JobRunState::Running).await;
    assert_eq!(app.local.drivers_created(&stuck), 1);
}

#[sqlx::test]
async fn workers_that_end_while_runs_come_in_leave_no_lease_behind(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let mut runs = Vec::new();
    for round in 0..10 {
        let workers = Workers::start(&app, settings());
        for _ in 0..3 {
            runs.push(app.client.job_run(&cluster).await);
        }
        tokio::time::sleep(Duration::from_millis(round)).await;
        workers.stop().await;
        assert_eq!(app.leases().await, 0, "in round {round}");
    }
    let _workers = Workers::start(&app, settings());
    for run in runs {
        app.reaches(&cluster, &run, JobRunState::Submitted).await;
        assert_eq!(app.local.drivers_created(&run), 1);
    }
}
