//! What a driver leaves behind: its executors, and the helpers that it or Firesteel made and marked
//! with the application's id. Owner references remove them in the end; this does it now.

use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Resource as _;
use kube::api::{DeleteParams, ListParams};
use kube::core::Request as Paths;
use serde::de::IgnoredAny;
use tracing::debug;

use super::client::{Client, Failure};
use super::refusal;
use crate::cluster::{ClusterError, DriverRef};
use crate::spark::labels;

/// Deletes what the attempt's driver made. A right that is missing leaves it to owner references.
pub(super) async fn helpers(
    client: &Client,
    installation: &str,
    driver: &DriverRef,
) -> Result<(), ClusterError> {
    let application = format!("{}={}", labels::SPARK_APP_ID, driver.app_id);
    // Drivers make the others too, and mark them with their application alone.
    let own = format!("{application},{}={installation}", labels::INSTALLATION);
    let executors = format!("{own},{}=executor", labels::SPARK_ROLE);
    let namespace = Some(driver.namespace.as_str());
    for (path, selector) in [
        (Pod::url_path(&(), namespace), &executors),
        (ConfigMap::url_path(&(), namespace), &application),
        (Service::url_path(&(), namespace), &application),
        (
            PersistentVolumeClaim::url_path(&(), namespace),
            &application,
        ),
        (Secret::url_path(&(), namespace), &own),
        (NetworkPolicy::url_path(&(), namespace), &own),
    ] {
        let request = Paths::new(path.as_str()).delete_collection(
            &DeleteParams::background(),
            &ListParams::default().labels(selector),
        );
        match client.call::<IgnoredAny>(request, client.deadline()).await {
            Ok(_) => {}
            Err(Failure::Rejected(no))
                if no.has_reason("Forbidden") || no.has_reason("NotFound") =>
            {
                debug!(
                    path,
                    error = no.message(),
                    "helpers are left to owner references"
                );
            }
            Err(failure) => return Err(refusal::of_request(failure)),
        }
    }
    Ok(())
}
