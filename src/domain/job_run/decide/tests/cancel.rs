//! A cancellation in every state.

use super::*;

fn cancelled_at(second: i64) -> JobRun {
    JobRun {
        cancel_requested_at: Some(at(second)),
        ..run(State::CancelPending)
    }
}

fn silent() -> Facts {
    Facts {
        contact: Contact::Silent { since: at(0) },
        ..Facts::default()
    }
}

#[test]
fn between_two_attempts_it_ends_the_run_at_once() {
    let run = JobRun {
        max_attempts: Some(2),
        ..cancelled_at(75)
    };
    let mut closed = created(DriverPhase::Ended(exit(1)));
    closed.failure = Some(AttemptFailure {
        fault: Fault::Job,
        charged: true,
        details: "exit code 1".into(),
        retry_at: Some(at(80)),
    });
    for now in [76, 81] {
        let end = step(&run, Some(&closed), &Facts::default(), now);
        assert_eq!(finished(&end).state, State::Cancelled);
    }
}

#[test]
fn a_silent_cluster_holds_it_up_no_longer_than_a_lost_driver_is_waited_for() {
    let running = created(DriverPhase::Running { since: at(20) });
    for attempt in [running, attempt(1)] {
        let step = |now| step(&cancelled_at(50), Some(&attempt), &silent(), now);
        assert!(!matches!(step(649), Step::Finish(_)));
        let end = step(650);
        assert_eq!(finished(&end).state, State::Cancelled);
        assert!(finished(&end).details.contains("prod is not reachable"));
    }
}

#[test]
fn a_name_that_nobody_can_take_holds_it_up_no_longer_either() {
    let mut vanished = created(DriverPhase::Running { since: at(20) });
    vanished.unanswered = 1;
    vanished.driver.gone_at = Some(at(60));
    for attempt in [attempt(1), vanished] {
        for refusal in [
            Refusal::Full("exceeded quota".into()),
            Refusal::Forbidden("pods".into()),
        ] {
            let facts = Facts {
                refusal: Some(refusal),
                names_refused: [1].into(),
                ..looked(Look::Absent { node: None })
            };
            let step = |now| step(&cancelled_at(50), Some(&attempt), &facts, now);
            assert!(matches!(step(649), Step::Wait { .. }));
            assert_eq!(finished(&step(650)).state, State::Cancelled);
        }
        // The end does not free the name.
        let over = run(State::Cancelled);
        let after = Attempt {
            swept: true,
            ..attempt
        };
        let next = step(&over, Some(&after), &Facts::default(), 651);
        assert_eq!(next, OCCUPY);
    }
}

#[test]
fn a_node_that_does_not_answer_is_named() {
    let mut running = created(DriverPhase::Running { since: at(20) });
    running.driver.node = Some("node-1".into());
    running.delete_requested_at = Some(at(640));
    let step = |facts: &Facts, now| step(&cancelled_at(50), Some(&running), facts, now);
    assert!(matches!(step(&Facts::default(), 649), Step::Wait { .. }));
    assert_eq!(step(&Facts::default(), 650), LOOK);
    let end = step(&looked(FOUND), 650);
    assert_eq!(finished(&end).state, State::Cancelled);
    assert!(finished(&end).details.contains("node-1"));
    // Just after a silence, the deletion has not had its time.
    let answers = Facts {
        contact: Contact::Answers { since: at(645) },
        ..looked(FOUND)
    };
    assert!(!matches!(step(&answers, 650), Step::Finish(_)));
    assert!(matches!(step(&answers, 705), Step::Finish(_)));
}

#[test]
fn what_was_given_up_is_deleted_once_the_cluster_answers() {
    let over = run(State::Cancelled);
    let mut running = created(DriverPhase::Running { since: at(20) });
    running.swept = true;
    assert_eq!(
        step(&over, Some(&running), &Facts::default(), 101),
        delete()
    );
    assert_eq!(
        step(&over, Some(&attempt(1)), &Facts::default(), 101),
        OCCUPY
    );
    assert_eq!(
        step(&over, Some(&attempt(0)), &Facts::default(), 101),
        Step::Forget
    );
}

#[test]
fn another_cluster_under_the_name_does_not_undo_it() {
    let running = created(DriverPhase::Running { since: at(20) });
    let end = step(
        &cancelled_at(50),
        Some(&running),
        &looked(Look::OtherCluster),
        60,
    );
    assert_eq!(finished(&end).state, State::Cancelled);
}

#[test]
fn in_a_silence_nothing_is_asked_and_the_run_is_left_alone_ever_longer() {
    let waits = |run: &JobRun, attempt: &Attempt, now| {
        let Step::Wait { until, details } = step(run, Some(attempt), &silent(), now) else {
            panic!("something is done at {now}")
        };
        assert!(details.is_some_and(|told| told.contains("prod is currently not reachable")));
        until.as_second() - now
    };
    let running = created(DriverPhase::Running { since: at(20) });
    let mut vanished = running.clone();
    vanished.driver.gone_at = Some(at(1));
    let mut condemned = running.clone();
    condemned.verdict = Some(Verdict {
        reason: FailureReason::UserError,
        fault: Fault::Final,
        details: "too late".into(),
    });
    for attempt in [&running, &vanished, &condemned] {
        for (now, pause) in [(1, 5), (40, 40), (500, 60)] {
            assert_eq!(waits(&run(State::Running), attempt, now), pause);
        }
        // It is not left alone past the end of its cancellation.
        assert_eq!(waits(&cancelled_at(50), attempt, 500), 60);
        assert_eq!(waits(&cancelled_at(50), attempt, 640), 10);
    }
    assert_eq!(waits(&run(State::Failed), &running, 500), 60);
}
