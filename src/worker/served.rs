//! A cluster as its pool, its watch and their passes share it: with one picture of its health.

use std::time::Duration;

use super::health::Health;
use super::{Context, Target};
use crate::cluster::ClusterError;

/// The pause after Postgres failed.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A target with what is known of its health.
pub(super) struct Served {
    pub target: Target,
    pub health: Health,
    pub host: Option<String>,
}

impl Served {
    pub fn new(target: Target) -> Self {
        let host = target.cluster.host();
        Self {
            target,
            health: Health::default(),
            host,
        }
    }

    /// Notes what an answer of the cluster says of its health.
    pub fn heard<T>(&self, context: &Context, answer: &Result<T, ClusterError>) {
        match answer {
            Ok(_) | Err(ClusterError::Forbidden(_) | ClusterError::Refused(_)) => {
                self.health.answered();
            }
            Err(ClusterError::Throttled { retry_after }) => self.health.hold(*retry_after),
            Err(ClusterError::Unreachable(error)) => {
                self.health.silent(context.clock.now(), error);
            }
        }
    }
}
