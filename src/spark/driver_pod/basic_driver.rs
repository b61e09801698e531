//! Spark's `BasicDriverFeatureStep`: container, ports, environment, resources, labels and the
//! pod's fixed fields.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVarSource, LocalObjectReference, ObjectFieldSelector,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{BuildError, DRIVER_CONTAINER, Draft, Run, labels, memory};
use crate::spark::plan::Language;

/// The variable that holds the pod's own address.
pub(super) const BIND_ADDRESS: &str = "SPARK_DRIVER_BIND_ADDRESS";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    container(draft, run)?;
    environment(draft, run);
    resources(draft, run)?;
    metadata(draft, run)?;
    pod(draft, run);
    properties(draft, run);
    Ok(())
}

fn container(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let container = &mut draft.container;
    if container.name.is_empty() {
        container.name = DRIVER_CONTAINER.to_owned();
    }
    container.image = Some(image(run)?);
    let pull_policy = run
        .properties
        .get("spark.kubernetes.container.image.pullPolicy");
    container.image_pull_policy = Some(pull_policy.unwrap_or("IfNotPresent").to_owned());
    let ports = ports(run)?.into_iter().map(|port| ContainerPort {
        name: Some(port.name.to_owned()),
        container_port: port.number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    });
    container.ports.get_or_insert_default().extend(ports);
    if run.version.limits_privileges() {
        let of_driver = "spark.kubernetes.driver.securityContext.allowPrivilegeEscalation";
        let of_all = "spark.kubernetes.securityContext.allowPrivilegeEscalation";
        let key = match run.properties.get(of_driver) {
            Some(_) => of_driver,
            None => of_all,
        };
        let security = container.security_context.get_or_insert_default();
        security.allow_privilege_escalation = Some(run.properties.flag(key)?);
    }
    Ok(())
}

fn image(run: &Run<'_>) -> Result<String, BuildError> {
    let image = run
        .properties
        .get("spark.kubernetes.driver.container.image")
        .or_else(|| run.properties.get("spark.kubernetes.container.image"))
        .ok_or(BuildError::NoImage)?;
    Ok(if run.version.substitutes_in_images() {
        image.replace("{{SPARK_VERSION}}", &run.plan.spark_version)
    } else {
        image.to_owned()
    })
}

pub(super) const CONNECT_PORT: &str = "spark-connect";

/// A port of the driver.
pub(super) struct Port {
    pub name: &'static str,
    pub number: i32,
}

/// The driver's ports, as its container has them.
pub(super) fn ports(run: &Run<'_>) -> Result<Vec<Port>, BuildError> {
    let mut ports = vec![
        ("driver-rpc-port", &["spark.driver.port"][..], 7078),
        (
            "blockmanager",
            &["spark.driver.blockManager.port", "spark.blockManager.port"],
            7079,
        ),
        ("spark-ui", &["spark.ui.port"], 4040),
    ];
    if run.version.has_connect_port() {
        ports.push((CONNECT_PORT, &["spark.connect.grpc.binding.port"], 15002));
    }
    ports
        .into_iter()
        .map(|(name, keys, default)| {
            let number = port(run, keys, default)?;
            Ok(Port { name, number })
        })
        .collect()
}

/// The first of the properties that is set.
pub(super) fn port(run: &Run<'_>, keys: &[&str], default: i32) -> Result<i32, BuildError> {
    let set = keys
        .iter()
        .find_map(|key| Some((*key, run.properties.get(key)?)));
    let Some((key, text)) = set else {
        return Ok(default);
    };
    // Spark asks for a number alone; which ports there are is Kubernetes' to say.
    text.trim().parse().map_err(|_| BuildError::Property {
        key: key.to_owned(),
        expected: "a port",
    })
}

fn environment(draft: &mut Draft, run: &Run<'_>) {
    draft.set_env(
        "SPARK_USER",
        run.plan.proxy_user.as_deref().unwrap_or(run.user),
    );
    draft.set_env("SPARK_APPLICATION_ID", &run.plan.app_id);
    let custom = run
        .properties
        .under_in_sparks_order("spark.kubernetes.driverEnv.");
    for (name, value) in custom {
        draft.set_env(name, value);
    }
    draft.set_env_from(
        BIND_ADDRESS,
        EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: "status.podIP".to_owned(),
            }),
            ..EnvVarSource::default()
        },
    );
}

/// Laid over the template's, which keeps what Spark says nothing of.
fn resources(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let quantity = |text: &str| Quantity(text.to_owned());
    let memory = Quantity(format!("{}Mi", memory::driver_mib(run)?));
    let cores = run
        .properties
        .get("spark.kubernetes.driver.request.cores")
        .or_else(|| run.properties.get("spark.driver.cores"))
        .unwrap_or("1");
    let resources = draft.container.resources.get_or_insert_default();
    let requests = resources.requests.get_or_insert_default();
    requests.insert("cpu".to_owned(), quantity(cores));
    requests.insert("memory".to_owned(), memory.clone());
    let limits = resources.limits.get_or_insert_default();
    limits.insert("memory".to_owned(), memory);
    if let Some(cores) = run.properties.get("spark.kubernetes.driver.limit.cores") {
        limits.insert("cpu".to_owned(), quantity(cores));
    }
    limits.extend(devices(run)?);
    Ok(())
}

