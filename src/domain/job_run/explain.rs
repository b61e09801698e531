//! Words for what happened to a run: the cause first, in at most `MAX_CHARS` characters, and what
//! to do where that is known.

mod last_words;

use std::time::Duration;

use jiff::Timestamp;

use super::decide::Node;
use super::fault::{self, Disruption};
use super::{Driver, Evidence, ExecutorTrouble, Exit, Fault, Waiting};
use crate::domain::ids::VirtualClusterId;
use crate::domain::redaction::Redaction;

/// The API's limit on `stateDetails`, in characters.
pub const MAX_CHARS: usize = 256;

/// `text` on one line, without what Spark would redact, cut to `MAX_CHARS`.
pub fn fit(text: &str) -> String {
    fit_in(text, MAX_CHARS)
}

/// `text` on one line, without what Spark would redact, cut to `room` characters, of
/// which there is at least one.
pub fn fit_in(text: &str, room: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = Redaction::default().apply(&line);
    if line.chars().count() <= room {
        return line;
    }
    let mut cut: String = line.chars().take(room - 1).collect();
    cut.push('…');
    cut
}

/// A run whose driver ended well.
pub fn completed(started_at: Option<Timestamp>, ended_at: Timestamp) -> String {
    match started_at {
        Some(start) => {
            let seconds = ended_at.duration_since(start).as_secs().max(0);
            format!("JobRun completed successfully. It ran for {seconds} Seconds")
        }
        None => "JobRun completed successfully.".to_owned(),
    }
}

/// A run whose virtual cluster has as many concurrent runs as it may.
pub fn waiting_for_slot(virtual_cluster: &VirtualClusterId, limit: u32) -> String {
    format!(
        "Waiting for one of the {limit} concurrent job runs of virtual cluster {virtual_cluster}."
    )
}

/// A run that a caller cancelled.
pub const CANCELLED: &str = "JobRun CANCELLED successfully.";

/// Whether the end of the driver's log, as far as the kubelet kept it, leaves open what went wrong:
/// a driver says much more after its exception, and its executors' ends are told elsewhere.
pub fn leaves_open(exit: &Exit) -> bool {
    let by_itself = matches!(exit.reason.as_deref(), None | Some("Error"));
    let with_an_error = exit.code.is_some_and(|code| code != 0) && !was_killed(exit);
    let message = exit.message.as_deref().unwrap_or_default();
    let is_told =
        last_words::names_the_end(message) && !last_words::executors(message).are_the_cause;
    by_itself && with_an_error && !is_told
}

/// Exit codes from here on are those of a signal and not the driver's own.
const KILLED: i32 = 128;

/// Whether a signal ended the driver.
pub fn was_killed(exit: &Exit) -> bool {
    exit.code.is_some_and(|code| code >= KILLED)
}

/// A run whose driver ended badly, with what was found where it was asked for.
pub fn failed(exit: &Exit, evidence: Option<&Evidence>) -> String {
    let message = exit.message.as_deref().unwrap_or_default();
    if let Some(reason) = exit.reason.as_deref()
        && let Some(told) = by_the_platform(reason, exit.code, message)
    {
        return fit(&told);
    }
    let how = match (exit.reason.as_deref(), exit.code) {
        (_, Some(code)) => format!("Driver ended with exit code {code}{}.", meaning(code)),
        (Some(reason), None) => format!("Driver ended: {reason}."),
        (None, None) => "Driver ended without an exit code.".to_owned(),
    };
    // What a killed driver said last is no reason.
    if was_killed(exit) && matches!(exit.reason.as_deref(), None | Some("Error")) {
        return fit(&how);
    }
    let log = evidence
        .and_then(|evidence| evidence.log.as_deref())
        .unwrap_or(message);
    let cause = last_words::cause(log);
    let troubles = evidence.map_or(&[][..], |evidence| &evidence.executors);
    let executors = of_executors(log, troubles, cause.as_deref());
    let said = [executors, Some(how), cause];
    let told = said.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if told.contains("java.lang.OutOfMemoryError") {
        return fit(&format!("{} Raise spark.driver.memory.", sentence(&told)));
    }
    fit(&told)
}

/// A run whose driver ended, and neither well nor at Firesteel's word.
pub fn ended(driver: &Driver, exit: &Exit, evidence: Option<&Evidence>) -> String {
    let by_itself = !was_killed(exit) || !matches!(exit.reason.as_deref(), None | Some("Error"));
    let disruption = driver.disruption.as_deref().and_then(Disruption::parse);
    match disruption {
        _ if by_itself => failed(exit, evidence),
        Some(disruption) => fit(&disrupted(disruption, driver.node.clone(), "")),
        None if driver.deleting => deleted(exit),
        None => failed(exit, evidence),
    }
}

/// A driver that was told to end, and not by Firesteel.
pub fn deleted(exit: &Exit) -> String {
    match exit.code {
        Some(code) => fit(&format!(
            "The driver was deleted by someone else. It ended with exit code {code}{}.",
            meaning(code)
        )),
        None => "The driver was deleted by someone else.".to_owned(),
    }
}

