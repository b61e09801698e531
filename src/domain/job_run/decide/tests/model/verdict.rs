//! What must hold after every step, and once all works again.

use super::*;

impl Model {
    pub(super) fn check(
        &self,
        max_attempts: u32,
        ended: Option<State>,
    ) -> Result<(), TestCaseError> {
        prop_assert!(self.world.live() <= 1, "two drivers of one run are alive");
        prop_assert!(
            ended.is_none_or(|was| was == self.store.run.state),
            "a terminal state changed"
        );
        let failures = self
            .store
            .attempts
            .iter()
            .filter_map(|it| it.failure.as_ref());
        let charged = failures.filter(|it| it.charged).count();
        prop_assert!(
            charged < usize::try_from(max_attempts).unwrap(),
            "too many attempts are charged"
        );
        if max_attempts == 1 {
            prop_assert!(
                self.world.started.len() <= 1,
                "a started driver was started again"
            );
        }
        Ok(())
    }

    /// No faults any more: everybody does what there is to do, and drivers end well.
    pub(super) fn come_to_an_end(&mut self) {
        self.apply(&Op::Reach(true));
        for node in 0..NODES {
            self.apply(&Op::Recover { node });
        }
        for _ in 0..1500 {
            for number in 1..=u32::try_from(self.store.attempts.len()).unwrap() {
                self.apply(&Op::Observe { attempt: number });
                self.apply(&Op::Start { attempt: number });
                self.apply(&Op::Observe { attempt: number });
                self.apply(&Op::End {
                    attempt: number,
                    code: 0,
                });
                self.apply(&Op::Observe { attempt: number });
            }
            for _ in 0..20 {
                self.apply(&Op::Work {
                    worker: 0,
                    fate: Fate::Applied,
                });
            }
            if self.store.forgotten {
                break;
            }
            self.apply(&Op::Tick(20));
        }
        // A cancelled run does not wait for a driver that nobody sees for longer than it may.
        self.apply(&Op::Tick(200));
    }
}
