//! Starts of job runs. A run that was accepted is never lost, its client token always gives the same
//! run, and starts in one virtual cluster that come together are one statement and one commit.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgPool;
use sqlx::types::Json;

use super::errors::Constraint;
use super::gather::Statement;
use super::{RequestHash, Store, StoreError, TokenError};
use crate::domain::account::Caller;
use crate::domain::ids::{JobRunId, VirtualClusterId};
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

impl Store {
    /// Accepts a run, or answers with the one that this client token started.
    pub async fn start_job_run(&self, start: &StartJobRun<'_>) -> Result<JobRun, StartJobRunError> {
        let place = &start.virtual_cluster.id;
        let run = accepted(start);
        let full_at = match self
            .starts
            .ask(place.clone(), Start::new(start, &run))
            .await?
        {
            Insertion::Done { id, state_details } => {
                return Ok(JobRun {
                    id,
                    state_details,
                    ..run
                });
            }
            Insertion::Full { limit } => Some(limit),
            Insertion::Not => None,
        };
        let account = &start.caller.account;
        let original = self
            .job_run_by_token(account, place, &start.new.client_token, start.request_hash)
            .await?;
        if let Some(original) = original {
            return Ok(original);
        }
        if let Some(limit) = full_at {
            return Err(StartJobRunError::QueueFull(limit));
        }
        let state = self
            .virtual_cluster(account, place)
            .await?
            .map_or(virtual_cluster::State::Terminated, |found| found.state);
        Err(StartJobRunError::VirtualClusterNotRunning(state))
    }
}

/// Inserts runs and their work together, while their virtual cluster is RUNNING and stays so.
pub(super) struct Starts(pub PgPool);

/// A row to insert.
pub(super) struct Start {
    run: JobRun,
    request_hash: RequestHash,
    /// Its details where it has to wait for a slot.
    waiting: Option<String>,
    priority_minutes: i32,
    queue_timeout: Duration,
}

/// What became of a row to insert.
#[derive(Clone, Debug)]
pub(super) enum Insertion {
    Done {
        id: JobRunId,
        state_details: Option<String>,
    },
    /// The client token is known already, or the virtual cluster is not RUNNING.
    Not,
    Full {
        limit: i32,
    },
}

impl Statement for Starts {
    /// A start waits for the locks of its own virtual cluster alone.
    type Lane = VirtualClusterId;
    type Question = Start;
    type Answer = Insertion;

