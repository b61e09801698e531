//! Job runs as callers see them. A run that was accepted is never lost, and its client token
//! always gives the same run.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::errors::Constraint;
use super::rows::{JobRunRow, job_run_state};
use super::{Page, RequestHash, Store, StoreError, TokenError};
use crate::domain::account::Caller;
use crate::domain::ids::{AccountId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{JobRun, NewJobRun, State, explain};
use crate::domain::virtual_cluster::{self, VirtualCluster};

/// In one millisecond 65,536 ids can be drawn; so many collisions in a row mean something else.
const MOST_DRAWS: usize = 32;

/// As long as Postgres can add to a time without a thought.
const FOR_EVER: Duration = Duration::from_secs(1000 * 365 * 86_400);

/// A run to start.
#[derive(Clone, Copy, Debug)]
pub struct StartJobRun<'a> {
    pub caller: &'a Caller,
    pub virtual_cluster: &'a VirtualCluster,
    pub new: &'a NewJobRun,
    pub request_hash: &'a RequestHash,
    /// When it was accepted, kept in milliseconds.
    pub now: Timestamp,
    /// How long it may wait for a slot of its virtual cluster; for ever where it is zero.
    pub queue_timeout: Duration,
}

/// A run was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartJobRunError {
    #[error("the virtual cluster is {0}")]
    VirtualClusterNotRunning(virtual_cluster::State),
    /// This many runs are PENDING or SUBMITTED, which is its limit.
    #[error("the virtual cluster has {0} runs in its queue")]
    QueueFull(i32),
    #[error("the client token was used for a different request")]
    TokenReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a request to cancel a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// The virtual cluster has no such run.
    Unknown,
    NotCancellable(State),
    /// The run is CANCEL_PENDING and due now.
    Accepted,
}

/// Which runs to list; what is empty or absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobRunFilter {
    pub name: Option<String>,
    pub states: Vec<State>,
    /// Inclusive, as is `created_before`.
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Selects whole rows; what follows `FROM job_run` is the caller's.
macro_rules! job_runs {
    ($rest:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            JobRunRow,
            r#"SELECT id, account, virtual_cluster, cluster, namespace, name, client_token,
                request_hash, execution_role_arn, release_label, driver AS "driver: _",
                overrides AS "overrides: _", tags AS "tags: _", max_attempts, created_by,
                created_at, state::text AS "state!", state_details, failure_reason, finished_at,
                cancel_requested_at
            FROM job_run "# + $rest,
            $($argument),+
        )
    };
}

impl Store {
    /// Accepts a run, or answers with the one that this client token started.
    pub async fn start_job_run(&self, start: &StartJobRun<'_>) -> Result<JobRun, StartJobRunError> {
        let full_at = match self.insert_job_run(start).await? {
            Insertion::Done(run) => return Ok(*run),
            Insertion::Not { full_at } => full_at,
        };
        let account = &start.caller.account;
        let original = self
            .job_run_by_token(
                account,
                &start.virtual_cluster.id,
                &start.new.client_token,
                start.request_hash,
            )
            .await?;
        if let Some(original) = original {
            return Ok(original);
        }
        if let Some(limit) = full_at {
            return Err(StartJobRunError::QueueFull(limit));
        }
        let state = self
            .virtual_cluster(account, &start.virtual_cluster.id)
            .await?
            .map_or(virtual_cluster::State::Terminated, |found| found.state);
        Err(StartJobRunError::VirtualClusterNotRunning(state))
    }

