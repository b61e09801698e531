//! A pass over one run: load, decide, perform, record, until there is nothing to do now.
//!
//! Whatever happens on the way, the run stays claimed no longer than its lease, and every record
//! is written under it.

mod create;
mod look;

use std::sync::Arc;
use std::time::Duration;

use fail::fail_point;
use jiff::Timestamp;
use tokio::time::sleep;

pub(super) use self::create::time_to_submit;
use super::Context;
use super::health::Gate;
use super::served::{STORE_PAUSE, Served};
use crate::cluster::{ClusterError, Deletion, DriverRef};
use crate::domain::job_run::decide::{
    Contact, Facts, Finish, Inquiry, Policy, Refusal, Step, decide,
};
use crate::domain::job_run::{JobRun, State};
use crate::spark::{self, DriverNames, Plan, PlanError};
use crate::store::{Change, Lease, LeaseError, Loaded};
use crate::telemetry::ATTEMPTS_RETRIED;

/// More steps than any run needs at a time; past them it waits for its next turn.
const MAX_STEPS: usize = 16;

/// Passes over the run of `lease` and gives it back. It begins with what was `loaded` under this
/// lease, if that was.
pub(super) async fn over(
    context: Arc<Context>,
    served: Arc<Served>,
    lease: Lease,
    loaded: Option<Loaded>,
) {
    let run = lease.run.clone();
    let mut pass = Pass {
        context: &context,
        served: &served,
        lease,
    };
    match pass.run(loaded).await {
        Ok(()) => {}
        Err(LeaseError::Lost) => {
            tracing::debug!(job_run.id = %run, "another worker has the run now");
        }
        Err(LeaseError::Store(error)) => {
            tracing::warn!(%error, job_run.id = %run, "a step was not recorded; it is put off");
            pass.put_off().await;
        }
    }
}

struct Pass<'a> {
    context: &'a Context,
    served: &'a Served,
    lease: Lease,
}

/// Whether the pass goes on after a step.
enum Next {
    /// What is recorded is to be read anew.
    Decide,
    /// What was recorded is noted, too.
    Known,
    Stop,
}

