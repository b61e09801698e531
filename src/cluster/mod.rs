//! Where drivers run. Workers know a cluster by this trait alone; what a cluster is stays below it.
//!
//! Every method may be called twice with the same effect as once, by two replicas at a time.

pub mod kubernetes;
pub mod process;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::domain::ids::{AccountId, JobRunId, VirtualClusterId};
use crate::domain::job_run::decide::{Node, Refusal};
use crate::domain::job_run::{Driver, Evidence, ExecutorTrouble, Holder};
use crate::spark::Plan;
use crate::spark::driver_pod::Texts;

/// Which driver is meant: its place and name, and the marks by which it is known as ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverRef {
    pub namespace: String,
    /// `spark-<jobRunId>-driver`, `spark-<jobRunId>-driver-<n>` from the second attempt on.
    pub name: String,
    /// `spark-<jobRunId>`, `spark-<jobRunId>-<n>` from the second attempt on.
    pub app_id: String,
    pub virtual_cluster: VirtualClusterId,
    pub job_run: JobRunId,
    pub attempt: u32,
}

impl DriverRef {
    pub fn new(
        namespace: &str,
        virtual_cluster: &VirtualClusterId,
        job_run: &JobRunId,
        attempt: u32,
    ) -> Self {
        let suffix = if attempt == 1 {
            String::new()
        } else {
            format!("-{attempt}")
        };
        Self {
            namespace: namespace.to_owned(),
            name: format!("spark-{job_run}-driver{suffix}"),
            app_id: format!("spark-{job_run}{suffix}"),
            virtual_cluster: virtual_cluster.clone(),
            job_run: job_run.clone(),
            attempt,
        }
    }
}

/// An object of this installation that holds a driver's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub job_run: JobRunId,
    pub attempt: u32,
    pub namespace: String,
    pub name: String,
    pub holder: Holder,
    pub driver: Driver,
}

/// What a watch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything there is: at the start, after a gap, and from time to time.
    Listed(Vec<Seen>),
    /// An object appeared or changed.
    Changed(Seen),
    /// An object is gone; what was last seen of it comes along.
    Deleted(Seen),
}

/// What a cluster needs to create a driver, besides its plan.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    pub texts: Texts,
    /// What was chosen for the run, for its story.
    pub notes: Vec<String>,
}

/// What a deletion that was asked for came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Nothing is left of the object: the answer says so.
    Gone,
    /// The object goes in its own time, if it is there.
    Asked,
}

/// Why a creation did not give a driver.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateError {
    /// The cluster answered, or nothing was sent: this request created nothing.
    #[error("the driver was not created: {0:?}")]
    Refused(Refusal),
    /// The driver's own object exists since then, and one that it needs was not created.
    #[error("the driver is not complete: {refusal:?}")]
    Incomplete { since: Timestamp, refusal: Refusal },
    /// No answer came: it, or a part of it, may have been created, or may still be.
    #[error("no answer to the driver's creation: {0}")]
    Unanswered(String),
}

/// Why a cluster did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("the cluster does not answer: {0}")]
    Unreachable(String),
    #[error("the cluster asks for patience")]
    Throttled { retry_after: Duration },
    #[error("Firesteel may not do this: {0}")]
    Forbidden(String),
    #[error("the cluster refused: {0}")]
    Refused(String),
}

/// Why a namespace cannot carry a virtual cluster.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NamespaceError {
    #[error("namespace {0} does not exist")]
    Missing(String),
    /// Each right that Firesteel lacks, such as `create pods`.
    #[error("Firesteel lacks rights in it: {}", .0.join(", "))]
    MissingRights(Vec<String>),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// A place that runs drivers.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Whether the cluster answers at all.
    async fn ping(&self) -> Result<(), ClusterError>;

    /// What makes this cluster itself, whatever its address: another identity means another
    /// cluster, whose silence about a driver says nothing.
    async fn identity(&self, namespace: &str) -> Result<String, ClusterError>;

    /// Whether `namespace` exists and Firesteel may do its work there.
    async fn check_namespace(&self, namespace: &str) -> Result<(), NamespaceError>;

    /// Gets what the driver needs before it can be created, such as the templates that its plan
    /// names, with what `account` may reach. Creates no driver, so its refusal leaves nothing
    /// behind.
    async fn prepare(
        &self,
        _account: &AccountId,
        _driver: &DriverRef,
        _plan: &Plan,
    ) -> Result<Prepared, Refusal> {
        Ok(Prepared::default())
    }

    /// How long `prepare` may take.
    fn prepare_timeout(&self) -> Duration {
        Duration::ZERO
    }

    /// Creates the driver under its name, with all that belongs to it. Where the name is held by
    /// the same attempt's driver or tombstone of this installation, answers with that one.
    async fn create(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        prepared: &Prepared,
    ) -> Result<Seen, CreateError>;

    /// Creates what belongs to the driver `seen` and is not there. Whoever finds a driver whose
    /// creation nobody recorded cannot know how far it came.
    async fn complete(
        &self,
        _driver: &DriverRef,
        _plan: &Plan,
        _prepared: &Prepared,
        seen: Seen,
    ) -> Result<Seen, CreateError> {
        Ok(seen)
    }

    /// Whether the driver `seen` may still wait for something that only a prepared creation makes.
    async fn may_lack_parts(
        &self,
        _driver: &DriverRef,
        _seen: &Seen,
    ) -> Result<bool, ClusterError> {
        Ok(false)
    }

    /// Takes the driver's name with an object that never runs. Where the name is held already,
    /// answers with its holder.
    async fn occupy(&self, driver: &DriverRef) -> Result<Seen, CreateError>;

    /// What holds the driver's name at this moment; `None` only where the cluster says that
    /// nothing does.
    async fn look(&self, driver: &DriverRef) -> Result<Option<Seen>, ClusterError>;

    /// The state of a driver's node.
    async fn node(&self, name: &str) -> Result<Node, ClusterError>;

    /// What can be had at once of why the driver failed or does not start.
    async fn inquire(&self, _driver: &DriverRef) -> Evidence {
        Evidence::default()
    }

    /// The executors of a running driver that do not start, as far as it can be had at once; those
    /// first that have no image.
    async fn hanging_executors(&self, _driver: &DriverRef) -> Vec<ExecutorTrouble> {
        Vec::new()
    }

    /// Asks for the graceful deletion of the object of this name and uid, if it is there.
    async fn delete(&self, driver: &DriverRef, uid: &str) -> Result<Deletion, ClusterError>;

    /// Deletes the executors and helpers of the application, as far as they are left.
    async fn sweep(&self, driver: &DriverRef) -> Result<(), ClusterError>;

    /// Sends what happens to this installation's drivers until it fails or `events` is closed.
    /// `namespaces` are those of the live virtual clusters.
    async fn watch(
        &self,
        namespaces: watch::Receiver<Vec<String>>,
        events: mpsc::Sender<Event>,
    ) -> Result<(), ClusterError>;

    /// How long `create`, `complete` and `occupy` may each take until they answer or report none.
    fn request_timeout(&self) -> Duration;

    /// The host that alone can see this cluster's drivers, where there is one.
    fn host(&self) -> Option<String> {
        None
    }
}
