//! The ends of runs, in words.

use super::{Case, Finish, Inquiry};
use crate::domain::job_run::{Attempt, Exit, FailureReason, State, explain};

impl Finish {
    pub(super) fn cancelled() -> Self {
        Self {
            state: State::Cancelled,
            reason: None,
            details: explain::CANCELLED.to_owned(),
        }
    }

    pub(super) fn failed(reason: FailureReason, details: &str) -> Self {
        Self {
            state: State::Failed,
            reason: Some(reason),
            details: explain::fit(details),
        }
    }
}

impl Case<'_> {
    /// The end of a run whose driver is known not to be alive and left no exit code.
    pub(super) fn end_without_driver(&self, attempt: &Attempt) -> Finish {
        if self.cancelled() {
            return Finish::cancelled();
        }
        match (&attempt.verdict, &attempt.driver.node) {
            (Some(verdict), _) => Finish::failed(verdict.reason, &verdict.details),
            (None, Some(node)) => Finish::failed(
                FailureReason::UserError,
                &format!(
                    "The driver was deleted by someone else, or lost with node {node}, before its \
                     end was seen."
                ),
            ),
            (None, None) => Finish::failed(
                FailureReason::UserError,
                "The driver was deleted by someone else before its start was seen.",
            ),
        }
    }

    pub(super) fn other_cluster(&self) -> Finish {
        Finish::failed(
            FailureReason::ClusterUnavailable,
            &format!(
                "Trouble monitoring your JobRun. Cluster {} does not exist: another cluster \
                 answers under its name.",
                self.run.cluster
            ),
        )
    }

    pub(super) fn finish_of(&self, attempt: &Attempt, exit: &Exit) -> Finish {
        if self.cancelled() {
            return Finish::cancelled();
        }
        match (&attempt.verdict, exit.code) {
            (Some(verdict), _) => Finish::failed(verdict.reason, &verdict.details),
            (None, Some(0)) => Finish {
                state: State::Completed,
                reason: None,
                details: explain::completed(exit.started_at, exit.at),
            },
            (None, _) if attempt.driver.deleting && explain::was_killed(exit) => {
                // An eviction or preemption comes with its own reason.
                let details = match exit.reason.as_deref() {
                    None | Some("Error") => explain::deleted(exit),
                    Some(_) => explain::failed(exit, None),
                };
                Finish::failed(FailureReason::UserError, &details)
            }
            (None, _) => {
                let log = match &self.facts.inquiry {
                    Inquiry::Made(evidence) => evidence.log.as_deref(),
                    Inquiry::NotMade => None,
                };
                Finish::failed(FailureReason::UserError, &explain::failed(exit, log))
            }
        }
    }
}