const DEVICE: &str = "spark.driver.resource.";

/// What `spark.driver.resource.*` asks for.
fn devices(run: &Run<'_>) -> Result<BTreeMap<String, Quantity>, BuildError> {
    let names: BTreeSet<&str> = run
        .properties
        .under(DEVICE)
        .map(|(key, _)| key.split_once('.').map_or(key, |(name, _)| name))
        .collect();
    let mut devices = BTreeMap::new();
    for name in names {
        let key = format!("{DEVICE}{name}.amount");
        let amount = run.properties.get(&key);
        let amount = amount.ok_or_else(|| BuildError::Missing(key.clone()))?;
        let amount: u32 = amount.trim().parse().map_err(|_| BuildError::Property {
            key,
            expected: "a whole number",
        })?;
        if amount == 0 {
            continue;
        }
        let key = format!("{DEVICE}{name}.vendor");
        let vendor = run.properties.get(&key).ok_or(BuildError::Missing(key))?;
        devices.insert(format!("{vendor}/{name}"), Quantity(amount.to_string()));
    }
    Ok(devices)
}

fn metadata(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let annotations: BTreeMap<_, _> = run
        .properties
        .under("spark.kubernetes.driver.annotation.")
        .map(|(key, value)| (key.to_owned(), substitute(run, value)))
        .collect();
    let metadata = &mut draft.metadata;
    metadata.name = Some(run.names.pod.clone());
    metadata
        .labels
        .get_or_insert_default()
        .extend(pod_labels(run)?);
    add(&mut metadata.annotations, annotations, run);
    Ok(())
}

/// Lays `entries` over `map`, which some versions write even where it is empty.
fn add(
    map: &mut Option<BTreeMap<String, String>>,
    entries: BTreeMap<String, String>,
    run: &Run<'_>,
) {
    if !entries.is_empty() || run.version.writes_empty_maps() {
        map.get_or_insert_default().extend(entries);
    }
}

fn substitute(run: &Run<'_>, text: &str) -> String {
    text.replace("{{APP_ID}}", &run.plan.app_id)
        .replace("{{EXECUTOR_ID}}", "")
}

/// The labels that the run gives its driver, and Spark's own, which no run may set.
pub(super) fn pod_labels(run: &Run<'_>) -> Result<BTreeMap<String, String>, BuildError> {
    const PREFIX: &str = "spark.kubernetes.driver.label.";
    let mut pod_labels = BTreeMap::new();
    for (key, value) in run.properties.under(PREFIX) {
        if labels::is_sparks(key) {
            return Err(BuildError::Reserved(format!("{PREFIX}{key}")));
        }
        let value = if run.version.substitutes_in_labels() {
            substitute(run, value)
        } else {
            value.to_owned()
        };
        pod_labels.insert(key.to_owned(), value);
    }
    for (key, value) in [
        (labels::SPARK_ROLE, "driver"),
        (labels::SPARK_APP_ID, &run.plan.app_id),
        (
            labels::SPARK_APP_NAME,
            &labels::app_name(&run.plan.app_name),
        ),
        (labels::SPARK_VERSION, &run.plan.spark_version),
    ] {
        pod_labels.insert(key.to_owned(), value.to_owned());
    }
    Ok(pod_labels)
}

fn pod(draft: &mut Draft, run: &Run<'_>) {
    let spec = &mut draft.spec;
    spec.restart_policy = Some("Never".to_owned());
    let node_selector: BTreeMap<_, _> = run
        .properties
        .under("spark.kubernetes.node.selector.")
        .chain(
            run.properties
                .under("spark.kubernetes.driver.node.selector."),
        )
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    add(&mut spec.node_selector, node_selector, run);

    let pull_secrets: Vec<_> = run
        .properties
        .get("spark.kubernetes.container.image.pullSecrets")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| LocalObjectReference {
            name: name.to_owned(),
        })
        .collect();
    if !pull_secrets.is_empty() {
        spec.image_pull_secrets
            .get_or_insert_default()
            .extend(pull_secrets);
    }

    let scheduler = run
        .properties
        .get("spark.kubernetes.driver.scheduler.name")
        .or_else(|| run.properties.get("spark.kubernetes.scheduler.name"));
    if let Some(scheduler) = scheduler {
        spec.scheduler_name = Some(scheduler.to_owned());
    }
}

/// What the driver is told of itself.
fn properties(draft: &mut Draft, run: &Run<'_>) {
    let language = run.plan.language;
    for (key, value) in [
        ("spark.app.id", run.plan.app_id.as_str()),
        ("spark.kubernetes.driver.pod.name", &run.names.pod),
        ("spark.kubernetes.submitInDriver", "true"),
        ("spark.kubernetes.resource.type", resource_type(language)),
    ] {
        draft.set_property(key, value);
    }
    // Executors take their share from this one.
    const FACTOR: &str = "spark.kubernetes.memoryOverheadFactor";
    let factor = match run.properties.get(FACTOR) {
        Some(given) => memory::java_double(given),
        None => memory::default_overhead_factor(language).to_owned(),
    };
    draft.set_property(FACTOR, factor);
}

fn resource_type(language: Language) -> &'static str {
    match language {
        Language::Java | Language::Sql => "java",
        Language::Python => "python",
        Language::R => "r",
    }
}
