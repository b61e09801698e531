//! Spark on this host: each driver is a local Spark in a process group of its own.
//!
//! All there is to know of a driver stands in its folder, so that any Firesteel of this host sees
//! the same, whichever started it.

mod files;
mod folder;
mod host;
mod launch;
mod notes;
mod toolchain;
mod watch;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, watch as sync_watch};

use self::files::private_folders;
use self::folder::{Folder, Record, delete_leftovers};
use self::launch::Launcher;
use self::toolchain::Toolchain;
use super::{
    Cluster, ClusterError, CreateError, Deletion, DriverRef, Event, NamespaceError, Prepared, Seen,
};
use crate::domain::ids::{AccountId, JobRunId};
use crate::domain::job_run::decide::{Node, Refusal};
use crate::domain::job_run::{DriverPhase, Evidence, HolderKind};
use crate::spark::{Plan, redaction};

/// How much of each log is looked at for the cause of a failure.
const INQUIRED_BYTES: u64 = 256 * 1024;

/// How this host runs drivers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Else SPARK_HOME, else that of an installed pyspark.
    pub spark_home: Option<PathBuf>,
    /// Drivers that may live at a time.
    pub max_processes: usize,
    /// Threads for a driver's tasks; else as many as its executors would have had, at most one for
    /// each core.
    pub threads: Option<usize>,
    /// Where drivers have their folders.
    pub state_dir: PathBuf,
    pub installation: String,
    /// Names of environment variables that drivers get of Firesteel's own.
    pub environment: Vec<String>,
    /// From the request to end a driver to its end by force.
    pub grace_period: Duration,
}

