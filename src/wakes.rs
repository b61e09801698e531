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
    runs: Arc<Notify>,
    outgoing_runs: Notify,
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

    /// Wakes whoever follows job runs, everywhere: one has changed.
    pub fn run_changed(&self) {
        self.run_changed_locally();
        self.shared.outgoing_runs.notify_one();
    }

    /// Wakes whoever follows job runs in this process.
    pub fn run_changed_locally(&self) {
        self.shared.runs.notify_one();
    }

    /// What the one poller of those who follow job runs waits on.
    pub fn runs(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.runs)
    }

    /// Waits until runs have changed here: one notification for all of them.
    pub async fn take_outgoing_runs(&self) {
        self.shared.outgoing_runs.notified().await;
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
    use futures::FutureExt as _;

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
    async fn changes_of_runs_are_told_once_here_and_once_elsewhere() {
        let wakes = Wakes::default();
        for _ in 0..10 {
            wakes.run_changed();
        }
        let runs = wakes.runs();
        runs.notified().await;
        wakes.take_outgoing_runs().await;
        assert!(runs.notified().now_or_never().is_none());
        assert!(wakes.take_outgoing_runs().now_or_never().is_none());
        wakes.run_changed_locally();
        runs.notified().await;
        assert!(wakes.take_outgoing_runs().now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost() {
        let wakes = Wakes::default();
        let cluster = ClusterId::parse("a").unwrap();
        wakes.wake_local(&cluster);
        wakes.of(&cluster).notified().await;
    }
}
