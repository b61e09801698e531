//! A pass over one run: load, decide, perform, record, until there is nothing to do now.
//!
//! Whatever happens on the way, the run stays claimed no longer than its lease, and every record
//! is written under it.

mod create;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

pub(super) use self::create::time_to_submit;
use super::Context;
use super::health::Gate;
use super::served::{STORE_PAUSE, Served};
use crate::cluster::{ClusterError, DriverRef};
use crate::domain::job_run::decide::{Facts, Finish, Inquiry, Look, Policy, Step, decide};
use crate::domain::job_run::{Attempt, HolderKind, JobRun, State};
use crate::spark::{self, DriverNames, Plan, PlanError};
use crate::store::{Change, Lease, LeaseError, Loaded};

/// More steps than any run needs at a time; past them it waits for its next turn.
const MAX_STEPS: usize = 16;

/// Passes over the run of `lease` and gives it back.
pub(super) async fn over(context: Arc<Context>, served: Arc<Served>, lease: Lease) {
    let run = lease.run.clone();
    let mut pass = Pass {
        context: &context,
        served: &served,
        lease,
    };
    match pass.run().await {
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
    Decide,
    Stop,
}

impl Pass<'_> {
    async fn run(&mut self) -> Result<(), LeaseError> {
        let mut facts = Facts::default();
        for _ in 0..MAX_STEPS {
            let loaded = self.context.store.load(&self.lease).await?;
            // A wake-up before the load is answered by it.
            self.lease.wake_seq = loaded.wake_seq;
            let policy = self.policy_of(&loaded.run);
            let now = self.context.clock.now();
            let step = decide(&loaded.run, &loaded.attempts, &facts, now, &policy);
            tracing::debug!(job_run.id = %loaded.run.id, ?step, "next step");
            match self.perform(step, &loaded, &mut facts).await? {
                Next::Decide => {}
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
        if matches!(run.state, State::Pending | State::Submitted)
            && let Ok(Plan {
                start_timeout: Some(start_timeout),
                ..
            }) = self.plan(run, 1)
        {
            policy.start_timeout = start_timeout;
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
        loaded: &Loaded,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        let store = &self.context.store;
        let run = &loaded.run;
        let number = loaded.attempt().map_or(1, |attempt| attempt.number);
        let driver = driver_of(run, number);
        match step {
            Step::Submit { attempt } => self.submit(loaded, attempt, facts).await,
            Step::Occupy => self.occupy(loaded, number, facts).await,
            Step::Look => self.look(loaded, &driver, facts).await,
            Step::Inquire => {
                let evidence = self.served.target.cluster.inquire(&driver).await;
                facts.inquiry = Inquiry::Made(evidence);
                Ok(Next::Decide)
            }
            Step::Advance { to } => {
                if store.advance(&self.lease, number, run.state, to).await? == Change::Done {
                    tracing::info!(job_run.id = %run.id, state = %to, "job run is {to}");
                }
                Ok(Next::Decide)
            }
            Step::Condemn(verdict) => {
                store.condemn(&self.lease, number, &verdict).await?;
                Ok(Next::Decide)
            }
            Step::Delete { uid } => {
                if let Some(stop) = self.ask_deletion(&driver, &uid).await? {
                    return Ok(stop);
                }
                store
                    .delete_requested(&self.lease, number, self.context.clock.now())
                    .await?;
                *facts = Facts::default();
                Ok(Next::Decide)
            }
            Step::DeleteStray { uid } => {
                if let Some(stop) = self.ask_deletion(&driver, &uid).await? {
                    return Ok(stop);
                }
                self.pause(self.context.settings.policy.try_again, None)
                    .await
            }
            Step::Finish(finish) => {
                self.finish(loaded, &finish).await?;
                *facts = Facts::default();
                Ok(Next::Decide)
            }
            Step::Sweep => {
                let swept = self.ask(self.served.target.cluster.sweep(&driver)).await;
                if let Some(stop) = self.stopped_by(swept.err()).await? {
                    return Ok(stop);
                }
                store.swept(&self.lease, number).await?;
                Ok(Next::Decide)
            }
            Step::Forget => {
                store.forget(&self.lease).await?;
                Ok(Next::Stop)
            }
            Step::Wait { until, details } => {
                let pause = until.duration_since(self.context.clock.now());
                self.pause(
                    pause.try_into().unwrap_or(Duration::ZERO),
                    details.as_deref(),
                )
                .await
            }
        }
    }

    async fn finish(&self, loaded: &Loaded, finish: &Finish) -> Result<(), LeaseError> {
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
            self.room_was_made().await;
        }
        Ok(())
    }

    async fn look(
        &self,
        loaded: &Loaded,
        driver: &DriverRef,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        let Some(Attempt {
            number,
            holder: Some(holder),
            driver: last,
            ..
        }) = loaded.attempt()
        else {
            return self.pause(Duration::ZERO, None).await;
        };
        let cluster = &self.served.target.cluster;
        let taken = self.ask(async {
            let seen = cluster.look(driver).await?;
            // The driver itself proves which cluster it is, whatever else may be read there now.
            let own = seen
                .as_ref()
                .is_some_and(|seen| seen.holder.uid == holder.uid);
            if let (false, Some(was)) = (own, &loaded.cluster_identity)
                && *was != cluster.identity(&loaded.run.namespace).await?
            {
                return Ok(None);
            }
            let node = match (&seen, &last.node) {
                (None, Some(node)) => Some(cluster.node(node).await?),
                (Some(_), _) | (None, None) => None,
            };
            Ok(Some((seen, node)))
        });
        let (seen, node) = match taken.await {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                facts.look = Look::OtherCluster;
                return Ok(Next::Decide);
            }
            Err(error) => {
                let stop = self.stopped_by(Some(error)).await?;
                return Ok(stop.unwrap_or(Next::Stop));
            }
        };
        let now_gone = || {
            let mut driver = last.clone();
            driver.gone_at = Some(driver.gone_at.unwrap_or(self.context.clock.now()));
            driver
        };
        let (seen_driver, look) = match seen {
            None => (now_gone(), Look::Absent { node }),
            Some(seen) if seen.holder.uid == holder.uid => (seen.driver, Look::Found),
            Some(seen) => (
                now_gone(),
                Look::Stray {
                    uid: seen.holder.uid,
                },
            ),
        };
        if holder.kind == HolderKind::Driver {
            self.context
                .store
                .looked(&self.lease, *number, &holder.uid, &seen_driver)
                .await?;
        }
        facts.look = look;
        Ok(Next::Decide)
    }

    async fn ask_deletion(
        &self,
        driver: &DriverRef,
        uid: &str,
    ) -> Result<Option<Next>, LeaseError> {
        let asked = self
            .ask(self.served.target.cluster.delete(driver, uid))
            .await;
        self.stopped_by(asked.err()).await
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

    /// Leaves the run for later where the cluster did not do as asked.
    async fn stopped_by(&self, error: Option<ClusterError>) -> Result<Option<Next>, LeaseError> {
        let Some(error) = error else { return Ok(None) };
        let cluster = &self.served.target.id;
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
        self.pause(self.context.settings.policy.try_again, told)
            .await
            .map(Some)
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
        self.release(pause, details).await?;
        Ok(Next::Stop)
    }

    async fn release(&self, pause: Duration, details: Option<&str>) -> Result<(), LeaseError> {
        self.context
            .store
            .release(&self.lease, pause, details)
            .await
    }
}

fn driver_of(run: &JobRun, attempt: u32) -> DriverRef {
    DriverRef::new(&run.namespace, &run.virtual_cluster, &run.id, attempt)
}
