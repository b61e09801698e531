//! How many runs there are and how long they wait, for whoever watches over the installation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::rows::job_run_state;
use super::{Store, StoreError};
use crate::domain::ids::ClusterId;
use crate::domain::job_run::State;

/// The runs of one cluster that are not over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Census {
    pub runs: BTreeMap<State, i64>,
    /// How long ago the first run was accepted that is PENDING still.
    pub oldest_pending: Duration,
    /// For how long the run that is due the longest, and that nobody works on, has been due. Where
    /// workers keep up, it is next to nothing.
    pub longest_overdue: Duration,
}

impl Store {
    /// The runs of each of these clusters.
    pub async fn census(
        &self,
        clusters: &[ClusterId],
    ) -> Result<BTreeMap<ClusterId, Census>, StoreError> {
        let ids: Vec<String> = clusters.iter().map(ToString::to_string).collect();
        let rows = sqlx::query_file!("src/store/queries/census.sql", &ids)
            .fetch_all(&self.pool)
            .await?;
        let none = clusters.iter().map(|id| (id.clone(), Census::default()));
        let mut census: BTreeMap<_, _> = none.collect();
        for row in rows {
            let of_cluster = census.entry(ClusterId::parse(row.cluster)?).or_default();
            let state = job_run_state(&row.state)?;
            of_cluster.runs.insert(state, row.runs);
            let age = Duration::try_from_secs_f64(row.oldest).unwrap_or_default();
            if state == State::Pending {
                of_cluster.oldest_pending = age;
            }
            let overdue = Duration::try_from_secs_f64(row.overdue).unwrap_or_default();
            of_cluster.longest_overdue = of_cluster.longest_overdue.max(overdue);
        }
        Ok(census)
    }
}
