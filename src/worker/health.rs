//! Whether a cluster answers. One request probes a silent cluster; nobody else queues up behind it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is known of a cluster's answers.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
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

    pub fn answered(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.silent = None;
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
        let health = Health::default();
        assert_eq!(health.gate(), Gate::Open);
        let first = Timestamp::UNIX_EPOCH;
        health.silent(first, "connection refused");
        let gate = health.gate();
        let Gate::Silent { since, error, .. } = &gate else {
            panic!("not silent")
        };
        assert_eq!((*since, error.as_str()), (first, "connection refused"));
        health.silent(Timestamp::now(), "still refused");
        assert_eq!(health.gate(), gate);
        health.answered();
        assert_eq!(health.gate(), Gate::Open);
    }

    #[test]
    fn patience_asked_for_is_kept_by_everybody() {
        let health = Health::default();
        health.hold(Duration::from_secs(10));
        health.hold(Duration::from_secs(1));
        let Gate::Held { until } = health.gate() else {
            panic!("not held")
        };
        assert!(until > Instant::now() + Duration::from_secs(5));
    }
}
