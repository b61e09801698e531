//! A cluster as its pool, its watch and their passes share it: with one picture of its health.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::{Context, Target};
use crate::cluster::ClusterError;
use crate::domain::job_run::decide::Contact;

/// The pause after Postgres failed.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A cluster that nobody has asked for this long is asked whether it answers.
const UNHEARD: Duration = Duration::from_secs(10);

/// How long a cluster need not be asked again who it is.
const RECENT: Duration = Duration::from_secs(5);

/// A target with what is known of its health.
pub(super) struct Served {
    pub target: Target,
    pub health: Health,
    pub host: Option<String>,
    identities: Mutex<BTreeMap<String, Known>>,
}

/// What a cluster said that it is.
struct Known {
    identity: String,
    at: Timestamp,
}

impl Served {
    pub fn new(target: Target, now: Timestamp) -> Self {
        let host = target.cluster.host();
        Self {
            target,
            health: Health::new(now),
            host,
            identities: Mutex::default(),
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

    /// The cluster's identity as it was a moment ago, if it has answered ever since: no other cluster
    /// comes into its place without a gap.
    pub fn recent_identity(&self, namespace: &str, now: Timestamp) -> Option<String> {
        let Contact::Answers { since } = self.health.contact() else {
            return None;
        };
        let identities = self.identities();
        let known = identities.get(namespace)?;
        let is_recent = now.duration_since(known.at).unsigned_abs() < RECENT;
        (is_recent && known.at >= since).then(|| known.identity.clone())
    }

    /// Notes the identity that was asked for at that time.
    pub fn note_identity(&self, namespace: &str, identity: &str, at: Timestamp) {
        let known = Known {
            identity: identity.to_owned(),
            at,
        };
        self.identities().insert(namespace.to_owned(), known);
    }

    fn identities(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.identities
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
