//! A store that knows leases: who lost its own writes nothing.

use super::super::*;
use super::LEASE;

/// The record, as the store keeps it.
pub struct Store {
    pub run: JobRun,
    pub attempts: Vec<Attempt>,
    pub lease: Option<(u64, i64)>,
    pub tokens: u64,
    pub forgotten: bool,
}

impl Store {
    pub fn holds(&self, token: u64, now: i64) -> bool {
        !self.forgotten
            && self
                .lease
                .is_some_and(|(held, until)| held == token && now < until)
    }

    pub fn claim(&mut self, now: i64) -> Option<u64> {
        let free = self.lease.is_none_or(|(_, until)| now >= until);
        (free && !self.forgotten).then(|| {
            self.tokens += 1;
            self.lease = Some((self.tokens, now + LEASE));
            self.tokens
        })
    }

    pub fn of(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|it| it.number == number)
    }

    /// Counts a creation before it is sent.
    pub fn begin(&mut self, number: u32) -> bool {
        if let Some(known) = self.of(number) {
            known.unanswered += 1;
            return true;
        }
        let in_turn = match self.attempts.last() {
            None => number == 1,
            Some(last) => last
                .failure
                .as_ref()
                .is_some_and(|it| it.retry_at.is_some()),
        };
        if in_turn {
            self.attempts.push(Attempt {
                number,
                ..attempt(1)
            });
        }
        in_turn
    }

    pub fn see(&mut self, number: u32, uid: &str, seen: &Driver, now: i64) {
        let Some(known) = self.of(number) else { return };
        if known.holder.as_ref().is_none_or(|it| it.uid != uid) {
            return;
        }
        let rank = |phase: &DriverPhase| match phase {
            DriverPhase::Unseen => 0,
            DriverPhase::Waiting { .. } => 1,
            DriverPhase::Running { .. } => 2,
            DriverPhase::Ended(_) => 3,
        };
        let driver = &mut known.driver;
        if rank(&seen.phase) > rank(&driver.phase) {
            driver.phase = seen.phase.clone();
        }
        driver.node = driver.node.take().or_else(|| seen.node.clone());
        driver.grace_period = driver.grace_period.max(seen.grace_period);
        driver.deleting |= seen.deleting;
        driver.gone_at = driver.gone_at.or(seen.gone_at);
        driver.disruption = driver.disruption.take().or_else(|| seen.disruption.clone());
        driver.pod_ended |= seen.pod_ended;
        if driver.deleting {
            known.deleting_since = known.deleting_since.or(Some(at(now)));
        }
    }

    pub fn finish(&mut self, finish: &Finish, now: i64) {
        if (self.run.state == State::CancelPending) != (finish.state == State::Cancelled) {
            return;
        }
        self.run.state = finish.state;
        self.run.finished_at = Some(at(now));
        if let Some(last) = self.attempts.last_mut() {
            last.closed_at = last.closed_at.or(Some(at(now)));
        }
    }
}
