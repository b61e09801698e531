//! Spark's `BasicDriverFeatureStep`: container, ports, environment, resources, labels and the
//! pod's fixed fields.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVarSource, LocalObjectReference, ObjectFieldSelector, ResourceRequirements,
    SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{BuildError, DRIVER_CONTAINER, Draft, Run, labels, memory};

/// The variable that holds the pod's own address.
pub(super) const BIND_ADDRESS: &str = "SPARK_DRIVER_BIND_ADDRESS";

/// The Hadoop user of drivers and executors that run as nobody else: the service's.
const USER: &str = "hadoop";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    container(draft, run)?;
    environment(draft, run);
    draft.container.resources = Some(resources(run)?);
    metadata(draft, run)?;
    pod(draft, run);
    Ok(())
}

fn container(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let container = &mut draft.container;
    container.name = DRIVER_CONTAINER.to_owned();
    container.image = Some(image(run)?);
    container.image_pull_policy = run
        .properties
        .get("spark.kubernetes.container.image.pullPolicy")
        .map(str::to_owned);
    container.ports = Some(ports(run)?);
    // The end of the log becomes the pod's word on why it failed.
    container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    if run.version.at_least(4, 3) {
        let allow = [
            "spark.kubernetes.driver.securityContext.allowPrivilegeEscalation",
            "spark.kubernetes.securityContext.allowPrivilegeEscalation",
        ]
        .into_iter()
        .find_map(|key| run.properties.get(key));
        container.security_context = Some(SecurityContext {
            allow_privilege_escalation: Some(allow == Some("true")),
            ..SecurityContext::default()
        });
    }
    Ok(())
}

fn image(run: &Run<'_>) -> Result<String, BuildError> {
    let image = run
        .properties
        .get("spark.kubernetes.driver.container.image")
        .or_else(|| run.properties.get("spark.kubernetes.container.image"))
        .ok_or(BuildError::NoImage)?;
    Ok(if run.version.at_least(4, 1) {
        image.replace("{{SPARK_VERSION}}", &run.plan.spark_version)
    } else {
        image.to_owned()
    })
}

fn ports(run: &Run<'_>) -> Result<Vec<ContainerPort>, BuildError> {
    let mut ports = vec![
        ("driver-rpc-port", "spark.driver.port", 7078),
        ("blockmanager", "spark.driver.blockManager.port", 7079),
        ("spark-ui", "spark.ui.port", 4040),
    ];
    if run.version.at_least(4, 1) {
        ports.push(("spark-connect", "spark.connect.grpc.binding.port", 15002));
    }
    ports
        .into_iter()
        .map(|(name, key, default)| {
            let port = match run.properties.get(key) {
                None => default,
                Some(text) => text.parse().map_err(|_| BuildError::Property {
                    key: key.to_owned(),
                    expected: "a port",
                })?,
            };
            Ok(ContainerPort {
                name: Some(name.to_owned()),
                container_port: port,
                protocol: Some("TCP".to_owned()),
                ..ContainerPort::default()
            })
        })
        .collect()
}

fn environment(draft: &mut Draft, run: &Run<'_>) {
    draft.set_env("SPARK_USER", run.plan.proxy_user.as_deref().unwrap_or(USER));
    // Before the run's own variables, which may refer to it.
    draft.set_env("SPARK_APPLICATION_ID", &run.plan.app_id);
    for (name, value) in &run.plan.environment {
        draft.set_env(name, value);
    }
    for (name, value) in run.properties.under("spark.kubernetes.driverEnv.") {
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

fn resources(run: &Run<'_>) -> Result<ResourceRequirements, BuildError> {
    let quantity = |text: &str| Quantity(text.to_owned());
    let memory = Quantity(format!("{}Mi", memory::driver_mib(run)?));
    let cores = run
        .properties
        .get("spark.kubernetes.driver.request.cores")
        .or_else(|| run.properties.get("spark.driver.cores"))
        .unwrap_or("1");
    let requests = BTreeMap::from([
        ("cpu".to_owned(), quantity(cores)),
        ("memory".to_owned(), memory.clone()),
    ]);
    let mut limits = BTreeMap::from([("memory".to_owned(), memory)]);
    if let Some(cores) = run.properties.get("spark.kubernetes.driver.limit.cores") {
        limits.insert("cpu".to_owned(), quantity(cores));
    }
    for (key, amount) in run.properties.under("spark.driver.resource.") {
        let Some(resource) = key.strip_suffix(".amount") else {
            continue;
        };
        let vendor_key = format!("spark.driver.resource.{resource}.vendor");
        let vendor = run
            .properties
            .get(&vendor_key)
            .ok_or(BuildError::Property {
                key: vendor_key.clone(),
                expected: "set, such as nvidia.com",
            })?;
        limits.insert(format!("{vendor}/{resource}"), quantity(amount));
    }
    Ok(ResourceRequirements {
        requests: Some(requests),
        limits: Some(limits),
        ..ResourceRequirements::default()
    })
}

fn metadata(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let substitute = |text: &str| {
        text.replace("{{APP_ID}}", &run.plan.app_id)
            .replace("{{EXECUTOR_ID}}", "")
    };
    let mut pod_labels = BTreeMap::from([(labels::APP.0.to_owned(), labels::APP.1.to_owned())]);
    for (key, value) in own(run, "spark.kubernetes.driver.label.")? {
        let value = if run.version.at_least(4, 0) {
            substitute(value)
        } else {
            value.to_owned()
        };
        pod_labels.insert(key.to_owned(), value);
    }
    pod_labels.extend(labels::of_attempt(run.identity, "driver"));
    for (key, value) in [
        (labels::HOLDER, labels::DRIVER),
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
    let annotations = own(run, "spark.kubernetes.driver.annotation.")?
        .into_iter()
        .map(|(key, value)| (key.to_owned(), substitute(value)))
        .collect();

    let metadata = &mut draft.metadata;
    metadata.name = Some(run.identity.name.clone());
    metadata.namespace = Some(run.identity.namespace.clone());
    metadata.labels = Some(pod_labels);
    metadata.annotations = Some(annotations);
    Ok(())
}

/// The labels or annotations under `prefix`, all of which are the run's to set.
fn own<'a>(run: &Run<'a>, prefix: &'a str) -> Result<Vec<(&'a str, &'a str)>, BuildError> {
    let set: Vec<_> = run.properties.under(prefix).collect();
    match set.iter().find(|(key, _)| labels::is_reserved(key)) {
        Some((key, _)) => Err(BuildError::Reserved(format!("{prefix}{key}"))),
        None => Ok(set),
    }
}

fn pod(draft: &mut Draft, run: &Run<'_>) {
    let spec = &mut draft.spec;
    spec.restart_policy = Some("Never".to_owned());
    // Else every Service of the namespace adds variables to the driver's environment.
    spec.enable_service_links = Some(false);

    let node_selector: BTreeMap<_, _> = run
        .properties
        .under("spark.kubernetes.node.selector.")
        .chain(
            run.properties
                .under("spark.kubernetes.driver.node.selector."),
        )
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    spec.node_selector = (!node_selector.is_empty()).then_some(node_selector);

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
    spec.image_pull_secrets = (!pull_secrets.is_empty()).then_some(pull_secrets);

    spec.scheduler_name = run
        .properties
        .get("spark.kubernetes.driver.scheduler.name")
        .or_else(|| run.properties.get("spark.kubernetes.scheduler.name"))
        .map(str::to_owned);
}
