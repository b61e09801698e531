//! Creations: recorded as begun before they are sent, and sent only while the lease outlasts them.

use std::time::Duration;

use fail::fail_point;

use super::{Next, Pass, driver_of};
use crate::cluster::{Cluster, ClusterError, CreateError, DriverRef, Seen};
use crate::domain::job_run::decide::{Facts, Look, Refusal};
use crate::domain::job_run::{HolderKind, State};
use crate::store::{Beginning, LeaseError, Loaded};
use crate::worker::health::Gate;

/// What of a lease a submission needs, in which what the driver needs is got first.
pub(in crate::worker) fn time_to_submit(cluster: &dyn Cluster) -> Duration {
    cluster.prepare_timeout() + time_to_create(cluster)
}

/// What of a lease a creation needs: the request, and half as long for recording its answer.
fn time_to_create(cluster: &dyn Cluster) -> Duration {
    cluster.request_timeout() * 3 / 2
}

/// How a driver was found.
enum Existing {
    /// By a creation, which made it complete.
    Answered(Seen),
    /// By a look: parts of it may be missing.
    Found(Seen),
}

impl Pass<'_> {
    pub(super) async fn submit(
        &self,
        loaded: &mut Loaded,
        attempt: u32,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        let mut plan = match self.plan(&loaded.run, attempt) {
            Ok(plan) => plan,
            Err(error) => {
                facts.refusal = Some(Refusal::Plan(error.to_string()));
                return Ok(Next::Decide);
            }
        };
        plan.node_label.clone_from(&loaded.node_label);
        let driver = driver_of(&loaded.run, attempt);
        let Some(identity) = self.identity(loaded, attempt, facts).await else {
            return Ok(Next::Decide);
        };
        let cluster = &self.served.target.cluster;
        let prepared = match cluster.prepare(&loaded.run.account, &driver, &plan).await {
            Ok(prepared) => prepared,
            Err(refusal) => return self.unprepared(loaded, &driver, refusal, facts).await,
        };
        if !self.lease_lasts() {
            return self.pause(Duration::ZERO, None).await;
        }
        let notes = plan.warnings.iter().chain(&prepared.notes);
        if notes.clone().next().is_some() {
            let store = &self.context.store;
            store
                .tell(&self.lease, attempt, notes.map(String::as_str))
                .await?;
        }
        fail_point!("submit");
        if let Beginning::NoSlot { limit } = self.begin(attempt, &driver, &identity).await? {
            facts.refusal = Some(Refusal::NoSlot { limit });
            return Ok(Next::Decide);
        }
        fail_point!("submit-begun");
        let created = self
            .served
            .target
            .cluster
            .create(&driver, &plan, &prepared)
            .await;
        let created = match self.despite_refusal(loaded, &driver, created).await {
            Ok(Existing::Found(_)) if !self.lease_lasts() => {
                return self.pause(Duration::ZERO, None).await;
            }
            Ok(Existing::Found(seen)) => {
                let cluster = &self.served.target.cluster;
                cluster.complete(&driver, &plan, &prepared, seen).await
            }
            Ok(Existing::Answered(seen)) => Ok(seen),
            Err(error) => Err(error),
        };
        fail_point!("submit-sent");
        self.record(loaded, attempt, created, facts).await
    }

    /// The driver cannot be created now; an earlier creation may have made it all the same.
    async fn unprepared(
        &self,
        loaded: &mut Loaded,
        driver: &DriverRef,
        refusal: Refusal,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        if let Refusal::Unreachable { error, .. } = &refusal {
            self.served.health.silent(self.context.clock.now(), error);
        }
        let answer = Err(CreateError::Refused(refusal.clone()));
        match self.despite_refusal(loaded, driver, answer).await {
            Ok(Existing::Found(seen) | Existing::Answered(seen)) => {
                let cluster = &self.served.target.cluster;
                let created = match self.ask(cluster.may_lack_parts(driver, &seen)).await {
                    Ok(false) => Ok(seen),
                    Ok(true) => Err(CreateError::Incomplete {
                        since: seen.holder.created_at,
                        refusal,
                    }),
                    Err(error) => {
                        let stop = self.stopped(Some(error)).await?;
                        return Ok(stop.unwrap_or(Next::Stop));
                    }
                };
                self.record(loaded, driver.attempt, created, facts).await
            }
            Err(_) => {
                facts.refusal = Some(refusal);
                Ok(Next::Decide)
            }
        }
    }

    pub(super) async fn occupy(
        &self,
        loaded: &mut Loaded,
        attempt: u32,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        let driver = driver_of(&loaded.run, attempt);
        let Some(identity) = self.identity(loaded, attempt, facts).await else {
            facts.names_refused.insert(attempt);
            return Ok(Next::Decide);
        };
        if !self.lease_lasts() {
            return self.pause(Duration::ZERO, None).await;
        }
        if let Beginning::NoSlot { limit } = self.begin(attempt, &driver, &identity).await? {
            facts.names_refused.insert(attempt);
            facts.refusal = Some(Refusal::NoSlot { limit });
            return Ok(Next::Decide);
        }
        fail_point!("occupy-begun");
        let occupied = self.served.target.cluster.occupy(&driver).await;
        let occupied = match self.despite_refusal(loaded, &driver, occupied).await {
            Ok(Existing::Found(seen) | Existing::Answered(seen)) => Ok(seen),
            Err(error) => Err(error),
        };
        if let Ok(seen) = &occupied
            && seen.holder.kind == HolderKind::Driver
            && goes_on(loaded, attempt)
        {
            // It came after all, and maybe without what belongs to it: created again, it is made
            // complete.
            facts.outdate();
            return Ok(Next::Decide);
        }
        facts.names_refused.insert(attempt);
        fail_point!("occupy-sent");
        self.record(loaded, attempt, occupied, facts).await
    }

    async fn begin(
        &self,
        attempt: u32,
        driver: &DriverRef,
        identity: &str,
    ) -> Result<Beginning, LeaseError> {
        let host = self.served.host.as_deref();
        let store = &self.context.store;
        store
            .begin_create(&self.lease, attempt, &driver.name, identity, host)
            .await
    }

    /// A refusal says nothing of an earlier creation whose answer was lost: quotas and admission
    /// rules refuse what exists already.
    async fn despite_refusal(
        &self,
        loaded: &Loaded,
        driver: &DriverRef,
        answer: Result<Seen, CreateError>,
    ) -> Result<Existing, CreateError> {
        let unanswered = loaded
            .attempt_of(driver.attempt)
            .map_or(0, |known| known.unanswered);
        match answer {
            Err(CreateError::Refused(refusal)) if unanswered > 0 => {
                match self.ask(self.served.target.cluster.look(driver)).await {
                    Ok(Some(seen)) => Ok(Existing::Found(seen)),
                    Ok(None) | Err(_) => Err(CreateError::Refused(refusal)),
                }
            }
            answer => answer.map(Existing::Answered),
        }
    }

    /// Records what a creation gave.
    async fn record(
        &self,
        loaded: &mut Loaded,
        attempt: u32,
        answer: Result<Seen, CreateError>,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        let store = &self.context.store;
        match answer {
            Ok(seen) => {
                self.served.health.answered(self.context.clock.now());
                let recorded = store
                    .created(&self.lease, attempt, &seen.holder, &seen.driver)
                    .await?;
                fail_point!("submit-recorded");
                // What a look told of the node of a driver that vanished stays true.
                let lost = facts.looks.remove(&attempt);
                facts.outdate();
                if let Some(look @ Look::Absent { node: Some(_) }) = lost
                    && seen.holder.kind == HolderKind::Tombstone
                {
                    facts.looks.insert(attempt, look);
                }
                let known = loaded.attempt_of(attempt);
                let holder = known.and_then(|known| known.holder.as_ref());
                if holder.is_some_and(|holder| holder.uid != seen.holder.uid)
                    && seen.holder.kind == HolderKind::Driver
                {
                    // A late creation came before the tombstone.
                    let uid = seen.holder.uid;
                    facts.looks.insert(attempt, Look::Stray { uid });
                }
                loaded.note_created(recorded);
                Ok(Next::Known)
            }
            Err(CreateError::Refused(refusal)) => {
                self.heard_refusal(&refusal);
                store.create_refused(&self.lease, attempt).await?;
                facts.refusal = Some(refusal);
                Ok(Next::Decide)
            }
            Err(CreateError::Incomplete { since, refusal }) => {
                // The creation stays unanswered until the driver is complete.
                self.heard_refusal(&refusal);
                facts.refusal = Some(refusal);
                facts.incomplete_since = Some(since);
                Ok(Next::Decide)
            }
            Err(CreateError::Unanswered(error)) => {
                tracing::warn!(
                    %error,
                    job_run.id = %self.lease.run,
                    "no answer to the driver's creation; it is asked for again under its name"
                );
                let now = self.context.clock.now();
                self.served.health.silent(now, &error);
                self.pause(self.context.settings.policy.try_again, None)
                    .await
            }
        }
    }

    fn heard_refusal(&self, refusal: &Refusal) {
        match refusal {
            Refusal::Unreachable { error, .. } => {
                self.served.health.silent(self.context.clock.now(), error);
            }
            Refusal::Plan(_)
            | Refusal::Invalid(_)
            | Refusal::NoSlot { .. }
            | Refusal::Busy
            | Refusal::Full(_)
            | Refusal::Forbidden(_)
            | Refusal::NamespaceMissing
            | Refusal::Unprepared(_)
            | Refusal::Replaced => self.served.health.answered(self.context.clock.now()),
        }
    }

    /// The cluster's identity, or the refusal that its silence or change is.
    async fn identity(&self, loaded: &Loaded, attempt: u32, facts: &mut Facts) -> Option<String> {
        let cluster = &self.served.target.cluster;
        let unreachable = |error: String| Refusal::Unreachable {
            since: match self.served.health.gate() {
                Gate::Silent { since, .. } => since,
                Gate::Open | Gate::Held { .. } => self.context.clock.now(),
            },
            error,
        };
        let namespace = &loaded.run.namespace;
        let now = self.context.clock.now();
        // Whether an earlier creation went to another cluster is asked of the cluster itself.
        let is_first = loaded.attempts.is_empty();
        let recent = self.served.recent_identity(namespace, now);
        let identity = match recent.filter(|_| is_first) {
            Some(identity) => Ok(identity),
            None => {
                let told = self.ask(cluster.identity(namespace)).await;
                if let Ok(identity) = &told {
                    self.served.note_identity(namespace, identity, now);
                }
                told
            }
        };
        let refusal = match identity {
            Ok(identity)
                if loaded
                    .cluster_identity_of(attempt)
                    .is_none_or(|was| *was == identity) =>
            {
                return Some(identity);
            }
            Ok(_) => Refusal::Replaced,
            Err(ClusterError::Forbidden(why)) => Refusal::Forbidden(why),
            Err(ClusterError::Refused(_)) => Refusal::NamespaceMissing,
            Err(ClusterError::Unreachable(error)) => unreachable(error),
            Err(ClusterError::Throttled { .. }) => unreachable("It asks for patience.".to_owned()),
        };
        facts.refusal = Some(refusal);
        None
    }

    /// Whether the lease outlasts a creation and the record of its answer.
    fn lease_lasts(&self) -> bool {
        let needed = time_to_create(self.served.target.cluster.as_ref());
        self.lease.claimed_at.elapsed() + needed < self.context.settings.lease
    }
}

/// Whether a driver that is found now is the run's to use: its creation was not recorded, and
/// nothing has decided its end.
fn goes_on(loaded: &Loaded, attempt: u32) -> bool {
    loaded.run.state != State::CancelPending
        && !loaded.run.state.is_terminal()
        && loaded
            .attempt_of(attempt)
            .is_some_and(|known| known.holder.is_none() && known.verdict.is_none())
}
