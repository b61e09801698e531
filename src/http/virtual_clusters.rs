//! The operations on virtual clusters.

mod place;
pub(super) mod story;
mod view;

use axum::extract::State;

use super::Shared;
use super::failure::token_reused;
use super::idempotency::request_hash;
use super::paging::List;
use super::request::{Answer, Valid};
use super::security_configurations;
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::ids::{ClusterId, SecurityConfigurationId, VirtualClusterId};
use crate::domain::policy::{self, Access};
use crate::domain::tags;
use crate::domain::virtual_cluster as domain;
use crate::store::{
    CreateVirtualClusterError, Cursor, Deletion, StoreError, UpdateVirtualCluster,
    UpdateVirtualClusterError, VirtualClusterFilter,
};
use crate::wire::{self, ApiError};

#[utoipa::path(
    post, path = "/virtualclusters", operation_id = "CreateVirtualCluster", tag = "Virtual clusters",
    request_body = wire::CreateVirtualClusterRequest,
    responses((status = 200, body = wire::CreateVirtualClusterResponse)),
)]
pub(super) async fn create_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::CreateVirtualClusterRequest>,
) -> Result<Answer<wire::CreateVirtualClusterResponse>, ApiError> {
    caller.authorize(&Access {
        operation: "CreateVirtualCluster",
        resource: policy::ANY.to_owned(),
        request_tags: request.tags.as_ref(),
        ..Access::default()
    })?;
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
            check_security_configuration(&app, &caller, &new).await?;
            place::check(&app, &caller, &new).await?;
            app.store
                .create_virtual_cluster(&caller, &new, &hash)
                .await
                .map_err(|error| not_created(error, &new))?
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
    tag = "Virtual clusters",
    responses((status = 200, body = wire::DescribeVirtualClusterResponse)),
)]
pub(super) async fn describe_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DescribeVirtualClusterRequest>,
) -> Result<Answer<wire::DescribeVirtualClusterResponse>, ApiError> {
    let found = authorized(&app, &caller, "DescribeVirtualCluster", &request.id).await?;
    let found = found.ok_or_else(|| unknown(&request.id))?;
    Ok(Answer(wire::DescribeVirtualClusterResponse {
        virtual_cluster: Some(view::one(&app, found).await?),
    }))
}

#[utoipa::path(
    patch, path = "/virtualclusters/{virtualClusterId}", operation_id = "UpdateVirtualCluster",
    tag = "Virtual clusters",
    request_body = wire::UpdateVirtualClusterRequest,
    responses((status = 200, body = wire::UpdateVirtualClusterResponse)),
)]
pub(super) async fn update_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::UpdateVirtualClusterRequest>,
) -> Result<Answer<wire::UpdateVirtualClusterResponse>, ApiError> {
    let found = authorized(&app, &caller, "UpdateVirtualCluster", &request.id).await?;
    let found = found.ok_or_else(|| unknown(&request.id))?;
    let update = UpdateVirtualCluster {
        caller: &caller,
        id: &found.id,
        scheduler: request.scheduler_configuration.as_ref().map(scheduler),
        client_token: &request.client_token,
        request_hash: &request_hash(&request)?,
    };
    let updated = app.store.update_virtual_cluster(&update).await;
    let updated = updated.map_err(|error| not_updated(error, &found))?;
    // Where a limit was raised, runs that wait for a slot may have one now.
    app.wakes.wake(&updated.cluster);
    Ok(Answer(wire::UpdateVirtualClusterResponse {
        virtual_cluster: Some(view::one(&app, updated).await?),
    }))
}

#[utoipa::path(
    get, path = "/virtualclusters", operation_id = "ListVirtualClusters", tag = "Virtual clusters",
    responses((status = 200, body = wire::ListVirtualClustersResponse)),
)]
pub(super) async fn list_virtual_clusters(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListVirtualClustersRequest>,
) -> Result<Answer<wire::ListVirtualClustersResponse>, ApiError> {
    caller.authorize(&Access {
        operation: "ListVirtualClusters",
        resource: policy::ANY.to_owned(),
        ..Access::default()
    })?;
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
    Ok(Answer(wire::ListVirtualClustersResponse {
        virtual_clusters: Some(view::all(&app, found).await?),
        next_token,
    }))
}

