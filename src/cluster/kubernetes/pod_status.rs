//! What a pod says of its driver. The driver's own container is the judge, not the pod's phase:
//! side-cars keep a pod running after its driver ended, and controllers fail pods whose
//! containers may still run. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodCondition, PodStatus,
};

use crate::cluster::{DriverRef, Seen};
use crate::domain::ids::{JobRunId, VirtualClusterId};
use crate::domain::job_run::{
    Driver, DriverPhase, ExecutorTrouble, Exit, Holder, HolderKind, Waiting,
};
use crate::domain::redaction::Redaction;
use crate::spark::labels::{self, DRIVER_CONTAINER};

/// Reads a pod that holds a driver's name, `None` where it does not carry the marks of this
/// installation and of the run and attempt whose name it has.
pub(super) fn seen(pod: &Pod, installation: &str) -> Option<Seen> {
    let metadata = &pod.metadata;
    let marks = metadata.labels.as_ref()?;
    let mark = |key: &str| marks.get(key).map(String::as_str);
    if mark(labels::INSTALLATION) != Some(installation) {
        return None;
    }
    let kind = match mark(labels::HOLDER) {
        Some(labels::DRIVER) => HolderKind::Driver,
        Some(labels::TOMBSTONE) => HolderKind::Tombstone,
        Some(_) | None => return None,
    };
    let driver = DriverRef::new(
        metadata.namespace.as_deref()?,
        &VirtualClusterId::parse(mark(labels::VIRTUAL_CLUSTER)?).ok()?,
        &JobRunId::parse(mark(labels::JOB_RUN)?).ok()?,
        mark(labels::ATTEMPT)?.parse().ok()?,
    );
    if metadata.name.as_deref() != Some(driver.name.as_str()) {
        return None;
    }
    Some(Seen {
        job_run: driver.job_run,
        attempt: driver.attempt,
        namespace: driver.namespace,
        name: driver.name,
        holder: Holder {
            uid: metadata.uid.clone()?,
            created_at: created_at(pod),
            kind,
        },
        driver: read(pod),
    })
}

fn read(pod: &Pod) -> Driver {
    let reading = Reading::of(pod);
    Driver {
        phase: reading.phase(),
        node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        grace_period: grace_period(pod),
        deleting: pod.metadata.deletion_timestamp.is_some(),
        gone_at: None,
        disruption: reading
            .disruption()
            .and_then(|condition| words(condition.reason.as_ref())),
        pod_ended: reading.has_ended(),
    }
}

/// What the pod asks for, or the longer time that who deletes it gives.
fn grace_period(pod: &Pod) -> Option<Duration> {
    let spec = pod.spec.as_ref();
    let own = spec.and_then(|spec| spec.termination_grace_period_seconds);
    let given = pod.metadata.deletion_grace_period_seconds;
    let seconds = own.max(given)?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

fn created_at(pod: &Pod) -> Timestamp {
    pod.metadata
        .creation_timestamp
        .as_ref()
        .map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

/// What counts as a secret in the words of the pod: its run may say more than Spark does.
pub(super) fn redaction(pod: &Pod) -> Redaction {
    let annotations = pod.metadata.annotations.as_ref();
    let own = |key: &str| annotations.and_then(|all| all.get(key)).map(String::as_str);
    Redaction::new(
        own(labels::REDACTION_REGEX),
        own(labels::REDACTION_STRING_REGEX),
    )
}

/// Whether the driver's container has, or had, a log.
pub(super) fn has_started(pod: &Pod) -> bool {
    let state = Reading::of(pod)
        .driver()
        .and_then(|driver| driver.state.as_ref());
    state.is_some_and(|state| state.running.is_some() || state.terminated.is_some())
}

/// Why an executor does not run, or did not end well; `None` where there is no such thing.
pub(super) fn executor_trouble(pod: &Pod) -> Option<ExecutorTrouble> {
    let reading = Reading::of(pod);
    let state = |container: &'static str| {
        let mut all = reading.status?.container_statuses.iter().flatten();
        all.find(|status| status.name == container)?.state.as_ref()
    };
    let state = state(EXECUTOR_CONTAINER);
    let (reason, message, exit_code) =
        if let Some(ended) = state.and_then(|state| state.terminated.as_ref()) {
            let exit = reading.exit(ended);
            // A driver that goes ends its executors.
            if matches!(ended.exit_code, 0 | 143) && reading.pod_reason().is_none() {
                return None;
            }
            (exit.reason?, exit.message, exit.code)
        } else {
            match reading.phase_by(state) {
                DriverPhase::Ended(exit) => (exit.reason?, exit.message, exit.code),
                DriverPhase::Waiting { why, .. } => {
                    let why = why.filter(Waiting::tells)?;
                    (why.reason, why.message, None)
                }
                DriverPhase::Unseen | DriverPhase::Running { .. } => return None,
            }
        };
    Some(ExecutorTrouble {
        name: pod.metadata.name.clone()?,
        reason,
        message: message.map(|text| last_line(&text)),
        exit_code,
    })
}

const EXECUTOR_CONTAINER: &str = "spark-kubernetes-executor";

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().to_owned()
}

