//! The queue. Whoever holds a run's lease is the only one to act on it; a lease that ended, or was
//! taken by another, writes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;
use uuid::Uuid;

use super::rows::{AttemptRow, JobRunRow, attempt_number, storable};
use super::{LeaseError, Store, StoreError};
use crate::domain::configuration::ConfigurationOverrides;
use crate::domain::ids::{ClusterId, JobRunId};
use crate::domain::job_run::decide::Finish;
use crate::domain::job_run::{Attempt, FailureReason, Fault, JobDriver, JobRun, State, explain};

/// The right to act on one run for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub run: JobRunId,
    /// New for every claim.
    pub token: Uuid,
    /// The wake-ups that the claim has seen.
    pub wake_seq: i64,
    /// Before the claim was sent: the lease lasts at least until `claimed_at` plus its length.
    pub claimed_at: Instant,
}

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
}

/// What became of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Done,
    /// The run has another state than was thought; nothing was written.
    StateMoved,
}

impl Store {
    /// Takes up to `limit` runs of `cluster` that no one holds and that are due, or wait for a slot
    /// that is there: in turns over accounts and their virtual clusters, the longest due first. Runs
    /// bound to a host are for that host.
    pub async fn claim(
        &self,
        cluster: &ClusterId,
        host: Option<&str>,
        limit: i64,
        lease: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let claimed_at = Instant::now();
        let token = Uuid::new_v4();
        sqlx::query_file!(
            "src/store/queries/claim.sql",
            cluster.as_str(),
            host,
            limit,
            token,
            lease.as_secs_f64(),
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Lease {
                run: JobRunId::parse(row.run)?,
                token,
                wake_seq: row.wake_seq,
                claimed_at,
            })
        })
        .collect()
    }

    /// Reads the run and its attempts.
    pub async fn load(&self, lease: &Lease) -> Result<Loaded, LeaseError> {
        let row = sqlx::query_file!(
            "src/store/queries/load.sql",
            lease.run.as_str(),
            lease.token
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(LeaseError::Lost)?;
        let rows = row.attempts.0;
        let identities: Vec<_> = rows
            .iter()
            .map(|row| row.cluster_identity.clone())
            .collect();
        let attempts = rows
            .into_iter()
            .map(Attempt::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        let numbers = attempts.iter().map(|attempt| attempt.number);
        let cluster_identities = numbers.zip(identities).collect();
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
        Ok(Loaded {
            run: run.try_into()?,
            attempts,
            node_label: row.node_label,
            cluster_identities,
            wake_seq: row.wake_seq,
            limited: row.limited,
            crowded: row.crowded,
        })
    }

    /// Records a state that is not terminal, and forgets what the run waited for.
    pub async fn advance(
        &self,
        lease: &Lease,
        attempt: u32,
        from: State,
        to: State,
    ) -> Result<Change, LeaseError> {
        self.change(lease, Some(attempt), from, Outcome { to, ended: None })
            .await
    }

    /// Records the terminal state and closes the attempt, unless it was closed for a retry.
    pub async fn finish(
        &self,
        lease: &Lease,
        attempt: Option<u32>,
        from: State,
        finish: &Finish,
        at: Timestamp,
    ) -> Result<Change, LeaseError> {
        let outcome = Outcome {
            to: finish.state,
            ended: Some((finish, at)),
        };
        self.change(lease, attempt, from, outcome).await
    }

    /// Ends the lease. The run is due after `pause`, or at once where it was woken since `lease`
    /// saw it. `details` say what a run that is not over waits for.
    pub async fn release(
        &self,
        lease: &Lease,
        pause: Duration,
        details: Option<&str>,
    ) -> Result<(), LeaseError> {
        self.end_lease(lease, pause, details, false).await
    }

    /// As `release`, for a run that has no slot: it is claimed before, once one is free for it.
    pub async fn wait_for_slot(
        &self,
        lease: &Lease,
        pause: Duration,
        details: Option<&str>,
    ) -> Result<(), LeaseError> {
        self.end_lease(lease, pause, details, true).await
    }

    /// Ends leases whose work is left undone; the runs are due at once.
    pub async fn give_back(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let (runs, tokens) = keys(leases);
        sqlx::query_file!("src/store/queries/give_back.sql", &runs, &tokens)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Ends all work on a run that is over.
    pub async fn forget(&self, lease: &Lease) -> Result<(), LeaseError> {
        let forgotten = sqlx::query_scalar!(
            r#"DELETE FROM work USING job_run
            WHERE work.run = $1 AND work.lease_token = $2 AND work.lease_expires_at > now()
                AND job_run.id = work.run AND job_run.state >= 'COMPLETED'
            RETURNING work.run"#,
            lease.run.as_str(),
            lease.token
        )
        .fetch_optional(&self.pool)
        .await?;
        held(forgotten)
    }

    /// How long until `claim` may find something; `None` where nothing is queued at all.
    pub async fn due_in(
        &self,
        cluster: &ClusterId,
        host: Option<&str>,
    ) -> Result<Option<Duration>, StoreError> {
        let seconds =
            sqlx::query_file_scalar!("src/store/queries/due_in.sql", cluster.as_str(), host)
                .fetch_one(&self.pool)
                .await?;
        Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
    }

    /// Makes the oldest runs that wait for room on `cluster` due now: it is room for one.
    pub async fn wake_pending(&self, cluster: &ClusterId) -> Result<(), StoreError> {
        sqlx::query_file!("src/store/queries/wake_pending.sql", cluster.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn end_lease(
        &self,
        lease: &Lease,
        pause: Duration,
        details: Option<&str>,
        for_slot: bool,
    ) -> Result<(), LeaseError> {
        let ended = sqlx::query_file_scalar!(
            "src/store/queries/release.sql",
            lease.run.as_str(),
            lease.token,
            lease.wake_seq,
            pause.as_secs_f64(),
            details.map(|details| storable(&explain::fit(details))),
            for_slot,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(ended)
    }

    async fn change(
        &self,
        lease: &Lease,
        attempt: Option<u32>,
        from: State,
        outcome: Outcome<'_>,
    ) -> Result<Change, LeaseError> {
        let finish = outcome.ended.map(|(finish, _)| finish);
        let row = sqlx::query_file!(
            "src/store/queries/change_state.sql",
            lease.run.as_str(),
            lease.token,
            attempt.map(attempt_number).transpose()?,
            from.as_str(),
            outcome.to.as_str(),
            finish.map(|finish| storable(&explain::fit(&finish.details))),
            finish
                .and_then(|finish| finish.reason)
                .map(FailureReason::as_str),
            outcome.ended.map(|(_, at)| at.to_sqlx()),
            finish.and_then(|finish| finish.fault).map(Fault::as_str),
        )
        .fetch_one(&self.pool)
        .await?;
        match (row.held, row.changed) {
            (false, _) => Err(LeaseError::Lost),
            (true, true) => Ok(Change::Done),
            (true, false) => Ok(Change::StateMoved),
        }
    }
}

struct Outcome<'a> {
    to: State,
    ended: Option<(&'a Finish, Timestamp)>,
}

/// A fenced statement returns the run where it did its work.
pub(super) fn held(run: Option<String>) -> Result<(), LeaseError> {
    match run {
        Some(_) => Ok(()),
        None => Err(LeaseError::Lost),
    }
}

fn keys(leases: &[Lease]) -> (Vec<String>, Vec<Uuid>) {
    leases
        .iter()
        .map(|lease| (lease.run.to_string(), lease.token))
        .unzip()
}
