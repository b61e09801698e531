//! Whether the namespaces of virtual clusters are still theirs to use, as the clusters said last.

use std::time::Duration;

use super::rows::storable;
use super::{Store, StoreError};
use crate::domain::ids::{ClusterId, VirtualClusterId};
use crate::domain::job_run::explain;
use crate::domain::virtual_cluster::State;

/// A virtual cluster whose namespace is to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: VirtualClusterId,
    pub namespace: String,
    /// It is ARRESTED already.
    pub arrested: bool,
}

impl Store {
    /// Takes up to `limit` virtual clusters of `cluster` that nobody has checked for about `every`,
    /// the longest unchecked first.
    pub async fn places_to_check(
        &self,
        cluster: &ClusterId,
        every: Duration,
        limit: i64,
    ) -> Result<Vec<Place>, StoreError> {
        sqlx::query_file!(
            "src/store/queries/places_to_check.sql",
            cluster.as_str(),
            every.as_secs_f64(),
            limit,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Place {
                id: VirtualClusterId::parse(row.id)?,
                namespace: row.namespace,
                arrested: row.arrested,
            })
        })
        .collect()
    }

    /// Arrests the virtual cluster for what `trouble` says, or frees it where there is none. Tells
    /// whether its state is another now; one that ends, or has ended, is left alone.
    pub async fn mark_place(
        &self,
        id: &VirtualClusterId,
        trouble: Option<&str>,
    ) -> Result<bool, StoreError> {
        let state = match trouble {
            Some(_) => State::Arrested,
            None => State::Running,
        };
        let before = sqlx::query_scalar!(
            "UPDATE virtual_cluster AS place
            SET state = $2, state_details = $3
            FROM (SELECT id, state FROM virtual_cluster WHERE id = $1 FOR NO KEY UPDATE) AS before
            WHERE place.id = before.id AND before.state IN ('RUNNING', 'ARRESTED')
                AND (place.state, place.state_details) IS DISTINCT FROM ($2, $3)
            RETURNING before.state",
            id.as_str(),
            state.as_str(),
            trouble.map(|trouble| storable(&explain::fit(trouble))),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(before.is_some_and(|before| before != state.as_str()))
    }
}
