//! The queue. Whoever holds a run's lease is the only one to act on it; a lease that ended, or was
//! taken by another, writes nothing.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use uuid::Uuid;

use super::rows::{attempt_number, storable};
use super::{LeaseError, Store, StoreError};
use crate::domain::ids::{ClusterId, JobRunId};
use crate::domain::job_run::decide::Finish;
use crate::domain::job_run::{FailureReason, Fault, State, explain};

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

    /// Records a state that is not terminal, and forgets what the run waited for.
    pub async fn advance(
        &self,
        lease: &Lease,
        attempt: u32,
        from: State,
        to: State,
    ) -> Result<Change, LeaseError> {
        let outcome = Outcome::advanced(to);
        let (change, _) = self.change(lease, Some(attempt), from, outcome).await?;
        Ok(change)
    }

    /// As `advance`, then as `release`, in one. The lease goes on where nothing was written.
    pub async fn advance_and_release(
        &self,
        lease: &Lease,
        attempt: u32,
        from: State,
        to: State,
        pause: Duration,
        details: Option<&str>,
    ) -> Result<(Change, bool), LeaseError> {
        let outcome = Outcome {
            released: Some((pause, details)),
            ..Outcome::advanced(to)
        };
        self.change(lease, Some(attempt), from, outcome).await
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
            released: None,
        };
        let (change, _) = self.change(lease, attempt, from, outcome).await?;
        Ok(change)
    }

    /// Ends the lease. The run is due after `pause`, or at once where it was woken since `lease`
    /// saw it. `details` say what a run that is not over waits for. Answers with whether it is due now.
    pub async fn release(
        &self,
        lease: &Lease,
        pause: Duration,
        details: Option<&str>,
    ) -> Result<bool, LeaseError> {
        self.end_lease(lease, pause, details, false).await
    }

    /// As `release`, for a run that has no slot: it is claimed before, once one is free for it.
    pub async fn wait_for_slot(
        &self,
        lease: &Lease,
        pause: Duration,
        details: Option<&str>,
    ) -> Result<bool, LeaseError> {
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
    ) -> Result<bool, LeaseError> {
        let due = sqlx::query_file_scalar!(
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
        due.ok_or(LeaseError::Lost)
    }

    async fn change(
        &self,
        lease: &Lease,
        attempt: Option<u32>,
        from: State,
        outcome: Outcome<'_>,
    ) -> Result<(Change, bool), LeaseError> {
        let finish = outcome.ended.map(|(finish, _)| finish);
        let waits_for = outcome.released.and_then(|(_, details)| details);
        let details = finish.map(|finish| finish.details.as_str()).or(waits_for);
        let row = sqlx::query_file!(
            "src/store/queries/change_state.sql",
            lease.run.as_str(),
            lease.token,
            attempt.map(attempt_number).transpose()?,
            from.as_str(),
            outcome.to.as_str(),
            details.map(|details| storable(&explain::fit(details))),
            finish
                .and_then(|finish| finish.reason)
                .map(FailureReason::as_str),
            outcome.ended.map(|(_, at)| at.to_sqlx()),
            finish.and_then(|finish| finish.fault).map(Fault::as_str),
            outcome.released.map(|(pause, _)| pause.as_secs_f64()),
            lease.wake_seq,
        )
        .fetch_one(&self.pool)
        .await?;
        match (row.held, row.changed) {
            (false, _) => Err(LeaseError::Lost),
            (true, true) => Ok((Change::Done, row.due)),
            (true, false) => Ok((Change::StateMoved, false)),
        }
    }
}

struct Outcome<'a> {
    to: State,
    ended: Option<(&'a Finish, Timestamp)>,
    /// How long the run waits, and for what.
    released: Option<(Duration, Option<&'a str>)>,
}

impl Outcome<'_> {
    fn advanced(to: State) -> Self {
        Self {
            to,
            ended: None,
            released: None,
        }
    }
}

/// A fenced statement returns the run where it did its work.
pub(super) fn held(run: Option<String>) -> Result<(), LeaseError> {
    match run {
        Some(_) => Ok(()),
        None => Err(LeaseError::Lost),
    }
}

pub(super) fn keys(leases: &[Lease]) -> (Vec<String>, Vec<Uuid>) {
    leases
        .iter()
        .map(|lease| (lease.run.to_string(), lease.token))
        .unzip()
}
