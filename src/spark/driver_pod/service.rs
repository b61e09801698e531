//! Spark's `DriverServiceFeatureStep`: where executors find the driver. The compact layout has no
//! Service; its driver advertises the pod's address.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::basic_driver::{self, Port};
use super::{BuildError, Dependent, Draft, Layout, Run, labels};

const IP_FAMILY_POLICY: &str = "spark.kubernetes.driver.service.ipFamilyPolicy";
const IP_FAMILIES: &str = "spark.kubernetes.driver.service.ipFamilies";
const NOT_READY: &str = "spark.kubernetes.driver.service.publishNotReadyAddresses";
const LABEL: &str = "spark.kubernetes.driver.service.label.";
const ANNOTATION: &str = "spark.kubernetes.driver.service.annotation.";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    const BIND_ADDRESS: &str = "spark.driver.bindAddress";
    if run.properties.get(BIND_ADDRESS).is_some() {
        return Err(BuildError::Property {
            key: BIND_ADDRESS.to_owned(),
            expected: "left out: a driver listens on its pod's address",
        });
    }
    let ports = ports(run)?;
    for (port, key) in [
        (&ports[0], "spark.driver.port"),
        (&ports[1], "spark.driver.blockManager.port"),
    ] {
        draft.set_property(key, port.number.to_string());
    }
    draft.properties.remove("spark.driver.host");
    if run.layout == Layout::Classic {
        let host = format!("{}.{}.svc", run.names.service, run.names.namespace);
        draft.set_property("spark.driver.host", host);
        let service = service(run, &ports)?;
        draft.dependents.push(Dependent::Service(service));
    }
    Ok(())
}

/// The container's ports, except that Spark's Service and the driver itself know nothing of
/// `spark.blockManager.port`.
fn ports(run: &Run<'_>) -> Result<Vec<Port>, BuildError> {
    let mut ports = basic_driver::ports(run)?;
    ports[1].number = basic_driver::port(run, &["spark.driver.blockManager.port"], 7079)?;
    Ok(ports)
}

fn service(run: &Run<'_>, ports: &[Port]) -> Result<Service, BuildError> {
    let version = run.version;
    let ports = ports.iter().map(|port| ServicePort {
        name: Some(port.name.to_owned()),
        port: port.number,
        target_port: Some(IntOrString::Int(port.number)),
        app_protocol: (port.name == basic_driver::CONNECT_PORT && version.names_connect_protocol())
            .then(|| "grpc".to_owned()),
        ..ServicePort::default()
    });
    let mut spec = ServiceSpec {
        cluster_ip: Some("None".to_owned()),
        ports: Some(ports.collect()),
        selector: Some(basic_driver::pod_labels(run)?),
        ..ServiceSpec::default()
    };
    if version.shapes_service() {
        spec.ip_family_policy = Some(one_of(
            run,
            IP_FAMILY_POLICY,
            &["SingleStack", "PreferDualStack", "RequireDualStack"],
            "SingleStack, PreferDualStack or RequireDualStack",
        )?);
        let families = one_of(
            run,
            IP_FAMILIES,
            &["IPv4", "IPv6", "IPv4,IPv6", "IPv6,IPv4"],
            "IPv4, IPv6, or both with a comma",
        )?;
        spec.ip_families = Some(families.split(',').map(str::to_owned).collect());
    }
    if version.publishes_not_ready() {
        spec.publish_not_ready_addresses = Some(run.properties.flag(NOT_READY)?);
    }
    let annotations = map(run.properties.under(ANNOTATION));
    let has_annotations = !annotations.is_empty() || version.writes_empty_maps();
    Ok(Service {
        metadata: ObjectMeta {
            name: Some(run.names.service.clone()),
            labels: Some(service_labels(run)),
            annotations: has_annotations.then_some(annotations),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    })
}

fn service_labels(run: &Run<'_>) -> BTreeMap<String, String> {
    let app_id = (labels::SPARK_APP_ID.to_owned(), run.plan.app_id.clone());
    let mut labels = BTreeMap::from([app_id]);
    if run.version.shapes_service() {
        labels.extend(map(run.properties.under(LABEL)));
    }
    labels
}

fn map<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    entries
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The property's value, or the first of those it may have.
fn one_of(
    run: &Run<'_>,
    key: &str,
    allowed: &[&str],
    expected: &'static str,
) -> Result<String, BuildError> {
    match run.properties.get(key) {
        None => Ok(allowed[0].to_owned()),
        Some(value) if allowed.contains(&value) => Ok(value.to_owned()),
        Some(_) => Err(BuildError::Property {
            key: key.to_owned(),
            expected,
        }),
    }
}
