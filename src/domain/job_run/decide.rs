//! The whole life of a run is one pure function: what is known goes in, the next step comes out.
//!
//! A worker performs the step, records its result and asks again, until the answer is to wait or
//! to forget the run. Nothing else changes a run's state, CancelJobRun's mark excepted.

mod ends;
mod facts;

use std::time::Duration;

use jiff::Timestamp;

pub use self::facts::{Facts, Inquiry, Look, Node, Refusal};
use super::{
    Attempt, DriverPhase, FailureReason, Holder, HolderKind, JobRun, State, Verdict, Waiting,
    explain,
};

/// The configured limits that decisions keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From the driver's creation to the start of its container (EMR's `job-start-timeout`).
    pub start_timeout: Duration,
    /// How long an image may fail to be pulled.
    pub image_pull_timeout: Duration,
    /// How long a run waits for room (a quota, a process slot), from its acceptance.
    pub queue_timeout: Duration,
    /// How long a run of which nothing exists yet waits for a cluster that does not answer.
    pub unreachable_timeout: Duration,
    /// How long a run waits for a template that cannot be had now, from its acceptance.
    pub template_timeout: Duration,
    /// How long a driver that vanished from a silent node may still be alive.
    pub lost_driver_hold: Duration,
    /// How long a finished driver is kept; at least as long as its name must stay taken.
    pub keep_driver: Duration,
    /// A deletion that has not ended the driver is asked for again after this.
    pub delete_again: Duration,
    /// A graceful deletion's time and that until a node's silence shows: a node that is ready for
    /// longer has no stray container.
    pub grace_period: Duration,
    /// A refusal that may pass is tried again after this.
    pub try_again: Duration,
    /// The longest wait without a look at the run.
    pub idle: Duration,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Record the creation as begun, then create the driver of this attempt.
    Submit { attempt: u32 },
    /// Read the driver, and its node where it is gone, from the cluster itself.
    Look,
    /// Ask the cluster why the driver failed or does not start: what is recorded does not say it.
    Inquire,
    /// Take the attempt's name, so that no late creation can succeed.
    Occupy,
    /// Record a state that is not terminal.
    Advance { to: State },
    /// Record why the driver is going to be deleted.
    Condemn(Verdict),
    /// Ask for the deletion of the attempt's object.
    Delete { uid: String },
    /// Ask for the deletion of an object that has the attempt's name and is not its own.
    DeleteStray { uid: String },
    /// Record the terminal state.
    Finish(Finish),
    /// Delete executors and helpers of the attempt.
    Sweep,
    /// Nothing is left to do, ever.
    Forget,
    /// Nothing to do before `until`; `details` says what the run waits for.
    Wait {
        until: Timestamp,
        details: Option<String>,
    },
}

/// A terminal state with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    pub state: State,
    pub reason: Option<FailureReason>,
    pub details: String,
}

/// The next step of `run`, with its attempts in their order.
pub fn decide(
    run: &JobRun,
    attempts: &[Attempt],
    facts: &Facts,
    now: Timestamp,
    policy: &Policy,
) -> Step {
    let case = Case {
        run,
        facts,
        now,
        policy,
    };
    match (run.state.is_terminal(), attempts.last()) {
        (true, Some(attempt)) => case.clean_up(attempt),
        (true, None) => Step::Forget,
        (false, None) => case.untried(),
        (false, Some(attempt)) => match &attempt.holder {
            None => case.uncreated(attempt),
            Some(holder) => case.created(attempt, holder),
        },
    }
}

struct Case<'a> {
    run: &'a JobRun,
    facts: &'a Facts,
    now: Timestamp,
    policy: &'a Policy,
}

