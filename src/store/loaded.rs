//! What the holder of a lease knows of its run. A write whose outcome is certain is noted here, as it
//! would be read; what others may have written meanwhile has moved `wake_seq`, or refuses the write.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use sqlx::types::Json;

use super::rows::{AttemptRow, JobRunRow};
use super::work::keys;
use super::{Lease, LeaseError, Recorded, Store, StoreError};
use crate::domain::configuration::ConfigurationOverrides;
use crate::domain::ids::JobRunId;
use crate::domain::job_run::decide::Finish;
use crate::domain::job_run::{Attempt, AttemptFailure, JobDriver, JobRun, State};

/// What is recorded of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub run: JobRun,
    /// In their order.
    pub attempts: Vec<Attempt>,
    /// The virtual cluster's, which never changes.
    pub node_label: Option<String>,
    /// Which cluster each attempt was begun on.
    pub cluster_identities: BTreeMap<u32, String>,
    /// The wake-ups that this reading has seen.
    pub wake_seq: i64,
    /// Its virtual cluster has limits: the end of a run may be the beginning of another.
    pub limited: bool,
    /// Its namespace holds too many ended drivers, and its own are among the oldest.
    pub crowded: bool,
}

impl Loaded {
    /// The latest attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    pub fn attempt_of(&self, number: u32) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.number == number)
    }

    /// The cluster that the attempt was begun on; for one that was not, that of the latest.
    pub fn cluster_identity_of(&self, number: u32) -> Option<&String> {
        self.cluster_identities
            .get(&number)
            .or_else(|| self.cluster_identities.values().next_back())
    }

    /// After `Store::created`.
    pub fn note_created(&mut self, recorded: Recorded) {
        let attempt = recorded.attempt;
        self.cluster_identities
            .insert(attempt.number, recorded.cluster_identity);
        match self.attempt_mut(attempt.number) {
            Some(known) => *known = attempt,
            None => self.attempts.push(attempt),
        }
    }

    /// After `Store::advance`.
    pub fn note_advanced(&mut self, to: State) {
        self.run.state = to;
        self.run.state_details = None;
    }

    /// After `Store::finish`.
    pub fn note_finished(&mut self, finish: &Finish, at: Timestamp) {
        self.run.state = finish.state;
        self.run.state_details = Some(finish.details.clone());
        self.run.failure_reason = finish.reason;
        self.run.finished_at = Some(at);
        if let Some(latest) = self.attempts.last_mut()
            && latest.closed_at.is_none()
        {
            latest.closed_at = Some(at);
            latest.failure = finish.fault.map(|fault| AttemptFailure {
                fault,
                charged: true,
                details: finish.details.clone(),
                retry_at: None,
            });
        }
    }

    /// After `Store::swept`.
    pub fn note_swept(&mut self, attempt: u32) {
        if let Some(known) = self.attempt_mut(attempt) {
            known.swept = true;
        }
    }

    /// After `Store::delete_requested`.
    pub fn note_delete_requested(&mut self, attempt: u32, at: Timestamp, gone: bool) {
        if let Some(known) = self.attempt_mut(attempt) {
            known.delete_requested_at = Some(at);
            if gone {
                known.driver.gone_at = known.driver.gone_at.or(Some(at));
            }
        }
    }

    fn attempt_mut(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts
            .iter_mut()
            .find(|attempt| attempt.number == number)
    }
}

impl Store {
    /// Reads the run and its attempts.
    pub async fn load(&self, lease: &Lease) -> Result<Loaded, LeaseError> {
        let mut loaded = self.load_each(std::slice::from_ref(lease)).await?;
        match loaded.remove(&lease.run) {
            Some(loaded) => Ok(loaded?),
            None => Err(LeaseError::Lost),
        }
    }

    /// Reads the runs of these leases; those whose lease is lost are missing. One that cannot be read
    /// keeps none of the others from it.
    pub async fn load_each(
        &self,
        leases: &[Lease],
    ) -> Result<HashMap<JobRunId, Result<Loaded, StoreError>>, StoreError> {
        let (runs, tokens) = keys(leases);
        let rows = sqlx::query_file!("src/store/queries/load.sql", &runs, &tokens)
            .fetch_all(&self.pool)
            .await?;
        let mut all = HashMap::with_capacity(rows.len());
        for row in rows {
            let id = JobRunId::parse(row.id.clone())?;
            let run = JobRunRow {
                id: row.id,
                account: row.account,
                virtual_cluster: row.virtual_cluster,
                cluster: row.cluster,
                namespace: row.namespace,
                name: row.name,
                client_token: row.client_token,
                request_hash: row.request_hash,
                execution_role_arn: row.execution_role_arn,
                release_label: row.release_label,
                driver: row.driver,
                overrides: row.overrides,
                tags: row.tags,
                max_attempts: row.max_attempts,
                created_by: row.created_by,
                created_at: row.created_at,
                state: row.state,
                state_details: row.state_details,
                failure_reason: row.failure_reason,
                finished_at: row.finished_at,
                cancel_requested_at: row.cancel_requested_at,
            };
            let read = || {
                let mut attempts = Vec::new();
                let mut cluster_identities = BTreeMap::new();
                for attempt in row.attempts.0 {
                    let identity = attempt.cluster_identity.clone();
                    let attempt = Attempt::try_from(attempt)?;
                    cluster_identities.insert(attempt.number, identity);
                    attempts.push(attempt);
                }
                Ok(Loaded {
                    run: run.try_into()?,
                    attempts,
                    node_label: row.node_label,
                    cluster_identities,
                    wake_seq: row.wake_seq,
                    limited: row.limited,
                    crowded: row.crowded,
                })
            };
            all.insert(id, read());
        }
        Ok(all)
    }
}
