//! Looks at all folders again and again, says what changed, and heals what a crash left undone:
//! drivers that were never started, and drivers whose grace period nobody ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{Host, ProcessCluster, is_unstarted};
use crate::cluster::{ClusterError, Event, Seen};
use crate::domain::job_run::DriverPhase;

/// From one look to the next.
const PERIOD: Duration = Duration::from_millis(300);

/// From one full list to the next.
const LIST_PERIOD: Duration = Duration::from_secs(10);

/// A driver that was not started within this time lost its creator.
const START_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

/// Sends what happens until `events` is closed.
pub async fn run(
    cluster: &ProcessCluster,
    events: mpsc::Sender<Event>,
) -> Result<(), ClusterError> {
    let mut view = View::default();
    let mut listed: Option<Instant> = None;
    loop {
        let (next, changes) = cluster
            .blocking(move |host| {
                let changes = view.refresh(host);
                (view, changes)
            })
            .await
            .map_err(ClusterError::Unreachable)?;
        view = next;
        let mut changes = changes.map_err(super::unreachable)?;
        if listed.is_none_or(|at| at.elapsed() >= LIST_PERIOD) {
            listed = Some(Instant::now());
            // What is gone is told all the same: with it goes what was last seen.
            changes.retain(|change| matches!(change, Event::Deleted(_)));
            changes.push(Event::Listed(view.all()));
        }
        for change in changes {
            if events.send(change).await.is_err() {
                return Ok(());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = events.closed() => return Ok(()),
        }
    }
}

type Name = (String, String);

/// All folders as they were last seen.
#[derive(Default)]
struct View {
    known: BTreeMap<Name, Known>,
    /// Folders that cannot be read, so that each is reported once.
    broken: BTreeSet<Name>,
}

struct Known {
    version: Version,
    seen: Seen,
}

/// Tells one folder from the next of the same name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl View {
    fn all(&self) -> Vec<Seen> {
        self.known
            .values()
            .map(|known| known.seen.clone())
            .collect()
    }

    fn refresh(&mut self, host: &Host) -> io::Result<Vec<Event>> {
        let names: BTreeSet<Name> = host.names()?.into_iter().collect();
        let mut events = Vec::new();
        let mut present = BTreeSet::new();
        for name in names {
            match self.look(host, &name) {
                Ok(Some(event)) => {
                    present.insert(name);
                    events.extend(event);
                }
                Ok(None) => {}
                Err(error) => {
                    // What cannot be read now is not gone.
                    present.insert(name.clone());
                    if self.broken.insert(name) {
                        tracing::warn!(%error, "A driver's folder cannot be read");
                    }
                }
            }
        }
        self.broken.retain(|name| present.contains(name));
        let gone: Vec<Name> = self
            .known
            .keys()
            .filter(|name| !present.contains(name))
            .cloned()
            .collect();
        for name in gone {
            if let Some(known) = self.known.remove(&name) {
                events.push(Event::Deleted(known.seen));
            }
        }
        Ok(events)
    }

    /// Looks at one folder: `None` where nothing of ours is there, else what changed.
    fn look(&mut self, host: &Host, name: &Name) -> io::Result<Option<Option<Event>>> {
        let folder = host.folder(&name.0, &name.1);
        let version = match std::fs::metadata(folder.path().join("driver.json")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map(|metadata| Version {
                inode: metadata.ino(),
                seconds: metadata.mtime(),
                nanoseconds: metadata.mtime_nsec(),
            })?,
        };
        if let Some(known) = self.known.get(name)
            && known.version == version
            && matches!(known.seen.driver.phase, DriverPhase::Ended(_))
        {
            // An end is an end: its log need not be read again.
            return Ok(Some(None));
        }
        let Some(seen) = host.look(&name.0, &name.1)? else {
            return Ok(None);
        };
        let age = Timestamp::now().duration_since(seen.holder.created_at);
        if is_unstarted(&seen) && age >= START_AGAIN {
            host.start(&folder);
        }
        if seen.driver.deleting {
            host.enforce(&folder)?;
        }
        let known = Known {
            version,
            seen: seen.clone(),
        };
        let before = self.known.insert(name.clone(), known);
        let changed = before.is_none_or(|before| before.seen != seen);
        Ok(Some(changed.then_some(Event::Changed(seen))))
    }
}