/// Why this host cannot run drivers.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error(
        "no Spark found: set spark_home or SPARK_HOME, or install pyspark (`make setup` does) and \
         name its Python in FIRESTEEL_PYTHON"
    )]
    NoSpark,
    #[error("{} holds no bin/spark-submit", .0.display())]
    NotSpark(PathBuf),
    #[error("no Java found: set JAVA_HOME or put java on PATH")]
    NoJava,
    #[error("the state folder {} cannot be used", .path.display())]
    StateDir {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// A `Cluster` of local processes.
#[derive(Clone)]
pub struct ProcessCluster {
    host: Arc<Host>,
}

impl ProcessCluster {
    /// Finds Spark and a JDK, which may take a second, and opens the state folder.
    pub fn new(settings: Settings) -> Result<Self, ProcessError> {
        let toolchain = Toolchain::find(settings.spark_home.as_deref())?;
        Self::with_toolchain(settings, toolchain)
    }

    fn with_toolchain(settings: Settings, toolchain: Toolchain) -> Result<Self, ProcessError> {
        let state_dir = |source| ProcessError::StateDir {
            path: settings.state_dir.clone(),
            source,
        };
        let root = std::path::absolute(&settings.state_dir).map_err(state_dir)?;
        private_folders().create(&root).map_err(state_dir)?;
        delete_leftovers(&root).map_err(state_dir)?;
        let id = host::host_id(&root).map_err(state_dir)?;
        let launcher = Launcher {
            toolchain,
            environment: environment(&settings.environment),
            threads: settings.threads,
            boot: host::boot_id(),
        };
        Ok(Self {
            host: Arc::new(Host {
                id,
                name: host::name(),
                root,
                settings,
                launcher,
                creating: Mutex::new(()),
            }),
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Host) -> T + Send + 'static,
    ) -> Result<T, String> {
        let host = Arc::clone(&self.host);
        tokio::task::spawn_blocking(move || work(&host))
            .await
            .map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Cluster for ProcessCluster {
    async fn ping(&self) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn identity(&self, _namespace: &str) -> Result<String, ClusterError> {
        Ok(self.host.id.clone())
    }

    async fn check_namespace(&self, namespace: &str) -> Result<(), NamespaceError> {
        if is_namespace(namespace) {
            Ok(())
        } else {
            Err(NamespaceError::Missing(namespace.to_owned()))
        }
    }

    /// What a run asks of its pods does nothing for a process, and is told.
    async fn prepare(
        &self,
        _account: &AccountId,
        _driver: &DriverRef,
        plan: &Plan,
    ) -> Result<Prepared, Refusal> {
        let spark = self.blocking(|host| host.launcher.toolchain.spark_version());
        let spark = spark.await.ok().flatten();
        Ok(Prepared {
            notes: notes::of(plan, spark.as_deref())
                .into_iter()
                .chain(redaction::notes(plan))
                .collect(),
            ..Prepared::default()
        })
    }

    async fn create(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        _prepared: &Prepared,
    ) -> Result<Seen, CreateError> {
        let (driver, plan) = (driver.clone(), plan.clone());
        self.blocking(move |host| host.create(&driver, Some(&plan)))
            .await
            .map_err(CreateError::Unanswered)?
    }

    async fn occupy(&self, driver: &DriverRef) -> Result<Seen, CreateError> {
        let driver = driver.clone();
        self.blocking(move |host| host.create(&driver, None))
            .await
            .map_err(CreateError::Unanswered)?
    }

    async fn look(&self, driver: &DriverRef) -> Result<Option<Seen>, ClusterError> {
        let driver = driver.clone();
        self.blocking(move |host| host.look(&driver.namespace, &driver.name))
            .await
            .map_err(ClusterError::Unreachable)?
            .map_err(unreachable)
    }

    async fn node(&self, _name: &str) -> Result<Node, ClusterError> {
        Ok(Node::Ready {
            since: host::up_since(),
        })
    }

    async fn delete(&self, driver: &DriverRef, uid: &str) -> Result<Deletion, ClusterError> {
        let (driver, uid) = (driver.clone(), uid.to_owned());
        let folder = self.host.folder(&driver.namespace, &driver.name);
        let terminating = self
            .blocking(move |host| host.delete(&driver, &uid))
            .await
            .map_err(ClusterError::Unreachable)?
            .map_err(unreachable)?;
        if terminating {
            let cluster = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(cluster.host.settings.grace_period).await;
                let enforced = cluster.blocking(move |host| host.enforce(&folder)).await;
                if let Ok(Err(error)) = enforced {
                    tracing::warn!(%error, "A driver could not be ended by force");
                }
            });
        }
        Ok(Deletion::Asked)
    }

    async fn sweep(&self, _driver: &DriverRef) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn watch(
        &self,
        _namespaces: sync_watch::Receiver<Vec<String>>,
        events: mpsc::Sender<Event>,
    ) -> Result<(), ClusterError> {
        watch::run(self, events).await
    }

    fn request_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    async fn inquire(&self, driver: &DriverRef) -> Evidence {
        let (namespace, name) = (driver.namespace.clone(), driver.name.clone());
        let log = self.blocking(move |host| {
            let folder = host.folder(&namespace, &name);
            match folder.record()? {
                Some(record) => folder.last_words(&record, INQUIRED_BYTES),
                None => Ok(None),
            }
        });
        Evidence {
            log: log.await.ok().and_then(io::Result::ok).flatten(),
            ..Evidence::default()
        }
    }

    fn host(&self) -> Option<String> {
        Some(self.host.id.clone())
    }
}

/// What every call works on. Its methods block.
struct Host {
    id: String,
    name: String,
    root: PathBuf,
    settings: Settings,
    launcher: Launcher,
    /// Held from the count of live drivers to the creation of one more.
    creating: Mutex<()>,
}

impl Host {
    /// Takes the driver's name: for `plan`, or with a tombstone where there is none.
    fn create(&self, driver: &DriverRef, plan: Option<&Plan>) -> Result<Seen, CreateError> {
        let refused = |refusal| Err(CreateError::Refused(refusal));
        let invalid = |why: &str| refused(Refusal::Invalid(why.to_owned()));
        if !is_namespace(&driver.namespace) {
            return invalid("the namespace is not a name");
        }
        let folder = self.folder(&driver.namespace, &driver.name);
        let creating = self.creating.lock();
        let mut held = folder.record().map_err(unanswered)?;
        if held.is_none() {
            if let Some(plan) = plan {
                if let Err(refusal) = self.launcher.check(plan) {
                    return refused(refusal);
                }
                let live = self.live_drivers().map_err(unanswered)?;
                if live >= self.settings.max_processes {
                    return refused(Refusal::Busy);
                }
            }
            let record = Record::new(driver, &self.settings.installation, plan);
            let files = plan.map(|plan| self.launcher.files(plan, folder.path()));
            match folder.create(&record, &files.unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created.map_err(unanswered)?,
            }
            held = folder.record().map_err(unanswered)?;
        }
        drop(creating);
        let Some(held) = held else {
            return Err(CreateError::Unanswered("deleted meanwhile".to_owned()));
        };
        let is_ours = held.installation == self.settings.installation
            && held.job_run == driver.job_run.as_str()
            && held.attempt == driver.attempt;
        if !is_ours {
            return invalid("its name is held by another driver");
        }
        // Also where an earlier creation died before it came to this.
        if let Some(seen) = self.seen(&folder, &driver.namespace, &driver.name, &held) {
            let seen = seen.map_err(unanswered)?;
            if plan.is_some() && is_unstarted(&seen) {
                self.start(&folder);
            }
            return Ok(seen);
        }
        invalid("its name is held by another driver")
    }

    fn look(&self, namespace: &str, name: &str) -> io::Result<Option<Seen>> {
        let folder = self.folder(namespace, name);
        match folder.record()? {
            Some(record) => self.seen(&folder, namespace, name, &record).transpose(),
            None => Ok(None),
        }
    }

    /// Whether the driver now has its grace period.
    fn delete(&self, driver: &DriverRef, uid: &str) -> io::Result<bool> {
        let Some(seen) = self.look(&driver.namespace, &driver.name)? else {
            return Ok(false);
        };
        if seen.holder.uid != uid {
            return Ok(false);
        }
        let folder = self.folder(&driver.namespace, &driver.name);
        let is_over = match (&seen.holder.kind, &seen.driver.phase) {
            (HolderKind::Tombstone, _) | (HolderKind::Driver, DriverPhase::Ended(_)) => true,
            (HolderKind::Driver, DriverPhase::Running { .. }) => false,
            (HolderKind::Driver, DriverPhase::Waiting { .. } | DriverPhase::Unseen) => {
                folder.forbid_start()?
            }
        };
        if is_over {
            folder.remove()?;
        } else {
            folder.terminate(self.settings.grace_period, &self.launcher.boot)?;
        }
        Ok(!is_over)
    }

    fn enforce(&self, folder: &Folder) -> io::Result<()> {
        folder.enforce(self.settings.grace_period, &self.launcher.boot)
    }

    /// Starting twice is harmless: the folder lets one in.
    fn start(&self, folder: &Folder) {
        if let Err(error) = self.launcher.start(folder.path()) {
            tracing::warn!(%error, "A driver could not be started; it will be tried again");
        }
    }

    /// What `record`, found in `folder`, says; `None` where it is not of this installation.
    fn seen(
        &self,
        folder: &Folder,
        namespace: &str,
        name: &str,
        record: &Record,
    ) -> Option<io::Result<Seen>> {
        if record.installation != self.settings.installation {
            return None;
        }
        let job_run = JobRunId::parse(record.job_run.as_str()).ok()?;
        let driver = folder.driver(record, &self.launcher.boot, &self.name);
        Some(driver.map(|driver| Seen {
            job_run,
            attempt: record.attempt,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            holder: record.holder(),
            driver,
        }))
    }

    fn live_drivers(&self) -> io::Result<usize> {
        let mut live = 0;
        for (namespace, name) in self.names()? {
            // One folder that cannot be read holds up no other driver; the watch reports it.
            let seen = self.look(&namespace, &name).ok().flatten();
            live += usize::from(seen.is_some_and(|seen| is_live(&seen)));
        }
        Ok(live)
    }

    /// Namespace and name of each folder.
    fn names(&self) -> io::Result<Vec<(String, String)>> {
        let mut names = Vec::new();
        for namespace in folders(&self.root)? {
            for name in folders(&self.root.join(&namespace))? {
                names.push((namespace.clone(), name));
            }
        }
        Ok(names)
    }

    fn folder(&self, namespace: &str, name: &str) -> Folder {
        Folder::new(self.root.join(namespace).join(name))
    }
}

fn is_unstarted(seen: &Seen) -> bool {
    let waits = matches!(seen.driver.phase, DriverPhase::Waiting { .. });
    waits && seen.holder.kind == HolderKind::Driver
}

fn is_live(seen: &Seen) -> bool {
    let ended = matches!(seen.driver.phase, DriverPhase::Ended(_));
    !ended && seen.holder.kind == HolderKind::Driver
}

/// A Kubernetes namespace's form, which is also safe for a folder.
fn is_namespace(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Names of the folders within `folder`, but for drafts and what is being deleted.
fn folders(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !name.starts_with('.') && entry.file_type()?.is_dir() {
            names.push(name);
        }
    }
    Ok(names)
}

/// Of Firesteel's own environment, what drivers get.
fn environment(names: &[String]) -> BTreeMap<String, String> {
    ["PATH", "HOME", "LANG"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect()
}

fn unreachable(error: io::Error) -> ClusterError {
    ClusterError::Unreachable(error.to_string())
}

fn unanswered(error: io::Error) -> CreateError {
    CreateError::Unanswered(error.to_string())
}

#[cfg(test)]
mod tests;
