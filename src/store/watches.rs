//! What the clusters say. One replica at a time watches a cluster; what it saw after its term is
//! worth nothing, and what was seen never goes back.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use sqlx::types::Json;
use uuid::Uuid;

use super::attempts::image_failures;
use super::rows::{DriverRow, attempt_number, count};
use super::{Store, StoreError};
use crate::domain::ids::{ClusterId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{Driver, HolderKind};

/// What is watched: a cluster, or where each host has drivers of its own, one host's part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchKey {
    pub cluster: ClusterId,
    pub host: Option<String>,
}

impl WatchKey {
    /// Its name in the table. No cluster's id holds a slash.
    fn name(&self) -> String {
        match &self.host {
            Some(host) => format!("{}/{host}", self.cluster),
            None => self.cluster.to_string(),
        }
    }
}

/// The right to say what was seen on a cluster. It changes with the holder, and with every gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term(pub(super) i64);

/// A driver as the watch saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub run: JobRunId,
    pub attempt: u32,
    /// Of the object that was seen.
    pub uid: String,
    pub driver: Driver,
}

/// What came of telling what was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The runs for which it was news.
    pub woken: Vec<JobRunId>,
    /// The uids of objects that are not known as an attempt's own. Most are known a moment later.
    pub strangers: Vec<String>,
}

/// An object that has the name of a driver and is not known as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub run: JobRunId,
    pub attempt: u32,
    pub uid: String,
    pub kind: HolderKind,
}

/// Whether a run of the cluster needs an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub virtual_cluster: VirtualClusterId,
    /// No run needs it, nor ever will.
    pub is_stray: bool,
}

/// An attempt of a run that still has work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveAttempt {
    pub run: JobRunId,
    pub attempt: u32,
    pub virtual_cluster: VirtualClusterId,
    pub namespace: String,
    pub driver_name: String,
    /// Of its holder, where one is known.
    pub uid: Option<String>,
    /// Of the cluster it was made on.
    pub cluster_identity: String,
    /// Its driver is known to be gone.
    pub gone: bool,
    /// Its run is over, or another attempt followed.
    pub closed: bool,
}

/// The form in which a batch is sent.
#[derive(Serialize)]
struct ObservedRow<'a> {
    run: &'a str,
    attempt: i32,
    uid: &'a str,
    driver: DriverRow,
}

#[derive(Serialize)]
struct FoundRow<'a> {
    run: &'a str,
    attempt: i32,
    uid: &'a str,
    tombstone: bool,
}

impl Store {
    /// Takes or keeps the watch over `key` for `term_length` from now; `None` while another holds
    /// it.
    pub async fn take_watch(
        &self,
        key: &WatchKey,
        holder: Uuid,
        term_length: Duration,
    ) -> Result<Option<Term>, StoreError> {
        let term = sqlx::query_file_scalar!(
            "src/store/queries/take_watch.sql",
            key.name(),
            holder,
            term_length.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(term.map(Term))
    }

    /// Lets another holder take the watch at once, if `holder` has it.
    pub async fn leave_watch(&self, key: &WatchKey, holder: Uuid) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE cluster_watch SET expires_at = now() WHERE cluster = $1 AND holder = $2",
            key.name(),
            holder
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records what differs from what is known, and wakes the runs it is about. What is seen before
    /// the creation's answer is recorded counts from then on.
    pub async fn observe(
        &self,
        key: &WatchKey,
        term: Term,
        observed: &[Observed],
    ) -> Result<Told, StoreError> {
        let mut told = Told::default();
        for batch in batches(observed) {
            let rows = batch.iter().map(row).collect::<Result<Vec<_>, _>>()?;
            let answers = sqlx::query_file!(
                "src/store/queries/observe.sql",
                key.name(),
                term.0,
                Json(rows) as _,
                &image_failures(),
                key.cluster.as_str(),
            )
            .fetch_all(&self.pool)
            .await?;
            for answer in answers {
                if let Some(run) = answer.woken {
                    let run = JobRunId::parse(run)?;
                    if !told.woken.contains(&run) {
                        told.woken.push(run);
                    }
                }
                told.strangers.extend(answer.stranger);
            }
        }
        Ok(told)
    }

    /// All attempts of the runs that still have work where `key` watches.
    pub async fn live_attempts(&self, key: &WatchKey) -> Result<Vec<LiveAttempt>, StoreError> {
        sqlx::query!(
            r#"SELECT attempt.run, attempt.number, job_run.virtual_cluster, job_run.namespace,
                attempt.driver_name, attempt.holder_uid, attempt.gone_at IS NOT NULL AS "gone!",
                attempt.cluster_identity,
                job_run.state >= 'COMPLETED' OR attempt.closed_at IS NOT NULL AS "closed!"
            FROM work
            JOIN job_run ON job_run.id = work.run
            JOIN job_run_attempt AS attempt ON attempt.run = work.run
            WHERE work.cluster = $1 AND work.host IS NOT DISTINCT FROM $2"#,
            key.cluster.as_str(),
            key.host.as_deref()
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(LiveAttempt {
                run: JobRunId::parse(row.run)?,
                attempt: count(row.number)?,
                virtual_cluster: VirtualClusterId::parse(row.virtual_cluster)?,
                namespace: row.namespace,
                driver_name: row.driver_name,
                uid: row.holder_uid,
                cluster_identity: row.cluster_identity,
                gone: row.gone,
                closed: row.closed,
            })
        })
        .collect()
    }

