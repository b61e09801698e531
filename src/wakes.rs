//! Wake-ups are hints: losing one costs a poll interval, never a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::ClusterId;

/// Tells the workers of this process, and through the notifier those of others, that a cluster
/// has work due. Clones share their state.
#[derive(Clone, Default)]
pub struct Wakes {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    local: Mutex<BTreeMap<ClusterId, Arc<Notify>>>,
    outgoing: Mutex<BTreeSet<ClusterId>>,
    outgoing_changed: Notify,
}

impl Wakes {
    /// Wakes the workers of `cluster` everywhere.
    pub fn wake(&self, cluster: &ClusterId) {
        self.wake_local(cluster);
        let mut outgoing = self
            .shared
            .outgoing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if outgoing.insert(cluster.clone()) {
            self.shared.outgoing_changed.notify_one();
        }
    }

    /// Wakes the workers of `cluster` in this process.
    pub fn wake_local(&self, cluster: &ClusterId) {
        self.of(cluster).notify_one();
    }

    /// What the workers of `cluster` wait on.
    pub fn of(&self, cluster: &ClusterId) -> Arc<Notify> {
        let mut local = self
            .shared
            .local
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(local.entry(cluster.clone()).or_default())
    }

    /// Waits until clusters were woken, and takes them: one notification for all of them.
    pub async fn take_outgoing(&self) -> Vec<ClusterId> {
        loop {
            {
                let mut outgoing = self
                    .shared
                    .outgoing
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if !outgoing.is_empty() {
                    return std::mem::take(&mut *outgoing).into_iter().collect();
                }
            }
            self.shared.outgoing_changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_wakes_become_one_notification() {
        let wakes = Wakes::default();
        let cluster = |id: &str| ClusterId::parse(id).unwrap();
        for _ in 0..10 {
            wakes.wake(&cluster("a"));
            wakes.wake(&cluster("b"));
        }
        assert_eq!(wakes.take_outgoing().await, [cluster("a"), cluster("b")]);
        let other = wakes.clone();
        let waiting = tokio::spawn(async move { other.take_outgoing().await });
        wakes.wake(&cluster("c"));
        assert_eq!(waiting.await.unwrap(), [cluster("c")]);
    }

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost() {
        let wakes = Wakes::default();
        let cluster = ClusterId::parse("a").unwrap();
        wakes.wake_local(&cluster);
        wakes.of(&cluster).notified().await;
    }
}
