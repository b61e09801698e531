//! A process dies at each step in turn, another goes on, and the run ends as if nothing had been.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::time::sleep;

use super::fates::{Fate, Plan};
use super::installation::Installation;
use super::server::faults::Fault;
use super::verdict::{Accepted, stories, violations};

const SEED: u64 = 6;
const LIMIT: Duration = Duration::from_secs(60);
/// Most of a case is waiting for a lease to end.
const AT_ONCE: usize = 12;

/// Where a process dies, and what leads a run there.
struct Case {
    step: &'static str,
    /// Of its attempts, one after the other.
    fates: &'static [Fate],
    cancel: Cancel,
    /// What the first creation meets.
    first: Option<Fault>,
    /// Of the virtual cluster's concurrent runs.
    limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    Never,
    /// While the creation is under way.
    Soon,
    WhileRunning,
}

const fn completes(step: &'static str) -> Case {
    Case {
        step,
        fates: &[Fate::Succeeds],
        cancel: Cancel::Never,
        first: None,
        limit: None,
    }
}

const fn fails(step: &'static str, fates: &'static [Fate]) -> Case {
    Case {
        fates,
        ..completes(step)
    }
}

const fn retried(step: &'static str) -> Case {
    fails(step, &[Fate::ExitsWithOne, Fate::Succeeds])
}

const fn cancelled(step: &'static str, cancel: Cancel) -> Case {
    Case {
        fates: &[Fate::NeverScheduled],
        cancel,
        ..completes(step)
    }
}

const fn occupied(step: &'static str) -> Case {
    Case {
        first: Some(Fault::Late),
        ..cancelled(step, Cancel::Soon)
    }
}

/// As `completes`, with the one slot of its virtual cluster.
const fn limited(step: &'static str) -> Case {
    Case {
        limit: Some(1),
        ..completes(step)
    }
}

const fn answer_lost(step: &'static str) -> Case {
    Case {
        first: Some(Fault::AnswerLost),
        ..completes(step)
    }
}

const CASES: &[Case] = &[
    completes("accepted"),
    completes("claimed"),
    completes("submit"),
    completes("submit-begun"),
    completes("submit-sent"),
    completes("submit-recorded"),
    completes("advance"),
    fails("wait", &[Fate::NeverScheduled]),
    completes("observe"),
    completes("observed"),
    completes("finish"),
    completes("finished"),
    completes("sweep"),
    completes("sweep-sent"),
    completes("delete-sent"),
    completes("forget"),
    completes("forgotten"),
    answer_lost("submit-sent"),
    limited("claimed"),
    limited("submit"),
    limited("submit-begun"),
    limited("submit-sent"),
    limited("finish"),
    limited("finished"),
    fails("looked", &[Fate::DeletedByForce]),
    fails("finish", &[Fate::NodeGone]),
    fails("finished", &[Fate::ExitsWithOne]),
    fails("looked", &[Fate::NeverScheduled]),
    fails("condemned", &[Fate::ImageMissing]),
    retried("close"),
    retried("closed"),
    retried("sweep"),
    retried("removed"),
    fails("delete-sent", &[Fate::NeverScheduled]),
    cancelled("cancel-recorded", Cancel::WhileRunning),
    cancelled("delete-sent", Cancel::WhileRunning),
    cancelled("finish", Cancel::WhileRunning),
    occupied("occupy-begun"),
    occupied("occupy-sent"),
    occupied("submit-begun"),
];

#[sqlx::test]
async fn a_process_that_dies_at_any_step_changes_nothing(pool: PgPool) {
    let outcomes: Vec<Option<String>> = stream::iter(CASES.iter().enumerate())
        .map(|(number, case)| play(pool.clone(), number, case))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed: Vec<String> = outcomes.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

async fn play(pool: PgPool, number: usize, case: &Case) -> Option<String> {
    let name = format!("kill_{}_{number}", std::process::id());
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&pool).await.unwrap();
    let options = (*pool.connect_options())
        .clone()
        .database(&name)
        .disable_statement_logging();
    let own = PgPool::connect_with(options).await.unwrap();
    sqlx::migrate!().run(&own).await.unwrap();
    let outcome = play_in(own.clone(), case).await;
    own.close().await;
    let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    sqlx::query(drop).execute(&pool).await.unwrap();
    let wrong = outcome.err()?;
    Some(format!(
        "{} of {:?}, cancelled {:?}: {wrong}",
        case.step, case.fates, case.cancel
    ))
}

async fn play_in(pool: PgPool, case: &Case) -> Result<(), String> {
    let installation = Installation::make(pool, SEED).await;
    if let Some(fault) = case.first {
        installation.server.world().faults.next(fault);
    }
    let plan = Plan::with(SEED, case.fates);
    let mut first = installation.post(0, Some(case.step)).await;
    let call = call(&installation, plan, case);
    let succession = async {
        let died = first.replica.dies().await;
        let second = installation.post(1, None).await;
        (died, second)
    };
    let (accepted, (died, _second)) = tokio::join!(call, succession);
    if !died {
        return Err(format!(
            "the step was never reached\n{}",
            installation.logs()
        ));
    }
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        let (runs, work) = installation.open().await;
        let left = installation.server.pods_left().len();
        if (runs, work, left) == (0, 0, 0) && installation.server.unfinished() == 0 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let accepted = [accepted];
    let mut found = violations(&installation, &accepted).await;
    let drivers = installation
        .server
        .world()
        .record
        .of(&accepted[0].run)
        .count();
    if drivers > case.fates.len() {
        found.push(format!(
            "{}: {drivers} drivers were created",
            accepted[0].run
        ));
    }
    if found.is_empty() {
        return Ok(());
    }
    let stories = stories(&installation, &accepted, &found).await;
    Err(format!(
        "{}\n{stories}\n{}",
        found.join("\n"),
        installation.logs()
    ))
}

async fn call(installation: &Installation, plan: Plan, case: &Case) -> Accepted {
    let cancel = case.cancel;
    let client = &installation.client;
    let virtual_cluster = client.virtual_cluster("jobs-a", case.limit, None).await;
    let run = client.start(&virtual_cluster, &plan).await;
    match cancel {
        Cancel::Never => {}
        Cancel::Soon => sleep(Duration::from_millis(200)).await,
        Cancel::WhileRunning => loop {
            let described = client.describe(&virtual_cluster, &run).await;
            if described["state"] != "PENDING" {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        },
    }
    let cancelled = cancel != Cancel::Never && client.cancel(&virtual_cluster, &run).await;
    Accepted {
        plan,
        virtual_cluster,
        run,
        cancelled,
    }
}
