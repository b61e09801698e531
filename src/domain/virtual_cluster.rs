//! Virtual clusters: a namespace of a target cluster, given to an account.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, ClusterId, SecurityConfigurationId, VirtualClusterId};
use super::tags::Tags;

/// The service's four states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Terminating,
    Terminated,
    Arrested,
}

impl State {
    pub const ALL: [Self; 4] = [
        Self::Running,
        Self::Terminating,
        Self::Terminated,
        Self::Arrested,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
            Self::Arrested => "ARRESTED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Limits on the runs of one virtual cluster; an absent limit is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SchedulerConfiguration {
    pub max_in_queue_job_runs: Option<i32>,
    pub max_concurrent_job_runs: Option<i32>,
}

impl SchedulerConfiguration {
    /// `None` where it limits nothing.
    pub fn limiting(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// How many runs of one virtual cluster count against its limits now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchedulerStatus {
    /// PENDING or SUBMITTED.
    pub in_queue: i32,
    /// RUNNING.
    pub concurrent: i32,
}

/// What CreateVirtualCluster asks for, already checked for form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVirtualCluster {
    pub name: String,
    pub cluster: ClusterId,
    pub namespace: String,
    pub node_label: Option<String>,
    pub client_token: String,
    pub tags: Tags,
    pub security_configuration_id: Option<SecurityConfigurationId>,
    pub session_enabled: Option<bool>,
    pub scheduler: Option<SchedulerConfiguration>,
}

/// A virtual cluster as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualCluster {
    pub id: VirtualClusterId,
    pub account: AccountId,
    pub name: String,
    pub state: State,
    /// Why it is ARRESTED, where it is.
    pub state_details: Option<String>,
    pub cluster: ClusterId,
    pub namespace: String,
    pub node_label: Option<String>,
    pub tags: Tags,
    pub security_configuration_id: Option<SecurityConfigurationId>,
    pub session_enabled: Option<bool>,
    pub scheduler: Option<SchedulerConfiguration>,
    pub created_at: Timestamp,
}
