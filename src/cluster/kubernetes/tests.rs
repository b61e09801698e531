mod creation;
mod inquiry;
mod names;
mod parts;
mod requests;
mod server;
mod templates;
mod transport;
mod watching;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::domain::ids::{JobRunId, VirtualClusterId};
use crate::fetch;
use crate::spark::plan::Language;

const INSTALLATION: &str = "installation-1";
const POD: &str = "/api/v1/namespaces/analytics/pods/spark-000000035ee16lm6uri-driver";
const PODS: &str = "/api/v1/namespaces/analytics/pods";

fn settings(request_timeout: Duration) -> Settings {
    Settings {
        id: ClusterId::parse("prod").unwrap(),
        access: Access::InCluster,
        installation: INSTALLATION.to_owned(),
        pod: PodSettings {
            image: Some("spark:{spark_version}".to_owned()),
            ..PodSettings::default()
        },
        fetcher: fetcher(),
        request_timeout,
        relist_every: Duration::from_secs(300),
    }
}

/// It reaches nothing.
fn fetcher() -> Arc<Fetcher> {
    let settings = fetch::Settings {
        max_bytes: 1024,
        ..fetch::Settings::default()
    };
    Arc::new(Fetcher::new(settings, Arc::new(fetch::SystemResolver::default())).unwrap())
}

fn driver() -> DriverRef {
    DriverRef::new(
        "analytics",
        &VirtualClusterId::parse("jk518skp01ys9ka8b0npx9nt0").unwrap(),
        &JobRunId::parse("000000035ee16lm6uri").unwrap(),
        1,
    )
}

fn plan() -> Plan {
    Plan {
        spark_version: "3.5.9".to_owned(),
        app_id: driver().app_id,
        app_name: "report".to_owned(),
        language: Language::Python,
        main_class: None,
        resource: "local:///job.py".to_owned(),
        arguments: vec![],
        proxy_user: None,
        properties: BTreeMap::new(),
        conf_files: BTreeMap::new(),
        environment: BTreeMap::new(),
        start_timeout: None,
        run_timeout: None,
        templates: crate::spark::Templates::default(),
        layout: None,
        service_accounts: None,
        node_label: None,
        warnings: vec![],
    }
}

/// The driver's pod as the API server has it.
fn pod(change: impl FnOnce(&mut Value)) -> Value {
    let mut pod = json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "spark-000000035ee16lm6uri-driver",
            "namespace": "analytics",
            "uid": "uid-1",
            "resourceVersion": "7",
            "creationTimestamp": "2026-11-24T08:00:00Z",
            "labels": {
                "firesteel.dev/installation": INSTALLATION,
                "firesteel.dev/attempt": "1",
                "firesteel.dev/holder": "driver",
                "emr-containers.amazonaws.com/job.id": "000000035ee16lm6uri",
                "emr-containers.amazonaws.com/virtual-cluster-id": "jk518skp01ys9ka8b0npx9nt0",
            },
        },
        "spec": { "containers": [] },
        "status": { "phase": "Pending" },
    });
    change(&mut pod);
    pod
}

fn unchanged(_: &mut Value) {}

/// An answer of the API server that is not a success.
fn status(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    });
    (code, body)
}

fn not_found(kind: &str, name: &str) -> (u16, Value) {
    let (code, mut body) = status(404, "NotFound", &format!("{kind} \"{name}\" not found"));
    body["details"] = json!({ "kind": kind, "name": name });
    (code, body)
}

fn pod_not_found() -> (u16, Value) {
    not_found("pods", &driver().name)
}

fn forbidden(verb: &str, resource: &str) -> (u16, Value) {
    let message = format!(
        "{resource} is forbidden: User \"firesteel\" cannot {verb} resource \"{resource}\" in API \
         group \"\" in the namespace \"analytics\""
    );
    status(403, "Forbidden", &message)
}
