//! Job runs: what a caller asked for, what was tried, and what is known of the drivers.
//!
//! A run's state changes only as `decide` says; the types here hold facts, not rules.

pub mod decide;
pub mod event;
pub mod evidence;
pub mod explain;
pub mod fault;
pub mod priority;
pub mod story;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use self::evidence::{Evidence, ExecutorTrouble, PodEvent};
pub use self::priority::Priority;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::configuration::ConfigurationOverrides;
use super::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};

/// The service's seven states, ordered: a run's state only grows, and the three last end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Pending,
    Submitted,
    Running,
    CancelPending,
    Completed,
    Failed,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Submitted,
        Self::Running,
        Self::CancelPending,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Submitted => "SUBMITTED",
            Self::Running => "RUNNING",
            Self::CancelPending => "CANCEL_PENDING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// A terminal state never changes.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The service's reasons for FAILED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    InternalError,
    UserError,
    ValidationError,
    ClusterUnavailable,
}

impl FailureReason {
    pub const ALL: [Self; 4] = [
        Self::InternalError,
        Self::UserError,
        Self::ValidationError,
        Self::ClusterUnavailable,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::InternalError => "INTERNAL_ERROR",
            Self::UserError => "USER_ERROR",
            Self::ValidationError => "VALIDATION_ERROR",
            Self::ClusterUnavailable => "CLUSTER_UNAVAILABLE",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What the driver runs. Arguments and parameters may hold secrets, so `Debug` shows none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobDriver {
    SparkSubmit {
        entry_point: String,
        arguments: Option<Vec<String>>,
        parameters: Option<String>,
    },
    SparkSql {
        entry_point: Option<String>,
        parameters: Option<String>,
    },
}

impl fmt::Debug for JobDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SparkSubmit { .. } => "SparkSubmit(***)",
            Self::SparkSql { .. } => "SparkSql(***)",
        })
    }
}

/// What StartJobRun asks for, already checked for form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJobRun {
    pub virtual_cluster: VirtualClusterId,
    pub client_token: String,
    pub name: Option<String>,
    pub execution_role_arn: Option<String>,
    pub release_label: String,
    pub driver: JobDriver,
    pub overrides: Option<ConfigurationOverrides>,
    pub tags: BTreeMap<String, String>,
    pub max_attempts: Option<i32>,
    pub priority: Priority,
}

/// A run as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    pub id: JobRunId,
    pub account: AccountId,
    pub virtual_cluster: VirtualClusterId,
    /// Of the virtual cluster, which never changes them.
    pub cluster: ClusterId,
    pub namespace: String,
    pub name: Option<String>,
    pub client_token: String,
    pub execution_role_arn: Option<String>,
    pub release_label: String,
    pub driver: JobDriver,
    pub overrides: Option<ConfigurationOverrides>,
    pub tags: BTreeMap<String, String>,
    pub max_attempts: Option<i32>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub state: State,
    /// At most `explain::MAX_CHARS` characters.
    pub state_details: Option<String>,
    pub failure_reason: Option<FailureReason>,
    pub finished_at: Option<Timestamp>,
    /// When CancelJobRun was accepted.
    pub cancel_requested_at: Option<Timestamp>,
}

/// One driver of a run, from before its creation to after its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1; used once.
    pub number: u32,
    /// Creations sent, or about to be, whose answer nobody has recorded. While it is above zero a
    /// driver of this name may still appear.
    pub unanswered: u32,
    /// The object that holds this attempt's name, once its creation is known.
    pub holder: Option<Holder>,
    /// What was last seen of the driver.
    pub driver: Driver,
    /// Why Firesteel ends this driver, decided before it is deleted.
    pub verdict: Option<Verdict>,
    /// When the driver's deletion was last asked for.
    pub delete_requested_at: Option<Timestamp>,
    /// Since when the driver's deletion is known to be under way, whoever asked for it.
    pub deleting_since: Option<Timestamp>,
    /// Executors and helpers of this attempt are known to be deleted.
    pub swept: bool,
    pub closed_at: Option<Timestamp>,
    /// How it ended badly, once it is closed.
    pub failure: Option<AttemptFailure>,
    /// Nothing of it is left on the cluster.
    pub removed: bool,
}

