//! Waits for a slot of the virtual cluster, and for room in a crowded namespace.

use super::*;

fn no_slot() -> Facts {
    refused(Refusal::NoSlot { limit: 2 })
}

#[test]
fn a_run_waits_for_a_slot_until_its_time_in_the_queue_is_over() {
    let pending = run(State::Pending);
    let details = "Waiting for one of the 2 concurrent job runs of virtual cluster \
                   jk518skp01ys9ka8b0npx9nt0.";
    assert_eq!(
        step(&pending, None, &no_slot(), 1799),
        Step::Wait {
            until: at(1800),
            details: Some(details.to_owned()),
        }
    );
    let end = step(&pending, None, &no_slot(), 1800);
    let end = finished(&end);
    assert_eq!(end.reason, Some(FailureReason::UserError));
    assert!(end.details.contains("For 1800 s"), "{}", end.details);
}

#[test]
fn without_a_time_in_the_queue_a_run_waits_for_ever() {
    let policy = Policy {
        queue_timeout: Duration::ZERO,
        ..policy()
    };
    let pending = run(State::Pending);
    for facts in [no_slot(), refused(Refusal::Full("quota".into()))] {
        let step = decide(&pending, &[], &facts, at(1_000_000), &policy);
        assert!(matches!(step, Step::Wait { .. }), "{step:?}");
    }
}

#[test]
fn a_cancelled_run_waits_for_no_slot() {
    let cancelled = run(State::CancelPending);
    let step = step(&cancelled, None, &no_slot(), 5);
    assert_eq!(finished(&step).state, State::Cancelled);
}
