//! What a cluster is asked about a driver, and when.

use super::*;
use crate::domain::job_run::PodEvent;

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
