//! Workers claim, observe, decide, act and record; what to do is `decide`'s answer alone.
//!
//! Each cluster has its own pool and its own watch, so that one that does not answer holds up
//! nothing but its own runs.

mod census;
mod health;
mod pass;
mod places;
mod pool;
mod served;
mod tidy;
mod wake;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::served::Served;
pub use self::tidy::TidySettings;
pub use self::wake::{listen as hear_wakes, send as send_wakes};
use crate::cluster::Cluster;
use crate::domain::clock::Clock;
use crate::domain::ids::ClusterId;
use crate::domain::job_run::decide::Policy;
use crate::spark::RunSettings;
use crate::store::Store;
use crate::wakes::Wakes;

/// How the workers of one process behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a claim holds without its holder being heard of.
    pub lease: Duration,
    /// The longest time between two looks for due runs.
    pub poll: Duration,
    /// Runs of one cluster that are worked on at a time.
    pub steps_in_flight: usize,
    /// How long a watch is held without being renewed; another replica takes over after it.
    pub watch_term: Duration,
    /// How often the namespace of each virtual cluster is checked.
    pub namespace_check: Duration,
    /// How long a shutdown waits for steps under way.
    pub drain: Duration,
    pub tidy: TidySettings,
    pub policy: Policy,
}

/// A cluster to work for.
#[derive(Clone)]
pub struct Target {
    pub id: ClusterId,
    pub cluster: Arc<dyn Cluster>,
    pub defaults: RunSettings,
    /// Delete what has this installation's mark and belongs to no run that it knows.
    pub remove_unknown_objects: bool,
}

/// What all workers of a process share.
pub struct Context {
    pub settings: Settings,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub wakes: Wakes,
}

/// Why there are no workers.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// With such a lease no driver would ever be created.
    #[error("worker.lease must be longer than {needed:?}: cluster {cluster} may take that long")]
    LeaseTooShort {
        cluster: ClusterId,
        needed: Duration,
    },
    /// A task ended that never should have.
    #[error("a worker task ended: {0}")]
    TaskEnded(String),
}

/// Works for `targets` until `shutdown`; `listen_url` leads to a Postgres connection that can
/// LISTEN, without which other replicas' wake-ups are seen by polling alone.
pub async fn run(
    context: Context,
    targets: Vec<Target>,
    listen_url: Option<String>,
    shutdown: CancellationToken,
) -> Result<(), WorkerError> {
    for Target { id, cluster, .. } in &targets {
        let needed = pass::time_to_submit(cluster.as_ref());
        if context.settings.lease <= needed {
            return Err(WorkerError::LeaseTooShort {
                cluster: id.clone(),
                needed,
            });
        }
    }
    let context = Arc::new(context);
    let holder = Uuid::now_v7();
    let mut tasks = JoinSet::new();
    tasks.spawn(send_wakes(
        context.store.clone(),
        context.wakes.clone(),
        shutdown.clone(),
    ));
    tasks.spawn(tidy::keep(Arc::clone(&context), shutdown.clone()));
    tasks.spawn(census::take(
        Arc::clone(&context),
        targets.iter().map(|target| target.id.clone()).collect(),
        shutdown.clone(),
    ));
    if let Some(url) = listen_url {
        tasks.spawn(hear_wakes(
            context.store.clone(),
            context.wakes.clone(),
            url,
            shutdown.clone(),
        ));
    }
    for target in targets {
        let target = Arc::new(Served::new(target, context.clock.now()));
        let (listener, served) = (Arc::clone(&context), Arc::clone(&target));
        let until = shutdown.clone();
        tasks.spawn(async move { served.listen(&listener, &until).await });
        tasks.spawn(watch::keep(
            Arc::clone(&context),
            Arc::clone(&target),
            holder,
            shutdown.clone(),
        ));
        tasks.spawn(places::check(
            Arc::clone(&context),
            Arc::clone(&target),
            shutdown.clone(),
        ));
        tasks.spawn(pool::work(Arc::clone(&context), target, shutdown.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(()) if shutdown.is_cancelled() => {}
            Ok(()) => {
                return Err(WorkerError::TaskEnded(
                    "it returned before the shutdown".to_owned(),
                ));
            }
            Err(error) => return Err(WorkerError::TaskEnded(error.to_string())),
        }
    }
    Ok(())
}
