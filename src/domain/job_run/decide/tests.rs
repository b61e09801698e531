//! The life of a run, told step by step.

mod cancel;
mod clean_up;
mod histories;
mod inquiries;
mod model;
mod refusals;
mod retries;
mod slots;

use std::collections::BTreeMap;

use super::*;
use crate::domain::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{Driver, Evidence, Exit, JobDriver, Waiting, explain};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn policy() -> Policy {
    let seconds = Duration::from_secs;
    Policy {
        start_timeout: seconds(900),
        image_pull_timeout: seconds(300),
        queue_timeout: seconds(1800),
        unreachable_timeout: seconds(900),
        template_timeout: seconds(600),
        run_timeout: None,
        settle: seconds(60),
        lost_driver_hold: seconds(600),
        platform_retries: 3,
        retry_pause: seconds(10),
        longest_retry_pause: seconds(360),
        keep_driver: seconds(600),
        name_hold: seconds(900),
        sidecar_grace: seconds(30),
        delete_again: seconds(60),
        grace_period: seconds(40),
        try_again: seconds(5),
        idle: seconds(600),
    }
}

fn run(state: State) -> JobRun {
    JobRun {
        id: JobRunId::parse("000000035ee16lm6uri").unwrap(),
        account: AccountId::parse("123456789012").unwrap(),
        virtual_cluster: VirtualClusterId::parse("jk518skp01ys9ka8b0npx9nt0").unwrap(),
        cluster: ClusterId::parse("prod").unwrap(),
        namespace: "team-a".into(),
        name: None,
        client_token: "token".into(),
        execution_role_arn: None,
        release_label: "emr-7.9.0-latest".into(),
        driver: JobDriver::SparkSubmit {
            entry_point: "s3://bucket/job.py".into(),
            arguments: None,
            parameters: None,
        },
        overrides: None,
        tags: BTreeMap::new(),
        max_attempts: None,
        created_by: "arn:aws:iam::123456789012:root".into(),
        created_at: at(0),
        state,
        state_details: None,
        failure_reason: None,
        finished_at: state.is_terminal().then(|| at(100)),
        cancel_requested_at: (state == State::CancelPending).then(|| at(50)),
    }
}

fn attempt(unanswered: u32) -> Attempt {
    Attempt {
        number: 1,
        unanswered,
        holder: None,
        driver: Driver::default(),
        verdict: None,
        delete_requested_at: None,
        deleting_since: None,
        swept: false,
        closed_at: None,
        failure: None,
        removed: false,
    }
}

fn created(phase: DriverPhase) -> Attempt {
    Attempt {
        holder: Some(Holder {
            uid: "uid-1".into(),
            created_at: at(10),
            kind: HolderKind::Driver,
        }),
        driver: Driver {
            pod_ended: matches!(phase, DriverPhase::Ended(_)),
            phase,
            ..Driver::default()
        },
        ..attempt(0)
    }
}

fn exit(code: i32) -> Exit {
    Exit {
        code: Some(code),
        reason: None,
        message: None,
        started_at: Some(at(20)),
        at: at(61),
    }
}

fn step(run: &JobRun, attempt: Option<&Attempt>, facts: &Facts, now: i64) -> Step {
    let attempts: Vec<_> = attempt.cloned().into_iter().collect();
    decide(run, &attempts, facts, at(now), &policy())
}

fn looked(look: Look) -> Facts {
    Facts {
        looks: [(1, look)].into(),
        ..Facts::default()
    }
}

/// What is known of a driver whose executors start as usual.
fn no_executor_hangs() -> Facts {
    Facts {
        hanging_executors: Some(Vec::new()),
        ..Facts::default()
    }
}

/// What a look found, and that nothing more is to be learned.
fn inquired(look: Look) -> Facts {
    Facts {
        inquiry: Inquiry::Made(Evidence::default()),
        ..looked(look)
    }
}

const FOUND: Look = Look::Found { node: None };
const LOOK: Step = Step::Look { attempt: 1 };
const OCCUPY: Step = Step::Occupy { attempt: 1 };

fn delete() -> Step {
    Step::Delete {
        attempt: 1,
        uid: "uid-1".into(),
    }
}

fn failed(fault: Fault, details: &str) -> Step {
    Step::Finish(Finish::failed(FailureReason::UserError, fault, details))
}

fn refused(refusal: Refusal) -> Facts {
    Facts {
        refusal: Some(refusal),
        ..Facts::default()
    }
}

fn finished(step: &Step) -> &Finish {
    let Step::Finish(finish) = step else {
        panic!("expected an end, not {step:?}")
    };
    finish
}

