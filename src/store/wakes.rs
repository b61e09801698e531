//! Notifications only wake: whoever misses one finds the work by looking.

use sqlx::postgres::PgListener;

use super::{Store, StoreError};
use crate::domain::ids::ClusterId;

const CHANNEL: &str = "firesteel_work";

/// Says that some job run has changed, and no more.
const RUNS_CHANNEL: &str = "firesteel_runs";

/// Postgres takes payloads of less than 8,000 bytes.
const MOST_BYTES: usize = 7_900;

/// No cluster's name holds it.
const SEPARATOR: char = ',';

/// What a notification says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Those that have new work.
    pub clusters: Vec<ClusterId>,
    /// Some job run has changed.
    pub runs: bool,
}

/// Hears which clusters have new work, and that runs have changed, on a connection of its own.
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

    /// Tells all replicas that job runs have changed. What is said of `notify` holds here, too.
    pub async fn notify_runs(&self) -> Result<(), StoreError> {
        sqlx::query!("SELECT pg_notify($1, '')", RUNS_CHANNEL)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Starts to listen at `url`, which must lead to Postgres itself: a transaction pooler cannot
    /// deliver notifications.
    pub async fn listen(&self, url: &str) -> Result<Listener, StoreError> {
        let mut inner = PgListener::connect(url).await?;
        inner.listen_all([CHANNEL, RUNS_CHANNEL]).await?;
        Ok(Listener { inner })
    }
}

impl Listener {
    /// Waits for the next notification. An answer that says nothing means that the connection was
    /// lost and notifications with it: everything may have changed.
    pub async fn recv(&mut self) -> Result<Heard, StoreError> {
        let Some(notification) = self.inner.try_recv().await? else {
            return Ok(Heard::default());
        };
        if notification.channel() == RUNS_CHANNEL {
            return Ok(Heard {
                runs: true,
                ..Heard::default()
            });
        }
        let clusters = notification
            .payload()
            .split(SEPARATOR)
            .filter_map(|cluster| ClusterId::parse(cluster).ok())
            .collect();
        Ok(Heard {
            clusters,
            runs: false,
        })
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
