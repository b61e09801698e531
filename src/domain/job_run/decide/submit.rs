//! How a driver comes to be: its creation, what is refused for now or for good, and the name that
//! no late creation may have.

use super::facts::Refusal;
use super::{Case, Finish, Step, after};
use crate::domain::job_run::{Attempt, FailureReason, Fault, Verdict, explain};

impl Case<'_> {
    /// Nothing was ever sent, so nothing can exist.
    pub(super) fn untried(&self) -> Step {
        if self.cancelled() {
            return Step::Finish(Finish::cancelled());
        }
        self.submit_or_wait(1)
    }

    /// A creation was begun and no complete driver is known.
    pub(super) fn uncreated(&self, attempt: &Attempt) -> Step {
        let step = match (&self.facts.refusal, self.cancelled()) {
            (_, true) => Step::Finish(Finish::cancelled()),
            (_, false) if attempt.verdict.is_some() => {
                Step::Finish(self.unseen_end(attempt).into_finish())
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
        if let Some(finish) = self.cancelled_in_silence() {
            return Step::Finish(finish);
        }
        // What exists, or may still arrive, is not to run: whoever takes the name ends it.
        if let (Some(reason), Some(refusal), None) =
            (finish.reason, &self.facts.refusal, &attempt.verdict)
            && self.condemns(refusal)
        {
            let details = finish.details.clone();
            return Step::Condemn(Verdict {
                reason,
                fault: Fault::Final,
                details,
            });
        }
        // An unanswered creation may still arrive: the end is certain once the name is taken.
        self.occupy(attempt, step)
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
            Refusal::NoSlot { .. }
            | Refusal::Busy
            | Refusal::Replaced
            | Refusal::Unreachable { .. } => false,
        }
    }

    /// Creates the driver of the attempt, where nothing refused that.
    pub(super) fn submit_or_wait(&self, attempt: u32) -> Step {
        match &self.facts.refusal {
            None => Step::Submit { attempt },
            Some(refusal) => self.refused(refusal),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Step {
        let details = self.refusal_details(refusal);
        let failed = |reason| Step::Finish(Finish::failed(reason, Fault::Final, &details));
        match refusal {
            Refusal::Plan(_) | Refusal::Invalid(_) => failed(FailureReason::ValidationError),
            // An API server that has just started knows nobody's rights for a moment.
            Refusal::Forbidden(_) if self.now < self.once_settled(self.now) => {
                self.wait(self.policy.try_again, Some(details))
            }
            Refusal::Forbidden(_) | Refusal::NamespaceMissing | Refusal::Replaced => {
                failed(FailureReason::ClusterUnavailable)
            }
            Refusal::Busy => self.wait(self.policy.try_again, Some(details)),
            Refusal::NoSlot { .. } => {
                let until = self.queued_until();
                if self.now >= until {
                    failed(FailureReason::UserError)
                } else {
                    Step::Wait {
                        until,
                        details: Some(details),
                    }
                }
            }
            Refusal::Full(_) => {
                // A driver that waits for a part of it takes a node's room meanwhile.
                let full_until = match self.facts.incomplete_since {
                    None => self.queued_until(),
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
                    None => (self.waits_since(), self.policy.template_timeout),
                    Some(since) => (since, self.policy.start_timeout),
                };
                if self.now >= after(since, limit) {
                    let details = format!(
                        "JobRun submission failed. It waited {} s in vain for what its driver \
                         needs. {why}",
                        limit.as_secs()
                    );
                    Step::Finish(Finish::failed(
                        FailureReason::UserError,
                        Fault::Final,
                        &details,
                    ))
                } else {
                    self.wait(self.policy.try_again, Some(details))
                }
            }
            Refusal::Unreachable { since, .. } => {
                let reached_by = after(*since, self.policy.unreachable_timeout);
                if self.now >= reached_by {
                    failed(FailureReason::ClusterUnavailable)
                } else {
                    Step::Wait {
                        until: self.put_off(*since).min(reached_by),
                        details: Some(details),
                    }
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
            Refusal::NoSlot { limit } if self.now >= self.queued_until() => {
                let id = &self.run.virtual_cluster;
                let seconds = self.policy.queue_timeout.as_secs();
                format!(
                    "JobRun timed out in the queue. For {seconds} s virtual cluster {id} had none \
                     of its {limit} concurrent job runs (maxConcurrentJobRuns) free for it."
                )
            }
            Refusal::NoSlot { limit } => {
                explain::waiting_for_slot(&self.run.virtual_cluster, *limit)
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

    /// Takes the attempt's name before `end`, where anybody can take it at all.
    pub(super) fn occupy(&self, attempt: &Attempt, end: Step) -> Step {
        let attempt = attempt.number;
        if !self.facts.names_refused.contains(&attempt) {
            return Step::Occupy { attempt };
        }
        // What is cancelled is over by its time: what may still appear is ended then.
        if let Some(by) = self.cancel_by()
            && self.now >= self.once_settled(by)
        {
            return end;
        }
        match &self.facts.refusal {
            // Where the name's place is no more, no late creation can succeed either.
            Some(Refusal::NamespaceMissing | Refusal::Replaced) => end,
            Some(
                refusal @ (Refusal::Plan(_)
                | Refusal::Invalid(_)
                | Refusal::NoSlot { .. }
                | Refusal::Busy
                | Refusal::Full(_)
                | Refusal::Forbidden(_)
                | Refusal::Unprepared(_)),
            ) => self.wait(self.policy.try_again, Some(self.refusal_details(refusal))),
            Some(refusal @ Refusal::Unreachable { since, .. }) => Step::Wait {
                until: self.put_off(*since),
                details: Some(self.refusal_details(refusal)),
            },
            None => self.wait(self.policy.try_again, None),
        }
    }
}