    /// How many attempts each of these runs has had that count, the latest included; who had none
    /// is not among them.
    pub async fn attempt_counts(
        &self,
        runs: &[String],
    ) -> Result<BTreeMap<String, i32>, StoreError> {
        let counts = sqlx::query!(
            r#"SELECT run, (1 + count(*) FILTER (WHERE charged AND number < latest))::integer AS "count!"
            FROM (
                SELECT run, number, charged, max(number) OVER (PARTITION BY run) AS latest
                FROM job_run_attempt WHERE run = ANY($1)
            ) AS attempt
            GROUP BY run"#,
            runs,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(counts.into_iter().map(|row| (row.run, row.count)).collect())
    }

    /// The run that this client token started, whatever its state.
    pub async fn job_run_by_token(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        client_token: &str,
        request_hash: &RequestHash,
    ) -> Result<Option<JobRun>, TokenError> {
        let row = job_runs!(
            "WHERE account = $1 AND virtual_cluster = $2 AND client_token = $3",
            account.as_str(),
            virtual_cluster.as_str(),
            client_token
        )
        .fetch_optional(&self.pool)
        .await?;
        match row {
            None => Ok(None),
            Some(row) if row.request_hash != request_hash.0 => Err(TokenError::Reused),
            Some(row) => Ok(Some(row.try_into()?)),
        }
    }

    pub async fn job_run(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        id: &JobRunId,
    ) -> Result<Option<JobRun>, StoreError> {
        job_runs!(
            "WHERE account = $1 AND virtual_cluster = $2 AND id = $3",
            account.as_str(),
            virtual_cluster.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(JobRun::try_from)
        .transpose()
    }

    /// The virtual cluster's runs, the newest first.
    pub async fn list_job_runs(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        filter: &JobRunFilter,
        page: &Page,
    ) -> Result<Vec<JobRun>, StoreError> {
        let states: Vec<String> = filter.states.iter().map(State::to_string).collect();
        let before = page.before(filter.created_before);
        job_runs!(
            r#"WHERE account = $1 AND virtual_cluster = $2
                AND (created_at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::text, ''))
                AND created_at >= coalesce($5::timestamptz, '-infinity')
                AND ($6::text IS NULL OR name = $6)
                AND (cardinality($7::text[]) = 0 OR state = ANY($7::text[]::job_run_state[]))
            ORDER BY created_at DESC, id DESC
            LIMIT $8"#,
            account.as_str(),
            virtual_cluster.as_str(),
            before.as_ref().map(|before| before.created_at.to_sqlx()),
            before.as_ref().map(|before| before.id.as_str()),
            filter.created_after.map(|at| at.to_sqlx()),
            filter.name.as_deref(),
            &states,
            page.limit,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(JobRun::try_from)
        .collect()
    }

    /// Marks a run as to be cancelled and wakes it.
    pub async fn cancel_job_run(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        id: &JobRunId,
    ) -> Result<Cancellation, StoreError> {
        let accepted = sqlx::query_file_scalar!(
            "src/store/queries/cancel_job_run.sql",
            account.as_str(),
            virtual_cluster.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        if accepted.is_some() {
            return Ok(Cancellation::Accepted);
        }
        let state = sqlx::query_scalar!(
            r#"SELECT state::text AS "state!" FROM job_run
            WHERE account = $1 AND virtual_cluster = $2 AND id = $3"#,
            account.as_str(),
            virtual_cluster.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        match state {
            None => Ok(Cancellation::Unknown),
            Some(state) => Ok(Cancellation::NotCancellable(job_run_state(&state)?)),
        }
    }

    async fn insert_job_run(&self, start: &StartJobRun<'_>) -> Result<Insertion, StoreError> {
        let millisecond = start.now.as_millisecond();
        let now = Timestamp::from_millisecond(millisecond).unwrap_or(start.now);
        let mut draws = 0;
        loop {
            let run = accepted(start, JobRunId::random(now), now);
            match self.insert_drawn(run, start).await {
                Ok(insertion) => return Ok(insertion),
                Err(error)
                    if error.constraint() == Some(Constraint::JobRunId) && draws < MOST_DRAWS =>
                {
                    draws += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Inserts the run and its work together, while the virtual cluster is RUNNING and stays so.
    async fn insert_drawn(
        &self,
        mut run: JobRun,
        start: &StartJobRun<'_>,
    ) -> Result<Insertion, StoreError> {
        let limit = start
            .virtual_cluster
            .scheduler
            .and_then(|limits| limits.max_concurrent_job_runs)
            .and_then(|limit| u32::try_from(limit).ok());
        let queue_timeout = match start.queue_timeout {
            Duration::ZERO => FOR_EVER,
            limited => limited,
        };
        let row = sqlx::query_file!(
            "src/store/queries/start_job_run.sql",
            run.account.as_str(),
            run.virtual_cluster.as_str(),
            run.id.as_str(),
            run.name,
            run.client_token,
            &start.request_hash.0[..],
            run.execution_role_arn,
            run.release_label,
            Json(&run.driver) as _,
            run.overrides.as_ref().map(Json) as _,
            Json(&run.tags) as _,
            run.max_attempts,
            run.created_by,
            run.created_at.to_sqlx(),
            limit.map(|limit| explain::waiting_for_slot(&run.virtual_cluster, limit)),
            start.new.priority.minutes(),
            queue_timeout.as_secs_f64(),
        )
        .fetch_one(&self.pool)
        .await?;
        if !row.started {
            return Ok(Insertion::Not {
                full_at: row.full_at,
            });
        }
        run.state_details = row.state_details;
        Ok(Insertion::Done(Box::new(run)))
    }
}

/// What became of a row to insert.
enum Insertion {
    Done(Box<JobRun>),
    /// The client token is known already, the virtual cluster is not RUNNING, or its queue is full.
    Not {
        full_at: Option<i32>,
    },
}

fn accepted(start: &StartJobRun<'_>, id: JobRunId, now: Timestamp) -> JobRun {
    let new = start.new;
    JobRun {
        id,
        account: start.caller.account.clone(),
        virtual_cluster: start.virtual_cluster.id.clone(),
        cluster: start.virtual_cluster.cluster.clone(),
        namespace: start.virtual_cluster.namespace.clone(),
        name: new.name.clone(),
        client_token: new.client_token.clone(),
        execution_role_arn: new.execution_role_arn.clone(),
        release_label: new.release_label.clone(),
        driver: new.driver.clone(),
        overrides: new.overrides.clone(),
        tags: new.tags.clone(),
        max_attempts: new.max_attempts,
        created_by: start.caller.arn.clone(),
        created_at: now,
        state: State::Pending,
        state_details: None,
        failure_reason: None,
        finished_at: None,
        cancel_requested_at: None,
    }
}

impl From<TokenError> for StartJobRunError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Reused => Self::TokenReused,
            TokenError::Store(error) => Self::Store(error),
        }
    }
}