    /// Which of the objects that were found belong to runs where `key` watches, ended or not, and
    /// which of those no run needs; by their uids.
    pub async fn standings(
        &self,
        key: &WatchKey,
        found: &[Found],
    ) -> Result<BTreeMap<String, Standing>, StoreError> {
        if found.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = found.iter().map(found_row).collect::<Result<Vec<_>, _>>()?;
        sqlx::query_file!(
            "src/store/queries/strays.sql",
            key.cluster.as_str(),
            key.host.as_deref(),
            Json(rows) as _,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            let standing = Standing {
                virtual_cluster: VirtualClusterId::parse(row.virtual_cluster)?,
                is_stray: row.is_stray,
            };
            Ok((row.uid, standing))
        })
        .collect()
    }

    /// Those of `runs` that are runs of any cluster, ended or not.
    pub async fn known_runs(&self, runs: &[JobRunId]) -> Result<HashSet<JobRunId>, StoreError> {
        if runs.is_empty() {
            return Ok(HashSet::new());
        }
        let ids: Vec<String> = runs.iter().map(ToString::to_string).collect();
        sqlx::query_scalar!("SELECT id FROM job_run WHERE id = ANY($1)", &ids)
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|id| Ok(JobRunId::parse(id)?))
            .collect()
    }

    /// The namespaces of `cluster` where drivers are, or may be created.
    pub async fn live_namespaces(&self, cluster: &ClusterId) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"SELECT namespace AS "namespace!" FROM virtual_cluster
            WHERE cluster = $1 AND state <> 'TERMINATED'
            UNION
            SELECT job_run.namespace FROM work JOIN job_run ON job_run.id = work.run
            WHERE work.cluster = $1
            ORDER BY 1"#,
            cluster.as_str()
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

fn row(observed: &Observed) -> Result<ObservedRow<'_>, StoreError> {
    Ok(ObservedRow {
        run: observed.run.as_str(),
        attempt: attempt_number(observed.attempt)?,
        uid: &observed.uid,
        driver: DriverRow::from(&observed.driver),
    })
}

fn found_row(found: &Found) -> Result<FoundRow<'_>, StoreError> {
    Ok(FoundRow {
        run: found.run.as_str(),
        attempt: attempt_number(found.attempt)?,
        uid: &found.uid,
        tombstone: found.kind == HolderKind::Tombstone,
    })
}

/// Slices in which no attempt comes twice, since one statement writes a row once.
fn batches(observed: &[Observed]) -> Vec<&[Observed]> {
    const MOST: usize = 500;
    let mut batches = Vec::new();
    let mut start = 0;
    let mut seen = HashSet::new();
    for (index, one) in observed.iter().enumerate() {
        let twice = !seen.insert((&one.run, one.attempt));
        if twice || index - start == MOST {
            batches.push(&observed[start..index]);
            start = index;
            seen.clear();
            seen.insert((&one.run, one.attempt));
        }
    }
    if start < observed.len() {
        batches.push(&observed[start..]);
    }
    batches
}