#[utoipa::path(
    delete, path = "/virtualclusters/{virtualClusterId}", operation_id = "DeleteVirtualCluster",
    tag = "Virtual clusters",
    responses((status = 200, body = wire::DeleteVirtualClusterResponse)),
)]
pub(super) async fn delete_virtual_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DeleteVirtualClusterRequest>,
) -> Result<Answer<wire::DeleteVirtualClusterResponse>, ApiError> {
    let deletion = match authorized(&app, &caller, "DeleteVirtualCluster", &request.id).await? {
        Some(found) => {
            app.store
                .delete_virtual_cluster(&caller.account, &found.id)
                .await?
        }
        None => Deletion::Unknown,
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

/// The caller's virtual cluster of this id, where there is one; first of all, whether the caller
/// may do this to it.
pub(super) async fn authorized(
    app: &App,
    caller: &Caller,
    operation: &str,
    id: &str,
) -> Result<Option<domain::VirtualCluster>, ApiError> {
    let access = Access {
        operation,
        ..Access::default()
    };
    authorize(app, caller, id, access).await
}

/// The same, where more is asked of the access than which operation it is.
pub(super) async fn authorize(
    app: &App,
    caller: &Caller,
    id: &str,
    access: Access<'_>,
) -> Result<Option<domain::VirtualCluster>, ApiError> {
    let found = look_up(app, caller, id).await?;
    let path = format!("virtualclusters/{id}");
    caller.authorize(&Access {
        resource: app.region.resource(&caller.account, &path),
        resource_tags: found.as_ref().map(|found| &found.tags),
        ..access
    })?;
    Ok(found)
}

/// The answer where the account has no such virtual cluster.
pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::ResourceNotFound(format!("Virtual cluster {id} doesn't exist."))
}

/// The caller's virtual cluster of this id.
pub(super) async fn look_up(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<Option<domain::VirtualCluster>, StoreError> {
    match VirtualClusterId::parse(id) {
        Ok(id) => app.store.virtual_cluster(&caller.account, &id).await,
        Err(_) => Ok(None),
    }
}

/// Whether the account has the security configuration that a virtual cluster is to have. The store
/// looks again; here it is early enough to spare the cluster a question.
async fn check_security_configuration(
    app: &App,
    caller: &Caller,
    new: &domain::NewVirtualCluster,
) -> Result<(), ApiError> {
    let Some(id) = &new.security_configuration_id else {
        return Ok(());
    };
    let found = app.store.security_configuration(&caller.account, id);
    match found.await? {
        Some(_) => Ok(()),
        None => Err(security_configurations::unknown(id.as_str())),
    }
}

/// The answer where a virtual cluster was not created.
fn not_created(error: CreateVirtualClusterError, new: &domain::NewVirtualCluster) -> ApiError {
    let configuration = new.security_configuration_id.as_ref();
    let configuration = configuration.map_or("", SecurityConfigurationId::as_str);
    match error {
        CreateVirtualClusterError::NamespaceTaken => ApiError::Validation(
            "A virtual cluster already exists in the given namespace".to_owned(),
        ),
        CreateVirtualClusterError::UnknownSecurityConfiguration => {
            security_configurations::unknown(configuration)
        }
        CreateVirtualClusterError::SecurityConfigurationTaken => ApiError::Validation(format!(
            "Security configuration {configuration} belongs to another virtual cluster."
        )),
        CreateVirtualClusterError::TokenReused => token_reused(),
        CreateVirtualClusterError::Store(error) => error.into(),
    }
}

/// The answer where a virtual cluster was not updated.
fn not_updated(error: UpdateVirtualClusterError, found: &domain::VirtualCluster) -> ApiError {
    match error {
        UpdateVirtualClusterError::Unknown => unknown(found.id.as_str()),
        UpdateVirtualClusterError::NotRunning(state) => {
            let why = found.state_details.as_deref();
            let why = why.map(|why| format!(" {why}")).unwrap_or_default();
            ApiError::Validation(format!(
                "Virtual cluster state {state} is not valid to update resource VirtualCluster.{why}"
            ))
        }
        UpdateVirtualClusterError::TokenReused => token_reused(),
        UpdateVirtualClusterError::Store(error) => error.into(),
    }
}

fn new_virtual_cluster(
    request: wire::CreateVirtualClusterRequest,
) -> Result<domain::NewVirtualCluster, ApiError> {
    let tags = request.tags.unwrap_or_default();
    tags::check(&tags)?;
    let provider = request.container_provider;
    let wire::ContainerInfo::EksInfo(info) = provider.info.ok_or_else(no_namespace)?;
    let namespace = info.namespace.ok_or_else(no_namespace)?;
    let security_configuration_id = request
        .security_configuration_id
        .map(|id| {
            SecurityConfigurationId::parse(id.as_str())
                .map_err(|_| security_configurations::unknown(&id))
        })
        .transpose()?;
    Ok(domain::NewVirtualCluster {
        name: request.name,
        cluster: ClusterId::parse(provider.id.as_str())
            .map_err(|_| place::unknown(&provider.id, &namespace))?,
        namespace,
        node_label: info.node_label,
        client_token: request.client_token,
        tags,
        security_configuration_id,
        session_enabled: request.session_enabled,
        scheduler: request
            .scheduler_configuration
            .as_ref()
            .map(scheduler)
            .and_then(domain::SchedulerConfiguration::limiting),
    })
}

fn no_namespace() -> ApiError {
    ApiError::Validation("containerProvider.info.eksInfo with a namespace is required.".to_owned())
}

fn scheduler(limits: &wire::SchedulerConfiguration) -> domain::SchedulerConfiguration {
    domain::SchedulerConfiguration {
        max_in_queue_job_runs: limits.max_in_queue_job_runs,
        max_concurrent_job_runs: limits.max_concurrent_job_runs,
    }
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
