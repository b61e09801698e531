//! What becomes of drivers, and how their runs must end for it: data, drawn from a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// What becomes of one driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Succeeds,
    /// Its container ends and another one of the pod does not.
    SucceedsBesideSideCar,
    ExitsWithOne,
    OutOfMemory,
    EvictedByApi,
    Preempted,
    NodeLowOnMemory,
    OwnDiskFull,
    /// The kubelet does not take the pod.
    NotAdmitted,
    ImageMissing,
    RegistryDown,
    NeverScheduled,
    /// Its node falls silent and comes back, where the container still runs.
    NodeLostAndBack,
    /// Its node falls silent and never comes back.
    NodeGone,
    DeletedByHand,
    /// Its object vanishes before its container ends.
    DeletedByForce,
    /// The same, and its container takes all the time that its pod gives it.
    DeletedByForceAndSlow,
    /// The API server refuses the pod, as often as it is asked.
    Invalid,
}

/// What the end of an attempt may count as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Success,
    /// Charged against the run's attempts.
    Job,
    Platform {
        started: bool,
    },
    /// No further attempt follows.
    Final,
}

/// How a run may be at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    pub state: &'static str,
    pub attempts: u32,
}

const FATES: [(u32, Fate); 18] = [
    (30, Fate::Succeeds),
    (3, Fate::SucceedsBesideSideCar),
    (12, Fate::ExitsWithOne),
    (4, Fate::OutOfMemory),
    (5, Fate::EvictedByApi),
    (4, Fate::Preempted),
    (3, Fate::NodeLowOnMemory),
    (3, Fate::OwnDiskFull),
    (4, Fate::NotAdmitted),
    (3, Fate::ImageMissing),
    (2, Fate::RegistryDown),
    (3, Fate::NeverScheduled),
    (4, Fate::NodeLostAndBack),
    (3, Fate::NodeGone),
    (4, Fate::DeletedByHand),
    (4, Fate::DeletedByForce),
    (3, Fate::DeletedByForceAndSlow),
    (3, Fate::Invalid),
];

/// What the pods of a run that meets `DeletedByForceAndSlow` give their containers to end: longer than
/// the installation waits for usual ones.
pub const LONG_GRACE: Duration = Duration::from_secs(6);

/// The platform's failures that are not charged.
const FREE_RETRIES: u32 = 3;

impl Fate {
    /// What the end may be taken for: where the object goes away with its words, the words may
    /// never have been seen.
    pub fn ends(self) -> &'static [End] {
        const PLATFORM: End = End::Platform { started: true };
        match self {
            Self::Succeeds | Self::SucceedsBesideSideCar => &[End::Success],
            Self::ExitsWithOne | Self::OutOfMemory | Self::OwnDiskFull => &[End::Job],
            Self::DeletedByHand | Self::DeletedByForce | Self::DeletedByForceAndSlow => &[End::Job],
            Self::EvictedByApi | Self::Preempted => &[PLATFORM, End::Job],
            Self::NodeLostAndBack | Self::NodeGone => &[PLATFORM, End::Job],
            Self::NodeLowOnMemory => &[PLATFORM],
            Self::NotAdmitted | Self::RegistryDown => &[End::Platform { started: false }],
            Self::ImageMissing | Self::NeverScheduled | Self::Invalid => &[End::Final],
        }
    }
}

/// What one run asks for, and what its drivers meet.
#[derive(Clone, Debug)]
pub struct Plan {
    pub index: u32,
    pub max_attempts: u32,
    pub cancelled_after: Option<Duration>,
    pub is_classic: bool,
    /// In minutes.
    pub priority: Option<i32>,
    seed: u64,
}

impl Plan {
    pub fn draw(seed: u64, index: u32) -> Self {
        let mut random = StdRng::seed_from_u64(mix(seed, index, 0));
        let max_attempts = if random.random_bool(0.4) {
            random.random_range(2..=3)
        } else {
            1
        };
        let cancelled_after = random
            .random_bool(0.2)
            .then(|| Duration::from_millis(random.random_range(0..6000)));
        Self {
            index,
            max_attempts,
            cancelled_after,
            is_classic: random.random_bool(0.3),
            priority: random
                .random_bool(0.3)
                .then(|| random.random_range(-30..30)),
            seed,
        }
    }

    /// A run that meets these fates in its attempts, as many as it may have, and that nobody cancels.
    pub fn with(seed: u64, fates: &[Fate]) -> Self {
        let meets = |index: &u32| {
            let mut numbered = (1..).zip(fates);
            numbered.all(|(attempt, wanted)| fate(seed, *index, attempt) == *wanted)
        };
        Self {
            index: (0..).find(meets).unwrap(),
            max_attempts: u32::try_from(fates.len()).unwrap(),
            cancelled_after: None,
            is_classic: false,
            priority: None,
            seed,
        }
    }

    /// Of the driver of this attempt.
    pub fn fate(&self, attempt: u32) -> Fate {
        fate(self.seed, self.index, attempt)
    }

    /// Whether its pods ask for `LONG_GRACE`.
    pub fn is_given_long(&self) -> bool {
        let attempts = self.max_attempts + FREE_RETRIES;
        (1..=attempts).any(|attempt| self.fate(attempt) == Fate::DeletedByForceAndSlow)
    }

    /// How the run may end, a cancellation left aside.
    pub fn outcomes(&self) -> BTreeSet<Outcome> {
        let mut outcomes = BTreeSet::new();
        self.follow(1, 0, 0, &mut outcomes);
        outcomes
    }

    fn follow(&self, attempt: u32, charged: u32, free: u32, outcomes: &mut BTreeSet<Outcome>) {
        let failed = Outcome {
            state: "FAILED",
            attempts: attempt,
        };
        for end in self.fate(attempt).ends() {
            match *end {
                End::Success => {
                    outcomes.insert(Outcome {
                        state: "COMPLETED",
                        attempts: attempt,
                    });
                }
                End::Platform { started }
                    if free < FREE_RETRIES && (self.max_attempts > 1 || !started) =>
                {
                    self.follow(attempt + 1, charged, free + 1, outcomes);
                }
                End::Job | End::Platform { .. } if charged + 1 < self.max_attempts => {
                    self.follow(attempt + 1, charged + 1, free, outcomes);
                }
                End::Job | End::Platform { .. } | End::Final => {
                    outcomes.insert(failed);
                }
            }
        }
    }
}

/// The fate of a driver, the same for whoever asks.
pub fn fate(seed: u64, index: u32, attempt: u32) -> Fate {
    let mut random = StdRng::seed_from_u64(mix(seed, index, attempt));
    let all: u32 = FATES.iter().map(|(weight, _)| weight).sum();
    let mut drawn = random.random_range(0..all);
    for (weight, fate) in FATES {
        if drawn < weight {
            return fate;
        }
        drawn -= weight;
    }
    unreachable!("what is drawn is below the sum")
}

fn mix(seed: u64, index: u32, attempt: u32) -> u64 {
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(u64::from(index) << 16)
        .wrapping_add(u64::from(attempt))
}
