//! What is left of ended attempts, while the run goes on and after it.

use super::*;

/// An ended attempt of a run that goes on.
fn closed(number: u32, closed_at: i64) -> Attempt {
    Attempt {
        number,
        swept: true,
        closed_at: Some(at(closed_at)),
        failure: Some(AttemptFailure {
            fault: Fault::Job,
            charged: true,
            details: "exit code 1".into(),
            retry_at: Some(at(closed_at + 10)),
        }),
        ..created(DriverPhase::Ended(exit(1)))
    }
}

fn second() -> Attempt {
    Attempt {
        number: 2,
        ..created(DriverPhase::Running { since: at(90) })
    }
}

fn running() -> JobRun {
    JobRun {
        max_attempts: Some(2),
        ..run(State::Running)
    }
}

fn step_of(attempts: &[Attempt], facts: &Facts, now: i64) -> Step {
    decide(&running(), attempts, facts, at(now), &policy())
}

#[test]
fn earlier_attempts_are_cleaned_up_in_the_waits_of_the_latest() {
    let none = no_executor_hangs();
    let mut first = closed(1, 70);
    let wait = step_of(&[first.clone(), second()], &none, 100);
    assert_eq!(
        wait,
        Step::Wait {
            until: at(670),
            details: None
        }
    );
    assert_eq!(step_of(&[first.clone(), second()], &none, 670), delete());
    first.driver.gone_at = Some(at(672));
    let removed = Step::Removed { attempt: 1 };
    assert_eq!(step_of(&[first.clone(), second()], &none, 672), removed);
    first.removed = true;
    let wait = step_of(&[first, second()], &none, 672);
    assert!(matches!(wait, Step::Wait { .. }), "{wait:?}");
}

#[test]
fn the_main_step_goes_first() {
    let mut submitted = running();
    submitted.state = State::Submitted;
    let attempts = [closed(1, 70), second()];
    let step = decide(
        &submitted,
        &attempts,
        &Facts::default(),
        at(5000),
        &policy(),
    );
    assert_eq!(step, Step::Advance { to: State::Running });
}

#[test]
fn a_run_is_forgotten_when_nothing_is_left_of_any_attempt() {
    let mut done = running();
    done.state = State::Completed;
    done.finished_at = Some(at(100));
    let mut last = Attempt {
        swept: true,
        closed_at: Some(at(100)),
        driver: Driver {
            gone_at: Some(at(700)),
            ..created(DriverPhase::Ended(exit(0))).driver
        },
        ..second()
    };
    let first = closed(1, 70);
    let none = Facts::default();
    let decide = |attempts: &[Attempt]| decide(&done, attempts, &none, at(701), &policy());
    assert_eq!(decide(&[first.clone(), last.clone()]), delete());
    let first = Attempt {
        removed: true,
        ..first
    };
    assert_eq!(
        decide(&[first.clone(), last.clone()]),
        Step::Removed { attempt: 2 }
    );
    last.removed = true;
    assert_eq!(decide(&[first, last]), Step::Forget);
}

#[test]
fn a_pod_that_outlives_its_driver_is_deleted_soon() {
    let done = run(State::Completed);
    let mut ended = created(DriverPhase::Ended(exit(0)));
    ended.swept = true;
    ended.driver.pod_ended = false;
    assert_eq!(
        step(&done, Some(&ended), &Facts::default(), 90),
        Step::Wait {
            until: at(91),
            details: None
        }
    );
    assert_eq!(step(&done, Some(&ended), &Facts::default(), 91), LOOK);
    assert_eq!(step(&done, Some(&ended), &looked(FOUND), 91), delete());
    // The look may show that the pod has ended meanwhile.
    ended.driver.pod_ended = true;
    assert_eq!(
        step(&done, Some(&ended), &looked(FOUND), 91),
        Step::Wait {
            until: at(700),
            details: None
        }
    );
}

#[test]
fn only_a_name_that_a_late_creation_could_use_is_held() {
    let brief = Policy {
        keep_driver: Duration::ZERO,
        ..policy()
    };
    let done = run(State::Completed);
    let mut ended = created(DriverPhase::Ended(exit(0)));
    ended.swept = true;
    let next = |attempt: &Attempt, now| {
        let attempts = [attempt.clone()];
        decide(&done, &attempts, &Facts::default(), at(now), &brief)
    };
    assert_eq!(next(&ended, 100), delete());
    ended.unanswered = 1;
    assert_eq!(
        next(&ended, 100),
        Step::Wait {
            until: at(1000),
            details: None
        }
    );
    assert_eq!(next(&ended, 1000), delete());
}
