//! What decisions rest on beyond the record: learned in this pass, from the cluster itself.

use jiff::Timestamp;

use crate::domain::job_run::Evidence;

/// What this pass over the run learned beyond what is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub look: Look,
    /// Why the driver was not created.
    pub refusal: Option<Refusal>,
    /// The driver's own object exists since then, and the refusal is about one that it needs.
    pub incomplete_since: Option<Timestamp>,
    /// The attempt's name could not be taken.
    pub name_refused: bool,
    /// What was asked about a driver that failed.
    pub inquiry: Inquiry,
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
    /// The attempt's own driver is there, and its record up to date.
    Found,
    /// Nothing has the driver's name. `node` tells of the node it ran on, where it had one.
    Absent { node: Option<Node> },
    /// Another object of ours has the name.
    Stray { uid: String },
    /// Another cluster answers under this one's name: its silence about a driver says nothing.
    OtherCluster,
}

/// The node of a driver whose object is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Ready { since: Timestamp },
    NotReady,
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
