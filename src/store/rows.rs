//! Rows as the database returns them, and their way into the domain and back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::StoreError;
use crate::domain::configuration::ConfigurationOverrides;
use crate::domain::ids::{
    AccountId, ClusterId, InvalidId, JobRunId, SecurityConfigurationId, VirtualClusterId,
};
use crate::domain::job_run::event::{Event, EventKind};
use crate::domain::job_run::{
    Attempt, AttemptFailure, Driver, DriverPhase, Exit, FailureReason, Fault, Holder, HolderKind,
    JobDriver, JobRun, State, Verdict, Waiting,
};
use crate::domain::security_configuration::{SecurityConfiguration, SecurityConfigurationData};
use crate::domain::virtual_cluster::{self, SchedulerConfiguration, VirtualCluster};

pub(super) struct VirtualClusterRow {
    pub id: String,
    pub account: String,
    pub name: String,
    pub state: String,
    pub state_details: Option<String>,
    pub cluster: String,
    pub namespace: String,
    pub node_label: Option<String>,
    pub tags: Json<BTreeMap<String, String>>,
    pub security_configuration_id: Option<String>,
    pub session_enabled: Option<bool>,
    pub scheduler: Option<Json<SchedulerConfiguration>>,
    pub created_at: jiff_sqlx::Timestamp,
    pub request_hash: Vec<u8>,
}

pub(super) struct SecurityConfigurationRow {
    pub id: String,
    pub account: String,
    pub name: String,
    pub data: Json<SecurityConfigurationData>,
    pub tags: Json<BTreeMap<String, String>>,
    pub created_by: String,
    pub created_at: jiff_sqlx::Timestamp,
    pub request_hash: Vec<u8>,
}

pub(super) struct JobRunRow {
    pub id: String,
    pub account: String,
    pub virtual_cluster: String,
    pub cluster: String,
    pub namespace: String,
    pub name: Option<String>,
    pub client_token: String,
    pub request_hash: Vec<u8>,
    pub execution_role_arn: Option<String>,
    pub release_label: String,
    pub driver: Json<JobDriver>,
    pub overrides: Option<Json<ConfigurationOverrides>>,
    pub tags: Json<BTreeMap<String, String>>,
    pub max_attempts: Option<i32>,
    pub created_by: String,
    pub created_at: jiff_sqlx::Timestamp,
    pub state: String,
    pub state_details: Option<String>,
    pub failure_reason: Option<String>,
    pub finished_at: Option<jiff_sqlx::Timestamp>,
    pub cancel_requested_at: Option<jiff_sqlx::Timestamp>,
}

pub(super) struct EventRow {
    pub number: i32,
    pub at: jiff_sqlx::Timestamp,
    pub kind: String,
    pub attempt: Option<i32>,
    pub state: Option<String>,
    pub text: String,
}

/// An attempt as `to_jsonb` gives it.
#[derive(Debug, Deserialize)]
pub(super) struct AttemptRow {
    number: i32,
    pub cluster_identity: String,
    unanswered: i32,
    holder_uid: Option<String>,
    holder_kind: Option<String>,
    holder_created_at: Option<Timestamp>,
    #[serde(flatten)]
    driver: DriverRow,
    verdict_reason: Option<String>,
    verdict_details: Option<String>,
    verdict_fault: Option<String>,
    delete_requested_at: Option<Timestamp>,
    deleting_since: Option<Timestamp>,
    swept: bool,
    closed_at: Option<Timestamp>,
    fault: Option<String>,
    charged: bool,
    end_details: Option<String>,
    retry_at: Option<Timestamp>,
    removed: bool,
}

/// What was seen of a driver, in the columns of `job_run_attempt`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct DriverRow {
    phase: Cow<'static, str>,
    since: Option<Timestamp>,
    waiting_reason: Option<String>,
    waiting_message: Option<String>,
    exit_code: Option<i32>,
    exit_reason: Option<String>,
    exit_message: Option<String>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    node: Option<String>,
    deleting: bool,
    gone_at: Option<Timestamp>,
    disruption: Option<String>,
    pod_ended: bool,
    grace_seconds: Option<i64>,
}

impl TryFrom<VirtualClusterRow> for VirtualCluster {
    type Error = StoreError;

