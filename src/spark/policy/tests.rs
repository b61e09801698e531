mod properties;

use serde_json::json;

use super::*;

fn property(policy: &Policy, key: &str, value: &str) -> Result<(), Breach> {
    policy.check_properties(&BTreeMap::from([(key.to_owned(), value.to_owned())]))
}

fn template(policy: &Policy, text: &str) -> Result<(), Breach> {
    policy.check_text(Role::Executor, text)
}

fn field(policy: &Policy, text: &str) -> Option<String> {
    let text = match text.contains("spec:") {
        true => text.to_owned(),
        false => format!("{text}\nspec: {{}}"),
    };
    match template(policy, &text) {
        Ok(()) => None,
        Err(Breach::Field { path, .. }) => Some(path),
        Err(other) => panic!("{text}: {other}"),
    }
}

#[test]
fn namespace_and_identity_stay_the_virtual_clusters() {
    let everything = Policy {
        allow_properties: vec!["*".to_owned()],
        ..Policy::default()
    };
    for (key, can_be_allowed) in [
        ("spark.kubernetes.namespace", true),
        (
            "spark.kubernetes.authenticate.driver.serviceAccountName",
            true,
        ),
        (
            "spark.kubernetes.authenticate.executor.serviceAccountName",
            true,
        ),
        ("spark.kubernetes.authenticate.submission.oauthToken", true),
        ("spark.kubernetes.driver.pod.name", true),
        ("spark.app.id", true),
        ("spark.master", true),
        ("spark.submit.deployMode", true),
        ("spark.kubernetes.driver.master", true),
        ("spark.kubernetes.driver.label.spark-app-selector", false),
        ("spark.kubernetes.executor.label.firesteel.dev/run", false),
        ("spark.kubernetes.driver.service.label.spark-role", false),
        ("spark.kubernetes.driver.annotation.firesteel.dev/x", false),
        (
            "spark.kubernetes.executor.volumes.persistentVolumeClaim.a.label.spark-role",
            false,
        ),
        ("spark.firesteel.driver.podtemplate", false),
    ] {
        let breach = property(&Policy::default(), key, "s3cret").unwrap_err();
        assert!(breach.to_string().contains(key));
        assert!(!breach.to_string().contains("s3cret"));
        let widened = property(&everything, key, "s3cret");
        assert_eq!(widened.is_ok(), can_be_allowed, "{key}");
    }
}

#[test]
fn what_callers_need_is_theirs() {
    for (key, value) in [
        ("spark.kubernetes.container.image", "my/image"),
        ("spark.kubernetes.driver.master", "local[*]"),
        ("spark.kubernetes.driver.label.team", "a"),
        (
            "spark.kubernetes.driver.label.emr-containers.amazonaws.com/dynamic.sizing",
            "true",
        ),
        ("spark.kubernetes.driver.podTemplateFile", "s3://b/t.yaml"),
        ("spark.kubernetes.driver.scheduler.name", "volcano"),
        ("spark.kubernetes.driver.secrets.name", "/etc/secrets"),
        ("spark.kubernetes.executor.volumes.nfs.a.options.path", "/x"),
        (
            "spark.kubernetes.executor.volumes.hostPath.a.mount.path",
            "/x",
        ),
        ("spark.driver.extraJavaOptions", "-Da=b"),
        ("spark.executor.instances", "3"),
    ] {
        assert_eq!(property(&Policy::default(), key, value), Ok(()), "{key}");
    }
}

