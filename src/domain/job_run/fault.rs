//! Whose failure the end of a driver is. What only the platform can have caused is the platform's;
//! a limit or a refusal that no other attempt would pass is final; the rest is the job's own.

use super::decide::Node;
use super::{Driver, Exit, Fault, Waiting};

/// Of a driver that ended with anything but success.
pub fn of_exit(exit: &Exit, driver: &Driver) -> Fault {
    let reason = exit.reason.as_deref().unwrap_or_default();
    let message = exit.message.as_deref().unwrap_or_default();
    match reason {
        "DeadlineExceeded" => Fault::Final,
        // Memory is the job's to ask for, whoever else wanted the driver away.
        "OOMKilled" => Fault::Job,
        // Else it used more storage than it had asked for.
        "Evicted" if short_of_resources(message) => Fault::Platform,
        "Evicted" => Fault::Job,
        _ if turned_away(reason) || lost_by_node(reason, exit.code) || disrupts(reason) => {
            Fault::Platform
        }
        _ if is_disrupted(driver) => Fault::Platform,
        _ => Fault::Job,
    }
}

/// Of a driver that is gone and whose end nobody saw; `node` is what is known of its node.
pub fn of_loss(driver: &Driver, node: Option<&Node>) -> Fault {
    if is_disrupted(driver) {
        return Fault::Platform;
    }
    match (&driver.node, node) {
        (Some(_), Some(Node::NotReady { since: Some(_) } | Node::Gone)) => Fault::Platform,
        // Its node can tell of it, or it never had one: somebody deleted it. So it is where the node
        // cannot be read, since Kubernetes gives its reason for what it deletes.
        (Some(_), Some(Node::Ready { .. } | Node::NotReady { since: None }) | None) | (None, _) => {
            Fault::Job
        }
    }
}

/// Of a driver whose image could not be pulled in time.
pub fn of_image_failure(why: &Waiting) -> Fault {
    if matches!(
        why.reason.as_str(),
        "InvalidImageName" | "ErrImageNeverPull"
    ) {
        return Fault::Final;
    }
    let words = why.message.as_deref().unwrap_or_default();
    let words = outside_quotes(words).to_ascii_lowercase();
    let refused = REGISTRY_REFUSES.iter().any(|word| words.contains(word));
    let silent = REGISTRY_IS_DOWN.iter().any(|word| words.contains(word));
    if silent && !refused {
        Fault::Platform
    } else {
        Fault::Final
    }
}

/// A registry's answers that it will give again.
const REGISTRY_REFUSES: [&str; 11] = [
    "not found",
    "manifest unknown",
    "name unknown",
    "does not exist",
    "unauthorized",
    "denied",
    "forbidden",
    "no basic auth credentials",
    "authorization failed",
    "invalid reference format",
    "no match for platform",
];

/// Signs of a registry that cannot be reached or does not do its work now.
const REGISTRY_IS_DOWN: [&str; 23] = [
    "connection refused",
    "connection reset",
    "no route to host",
    "network is unreachable",
    "no such host",
    "server misbehaving",
    "temporary failure in name resolution",
    "timeout",
    "timed out",
    "deadline exceeded",
    "too many requests",
    "toomanyrequests",
    "status code 5",
    "status: 5",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "registryunavailable",
    "eof",
    "tls: ",
    "x509: ",
    "unexpected status",
    "pull qps exceeded",
];

/// Who of the platform ends a pod, as in its `DisruptionTarget` condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disruption {
    TaintManager,
    EvictionApi,
    Scheduler,
    Kubelet,
    PodGc,
}

impl Disruption {
    pub fn parse(reason: &str) -> Option<Self> {
        Some(match reason {
            "DeletionByTaintManager" => Self::TaintManager,
            "EvictionByEvictionAPI" => Self::EvictionApi,
            "PreemptionByScheduler" => Self::Scheduler,
            "TerminationByKubelet" => Self::Kubelet,
            "DeletionByPodGC" => Self::PodGc,
            _ => return None,
        })
    }
}

fn disrupts(reason: &str) -> bool {
    Disruption::parse(reason).is_some()
}

fn is_disrupted(driver: &Driver) -> bool {
    driver.disruption.as_deref().is_some_and(disrupts)
}

/// A kubelet's reasons for not taking a pod, or for ending it with all others.
pub(super) fn turned_away(reason: &str) -> bool {
    refused_by_node(reason)
        || matches!(
            reason,
            "Shutdown" | "Terminated" | "Preempting" | "NodeLost"
        )
}

/// A kubelet's reasons for not taking a pod: none of its containers was started by it.
pub(super) fn refused_by_node(reason: &str) -> bool {
    reason.starts_with("OutOf")
        || matches!(
            reason,
            "NodeAffinity" | "NodeShutdown" | "UnexpectedAdmissionError"
        )
}

/// The node restarted, or its runtime lost the container.
pub(super) fn lost_by_node(reason: &str, code: Option<i32>) -> bool {
    const UNKNOWN_TO_RUNTIME: i32 = 255;
    reason == "ContainerStatusUnknown" || reason == "Unknown" && code == Some(UNKNOWN_TO_RUNTIME)
}

/// An eviction because of the node's need, not because of the pod's own limits.
pub(super) fn short_of_resources(message: &str) -> bool {
    message.contains("The node was low on resource") || message.contains("The node had condition")
}

