//! What is put in order from time to time. Every part may be done by several processes at once, or
//! twice, or be left halfway.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::{Store, StoreError};
use crate::domain::ids::{ClusterId, JobRunId, VirtualClusterId};

/// A virtual cluster whose counts were wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miscounted {
    pub virtual_cluster: VirtualClusterId,
    pub cluster: ClusterId,
}

impl Store {
    /// Whether a round of tidying is due; whoever asks first does it, and the next is due after
    /// `period`.
    pub async fn begin_tidying(&self, period: Duration) -> Result<bool, StoreError> {
        let begun = sqlx::query!(
            "UPDATE tidying SET due_at = now() + make_interval(secs => $1) WHERE due_at <= now()",
            period.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(begun.rows_affected() > 0)
    }

    /// Counts anew what counts against limits, each virtual cluster by itself, and tells where the
    /// counts were wrong.
    pub async fn recount_slots(&self) -> Result<Vec<Miscounted>, StoreError> {
        let limited = sqlx::query!(
            "SELECT slots.virtual_cluster, virtual_cluster.cluster
            FROM virtual_cluster_slots AS slots
            JOIN virtual_cluster ON virtual_cluster.id = slots.virtual_cluster
            ORDER BY slots.virtual_cluster"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut miscounted = Vec::new();
        for row in limited {
            let wrong = sqlx::query_scalar!(
                r#"SELECT recount_slots($1) AS "wrong!""#,
                row.virtual_cluster
            )
            .fetch_one(&self.pool)
            .await?;
            if wrong {
                miscounted.push(Miscounted {
                    virtual_cluster: VirtualClusterId::parse(row.virtual_cluster)?,
                    cluster: ClusterId::parse(row.cluster)?,
                });
            }
        }
        Ok(miscounted)
    }

    /// Wakes the runs of the oldest ended drivers where a namespace holds more than `most`, so that
    /// they are removed; returns the clusters of these runs.
    pub async fn mark_crowded(&self, most: i64) -> Result<BTreeSet<ClusterId>, StoreError> {
        sqlx::query_file_scalar!("src/store/queries/mark_crowded.sql", most)
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|cluster| Ok(ClusterId::parse(cluster)?))
            .collect()
    }

    /// Deletes at most `most` runs that ended before `before` and of which nothing is left to be
    /// done, with their attempts and their stories; returns how many.
    pub async fn delete_old_runs(&self, before: Timestamp, most: i64) -> Result<u64, StoreError> {
        let first_kept = JobRunId::first_of(before);
        let deleted = sqlx::query_file!(
            "src/store/queries/delete_old_runs.sql",
            first_kept.as_str(),
            before.to_sqlx(),
            most,
        )
        .execute(&self.pool)
        .await?;
        Ok(deleted.rows_affected())
    }
}
