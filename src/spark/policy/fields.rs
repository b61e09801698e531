//! Which fields of a pod may be set. Fields are called as the allow-list calls them: `container.x` of
//! every container and init container, `volume.x` of every volume, `spec.x` and `metadata.x`. What
//! says nothing (null, false, 0, an empty text, list or object) is no breach.

use serde_json::Value;

use super::{Granted, Policy, values};

/// Fields that may be set, with all below them unless `REFUSED` or `NEVER` says otherwise.
const ALLOWED: [&str; 96] = [
    "apiVersion",
    "kind",
    "metadata.annotations",
    "metadata.generateName",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "spec.activeDeadlineSeconds",
    "spec.affinity",
    "spec.dnsConfig",
    "spec.dnsPolicy",
    "spec.enableServiceLinks",
    "spec.hostAliases",
    "spec.hostUsers",
    "spec.hostname",
    "spec.imagePullSecrets",
    "spec.nodeSelector",
    "spec.os",
    "spec.overhead",
    "spec.preemptionPolicy",
    "spec.priorityClassName",
    "spec.readinessGates",
    "spec.resources.limits",
    "spec.resources.requests",
    "spec.restartPolicy",
    "spec.runtimeClassName",
    "spec.schedulerName",
    "spec.securityContext.appArmorProfile",
    "spec.securityContext.fsGroup",
    "spec.securityContext.fsGroupChangePolicy",
    "spec.securityContext.runAsGroup",
    "spec.securityContext.runAsNonRoot",
    "spec.securityContext.runAsUser",
    "spec.securityContext.seLinuxChangePolicy",
    "spec.securityContext.seLinuxOptions",
    "spec.securityContext.seccompProfile",
    "spec.securityContext.supplementalGroups",
    "spec.securityContext.supplementalGroupsPolicy",
    "spec.securityContext.sysctls",
    "spec.setHostnameAsFQDN",
    "spec.subdomain",
    "spec.terminationGracePeriodSeconds",
    "spec.tolerations",
    "spec.topologySpreadConstraints",
    "container.args",
    "container.command",
    "container.env",
    "container.envFrom",
    "container.image",
    "container.imagePullPolicy",
    "container.lifecycle",
    "container.livenessProbe",
    "container.name",
    "container.ports.containerPort",
    "container.ports.name",
    "container.ports.protocol",
    "container.readinessProbe",
    "container.resizePolicy",
    "container.resources.limits",
    "container.resources.requests",
    "container.restartPolicy",
    "container.securityContext.allowPrivilegeEscalation",
    "container.securityContext.appArmorProfile",
    "container.securityContext.capabilities.drop",
    "container.securityContext.procMount",
    "container.securityContext.readOnlyRootFilesystem",
    "container.securityContext.runAsGroup",
    "container.securityContext.runAsNonRoot",
    "container.securityContext.runAsUser",
    "container.securityContext.seLinuxOptions",
    "container.securityContext.seccompProfile",
    "container.startupProbe",
    "container.stdin",
    "container.stdinOnce",
    "container.terminationMessagePath",
    "container.terminationMessagePolicy",
    "container.tty",
    "container.volumeDevices",
    "container.volumeMounts",
    "container.workingDir",
    "volume.configMap",
    "volume.csi",
    "volume.downwardAPI",
    "volume.emptyDir",
    "volume.ephemeral",
    "volume.hostPath",
    "volume.image",
    "volume.name",
    "volume.nfs",
    "volume.persistentVolumeClaim",
    "volume.projected.defaultMode",
    "volume.projected.sources.clusterTrustBundle",
    "volume.projected.sources.configMap",
    "volume.projected.sources.downwardAPI",
    "volume.projected.sources.secret",
    "volume.secret",
];

/// Fields below an allowed one that an administrator must allow by name: the kubelet would call
/// hosts of the caller's choice.
const REFUSED: [&str; 13] = [
    "container.lifecycle.postStart.httpGet.host",
    "container.lifecycle.postStart.tcpSocket.host",
    "container.lifecycle.preStop.httpGet.host",
    "container.lifecycle.preStop.tcpSocket.host",
    "container.livenessProbe.httpGet.host",
    "container.livenessProbe.tcpSocket.host",
    "container.readinessProbe.httpGet.host",
    "container.readinessProbe.tcpSocket.host",
    "container.startupProbe.httpGet.host",
    "container.startupProbe.tcpSocket.host",
    "container.securityContext.seLinuxOptions.role",
    "container.securityContext.seLinuxOptions.user",
    "spec.securityContext.seLinuxOptions.role",
];