struct Reading<'a> {
    pod: &'a Pod,
    status: Option<&'a PodStatus>,
    redaction: Redaction,
}

impl<'a> Reading<'a> {
    fn of(pod: &'a Pod) -> Self {
        Self {
            pod,
            status: pod.status.as_ref(),
            redaction: redaction(pod),
        }
    }

    fn phase(&self) -> DriverPhase {
        self.phase_by(self.driver().and_then(|driver| driver.state.as_ref()))
    }

    fn has_ended(&self) -> bool {
        let phase = self.status.and_then(|status| status.phase.as_deref());
        matches!(phase, Some("Succeeded" | "Failed"))
    }

    /// The phase by the state of the container that counts, where it has one.
    fn phase_by(&self, state: Option<&ContainerState>) -> DriverPhase {
        if let Some(terminated) = state.and_then(|state| state.terminated.as_ref()) {
            return DriverPhase::Ended(self.exit(terminated));
        }
        if let Some(running) = state.and_then(|state| state.running.as_ref()) {
            return DriverPhase::Running {
                since: time_of(running.started_at.as_ref()).unwrap_or_else(|| created_at(self.pod)),
            };
        }
        match self.status.and_then(|status| status.phase.as_deref()) {
            Some("Succeeded") => DriverPhase::Ended(self.exit_without_container(Some(0))),
            // The garbage collector fails pods of lost nodes, whose kubelets did not say a word.
            Some("Failed") if !self.is_disrupted_by("DeletionByPodGC") => {
                DriverPhase::Ended(self.exit_without_container(None))
            }
            _ => self.waiting(state),
        }
    }

