//! One pool a cluster: claims due runs in batches and passes over each, a bounded number at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fail::fail_point;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::health::Gate;
use super::served::{STORE_PAUSE, Served};
use super::{Context, pass};
use crate::domain::ids::JobRunId;
use crate::store::{Lease, Loaded};

/// The pause after a claim found less than it could take.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
/// From one claim that could have taken more to the next, at least.
const CLAIM_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_CLAIM_PAUSE: Duration = Duration::from_millis(100);
/// Of the time claims take one part in so many: the more virtual clusters, the longer each takes.
const CLAIM_SHARE: u32 = 3;

/// Works for one cluster until `shutdown`, then lets the passes under way come to their end. What
/// does not end in time is given back, so that nobody waits for its lease.
pub(super) async fn work(context: Arc<Context>, served: Arc<Served>, shutdown: CancellationToken) {
    let mut passes = Passes::default();
    claim_and_pass(&context, &served, &mut passes, &shutdown).await;
    let drained = async { while passes.ended().await {} };
    if timeout(context.settings.drain, drained).await.is_ok() {
        return;
    }
    let leases = passes.cut_off().await;
    tracing::warn!(
        cluster.id = %served.target.id,
        runs = leases.len(),
        "steps were cut off by the shutdown; their runs are due at once"
    );
    if let Err(error) = context.store.give_back(&leases).await {
        tracing::warn!(%error, "the leases of the runs that were cut off run out by themselves");
    }
}

/// The passes under way, and the leases that they hold.
#[derive(Default)]
struct Passes {
    tasks: JoinSet<()>,
    leases: HashMap<Id, Lease>,
}

impl Passes {
    fn start(
        &mut self,
        context: &Arc<Context>,
        served: &Arc<Served>,
        lease: Lease,
        loaded: Option<Loaded>,
    ) {
        let pass = pass::over(
            Arc::clone(context),
            Arc::clone(served),
            lease.clone(),
            loaded,
        );
        let wakes = context.wakes.clone();
        let pass = async move {
            pass.await;
            // Whatever it was: another attempt, a note, what the run waits for.
            wakes.run_changed();
        };
        let id = self.tasks.spawn(pass).id();
        self.leases.insert(id, lease);
    }

    /// Waits for one to end; `false` where there is none.
    async fn ended(&mut self) -> bool {
        let Some(ended) = self.tasks.join_next_with_id().await else {
            return false;
        };
        self.note(ended);
        true
    }

    /// Forgets those that have ended.
    fn reap(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.note(ended);
        }
    }

    /// One run that makes a worker panic stops no other; its lease runs out.
    fn note(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                let id = error.id();
                let run = self.leases.get(&id).map(|lease| lease.run.as_str());
                tracing::error!(%error, job_run.id = run, "a pass over a run panicked");
                id
            }
        };
        self.leases.remove(&id);
    }

    /// Ends all, and tells whose work is left undone.
    async fn cut_off(mut self) -> Vec<Lease> {
        self.tasks.shutdown().await;
        self.leases.into_values().collect()
    }
}

/// Ends soon after `shutdown`, but never between a claim and the start of its passes.
async fn claim_and_pass(
    context: &Arc<Context>,
    served: &Arc<Served>,
    passes: &mut Passes,
    shutdown: &CancellationToken,
) {
    let woken = context.wakes.of(&served.target.id);
    let mut in_round = false;
    loop {
        let may_claim = shutdown.run_until_cancelled(when_it_may(context, served, &mut in_round));
        if may_claim.await.is_none() {
            return;
        }
        passes.reap();
        let batch = context.settings.steps_in_flight - passes.tasks.len();
        let claimed_at = tokio::time::Instant::now();
        let claimed = claim(context, served, batch).await;
        let next_claim = claimed_at + (CLAIM_SHARE * claimed_at.elapsed()).max(CLAIM_PAUSE);
        fail_point!("claimed");
        let full = claimed.as_ref().is_ok_and(|leases| leases.len() == batch);
        let failed = claimed.is_err();
        in_round &= full || batch == 0;
        let claimed = claimed.unwrap_or_default();
        let mut loaded = load(context, &claimed).await;
        for lease in claimed {
            let loaded = loaded.remove(&lease.run);
            passes.start(context, served, lease, loaded);
        }
        if full && batch > 0 {
            continue;
        }
        loop {
            let pause = async {
                if failed {
                    sleep(STORE_PAUSE).await;
                } else if batch == 0 {
                    std::future::pending::<()>().await;
                } else {
                    // While there is much to do, somebody wakes before it is worth asking for more.
                    sleep(LEAST_PAUSE).await;
                    let rest = idle_time(context, served).await;
                    sleep(rest.saturating_sub(LEAST_PAUSE)).await;
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = woken.notified(), if batch > 0 => break,
                // What it leaves may be due sooner than all else; nothing else is new.
                true = passes.ended() => if batch == 0 { break },
                () = pause => break,
            }
        }
        // Whoever comes in a moment is claimed together with who came now.
        sleep_until(next_claim.min(claimed_at + LONGEST_CLAIM_PAUSE)).await;
    }
}

/// Waits while nothing may be claimed. Each probe of a silent cluster begins a round, in which all
/// runs that are due have a pass: cancellations and timeouts need no answer. It ends when a claim
/// finds no more of them.
async fn when_it_may(context: &Context, served: &Served, in_round: &mut bool) {
    loop {
        match served.health.gate() {
            Gate::Open => return,
            Gate::Held { until } => sleep_until(until.into()).await,
            Gate::Silent { probe_at, .. } if *in_round && probe_at > Instant::now() => return,
            Gate::Silent { probe_at, .. } => {
                sleep_until(probe_at.into()).await;
                probe(context, served).await;
                *in_round = true;
            }
        }
    }
}

async fn claim(context: &Context, served: &Served, batch: usize) -> Result<Vec<Lease>, ()> {
    if batch == 0 {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(batch).unwrap_or(i64::MAX);
    context
        .store
        .claim(
            &served.target.id,
            served.host.as_deref(),
            limit,
            context.settings.lease,
        )
        .await
        .map_err(|error| {
            tracing::warn!(%error, cluster.id = %served.target.id, "due runs cannot be claimed");
        })
}

/// What is recorded of the runs of these leases, as far as it can be read together.
async fn load(context: &Context, leases: &[Lease]) -> HashMap<JobRunId, Loaded> {
    if leases.is_empty() {
        return HashMap::new();
    }
    match context.store.load_each(leases).await {
        Ok(all) => all
            .into_iter()
            .filter_map(|(run, loaded)| Some((run, loaded.ok()?)))
            .collect(),
        Err(error) => {
            tracing::debug!(%error, "each pass reads its run by itself");
            HashMap::new()
        }
    }
}

/// The time until something is due, at most the poll interval. What is due already is in another's
/// hands just now.
async fn idle_time(context: &Context, served: &Served) -> Duration {
    let due = context
        .store
        .due_in(&served.target.id, served.host.as_deref())
        .await;
    let due = due.ok().flatten().unwrap_or(context.settings.poll);
    due.max(LEAST_PAUSE).min(context.settings.poll)
}

async fn probe(context: &Context, served: &Served) {
    let started = Instant::now();
    let answer = served.target.cluster.ping().await;
    served.heard(context, &answer);
    match answer {
        Ok(()) => tracing::info!(cluster.id = %served.target.id, "the cluster answers again"),
        Err(error) => tracing::warn!(
            %error,
            cluster.id = %served.target.id,
            duration_ms = started.elapsed().as_millis(),
            "the cluster still does not answer"
        ),
    }
}
