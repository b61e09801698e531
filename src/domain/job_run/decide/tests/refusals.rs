//! Creations that did not happen, or did not answer, or gave less than the whole.

use super::*;

#[test]
fn an_unanswered_creation_is_asked_for_again_under_the_same_name() {
    let pending = run(State::Pending);
    assert_eq!(
        step(&pending, Some(&attempt(1)), &Facts::default(), 9),
        Step::Submit { attempt: 1 }
    );
}

#[test]
fn refusals_end_or_wait_as_their_kind_says() {
    let pending = run(State::Pending);
    let end = |refusal| {
        let step = step(&pending, Some(&attempt(0)), &refused(refusal), 5);
        finished(&step).reason.unwrap()
    };
    assert_eq!(
        end(Refusal::Plan("x".into())),
        FailureReason::ValidationError
    );
    assert_eq!(
        end(Refusal::Invalid("x".into())),
        FailureReason::ValidationError
    );
    assert_eq!(
        end(Refusal::Forbidden("x".into())),
        FailureReason::ClusterUnavailable
    );
    assert_eq!(
        end(Refusal::NamespaceMissing),
        FailureReason::ClusterUnavailable
    );
    assert_eq!(end(Refusal::Replaced), FailureReason::ClusterUnavailable);

    let waits = |refusal, now| {
        matches!(
            step(&pending, Some(&attempt(0)), &refused(refusal), now),
            Step::Wait {
                details: Some(_),
                ..
            }
        )
    };
    assert!(waits(Refusal::Busy, 100_000));
    assert!(waits(Refusal::Full("exceeded quota".into()), 1799));
    assert!(!waits(Refusal::Full("exceeded quota".into()), 1800));
    let unprepared = || Refusal::Unprepared("The driver's pod template: no answer.".into());
    assert!(waits(unprepared(), 599));
    let given_up = step(&pending, Some(&attempt(0)), &refused(unprepared()), 600);
    assert_eq!(finished(&given_up).reason, Some(FailureReason::UserError));
    let details = &finished(&given_up).details;
    assert!(details.contains("600 s in vain"), "{details}");
    let silent = |since| Refusal::Unreachable {
        since: at(since),
        error: "refused".into(),
    };
    assert!(waits(silent(100), 999));
    assert!(!waits(silent(100), 1000));
}

#[test]
fn an_api_server_that_has_just_come_back_may_know_no_rights_yet() {
    let pending = run(State::Pending);
    let facts = Facts {
        contact: Contact::Answers { since: at(100) },
        ..refused(Refusal::Forbidden("x".into()))
    };
    let soon = step(&pending, Some(&attempt(0)), &facts, 159);
    assert!(matches!(
        soon,
        Step::Wait {
            details: Some(_),
            ..
        }
    ));
    let later = step(&pending, Some(&attempt(0)), &facts, 160);
    assert_eq!(
        finished(&later).reason,
        Some(FailureReason::ClusterUnavailable)
    );
}

#[test]
fn a_refusal_after_an_unanswered_creation_does_not_end_the_run_before_its_name_is_taken() {
    let refusal = refused(Refusal::Invalid("no".into()));
    let pending = run(State::Pending);
    let Step::Condemn(verdict) = step(&pending, Some(&attempt(1)), &refusal, 5) else {
        panic!("not condemned")
    };
    let condemned = Attempt {
        verdict: Some(verdict),
        ..attempt(1)
    };
    assert_eq!(step(&pending, Some(&condemned), &refusal, 5), OCCUPY);
}

#[test]
fn a_name_that_nobody_can_take_holds_up_no_end() {
    let facts = |refusal| Facts {
        refusal: Some(refusal),
        names_refused: [1].into(),
        ..Facts::default()
    };
    let submitted = attempt(1);
    for gone in [Refusal::NamespaceMissing, Refusal::Replaced] {
        let facts = facts(gone);
        let end = step(&run(State::Pending), Some(&submitted), &facts, 5);
        assert_eq!(finished(&end).state, State::Failed);
        let end = step(&run(State::CancelPending), Some(&submitted), &facts, 5);
        assert_eq!(finished(&end).state, State::Cancelled);
    }
    let full = facts(Refusal::Full("exceeded quota".into()));
    assert!(matches!(
        step(&run(State::CancelPending), Some(&submitted), &full, 5),
        Step::Wait {
            details: Some(_),
            ..
        }
    ));
}

#[test]
fn a_driver_that_lacks_a_part_for_good_is_condemned_and_taken() {
    let pending = run(State::Pending);
    let incomplete = |refusal| Facts {
        incomplete_since: Some(at(10)),
        ..refused(refusal)
    };
    let forbidden = incomplete(Refusal::Forbidden("ConfigMap a: no".into()));
    let Step::Condemn(verdict) = step(&pending, Some(&attempt(1)), &forbidden, 20) else {
        panic!("not condemned")
    };
    assert_eq!(verdict.reason, FailureReason::ClusterUnavailable);
    assert!(verdict.details.contains("ConfigMap a"));

    let condemned = Attempt {
        verdict: Some(verdict.clone()),
        ..attempt(1)
    };
    // The verdict stands, whatever a later pass knows.
    for facts in [&forbidden, &Facts::default()] {
        assert_eq!(step(&pending, Some(&condemned), facts, 20), OCCUPY);
    }
    let found = Attempt {
        verdict: Some(verdict),
        ..created(DriverPhase::Unseen)
    };
    let next = step(&pending, Some(&found), &Facts::default(), 20);
    assert!(matches!(next, Step::Delete { .. }), "{next:?}");
}

#[test]
fn a_driver_waits_for_a_part_no_longer_than_for_its_start() {
    let pending = run(State::Pending);
    let full = Facts {
        incomplete_since: Some(at(10)),
        ..refused(Refusal::Full("Service a: exceeded quota".into()))
    };
    let early = step(&pending, Some(&attempt(1)), &full, 909);
    assert!(matches!(early, Step::Wait { .. }), "{early:?}");
    let late = step(&pending, Some(&attempt(1)), &full, 910);
    assert!(matches!(late, Step::Condemn(_)), "{late:?}");
    let without_template = Facts {
        incomplete_since: Some(at(10)),
        ..refused(Refusal::Unprepared("The executors' template.".into()))
    };
    let early = step(&pending, Some(&attempt(1)), &without_template, 909);
    assert!(matches!(early, Step::Wait { .. }), "{early:?}");
    let late = step(&pending, Some(&attempt(1)), &without_template, 910);
    assert!(matches!(late, Step::Condemn(_)), "{late:?}");
    // A silent cluster may still complete it.
    let silent = Facts {
        incomplete_since: Some(at(10)),
        ..refused(Refusal::Unreachable {
            since: at(0),
            error: "silence".into(),
        })
    };
    assert_eq!(step(&pending, Some(&attempt(1)), &silent, 5000), OCCUPY);
}