#[test]
fn a_good_run_walks_through_its_states() {
    let none = Facts::default();
    assert_eq!(
        step(&run(State::Pending), None, &none, 1),
        Step::Submit { attempt: 1 }
    );
    let unseen = created(DriverPhase::Unseen);
    assert_eq!(
        step(&run(State::Pending), Some(&unseen), &none, 11),
        Step::Advance {
            to: State::Submitted
        }
    );
    assert_eq!(
        step(&run(State::Submitted), Some(&unseen), &none, 11),
        Step::Wait {
            until: at(30),
            details: None
        }
    );
    let running = created(DriverPhase::Running { since: at(20) });
    assert_eq!(
        step(&run(State::Submitted), Some(&running), &none, 21),
        Step::Advance { to: State::Running }
    );
    let ended = created(DriverPhase::Ended(exit(0)));
    let end = step(&run(State::Running), Some(&ended), &none, 62);
    assert_eq!(finished(&end).state, State::Completed);
    assert_eq!(
        finished(&end).details,
        "JobRun completed successfully. It ran for 41 Seconds"
    );
}

#[test]
fn a_finished_run_sweeps_keeps_its_driver_for_a_while_and_is_forgotten() {
    let none = Facts::default();
    let done = run(State::Completed);
    let mut ended = created(DriverPhase::Ended(exit(0)));
    assert_eq!(
        step(&done, Some(&ended), &none, 101),
        Step::Sweep { attempt: 1 }
    );
    ended.swept = true;
    assert_eq!(
        step(&done, Some(&ended), &none, 101),
        Step::Wait {
            until: at(700),
            details: None
        }
    );
    assert_eq!(step(&done, Some(&ended), &none, 700), delete());
    ended.delete_requested_at = Some(at(700));
    assert!(matches!(
        step(&done, Some(&ended), &none, 701),
        Step::Wait { .. }
    ));
    ended.driver.gone_at = Some(at(702));
    assert_eq!(step(&done, Some(&ended), &none, 702), Step::Forget);
}

#[test]
fn a_name_freed_before_its_time_is_taken_again_where_a_late_creation_could_use_it() {
    let done = run(State::Completed);
    let mut removed = created(DriverPhase::Ended(exit(0)));
    removed.swept = true;
    removed.driver.gone_at = Some(at(102));
    removed.unanswered = 1;
    let none = Facts::default();
    assert_eq!(step(&done, Some(&removed), &none, 102), OCCUPY);
    assert_eq!(step(&done, Some(&removed), &none, 1000), Step::Forget);
    removed.unanswered = 0;
    assert_eq!(step(&done, Some(&removed), &none, 102), Step::Forget);
}

#[test]
fn a_cancelled_run_whose_driver_may_still_appear_ends_only_once_its_name_is_taken() {
    let cancelled = run(State::CancelPending);
    assert_eq!(
        step(&cancelled, Some(&attempt(1)), &Facts::default(), 9),
        OCCUPY
    );
    let refused = Facts {
        names_refused: [1].into(),
        ..Facts::default()
    };
    assert!(matches!(
        step(&cancelled, Some(&attempt(1)), &refused, 9),
        Step::Wait { .. }
    ));
    let mut occupied = attempt(1);
    occupied.holder = Some(Holder {
        uid: "uid-t".into(),
        created_at: at(9),
        kind: HolderKind::Tombstone,
    });
    let end = step(&cancelled, Some(&occupied), &Facts::default(), 10);
    assert_eq!(finished(&end).state, State::Cancelled);
}

#[test]
fn a_cancelled_run_of_which_nothing_can_exist_ends_at_once() {
    let cancelled = run(State::CancelPending);
    for attempt in [None, Some(attempt(0))] {
        let end = step(&cancelled, attempt.as_ref(), &Facts::default(), 9);
        assert_eq!(finished(&end).state, State::Cancelled);
    }
}

#[test]
fn a_cancelled_driver_is_deleted_and_asked_again_only_after_a_look() {
    let cancelled = run(State::CancelPending);
    let mut running = created(DriverPhase::Running { since: at(20) });
    assert_eq!(
        step(&cancelled, Some(&running), &Facts::default(), 30),
        delete()
    );
    running.delete_requested_at = Some(at(30));
    assert_eq!(
        step(&cancelled, Some(&running), &Facts::default(), 31),
        Step::Wait {
            until: at(90),
            details: None
        }
    );
    assert_eq!(
        step(&cancelled, Some(&running), &Facts::default(), 90),
        LOOK
    );
    assert_eq!(
        step(&cancelled, Some(&running), &looked(FOUND), 90),
        delete()
    );
    running.driver.phase = DriverPhase::Ended(exit(143));
    let end = step(&cancelled, Some(&running), &Facts::default(), 91);
    assert_eq!(finished(&end).state, State::Cancelled);
}

