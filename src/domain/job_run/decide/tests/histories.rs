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
        (swept, pod_ended) in any::<(bool, bool)>(),
        deleting in prop::option::of(0..2000i64),
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
                deleting: deleting.is_some(),
                gone_at: gone.map(at),
                pod_ended,
                ..Driver::default()
            },
            verdict: condemned.then(|| Verdict {
                reason: FailureReason::UserError,
                fault: Fault::Final,
                details: "too late".into(),
            }),
            delete_requested_at: deleted.map(at),
            deleting_since: deleting.map(at),
            swept,
            closed_at: None,
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

prop_compose! {
    /// An attempt that failed and that another follows.
    fn any_closed()(
        attempt in any_attempt(),
        platform in any::<bool>(),
        charged in any::<bool>(),
        second in 0..2000i64,
        removed in any::<bool>(),
    ) -> Attempt {
        let holder = Holder {
            uid: "uid-1".into(),
            created_at: at(10),
            kind: HolderKind::Driver,
        };
        Attempt {
            holder: attempt.holder.or(Some(holder)),
            closed_at: Some(at(second)),
            failure: Some(AttemptFailure {
                fault: if platform { Fault::Platform } else { Fault::Job },
                charged: charged || !platform,
                details: "it failed".into(),
                retry_at: Some(at(second + 10)),
            }),
            removed,
            ..attempt
        }
    }
}

/// Attempts in their order, of which all but the latest are closed.
fn any_attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let latest = prop_oneof![
        Just(None),
        any_attempt().prop_map(Some),
        any_closed().prop_map(Some)
    ];
    (prop::collection::vec(any_closed(), 0..3), latest).prop_map(|(mut attempts, latest)| {
        attempts.extend(latest);
        for (number, attempt) in (1..).zip(&mut attempts) {
            attempt.number = number;
        }
        attempts
    })
}