    async fn ask(
        &self,
        starts: &[Start],
    ) -> Result<Vec<Result<Insertion, StoreError>>, StoreError> {
        let mut ids: Vec<_> = starts.iter().map(|start| start.run.id.clone()).collect();
        let mut answers = vec![Insertion::Not; starts.len()];
        let mut left: Vec<usize> = (0..starts.len()).collect();
        // Everybody inserts tokens in this order, so that no two wait for each other in a circle.
        left.sort_by_key(|at| &starts[*at].run.client_token);
        let mut draws = 0;
        while !left.is_empty() {
            let rows: Vec<_> = left.iter().map(|at| (&ids[*at], &starts[*at])).collect();
            let insertions = match self.insert(&rows).await {
                Ok(insertions) => insertions,
                Err(error)
                    if error.constraint() == Some(Constraint::JobRunId) && draws < MOST_DRAWS =>
                {
                    draws += 1;
                    for at in &left {
                        ids[*at] = JobRunId::random(starts[*at].run.created_at);
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            // A row that was not inserted after all has kept its place in the queue from another.
            let unused = insertions.iter().any(|it| matches!(it, Insertion::Not));
            let mut again = Vec::new();
            for (at, insertion) in left.into_iter().zip(insertions) {
                if unused && matches!(insertion, Insertion::Full { .. }) {
                    again.push(at);
                }
                answers[at] = insertion;
            }
            left = again;
        }
        Ok(answers.into_iter().map(Ok).collect())
    }
}

impl Starts {
    /// Inserts rows of one virtual cluster; whoever comes first has the first place of its queue.
    async fn insert(&self, rows: &[(&JobRunId, &Start)]) -> Result<Vec<Insertion>, StoreError> {
        let Some((_, first)) = rows.first() else {
            return Ok(Vec::new());
        };
        let runs = || rows.iter().map(|(_, start)| &start.run);
        let ids: Vec<_> = rows.iter().map(|(id, _)| id.as_str()).collect();
        let names: Vec<_> = runs().map(|run| run.name.as_deref()).collect();
        let tokens: Vec<_> = runs().map(|run| run.client_token.as_str()).collect();
        let hashes: Vec<_> = rows.iter().map(|(_, it)| &it.request_hash.0[..]).collect();
        let roles: Vec<_> = runs()
            .map(|run| run.execution_role_arn.as_deref())
            .collect();
        let releases: Vec<_> = runs().map(|run| run.release_label.as_str()).collect();
        let drivers: Vec<_> = runs().map(|run| Json(&run.driver)).collect();
        let overrides: Vec<_> = runs().map(|run| run.overrides.as_ref().map(Json)).collect();
        let tags: Vec<_> = runs().map(|run| Json(&run.tags)).collect();
        let max_attempts: Vec<_> = runs().map(|run| run.max_attempts).collect();
        let creators: Vec<_> = runs().map(|run| run.created_by.as_str()).collect();
        let times: Vec<_> = runs().map(|run| run.created_at.to_sqlx()).collect();
        let waiting: Vec<_> = rows.iter().map(|(_, it)| it.waiting.as_deref()).collect();
        let minutes: Vec<_> = rows.iter().map(|(_, it)| it.priority_minutes).collect();
        let timeouts: Vec<_> = rows
            .iter()
            .map(|(_, it)| it.queue_timeout.as_secs_f64())
            .collect();
        let inserted = sqlx::query_file!(
            "src/store/queries/start_job_runs.sql",
            first.run.account.as_str(),
            first.run.virtual_cluster.as_str(),
            &ids as &[&str],
            &names as &[Option<&str>],
            &tokens as &[&str],
            &hashes as &[&[u8]],
            &roles as &[Option<&str>],
            &releases as &[&str],
            &drivers as _,
            &overrides as _,
            &tags as _,
            &max_attempts as &[Option<i32>],
            &creators as &[&str],
            &times as _,
            &waiting as &[Option<&str>],
            &minutes,
            &timeouts,
        )
        .fetch_all(&self.0)
        .await?;
        let insertions =
            rows.iter()
                .zip(inserted)
                .map(|((id, _), row)| match (row.started, row.full_at) {
                    (true, _) => Insertion::Done {
                        id: (*id).clone(),
                        state_details: row.state_details,
                    },
                    (false, Some(limit)) => Insertion::Full { limit },
                    (false, None) => Insertion::Not,
                });
        Ok(insertions.collect())
    }
}

impl Start {
    fn new(start: &StartJobRun<'_>, run: &JobRun) -> Self {
        let limit = start
            .virtual_cluster
            .scheduler
            .and_then(|limits| limits.max_concurrent_job_runs)
            .and_then(|limit| u32::try_from(limit).ok());
        Self {
            request_hash: *start.request_hash,
            waiting: limit.map(|limit| explain::waiting_for_slot(&run.virtual_cluster, limit)),
            priority_minutes: start.new.priority.minutes(),
            queue_timeout: match start.queue_timeout {
                Duration::ZERO => FOR_EVER,
                limited => limited,
            },
            run: run.clone(),
        }
    }
}

/// The run as it is where it is accepted, with the first id that was drawn.
fn accepted(start: &StartJobRun<'_>) -> JobRun {
    let new = start.new;
    let millisecond = start.now.as_millisecond();
    let now = Timestamp::from_millisecond(millisecond).unwrap_or(start.now);
    JobRun {
        id: JobRunId::random(now),
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