    fn try_from(row: VirtualClusterRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: VirtualClusterId::parse(row.id)?,
            account: AccountId::parse(row.account)?,
            name: row.name,
            state: virtual_cluster::State::parse(&row.state)
                .ok_or(StoreError::UnknownValue("virtual_cluster.state"))?,
            state_details: row.state_details,
            cluster: ClusterId::parse(row.cluster)?,
            namespace: row.namespace,
            node_label: row.node_label,
            tags: row.tags.0,
            security_configuration_id: row
                .security_configuration_id
                .map(SecurityConfigurationId::parse)
                .transpose()?,
            session_enabled: row.session_enabled,
            scheduler: row.scheduler.map(|scheduler| scheduler.0),
            created_at: row.created_at.to_jiff(),
        })
    }
}

impl TryFrom<SecurityConfigurationRow> for SecurityConfiguration {
    type Error = StoreError;

    fn try_from(row: SecurityConfigurationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SecurityConfigurationId::parse(row.id)?,
            account: AccountId::parse(row.account)?,
            name: row.name,
            data: row.data.0,
            tags: row.tags.0,
            created_by: row.created_by,
            created_at: row.created_at.to_jiff(),
        })
    }
}

impl TryFrom<JobRunRow> for JobRun {
    type Error = StoreError;

    fn try_from(row: JobRunRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: JobRunId::parse(row.id)?,
            account: AccountId::parse(row.account)?,
            virtual_cluster: VirtualClusterId::parse(row.virtual_cluster)?,
            cluster: ClusterId::parse(row.cluster)?,
            namespace: row.namespace,
            name: row.name,
            client_token: row.client_token,
            execution_role_arn: row.execution_role_arn,
            release_label: row.release_label,
            driver: row.driver.0,
            overrides: row.overrides.map(|overrides| overrides.0),
            tags: row.tags.0,
            max_attempts: row.max_attempts,
            created_by: row.created_by,
            created_at: row.created_at.to_jiff(),
            state: job_run_state(&row.state)?,
            state_details: row.state_details,
            failure_reason: row
                .failure_reason
                .as_deref()
                .map(failure_reason)
                .transpose()?,
            finished_at: row.finished_at.map(jiff_sqlx::Timestamp::to_jiff),
            cancel_requested_at: row.cancel_requested_at.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let kind = match (row.kind.as_str(), row.state) {
            ("ATTEMPT", None) => EventKind::Attempt,
            ("NOTE", None) => EventKind::Note,
            ("POD", None) => EventKind::Pod,
            ("STATE", Some(state)) => EventKind::State(job_run_state(&state)?),
            _ => return Err(StoreError::UnknownValue("job_run_event.kind")),
        };
        Ok(Self {
            number: count(row.number)?,
            at: row.at.to_jiff(),
            kind,
            attempt: row.attempt.map(count).transpose()?,
            text: row.text,
        })
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = StoreError;

    fn try_from(row: AttemptRow) -> Result<Self, StoreError> {
        let holder = match (row.holder_uid, row.holder_kind, row.holder_created_at) {
            (Some(uid), Some(kind), Some(created_at)) => Some(Holder {
                uid,
                created_at,
                kind: holder_kind(&kind)?,
            }),
            _ => None,
        };
        let verdict = match (row.verdict_reason, row.verdict_details) {
            (Some(reason), Some(details)) => Some(Verdict {
                reason: failure_reason(&reason)?,
                // The version before has limits and refusals alone.
                fault: row
                    .verdict_fault
                    .map_or(Ok(Fault::Final), |it| fault(&it))?,
                details,
            }),
            _ => None,
        };
        let failure = match (row.fault, row.end_details) {
            (Some(text), Some(details)) => Some(AttemptFailure {
                fault: fault(&text)?,
                charged: row.charged,
                details,
                retry_at: row.retry_at,
            }),
            _ => None,
        };
        Ok(Self {
            number: count(row.number)?,
            unanswered: count(row.unanswered)?,
            holder,
            driver: row.driver.try_into()?,
            verdict,
            delete_requested_at: row.delete_requested_at,
            deleting_since: row.deleting_since,
            swept: row.swept,
            closed_at: row.closed_at,
            failure,
            removed: row.removed,
        })
    }
}

impl TryFrom<DriverRow> for Driver {
    type Error = StoreError;

