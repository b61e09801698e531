//! Virtual clusters as they are shown.

use std::collections::BTreeMap;

use crate::app::App;
use crate::domain::arn::Region;
use crate::domain::ids::VirtualClusterId;
use crate::domain::virtual_cluster::{SchedulerStatus, VirtualCluster};
use crate::store::StoreError;
use crate::wire;

/// A virtual cluster as it is shown.
pub(super) async fn one(
    app: &App,
    cluster: VirtualCluster,
) -> Result<wire::VirtualCluster, StoreError> {
    let status = status_of(app, std::slice::from_ref(&cluster)).await?;
    Ok(view(cluster, &status, &app.region))
}

/// Virtual clusters as they are shown in a list.
pub(super) async fn all(
    app: &App,
    clusters: Vec<VirtualCluster>,
) -> Result<Vec<wire::VirtualCluster>, StoreError> {
    let status = status_of(app, &clusters).await?;
    let views = clusters
        .into_iter()
        .map(|cluster| view(cluster, &status, &app.region));
    Ok(views.collect())
}

/// Which runs count, by virtual cluster; those without limits are not among them.
type Status = BTreeMap<VirtualClusterId, SchedulerStatus>;

/// The status of those that tell of it: the ones with a configuration.
async fn status_of(app: &App, clusters: &[VirtualCluster]) -> Result<Status, StoreError> {
    let limited: Vec<_> = clusters
        .iter()
        .filter(|cluster| cluster.scheduler.is_some())
        .map(|cluster| cluster.id.to_string())
        .collect();
    if limited.is_empty() {
        return Ok(Status::new());
    }
    app.store.scheduler_status(&limited).await
}

fn view(cluster: VirtualCluster, status: &Status, region: &Region) -> wire::VirtualCluster {
    let status = cluster
        .scheduler
        .map(|_| status.get(&cluster.id).copied().unwrap_or_default());
    wire::VirtualCluster {
        arn: Some(region.virtual_cluster(&cluster.account, &cluster.id)),
        id: Some(cluster.id.to_string()),
        name: Some(cluster.name),
        state: Some(cluster.state.as_str().into()),
        container_provider: Some(wire::ContainerProvider {
            r#type: wire::ContainerProviderType::Eks,
            id: cluster.cluster.to_string(),
            info: Some(wire::ContainerInfo::EksInfo(wire::EksInfo {
                namespace: Some(cluster.namespace),
                node_label: cluster.node_label,
            })),
        }),
        created_at: Some(cluster.created_at.into()),
        tags: Some(cluster.tags),
        security_configuration_id: cluster.security_configuration_id.map(|id| id.to_string()),
        session_enabled: cluster.session_enabled,
        scheduler_configuration: cluster
            .scheduler
            .map(|limits| wire::SchedulerConfiguration {
                max_in_queue_job_runs: limits.max_in_queue_job_runs,
                max_concurrent_job_runs: limits.max_concurrent_job_runs,
            }),
        scheduler_status: status.map(|status| wire::SchedulerStatus {
            current_in_queue_job_runs: Some(status.in_queue),
            current_concurrent_job_runs: Some(status.concurrent),
        }),
    }
}
