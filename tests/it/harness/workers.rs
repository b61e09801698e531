//! Workers as a process has them: they can be asked to end, and they can crash.

use std::time::Duration;

use firesteel::domain::job_run::decide::Policy;
use firesteel::store::Store;
use firesteel::wakes::Wakes;
use firesteel::wire::{JobRun, JobRunState};
use firesteel::worker::{self, Context, Settings, Target, TidySettings, WorkerError};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::TestApp;

/// Longer than anything takes that a test waits for.
const LIMIT: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(15);

pub struct Workers {
    task: JoinHandle<Result<(), WorkerError>>,
    shutdown: CancellationToken,
}

/// What fails or waits is tried again soon; what has a limit never comes to it.
pub fn settings() -> Settings {
    let never = Duration::from_secs(3600);
    let soon = Duration::from_millis(30);
    Settings {
        lease: Duration::from_secs(60),
        poll: Duration::from_millis(50),
        steps_in_flight: 8,
        watch_term: Duration::from_secs(2),
        namespace_check: never,
        drain: Duration::from_millis(200),
        tidy: TidySettings {
            period: never,
            most_ended_drivers: 500,
            keep_job_runs: None,
        },
        policy: Policy {
            start_timeout: never,
            image_pull_timeout: never,
            queue_timeout: never,
            unreachable_timeout: never,
            template_timeout: never,
            run_timeout: None,
            settle: Duration::ZERO,
            lost_driver_hold: never,
            platform_retries: 3,
            retry_pause: soon,
            longest_retry_pause: soon,
            keep_driver: never,
            name_hold: never,
            sidecar_grace: soon,
            delete_again: Duration::from_millis(100),
            grace_period: soon,
            try_again: soon,
            idle: never,
        },
    }
}

/// `settings` with another policy.
pub fn with_policy(change: impl FnOnce(&mut Policy)) -> Settings {
    let mut settings = settings();
    change(&mut settings.policy);
    settings
}

impl Workers {
    /// In the process of the API.
    pub fn start(app: &TestApp, settings: Settings) -> Self {
        let wakes = app.app.wakes.clone();
        Self::with(app, settings, app.pool.clone(), wakes, targets(app))
    }

    /// For which all clusters are `local` under other names.
    pub fn on_one_cluster(app: &TestApp, settings: Settings) -> Self {
        let mut targets = targets(app);
        for target in &mut targets {
            target.cluster = app.local.clone();
        }
        let wakes = app.app.wakes.clone();
        Self::with(app, settings, app.pool.clone(), wakes, targets)
    }

    /// Which delete what belongs to no run.
    pub fn that_delete_unknown_objects(app: &TestApp, settings: Settings) -> Self {
        let mut targets = targets(app);
        for target in &mut targets {
            target.remove_unknown_objects = true;
        }
        Self::with(app, settings, app.pool.clone(), Wakes::default(), targets)
    }

    /// In a process of their own.
    pub fn elsewhere(app: &TestApp, settings: Settings, pool: PgPool) -> Self {
        Self::with(app, settings, pool, Wakes::default(), targets(app))
    }

    fn with(
        app: &TestApp,
        settings: Settings,
        pool: PgPool,
        wakes: Wakes,
        targets: Vec<Target>,
    ) -> Self {
        let context = Context {
            settings,
            store: Store::from_pool(pool),
            clock: app.app.clock.clone(),
            wakes,
        };
        let shutdown = CancellationToken::new();
        let work = worker::run(context, targets, None, shutdown.clone());
        Self {
            task: tokio::spawn(work),
            shutdown,
        }
    }

    /// Ends them in the good way.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        let ended = timeout(LIMIT, &mut self.task).await;
        ended.expect("they end").unwrap().unwrap();
    }

    /// Ends them wherever they are.
    pub async fn crash(mut self) {
        self.task.abort();
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
    }
}

fn targets(app: &TestApp) -> Vec<Target> {
    let clusters = app.app.clusters.iter();
    clusters
        .map(|target| Target {
            id: target.grant.cluster.clone(),
            cluster: target.cluster.clone(),
            defaults: target.defaults.clone(),
            remove_unknown_objects: false,
        })
        .collect()
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until `condition` gives something.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            sleep(LOOK_AGAIN).await;
        }
    };
    match timeout(LIMIT, found).await {
        Ok(found) => found,
        Err(_) => panic!("never: {what}"),
    }
}

impl TestApp {
    /// Waits until the run is in that state, and gives it.
    pub async fn reaches(&self, cluster: &str, run: &str, state: JobRunState) -> JobRun {
        let what = format!("{run} is {state:?}");
        eventually(&what, async || {
            let found = self.client.describe_run(cluster, run).await;
            (found.state == Some(state.clone())).then_some(found)
        })
        .await
    }

    pub async fn cancel(&self, cluster: &str, run: &str) {
        let path = format!("/virtualclusters/{cluster}/jobruns/{run}");
        assert_eq!(self.client.delete(&path).await.status, 200);
    }

    /// As if so much time had passed that those who hold leases and watches have lost them.
    pub async fn let_leases_end(&self) {
        for table in [
            "UPDATE work SET lease_expires_at = now() WHERE lease_token IS NOT NULL",
            "UPDATE cluster_watch SET expires_at = now()",
        ] {
            sqlx::query(table).execute(&self.pool).await.unwrap();
        }
    }

    pub async fn leases(&self) -> i64 {
        let query = "SELECT count(*) FROM work WHERE lease_token IS NOT NULL";
        sqlx::query_scalar(query)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}
