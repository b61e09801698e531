//! What decisions rest on beyond the record: learned in this pass, from the cluster itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::job_run::{Evidence, ExecutorTrouble};

/// What this pass over the run learned beyond what is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub contact: Contact,
    /// The live reads, by the numbers of the attempts whose drivers were read.
    pub looks: BTreeMap<u32, Look>,
    /// Why the driver was not created.
    pub refusal: Option<Refusal>,
    /// The driver's own object exists since then, and the refusal is about one that it needs.
    pub incomplete_since: Option<Timestamp>,
    /// The attempts whose names could not be taken.
    pub names_refused: BTreeSet<u32>,
    /// The namespace holds too many ended drivers: this run's are not kept longer than they must.
    pub crowded: bool,
    /// What was asked about a driver that failed.
    pub inquiry: Inquiry,
    /// The executors of a running driver that do not start; `None` where nobody asked for them.
    pub hanging_executors: Option<Vec<ExecutorTrouble>>,
}

impl Facts {
    /// What the last look at the driver of `attempt` showed.
    pub fn look_at(&self, attempt: u32) -> &Look {
        self.looks.get(&attempt).unwrap_or(&Look::NotTaken)
    }

    /// Forgets all but the state of the cluster: something was done that changes the rest.
    pub fn outdate(&mut self) {
        *self = Self {
            contact: self.contact.clone(),
            ..Self::default()
        };
    }
}

/// Whether the cluster answers, as far as this process knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Without a gap since then.
    Answers {
        since: Timestamp,
    },
    Silent {
        since: Timestamp,
    },
}

impl Default for Contact {
    fn default() -> Self {
        Self::Answers {
            since: Timestamp::MIN,
        }
    }
}

/// Whether the cluster was asked why a driver failed or does not start, and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Inquiry {
    #[default]
    NotMade,
    Made(Evidence),
}

/// A live read of the driver, fresh from the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Look {
    #[default]
    NotTaken,
    /// The attempt's own object is there, and its record up to date. `node` tells of the node of a
    /// driver whose deletion is under way.
    Found { node: Option<Node> },
    /// Nothing has the driver's name. `node` tells of the node it ran on, where it had one.
    Absent { node: Option<Node> },
    /// Another object of ours has the name.
    Stray { uid: String },
    /// Another cluster answers under this one's name: its silence about a driver says nothing.
    OtherCluster,
}

/// The node of a driver that is gone or going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Ready {
        since: Timestamp,
    },
    /// Nothing good is known of it. `since` is absent where its state cannot be read.
    NotReady {
        since: Option<Timestamp>,
    },
    Gone,
}

/// Why a creation did not happen, for sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request cannot be turned into a driver.
    Plan(String),
    /// The cluster refuses this driver and always will.
    Invalid(String),
    /// Every slot of a process cluster is taken; one will be free.
    Busy,
    /// As many runs of the virtual cluster as may run at a time have their slots.
    NoSlot { limit: u32 },
    /// A quota is used up.
    Full(String),
    /// Firesteel lacks the right.
    Forbidden(String),
    /// The namespace is not there.
    NamespaceMissing,
    /// Another cluster answers under this name.
    Replaced,
    /// Something that the driver needs, such as a template, cannot be had now.
    Unprepared(String),
    /// No answer since then; nothing was sent.
    Unreachable { since: Timestamp, error: String },
}
