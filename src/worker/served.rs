//! A cluster as its pool, its watch and their passes share it: with one picture of its health.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::{Context, Target};
use crate::cluster::ClusterError;

/// The pause after Postgres failed.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A cluster that nobody has asked for this long is asked whether it answers.
const UNHEARD: Duration = Duration::from_secs(10);

/// A target with what is known of its health.
pub(super) struct Served {
    pub target: Target,
    pub health: Health,
    pub host: Option<String>,
}

impl Served {
    pub fn new(target: Target, now: Timestamp) -> Self {
        let host = target.cluster.host();
        Self {
            target,
            health: Health::new(now),
            host,
        }
    }

    /// Asks the cluster now and then until `shutdown`, so that no silence of it goes unnoticed:
    /// what was not seen in a silence is no ground for a conclusion.
    pub async fn listen(&self, context: &Context, shutdown: &CancellationToken) {
        let listening = async {
            loop {
                sleep(UNHEARD).await;
                if self.health.is_unheard_for(UNHEARD) {
                    let answer = self.target.cluster.ping().await;
                    self.heard(context, &answer);
                }
            }
        };
        shutdown.run_until_cancelled(listening).await;
    }

    /// Notes what an answer of the cluster says of its health.
    pub fn heard<T>(&self, context: &Context, answer: &Result<T, ClusterError>) {
        match answer {
            Ok(_) | Err(ClusterError::Forbidden(_) | ClusterError::Refused(_)) => {
                self.health.answered(context.clock.now());
            }
            Err(ClusterError::Throttled { retry_after }) => self.health.hold(*retry_after),
            Err(ClusterError::Unreachable(error)) => {
                self.health.silent(context.clock.now(), error);
            }
        }
    }
}
