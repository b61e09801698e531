//! What goes wrong between a request and its answer, drawn and counted.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 409, as two requests that meet in a quota's books get.
    Conflict,
    /// 410 as the answer to a watch, or in it.
    Gone,
    Unprocessable,
    /// 429 with Retry-After.
    TooManyRequests,
    InternalError,
    /// The request takes effect, and 500 is its answer.
    InternalErrorAfterAll,
    NoAnswer,
    /// The request takes effect, and no answer comes.
    NoAnswerAfterAll,
    /// The request takes effect, and its answer breaks off.
    AnswerLost,
    /// The request takes effect long after its sender gave up.
    Late,
    /// A quota says 403, even to what exists.
    Quota,
    WatchDropped,
    WatchStalled,
    DatabaseCut,
    DatabaseHeld,
    Killed,
    Paused,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Conflict => "409",
            Self::Gone => "410",
            Self::Unprocessable => "422",
            Self::TooManyRequests => "429",
            Self::InternalError => "500",
            Self::InternalErrorAfterAll => "500-applied",
            Self::NoAnswer => "timeout",
            Self::NoAnswerAfterAll => "timeout-applied",
            Self::AnswerLost => "answer-lost",
            Self::Late => "late-post",
            Self::Quota => "quota-403",
            Self::WatchDropped => "watch-dropped",
            Self::WatchStalled => "watch-stalled",
            Self::DatabaseCut => "database-cut",
            Self::DatabaseHeld => "database-stalled",
            Self::Killed => "kill-9",
            Self::Paused => "sigstop",
        }
    }
}

/// What a request is, as far as faults go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    CreatePod,
    OtherWrite,
    Read,
    Watch,
}

pub struct Faults {
    random: StdRng,
    /// Of a thousand requests, how many meet a fault.
    per_mille: u32,
    /// What the next creations of pods meet.
    script: VecDeque<Fault>,
    counts: BTreeMap<Fault, u64>,
}

impl Faults {
    pub fn none(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            per_mille: 0,
            script: VecDeque::new(),
            counts: BTreeMap::new(),
        }
    }

    pub fn set(&mut self, per_mille: u32) {
        self.per_mille = per_mille;
    }

    /// The next creation of a pod meets this.
    pub fn next(&mut self, fault: Fault) {
        self.script.push_back(fault);
    }

    pub fn draw(&mut self, kind: Kind) -> Option<Fault> {
        if kind == Kind::CreatePod
            && let Some(fault) = self.script.pop_front()
        {
            self.count(fault);
            return Some(fault);
        }
        // Creations are what it is about.
        let odds = match kind {
            Kind::CreatePod => self.per_mille * 4,
            Kind::OtherWrite | Kind::Read | Kind::Watch => self.per_mille,
        };
        if !self.random.random_ratio(odds.min(1000), 1000) {
            return None;
        }
        let kinds: &[Fault] = match kind {
            Kind::CreatePod => &[
                Fault::Conflict,
                Fault::TooManyRequests,
                Fault::InternalError,
                Fault::InternalErrorAfterAll,
                Fault::NoAnswer,
                Fault::NoAnswerAfterAll,
                Fault::AnswerLost,
                Fault::AnswerLost,
                Fault::Late,
                Fault::Late,
            ],
            Kind::OtherWrite => &[
                Fault::TooManyRequests,
                Fault::InternalError,
                Fault::InternalErrorAfterAll,
                Fault::NoAnswer,
                Fault::NoAnswerAfterAll,
                Fault::AnswerLost,
            ],
            Kind::Read => &[
                Fault::TooManyRequests,
                Fault::InternalError,
                Fault::NoAnswer,
                Fault::AnswerLost,
            ],
            Kind::Watch => &[Fault::Gone, Fault::InternalError, Fault::NoAnswer],
        };
        let fault = kinds[self.random.random_range(0..kinds.len())];
        self.count(fault);
        Some(fault)
    }

    pub fn count(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    pub fn between(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.random.random_range(least..most))
    }

    pub fn summary(&self) -> String {
        let counts = self.counts.iter();
        let counts = counts.map(|(fault, count)| format!("{}={count}", fault.name()));
        counts.collect::<Vec<_>>().join(" ")
    }
}