fn any_look() -> impl Strategy<Value = Look> {
    let node = prop::option::of(prop_oneof![
        Just(Node::NotReady { since: None }),
        Just(Node::NotReady {
            since: Some(at(30))
        }),
        Just(Node::Gone),
        Just(Node::Ready { since: at(500) }),
    ]);
    prop_oneof![
        Just(Look::NotTaken),
        node.clone().prop_map(|node| Look::Found { node }),
        node.prop_map(|node| Look::Absent { node }),
        Just(Look::Stray {
            uid: "uid-2".into()
        }),
        Just(Look::OtherCluster),
    ]
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let looks = prop::collection::btree_map(1..5u32, any_look(), 0..4);
    let contact = prop_oneof![
        (0..2000i64).prop_map(|second| Contact::Answers { since: at(second) }),
        (0..2000i64).prop_map(|second| Contact::Silent { since: at(second) }),
    ];
    let refusal = prop::option::of(prop_oneof![
        Just(Refusal::Busy),
        Just(Refusal::Full("quota".into())),
        Just(Refusal::Invalid("no".into())),
        Just(Refusal::Full("exceeded quota".into())),
        Just(Refusal::NoSlot { limit: 2 }),
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
    let refused = prop::collection::btree_set(1..5u32, 0..4);
    let told = (refused, any::<bool>());
    (looks, contact, refusal, incomplete, told, inquiry).prop_map(
        |(looks, contact, refusal, incomplete_since, (names_refused, crowded), inquiry)| Facts {
            contact,
            looks,
            refusal,
            incomplete_since,
            names_refused,
            crowded,
            inquiry,
            hanging_executors: None,
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
            failed(Fault::Job, words)
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
        failed(
            Fault::Job,
            "The driver was deleted by someone else. It ended with exit code 143 (terminated)."
        )
    );
}

/// Whether the driver is known not to run, or was waited for as long as the policy says.
fn is_over(attempt: &Attempt, look: &Look, now: i64) -> bool {
    let driver = &attempt.driver;
    let holder = attempt.holder.as_ref();
    let tombstone = holder.is_some_and(|holder| holder.kind == HolderKind::Tombstone);
    let silent = matches!(
        look,
        Look::Found {
            node: Some(Node::NotReady { .. } | Node::Gone)
        }
    );
    let given_up = attempt
        .deleting_since
        .is_some_and(|since| now >= since.as_second() + 600);
    matches!(driver.phase, DriverPhase::Ended(_))
        || driver.gone_at.is_some()
        || tombstone
        || holder.is_none()
        || silent && given_up
}

/// Whether no late creation can give a driver, or nobody can do anything about it.
fn name_is_safe(attempt: &Attempt, facts: &Facts) -> bool {
    let held = attempt.holder.as_ref().is_some_and(|holder| {
        holder.kind == HolderKind::Tombstone || attempt.driver.gone_at.is_none()
    });
    let no_place = facts.names_refused.contains(&attempt.number)
        && facts.refusal == Some(Refusal::NamespaceMissing);
    attempt.unanswered == 0 || held || no_place
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn no_history_breaks_what_always_holds(
        state in prop::sample::select(&State::ALL[..]),
        max in prop::option::of(1..5i32),
        attempts in any_attempts(),
        facts in any_facts(),
        now in 0..4000i64,
    ) {
        let run = JobRun { max_attempts: max, ..run(state) };
        let max = u32::try_from(max.unwrap_or(1)).unwrap();
        let step = decide(&run, &attempts, &facts, at(now), &policy());
        let latest = attempts.last();
        let open = latest.filter(|attempt| attempt.failure.is_none());
        let of = |number: u32| attempts.iter().find(|attempt| attempt.number == number);
        let charged = attempts.iter().filter(|it| it.failure.as_ref().is_some_and(|it| it.charged));
        let charged = u32::try_from(charged.count()).unwrap();
        let cancelled = state == State::CancelPending;
        match &step {
            Step::Finish(finish) => {
                prop_assert!(!state.is_terminal(), "a terminal state never changes");
                prop_assert!(finish.state.is_terminal());
                prop_assert_eq!(finish.reason.is_some(), finish.state == State::Failed);
                prop_assert_eq!(finish.fault.is_none(), finish.state == State::Completed);
                prop_assert!(finish.details.chars().count() <= explain::MAX_CHARS);
                prop_assert_eq!(finish.state == State::Cancelled, cancelled);
                let given_up = cancelled && now >= 50 + 600;
                if let Some(attempt) = open.filter(|_| !given_up) {
                    let look = facts.look_at(attempt.number);
                    if *look != Look::OtherCluster {
                        prop_assert!(name_is_safe(attempt, &facts), "a late creation could give a driver");
                        prop_assert!(is_over(attempt, look, now), "the driver may be alive");
                    }
                }
            }
            Step::Close(failure) => {
                prop_assert!(!state.is_terminal() && !cancelled);
                let attempt = open.expect("an open attempt is closed");
                prop_assert!(name_is_safe(attempt, &facts));
                prop_assert!(is_over(attempt, facts.look_at(attempt.number), now));
                prop_assert!(failure.fault != Fault::Final);
                prop_assert!(failure.retry_at.is_some_and(|retry_at| retry_at > at(now)));
                prop_assert!(charged + u32::from(failure.charged) < max || !failure.charged);
                let started = match &attempt.driver.phase {
                    DriverPhase::Running { .. } => true,
                    DriverPhase::Ended(exit) => exit.code.is_some() || exit.started_at.is_some(),
                    DriverPhase::Unseen | DriverPhase::Waiting { .. } => false,
                };
                prop_assert!(max > 1 || !started, "a driver that started is not started again");
            }
            Step::Submit { attempt } => {
                prop_assert!(!cancelled && !state.is_terminal());
                match latest {
                    None => prop_assert_eq!(*attempt, 1),
                    Some(latest) => match &latest.failure {
                        None => {
                            prop_assert_eq!(*attempt, latest.number);
                            prop_assert!(latest.holder.is_none() && latest.verdict.is_none());
                        }
                        Some(failure) => {
                            prop_assert_eq!(*attempt, latest.number + 1);
                            prop_assert!(failure.retry_at.is_some_and(|retry_at| at(now) >= retry_at));
                            let driver = latest.holder.as_ref().map(|it| it.kind) == Some(HolderKind::Driver);
                            prop_assert!(latest.swept || !driver);
                        }
                    },
                }
            }
            Step::Advance { to } => {
                prop_assert!(matches!(
                    (state, to),
                    (State::Pending, State::Submitted) | (State::Submitted, State::Running)
                ));
            }
            Step::Delete { attempt, .. } => {
                let attempt = of(*attempt).expect("what is deleted is known");
                prop_assert!(
                    state.is_terminal() || cancelled || attempt.verdict.is_some() || attempt.failure.is_some(),
                    "only a cancelled, condemned or ended driver is deleted"
                );
            }
            Step::Forget => prop_assert!(state.is_terminal()),
            Step::Sweep { attempt } => prop_assert!(
                state.is_terminal() || of(*attempt).is_some_and(|it| it.failure.is_some())
            ),
            Step::Removed { attempt } => {
                let attempt = of(*attempt).expect("what is removed is known");
                prop_assert!(!attempt.removed && (state.is_terminal() || attempt.failure.is_some()));
            }
            Step::Wait { until, details } => {
                prop_assert!(*until > at(now));
                prop_assert!(details.as_ref().is_none_or(|it| it.chars().count() <= explain::MAX_CHARS));
            }
            Step::Inquire => prop_assert!(
                !state.is_terminal() && !cancelled && facts.inquiry == Inquiry::NotMade
            ),
            Step::AskForExecutors => prop_assert_eq!(state, State::Running),
            Step::Look { .. } | Step::Occupy { .. } | Step::Condemn(_) | Step::DeleteStray { .. } => {}
        }
    }
}