/// A driver that is gone and whose end nobody saw; `node` is what is known of its node.
pub fn lost(driver: &Driver, node: Option<&Node>) -> String {
    let disruption = driver.disruption.as_deref().and_then(Disruption::parse);
    let on = driver.node.as_deref();
    fit(&match (disruption, on, node) {
        (Some(disruption), _, _) => format!(
            "{} Its end was not seen.",
            disrupted(disruption, on.map(str::to_owned), "")
        ),
        (None, Some(on), Some(Node::NotReady { since: Some(_) })) => {
            format!("The driver was lost with node {on}, which is not ready; its end was not seen.")
        }
        (None, Some(on), Some(Node::Gone)) => {
            format!("The driver was lost with node {on}, which is gone; its end was not seen.")
        }
        (None, Some(on), Some(Node::Ready { .. })) => format!(
            "The driver was deleted by someone else before its end was seen. Node {on} is ready."
        ),
        (None, Some(on), Some(Node::NotReady { since: None }) | None) => format!(
            "The driver was deleted by someone else, or lost with node {on}, before its end was \
             seen."
        ),
        (None, None, _) => {
            "The driver was deleted by someone else before its start was seen.".to_owned()
        }
    })
}

/// Of a driver that is gone: its pod gave it more time to end than anybody waits.
pub fn not_waited_out(grace: Duration, waited: Duration) -> String {
    format!(
        " It may go on there: of the {} s that it was given to end, {} s were waited for.",
        grace.as_secs(),
        waited.as_secs()
    )
}

/// A driver that waited too long for its start.
pub fn start_timeout(seconds: i64, why: Option<&Waiting>, evidence: Option<&Evidence>) -> String {
    let lead = format!("JobRun timed out: its driver did not start within {seconds} s");
    fit(&match (why, waiting_for(why, evidence)) {
        (Some(why), _) if why.reason == "Unschedulable" => format!(
            "JobRun timed out before spark driver pod started running due to lack of cluster \
             resources. Last event from default-scheduler: FailedScheduling, message: {}",
            why.message.as_deref().unwrap_or("none")
        ),
        (_, Some(words)) => format!("{lead}. {words}"),
        (_, None) => format!("{lead}."),
    })
}

/// A driver whose image cannot be had.
pub fn image_failure(why: &Waiting, evidence: Option<&Evidence>) -> String {
    let why = pull_failure(why, evidence);
    let message = why.message.as_deref().unwrap_or_default();
    let image = message.split('"').nth(1).unwrap_or_default();
    // The kubelet says the same of every layer of its request.
    let cause = message
        .rsplit_once("\": ")
        .map_or(message, |(_, cause)| cause);
    let advice = match fault::of_image_failure(&why) {
        Fault::Platform => "Its registry could not be asked.",
        Fault::Job | Fault::Final => "Check its name and the right to pull it.",
    };
    let [image, cause] = [(" ", image, 120), (": ", cause, 90)].map(|(before, text, chars)| {
        if text.is_empty() {
            String::new()
        } else {
            format!("{before}{}", fit_in(text, chars))
        }
    });
    let what = format!(
        "Driver's image{image} could not be pulled ({}){cause}",
        why.reason
    );
    fit(&format!("{} {advice}", sentence(&what)))
}

/// What is known of a failed pull: kubelets told of the last one in events alone.
pub fn pull_failure(why: &Waiting, evidence: Option<&Evidence>) -> Waiting {
    let message = why.message.as_deref().unwrap_or_default();
    let is_bare = message.is_empty()
        || message.starts_with("Back-off pulling image") && !message.contains("\": ");
    let told = evidence
        .filter(|_| is_bare)
        .and_then(|evidence| {
            let mut events = evidence.pod_events.iter().rev();
            events.find(|event| event.message.starts_with("Failed to pull image"))
        })
        .map(|event| event.message.clone());
    Waiting {
        reason: why.reason.clone(),
        message: told.or_else(|| why.message.clone()),
    }
}

/// What a driver waits for.
pub fn waiting(why: &Waiting) -> String {
    match &why.message {
        Some(message) => format!("{}: {message}", why.reason),
        None => why.reason.clone(),
    }
}

/// What a driver waits for, by its own status or, where that tells nothing, by its events.
pub fn waiting_for(why: Option<&Waiting>, evidence: Option<&Evidence>) -> Option<String> {
    if let Some(why) = why.filter(|why| why.tells()) {
        return Some(waiting(why));
    }
    let event = evidence.and_then(|evidence| evidence.pod_events.last());
    event
        .map(|event| format!("{}: {}", event.reason, event.message))
        .or_else(|| why.map(waiting))
}

/// What keeps the executors of a running driver, those first that have no image.
pub fn hanging_executors(troubles: &[ExecutorTrouble]) -> Option<String> {
    let first = troubles.first()?;
    let why = Waiting {
        reason: first.reason.clone(),
        message: first.message.clone(),
    };
    Some(if first.has_no_image() {
        executors_without_image(&why)
    } else {
        fit(&format!("Executors do not start: {}", waiting(&why)))
    })
}

