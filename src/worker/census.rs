//! Tells how many runs there are and how long they wait. Every process that works for a cluster tells
//! the same of it: of several, any one is enough.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::domain::ids::ClusterId;
use crate::domain::job_run::State;
use crate::telemetry::{JOB_RUNS, LONGEST_OVERDUE, OLDEST_PENDING};

/// As often as metrics are usually fetched.
const PERIOD: Duration = Duration::from_secs(15);

/// Counts the runs of `clusters` until `shutdown`.
pub(super) async fn take(
    context: Arc<Context>,
    clusters: Vec<ClusterId>,
    shutdown: CancellationToken,
) {
    let counting = async {
        let mut ticks = interval(PERIOD);
        loop {
            ticks.tick().await;
            if let Err(error) = count(&context, &clusters).await {
                tracing::warn!(%error, "the job runs cannot be counted");
            }
        }
    };
    shutdown.run_until_cancelled(counting).await;
}

#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
async fn count(context: &Context, clusters: &[ClusterId]) -> Result<(), crate::store::StoreError> {
    for (id, census) in context.store.census(clusters).await? {
        let cluster = id.to_string();
        for state in State::ALL.into_iter().filter(|state| !state.is_terminal()) {
            let runs = census.runs.get(&state).copied().unwrap_or(0);
            let labels = [("cluster", cluster.clone()), ("state", state.to_string())];
            gauge!(JOB_RUNS, &labels).set(runs as f64);
        }
        gauge!(OLDEST_PENDING, "cluster" => cluster.clone())
            .set(census.oldest_pending.as_secs_f64());
        gauge!(LONGEST_OVERDUE, "cluster" => cluster).set(census.longest_overdue.as_secs_f64());
    }
    Ok(())
}
