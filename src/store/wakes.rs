//! Notifications only wake: whoever misses one finds the work by looking.

use sqlx::postgres::PgListener;

use super::{Store, StoreError};
use crate::domain::ids::ClusterId;

const CHANNEL: &str = "firesteel_work";

/// Postgres takes payloads of less than 8,000 bytes.
const MOST_BYTES: usize = 7_900;

/// No cluster's name holds it.
const SEPARATOR: char = ',';

/// Hears which clusters have new work, on a connection of its own.
#[derive(Debug)]
pub struct Listener {
    inner: PgListener,
}

impl Store {
    /// Wakes all replicas for `clusters`. Call it outside of any request's path: a notification
    /// makes its transaction's commit wait for every other that notifies.
    pub async fn notify(&self, clusters: &[ClusterId]) -> Result<(), StoreError> {
        for payload in payloads(clusters) {
            sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, payload)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// Starts to listen at `url`, which must lead to Postgres itself: a transaction pooler cannot
    /// deliver notifications.
    pub async fn listen(&self, url: &str) -> Result<Listener, StoreError> {
        let mut inner = PgListener::connect(url).await?;
        inner.listen(CHANNEL).await?;
        Ok(Listener { inner })
    }
}

impl Listener {
    /// Waits for the next notification. An empty answer means that the connection was lost and
    /// notifications with it: every cluster may have new work.
    pub async fn recv(&mut self) -> Result<Vec<ClusterId>, StoreError> {
        let Some(notification) = self.inner.try_recv().await? else {
            return Ok(Vec::new());
        };
        Ok(notification
            .payload()
            .split(SEPARATOR)
            .filter_map(|cluster| ClusterId::parse(cluster).ok())
            .collect())
    }
}

/// The clusters' names in as few texts as fit.
fn payloads(clusters: &[ClusterId]) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for cluster in clusters {
        match payloads.last_mut() {
            Some(last) if last.len() + cluster.as_str().len() < MOST_BYTES => {
                last.push(SEPARATOR);
                last.push_str(cluster.as_str());
            }
            _ => payloads.push(cluster.to_string()),
        }
    }
    payloads
}