#[test]
fn paths_of_nodes_match_a_pattern_or_are_below_it() {
    let policy = Policy::default();
    for (path, allowed) in [
        ("/mnt", true),
        ("/mnt/", true),
        ("//mnt/./a//b", true),
        ("/data1/x", true),
        ("/data", true),
        ("/local-ssd", true),
        ("/mnt2", false),
        ("/mnt/../etc", false),
        ("/mnt/..", false),
        ("/", false),
        ("", false),
        ("mnt", false),
        ("/x/mnt", false),
        ("/x/data1", false),
        ("/etc", false),
    ] {
        for role in ["driver", "executor"] {
            let key = format!("spark.kubernetes.{role}.volumes.hostPath.a.options.path");
            assert_eq!(property(&policy, &key, path).is_ok(), allowed, "{path}");
        }
        let text = format!("spec: {{volumes: [{{name: a, hostPath: {{path: \"{path}\"}}}}]}}");
        let breach = field(&policy, &text);
        let expected = (!allowed).then(|| "spec.volumes[0].hostPath.path".to_owned());
        assert_eq!(breach, expected, "{path}");
    }
    let none = Policy {
        host_paths: vec![],
        ..Policy::default()
    };
    assert!(
        field(
            &none,
            "spec: {volumes: [{name: a, hostPath: {path: /mnt}}]}"
        )
        .is_some()
    );
    let key = "spark.kubernetes.driver.volumes.hostPath.a.mount.subPath";
    assert!(property(&policy, key, "a/../../b").is_err());
    assert!(property(&policy, key, "a..b/c").is_ok());
    for (pattern, valid) in [("/a*", true), ("/", false), ("/*", false), ("a", false)] {
        assert_eq!(is_host_path_pattern(pattern), valid, "{pattern}");
    }
}

/// Each field, once allowed, and once where nobody can allow it.
#[test]
fn fields_off_the_list_are_refused_by_their_path_until_allowed() {
    for (text, path, name) in [
        (
            "spec: {hostNetwork: true}",
            "spec.hostNetwork",
            "spec.hostNetwork",
        ),
        ("spec: {hostPID: true}", "spec.hostPID", "spec.hostPID"),
        ("spec: {hostIPC: true}", "spec.hostIPC", "spec.hostIPC"),
        ("spec: {priority: 5}", "spec.priority", "spec.priority"),
        (
            "spec: {resourceClaims: [{name: a}]}",
            "spec.resourceClaims",
            "spec.resourceClaims",
        ),
        (
            "spec: {containers: [{name: a}, {name: b, securityContext: {privileged: true}}]}",
            "spec.containers[1].securityContext.privileged",
            "container.securityContext.privileged",
        ),
        (
            "spec: {initContainers: [{name: a, securityContext: {capabilities: {add: [X]}}}]}",
            "spec.initContainers[0].securityContext.capabilities.add",
            "container.securityContext.capabilities.add",
        ),
        (
            "spec: {containers: [{name: a, resources: {claims: [{name: a}]}}]}",
            "spec.containers[0].resources.claims",
            "container.resources.claims",
        ),
        (
            "spec: {containers: [{name: a, livenessProbe: {httpGet: {host: h, port: 1}}}]}",
            "spec.containers[0].livenessProbe.httpGet.host",
            "container.livenessProbe.httpGet.host",
        ),
        (
            "spec: {containers: [{name: a, securityContext: {procMount: Unmasked}}]}",
            "spec.containers[0].securityContext.procMount",
            "container.securityContext.procMount",
        ),
        (
            "spec: {securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}}",
            "spec.securityContext.sysctls[0].name",
            "spec.securityContext.sysctls.name",
        ),
        (
            "spec: {securityContext: {seccompProfile: {type: Unconfined}}}",
            "spec.securityContext.seccompProfile.type",
            "spec.securityContext.seccompProfile.type",
        ),
        (
            "spec: {securityContext: {seLinuxOptions: {user: u}}}",
            "spec.securityContext.seLinuxOptions.user",
            "spec.securityContext.seLinuxOptions.user",
        ),
        (
            "spec: {securityContext: {windowsOptions: {hostProcess: true}}}",
            "spec.securityContext.windowsOptions",
            "spec.securityContext.windowsOptions",
        ),
        (
            "spec: {volumes: [{name: a, iscsi: {iqn: i, lun: 1, targetPortal: t}}]}",
            "spec.volumes[0].iscsi",
            "volume.iscsi",
        ),
    ] {
        assert_eq!(field(&Policy::default(), text).as_deref(), Some(path));
        let widened = Policy {
            allow_fields: vec![name.to_owned()],
            ..Policy::default()
        };
        assert_eq!(field(&widened, text), None, "{text}");
        assert!(!is_never_allowed(name));
    }
}

