//! What no history may break, however strange.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn any_phase()(kind in 0..4u8, second in 0..2000i64, code in prop::option::of(0..200i32)) -> DriverPhase {
        match kind {
            0 => DriverPhase::Unseen,
            1 => DriverPhase::Waiting { since: at(second), why: None },
            2 => DriverPhase::Running { since: at(second) },
            _ => DriverPhase::Ended(Exit { code, ..exit(0) }),
        }
    }
}

prop_compose! {
    fn any_attempt()(
        unanswered in 0..3u32,
        holder in prop::option::of(any::<bool>()),
        phase in any_phase(),
        node in any::<bool>(),
        gone in prop::option::of(0..2000i64),
        condemned in any::<bool>(),
        deleted in prop::option::of(0..2000i64),
        swept in any::<bool>(),
    ) -> Attempt {
        let kind = |driver| if driver { HolderKind::Driver } else { HolderKind::Tombstone };
        Attempt {
            number: 1,
            unanswered,
            holder: holder.map(|driver| {
                Holder { uid: "uid-1".into(), created_at: at(10), kind: kind(driver) }
            }),
            driver: Driver {
                phase,
                node: node.then(|| "node-1".to_owned()),
                deleting: false,
                gone_at: gone.map(at),
                ..Driver::default()
            },
            verdict: condemned.then(|| Verdict {
                reason: FailureReason::UserError,
                details: "too late".into(),
            }),
            delete_requested_at: deleted.map(at),
            swept,
            failure: None,
            removed: false,
        }
    }
}

fn read(log: Option<&str>) -> Inquiry {
    Inquiry::Made(Evidence {
        log: log.map(str::to_owned),
        ..Evidence::default()
    })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let look = prop_oneof![
        Just(Look::NotTaken),
        Just(Look::Found),
        Just(Look::Absent { node: None }),
        Just(Look::Absent {
            node: Some(Node::NotReady)
        }),
        Just(Look::Absent {
            node: Some(Node::Gone)
        }),
        Just(Look::Stray {
            uid: "uid-2".into()
        }),
    ];
    let refusal = prop::option::of(prop_oneof![
        Just(Refusal::Busy),
        Just(Refusal::Full("quota".into())),
        Just(Refusal::Invalid("no".into())),
        Just(Refusal::Full("exceeded quota".into())),
        Just(Refusal::NamespaceMissing),
        Just(Refusal::Unreachable {
            since: at(0),
            error: "silence".into()
        }),
    ]);
    let inquiry = prop_oneof![
        Just(Inquiry::NotMade),
        Just(read(None)),
        Just(read(Some("ValueError: no input"))),
    ];
    let incomplete = prop_oneof![Just(None), Just(Some(at(0)))];
    (look, refusal, incomplete, any::<bool>(), inquiry).prop_map(
        |(look, refusal, incomplete_since, name_refused, inquiry)| Facts {
            look,
            refusal,
            incomplete_since,
            name_refused,
            inquiry,
        },
    )
}

#[test]
fn a_failed_driver_whose_status_does_not_say_why_is_asked_for_its_log_once() {
    let attempt = created(DriverPhase::Ended(exit(1)));
    let running = run(State::Running);
    assert_eq!(
        step(&running, Some(&attempt), &Facts::default(), 70),
        Step::Inquire
    );
    for (log, words) in [
        (None, "Driver ended with exit code 1."),
        (
            Some("Traceback (most recent call last):\nValueError: no input"),
            "Driver ended with exit code 1. ValueError: no input",
        ),
    ] {
        let facts = Facts {
            inquiry: read(log),
            ..Facts::default()
        };
        assert_eq!(
            step(&running, Some(&attempt), &facts, 70),
            Step::Finish(Finish::failed(FailureReason::UserError, words))
        );
    }
    let cancelled = step(
        &run(State::CancelPending),
        Some(&attempt),
        &Facts::default(),
        70,
    );
    assert_eq!(cancelled, Step::Finish(Finish::cancelled()));
}

#[test]
fn a_driver_that_someone_else_deleted_is_told_so() {
    let mut attempt = created(DriverPhase::Ended(exit(143)));
    attempt.driver.deleting = true;
    assert_eq!(
        step(&run(State::Running), Some(&attempt), &Facts::default(), 70),
        Step::Finish(Finish::failed(
            FailureReason::UserError,
            "The driver was deleted by someone else. It ended with exit code 143 (terminated)."
        ))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_history_breaks_what_always_holds(
        state in prop::sample::select(&State::ALL[..]),
        attempt in prop::option::of(any_attempt()),
        facts in any_facts(),
        now in 0..4000i64,
    ) {
        let run = run(state);
        let step = step(&run, attempt.as_ref(), &facts, now);
        let attempt = attempt.as_ref();
        match &step {
            Step::Finish(finish) => {
                prop_assert!(!state.is_terminal(), "a terminal state never changes");
                prop_assert!(finish.state.is_terminal());
                prop_assert_eq!(finish.reason.is_some(), finish.state == State::Failed);
                prop_assert!(finish.details.chars().count() <= explain::MAX_CHARS);
                if state == State::CancelPending {
                    prop_assert_eq!(finish.state, State::Cancelled);
                }
                if let Some(attempt) = attempt {
                    let gone = attempt.driver.gone_at.is_some();
                    let name_held = match &attempt.holder {
                        None => false,
                        Some(holder) => holder.kind == HolderKind::Tombstone || !gone,
                    };
                    let no_place = facts.name_refused
                        && facts.refusal == Some(Refusal::NamespaceMissing);
                    prop_assert!(
                        attempt.unanswered == 0 || name_held || no_place,
                        "a late creation could still give a driver"
                    );
                    let ended = matches!(attempt.driver.phase, DriverPhase::Ended(_));
                    let driver = attempt.holder.as_ref().is_some_and(|h| h.kind == HolderKind::Driver);
                    prop_assert!(
                        !driver || ended || gone,
                        "a driver whose end is not known may still be alive"
                    );
                }
            }
            Step::Submit { .. } => {
                prop_assert!(state != State::CancelPending && !state.is_terminal());
                prop_assert!(attempt.is_none_or(|attempt| attempt.holder.is_none()));
            }
            Step::Advance { to } => {
                prop_assert!(matches!(
                    (state, to),
                    (State::Pending, State::Submitted) | (State::Submitted, State::Running)
                ));
            }
            Step::Delete { .. } => prop_assert!(
                state.is_terminal()
                    || state == State::CancelPending
                    || attempt.is_some_and(|attempt| attempt.verdict.is_some()),
                "only a cancelled, condemned or finished driver is deleted"
            ),
            Step::Forget | Step::Sweep => prop_assert!(state.is_terminal()),
            Step::Wait { until, .. } => prop_assert!(*until > at(now)),
            Step::Inquire => prop_assert!(
                !state.is_terminal() && state != State::CancelPending && facts.inquiry == Inquiry::NotMade
            ),
            Step::Look | Step::Occupy | Step::Condemn(_) | Step::DeleteStray { .. } => {}
        }
    }
}
