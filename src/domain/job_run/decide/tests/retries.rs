//! Whether another attempt follows, when, and what it costs the run.

use super::*;

fn tries(max: i32, state: State) -> JobRun {
    JobRun {
        max_attempts: Some(max),
        ..run(state)
    }
}

fn numbered(number: u32, attempt: Attempt) -> Attempt {
    Attempt {
        number,
        holder: attempt.holder.map(|holder| Holder {
            uid: format!("uid-{number}"),
            ..holder
        }),
        ..attempt
    }
}

/// An attempt that is closed and cleaned up.
fn closed(number: u32, fault: Fault, charged: bool) -> Attempt {
    Attempt {
        swept: true,
        removed: true,
        closed_at: Some(at(70)),
        failure: Some(AttemptFailure {
            fault,
            charged,
            details: "Driver ended with exit code 1.".into(),
            retry_at: Some(at(80)),
        }),
        ..numbered(number, created(DriverPhase::Ended(exit(1))))
    }
}

fn with_reason(code: Option<i32>, reason: &str) -> DriverPhase {
    DriverPhase::Ended(Exit {
        code,
        reason: Some(reason.into()),
        started_at: code.map(|_| at(20)),
        ..exit(0)
    })
}

fn next(run: &JobRun, attempts: &[Attempt], now: i64) -> Step {
    let facts = Facts {
        inquiry: Inquiry::Made(Evidence::default()),
        ..Facts::default()
    };
    decide(run, attempts, &facts, at(now), &policy())
}

fn retried(step: &Step) -> &AttemptFailure {
    let Step::Close(failure) = step else {
        panic!("expected another attempt, not {step:?}")
    };
    failure
}

#[test]
fn a_failure_of_the_job_is_tried_again_as_often_as_the_run_allows() {
    let run = tries(3, State::Running);
    let failing = |number| numbered(number, created(DriverPhase::Ended(exit(1))));
    let first = next(&run, &[failing(1)], 70);
    let failure = retried(&first);
    assert_eq!((failure.fault, failure.charged), (Fault::Job, true));
    assert_eq!(failure.retry_at, Some(at(80)));
    let second = next(&run, &[closed(1, Fault::Job, true), failing(2)], 70);
    assert_eq!(retried(&second).retry_at, Some(at(90)));
    let before = [closed(1, Fault::Job, true), closed(2, Fault::Job, true)];
    let third = next(&run, &[&before[..], &[failing(3)]].concat(), 70);
    assert_eq!(third, failed(Fault::Job, "Driver ended with exit code 1."));
}

#[test]
fn without_a_policy_a_driver_that_failed_ends_the_run() {
    let running = run(State::Running);
    let failing = created(DriverPhase::Ended(exit(1)));
    let end = next(&running, &[failing], 70);
    assert_eq!(end, failed(Fault::Job, "Driver ended with exit code 1."));
}

#[test]
fn pauses_double_up_to_the_longest() {
    let run = tries(20, State::Running);
    let mut attempts = Vec::new();
    for pause in [10, 20, 40, 80, 160, 320, 360, 360] {
        let number = u32::try_from(attempts.len()).unwrap() + 1;
        attempts.push(numbered(number, created(DriverPhase::Ended(exit(1)))));
        let step = next(&run, &attempts, 1000);
        assert_eq!(retried(&step).retry_at, Some(at(1000 + pause)));
        *attempts.last_mut().unwrap() = closed(number, Fault::Job, true);
    }
}

#[test]
fn the_next_attempt_comes_after_the_sweep_and_the_pause_and_says_so() {
    let run = tries(2, State::Running);
    let mut first = closed(1, Fault::Job, true);
    first.removed = false;
    first.swept = false;
    let none = Facts::default();
    let at_time = |attempt: &Attempt, now| step(&run, Some(attempt), &none, now);
    assert_eq!(at_time(&first, 90), Step::Sweep { attempt: 1 });
    first.swept = true;
    assert_eq!(
        at_time(&first, 71),
        Step::Wait {
            until: at(80),
            details: Some(
                "Attempt 1 failed: Driver ended with exit code 1. The next starts at \
                 1970-01-01T00:01:20Z."
                    .into()
            ),
        }
    );
    assert_eq!(at_time(&first, 80), Step::Submit { attempt: 2 });
}