/// `text` without what stands in double quotes: names that callers chose.
fn outside_quotes(text: &str) -> String {
    text.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use Fault::{Final, Job, Platform};

    fn exit(code: impl Into<Option<i32>>, reason: &str, message: &str) -> Exit {
        Exit {
            code: code.into(),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            message: (!message.is_empty()).then(|| message.to_owned()),
            started_at: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn ends_are_told_apart_by_who_caused_them() {
        let cases = [
            (Job, exit(1, "Error", ""), None),
            (Job, exit(52, "OOMKilled", ""), None),
            (
                Job,
                exit(137, "OOMKilled", ""),
                Some("EvictionByEvictionAPI"),
            ),
            (Job, exit(137, "Error", ""), None),
            (Job, exit(128, "StartError", "no such file"), None),
            (Job, exit(None, "Init:Error", "init container i"), None),
            (Job, exit(None, "", ""), None),
            (
                Job,
                exit(
                    137,
                    "Evicted",
                    "Usage of EmptyDir volume \"d\" exceeds the limit \"1Mi\".",
                ),
                None,
            ),
            (
                Platform,
                exit(137, "Evicted", "The node was low on resource: memory. …"),
                Some("TerminationByKubelet"),
            ),
            (
                Platform,
                exit(None, "Evicted", "The node had condition: [DiskPressure]."),
                None,
            ),
            (Platform, exit(137, "EvictionByEvictionAPI", ""), None),
            (Platform, exit(143, "PreemptionByScheduler", ""), None),
            (
                Platform,
                exit(143, "Error", ""),
                Some("DeletionByTaintManager"),
            ),
            (Job, exit(143, "Error", ""), Some("SomebodyElsesReason")),
            (Platform, exit(None, "OutOfcpu", ""), None),
            (Platform, exit(None, "OutOfmemory", ""), None),
            (Platform, exit(None, "OutOfpods", ""), None),
            (Platform, exit(None, "NodeAffinity", ""), None),
            (Platform, exit(None, "NodeShutdown", ""), None),
            (
                Platform,
                exit(137, "Terminated", "imminent node shutdown"),
                None,
            ),
            (Platform, exit(None, "UnexpectedAdmissionError", ""), None),
            (Platform, exit(137, "ContainerStatusUnknown", ""), None),
            (Platform, exit(255, "Unknown", ""), None),
            (Job, exit(255, "Error", ""), None),
            (Final, exit(137, "DeadlineExceeded", ""), None),
        ];
        for (fault, exit, disruption) in cases {
            let driver = Driver {
                disruption: disruption.map(str::to_owned),
                ..Driver::default()
            };
            assert_eq!(of_exit(&exit, &driver), fault, "{exit:?} {disruption:?}");
        }
    }

    #[test]
    fn a_loss_is_the_platforms_where_its_node_is_lost_too() {
        let ready = Node::Ready {
            since: Timestamp::UNIX_EPOCH,
        };
        let cases = [
            (
                Platform,
                Some("node0"),
                Some(&Node::NotReady {
                    since: Some(Timestamp::UNIX_EPOCH),
                }),
                None,
            ),
            (
                Job,
                Some("node0"),
                Some(&Node::NotReady { since: None }),
                None,
            ),
            (Platform, Some("node0"), Some(&Node::Gone), None),
            (Job, Some("node0"), Some(&ready), None),
            (Job, Some("node0"), None, None),
            (Job, None, None, None),
            (
                Platform,
                Some("node0"),
                Some(&ready),
                Some("DeletionByTaintManager"),
            ),
            (Platform, None, None, Some("DeletionByPodGC")),
        ];
        for (fault, on, node, disruption) in cases {
            let driver = Driver {
                node: on.map(str::to_owned),
                disruption: disruption.map(str::to_owned),
                ..Driver::default()
            };
            assert_eq!(of_loss(&driver, node), fault, "{on:?} {node:?}");
        }
    }

    #[test]
    fn an_image_that_a_registry_refuses_is_not_tried_again() {
        let pull = |text: &str| Waiting {
            reason: "ImagePullBackOff".to_owned(),
            message: Some(format!(
                "Back-off pulling image \"r.example/denied:1\": ErrImagePull: failed to pull and \
                 unpack image \"r.example/denied:1\": {text}"
            )),
        };
        let cases = [
            (
                Platform,
                "dial tcp 127.0.0.1:80: connect: connection refused",
            ),
            (Platform, "dial tcp: lookup r.example: no such host"),
            (Platform, "net/http: TLS handshake timeout"),
            (
                Platform,
                "unexpected status from HEAD request to https://r.example/v2/: 503 Service Unavailable",
            ),
            (Platform, "429 Too Many Requests"),
            (
                Final,
                "failed to resolve reference \"x\": r.example/x:1: not found",
            ),
            (
                Final,
                "pull access denied, repository does not exist or may require authorization",
            ),
            (
                Final,
                "unexpected status from HEAD request to https://r.example/v2/: 401 Unauthorized",
            ),
            (
                Final,
                "unexpected status from HEAD request to https://r.example/v2/: 403 Forbidden",
            ),
            (Final, "no match for platform in manifest"),
            (Final, "something that nobody knows"),
        ];
        for (fault, text) in cases {
            assert_eq!(of_image_failure(&pull(text)), fault, "{text}");
        }
        for reason in ["InvalidImageName", "ErrImageNeverPull"] {
            let why = Waiting {
                reason: reason.to_owned(),
                message: Some("a timeout".to_owned()),
            };
            assert_eq!(of_image_failure(&why), Final);
        }
    }
}