/// An executor's trouble, for the run's story.
pub fn executor_trouble(executor: &ExecutorTrouble) -> String {
    let code = executor
        .exit_code
        .map(|code| format!(", exit code {code}"))
        .unwrap_or_default();
    let message = executor
        .message
        .as_ref()
        .map(|message| format!(": {message}"))
        .unwrap_or_default();
    format!(
        "Executor {}: {}{code}{message}",
        executor.name, executor.reason
    )
}

/// What Kubernetes, and not the driver's own program, says of an end.
fn by_the_platform(reason: &str, code: Option<i32>, message: &str) -> Option<String> {
    if let Some(disruption) = Disruption::parse(reason) {
        return Some(disrupted(disruption, None, message));
    }
    Some(match reason {
        "OOMKilled" => format!(
            "Driver was killed for using more memory than its limit (OOMKilled{}); raise \
             spark.driver.memory or spark.driver.memoryOverhead.",
            code.map(|code| format!(", exit code {code}"))
                .unwrap_or_default()
        ),
        "Evicted" if fault::short_of_resources(message) => {
            format!("Driver was evicted: its node ran out of resources. {message}")
        }
        "Evicted" => format!(
            "Driver was evicted for using more storage than it may: {} Raise the limit in its pod \
             template.",
            sentence(message)
        ),
        "DeadlineExceeded" => {
            "Driver ran longer than its pod's activeDeadlineSeconds; raise it in \
             the pod template."
                .to_owned()
        }
        "StartError" | "ContainerCannotRun" => {
            let cause = message.rfind("exec: ").map_or(message, |at| &message[at..]);
            let cause = cause.strip_suffix(": unknown").unwrap_or(cause);
            format!(
                "Driver's container could not be started: {} Check the image and its entry point.",
                sentence(cause)
            )
        }
        "Init:Error" => format!("Driver did not start: {}", sentence(message)),
        "ContainerStatusUnknown" => {
            "Driver's container was lost: its node does not know how it ended.".to_owned()
        }
        "Unknown" if fault::lost_by_node(reason, code) => {
            "Driver's container was lost: its node restarted, or its runtime did.".to_owned()
        }
        "NodeShutdown" | "Shutdown" | "Terminated" => {
            "Driver was ended because its node shut down.".to_owned()
        }
        _ if fault::turned_away(reason) => {
            format!("Driver's node did not take it ({reason}): {message}")
        }
        _ => return None,
    })
}

fn disrupted(disruption: Disruption, node: Option<String>, message: &str) -> String {
    let node = node.map_or_else(|| "its node".to_owned(), |node| format!("node {node}"));
    match disruption {
        Disruption::TaintManager => format!(
            "Driver was deleted because {node} was not ready or was tainted \
             (DeletionByTaintManager)."
        ),
        Disruption::EvictionApi => format!(
            "Driver was evicted from {node} by request, as when nodes are drained or scaled down \
             (EvictionByEvictionAPI)."
        ),
        Disruption::Scheduler => "Driver was preempted by a pod of higher priority \
             (PreemptionByScheduler); give it a priority class to keep its place."
            .to_owned(),
        Disruption::Kubelet => format!("Driver was ended by the kubelet of {node}. {message}"),
        Disruption::PodGc => {
            format!("Driver was deleted because {node} is gone (DeletionByPodGC).")
        }
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// The executors' part in their driver's failure, where they have one.
fn of_executors(log: &str, troubles: &[ExecutorTrouble], cause: Option<&str>) -> Option<String> {
    let told = last_words::executors(log);
    let seen = troubles
        .iter()
        .filter(|executor| executor.ran_out_of_memory())
        .count();
    let no_image = troubles.iter().find(|executor| executor.has_no_image());
    let is_cause = told.are_the_cause || cause.is_none();
    if is_cause && told.out_of_memory.max(seen) > 0 {
        let many = match told.out_of_memory.max(seen) {
            1 => "1 executor".to_owned(),
            many => format!("{many} executors"),
        };
        return Some(format!(
            "{many} ran out of memory (OOMKilled, exit code 137 or 52); raise \
             spark.executor.memory or spark.executor.memoryOverhead."
        ));
    }
    // A driver without executors gives up in its own ways.
    let no_image = no_image?;
    let why = Waiting {
        reason: no_image.reason.clone(),
        message: no_image.message.clone(),
    };
    Some(fit_in(&executors_without_image(&why), 150))
}

fn executors_without_image(why: &Waiting) -> String {
    fit(&image_failure(why, None).replacen("Driver's image", "Executors' image", 1))
}

fn meaning(code: i32) -> &'static str {
    match code {
        52 => " (out of memory)",
        101 => " (main class not found)",
        134 => " (aborted)",
        137 => " (killed)",
        139 => " (segmentation fault)",
        143 => " (terminated)",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