    fn try_from(row: DriverRow) -> Result<Self, StoreError> {
        let phase = match (row.phase.as_ref(), row.since, row.ended_at) {
            ("UNSEEN", None, None) => DriverPhase::Unseen,
            ("WAITING", Some(since), None) => DriverPhase::Waiting {
                since,
                why: row.waiting_reason.map(|reason| Waiting {
                    reason,
                    message: row.waiting_message,
                }),
            },
            ("RUNNING", Some(since), None) => DriverPhase::Running { since },
            ("ENDED", None, Some(at)) => DriverPhase::Ended(Exit {
                code: row.exit_code,
                reason: row.exit_reason,
                message: row.exit_message,
                started_at: row.started_at,
                at,
            }),
            _ => return Err(StoreError::UnknownValue("job_run_attempt.phase")),
        };
        Ok(Self {
            phase,
            node: row.node,
            deleting: row.deleting,
            gone_at: row.gone_at,
            disruption: row.disruption,
            pod_ended: row.pod_ended,
            grace_period: row
                .grace_seconds
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
        })
    }
}

impl From<&Driver> for DriverRow {
    fn from(driver: &Driver) -> Self {
        let common = Self {
            node: driver.node.as_deref().map(storable),
            deleting: driver.deleting,
            gone_at: driver.gone_at,
            disruption: driver.disruption.as_deref().map(storable),
            pod_ended: driver.pod_ended,
            grace_seconds: driver
                .grace_period
                .map(|grace| i64::try_from(grace.as_secs()).unwrap_or(i64::MAX)),
            ..Self::default()
        };
        match &driver.phase {
            DriverPhase::Unseen => Self {
                phase: "UNSEEN".into(),
                ..common
            },
            DriverPhase::Waiting { since, why } => Self {
                phase: "WAITING".into(),
                since: Some(*since),
                waiting_reason: why.as_ref().map(|why| storable(&why.reason)),
                waiting_message: why
                    .as_ref()
                    .and_then(|why| why.message.as_deref())
                    .map(storable),
                ..common
            },
            DriverPhase::Running { since } => Self {
                phase: "RUNNING".into(),
                since: Some(*since),
                ..common
            },
            DriverPhase::Ended(exit) => Self {
                phase: "ENDED".into(),
                exit_code: exit.code,
                exit_reason: exit.reason.as_deref().map(storable),
                exit_message: exit.message.as_deref().map(storable),
                started_at: exit.started_at,
                ended_at: Some(exit.at),
                ..common
            },
        }
    }
}

impl From<InvalidId> for StoreError {
    fn from(_: InvalidId) -> Self {
        Self::UnknownValue("an identifier")
    }
}

/// Text from a cluster may hold anything, NUL included, which Postgres refuses; one driver's last
/// words must not stop a batch.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn job_run_state(text: &str) -> Result<State, StoreError> {
    State::parse(text).ok_or(StoreError::UnknownValue("job_run.state"))
}

pub(super) fn holder_kind_text(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Driver => "DRIVER",
        HolderKind::Tombstone => "TOMBSTONE",
    }
}

/// An attempt's number as the database counts.
pub(super) fn attempt_number(number: u32) -> Result<i32, StoreError> {
    i32::try_from(number).map_err(|_| StoreError::UnknownValue("job_run_attempt.number"))
}

pub(super) fn count(number: i32) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::UnknownValue("job_run_attempt.number"))
}

fn holder_kind(text: &str) -> Result<HolderKind, StoreError> {
    [HolderKind::Driver, HolderKind::Tombstone]
        .into_iter()
        .find(|kind| holder_kind_text(*kind) == text)
        .ok_or(StoreError::UnknownValue("job_run_attempt.holder_kind"))
}

fn fault(text: &str) -> Result<Fault, StoreError> {
    Fault::parse(text).ok_or(StoreError::UnknownValue("job_run_attempt.fault"))
}

fn failure_reason(text: &str) -> Result<FailureReason, StoreError> {
    FailureReason::parse(text).ok_or(StoreError::UnknownValue("failure_reason"))
}
