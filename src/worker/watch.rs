//! One replica watches a cluster and writes down what it sees; it draws no conclusion from it.
//!
//! What a watch may miss is made up for by its list: both ways the list and the live attempts are
//! compared, and only differences are written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fail::fail_point;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Context;
use super::served::Served;
use crate::cluster::{ClusterError, DriverRef, Event, Seen};
use crate::domain::ids::{ClusterId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{Driver, HolderKind};
use crate::store::{Found, LiveAttempt, Observed, StoreError, Term, WatchKey};
use crate::telemetry::UNKNOWN_OBJECTS;

const BATCH: usize = 500;
const NAMESPACES_PERIOD: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Keeps the watch of one cluster whenever no other replica does, until `shutdown`.
pub(super) async fn keep(
    context: Arc<Context>,
    served: Arc<Served>,
    holder: Uuid,
    shutdown: CancellationToken,
) {
    let key = WatchKey {
        cluster: served.target.id.clone(),
        host: served.host.clone(),
    };
    let keeping = async {
        let mut pause = FIRST_PAUSE;
        let mut unknown = BTreeSet::new();
        loop {
            let term_length = context.settings.watch_term;
            match context.store.take_watch(&key, holder, term_length).await {
                Ok(Some(term)) => {
                    let watching = Watching {
                        context: &context,
                        served: &served,
                        key: &key,
                        holder,
                        term,
                    };
                    let started = Timestamp::now();
                    let end = watching.run(&mut unknown).await;
                    // From here on another replica may tell.
                    tell_unknown(&key.cluster, 0);
                    if Timestamp::now().duration_since(started).as_secs() > 60 {
                        pause = FIRST_PAUSE;
                    }
                    tracing::warn!(
                        cluster.id = %key.cluster,
                        "the watch of cluster {} ended: {end}", key.cluster
                    );
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Ok(None) => sleep(term_length / 3).await,
                Err(error) => {
                    tracing::warn!(%error, cluster.id = %key.cluster, "the watch cannot be taken");
                    sleep(LONGEST_PAUSE / 4).await;
                }
            }
        }
    };
    shutdown.run_until_cancelled(keeping).await;
    if let Err(error) = context.store.leave_watch(&key, holder).await {
        tracing::debug!(%error, "the watch is left to run out");
    }
}

/// Why a term of watching came to its end.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("another replica holds it now")]
    Lost,
    #[error("{0}")]
    Cluster(String),
    #[error("{0}")]
    Store(#[from] StoreError),
}

struct Watching<'a> {
    context: &'a Context,
    served: &'a Served,
    key: &'a WatchKey,
    holder: Uuid,
    term: Term,
}

impl Watching<'_> {
    async fn run(&self, unknown: &mut BTreeSet<String>) -> End {
        let (events_in, events) = mpsc::channel(BATCH);
        let (namespaces, namespaces_seen) = match self.namespaces().await {
            Ok(names) => watch::channel(names),
            Err(error) => return End::Store(error),
        };
        let cluster = &self.served.target.cluster;
        tokio::select! {
            watched = cluster.watch(namespaces_seen, events_in) => {
                if let Err(ClusterError::Unreachable(_)) = &watched {
                    self.served.heard(self.context, &watched);
                }
                match watched {
                    Ok(()) => End::Cluster("the cluster closed it".to_owned()),
                    Err(error) => End::Cluster(error.to_string()),
                }
            }
            end = self.consume(events, unknown) => end,
            end = self.renew() => end,
            end = self.follow_namespaces(namespaces) => end,
        }
    }

    async fn renew(&self) -> End {
        let term_length = self.context.settings.watch_term;
        let mut ticks = interval(term_length / 3);
        loop {
            ticks.tick().await;
            match self
                .context
                .store
                .take_watch(self.key, self.holder, term_length)
                .await
            {
                Ok(Some(term)) if term == self.term => {}
                Ok(_) => return End::Lost,
                Err(error) => return End::Store(error),
            }
        }
    }

    async fn follow_namespaces(&self, namespaces: watch::Sender<Vec<String>>) -> End {
        let mut ticks = interval(NAMESPACES_PERIOD);
        loop {
            ticks.tick().await;
            match self.namespaces().await {
                Ok(names) => {
                    namespaces.send_if_modified(|known| {
                        let changed = *known != names;
                        *known = names;
                        changed
                    });
                }
                Err(error) => return End::Store(error),
            }
        }
    }

    async fn namespaces(&self) -> Result<Vec<String>, StoreError> {
        self.context.store.live_namespaces(&self.key.cluster).await
    }

    async fn consume(
        &self,
        mut events: mpsc::Receiver<Event>,
        unknown: &mut BTreeSet<String>,
    ) -> End {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            if events.recv_many(&mut batch, BATCH).await == 0 {
                std::future::pending::<()>().await;
            }
            let mut observed = Vec::new();
            let mut present = BTreeMap::new();
            for event in batch.drain(..) {
                match event {
                    Event::Changed(mut seen) => {
                        observed.push(observation(&mut seen, None));
                        present.insert(seen.holder.uid.clone(), seen);
                    }
                    Event::Deleted(mut seen) => {
                        let now = self.context.clock.now();
                        observed.push(observation(&mut seen, Some(now)));
                        present.remove(&seen.holder.uid);
                    }
                    Event::Listed(seen) => match self.compare(seen, unknown).await {
                        Ok(differences) => observed.extend(differences),
                        Err(error) => return End::Store(error),
                    },
                }
            }
            let written = async {
                let strangers = self.write(&observed).await?;
                let strangers = strangers.iter().filter_map(|uid| present.remove(uid));
                // What belongs to no known run is the lists' to tell.
                self.remove(strangers.collect()).await
            };
            if let Err(error) = written.await {
                return End::Store(error);
            }
        }
    }

    /// The uids of what is not known as an attempt's own.
    async fn write(&self, observed: &[Observed]) -> Result<Vec<String>, StoreError> {
        if observed.is_empty() {
            return Ok(Vec::new());
        }
        fail_point!("observe");
        let told = self
            .context
            .store
            .observe(self.key, self.term, observed)
            .await?;
        fail_point!("observed");
        if !told.woken.is_empty() {
            self.context.wakes.wake(&self.key.cluster);
        }
        Ok(told.strangers)
    }

    /// What of a full list is news: changes, drivers that are gone, and objects that should be.
    async fn compare(
        &self,
        listed: Vec<Seen>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<Vec<Observed>, StoreError> {
        let live = self.context.store.live_attempts(self.key).await?;
        let identities = self.identities(&live).await;
        let live: BTreeMap<(JobRunId, u32), LiveAttempt> = live
            .into_iter()
            .map(|attempt| ((attempt.run.clone(), attempt.attempt), attempt))
            .collect();
        let mut observed = Vec::new();
        let mut present = BTreeSet::new();
        let mut strangers = Vec::new();
        for mut seen in listed {
            let key = (seen.job_run.clone(), seen.attempt);
            match live.get(&key).map(|attempt| &attempt.uid) {
                Some(Some(uid)) if *uid == seen.holder.uid => {
                    present.insert(key);
                    observed.push(observation(&mut seen, None));
                }
                Some(None) => observed.push(observation(&mut seen, None)),
                Some(Some(_)) | None => strangers.push(seen),
            }
        }
        for (key, attempt) in live {
            let same_cluster =
                identities.get(&attempt.namespace) == Some(&attempt.cluster_identity);
            if same_cluster && !attempt.gone && !present.contains(&key) {
                observed.extend(self.missing(&attempt).await);
            }
        }
        let foreign = self.remove(strangers).await?;
        self.remove_unknown(foreign, unknown).await?;
        Ok(observed)
    }

    /// What became of a driver that a list lacks. The list may be older than the driver: only a
    /// live read tells.
    async fn missing(&self, attempt: &LiveAttempt) -> Option<Observed> {
        let uid = attempt.uid.clone()?;
        let driver = DriverRef::new(
            &attempt.namespace,
            &attempt.virtual_cluster,
            &attempt.run,
            attempt.attempt,
        );
        match self.served.target.cluster.look(&driver).await {
            Ok(Some(mut seen)) if seen.holder.uid == uid => Some(observation(&mut seen, None)),
            Ok(_) => Some(Observed {
                run: attempt.run.clone(),
                attempt: attempt.attempt,
                uid,
                driver: Driver {
                    gone_at: Some(self.context.clock.now()),
                    ..Driver::default()
                },
            }),
            Err(error) => {
                tracing::debug!(%error, job_run.id = %attempt.run, "a missing driver stays unknown");
                None
            }
        }
    }

    /// The identity of the cluster as each namespace shows it: an attempt that was made on another
    /// cluster is not gone because this one does not have it.
    async fn identities(&self, live: &[LiveAttempt]) -> BTreeMap<String, String> {
        let namespaces: BTreeSet<&String> = live.iter().map(|attempt| &attempt.namespace).collect();
        let mut identities = BTreeMap::new();
        for namespace in namespaces {
            match self.served.target.cluster.identity(namespace).await {
                Ok(identity) => {
                    identities.insert(namespace.clone(), identity);
                }
                Err(error) => tracing::debug!(%error, namespace, "no identity, no conclusion"),
            }
        }
        identities
    }

    /// Deletes what has a driver's name and no run needs: what came after its run was forgotten, and
    /// what is not the driver that its attempt has. Gives back what belongs to no run of this cluster.
    async fn remove(&self, strangers: Vec<Seen>) -> Result<Vec<Seen>, StoreError> {
        let found: Vec<Found> = strangers.iter().map(found).collect();
        let standings = self.context.store.standings(self.key, &found).await?;
        let mut foreign = Vec::new();
        for stranger in strangers {
            match standings.get(&stranger.holder.uid) {
                Some(standing) if standing.is_stray => {
                    self.delete(&stranger, &standing.virtual_cluster).await;
                }
                Some(_) => {}
                None => foreign.push(stranger),
            }
        }
        Ok(foreign)
    }

    /// Tells of objects that belong to no run of this cluster, and deletes them where that is wanted.
    /// `unknown` has the uids of those of the last list that belong to no run, and gets this list's.
    async fn remove_unknown(
        &self,
        foreign: Vec<Seen>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let runs: Vec<JobRunId> = foreign.iter().map(|seen| seen.job_run.clone()).collect();
        // Two configured clusters may be one in truth: another's run is not unknown.
        let elsewhere = self.context.store.known_runs(&runs).await?;
        let before = std::mem::take(unknown);
        for stranger in foreign {
            tracing::warn!(
                cluster.id = %self.key.cluster,
                namespace = stranger.namespace,
                name = stranger.name,
                "an object carries this installation's label and belongs to no run of this cluster"
            );
            if elsewhere.contains(&stranger.job_run) {
                continue;
            }
            if self.served.target.remove_unknown_objects && before.contains(&stranger.holder.uid) {
                // Nothing is known of its virtual cluster, which no deletion asks for.
                self.delete(&stranger, &VirtualClusterId::random()).await;
            }
            unknown.insert(stranger.holder.uid);
        }
        tell_unknown(&self.key.cluster, unknown.len());
        Ok(())
    }

    async fn delete(&self, stray: &Seen, virtual_cluster: &VirtualClusterId) {
        let driver = DriverRef {
            name: stray.name.clone(),
            ..DriverRef::new(
                &stray.namespace,
                virtual_cluster,
                &stray.job_run,
                stray.attempt,
            )
        };
        let cluster = &self.served.target.cluster;
        let deleted = cluster.delete(&driver, &stray.holder.uid).await;
        tracing::info!(
            job_run.id = %stray.job_run,
            name = stray.name,
            deleted = deleted.is_ok(),
            "deleting an object that no run needs"
        );
    }
}

fn tell_unknown(cluster: &ClusterId, objects: usize) {
    metrics::gauge!(UNKNOWN_OBJECTS, "cluster" => cluster.to_string())
        .set(u32::try_from(objects).unwrap_or(u32::MAX));
}

fn found(seen: &Seen) -> Found {
    Found {
        run: seen.job_run.clone(),
        attempt: seen.attempt,
        uid: seen.holder.uid.clone(),
        kind: seen.holder.kind,
    }
}

/// What `seen` tells of its driver, which is taken out of it.
fn observation(seen: &mut Seen, gone_at: Option<Timestamp>) -> Observed {
    let mut driver = std::mem::take(&mut seen.driver);
    driver.gone_at = driver.gone_at.or(gone_at);
    if seen.holder.kind == HolderKind::Tombstone {
        driver = Driver {
            gone_at,
            ..Driver::default()
        };
    }
    Observed {
        run: seen.job_run.clone(),
        attempt: seen.attempt,
        uid: seen.holder.uid.clone(),
        driver,
    }
}