/// The end of an attempt that did not complete the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFailure {
    pub fault: Fault,
    /// Whether it counts against the run's attempts.
    pub charged: bool,
    pub details: String,
    /// When the next attempt may begin; `None` where this one ended the run.
    pub retry_at: Option<Timestamp>,
}

/// Whose failure the end of an attempt is; it says whether another may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The job's own, charged against the run's attempts.
    Job,
    /// The platform's: not charged, a bounded number of times.
    Platform,
    /// A limit or a refusal: no other attempt would end otherwise.
    Final,
}

impl Fault {
    pub const ALL: [Self; 3] = [Self::Job, Self::Platform, Self::Final];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Job => "JOB",
            Self::Platform => "PLATFORM",
            Self::Final => "FINAL",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }
}

/// Who holds an attempt's name on the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub uid: String,
    pub created_at: Timestamp,
    pub kind: HolderKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    Driver,
    /// A minimal object that never runs and keeps a late creation from succeeding.
    Tombstone,
}

/// What a cluster said of a driver. It never goes backwards: what ended does not run again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Driver {
    pub phase: DriverPhase,
    pub node: Option<String>,
    /// The longest time that its containers may take to end once they are told to, as its pod or who
    /// deleted that says; `None` where nothing tells.
    pub grace_period: Option<Duration>,
    /// Its deletion is under way.
    pub deleting: bool,
    /// Since when its object is known to be gone. The last phase stays: an end seen is an end.
    pub gone_at: Option<Timestamp>,
    /// Why the platform ends or ended it, in Kubernetes' word, such as `DeletionByTaintManager`.
    pub disruption: Option<String>,
    /// Its whole pod ended: side-cars may run on after the driver's container.
    pub pod_ended: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DriverPhase {
    /// Nothing seen yet.
    #[default]
    Unseen,
    /// Its container has not started; `why` says what it waits for, where the cluster tells.
    Waiting {
        since: Timestamp,
        why: Option<Waiting>,
    },
    Running {
        since: Timestamp,
    },
    Ended(Exit),
}

/// Why a container has not started, in the cluster's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Such as `ImagePullBackOff` or `Unschedulable`.
    pub reason: String,
    pub message: Option<String>,
}

impl Waiting {
    /// The reasons of a container whose image cannot be had.
    pub const IMAGE_FAILURES: [&str; 4] = [
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
    ];

    /// Whether it says more than that the container is being made.
    pub fn tells(&self) -> bool {
        let is_usual = matches!(
            self.reason.as_str(),
            "ContainerCreating" | "PodInitializing"
        );
        !is_usual || self.message.is_some()
    }

    /// It has no node yet.
    pub fn is_for_a_node(&self) -> bool {
        matches!(self.reason.as_str(), "Unschedulable" | "SchedulingGated")
    }

    /// The image cannot be had. Kubernetes goes on trying for ever.
    pub fn is_image_failure(&self) -> bool {
        Self::IMAGE_FAILURES.contains(&self.reason.as_str())
    }
}

/// How a driver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// `None` where nobody could tell.
    pub code: Option<i32>,
    /// Kubernetes' word, such as `OOMKilled` or `Error`, or the pod's, such as `Evicted`.
    pub reason: Option<String>,
    /// The end of the driver's log, or what the kubelet said.
    pub message: Option<String>,
    pub started_at: Option<Timestamp>,
    pub at: Timestamp,
}

/// Why Firesteel ends a driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Of the run, where no other attempt follows.
    pub reason: FailureReason,
    pub fault: Fault,
    pub details: String,
}
