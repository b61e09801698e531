//! The operations on virtual clusters.

use axum::extract::State;

use super::Shared;
use super::failure::{chain, token_reused};
use super::idempotency::request_hash;
use super::openapi::{Failures, OfVirtualCluster, Paging, Window};
use super::paging::List;
use super::request::{Answer, Valid};
use crate::app::App;
use crate::cluster::{ClusterError, NamespaceError};
use crate::domain::account::Caller;
use crate::domain::arn::Region;
use crate::domain::ids::{ClusterId, VirtualClusterId};
use crate::domain::virtual_cluster as domain;
use crate::store::{CreateVirtualClusterError, Cursor, Deletion, VirtualClusterFilter};
use crate::wire::{self, ApiError};

#[utoipa::path(
    post, path = "/virtualclusters", operation_id = "CreateVirtualCluster", tag = "Virtual clusters",
    request_body = wire::CreateVirtualClusterRequest,
    responses((status = 200, body = wire::CreateVirtualClusterResponse), Failures),
)]
pub(super) async fn create_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::CreateVirtualClusterRequest>,
) -> Result<Answer<wire::CreateVirtualClusterResponse>, ApiError> {
    let hash = request_hash(&request)?;
    let token = &request.client_token;
    let known = app
        .store
        .virtual_cluster_by_token(&caller.account, token, &hash)
        .await?;
    let created = match known {
        Some(created) => created,
        None => {
            let new = new_virtual_cluster(request)?;
            check_place(&app, &caller, &new).await?;
            app.store
                .create_virtual_cluster(&caller, &new, &hash)
                .await?
        }
    };
    Ok(Answer(wire::CreateVirtualClusterResponse {
        arn: Some(app.region.virtual_cluster(&created.account, &created.id)),
        id: Some(created.id.to_string()),
        name: Some(created.name),
    }))
}

#[utoipa::path(
    get, path = "/virtualclusters/{virtualClusterId}", operation_id = "DescribeVirtualCluster",
    tag = "Virtual clusters", params(OfVirtualCluster),
    responses((status = 200, body = wire::DescribeVirtualClusterResponse), Failures),
)]
pub(super) async fn describe_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DescribeVirtualClusterRequest>,
) -> Result<Answer<wire::DescribeVirtualClusterResponse>, ApiError> {
    let found = find(&app, &caller, &request.id).await?;
    Ok(Answer(wire::DescribeVirtualClusterResponse {
        virtual_cluster: Some(view(found, &app.region)),
    }))
}

#[utoipa::path(
    get, path = "/virtualclusters", operation_id = "ListVirtualClusters", tag = "Virtual clusters",
    params(
        (
            "containerProviderId" = Option<String>, Query,
            min_length = 1, max_length = 1024, pattern = r"\S"
        ),
        ("containerProviderType" = Option<wire::ContainerProviderType>, Query),
        ("states" = Option<Vec<wire::VirtualClusterState>>, Query),
        ("eksAccessEntryIntegrated" = Option<bool>, Query),
        Window, Paging,
    ),
    responses((status = 200, body = wire::ListVirtualClustersResponse), Failures),
)]
pub(super) async fn list_virtual_clusters(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListVirtualClustersRequest>,
) -> Result<Answer<wire::ListVirtualClustersResponse>, ApiError> {
    let (max, token) = (request.max_results, request.next_token.as_deref());
    let list = List::of(&app, &caller, "ListVirtualClusters", max, token)?;
    // No cluster here is joined to EKS by an access entry.
    let found = if request.eks_access_entry_integrated == Some(true) {
        Vec::new()
    } else {
        let filter = filter(request);
        app.store
            .list_virtual_clusters(&caller.account, &filter, list.page())
            .await?
    };
    let (found, next_token) = list.cut(found, |entry| Cursor {
        created_at: entry.created_at,
        id: entry.id.to_string(),
    })?;
    let views = found.into_iter().map(|entry| view(entry, &app.region));
    Ok(Answer(wire::ListVirtualClustersResponse {
        virtual_clusters: Some(views.collect()),
        next_token,
    }))
}

#[utoipa::path(
    delete, path = "/virtualclusters/{virtualClusterId}", operation_id = "DeleteVirtualCluster",
    tag = "Virtual clusters", params(OfVirtualCluster),
    responses((status = 200, body = wire::DeleteVirtualClusterResponse), Failures),
)]
pub(super) async fn delete_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DeleteVirtualClusterRequest>,
) -> Result<Answer<wire::DeleteVirtualClusterResponse>, ApiError> {
    let deletion = match VirtualClusterId::parse(request.id.as_str()) {
        Ok(id) => {
            app.store
                .delete_virtual_cluster(&caller.account, &id)
                .await?
        }
        Err(_) => Deletion::Unknown,
    };
    match deletion {
        Deletion::Deleted => Ok(Answer(wire::DeleteVirtualClusterResponse {
            id: Some(request.id),
        })),
        Deletion::Unknown => Err(ApiError::Validation(
            "VirtualCluster does not exist".to_owned(),
        )),
        Deletion::HasLiveRuns(runs) => Err(ApiError::Validation(format!(
            "Virtual cluster {} has active job runs ({runs}). Cancel them, or wait for their end, \
             before it is deleted.",
            request.id
        ))),
    }
}

/// The caller's virtual cluster of this id, or that there is none.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<domain::VirtualCluster, ApiError> {
    let found = match VirtualClusterId::parse(id) {
        Ok(id) => app.store.virtual_cluster(&caller.account, &id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| ApiError::ResourceNotFound(format!("Virtual cluster {id} doesn't exist.")))
}

