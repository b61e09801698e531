//! A driver that exists: until its container starts, and while it runs.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::{Inquiry, Look};
use super::{Case, Step, after};
use crate::domain::job_run::{
    Attempt, DriverPhase, Evidence, FailureReason, Fault, Holder, State, Verdict, Waiting, explain,
    fault,
};

/// How long a driver may wait without a word of why before its cluster is asked; a pod that is
/// started as usual has said something by then.
const ASK_WHY_AFTER: Duration = Duration::from_secs(20);

/// How long executors may be on their way before their cluster is asked what keeps them.
const ASK_FOR_EXECUTORS_AFTER: Duration = Duration::from_secs(120);

impl Case<'_> {
    /// The container has not started.
    pub(super) fn starting(
        &self,
        attempt: &Attempt,
        holder: &Holder,
        waiting: Option<(Timestamp, &Waiting)>,
    ) -> Step {
        if self.run.state == State::Pending {
            return Step::Advance {
                to: State::Submitted,
            };
        }
        if let Some(wait) = self.silence() {
            return wait;
        }
        let why = waiting.map(|(_, why)| why);
        let start_by = after(holder.created_at, self.policy.start_timeout);
        let pull_by = waiting
            .filter(|(_, why)| why.is_image_failure())
            .map(|(since, _)| after(since, self.policy.image_pull_timeout));
        // Of an attempt after one that ran.
        let run_by = self.run_by();
        let due = [pull_by, run_by]
            .into_iter()
            .flatten()
            .fold(start_by, Timestamp::min);
        let due = self.once_settled(due);
        if self.now < due {
            return self.wait_for_start(holder, why, due);
        }
        let evidence = self.evidence();
        if run_by.is_some_and(|by| self.now >= by) {
            return self.condemn(attempt, || self.over_time());
        }
        self.condemn(attempt, || match (pull_by, why) {
            (Some(_), Some(why)) => Verdict {
                reason: FailureReason::UserError,
                fault: fault::of_image_failure(&explain::pull_failure(why, evidence)),
                details: explain::image_failure(why, evidence),
            },
            (Some(_) | None, _) => {
                let seconds = self.policy.start_timeout.as_secs();
                Verdict {
                    reason: FailureReason::UserError,
                    fault: Fault::Final,
                    details: explain::start_timeout(
                        seconds.try_into().unwrap_or(i64::MAX),
                        why,
                        evidence,
                    ),
                }
            }
        })
    }

    /// Where a pod does not say why its container is not made, its events do.
    fn wait_for_start(&self, holder: &Holder, why: Option<&Waiting>, due: Timestamp) -> Step {
        let is_silent = !why.is_some_and(Waiting::tells);
        let ask_at = after(holder.created_at, ASK_WHY_AFTER);
        if is_silent && self.facts.inquiry == Inquiry::NotMade && self.now >= ask_at {
            return Step::Inquire;
        }
        let next = match (is_silent, self.now < ask_at) {
            (true, true) => ask_at,
            // The longer it waits, the more seldom its cluster is asked.
            (true, false) => {
                let waited = self.now.duration_since(holder.created_at).unsigned_abs();
                after(self.now, waited).min(self.next_look())
            }
            (false, _) => self.next_look(),
        };
        let details = explain::waiting_for(why, self.evidence());
        Step::Wait {
            until: due.min(next),
            details: details.as_deref().map(explain::fit),
        }
    }

    /// What the cluster answered when it was asked about the latest attempt.
    pub(super) fn evidence(&self) -> Option<&Evidence> {
        match &self.facts.inquiry {
            Inquiry::Made(evidence) => Some(evidence),
            Inquiry::NotMade => None,
        }
    }

    pub(super) fn running(&self, attempt: &Attempt, since: Timestamp) -> Step {
        match self.run.state {
            State::Pending => {
                return Step::Advance {
                    to: State::Submitted,
                };
            }
            State::Submitted => return Step::Advance { to: State::Running },
            State::Running
            | State::CancelPending
            | State::Completed
            | State::Failed
            | State::Cancelled => {}
        }
        if let Some(wait) = self.silence() {
            return wait;
        }
        let due = self.run_by().map(|due| self.once_settled(due));
        match due {
            Some(due) if self.now >= due => self.condemn(attempt, || self.over_time()),
            Some(_) | None => self.watch_executors(since, due),
        }
    }

    /// A driver runs on without the executors that it waits for, and does not say so.
    fn watch_executors(&self, since: Timestamp, due: Option<Timestamp>) -> Step {
        let ask_at = after(since, ASK_FOR_EXECUTORS_AFTER);
        let (next, details) = match &self.facts.hanging_executors {
            None if self.now >= ask_at => return Step::AskForExecutors,
            None => (ask_at, None),
            Some(hanging) => match explain::hanging_executors(hanging) {
                // They may come to start, and the longer they hang the less likely it is.
                Some(details) => {
                    let ran = self.now.duration_since(since).unsigned_abs();
                    (after(self.now, ran), Some(details))
                }
                None => (self.next_look(), None),
            },
        };
        let until = next.min(self.next_look());
        Step::Wait {
            until: due.map_or(until, |due| due.min(until)),
            details,
        }
    }

    /// When the run has to be over, once a driver of it has started.
    pub(super) fn run_by(&self) -> Option<Timestamp> {
        let starts = self.attempts.iter().filter_map(started_at);
        Some(after(starts.min()?, self.policy.run_timeout?))
    }

    fn over_time(&self) -> Verdict {
        Verdict {
            reason: FailureReason::UserError,
            fault: Fault::Final,
            details: self.ran_too_long(),
        }
    }

    pub(super) fn ran_too_long(&self) -> String {
        let seconds = self.policy.run_timeout.unwrap_or_default().as_secs();
        format!("JobRun timed out: it was not over {seconds} s after its start (job-run-timeout).")
    }

    /// Ends a driver whose time is over, unless a look at it shows that it got on meanwhile.
    fn condemn(&self, attempt: &Attempt, verdict: impl FnOnce() -> Verdict) -> Step {
        match (self.facts.look_at(attempt.number), &self.facts.inquiry) {
            (Look::NotTaken, _) => Step::Look {
                attempt: attempt.number,
            },
            (
                Look::Found { .. } | Look::Absent { .. } | Look::Stray { .. } | Look::OtherCluster,
                Inquiry::NotMade,
            ) => Step::Inquire,
            (
                Look::Found { .. } | Look::Absent { .. } | Look::Stray { .. } | Look::OtherCluster,
                Inquiry::Made(_),
            ) => Step::Condemn(verdict()),
        }
    }
}

/// When the driver's container started, where that was seen.
fn started_at(attempt: &Attempt) -> Option<Timestamp> {
    match &attempt.driver.phase {
        DriverPhase::Unseen | DriverPhase::Waiting { .. } => None,
        DriverPhase::Running { since } => Some(*since),
        DriverPhase::Ended(exit) => exit.started_at,
    }
}
