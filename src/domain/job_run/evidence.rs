//! What a cluster tells, when it is asked, of a driver that failed or does not start. Nothing rests
//! on it but words: evidence may be lost, and a run ends the same without it.

use std::fmt;

use jiff::Timestamp;

use super::{Waiting, explain};
use crate::domain::job_run::event::MAX_NOTES;

/// What was found.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The end of the driver's log; `None` where it cannot be had or is recorded already.
    pub log: Option<String>,
    /// Of the driver's pod, the earliest first.
    pub pod_events: Vec<PodEvent>,
    /// Of executors that still show it.
    pub executors: Vec<ExecutorTrouble>,
}

/// A log may hold secrets and is not printed.
impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("log", &self.log.as_ref().map(|_| "***"))
            .field("pod_events", &self.pod_events)
            .field("executors", &self.executors)
            .finish()
    }
}

/// What Kubernetes said of a pod, such as `FailedMount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodEvent {
    pub reason: String,
    pub message: String,
    /// A warning, not the usual course.
    pub warning: bool,
    pub count: u32,
    /// Last seen.
    pub at: Timestamp,
}

/// Why an executor's container ended or does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorTrouble {
    /// Of its pod.
    pub name: String,
    /// Such as `OOMKilled` or `ImagePullBackOff`.
    pub reason: String,
    pub message: Option<String>,
    pub exit_code: Option<i32>,
}

impl Evidence {
    /// What it tells of the driver's pod and of its executors, for the run's story.
    pub fn told(&self) -> Vec<String> {
        let events = self
            .pod_events
            .iter()
            .map(|event| format!("{}: {}", event.reason, event.message));
        let executors = self.executors.iter().map(explain::executor_trouble);
        events.chain(executors).take(MAX_NOTES).collect()
    }
}

impl ExecutorTrouble {
    /// Its container's limit, or its own heap, was too small.
    pub fn ran_out_of_memory(&self) -> bool {
        const JVM_OUT_OF_MEMORY: i32 = 52;
        self.reason == "OOMKilled" || self.exit_code == Some(JVM_OUT_OF_MEMORY)
    }

    /// Its image cannot be had.
    pub fn has_no_image(&self) -> bool {
        Waiting::IMAGE_FAILURES.contains(&self.reason.as_str())
    }
}