#[test]
fn the_platforms_failures_are_free_so_many_times() {
    let run = tries(2, State::Running);
    let evicted = |number| numbered(number, created(with_reason(Some(137), "NodeShutdown")));
    let mut attempts = Vec::new();
    for number in 1..=3 {
        attempts.push(evicted(number));
        let step = next(&run, &attempts, 70);
        let failure = retried(&step);
        assert_eq!((failure.fault, failure.charged), (Fault::Platform, false));
        *attempts.last_mut().unwrap() = closed(number, Fault::Platform, false);
    }
    attempts.push(evicted(4));
    let step = next(&run, &attempts, 70);
    assert!(retried(&step).charged);
    *attempts.last_mut().unwrap() = closed(4, Fault::Platform, true);
    attempts.push(evicted(5));
    let end = next(&run, &attempts, 70);
    assert_eq!(finished(&end).fault, Some(Fault::Platform));
}

#[test]
fn a_run_of_one_attempt_has_another_only_where_its_driver_cannot_have_started() {
    let run = run(State::Submitted);
    let turned_away = created(with_reason(None, "OutOfcpu"));
    assert!(!retried(&next(&run, &[turned_away], 70)).charged);
    let stopped = created(with_reason(Some(137), "NodeShutdown"));
    let end = next(&run, &[stopped], 70);
    assert_eq!(finished(&end).fault, Some(Fault::Platform));

    // Kubelets that end a pod may keep no word of its containers.
    for (reason, message) in [
        ("Evicted", Some("The node was low on resource: memory.")),
        ("Terminated", None),
    ] {
        let mut wordless = created(with_reason(None, reason));
        wordless.driver.node = Some("node-1".into());
        if let DriverPhase::Ended(exit) = &mut wordless.driver.phase {
            exit.started_at = None;
            exit.message = message.map(Into::into);
        }
        let end = next(&run, &[wordless], 70);
        assert_eq!(finished(&end).fault, Some(Fault::Platform), "{reason}");
    }

    // Its start may not have been seen.
    let mut lost = created(DriverPhase::Waiting {
        since: at(12),
        why: None,
    });
    lost.driver.node = Some("node-1".into());
    lost.driver.gone_at = Some(at(60));
    let absent = || {
        looked(Look::Absent {
            node: Some(Node::Gone),
        })
    };
    let end = step(&run, Some(&lost), &absent(), 70);
    assert_eq!(finished(&end).fault, Some(Fault::Platform));
    let step = step(&tries(2, State::Submitted), Some(&lost), &absent(), 70);
    assert!(!retried(&step).charged);
}

#[test]
fn a_registry_that_is_down_is_the_platforms_and_a_missing_image_is_final() {
    let run = run(State::Submitted);
    let pulling = |message: &str| {
        let mut pulling = created(DriverPhase::Waiting {
            since: at(12),
            why: Some(Waiting {
                reason: "ImagePullBackOff".into(),
                message: Some(message.into()),
            }),
        });
        pulling.driver.node = Some("node-1".into());
        pulling
    };
    for (message, fault) in [
        ("dial tcp: connection refused", Fault::Platform),
        ("manifest unknown: not found", Fault::Final),
    ] {
        let mut attempt = pulling(message);
        let Step::Condemn(verdict) = step(&run, Some(&attempt), &inquired(FOUND), 312) else {
            panic!("not condemned")
        };
        assert_eq!(verdict.fault, fault);
        attempt.verdict = Some(verdict);
        attempt.driver.gone_at = Some(at(320));
        let gone = looked(Look::Absent {
            node: Some(Node::Ready { since: at(0) }),
        });
        let end = step(&run, Some(&attempt), &gone, 400);
        match fault {
            Fault::Platform => assert!(!retried(&end).charged),
            Fault::Job | Fault::Final => assert_eq!(finished(&end).fault, Some(fault)),
        }
    }
}

#[test]
fn an_attempt_whose_late_creation_may_still_arrive_is_closed_with_its_name_taken() {
    let run = tries(2, State::Running);
    let mut failing = created(DriverPhase::Ended(exit(1)));
    failing.unanswered = 1;
    failing.driver.gone_at = Some(at(69));
    assert_eq!(next(&run, &[failing.clone()], 70), OCCUPY);
    failing.holder.as_mut().unwrap().kind = HolderKind::Tombstone;
    retried(&next(&run, &[failing], 70));
}

