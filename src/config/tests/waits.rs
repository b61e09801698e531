//! Times that may be none, and things that are kept for good.

use std::time::Duration;

use super::*;

#[test]
fn a_time_in_the_queue_or_of_ended_drivers_may_be_none_and_other_times_may_not() {
    let load = |name, text: &str| load("", &[(name, text)]);
    let queue =
        |text| load("FIRESTEEL_WORKER__QUEUE_TIMEOUT", text).map(|c| c.worker.queue_timeout);
    assert_eq!(queue("0"), Ok(Duration::ZERO));
    assert_eq!(queue("45m"), Ok(Duration::from_secs(2700)));
    assert!(queue("soon").is_err());
    let kept = load("FIRESTEEL_WORKER__KEEP_DRIVER", "0").map(|config| config.worker.keep_driver);
    assert_eq!(kept, Ok(Duration::ZERO));
    assert!(load("FIRESTEEL_WORKER__TIDY_INTERVAL", "0").is_err());
    assert!(load("FIRESTEEL_WORKER__MOST_ENDED_DRIVERS", "0").is_err());
}

#[test]
fn job_runs_are_kept_for_good_where_nothing_else_is_said() {
    let kept = |text: &str| load(text, &[]).map(|config| config.retention.job_runs);
    assert_eq!(kept(""), Ok(None));
    assert_eq!(
        kept("[retention]\njob_runs = \"90d\""),
        Ok(Some(Duration::from_secs(90 * 86_400)))
    );
    assert!(kept("[retention]\njob_runs = 0").is_err());
    assert!(kept("[retention]\nevents = \"90d\"").is_err());
}

#[test]
fn objects_of_no_run_are_deleted_where_their_cluster_says_so() {
    let text = "[[clusters]]\nid = \"a\"\nbackend = \"process\"\nremove_unknown_objects = true\n\
                [[clusters]]\nid = \"b\"\nbackend = \"process\"\n";
    let config = load(text, &[]).unwrap();
    let removes = |id: &str| config.removes_unknown_objects_of(&ClusterId::parse(id).unwrap());
    assert_eq!(["a", "b", "c"].map(removes), [true, false, false]);
}