impl Case<'_> {
    /// Nothing was ever sent, so nothing can exist.
    fn untried(&self) -> Step {
        if self.cancelled() {
            return Step::Finish(Finish::cancelled());
        }
        match &self.facts.refusal {
            None => Step::Submit { attempt: 1 },
            Some(refusal) => self.refused(refusal),
        }
    }

    /// A creation was begun and no complete driver is known.
    fn uncreated(&self, attempt: &Attempt) -> Step {
        let step = match (&self.facts.refusal, self.cancelled()) {
            (_, true) => Step::Finish(Finish::cancelled()),
            (_, false) if attempt.verdict.is_some() => {
                Step::Finish(self.end_without_driver(attempt))
            }
            (None, false) => {
                return Step::Submit {
                    attempt: attempt.number,
                };
            }
            (Some(refusal), false) => self.refused(refusal),
        };
        let Step::Finish(finish) = &step else {
            return step;
        };
        if attempt.unanswered == 0 {
            return step;
        }
        // What exists, or may still arrive, is not to run: whoever takes the name ends it.
        if let (Some(reason), Some(refusal), None) =
            (finish.reason, &self.facts.refusal, &attempt.verdict)
            && self.condemns(refusal)
        {
            let details = finish.details.clone();
            return Step::Condemn(Verdict { reason, details });
        }
        // An unanswered creation may still arrive: the end is certain once the name is taken.
        self.occupy(step)
    }

    /// Whether a refusal that ends the run also ends the driver that is found to exist. Otherwise
    /// that driver is the run's, and goes on.
    fn condemns(&self, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::Plan(_) | Refusal::Invalid(_) => true,
            Refusal::Full(_)
            | Refusal::Forbidden(_)
            | Refusal::NamespaceMissing
            | Refusal::Unprepared(_) => self.facts.incomplete_since.is_some(),
            Refusal::Busy | Refusal::Replaced | Refusal::Unreachable { .. } => false,
        }
    }

    fn refused(&self, refusal: &Refusal) -> Step {
        let details = self.refusal_details(refusal);
        let failed = |reason| Step::Finish(Finish::failed(reason, &details));
        match refusal {
            Refusal::Plan(_) | Refusal::Invalid(_) => failed(FailureReason::ValidationError),
            Refusal::Forbidden(_) | Refusal::NamespaceMissing | Refusal::Replaced => {
                failed(FailureReason::ClusterUnavailable)
            }
            Refusal::Busy => self.wait(self.policy.try_again, Some(details)),
            Refusal::Full(_) => {
                // A driver that waits for a part of it takes a node's room meanwhile.
                let full_until = match self.facts.incomplete_since {
                    None => after(self.run.created_at, self.policy.queue_timeout),
                    Some(since) => after(since, self.policy.start_timeout),
                };
                if self.now >= full_until {
                    failed(FailureReason::UserError)
                } else {
                    self.wait(self.policy.try_again, Some(details))
                }
            }
            Refusal::Unprepared(why) => {
                let (since, limit) = match self.facts.incomplete_since {
                    None => (self.run.created_at, self.policy.template_timeout),
                    Some(since) => (since, self.policy.start_timeout),
                };
                if self.now >= after(since, limit) {
                    let details = format!(
                        "JobRun submission failed. It waited {} s in vain for what its driver \
                         needs. {why}",
                        limit.as_secs()
                    );
                    Step::Finish(Finish::failed(FailureReason::UserError, &details))
                } else {
                    self.wait(self.policy.try_again, Some(details))
                }
            }
            Refusal::Unreachable { since, .. } => {
                if self.now >= after(*since, self.policy.unreachable_timeout) {
                    failed(FailureReason::ClusterUnavailable)
                } else {
                    self.wait(self.policy.try_again, Some(details))
                }
            }
        }
    }

    fn refusal_details(&self, refusal: &Refusal) -> String {
        let cluster = &self.run.cluster;
        explain::fit(&match refusal {
            Refusal::Plan(why) => format!("JobRun submission failed. {why}"),
            Refusal::Invalid(why) => {
                format!("JobRun submission failed. Cluster {cluster} refused the driver: {why}")
            }
            Refusal::Busy => format!("Waiting for a free process slot of cluster {cluster}."),
            Refusal::Full(why) => {
                format!("Cluster {cluster} does not have sufficient resources. {why}")
            }
            Refusal::Forbidden(why) => {
                format!("Cluster {cluster} does not have sufficient permissions. {why}")
            }
            Refusal::NamespaceMissing => {
                format!(
                    "Namespace {} of cluster {cluster} does not exist.",
                    self.run.namespace
                )
            }
            Refusal::Replaced => {
                format!("Cluster {cluster} does not exist. Another cluster answers under its name.")
            }
            Refusal::Unprepared(why) => format!("Waiting for what the driver needs. {why}"),
            Refusal::Unreachable { error, .. } => {
                format!("Cluster {cluster} is currently not reachable. {error}")
            }
        })
    }

    /// An object holds the attempt's name.
    fn created(&self, attempt: &Attempt, holder: &Holder) -> Step {
        match &self.facts.look {
            Look::Stray { uid } => return Step::DeleteStray { uid: uid.clone() },
            Look::OtherCluster => return Step::Finish(self.other_cluster()),
            Look::NotTaken | Look::Found | Look::Absent { .. } => {}
        }
        if let DriverPhase::Ended(exit) = &attempt.driver.phase {
            let own_end = !self.cancelled() && attempt.verdict.is_none();
            if own_end && self.facts.inquiry == Inquiry::NotMade && explain::leaves_open(exit) {
                return Step::Inquire;
            }
            return self.close(attempt, holder, self.finish_of(attempt, exit));
        }
        if holder.kind == HolderKind::Tombstone {
            return Step::Finish(self.end_without_driver(attempt));
        }
        if let Some(at) = attempt.driver.gone_at {
            return self.gone(attempt, holder, at);
        }
        match &attempt.driver.phase {
            DriverPhase::Unseen => self.starting(attempt, holder, None),
            DriverPhase::Waiting { since, why } => {
                self.starting(attempt, holder, why.as_ref().map(|why| (*since, why)))
            }
            DriverPhase::Running { .. } | DriverPhase::Ended(_) => self.running(attempt, holder),
        }
    }

    fn running(&self, attempt: &Attempt, holder: &Holder) -> Step {
        if self.cancelled() || attempt.verdict.is_some() {
            return self.end(attempt, holder);
        }
        match self.run.state {
            State::Pending => Step::Advance {
                to: State::Submitted,
            },
            State::Submitted => Step::Advance { to: State::Running },
            State::Running
            | State::CancelPending
            | State::Completed
            | State::Failed
            | State::Cancelled => self.wait(self.policy.idle, None),
        }
    }

    /// Ends the run, after taking the name again where a late creation could still use it.
    fn close(&self, attempt: &Attempt, holder: &Holder, finish: Finish) -> Step {
        let name_free = attempt.driver.gone_at.is_some() && holder.kind == HolderKind::Driver;
        if attempt.unanswered > 0 && name_free {
            self.occupy(Step::Finish(finish))
        } else {
            Step::Finish(finish)
        }
    }

    /// Takes the attempt's name before `end`, where anybody can take it at all.
    fn occupy(&self, end: Step) -> Step {
        if !self.facts.name_refused {
            return Step::Occupy;
        }
        match &self.facts.refusal {
            // Where the name's place is no more, no late creation can succeed either.
            Some(Refusal::NamespaceMissing | Refusal::Replaced) => end,
            Some(
                refusal @ (Refusal::Plan(_)
                | Refusal::Invalid(_)
                | Refusal::Busy
                | Refusal::Full(_)
                | Refusal::Forbidden(_)
                | Refusal::Unprepared(_)
                | Refusal::Unreachable { .. }),
            ) => self.wait(self.policy.try_again, Some(self.refusal_details(refusal))),
            None => self.wait(self.policy.try_again, None),
        }
    }

    /// The driver exists and its container has not started.
    fn starting(
        &self,
        attempt: &Attempt,
        holder: &Holder,
        waiting: Option<(Timestamp, &Waiting)>,
    ) -> Step {
        if self.cancelled() || attempt.verdict.is_some() {
            return self.end(attempt, holder);
        }
        if self.run.state == State::Pending {
            return Step::Advance {
                to: State::Submitted,
            };
        }
        let why = waiting.map(|(_, why)| why);
        let start_by = after(holder.created_at, self.policy.start_timeout);
        let pull_by = waiting
            .filter(|(_, why)| why.is_image_failure())
            .map(|(since, _)| after(since, self.policy.image_pull_timeout));
        let due = pull_by.map_or(start_by, |pull_by| pull_by.min(start_by));
        if self.now < due {
            let details = why.map(|why| explain::fit(&explain::waiting(why)));
            return Step::Wait {
                until: due.min(after(self.now, self.policy.idle)),
                details,
            };
        }
        match self.facts.look {
            Look::NotTaken => Step::Look,
            Look::Found | Look::Absent { .. } | Look::Stray { .. } | Look::OtherCluster => {
                let details = match (pull_by, why) {
                    (Some(_), Some(why)) => explain::image_failure(why),
                    _ => {
                        let seconds = self.policy.start_timeout.as_secs();
                        explain::start_timeout(seconds.try_into().unwrap_or(i64::MAX), why)
                    }
                };
                Step::Condemn(Verdict {
                    reason: FailureReason::UserError,
                    details,
                })
            }
        }
    }

    /// Ends a driver that may be alive: asks for its deletion, and again where that had no effect.
    fn end(&self, attempt: &Attempt, holder: &Holder) -> Step {
        let ask = Step::Delete {
            uid: holder.uid.clone(),
        };
        match attempt.delete_requested_at {
            None => ask,
            Some(asked) if self.now < after(asked, self.policy.delete_again) => Step::Wait {
                until: after(asked, self.policy.delete_again),
                details: None,
            },
            Some(_) => match self.facts.look {
                Look::NotTaken => Step::Look,
                Look::Found | Look::Absent { .. } | Look::Stray { .. } | Look::OtherCluster => ask,
            },
        }
    }

    /// The driver's object is gone and nobody saw its container end. Gone is not dead: on a silent
    /// node the container outlives its object.
    fn gone(&self, attempt: &Attempt, holder: &Holder, at: Timestamp) -> Step {
        let hold_ends = after(at, self.policy.lost_driver_hold);
        let node = match &self.facts.look {
            Look::NotTaken => return Step::Look,
            Look::Absent { node } => node.as_ref(),
            Look::Found | Look::Stray { .. } | Look::OtherCluster => None,
        };
        let dead = match (&attempt.driver.node, node) {
            (None, _) | (Some(_), Some(Node::Gone)) => true,
            (Some(_), Some(Node::Ready { since })) => {
                self.now >= after((*since).max(at), self.policy.grace_period)
            }
            (Some(_), Some(Node::NotReady) | None) => self.now >= hold_ends,
        };
        if dead {
            return self.close(attempt, holder, self.end_without_driver(attempt));
        }
        let name = attempt.driver.node.as_deref().unwrap_or("unknown");
        let details = format!("The driver vanished; waiting to be sure that node {name} ended it.");
        self.wait(
            self.policy.grace_period.min(self.policy.try_again),
            Some(details),
        )
    }

    /// The run is over: helpers go at once, the driver's object after its time.
    fn clean_up(&self, attempt: &Attempt) -> Step {
        let Some(holder) = &attempt.holder else {
            return Step::Forget;
        };
        match &self.facts.look {
            Look::Stray { uid } => return Step::DeleteStray { uid: uid.clone() },
            Look::OtherCluster => return Step::Forget,
            Look::NotTaken | Look::Found | Look::Absent { .. } => {}
        }
        if !attempt.swept && holder.kind == HolderKind::Driver {
            return Step::Sweep;
        }
        let finished_at = self.run.finished_at.unwrap_or(self.now);
        let keep_until = after(finished_at, self.policy.keep_driver);
        let object_gone = attempt.driver.gone_at.is_some() && holder.kind == HolderKind::Driver;
        if object_gone || matches!(self.facts.look, Look::Absent { .. }) {
            // Somebody freed the name before its time, and a late creation could still use it.
            if attempt.unanswered > 0 && object_gone && self.now < keep_until {
                return self.occupy(Step::Forget);
            }
            return Step::Forget;
        }
        if self.now < keep_until {
            return Step::Wait {
                until: keep_until,
                details: None,
            };
        }
        match (attempt.delete_requested_at, &self.facts.look) {
            (None, _) => Step::Delete {
                uid: holder.uid.clone(),
            },
            (Some(asked), _) if self.now < after(asked, self.policy.delete_again) => Step::Wait {
                until: after(asked, self.policy.delete_again),
                details: None,
            },
            (Some(_), Look::NotTaken) => Step::Look,
            (Some(_), _) => Step::Delete {
                uid: holder.uid.clone(),
            },
        }
    }

    fn cancelled(&self) -> bool {
        self.run.state == State::CancelPending
    }

    fn wait(&self, pause: Duration, details: Option<String>) -> Step {
        Step::Wait {
            until: after(self.now, pause),
            details,
        }
    }
}

/// `from + pause`, at the end of time at the latest.
fn after(from: Timestamp, pause: Duration) -> Timestamp {
    from.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