#[test]
fn a_driver_that_does_not_start_is_looked_at_condemned_and_deleted() {
    let submitted = run(State::Submitted);
    let why = Waiting {
        reason: "Unschedulable".into(),
        message: Some("0/1 nodes are available: 1 Insufficient cpu.".into()),
    };
    let mut waiting = created(DriverPhase::Waiting {
        since: at(10),
        why: Some(why),
    });
    assert!(matches!(
        step(&submitted, Some(&waiting), &Facts::default(), 909),
        Step::Wait {
            details: Some(_),
            ..
        }
    ));
    assert_eq!(
        step(&submitted, Some(&waiting), &Facts::default(), 910),
        LOOK
    );
    let Step::Condemn(verdict) = step(&submitted, Some(&waiting), &inquired(FOUND), 910) else {
        panic!("not condemned")
    };
    assert_eq!(verdict.reason, FailureReason::UserError);
    assert!(
        verdict.details.contains("Insufficient cpu"),
        "{}",
        verdict.details
    );
    waiting.verdict = Some(verdict.clone());
    assert_eq!(
        step(&submitted, Some(&waiting), &Facts::default(), 911),
        delete()
    );
    waiting.driver.gone_at = Some(at(912));
    let end = step(
        &submitted,
        Some(&waiting),
        &looked(Look::Absent { node: None }),
        912,
    );
    assert_eq!(
        (finished(&end).state, &finished(&end).details),
        (State::Failed, &verdict.details)
    );
}

#[test]
fn an_image_that_cannot_be_pulled_ends_the_run_before_the_start_timeout() {
    let why = Waiting {
        reason: "ImagePullBackOff".into(),
        message: Some("not found".into()),
    };
    let waiting = created(DriverPhase::Waiting {
        since: at(12),
        why: Some(why),
    });
    let submitted = run(State::Submitted);
    assert!(matches!(
        step(&submitted, Some(&waiting), &Facts::default(), 311),
        Step::Wait { .. }
    ));
    let Step::Condemn(verdict) = step(&submitted, Some(&waiting), &inquired(FOUND), 312) else {
        panic!("not condemned")
    };
    assert!(verdict.details.contains("image"), "{}", verdict.details);
}

#[test]
fn gone_is_not_dead_while_the_node_is_silent() {
    let running = run(State::Running);
    let mut lost = created(DriverPhase::Running { since: at(20) });
    lost.driver.node = Some("node-1".into());
    lost.driver.gone_at = Some(at(100));
    assert_eq!(step(&running, Some(&lost), &Facts::default(), 100), LOOK);
    let with = |node, now| step(&running, Some(&lost), &looked(Look::Absent { node }), now);
    assert!(matches!(
        with(
            Some(Node::NotReady {
                since: Some(at(90))
            }),
            699
        ),
        Step::Wait { .. }
    ));
    assert!(matches!(
        with(
            Some(Node::NotReady {
                since: Some(at(90))
            }),
            700
        ),
        Step::Finish(_)
    ));
    // The node was ready for a while, and the driver may have been about to end there.
    let flapped = |now| {
        with(
            Some(Node::NotReady {
                since: Some(at(120)),
            }),
            now,
        )
    };
    assert!(matches!(flapped(719), Step::Wait { .. }));
    assert!(matches!(flapped(720), Step::Finish(_)));
    assert!(matches!(with(Some(Node::Gone), 101), Step::Finish(_)));
    assert!(matches!(
        with(Some(Node::Ready { since: at(0) }), 139),
        Step::Wait { .. }
    ));
    assert!(matches!(
        with(Some(Node::Ready { since: at(0) }), 140),
        Step::Finish(_)
    ));
    assert!(matches!(
        with(Some(Node::Ready { since: at(150) }), 189),
        Step::Wait { .. }
    ));
}

#[test]
fn a_driver_that_is_given_long_to_end_is_waited_for_as_long() {
    let year = 365 * 24 * 3600;
    for (grace, wait) in [(0, 40), (30, 40), (31, 41), (300, 310), (year, 600)] {
        for node in [Some("node-1"), None] {
            let mut gone = created(DriverPhase::Running { since: at(20) });
            gone.driver.node = node.map(str::to_owned);
            gone.driver.grace_period = Some(Duration::from_secs(grace));
            gone.driver.gone_at = Some(at(100));
            let absent = looked(Look::Absent {
                node: node.map(|_| Node::Ready { since: at(0) }),
            });
            let with = |now| step(&run(State::Running), Some(&gone), &absent, now);
            assert!(matches!(with(99 + wait), Step::Wait { .. }), "{grace} s");
            let end = with(100 + wait);
            let told = finished(&end).details.contains("600 s were waited for");
            assert_eq!(told, grace == year && node.is_some(), "{grace} s");
        }
    }
}

#[test]
fn another_cluster_under_the_same_name_is_never_taken_for_an_end_of_the_driver() {
    let mut lost = created(DriverPhase::Running { since: at(20) });
    lost.driver.gone_at = Some(at(100));
    let end = step(
        &run(State::Running),
        Some(&lost),
        &looked(Look::OtherCluster),
        101,
    );
    assert_eq!(
        finished(&end).reason,
        Some(FailureReason::ClusterUnavailable)
    );
}

#[test]
fn a_stray_under_the_attempts_name_is_deleted() {
    let lost = created(DriverPhase::Running { since: at(20) });
    let stray = looked(Look::Stray {
        uid: "uid-2".into(),
    });
    assert_eq!(
        step(&run(State::Running), Some(&lost), &stray, 101),
        Step::DeleteStray {
            attempt: 1,
            uid: "uid-2".into()
        }
    );
}
