//! The stories of job runs. States and attempts tell themselves as they are written; notes, and what
//! clusters said of pods, are told here.

use super::rows::{EventRow, attempt_number, storable};
use super::work::held;
use super::{Lease, LeaseError, Store, StoreError};
use crate::domain::ids::JobRunId;
use crate::domain::job_run::event::{Event, EventKind, fit_notes};

/// How many events of pods each attempt's story holds.
const MOST_OF_PODS: i64 = 100;

impl Store {
    /// Adds notes to the run's story, each of which is told once.
    pub async fn tell(
        &self,
        lease: &Lease,
        attempt: u32,
        notes: impl Iterator<Item = &str>,
    ) -> Result<(), LeaseError> {
        self.tell_as(EventKind::Note, lease, attempt, notes).await
    }

    /// Adds what the cluster said of the attempt's pods to the run's story: each once, and of each
    /// attempt a bounded number.
    pub async fn tell_of_pods(
        &self,
        lease: &Lease,
        attempt: u32,
        said: impl Iterator<Item = &str>,
    ) -> Result<(), LeaseError> {
        self.tell_as(EventKind::Pod, lease, attempt, said).await
    }

    async fn tell_as(
        &self,
        kind: EventKind,
        lease: &Lease,
        attempt: u32,
        notes: impl Iterator<Item = &str>,
    ) -> Result<(), LeaseError> {
        let notes: Vec<_> = fit_notes(notes).iter().map(|it| storable(it)).collect();
        let told = sqlx::query_file_scalar!(
            "src/store/queries/tell.sql",
            lease.run.as_str(),
            lease.token,
            attempt_number(attempt)?,
            &notes,
            kind.as_str(),
            MOST_OF_PODS,
        )
        .fetch_optional(&self.pool)
        .await?;
        held(told)
    }

    /// At most `limit` events of a run, the earliest first, that come after number `after`.
    pub async fn job_run_events(
        &self,
        run: &JobRunId,
        after: u32,
        limit: i64,
    ) -> Result<Vec<Event>, StoreError> {
        sqlx::query_as!(
            EventRow,
            r#"SELECT number, at, kind, attempt, state::text, text
            FROM job_run_event WHERE run = $1 AND number > $2::bigint
            ORDER BY number LIMIT $3"#,
            run.as_str(),
            i64::from(after),
            limit,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(Event::try_from)
        .collect()
    }
}