#[test]
fn nobody_can_allow_some_fields() {
    for (text, path, name) in [
        (
            "metadata: {finalizers: [a]}",
            "metadata.finalizers",
            "metadata.finalizers",
        ),
        (
            "metadata: {ownerReferences: [{apiVersion: v1, kind: Pod, name: a, uid: u}]}",
            "metadata.ownerReferences",
            "metadata.ownerReferences",
        ),
        (
            "spec: {automountServiceAccountToken: false}",
            "spec.automountServiceAccountToken",
            "spec.automountServiceAccountToken",
        ),
        (
            "spec: {serviceAccountName: a}",
            "spec.serviceAccountName",
            "spec.serviceAccountName",
        ),
        (
            "spec: {serviceAccount: a}",
            "spec.serviceAccount",
            "spec.serviceAccount",
        ),
        ("spec: {nodeName: a}", "spec.nodeName", "spec.nodeName"),
        (
            "spec: {shareProcessNamespace: true}",
            "spec.shareProcessNamespace",
            "spec.shareProcessNamespace",
        ),
        (
            "spec: {schedulingGates: [{name: a}]}",
            "spec.schedulingGates",
            "spec.schedulingGates",
        ),
        (
            "spec: {ephemeralContainers: [{name: a}]}",
            "spec.ephemeralContainers",
            "spec.ephemeralContainers",
        ),
        (
            "spec: {containers: [{name: a, ports: [{containerPort: 1, hostPort: 1}]}]}",
            "spec.containers[0].ports[0].hostPort",
            "container.ports.hostPort",
        ),
        (
            "spec: {volumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: t}}]}}]}",
            "spec.volumes[0].projected.sources[0].serviceAccountToken",
            "volume.projected.sources.serviceAccountToken",
        ),
    ] {
        assert!(is_never_allowed(name), "{name}");
        let widened = Policy {
            allow_fields: vec![name.to_owned()],
            ..Policy::default()
        };
        assert_eq!(field(&widened, text).as_deref(), Some(path), "{text}");
    }
    // Nor can it be allowed as a part of a greater whole.
    for whole in [
        "spec",
        "container",
        "container.ports",
        "volume.projected",
        "",
    ] {
        assert!(is_never_allowed(whole), "{whole}");
    }
}

#[test]
fn classes_are_those_that_are_listed_and_never_the_systems() {
    let listed = Policy {
        priority_classes: vec!["team-*".to_owned(), "system-*".to_owned()],
        runtime_classes: vec!["gvisor".to_owned()],
        ..Policy::default()
    };
    let class = |policy, kind: &str, class: &str| {
        field(policy, &format!("spec: {{{kind}: {class}}}")).is_none()
    };
    assert!(class(&listed, "priorityClassName", "team-high"));
    assert!(class(&listed, "runtimeClassName", "gvisor"));
    assert!(!class(&listed, "runtimeClassName", "kata"));
    assert!(!class(&listed, "priorityClassName", "system-node-critical"));
    assert!(!class(&Policy::default(), "priorityClassName", "team-high"));
}

#[test]
fn names_that_are_taken_are_refused() {
    let policy = Policy::default();
    for (text, path) in [
        (
            "metadata: {labels: {spark-role: x}}",
            "metadata.labels.spark-role",
        ),
        (
            "metadata: {annotations: {firesteel.dev/x: x}}",
            "metadata.annotations.firesteel.dev/x",
        ),
        (
            "metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}",
            "metadata.annotations.container.apparmor.security.beta.kubernetes.io/a",
        ),
        (
            "spec: {volumes: [{name: spark-conf-volume-driver, emptyDir: {}}]}",
            "spec.volumes[0].name",
        ),
        (
            "spec: {initContainers: [{name: spark-kubernetes-driver}]}",
            "spec.initContainers[0].name",
        ),
        (
            "spec: {containers: [{name: spark-kubernetes-driver}, {name: spark-kubernetes-driver}]}",
            "spec.containers[0].name",
        ),
        (
            "spec: {containers: [{name: a, volumeMounts: [{name: v, mountPath: /opt//spark/conf/x}]}]}",
            "spec.containers[0].volumeMounts",
        ),
    ] {
        assert_eq!(field(&policy, text).as_deref(), Some(path), "{text}");
    }
}