    fn driver(&self) -> Option<&'a ContainerStatus> {
        self.status?
            .container_statuses
            .iter()
            .flatten()
            .find(|container| container.name == DRIVER_CONTAINER)
    }

    fn exit(&self, terminated: &ContainerStateTerminated) -> Exit {
        let killed_by = self
            .pod_reason()
            .filter(|_| terminated.exit_code != 0)
            .filter(|_| terminated.reason.as_deref() != Some("OOMKilled"));
        let (reason, message) = match killed_by {
            Some((reason, message)) => (Some(reason), message),
            None => (terminated.reason.clone(), None),
        };
        Exit {
            code: Some(terminated.exit_code),
            reason,
            message: message.or_else(|| self.message(terminated.message.as_ref())),
            started_at: time_of(terminated.started_at.as_ref()),
            at: time_of(terminated.finished_at.as_ref()).unwrap_or_else(|| self.last_change()),
        }
    }

    /// The end of a pod whose driver never started, or of which the kubelet kept no word.
    fn exit_without_container(&self, code: Option<i32>) -> Exit {
        let (reason, message) = match (self.pod_reason(), self.failed_init()) {
            (Some((reason, message)), _) => (Some(reason), message),
            (None, Some(why)) => (Some(why.reason), why.message),
            (None, None) => (None, None),
        };
        Exit {
            code,
            reason,
            message,
            started_at: None,
            at: self.last_change(),
        }
    }

    /// Why the whole pod ended: the kubelet's reason (`Evicted`, `DeadlineExceeded`, `OutOfcpu`),
    /// or that of whoever disrupted it.
    fn pod_reason(&self) -> Option<(String, Option<String>)> {
        let status = self.status?;
        match (words(status.reason.as_ref()), self.disruption()) {
            (Some(reason), _) => Some((reason, self.message(status.message.as_ref()))),
            (None, Some(condition)) => Some((
                words(condition.reason.as_ref())?,
                self.message(condition.message.as_ref()),
            )),
            (None, None) => None,
        }
    }

    fn disruption(&self) -> Option<&'a PodCondition> {
        self.condition("DisruptionTarget")
            .filter(|condition| condition.status == "True")
    }

    fn is_disrupted_by(&self, reason: &str) -> bool {
        self.disruption()
            .is_some_and(|condition| condition.reason.as_deref() == Some(reason))
    }

    fn failed_init(&self) -> Option<Waiting> {
        self.inits().find_map(|container| {
            let ended = container.state.as_ref()?.terminated.as_ref()?;
            (ended.exit_code != 0).then(|| Waiting {
                reason: "Init:Error".to_owned(),
                message: Some(in_init(
                    container,
                    &format!(
                        "ended with exit code {}{}",
                        ended.exit_code,
                        self.message(ended.message.as_ref())
                            .map(|text| format!(": {text}"))
                            .unwrap_or_default()
                    ),
                )),
            })
        })
    }

    fn waiting(&self, driver: Option<&ContainerState>) -> DriverPhase {
        let own = driver
            .and_then(|state| state.waiting.as_ref())
            .and_then(|waiting| {
                Some(Waiting {
                    reason: words(waiting.reason.as_ref())?,
                    message: self.message(waiting.message.as_ref()),
                })
            });
        if let Some(why) = self.waiting_init().or(own) {
            return DriverPhase::Waiting {
                since: self.last_preparation(),
                why: Some(why),
            };
        }
        let unscheduled = self
            .condition("PodScheduled")
            .filter(|condition| condition.status == "False");
        DriverPhase::Waiting {
            since: unscheduled
                .and_then(|condition| time_of(condition.last_transition_time.as_ref()))
                .unwrap_or_else(|| self.last_preparation()),
            why: unscheduled.and_then(|condition| {
                Some(Waiting {
                    reason: words(condition.reason.as_ref())?,
                    message: self.message(condition.message.as_ref()),
                })
            }),
        }
    }

    /// The init container that keeps the driver waiting, where it is one's fault or work.
    fn waiting_init(&self) -> Option<Waiting> {
        self.inits().find_map(|container| {
            let state = container.state.as_ref()?;
            if state.running.is_some() && container.started != Some(true) {
                return Some(Waiting {
                    reason: "PodInitializing".to_owned(),
                    message: Some(in_init(container, "is running")),
                });
            }
            let waiting = state.waiting.as_ref()?;
            let reason =
                words(waiting.reason.as_ref()).filter(|reason| reason != "PodInitializing")?;
            let message = self.message(waiting.message.as_ref());
            Some(Waiting {
                reason,
                message: Some(in_init(
                    container,
                    message.as_deref().unwrap_or("is waiting"),
                )),
            })
        })
    }

    fn inits(&self) -> impl Iterator<Item = &'a ContainerStatus> {
        self.status
            .into_iter()
            .flat_map(|status| status.init_container_statuses.iter().flatten())
    }

    /// The kubelet keeps the end of a log, which mostly begins within a line: one whose beginning
    /// is not known may be a secret.
    fn message(&self, text: Option<&String>) -> Option<String> {
        const KEPT_BYTES: usize = 2048;
        let text = words(text)?;
        let whole = match text.split_once('\n') {
            Some((_, rest)) if text.len() >= KEPT_BYTES => rest,
            Some(_) | None => &text,
        };
        Some(self.redaction.apply(whole))
    }

    fn condition(&self, kind: &str) -> Option<&'a PodCondition> {
        self.conditions().find(|condition| condition.type_ == kind)
    }

    fn conditions(&self) -> impl Iterator<Item = &'a PodCondition> {
        self.status
            .into_iter()
            .flat_map(|status| status.conditions.iter().flatten())
    }

    /// When the last step before the container's start was done. It stays the same while an image
    /// is tried again and again, though reasons change.
    fn last_preparation(&self) -> Timestamp {
        self.conditions()
            .filter(|condition| condition.status == "True")
            .filter(|condition| {
                matches!(
                    condition.type_.as_str(),
                    "PodScheduled" | "PodReadyToStartContainers" | "Initialized"
                )
            })
            .filter_map(|condition| time_of(condition.last_transition_time.as_ref()))
            .max()
            .unwrap_or_else(|| created_at(self.pod))
    }

    fn last_change(&self) -> Timestamp {
        self.conditions()
            .filter_map(|condition| time_of(condition.last_transition_time.as_ref()))
            .max()
            .unwrap_or_else(|| created_at(self.pod))
    }
}

fn in_init(container: &ContainerStatus, text: &str) -> String {
    format!("init container {} {text}", container.name)
}

fn words(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// A time that was set: runtimes write the epoch for what never happened.
fn time_of(
    time: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
) -> Option<Timestamp> {
    time.map(|time| time.0)
        .filter(|time| *time > Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
