//! The whole life of a run is one pure function: what is known goes in, the next step comes out.
//!
//! A worker performs the step, records its result and asks again, until the answer is to wait or
//! to forget the run. Nothing else changes a run's state, CancelJobRun's mark excepted.

mod clean_up;
mod end;
mod facts;
mod retry;
mod start;
mod submit;

use std::time::Duration;

use jiff::Timestamp;

pub use self::facts::{Contact, Facts, Inquiry, Look, Node, Refusal};
use super::{
    Attempt, AttemptFailure, DriverPhase, FailureReason, Fault, Holder, HolderKind, JobRun, State,
    Verdict,
};

/// The configured limits that decisions keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From the driver's creation to the start of its container (EMR's `job-start-timeout`).
    pub start_timeout: Duration,
    /// From the first start of a driver's container to the end of the run; `None`: no limit.
    pub run_timeout: Option<Duration>,
    /// How long an image may fail to be pulled.
    pub image_pull_timeout: Duration,
    /// How long a run waits for room (a slot of its virtual cluster, a quota), from its acceptance,
    /// or from when its next attempt may begin; for ever where it is zero.
    pub queue_timeout: Duration,
    /// How long a run of which nothing exists yet waits for a cluster that does not answer.
    pub unreachable_timeout: Duration,
    /// How long a run waits for a template that cannot be had now, from its acceptance, or from when
    /// its next attempt may begin.
    pub template_timeout: Duration,
    /// How long a cluster must have answered without a gap before a deadline may pass: what came to
    /// pass in its silence is to be told first.
    pub settle: Duration,
    /// How long a driver that vanished from a silent node may still be alive.
    pub lost_driver_hold: Duration,
    /// Attempts that the platform ends and that are not charged, for each run.
    pub platform_retries: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub retry_pause: Duration,
    /// The longest pause between two attempts.
    pub longest_retry_pause: Duration,
    /// How long a finished driver is kept.
    pub keep_driver: Duration,
    /// How long the name of a driver must stay taken where a late creation may still arrive.
    pub name_hold: Duration,
    /// How long a pod whose driver has ended waits for its other containers.
    pub sidecar_grace: Duration,
    /// A deletion that has not ended the driver is asked for again after this.
    pub delete_again: Duration,
    /// A graceful deletion's time and that until a node's silence shows: a node that is ready for
    /// A graceful deletion's usual time and that until a node's silence shows: a node that is ready
    /// for longer has no stray container of a pod that is given no more than that.
    pub grace_period: Duration,
    /// A refusal that may pass is tried again after this.
    pub try_again: Duration,
    /// The longest wait without a look at the run, a tenth more or less.
    pub idle: Duration,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Record the creation as begun, then create the driver of this attempt.
    Submit { attempt: u32 },
    /// Read the attempt's driver, and its node where it is gone or going, from the cluster itself.
    Look { attempt: u32 },
    /// Ask the cluster why the latest driver failed or does not start: what is recorded does not
    /// say it.
    Inquire,
    /// Ask the cluster which executors of the latest driver, which runs, do not start.
    AskForExecutors,
    /// Take the attempt's name, so that no late creation can succeed.
    Occupy { attempt: u32 },
    /// Record a state that is not terminal.
    Advance { to: State },
    /// Record why the latest driver is going to be deleted.
    Condemn(Verdict),
    /// Ask for the deletion of the attempt's object.
    Delete { attempt: u32, uid: String },
    /// Ask for the deletion of an object that has the attempt's name and is not its own.
    DeleteStray { attempt: u32, uid: String },
    /// Record how the latest attempt ended; another follows.
    Close(AttemptFailure),
    /// Record the terminal state, and the end of the latest attempt.
    Finish(Finish),
    /// Delete executors and helpers of the attempt.
    Sweep { attempt: u32 },
    /// Record that nothing is left of the attempt.
    Removed { attempt: u32 },
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
    /// Whose failure the end of the latest attempt is; `None` for a completed one.
    pub fault: Option<Fault>,
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
        attempts,
        facts,
        now,
        policy,
    };
    if run.state.is_terminal() {
        return case.unless_silent(case.clean_up());
    }
    let step = match attempts.last() {
        None => case.untried(),
        Some(attempt) => match (&attempt.failure, &attempt.holder) {
            (Some(failure), _) => case.between(attempt, failure),
            (None, None) => case.uncreated(attempt),
            (None, Some(holder)) => case.created(attempt, holder),
        },
    };
    case.unless_silent(case.clean_up_meanwhile(step))
}

struct Case<'a> {
    run: &'a JobRun,
    attempts: &'a [Attempt],
    facts: &'a Facts,
    now: Timestamp,
    policy: &'a Policy,
}