/// Whether the caller may have this namespace of this cluster, and the cluster has it to give.
async fn check_place(
    app: &App,
    caller: &Caller,
    new: &domain::NewVirtualCluster,
) -> Result<(), ApiError> {
    let (id, namespace) = (&new.cluster, &new.namespace);
    let cluster = app
        .clusters
        .granted(id, &caller.account, namespace)
        .ok_or_else(|| unknown_place(id.as_str(), namespace))?;
    let Err(error) = cluster.check_namespace(namespace).await else {
        return Ok(());
    };
    tracing::warn!(
        cluster.id = %id, error = chain(&error),
        "Namespace {namespace} of cluster {id} cannot carry a virtual cluster"
    );
    Err(match error {
        NamespaceError::Missing(_) => ApiError::Validation(format!(
            "Namespace {namespace} of cluster {id} does not exist."
        )),
        NamespaceError::MissingRights(rights) => ApiError::Validation(format!(
            "Cluster {id} does not have sufficient permissions. Firesteel may not do this in \
             namespace {namespace}: {}.",
            rights.join(", ")
        )),
        // Airflow waits and tries again on these words alone.
        NamespaceError::Cluster(ClusterError::Unreachable(_)) => ApiError::Validation(format!(
            "Cluster {id} is not reachable as its connection is currently being updated."
        )),
        NamespaceError::Cluster(ClusterError::Throttled { .. }) => {
            ApiError::EksRequestThrottled(format!("Cluster {id} asks for fewer requests."))
        }
        NamespaceError::Cluster(ClusterError::Forbidden(_)) => ApiError::Validation(format!(
            "Cluster {id} does not have sufficient permissions."
        )),
        NamespaceError::Cluster(ClusterError::Refused(_)) => ApiError::Validation(format!(
            "Cluster {id} refused the look at namespace {namespace}."
        )),
    })
}

/// One text whether the cluster is not there, or the account may not use it, or not this
/// namespace: a caller learns nothing about what is other people's.
fn unknown_place(cluster: &str, namespace: &str) -> ApiError {
    ApiError::Validation(format!(
        "Container provider {cluster} with namespace {namespace} is unknown."
    ))
}

impl From<CreateVirtualClusterError> for ApiError {
    fn from(error: CreateVirtualClusterError) -> Self {
        match error {
            CreateVirtualClusterError::NamespaceTaken => {
                Self::Validation("A virtual cluster already exists in the given namespace".into())
            }
            CreateVirtualClusterError::TokenReused => token_reused(),
            CreateVirtualClusterError::Store(error) => error.into(),
        }
    }
}

fn new_virtual_cluster(
    request: wire::CreateVirtualClusterRequest,
) -> Result<domain::NewVirtualCluster, ApiError> {
    refuse_unsupported(&request)?;
    let provider = request.container_provider;
    let wire::ContainerInfo::EksInfo(info) = provider.info.ok_or_else(no_namespace)?;
    let namespace = info.namespace.ok_or_else(no_namespace)?;
    Ok(domain::NewVirtualCluster {
        name: request.name,
        cluster: ClusterId::parse(provider.id.as_str())
            .map_err(|_| unknown_place(&provider.id, &namespace))?,
        namespace,
        node_label: None,
        client_token: request.client_token,
        tags: request.tags.unwrap_or_default(),
        security_configuration_id: None,
        session_enabled: request.session_enabled,
        scheduler: None,
    })
}

fn no_namespace() -> ApiError {
    ApiError::Validation("containerProvider.info.eksInfo with a namespace is required.".to_owned())
}

/// Refuses what would be promised and not kept.
fn refuse_unsupported(request: &wire::CreateVirtualClusterRequest) -> Result<(), ApiError> {
    if let Some(id) = &request.security_configuration_id {
        return Err(ApiError::ResourceNotFound(format!(
            "Security configuration {id} doesn't exist."
        )));
    }
    let limits = request.scheduler_configuration.as_ref();
    let has_limits =
        limits.is_some_and(|limits| *limits != wire::SchedulerConfiguration::default());
    let info = request.container_provider.info.as_ref();
    let has_node_label =
        info.is_some_and(|wire::ContainerInfo::EksInfo(info)| info.node_label.is_some());
    for (member, given) in [
        ("sessionEnabled", request.session_enabled == Some(true)),
        ("schedulerConfiguration", has_limits),
        ("containerProvider.info.eksInfo.nodeLabel", has_node_label),
    ] {
        if given {
            return Err(ApiError::Validation(format!(
                "{member} is not supported yet."
            )));
        }
    }
    Ok(())
}

fn filter(request: wire::ListVirtualClustersRequest) -> VirtualClusterFilter {
    let states = request.states.unwrap_or_default();
    VirtualClusterFilter {
        cluster: request.container_provider_id,
        states: states
            .iter()
            .filter_map(|state| domain::State::parse(state.as_str()))
            .collect(),
        created_after: request.created_after.map(Into::into),
        created_before: request.created_before.map(Into::into),
    }
}

fn view(cluster: domain::VirtualCluster, region: &Region) -> wire::VirtualCluster {
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
        security_configuration_id: cluster.security_configuration_id,
        session_enabled: cluster.session_enabled,
        scheduler_configuration: cluster
            .scheduler
            .map(|limits| wire::SchedulerConfiguration {
                max_in_queue_job_runs: limits.max_in_queue_job_runs,
                max_concurrent_job_runs: limits.max_concurrent_job_runs,
            }),
        scheduler_status: None,
    }
}