impl Pass<'_> {
    async fn run(&mut self, mut known: Option<Loaded>) -> Result<(), LeaseError> {
        let mut facts = Facts::default();
        let mut policy = None;
        for _ in 0..MAX_STEPS {
            let mut loaded = match known.take() {
                Some(loaded) => loaded,
                None => self.context.store.load(&self.lease).await?,
            };
            // A wake-up before the load is answered by it.
            self.lease.wake_seq = loaded.wake_seq;
            facts.crowded = loaded.crowded;
            let policy = policy.get_or_insert_with(|| self.policy_of(&loaded.run));
            facts.contact = self.served.health.contact();
            let now = self.context.clock.now();
            let step = decide(&loaded.run, &loaded.attempts, &facts, now, policy);
            tracing::debug!(job_run.id = %loaded.run.id, ?step, "next step");
            match self.perform(step, &mut loaded, &mut facts, policy).await? {
                Next::Decide => {}
                Next::Known => known = Some(loaded),
                Next::Stop => return Ok(()),
            }
        }
        self.release(self.context.settings.policy.try_again, None)
            .await
    }

    /// Once Postgres answers again the run need not wait for the end of its lease.
    async fn put_off(&self) {
        while self.lease.claimed_at.elapsed() < self.context.settings.lease {
            sleep(STORE_PAUSE).await;
            let try_again = self.context.settings.policy.try_again;
            match self.release(try_again, None).await {
                Ok(()) | Err(LeaseError::Lost) => return,
                Err(LeaseError::Store(error)) => {
                    tracing::debug!(%error, job_run.id = %self.lease.run, "still not put off");
                }
            }
        }
    }

    /// The policy with what the run itself asks for.
    fn policy_of(&self, run: &JobRun) -> Policy {
        let mut policy = self.context.settings.policy.clone();
        if !run.state.is_terminal()
            && let Ok(plan) = self.plan(run, 1)
        {
            policy.start_timeout = plan.start_timeout.unwrap_or(policy.start_timeout);
            policy.run_timeout = plan.run_timeout.or(policy.run_timeout);
        }
        policy
    }

    fn plan(&self, run: &JobRun, attempt: u32) -> Result<Plan, PlanError> {
        let names = DriverNames {
            app_id: driver_of(run, attempt).app_id,
        };
        spark::plan(run, &names, &self.served.target.defaults)
    }

    async fn perform(
        &self,
        step: Step,
        loaded: &mut Loaded,
        facts: &mut Facts,
        policy: &Policy,
    ) -> Result<Next, LeaseError> {
        let store = &self.context.store;
        let latest = latest(loaded);
        let run = &loaded.run;
        match step {
            Step::Submit { attempt } => self.submit(loaded, attempt, facts).await,
            Step::Occupy { attempt } => self.occupy(loaded, attempt, facts).await,
            Step::Look { attempt } => self.look(loaded, attempt, facts).await,
            Step::Inquire => {
                let driver = driver_of(run, latest);
                let evidence = self.served.target.cluster.inquire(&driver).await;
                let told = evidence.told();
                if !told.is_empty() {
                    let said = told.iter().map(String::as_str);
                    store.tell_of_pods(&self.lease, latest, said).await?;
                }
                facts.inquiry = Inquiry::Made(evidence);
                Ok(Next::Decide)
            }
            Step::AskForExecutors => {
                let cluster = &self.served.target.cluster;
                let hanging = cluster.hanging_executors(&driver_of(run, latest)).await;
                facts.hanging_executors = Some(hanging);
                Ok(Next::Decide)
            }
            Step::Advance { to } => self.advance(to, loaded, facts, policy).await,
            Step::Condemn(verdict) => {
                store.condemn(&self.lease, latest, &verdict).await?;
                fail_point!("condemned");
                Ok(Next::Decide)
            }
            Step::Delete { attempt, uid } => {
                let driver = driver_of(run, attempt);
                let cluster = &self.served.target.cluster;
                let asked = self.ask(cluster.delete(&driver, &uid)).await;
                fail_point!("delete-sent");
                match &asked {
                    Err(ClusterError::Unreachable(_) | ClusterError::Throttled { .. }) => {}
                    // What is refused was asked for, too: a cancellation waits for it no longer.
                    Ok(_) | Err(ClusterError::Forbidden(_) | ClusterError::Refused(_)) => {
                        let now = self.context.clock.now();
                        let gone = matches!(asked, Ok(Deletion::Gone));
                        store
                            .delete_requested(&self.lease, attempt, now, gone)
                            .await?;
                        loaded.note_delete_requested(attempt, now, gone);
                    }
                }
                let again = self.context.settings.policy.delete_again;
                if let Some(stop) = self.stopped_by(asked.err(), again).await? {
                    return Ok(stop);
                }
                facts.outdate();
                Ok(Next::Known)
            }
            Step::DeleteStray { attempt, uid } => {
                let driver = driver_of(run, attempt);
                let cluster = &self.served.target.cluster;
                let asked = self.ask(cluster.delete(&driver, &uid)).await;
                if let Some(stop) = self.stopped(asked.err()).await? {
                    return Ok(stop);
                }
                self.pause(self.context.settings.policy.try_again, None)
                    .await
            }
            Step::Close(failure) => {
                fail_point!("close");
                let now = self.context.clock.now();
                store
                    .close_attempt(&self.lease, latest, &failure, now)
                    .await?;
                fail_point!("closed");
                tracing::info!(
                    job_run.id = %run.id,
                    attempt = latest,
                    fault = failure.fault.as_str(),
                    "an attempt failed; another follows"
                );
                let fault = failure.fault.as_str();
                metrics::counter!(ATTEMPTS_RETRIED, "fault" => fault).increment(1);
                facts.outdate();
                Ok(Next::Decide)
            }
            Step::Finish(finish) => {
                fail_point!("finish");
                let change = self.finish(loaded, &finish).await?;
                fail_point!("finished");
                facts.outdate();
                Ok(match change {
                    Change::Done => Next::Known,
                    Change::StateMoved => Next::Decide,
                })
            }
            Step::Sweep { attempt } => {
                let driver = driver_of(run, attempt);
                fail_point!("sweep");
                let swept = self.ask(self.served.target.cluster.sweep(&driver)).await;
                if let Some(stop) = self.stopped(swept.err()).await? {
                    return Ok(stop);
                }
                fail_point!("sweep-sent");
                store.swept(&self.lease, attempt).await?;
                loaded.note_swept(attempt);
                Ok(Next::Known)
            }
            Step::Removed { attempt } => {
                store.removed(&self.lease, attempt).await?;
                fail_point!("removed");
                Ok(Next::Decide)
            }
            Step::Forget => {
                fail_point!("forget");
                store.forget(&self.lease).await?;
                fail_point!("forgotten");
                Ok(Next::Stop)
            }
            Step::Wait { until, details } => {
                let pause = time_until(until, self.context.clock.now());
                if matches!(facts.refusal, Some(Refusal::NoSlot { .. })) {
                    let due = store
                        .wait_for_slot(&self.lease, pause, details.as_deref())
                        .await?;
                    self.wake_if(due);
                    return Ok(Next::Stop);
                }
                self.pause(pause, details.as_deref()).await
            }
        }
    }

    /// Records the state; and the wait, where that is all that follows.
    async fn advance(
        &self,
        to: State,
        loaded: &mut Loaded,
        facts: &Facts,
        policy: &Policy,
    ) -> Result<Next, LeaseError> {
        fail_point!("advance");
        let from = loaded.run.state;
        let latest = latest(loaded);
        loaded.note_advanced(to);
        let (store, lease) = (&self.context.store, &self.lease);
        let now = self.context.clock.now();
        let following = decide(&loaded.run, &loaded.attempts, facts, now, policy);
        let (change, next) = if let Step::Wait { until, details } = following {
            fail_point!("wait");
            let (pause, details) = (time_until(until, now), details.as_deref());
            let (change, due) = store
                .advance_and_release(lease, latest, from, to, pause, details)
                .await?;
            self.wake_if(due);
            (change, Next::Stop)
        } else {
            (store.advance(lease, latest, from, to).await?, Next::Known)
        };
        if change == Change::StateMoved {
            return Ok(Next::Decide);
        }
        tracing::info!(job_run.id = %loaded.run.id, state = %to, "job run is {to}");
        self.context.wakes.run_changed();
        Ok(next)
    }

    async fn finish(&self, loaded: &mut Loaded, finish: &Finish) -> Result<Change, LeaseError> {
        let run = &loaded.run;
        let attempt = loaded.attempt().map(|attempt| attempt.number);
        let now = self.context.clock.now();
        let store = &self.context.store;
        let change = store
            .finish(&self.lease, attempt, run.state, finish, now)
            .await?;
        if change == Change::Done {
            tracing::info!(
                job_run.id = %run.id,
                virtual_cluster.id = %run.virtual_cluster,
                state = %finish.state,
                "job run is {}", finish.state
            );
            let state = finish.state.as_str();
            metrics::counter!("firesteel_job_runs_finished_total", "state" => state).increment(1);
            self.context.wakes.run_changed();
            if loaded.limited {
                self.context.wakes.wake(&run.cluster);
            }
            self.room_was_made().await;
            loaded.note_finished(finish, now);
        }
        Ok(change)
    }

    /// Sends a request to the cluster, unless it is known not to answer.
    async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        match self.served.health.gate() {
            Gate::Open => {}
            Gate::Held { until } => {
                let retry_after = until.saturating_duration_since(std::time::Instant::now());
                return Err(ClusterError::Throttled { retry_after });
            }
            Gate::Silent { error, .. } => return Err(ClusterError::Unreachable(error)),
        }
        let answer = request.await;
        self.served.heard(self.context, &answer);
        answer
    }

    /// Leaves the run for a little later where the cluster did not do as asked.
    async fn stopped(&self, error: Option<ClusterError>) -> Result<Option<Next>, LeaseError> {
        self.stopped_by(error, self.context.settings.policy.try_again)
            .await
    }

    /// Leaves the run where the cluster did not do as asked, for so long where it refused.
    async fn stopped_by(
        &self,
        error: Option<ClusterError>,
        refused_for: Duration,
    ) -> Result<Option<Next>, LeaseError> {
        let Some(error) = error else { return Ok(None) };
        let cluster = &self.served.target.id;
        let silent = matches!(self.served.health.contact(), Contact::Silent { .. });
        if silent && matches!(error, ClusterError::Unreachable(_)) {
            tracing::warn!(%error, job_run.id = %self.lease.run, cluster.id = %cluster, "a step waits for the cluster");
            return Ok(Some(Next::Decide));
        }
        let details = match &error {
            ClusterError::Unreachable(_) => {
                format!(
                    "Trouble monitoring your JobRun. Cluster {cluster} is currently not reachable."
                )
            }
            ClusterError::Throttled { .. } => String::new(),
            ClusterError::Forbidden(why) => format!(
                "Trouble monitoring your JobRun. Cluster {cluster} does not have sufficient \
                 permissions. {why}"
            ),
            ClusterError::Refused(why) => {
                format!("Trouble monitoring your JobRun. Cluster {cluster} refused: {why}")
            }
        };
        tracing::warn!(%error, job_run.id = %self.lease.run, cluster.id = %cluster, "a step is put off");
        let details = crate::domain::job_run::explain::fit(&details);
        let told = (!details.is_empty()).then_some(details.as_str());
        let pause = match &error {
            ClusterError::Forbidden(_) | ClusterError::Refused(_) => refused_for,
            ClusterError::Unreachable(_) | ClusterError::Throttled { .. } => {
                self.context.settings.policy.try_again
            }
        };
        self.pause(pause, told).await.map(Some)
    }

    /// Runs that wait for a process slot may have theirs now.
    async fn room_was_made(&self) {
        if self.served.host.is_none() {
            return;
        }
        match self
            .context
            .store
            .wake_pending(&self.served.target.id)
            .await
        {
            Ok(()) => self.context.wakes.wake_local(&self.served.target.id),
            Err(error) => tracing::debug!(%error, "waiting runs were not woken"),
        }
    }

    async fn pause(&self, pause: Duration, details: Option<&str>) -> Result<Next, LeaseError> {
        fail_point!("wait");
        self.release(pause, details).await?;
        Ok(Next::Stop)
    }

    async fn release(&self, pause: Duration, details: Option<&str>) -> Result<(), LeaseError> {
        let store = &self.context.store;
        let due = store.release(&self.lease, pause, details).await?;
        self.wake_if(due);
        Ok(())
    }

    /// Who woke the run while it was held found it taken.
    fn wake_if(&self, due: bool) {
        if due {
            self.context.wakes.wake_local(&self.served.target.id);
        }
    }
}

/// The number of the latest attempt; of the first where there is none yet.
fn latest(loaded: &Loaded) -> u32 {
    loaded.attempt().map_or(1, |attempt| attempt.number)
}

fn time_until(until: Timestamp, now: Timestamp) -> Duration {
    until
        .duration_since(now)
        .try_into()
        .unwrap_or(Duration::ZERO)
}

fn driver_of(run: &JobRun, attempt: u32) -> DriverRef {
    DriverRef::new(&run.namespace, &run.virtual_cluster, &run.id, attempt)
}
