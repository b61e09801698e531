//! How a driver ends: by itself, by Firesteel, or unseen; and what that makes of the run.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::{Contact, Inquiry, Look, Node};
use super::{Case, Finish, Step, after};
use crate::domain::job_run::{
    Attempt, AttemptFailure, DriverPhase, Exit, FailureReason, Fault, Holder, HolderKind, State,
    Waiting, explain, fault,
};

/// What Kubernetes gives a pod that does not say otherwise, and `Policy::grace_period` includes.
const USUAL_GRACE_PERIOD: Duration = Duration::from_secs(30);

/// How an attempt ended, or the whole run with it.
pub(super) enum Ending {
    Run(Finish),
    Failure {
        reason: FailureReason,
        fault: Fault,
        details: String,
    },
}

impl Ending {
    fn failure(reason: FailureReason, fault: Fault, details: impl Into<String>) -> Self {
        Self::Failure {
            reason,
            fault,
            details: details.into(),
        }
    }

    /// The end of the run, if no other attempt follows.
    pub(super) fn into_finish(self) -> Finish {
        match self {
            Self::Run(finish) => finish,
            Self::Failure {
                reason,
                fault,
                details,
            } => Finish::failed(reason, fault, &details),
        }
    }
}

impl Finish {
    pub(super) fn cancelled() -> Self {
        Self {
            state: State::Cancelled,
            reason: None,
            fault: Some(Fault::Final),
            details: explain::CANCELLED.to_owned(),
        }
    }

    pub(super) fn failed(reason: FailureReason, fault: Fault, details: &str) -> Self {
        Self {
            state: State::Failed,
            reason: Some(reason),
            fault: Some(fault),
            details: explain::fit(details),
        }
    }
}

