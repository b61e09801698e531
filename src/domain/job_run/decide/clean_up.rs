//! What is left of ended attempts: helpers go at once, the driver's object after its time, and a
//! name that a late creation could use is held.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::{Contact, Look};
use super::{Case, Step, after};
use crate::domain::job_run::{Attempt, DriverPhase, Holder, HolderKind};

/// What cleaning up after one attempt asks for.
enum Chore {
    Now(Step),
    At(Timestamp),
    Done,
}

impl From<Step> for Chore {
    fn from(step: Step) -> Self {
        if let Step::Wait { until, .. } = step {
            return Self::At(until);
        }
        Self::Now(step)
    }
}

impl Case<'_> {
    /// The run is over.
    pub(super) fn clean_up(&self) -> Step {
        self.chores(self.attempts, None)
    }

    /// Fills the waits of a run that goes on.
    pub(super) fn clean_up_meanwhile(&self, step: Step) -> Step {
        let (Step::Wait { until, details }, Contact::Answers { .. }) = (&step, &self.facts.contact)
        else {
            return step;
        };
        let closed = self
            .attempts
            .iter()
            .filter(|it| it.failure.is_some())
            .count();
        let chore = self.chores(&self.attempts[..closed], Some(*until));
        if let Step::Wait { until, .. } = chore {
            let details = details.clone();
            return Step::Wait { until, details };
        }
        chore
    }

    /// The first thing to do after these attempts. Otherwise waits for the next, or for `until`.
    fn chores(&self, attempts: &[Attempt], until: Option<Timestamp>) -> Step {
        let mut next = until;
        for attempt in attempts.iter().filter(|attempt| !attempt.removed) {
            match self.chore(attempt) {
                Chore::Now(step) => return step,
                Chore::At(at) => next = Some(next.map_or(at, |next| next.min(at))),
                // The last one needs no record: the run is forgotten with it.
                Chore::Done if self.attempts.len() > 1 => {
                    return Step::Removed {
                        attempt: attempt.number,
                    };
                }
                Chore::Done => {}
            }
        }
        match next {
            Some(until) => Step::Wait {
                until,
                details: None,
            },
            None => Step::Forget,
        }
    }

    fn chore(&self, attempt: &Attempt) -> Chore {
        let Some(holder) = &attempt.holder else {
            return match attempt.unanswered {
                0 => Chore::Done,
                // Whatever may still come of the creation is to be found and ended.
                _ => self.take_name(attempt),
            };
        };
        let look = self.facts.look_at(attempt.number);
        match look {
            Look::Stray { uid } => {
                return Chore::Now(Step::DeleteStray {
                    attempt: attempt.number,
                    uid: uid.clone(),
                });
            }
            Look::OtherCluster => return Chore::Done,
            Look::NotTaken | Look::Found { .. } | Look::Absent { .. } => {}
        }
        let driver = holder.kind == HolderKind::Driver;
        if driver && !attempt.swept {
            return Chore::Now(Step::Sweep {
                attempt: attempt.number,
            });
        }
        let object_gone = driver && attempt.driver.gone_at.is_some();
        if object_gone || matches!(look, Look::Absent { .. }) {
            // Somebody freed the name before its time, and a late creation could still use it.
            if attempt.unanswered > 0 && object_gone && self.now < self.name_held_until(attempt) {
                return self.take_name(attempt);
            }
            return Chore::Done;
        }
        let keep_until = self.keep_until(attempt, holder);
        if self.now < keep_until {
            return Chore::At(keep_until);
        }
        let outlived = matches!(attempt.driver.phase, DriverPhase::Ended(_))
            && driver
            && !attempt.driver.pod_ended
            && attempt.delete_requested_at.is_none();
        if outlived && *look == Look::NotTaken {
            // The record may be old: its pod may be at its end by now, and then it is kept.
            return Chore::Now(Step::Look {
                attempt: attempt.number,
            });
        }
        self.delete(attempt, holder).into()
    }

    /// Takes a name that nobody holds, where it can be taken at all.
    fn take_name(&self, attempt: &Attempt) -> Chore {
        let step = self.occupy(attempt, Step::Forget);
        if step == Step::Forget {
            return Chore::Done;
        }
        step.into()
    }

    /// Until when the attempt's object stays.
    fn keep_until(&self, attempt: &Attempt, holder: &Holder) -> Timestamp {
        let keep_driver = if self.facts.crowded {
            Duration::ZERO
        } else {
            self.policy.keep_driver
        };
        let kept = after(self.closed_at(attempt), keep_driver);
        let held = match attempt.unanswered {
            0 => kept,
            _ => kept.max(self.name_held_until(attempt)),
        };
        match (holder.kind, &attempt.driver.phase) {
            (HolderKind::Tombstone, _) => held,
            (HolderKind::Driver, DriverPhase::Ended(exit)) if !attempt.driver.pod_ended => {
                after(exit.at, self.policy.sidecar_grace)
            }
            (HolderKind::Driver, DriverPhase::Ended(_)) => held,
            // It was given up, and may be alive.
            (
                HolderKind::Driver,
                DriverPhase::Unseen | DriverPhase::Waiting { .. } | DriverPhase::Running { .. },
            ) => self.now,
        }
    }

    fn name_held_until(&self, attempt: &Attempt) -> Timestamp {
        after(self.closed_at(attempt), self.policy.name_hold)
    }

    fn closed_at(&self, attempt: &Attempt) -> Timestamp {
        attempt
            .closed_at
            .or(self.run.finished_at)
            .unwrap_or(self.now)
    }
}
