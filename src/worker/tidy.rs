//! What is put in order from time to time, by whichever process comes first. Nothing waits for it:
//! a round that fails is made up for by the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::store::StoreError;
use crate::telemetry::SLOTS_MISCOUNTED;

/// Rows that one statement deletes: it is short, and so are the waits for it.
const BATCH: i64 = 200;
/// Batches of one round; the next round goes on.
const MOST_BATCHES: usize = 500;

/// What is tidied up, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TidySettings {
    /// From one round of all processes to the next.
    pub period: Duration,
    /// Ended drivers that a namespace holds; those that must hold their names come on top.
    pub most_ended_drivers: u32,
    /// How long finished runs are kept; `None` is for good.
    pub keep_job_runs: Option<Duration>,
}

/// Does a round whenever one is due, until `shutdown`.
pub(super) async fn keep(context: Arc<Context>, shutdown: CancellationToken) {
    let period = context.settings.tidy.period;
    let tidying = async {
        // So often that a process that ended is soon followed by another.
        let mut ticks = interval(period / 4);
        loop {
            ticks.tick().await;
            match context.store.begin_tidying(period).await {
                Ok(true) => round(&context).await,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "no round of tidying can begin"),
            }
        }
    };
    shutdown.run_until_cancelled(tidying).await;
}

async fn round(context: &Context) {
    let failed = |part: &str, error: StoreError| {
        tracing::warn!(%error, "{part} was not tidied up; the next round tries again");
    };
    if let Err(error) = recount(context).await {
        failed("the count of slots", error);
    }
    if let Err(error) = thin_out(context).await {
        failed("a namespace with many ended drivers", error);
    }
    if let Err(error) = delete_old(context).await {
        failed("the list of old job runs", error);
    }
}

async fn recount(context: &Context) -> Result<(), StoreError> {
    for wrong in context.store.recount_slots().await? {
        tracing::warn!(
            virtual_cluster.id = %wrong.virtual_cluster,
            "the runs that count against the limits were miscounted; now they are not"
        );
        metrics::counter!(SLOTS_MISCOUNTED).increment(1);
        context.wakes.wake(&wrong.cluster);
    }
    Ok(())
}

async fn thin_out(context: &Context) -> Result<(), StoreError> {
    let most = context.settings.tidy.most_ended_drivers;
    for cluster in context.store.mark_crowded(most.into()).await? {
        tracing::info!(
            cluster.id = %cluster,
            "a namespace of the cluster has more than {most} ended drivers; the oldest go"
        );
        context.wakes.wake(&cluster);
    }
    Ok(())
}

async fn delete_old(context: &Context) -> Result<(), StoreError> {
    let Some(keep) = context.settings.tidy.keep_job_runs else {
        return Ok(());
    };
    let Ok(before) = context.clock.now().checked_sub(keep) else {
        return Ok(());
    };
    let mut deleted = 0;
    for _ in 0..MOST_BATCHES {
        let batch = context.store.delete_old_runs(before, BATCH).await?;
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            break;
        }
    }
    if deleted > 0 {
        tracing::info!(job_runs = deleted, "old job runs were deleted");
        metrics::counter!("firesteel_job_runs_deleted_total").increment(deleted);
    }
    Ok(())
}