impl Case<'_> {
    /// An object holds the name of the latest attempt, which is open.
    fn created(&self, attempt: &Attempt, holder: &Holder) -> Step {
        match self.facts.look_at(attempt.number) {
            Look::Stray { uid } => {
                return Step::DeleteStray {
                    attempt: attempt.number,
                    uid: uid.clone(),
                };
            }
            Look::OtherCluster => return Step::Finish(self.other_cluster()),
            Look::NotTaken | Look::Found { .. } | Look::Absent { .. } => {}
        }
        if let DriverPhase::Ended(exit) = &attempt.driver.phase {
            return self.ended(attempt, holder, exit);
        }
        if holder.kind == HolderKind::Tombstone {
            return self.conclude(attempt, holder, self.unseen_end(attempt));
        }
        if let Some(at) = attempt.driver.gone_at {
            return self.gone(attempt, holder, at);
        }
        if self.cancelled() || attempt.verdict.is_some() {
            return self.end(attempt, holder);
        }
        if let Some(step) = self.lost(attempt, holder) {
            return step;
        }
        match &attempt.driver.phase {
            DriverPhase::Unseen => self.starting(attempt, holder, None),
            DriverPhase::Waiting { since, why } => {
                self.starting(attempt, holder, why.as_ref().map(|why| (*since, why)))
            }
            DriverPhase::Running { since } => self.running(attempt, *since),
            DriverPhase::Ended(exit) => self.ended(attempt, holder, exit),
        }
    }

    fn cancelled(&self) -> bool {
        self.run.state == State::CancelPending
    }

    /// Since when the run waits for its next driver.
    fn waits_since(&self) -> Timestamp {
        self.attempts
            .iter()
            .rev()
            .find_map(|attempt| attempt.failure.as_ref()?.retry_at)
            .unwrap_or(self.run.created_at)
    }

    /// Until when the run may wait for room.
    fn queued_until(&self) -> Timestamp {
        if self.policy.queue_timeout.is_zero() {
            return Timestamp::MAX;
        }
        after(self.waits_since(), self.policy.queue_timeout)
    }

    /// When `deadline` may pass: neither in a silence of the cluster nor just after it.
    fn once_settled(&self, deadline: Timestamp) -> Timestamp {
        match self.facts.contact {
            Contact::Answers { since } => deadline.max(after(since, self.policy.settle)),
            Contact::Silent { .. } => Timestamp::MAX,
        }
    }

    /// Waits for a cluster that does not answer.
    fn silence(&self) -> Option<Step> {
        match self.facts.contact {
            Contact::Answers { .. } => None,
            Contact::Silent { since } => Some(Step::Wait {
                until: self.put_off(since),
                details: Some(format!(
                    "Trouble monitoring your JobRun. Cluster {} is currently not reachable.",
                    self.run.cluster
                )),
            }),
        }
    }

    /// Nothing is asked of a cluster that is known not to answer.
    fn unless_silent(&self, step: Step) -> Step {
        match &step {
            Step::Look { .. }
            | Step::Inquire
            | Step::AskForExecutors
            | Step::Delete { .. }
            | Step::DeleteStray { .. }
            | Step::Sweep { .. } => self.silence().unwrap_or(step),
            // A creation that is not sent learns of its refusal, which has a limit of its own.
            Step::Submit { .. }
            | Step::Occupy { .. }
            | Step::Advance { .. }
            | Step::Condemn(_)
            | Step::Close(_)
            | Step::Finish(_)
            | Step::Removed { .. }
            | Step::Forget
            | Step::Wait { .. } => step,
        }
    }

    /// When a run of a cluster that has been silent since then is looked at again: the longer the
    /// silence lasts the later, but for the end of a cancellation.
    fn put_off(&self, since: Timestamp) -> Timestamp {
        let lasted = Duration::try_from(self.now.duration_since(since)).unwrap_or(Duration::ZERO);
        let shortest = self.policy.try_again;
        let pause = lasted.clamp(shortest, shortest.max(self.policy.settle));
        let until = after(self.now, pause);
        self.cancel_by()
            .filter(|by| *by > self.now)
            .map_or(until, |by| until.min(by))
    }

    fn wait(&self, pause: Duration, details: Option<String>) -> Step {
        Step::Wait {
            until: after(self.now, pause),
            details,
        }
    }

    /// The time of the next look without a reason. Runs that began together do not look together.
    fn next_look(&self) -> Timestamp {
        let id = self.run.id.as_str().bytes();
        let spread = id.fold(0u32, |sum, byte| (sum * 31 + u32::from(byte)) % 21);
        after(self.now, self.policy.idle / 100 * (90 + spread))
    }
}

/// `from + pause`, at the end of time at the latest.
fn after(from: Timestamp, pause: Duration) -> Timestamp {
    from.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