impl Case<'_> {
    /// The driver's container ended, and its end was seen.
    pub(super) fn ended(&self, attempt: &Attempt, holder: &Holder, exit: &Exit) -> Step {
        let own_end = !self.cancelled() && attempt.verdict.is_none();
        if own_end && self.facts.inquiry == Inquiry::NotMade && explain::leaves_open(exit) {
            return Step::Inquire;
        }
        self.conclude(attempt, holder, self.seen_end(attempt, exit))
    }

    /// Ends a driver that may be alive: asks for its deletion, and again where that had no effect.
    pub(super) fn end(&self, attempt: &Attempt, holder: &Holder) -> Step {
        if let Some(finish) = self.cancelled_in_silence() {
            return Step::Finish(finish);
        }
        if let Some(step) = self.lost(attempt, holder) {
            return step;
        }
        let look = self.facts.look_at(attempt.number);
        if let Some(until) = self.cancel_by().map(|by| self.once_settled(by))
            && attempt.delete_requested_at.is_some()
            && self.now >= until
        {
            return match look {
                Look::NotTaken => Step::Look {
                    attempt: attempt.number,
                },
                Look::Found { .. }
                | Look::Absent { .. }
                | Look::Stray { .. }
                | Look::OtherCluster => Step::Finish(self.cancelled_unseen(attempt)),
            };
        }
        self.delete(attempt, holder)
    }

    /// Asks for the deletion of the attempt's object, and again where that had no effect.
    pub(super) fn delete(&self, attempt: &Attempt, holder: &Holder) -> Step {
        let ask = Step::Delete {
            attempt: attempt.number,
            uid: holder.uid.clone(),
        };
        match attempt.delete_requested_at {
            None => ask,
            Some(asked) if self.now < after(asked, self.policy.delete_again) => Step::Wait {
                until: after(asked, self.policy.delete_again),
                details: None,
            },
            Some(_) => match self.facts.look_at(attempt.number) {
                Look::NotTaken => Step::Look {
                    attempt: attempt.number,
                },
                Look::Found { .. }
                | Look::Absent { .. }
                | Look::Stray { .. }
                | Look::OtherCluster => ask,
            },
        }
    }

    /// The driver's object is gone and nobody saw its container end. Gone is not dead: on a silent
    /// node the container outlives its object.
    pub(super) fn gone(&self, attempt: &Attempt, holder: &Holder, at: Timestamp) -> Step {
        if let Some(finish) = self.cancelled_in_silence() {
            return Step::Finish(finish);
        }
        let node = match self.facts.look_at(attempt.number) {
            Look::NotTaken => {
                return Step::Look {
                    attempt: attempt.number,
                };
            }
            Look::Absent { node } => node.as_ref(),
            Look::Found { .. } | Look::Stray { .. } | Look::OtherCluster => None,
        };
        let dead_at = match (&attempt.driver.node, node) {
            (Some(_), Some(Node::Gone)) => self.now,
            (None, _) if was_unscheduled(attempt) => self.now,
            // It may have come to a node since it was seen last, which ends it now.
            (None, _) => after(at, self.time_to_stop(attempt)),
            // What the cluster says of its nodes after a silence is old at first.
            (Some(_), Some(Node::Ready { since })) => {
                let answers = match self.facts.contact {
                    Contact::Answers { since } => since,
                    Contact::Silent { .. } => self.now,
                };
                let known = (*since).max(at).max(answers);
                after(known, self.time_to_stop(attempt))
            }
            (Some(_), Some(Node::NotReady { since })) => {
                // As long as its node was ready it was about to end there, and may not have come to it.
                let since = since.map_or(at, |since| since.max(at));
                self.once_settled(after(since, self.policy.lost_driver_hold))
            }
            (Some(_), None) => self.once_settled(after(at, self.policy.lost_driver_hold)),
        };
        if self.now >= dead_at {
            return self.conclude(attempt, holder, self.unseen_end(attempt));
        }
        if let Some(by) = self.cancel_by()
            && self.now >= self.once_settled(by)
        {
            return Step::Finish(self.cancelled_unseen(attempt));
        }
        let details = match &attempt.driver.node {
            Some(node) => {
                format!("The driver vanished; waiting to be sure that node {node} ended it.")
            }
            None => "The driver vanished; waiting to be sure that no node runs it.".to_owned(),
        };
        self.wait(
            self.policy.grace_period.min(self.policy.try_again),
            Some(details),
        )
    }

    /// How long after its object went a driver may take to end on a node that is ready. A pod that
    /// is given more time than usual is waited for as much longer, but no longer than one whose node
    /// says nothing.
    fn time_to_stop(&self, attempt: &Attempt) -> Duration {
        let usual = self.policy.grace_period;
        let Some(grace) = attempt.driver.grace_period else {
            return usual;
        };
        let until_silence_shows = usual.saturating_sub(USUAL_GRACE_PERIOD);
        grace
            .saturating_add(until_silence_shows)
            .min(self.policy.lost_driver_hold)
            .max(usual)
    }

    /// A driver whose deletion has been under way for so long that its node is to be asked for: it
    /// may have been lost with its driver, and then nobody ever ends the deletion.
    pub(super) fn lost(&self, attempt: &Attempt, holder: &Holder) -> Option<Step> {
        let since = attempt.deleting_since?;
        let lost_at = self.once_settled(after(since, self.policy.lost_driver_hold));
        if self.now < lost_at {
            return None;
        }
        match self.facts.look_at(attempt.number) {
            Look::NotTaken => Some(Step::Look {
                attempt: attempt.number,
            }),
            Look::Found {
                node: Some(Node::Gone),
            } => Some(self.conclude(attempt, holder, self.unseen_end(attempt))),
            Look::Found {
                node: Some(Node::NotReady { since }),
            } => {
                // Where the node cannot be read, the reason of the deletion tells of its loss.
                let disruption = attempt.driver.disruption.as_deref();
                let hold = self.policy.lost_driver_hold;
                let dead = disruption == Some("DeletionByTaintManager")
                    || since.is_some_and(|since| self.now >= after(since, hold));
                dead.then(|| self.conclude(attempt, holder, self.unseen_end(attempt)))
            }
            // Its node is there to end it.
            Look::Found {
                node: Some(Node::Ready { .. }) | None,
            }
            | Look::Absent { .. }
            | Look::Stray { .. }
            | Look::OtherCluster => None,
        }
    }

    /// Closes the attempt, after taking its name again where a late creation could still use it.
    pub(super) fn conclude(&self, attempt: &Attempt, holder: &Holder, ending: Ending) -> Step {
        let end = match ending {
            Ending::Run(finish) => Step::Finish(finish),
            Ending::Failure {
                reason,
                fault,
                details,
            } => {
                let charged = self.charges(fault, attempt);
                match self.retry_at(fault, charged) {
                    Some(retry_at) => Step::Close(AttemptFailure {
                        fault,
                        charged,
                        details: explain::fit(&details),
                        retry_at: Some(retry_at),
                    }),
                    None => Step::Finish(Finish::failed(reason, fault, &details)),
                }
            }
        };
        let name_free = attempt.driver.gone_at.is_some() && holder.kind == HolderKind::Driver;
        if attempt.unanswered > 0 && name_free {
            self.occupy(attempt, end)
        } else {
            end
        }
    }

    /// The end of a cancelled run whose cluster has been silent for too long to be waited for.
    pub(super) fn cancelled_in_silence(&self) -> Option<Finish> {
        let Contact::Silent { since } = self.facts.contact else {
            return None;
        };
        let asked = self.run.cancel_requested_at.unwrap_or(since);
        let over = self.now >= after(asked, self.policy.lost_driver_hold);
        (self.cancelled() && over).then(|| Finish {
            details: explain::fit(&format!(
                "JobRun CANCELLED. Cluster {} is not reachable: a driver there may run on until it \
                 answers, and is deleted then.",
                self.run.cluster
            )),
            ..Finish::cancelled()
        })
    }

    /// By when a cancelled run is over, whether or not its driver's end was seen.
    pub(super) fn cancel_by(&self) -> Option<Timestamp> {
        let asked = self.run.cancel_requested_at.filter(|_| self.cancelled())?;
        Some(after(asked, self.policy.lost_driver_hold))
    }

    fn cancelled_unseen(&self, attempt: &Attempt) -> Finish {
        let details = match &attempt.driver.node {
            Some(node) => format!(
                "JobRun CANCELLED. Its driver's deletion was asked for, and node {node} has not told \
                 of its end: there it may still run."
            ),
            None => {
                "JobRun CANCELLED. Its driver's deletion was asked for, and its end was not seen."
                    .to_owned()
            }
        };
        Finish {
            details: explain::fit(&details),
            ..Finish::cancelled()
        }
    }

    /// How an attempt ended whose driver is taken for dead and left no exit code.
    pub(super) fn unseen_end(&self, attempt: &Attempt) -> Ending {
        if self.cancelled() {
            return Ending::Run(Finish::cancelled());
        }
        if let Some(verdict) = &attempt.verdict {
            return Ending::failure(verdict.reason, verdict.fault, &verdict.details);
        }
        let node = match self.facts.look_at(attempt.number) {
            Look::Absent { node } | Look::Found { node } => node.as_ref(),
            Look::NotTaken | Look::Stray { .. } | Look::OtherCluster => None,
        };
        let fault = fault::of_loss(&attempt.driver, node);
        let mut details = explain::lost(&attempt.driver, node);
        let hold = self.policy.lost_driver_hold;
        if let (Some(grace), Some(Node::Ready { .. })) = (attempt.driver.grace_period, node)
            && grace > hold
        {
            details.push_str(&explain::not_waited_out(grace, hold));
        }
        Ending::failure(FailureReason::UserError, fault, details)
    }

    fn seen_end(&self, attempt: &Attempt, exit: &Exit) -> Ending {
        if self.cancelled() {
            return Ending::Run(Finish::cancelled());
        }
        let fault = fault::of_exit(exit, &attempt.driver);
        match (&attempt.verdict, exit.code) {
            (Some(verdict), _) => Ending::failure(verdict.reason, verdict.fault, &verdict.details),
            (None, Some(0)) => Ending::Run(Finish {
                state: State::Completed,
                reason: None,
                fault: None,
                details: explain::completed(exit.started_at, exit.at),
            }),
            (None, _) => {
                let details = explain::ended(&attempt.driver, exit, self.evidence());
                Ending::failure(FailureReason::UserError, fault, details)
            }
        }
    }

    /// Another cluster answers under the name of the run's.
    pub(super) fn other_cluster(&self) -> Finish {
        if self.cancelled() {
            return Finish::cancelled();
        }
        Finish::failed(
            FailureReason::ClusterUnavailable,
            Fault::Final,
            &format!(
                "Trouble monitoring your JobRun. Cluster {} does not exist: another cluster \
                 answers under its name.",
                self.run.cluster
            ),
        )
    }
}

/// Whether the driver was still without a node when it was seen last.
fn was_unscheduled(attempt: &Attempt) -> bool {
    match &attempt.driver.phase {
        DriverPhase::Waiting { why, .. } => why.as_ref().is_some_and(Waiting::is_for_a_node),
        DriverPhase::Unseen | DriverPhase::Running { .. } | DriverPhase::Ended(_) => false,
    }
}