#[test]
fn a_run_whose_time_is_over_ends_wherever_it_is() {
    let limited = Policy {
        run_timeout: Some(Duration::from_secs(100)),
        ..policy()
    };
    let run = tries(3, State::Running);
    let decide =
        |attempts: &[Attempt], facts: &Facts, now| decide(&run, attempts, facts, at(now), &limited);
    let none = Facts::default();
    let mut running = created(DriverPhase::Running { since: at(20) });
    let Step::Wait { until, .. } = decide(&[running.clone()], &none, 30) else {
        panic!("not waiting")
    };
    assert_eq!(until, at(120));
    assert_eq!(decide(&[running.clone()], &none, 120), LOOK);
    let Step::Condemn(verdict) = decide(&[running.clone()], &inquired(FOUND), 120) else {
        panic!("not condemned")
    };
    assert!(verdict.details.contains("job-run-timeout"));
    running.verdict = Some(verdict);
    running.driver.phase = DriverPhase::Ended(exit(143));
    assert_eq!(
        finished(&decide(&[running], &none, 130)).fault,
        Some(Fault::Final)
    );

    // The first start counts, not that of the latest attempt, and pauses count too.
    let before = closed(1, Fault::Job, true);
    let end = decide(std::slice::from_ref(&before), &none, 120);
    assert!(finished(&end).details.contains("job-run-timeout"));
    let second = numbered(2, created(DriverPhase::Running { since: at(90) }));
    let waiting = numbered(2, created(DriverPhase::Unseen));
    for phase in [second, waiting] {
        let attempts = [before.clone(), phase];
        assert_eq!(decide(&attempts, &none, 120), Step::Look { attempt: 2 });
        let mut looked = inquired(FOUND);
        looked.looks.insert(2, FOUND);
        let Step::Condemn(verdict) = decide(&attempts, &looked, 120) else {
            panic!("not condemned")
        };
        assert!(verdict.details.contains("job-run-timeout"));
    }
}

#[test]
fn deadlines_stand_still_while_the_cluster_is_silent_and_wait_for_what_it_tells() {
    let submitted = run(State::Submitted);
    let waiting = created(DriverPhase::Waiting {
        since: at(10),
        why: Some(Waiting {
            reason: "Unschedulable".into(),
            message: None,
        }),
    });
    let with = |contact, now| {
        let facts = Facts {
            contact,
            ..inquired(Look::NotTaken)
        };
        step(&submitted, Some(&waiting), &facts, now)
    };
    let silent = with(Contact::Silent { since: at(500) }, 2000);
    let Step::Wait {
        details: Some(details),
        ..
    } = silent
    else {
        panic!("not waiting")
    };
    assert!(details.contains("not reachable"), "{details}");
    let answers = Contact::Answers { since: at(2000) };
    assert_eq!(
        with(answers.clone(), 2059),
        Step::Wait {
            until: at(2060),
            details: Some("Unschedulable".into())
        }
    );
    assert_eq!(with(answers, 2060), LOOK);
}

#[test]
fn a_driver_that_a_lost_node_never_lets_go_of_is_given_up_after_its_hold() {
    let run = tries(2, State::Running);
    let mut stuck = created(DriverPhase::Running { since: at(20) });
    stuck.driver.node = Some("node-1".into());
    stuck.driver.deleting = true;
    stuck.deleting_since = Some(at(100));
    stuck.driver.disruption = Some("DeletionByTaintManager".into());
    let facts = |node| Facts {
        looks: [(1, Look::Found { node })].into(),
        ..no_executor_hangs()
    };
    let with = |node, now| step(&run, Some(&stuck), &facts(node), now);
    let waits = |step: &Step| matches!(step, Step::Wait { .. });
    assert!(waits(&with(
        Some(Node::NotReady {
            since: Some(at(90))
        }),
        699
    )));
    assert_eq!(step(&run, Some(&stuck), &Facts::default(), 700), LOOK);
    assert!(waits(&with(Some(Node::Ready { since: at(0) }), 700)));
    let step = with(
        Some(Node::NotReady {
            since: Some(at(90)),
        }),
        700,
    );
    assert_eq!(retried(&step).fault, Fault::Platform);
}
