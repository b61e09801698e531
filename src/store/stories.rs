//! What those who follow job runs read: each is one query, however many follow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::types::Json;

use super::rows::{AttemptRow, count, job_run_state};
use super::{Store, StoreError};
use crate::domain::ids::JobRunId;
use crate::domain::job_run::{Attempt, State};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub state: State,
    /// The number of its last event; 0 where it has none.
    pub last_event: u32,
}

/// An attempt with what a reader wants to know beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldAttempt {
    pub attempt: Attempt,
    pub driver_name: String,
    pub begun_at: Timestamp,
    /// When the run was over or another attempt was to follow.
    pub closed_at: Option<Timestamp>,
}

impl Store {
    /// How far these runs have come; one that is not there is not among them.
    pub async fn progress(
        &self,
        runs: &[JobRunId],
    ) -> Result<BTreeMap<JobRunId, Progress>, StoreError> {
        let ids: Vec<String> = runs.iter().map(ToString::to_string).collect();
        sqlx::query!(
            r#"SELECT id, state::text AS "state!",
                (SELECT coalesce(max(number), 0) FROM job_run_event WHERE run = id) AS "last_event!"
            FROM job_run WHERE id = ANY($1)"#,
            &ids,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            let progress = Progress {
                state: job_run_state(&row.state)?,
                last_event: count(row.last_event)?,
            };
            Ok((JobRunId::parse(row.id)?, progress))
        })
        .collect()
    }

    /// The run's attempts, in their order.
    pub async fn attempts_of(&self, run: &JobRunId) -> Result<Vec<ToldAttempt>, StoreError> {
        sqlx::query!(
            r#"SELECT to_jsonb(attempt) AS "attempt!: Json<AttemptRow>", driver_name, begun_at,
                closed_at
            FROM job_run_attempt AS attempt WHERE run = $1 ORDER BY number"#,
            run.as_str(),
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(ToldAttempt {
                attempt: row.attempt.0.try_into()?,
                driver_name: row.driver_name,
                begun_at: row.begun_at.to_jiff(),
                closed_at: row.closed_at.map(jiff_sqlx::Timestamp::to_jiff),
            })
        })
        .collect()
    }
}
