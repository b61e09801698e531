//! Allowed fields whose values count: what they may say, and the names that are taken.

use serde_json::Value;

use super::{Granted, Policy, matches_any, paths};
use crate::spark::labels::{self, DRIVER_CONTAINER};

pub(super) const HOST_PATH: &str = "the cluster's policy allows no such path of a node";
pub(super) const SUB_PATH: &str = "it would lead out of its volume";

const EXECUTOR_CONTAINER: &str = "spark-kubernetes-executor";

/// Volumes that Spark adds.
const VOLUMES: [&str; 8] = [
    "hadoop-properties",
    "hadoop-secret",
    "kerberos-keytab",
    "krb5-file",
    "kubernetes-credentials",
    "pod-template-volume",
    "spark-conf-volume-driver",
    "spark-conf-volume-exec",
];

/// Folders that Spark mounts.
const FOLDERS: [&str; 2] = ["/opt/spark/conf", "/opt/spark/pod-template"];

/// Containers and volumes of the service's begin with it.
const SERVICES: &str = "emr-container";

/// Those that the kubelet itself counts as safe.
const SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
];

const SE_LINUX_TYPES: [&str; 4] = [
    "container_engine_t",
    "container_init_t",
    "container_kvm_t",
    "container_t",
];

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Of a pod and of a container, before Kubernetes 1.27.
const SECCOMP: [&str; 2] = [
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/",
];

/// Else a cancelled run could go on for as long as it likes, in seconds.
const LONGEST_GRACE: i64 = 600;

/// Whether the policy lists what the field may say.
pub(super) fn is_class(name: &str) -> bool {
    matches!(name, "spec.priorityClassName" | "spec.runtimeClassName")
}

/// Why a field may not have this value, if it may not.
pub(super) fn check(
    policy: &Policy,
    granted: &Granted<'_>,
    name: &str,
    value: &Value,
) -> Option<&'static str> {
    let text = value.as_str().filter(|text| !text.is_empty());
    let is_in = |known: &[&str]| text.is_none_or(|text| known.contains(&text));
    let last = name.rsplit('.').next().unwrap_or_default();
    match name {
        name if is_class(name) => {
            let classes = match name {
                "spec.priorityClassName" => &policy.priority_classes,
                _ => &policy.runtime_classes,
            };
            let allowed = text
                .is_none_or(|class| !class.starts_with("system-") && matches_any(classes, class));
            (!allowed).then_some("the cluster's policy does not list this class")
        }
        "volume.hostPath.path" => {
            let path = text.unwrap_or_default();
            let allowed =
                paths::is_allowed(&policy.host_paths, path) || granted.host_paths.contains(&path);
            (!allowed).then_some(HOST_PATH)
        }
        "container.volumeMounts.subPath" | "container.volumeMounts.subPathExpr" => {
            (!text.is_none_or(paths::stays_below)).then_some(SUB_PATH)
        }
        "container.volumeMounts.mountPropagation" => {
            (text == Some("Bidirectional")).then_some("Bidirectional is not")
        }
        "spec.terminationGracePeriodSeconds" => (value.as_i64() > Some(LONGEST_GRACE))
            .then_some("a run that is cancelled must end within 600 seconds"),
        "container.securityContext.procMount" => {
            (!is_in(&["Default"])).then_some("only Default is")
        }
        "spec.securityContext.sysctls.name" => {
            (!is_in(&SYSCTLS)).then_some("the kernel parameter is not a safe one")
        }
        _ if name.ends_with("Profile.type") && last == "type" => {
            (text == Some("Unconfined")).then_some("Unconfined is not")
        }
        _ if name.ends_with("seLinuxOptions.type") => {
            (!is_in(&SE_LINUX_TYPES)).then_some("the type is not one of containers")
        }
        _ if name.ends_with("seLinuxOptions.user") || name.ends_with("seLinuxOptions.role") => {
            text.map(|_| "the cluster's policy does not allow it")
        }
        _ => match name.strip_prefix("metadata.annotations.") {
            Some(key) => annotation(key, text.unwrap_or_default()),
            None => None,
        },
    }
}

/// Why an annotation may not have this value, if it may not.
pub(super) fn annotation(key: &str, value: &str) -> Option<&'static str> {
    let confines =
        matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
    let is_profile =
        key.starts_with(APP_ARMOR) || SECCOMP.iter().any(|beginning| key.starts_with(beginning));
    (is_profile && !confines).then_some("it takes away what confines a container")
}

