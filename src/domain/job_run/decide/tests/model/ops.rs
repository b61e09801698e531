//! What may happen next, and how often it does.

use proptest::prelude::*;

use super::NODES;
use super::cluster::{self, Fate};

/// What may happen next.
#[derive(Clone, Debug)]
pub enum Op {
    /// Time passes, and nodes and late requests do what they do meanwhile.
    Tick(i64),
    /// The worker takes the run if nobody has it, or does the next part of a step.
    Work {
        worker: usize,
        fate: Fate,
    },
    Crash {
        worker: usize,
    },
    /// The watch sees the driver of the attempt.
    Observe {
        attempt: u32,
    },
    Start {
        attempt: u32,
    },
    End {
        attempt: u32,
        code: i32,
    },
    /// Somebody or something deletes the driver's object: with its word, or by force.
    Disrupt {
        attempt: u32,
    },
    Force {
        attempt: u32,
    },
    Lose {
        node: usize,
    },
    Recover {
        node: usize,
    },
    Reach(bool),
    Cancel,
}

pub fn any_op() -> impl Strategy<Value = Op> {
    let attempt = || 1..4u32;
    prop_oneof![
        4 => (1..60i64).prop_map(Op::Tick),
        1 => (60..700i64).prop_map(Op::Tick),
        14 => (0..2usize, cluster::any_fate()).prop_map(|(worker, fate)| Op::Work { worker, fate }),
        1 => (0..2usize).prop_map(|worker| Op::Crash { worker }),
        4 => attempt().prop_map(|attempt| Op::Observe { attempt }),
        4 => attempt().prop_map(|attempt| Op::Start { attempt }),
        2 => (attempt(), 0..3i32).prop_map(|(attempt, code)| Op::End { attempt, code }),
        1 => attempt().prop_map(|attempt| Op::Disrupt { attempt }),
        1 => attempt().prop_map(|attempt| Op::Force { attempt }),
        1 => (0..NODES).prop_map(|node| Op::Lose { node }),
        1 => (0..NODES).prop_map(|node| Op::Recover { node }),
        1 => any::<bool>().prop_map(Op::Reach),
        1 => prop::bool::weighted(0.1).prop_map(|yes| if yes { Op::Cancel } else { Op::Tick(1) }),
    ]
}
