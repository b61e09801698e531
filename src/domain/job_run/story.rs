//! What a run that is not over waits for, in words for its owner.

use super::{Attempt, DriverPhase, JobRun, State};

/// What the run waits for; `None` where it is over, or its driver just runs.
pub fn waits_for(run: &JobRun, attempts: &[Attempt]) -> Option<String> {
    if run.state.is_terminal() {
        return None;
    }
    if let Some(details) = run
        .state_details
        .as_ref()
        .filter(|details| !details.is_empty())
    {
        return Some(details.clone());
    }
    if run.state == State::CancelPending {
        return Some("Its driver is asked to end.".to_owned());
    }
    let Some(latest) = attempts.last() else {
        return Some("Its first driver is not created yet.".to_owned());
    };
    if let Some(retry_at) = latest.failure.as_ref().and_then(|failure| failure.retry_at) {
        let next = latest.number + 1;
        return Some(format!("Attempt {next} starts at {retry_at}."));
    }
    match &latest.driver.phase {
        DriverPhase::Unseen => Some("Its driver is being created.".to_owned()),
        DriverPhase::Waiting { why: None, .. } => Some("Its driver is about to start.".to_owned()),
        DriverPhase::Waiting { why: Some(why), .. } => Some(match &why.message {
            Some(message) => format!("{}: {message}", why.reason),
            None => why.reason.clone(),
        }),
        DriverPhase::Running { .. } | DriverPhase::Ended(_) => None,
    }
}