/// Fields that nobody can allow.
const NEVER: [&str; 12] = [
    "container.ports.hostPort",
    "metadata.finalizers",
    "metadata.ownerReferences",
    "spec.automountServiceAccountToken",
    "spec.ephemeralContainers",
    "spec.nodeName",
    "spec.schedulingGates",
    "spec.serviceAccount",
    "spec.serviceAccountName",
    "spec.shareProcessNamespace",
    "volume.projected.sources.podCertificate",
    "volume.projected.sources.serviceAccountToken",
];

/// Whether no administrator can allow the field, itself or as a part of what it names.
pub fn is_never_allowed(field: &str) -> bool {
    NEVER
        .iter()
        .any(|never| is_within(never, field) || is_within(field, never))
}

/// The first breach: where it is, and why it is one.
pub(super) fn check(
    policy: &Policy,
    pod: &Value,
    granted: &Granted<'_>,
) -> Option<(String, &'static str)> {
    let walk = Walk { policy, granted };
    walk.node(pod, &Place::default(), false)
}

/// A node: where it stands in the pod, and what the allow-list calls it.
#[derive(Clone, Default)]
struct Place {
    path: String,
    name: String,
}

struct Walk<'a> {
    policy: &'a Policy,
    granted: &'a Granted<'a>,
}

impl Walk<'_> {
    fn node(&self, value: &Value, at: &Place, inherited: bool) -> Option<(String, &'static str)> {
        let name = at.name.as_str();
        let breach = |why| Some((at.path.clone(), why));
        if NEVER.contains(&name) {
            let is_granted = matches!(name, "spec.serviceAccount" | "spec.serviceAccountName")
                && self.granted.service_account.is_some()
                && value.as_str() == self.granted.service_account;
            let is_set = says_something(value) || name == "spec.automountServiceAccountToken";
            return match is_set && !is_granted && !value.is_null() {
                true => breach("no template may set it"),
                false => None,
            };
        }
        let widened = self.policy.allow_fields.iter().any(|field| field == name);
        let allowed = widened || ALLOWED.contains(&name) || (inherited && !REFUSED.contains(&name));
        // Classes have lists of their own, which hold whatever else is allowed.
        let is_judged = !widened || values::is_class(name);
        if is_judged && let Some(why) = values::check(self.policy, self.granted, name, value) {
            return breach(why);
        }
        if !allowed && !self.leads_to_allowed(name) {
            return match says_something(value) {
                true => breach("the cluster's policy does not allow it"),
                false => None,
            };
        }
        match value {
            Value::Object(members) => members
                .iter()
                .find_map(|(key, value)| self.node(value, &at.member(key), allowed)),
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .find_map(|(index, value)| self.node(value, &at.element(index), allowed)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn leads_to_allowed(&self, name: &str) -> bool {
        let widened = self.policy.allow_fields.iter().map(String::as_str);
        ALLOWED
            .into_iter()
            .chain(widened)
            .any(|allowed| is_within(allowed, name))
            || matches!(name, "container" | "volume")
    }
}

impl Place {
    fn member(&self, key: &str) -> Self {
        let join = |text: &str| match text {
            "" => key.to_owned(),
            text => format!("{text}.{key}"),
        };
        let name = match join(&self.name).as_str() {
            "spec.containers" | "spec.initContainers" => "container".to_owned(),
            "spec.volumes" => "volume".to_owned(),
            name => name.to_owned(),
        };
        Self {
            path: join(&self.path),
            name,
        }
    }

    fn element(&self, index: usize) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            name: self.name.clone(),
        }
    }
}

/// Whether `field` is `whole` or below it; all is below the nameless root.
fn is_within(field: &str, whole: &str) -> bool {
    match field.strip_prefix(whole) {
        Some(rest) => whole.is_empty() || rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
    }
}