#[test]
fn values_that_break_what_a_run_rests_on_are_refused() {
    let listed = Policy {
        allow_fields: vec!["spec.priorityClassName".to_owned()],
        ..Policy::default()
    };
    for (text, path) in [
        (
            "spec: {priorityClassName: system-node-critical}",
            "spec.priorityClassName",
        ),
        (
            "spec: {containers: [{name: a, restartPolicy: Always}]}",
            "spec.containers[0].restartPolicy",
        ),
        (
            "spec: {terminationGracePeriodSeconds: 601}",
            "spec.terminationGracePeriodSeconds",
        ),
        (
            "spec: {containers: [{name: a, volumeMounts: [{name: v, mountPath: /x, mountPropagation: Bidirectional}]}]}",
            "spec.containers[0].volumeMounts[0].mountPropagation",
        ),
        (
            "spec: {volumes: [{name: a, ephemeral: {volumeClaimTemplate: {metadata: {labels: {spark-role: x}}, spec: {}}}}]}",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata",
        ),
        (
            "metadata: {annotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined}}",
            "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod",
        ),
    ] {
        assert_eq!(field(&listed, text).as_deref(), Some(path), "{text}");
    }
}

#[test]
fn usual_templates_pass() {
    let text = "
apiVersion: v1
kind: Pod
metadata: {labels: {team: a}, annotations: {prometheus.io/scrape: true}, creationTimestamp: null}
spec:
  hostNetwork: false
  nodeSelector: {disk: ssd}
  tolerations: [{key: spot, operator: Exists}]
  affinity: {nodeAffinity: {}}
  securityContext: {runAsUser: 185, fsGroup: 185, seccompProfile: {type: RuntimeDefault}}
  volumes:
  - {name: spark-local-dir-1, hostPath: {path: /mnt/nvme, type: Directory}}
  - {name: s, secret: {secretName: s}}
  - {name: p, projected: {sources: [{secret: {name: s}}]}}
  - {name: c, csi: {driver: secrets-store.csi.k8s.io}}
  initContainers:
  - {name: init, image: busybox, command: [sh], volumeMounts: [{name: s, mountPath: /s}]}
  - {name: native, image: x, restartPolicy: Always}
  containers:
  - name: spark-kubernetes-executor
    command: [/x]
    ports: [{name: jmx, containerPort: 8090}]
    resources: {limits: {nvidia.com/gpu: 1}}
    securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [], drop: [ALL]}}
    livenessProbe: {tcpSocket: {port: 7078}}
  - {name: side-car, image: x}
status: {}
";
    assert_eq!(template(&Policy::default(), text), Ok(()));
}

#[test]
fn what_properties_give_a_driver_is_no_breach_of_its_template() {
    let pod: Pod = serde_json::from_value(json!({"spec": {
        "serviceAccountName": "spark", "serviceAccount": "spark", "containers": [],
        "volumes": [{"name": "a", "hostPath": {"path": "/opt/x"}}],
    }}))
    .unwrap();
    let policy = Policy::default();
    assert!(policy.check_driver(&pod, &Granted::default()).is_err());
    let granted = Granted {
        service_account: Some("spark"),
        host_paths: vec!["/opt/x"],
    };
    assert_eq!(policy.check_driver(&pod, &granted), Ok(()));
    let other = Granted {
        service_account: Some("other"),
        ..granted
    };
    assert!(policy.check_driver(&pod, &other).is_err());
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a*", "ab", true),
        ("*b", "ab", true),
        ("a*c*e", "abcde", true),
        ("a*a", "a", false),
        ("*", "", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}
