//! What a cluster is asked about a driver, and when.

use super::*;
use crate::domain::job_run::{ExecutorTrouble, PodEvent};

#[test]
fn a_driver_that_waits_without_a_word_is_asked_about_ever_more_seldom() {
    let waiting = created(DriverPhase::Waiting {
        since: at(12),
        why: Some(Waiting {
            reason: "ContainerCreating".into(),
            message: None,
        }),
    });
    let submitted = run(State::Submitted);
    let none = Facts::default();
    let wait = |until, details: &str| Step::Wait {
        until: at(until),
        details: Some(details.into()),
    };
    assert_eq!(
        step(&submitted, Some(&waiting), &none, 29),
        wait(30, "ContainerCreating")
    );
    assert_eq!(step(&submitted, Some(&waiting), &none, 30), Step::Inquire);
    let told = Facts {
        inquiry: Inquiry::Made(Evidence {
            pod_events: vec![PodEvent {
                reason: "FailedMount".into(),
                message: "no such map".into(),
                warning: true,
                count: 3,
                at: at(25),
            }],
            ..Evidence::default()
        }),
        ..Facts::default()
    };
    let words = "FailedMount: no such map";
    assert_eq!(step(&submitted, Some(&waiting), &told, 30), wait(50, words));
    assert_eq!(step(&submitted, Some(&waiting), &told, 50), wait(90, words));
}

#[test]
fn a_running_driver_whose_executors_do_not_start_says_so_until_they_do() {
    let driver = created(DriverPhase::Running { since: at(20) });
    let running = run(State::Running);
    let step = |facts: &Facts, now| step(&running, Some(&driver), facts, now);
    let none = Facts::default();
    let Step::Wait { until, details } = step(&none, 30) else {
        panic!("not waiting")
    };
    assert_eq!((until, details), (at(140), None));
    assert_eq!(step(&none, 140), Step::AskForExecutors);

    let asked = |hanging| Facts {
        hanging_executors: Some(hanging),
        ..Facts::default()
    };
    let trouble = |reason: &str, message: &str| ExecutorTrouble {
        name: "exec-1".into(),
        reason: reason.into(),
        message: Some(message.into()),
        exit_code: None,
    };
    for (trouble, words) in [
        (
            trouble(
                "ImagePullBackOff",
                "Back-off pulling image \"r.example/spark:9\": r.example/spark:9: not found",
            ),
            "Executors' image r.example/spark:9 could not be pulled (ImagePullBackOff)",
        ),
        (
            trouble("Unschedulable", "0/3 nodes are available."),
            "Executors do not start: Unschedulable: 0/3 nodes are available.",
        ),
    ] {
        let Step::Wait { until, details } = step(&asked(vec![trouble]), 140) else {
            panic!("not waiting")
        };
        assert_eq!(until, at(260));
        let details = details.unwrap();
        assert!(details.starts_with(words), "{details}");
    }
    let Step::Wait { until, details } = step(&asked(Vec::new()), 140) else {
        panic!("not waiting")
    };
    assert!(until > at(600));
    assert_eq!(details, None);
}
