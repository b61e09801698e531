//! Whether another attempt follows one that failed, and when.
//!
//! A failure of the job's own is charged; the platform's are not, so many times, unless the run has
//! one attempt and its driver may have begun: then nothing begins a second time.

use jiff::Timestamp;

use super::{Case, Finish, Step, after};
use crate::domain::job_run::{
    Attempt, AttemptFailure, DriverPhase, FailureReason, Fault, HolderKind, explain, fault,
};

impl Case<'_> {
    /// The latest attempt failed and is closed; another follows.
    pub(super) fn between(&self, attempt: &Attempt, failure: &AttemptFailure) -> Step {
        if self.cancelled() {
            return Step::Finish(Finish::cancelled());
        }
        let failed = |details: &str| {
            Step::Finish(Finish::failed(
                FailureReason::UserError,
                failure.fault,
                details,
            ))
        };
        let Some(retry_at) = failure.retry_at else {
            return failed(&failure.details);
        };
        if self.run_by().is_some_and(|by| self.now >= by) {
            return failed(&format!("{} {}", self.ran_too_long(), failure.details));
        }
        let has_driver = attempt
            .holder
            .as_ref()
            .is_some_and(|holder| holder.kind == HolderKind::Driver);
        if has_driver && !attempt.swept {
            return Step::Sweep {
                attempt: attempt.number,
            };
        }
        if self.now >= retry_at {
            return self.submit_or_wait(attempt.number + 1);
        }
        // Whole seconds are enough for people.
        let time = Timestamp::from_second(retry_at.as_second()).unwrap_or(retry_at);
        let next = format!(" The next starts at {time}.");
        let room = explain::MAX_CHARS - next.len();
        let details = explain::fit_in(
            &format!("Attempt {} failed: {}", attempt.number, failure.details),
            room,
        );
        Step::Wait {
            until: self.run_by().map_or(retry_at, |by| by.min(retry_at)),
            details: Some(details + &next),
        }
    }

    /// Whether such an end of the latest attempt counts against the run's attempts.
    pub(super) fn charges(&self, fault: Fault, attempt: &Attempt) -> bool {
        match fault {
            Fault::Job | Fault::Final => true,
            Fault::Platform => {
                let free = self.closed().filter(|failure| !failure.charged).count();
                let free = u32::try_from(free).unwrap_or(u32::MAX);
                let harmless = self.max_attempts() > 1 || !may_have_started(attempt);
                free >= self.policy.platform_retries || !harmless
            }
        }
    }

    /// When another attempt may begin after such an end of the latest; `None` where none may.
    pub(super) fn retry_at(&self, fault: Fault, charged: bool) -> Option<Timestamp> {
        let earlier = self.closed().filter(|failure| failure.charged).count();
        let charges = u32::try_from(earlier)
            .unwrap_or(u32::MAX)
            .saturating_add(charged.into());
        match fault {
            Fault::Final => None,
            Fault::Job | Fault::Platform => (!charged || charges < self.max_attempts())
                .then(|| after(self.now, self.retry_pause())),
        }
    }

    fn retry_pause(&self) -> std::time::Duration {
        let doublings = u32::try_from(self.closed().count()).unwrap_or(u32::MAX);
        self.policy
            .retry_pause
            .saturating_mul(2u32.saturating_pow(doublings))
            .min(self.policy.longest_retry_pause)
    }

    fn max_attempts(&self) -> u32 {
        let max = self.run.max_attempts.unwrap_or(1);
        u32::try_from(max).unwrap_or(1).max(1)
    }

    fn closed(&self) -> impl Iterator<Item = &AttemptFailure> {
        self.attempts
            .iter()
            .filter_map(|attempt| attempt.failure.as_ref())
    }
}

/// Whether the driver's container may have started: unless its kubelet told that it did not, or it
/// never had one, or Firesteel ended it because it could not start.
fn may_have_started(attempt: &Attempt) -> bool {
    let condemned_unstarted = attempt
        .verdict
        .as_ref()
        .is_some_and(|verdict| verdict.fault == Fault::Platform);
    match &attempt.driver.phase {
        DriverPhase::Running { .. } => true,
        DriverPhase::Ended(exit) => {
            let turned_away = exit.reason.as_deref().is_some_and(fault::refused_by_node);
            let on_node = attempt.driver.node.is_some() && !turned_away;
            exit.code.is_some() || exit.started_at.is_some() || on_node
        }
        DriverPhase::Unseen | DriverPhase::Waiting { .. } => {
            attempt.driver.node.is_some() && !condemned_unstarted
        }
    }
}
