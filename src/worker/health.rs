//! Whether a cluster answers. One request probes a silent cluster; nobody else queues up behind it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::domain::job_run::decide::Contact;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is known of a cluster's answers.
#[derive(Debug)]
pub struct Health {
    state: Mutex<State>,
}

#[derive(Clone, Debug)]
struct State {
    /// Since when the cluster has answered, or nobody has asked it.
    answers_since: Timestamp,
    last_answer: Option<Instant>,
    silent: Option<Silent>,
    /// The cluster asked for patience until then.
    hold_until: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Silent {
    since: Timestamp,
    error: String,
    pause: Duration,
    probe_at: Instant,
}

/// What a worker may do with a cluster now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// Nothing may be sent before then.
    Held {
        until: Instant,
    },
    /// It does not answer; the next request, a probe, is due then.
    Silent {
        since: Timestamp,
        /// What the first request that was not answered came to.
        error: String,
        probe_at: Instant,
    },
}

impl Health {
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: Mutex::new(State {
                answers_since: now,
                last_answer: None,
                silent: None,
                hold_until: None,
            }),
        }
    }

    pub fn contact(&self) -> Contact {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.silent {
            Some(silent) => Contact::Silent {
                since: silent.since,
            },
            None => Contact::Answers {
                since: state.answers_since,
            },
        }
    }

    /// Whether nobody has had an answer, or missed one, for as long as this.
    pub fn is_unheard_for(&self, time: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.silent.is_none() && state.last_answer.is_none_or(|last| last.elapsed() >= time)
    }

    pub fn gate(&self) -> Gate {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (state.hold_until, &state.silent) {
            (Some(until), _) if until > Instant::now() => Gate::Held { until },
            (_, Some(silent)) => Gate::Silent {
                since: silent.since,
                error: silent.error.clone(),
                probe_at: silent.probe_at,
            },
            (_, None) => Gate::Open,
        }
    }

    pub fn answered(&self, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.silent.take().is_some() {
            state.answers_since = now;
        }
        state.last_answer = Some(Instant::now());
    }

    /// The cluster did not answer. Only the first of many failures at a time moves the next probe.
    pub fn silent(&self, now: Timestamp, error: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = match state.silent.take() {
            None => Silent {
                since: now,
                error: error.to_owned(),
                pause: FIRST_PAUSE,
                probe_at: Instant::now() + FIRST_PAUSE,
            },
            Some(silent) if silent.probe_at > Instant::now() => silent,
            Some(silent) => {
                let pause = (silent.pause * 2).min(LONGEST_PAUSE);
                Silent {
                    pause,
                    probe_at: Instant::now() + pause,
                    ..silent
                }
            }
        };
        state.silent = Some(silent);
    }

    /// The cluster asked everybody to wait.
    pub fn hold(&self, retry_after: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + retry_after.min(LONGEST_PAUSE);
        state.hold_until = Some(state.hold_until.map_or(until, |held| held.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_cluster_is_probed_ever_more_rarely_and_forgiven_at_once() {
        let first = Timestamp::UNIX_EPOCH;
        let health = Health::new(first);
        assert_eq!(health.gate(), Gate::Open);
        assert_eq!(health.contact(), Contact::Answers { since: first });
        health.silent(first, "connection refused");
        let gate = health.gate();
        let Gate::Silent { since, error, .. } = &gate else {
            panic!("not silent")
        };
        assert_eq!((*since, error.as_str()), (first, "connection refused"));
        health.silent(Timestamp::now(), "still refused");
        assert_eq!(health.gate(), gate);
        assert_eq!(health.contact(), Contact::Silent { since: first });
        let again = Timestamp::from_second(9).unwrap();
        health.answered(again);
        assert_eq!(health.gate(), Gate::Open);
        health.answered(Timestamp::now());
        assert_eq!(health.contact(), Contact::Answers { since: again });
        assert!(!health.is_unheard_for(Duration::from_secs(60)));
    }

    #[test]
    fn patience_asked_for_is_kept_by_everybody() {
        let health = Health::new(Timestamp::UNIX_EPOCH);
        health.hold(Duration::from_secs(10));
        health.hold(Duration::from_secs(1));
        let Gate::Held { until } = health.gate() else {
            panic!("not held")
        };
        assert!(until > Instant::now() + Duration::from_secs(5));
    }
}
