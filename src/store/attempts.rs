//! What the holder of a run's lease records of its attempts: each creation before it is sent, each
//! answer, and all it does to a driver.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::rows::{AttemptRow, DriverRow, attempt_number, count, holder_kind_text, storable};
use super::work::held;
use super::{Lease, LeaseError, Store};
use crate::domain::job_run::{Attempt, AttemptFailure, Driver, Holder, Verdict, Waiting, explain};

/// Whether a creation may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    Begun,
    /// `limit` runs of the virtual cluster have their slots, or will before this one.
    NoSlot {
        limit: u32,
    },
}

/// An attempt as it is recorded, and which cluster it was begun on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub attempt: Attempt,
    pub cluster_identity: String,
}

impl Store {
    /// Records that a creation is about to be sent, before it is. Binds the run to `host` where
    /// only that host will see the driver. A run's first needs a slot where its virtual cluster
    /// limits them, and keeps it until the run is over.
    pub async fn begin_create(
        &self,
        lease: &Lease,
        attempt: u32,
        driver_name: &str,
        cluster_identity: &str,
        host: Option<&str>,
    ) -> Result<Beginning, LeaseError> {
        let full_at = sqlx::query_file_scalar!(
            "src/store/queries/begin_create.sql",
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            driver_name,
            cluster_identity,
            host,
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(LeaseError::Lost)?;
        Ok(match full_at {
            None => Beginning::Begun,
            Some(limit) => Beginning::NoSlot {
                limit: count(limit)?,
            },
        })
    }

    /// Records that the last creation is known to have created nothing.
    pub async fn create_refused(&self, lease: &Lease, attempt: u32) -> Result<(), LeaseError> {
        let refused = sqlx::query_scalar!(
            r#"WITH held AS (
                SELECT run FROM work
                WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
                FOR NO KEY UPDATE
            )
            UPDATE job_run_attempt AS known
            SET unanswered = greatest(known.unanswered - 1, 0)
            FROM held WHERE known.run = held.run AND known.number = $3
            RETURNING known.run"#,
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(refused)
    }

    /// Records who holds the attempt's name, as the answer to a creation told. A driver's uid is
    /// recorded once; a tombstone takes its place only after it is gone. Gives the attempt as it is now,
    /// with what the watch has seen of it.
    pub async fn created(
        &self,
        lease: &Lease,
        attempt: u32,
        holder: &Holder,
        driver: &Driver,
    ) -> Result<Recorded, LeaseError> {
        let answered = sqlx::query_file_scalar!(
            "src/store/queries/created.sql",
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            holder.uid,
            holder_kind_text(holder.kind),
            holder.created_at.to_sqlx(),
            Json(DriverRow::from(driver)) as _,
            &image_failures(),
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(LeaseError::Lost)?;
        Ok(Recorded {
            cluster_identity: answered.0.cluster_identity.clone(),
            attempt: answered.0.try_into()?,
        })
    }

    /// Records why the driver is going to be deleted. The first verdict stays.
    pub async fn condemn(
        &self,
        lease: &Lease,
        attempt: u32,
        verdict: &Verdict,
    ) -> Result<(), LeaseError> {
        let condemned = sqlx::query_scalar!(
            r#"WITH held AS (
                SELECT run FROM work
                WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
                FOR NO KEY UPDATE
            )
            UPDATE job_run_attempt AS known
            SET verdict_reason = coalesce(known.verdict_reason, $4),
                verdict_details = coalesce(known.verdict_details, $5),
                verdict_fault = CASE WHEN known.verdict_reason IS NULL THEN $6
                    ELSE known.verdict_fault END
            FROM held WHERE known.run = held.run AND known.number = $3
            RETURNING known.run"#,
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            verdict.reason.as_str(),
            storable(&explain::fit(&verdict.details)),
            verdict.fault.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        held(condemned)
    }

    /// Records when the deletion of the attempt's object was last asked for, and whether the answer
    /// was that it is `gone`.
    pub async fn delete_requested(
        &self,
        lease: &Lease,
        attempt: u32,
        at: Timestamp,
        gone: bool,
    ) -> Result<(), LeaseError> {
        let requested = sqlx::query_scalar!(
            r#"WITH held AS (
                SELECT run FROM work
                WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
                FOR NO KEY UPDATE
            )
            UPDATE job_run_attempt AS known
            SET delete_requested_at = $4::timestamptz,
                gone_at = coalesce(known.gone_at, CASE WHEN $5::boolean THEN $4::timestamptz END)
            FROM held WHERE known.run = held.run AND known.number = $3
            RETURNING known.run"#,
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            at.to_sqlx(),
            gone,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(requested)
    }

    /// Records what a look at the object of this uid showed. Wakes nobody.
    pub async fn looked(
        &self,
        lease: &Lease,
        attempt: u32,
        uid: &str,
        driver: &Driver,
    ) -> Result<(), LeaseError> {
        let looked = sqlx::query_file_scalar!(
            "src/store/queries/looked.sql",
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            uid,
            Json(DriverRow::from(driver)) as _,
            &image_failures(),
        )
        .fetch_optional(&self.pool)
        .await?;
        held(looked)
    }

    /// Closes the latest attempt of a run that goes on.
    pub async fn close_attempt(
        &self,
        lease: &Lease,
        attempt: u32,
        failure: &AttemptFailure,
        at: Timestamp,
    ) -> Result<(), LeaseError> {
        let closed = sqlx::query_file_scalar!(
            "src/store/queries/close_attempt.sql",
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            at.to_sqlx(),
            failure.fault.as_str(),
            storable(&explain::fit(&failure.details)),
            failure.retry_at.map(|retry_at| retry_at.to_sqlx()) as _,
            failure.charged,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(closed)
    }

    /// Records that the attempt's executors and helpers are deleted.
    pub async fn swept(&self, lease: &Lease, attempt: u32) -> Result<(), LeaseError> {
        let swept = sqlx::query_scalar!(
            r#"WITH held AS (
                SELECT run FROM work
                WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
                FOR NO KEY UPDATE
            )
            UPDATE job_run_attempt AS known
            SET swept = true
            FROM held WHERE known.run = held.run AND known.number = $3
            RETURNING known.run"#,
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(swept)
    }

    /// Records that nothing is left of the attempt on its cluster.
    pub async fn removed(&self, lease: &Lease, attempt: u32) -> Result<(), LeaseError> {
        let removed = sqlx::query_scalar!(
            r#"WITH held AS (
                SELECT run FROM work
                WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
                FOR NO KEY UPDATE
            )
            UPDATE job_run_attempt AS known
            SET removed = true
            FROM held WHERE known.run = held.run AND known.number = $3
            RETURNING known.run"#,
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(removed)
    }
}

pub(super) fn image_failures() -> Vec<String> {
    Waiting::IMAGE_FAILURES.map(str::to_owned).to_vec()
}