/// The first label, annotation, container, volume or folder of a template that is taken.
pub(super) fn reserved_name(pod: &Value) -> Option<(String, &'static str)> {
    for part in ["labels", "annotations"] {
        let marks = pod["metadata"][part].as_object().into_iter().flatten();
        for (key, _) in marks {
            if labels::is_reserved(key) {
                let path = format!("metadata.{part}.{key}");
                return Some((path, "it is set for each pod"));
            }
        }
    }
    let found = of_list(pod, "volumes", |volume| {
        let name = volume["name"].as_str().unwrap_or_default();
        let taken = VOLUMES.contains(&name) || name.starts_with(SERVICES);
        taken.then_some("name")
    });
    found
        .or_else(|| {
            of_list(pod, "initContainers", |container| {
                let name = container["name"].as_str().unwrap_or_default();
                is_spark_container(name).then_some("name")
            })
        })
        .or_else(|| containers(pod))
        .map(|path| (path, "the name or path is taken"))
        .or_else(|| restarting(pod))
        .or_else(|| of_claims(pod))
}

/// A container that no other was to be called like is not the driver's.
pub(super) fn second_driver(pod: &Value) -> Option<(String, &'static str)> {
    let last = pod["spec"]["containers"].as_array().map_or(0, Vec::len);
    let mut index = 0;
    let path = of_list(pod, "containers", |container| {
        index += 1;
        let is_called_so = container["name"].as_str() == Some(DRIVER_CONTAINER);
        (is_called_so && index < last).then_some("name")
    })?;
    Some((path, "the name is that of the Spark container"))
}

/// A container with a restart policy of its own outlives its end, which is the attempt's.
fn restarting(pod: &Value) -> Option<(String, &'static str)> {
    let path = of_list(pod, "containers", |container| {
        let policy = container["restartPolicy"].as_str().unwrap_or_default();
        (!matches!(policy, "" | "Never")).then_some("restartPolicy")
    })?;
    Some((path, "only init containers have one"))
}

/// Claims that the pod makes are marked like pods.
fn of_claims(pod: &Value) -> Option<(String, &'static str)> {
    let path = of_list(pod, "volumes", |volume| {
        let metadata = &volume["ephemeral"]["volumeClaimTemplate"]["metadata"];
        let is_taken = ["labels", "annotations"].iter().any(|part| {
            let marks = metadata[part].as_object().into_iter().flatten();
            marks.into_iter().any(|(key, _)| labels::is_reserved(key))
        });
        is_taken.then_some("ephemeral.volumeClaimTemplate.metadata")
    })?;
    Some((path, "what it sets is set for each pod"))
}

fn containers(pod: &Value) -> Option<String> {
    let is_only = |container: &Value| {
        let containers = pod["spec"]["containers"].as_array();
        let same = |other: &&Value| other["name"] == container["name"];
        containers.is_some_and(|all| all.iter().filter(same).count() == 1)
    };
    of_list(pod, "containers", |container| {
        let name = container["name"].as_str().unwrap_or_default();
        if name.starts_with(SERVICES) || (is_spark_container(name) && !is_only(container)) {
            return Some("name");
        }
        let mounts = container["volumeMounts"].as_array().into_iter().flatten();
        let mut folders = mounts.filter_map(|mount| mount["mountPath"].as_str());
        folders.any(is_taken_folder).then_some("volumeMounts")
    })
}

fn is_spark_container(name: &str) -> bool {
    [DRIVER_CONTAINER, EXECUTOR_CONTAINER].contains(&name) || name.starts_with(SERVICES)
}

fn is_taken_folder(path: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        parts.map(str::to_owned).collect()
    };
    let path = parts(path);
    FOLDERS
        .iter()
        .any(|folder| path.starts_with(&parts(folder)))
}

fn of_list(
    pod: &Value,
    list: &str,
    mut breach: impl FnMut(&Value) -> Option<&'static str>,
) -> Option<String> {
    let elements = pod["spec"][list].as_array().into_iter().flatten();
    elements.enumerate().find_map(|(index, element)| {
        breach(element).map(|member| format!("spec.{list}[{index}].{member}"))
    })
}
