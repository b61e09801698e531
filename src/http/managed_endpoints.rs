//! The operations on managed endpoints: a request is checked and its caller authorized as in the
//! service, and then told that no endpoint is served yet.

use axum::extract::State;

use super::Shared;
use super::request::{Answer, Valid};
use super::virtual_clusters;
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::policy::Access;
use crate::wire::{self, ApiError, Request as _};

#[utoipa::path(
    post, path = "/virtualclusters/{virtualClusterId}/endpoints",
    operation_id = "CreateManagedEndpoint", tag = "Managed endpoints",
    request_body = wire::CreateManagedEndpointRequest,
    responses((status = 200, body = wire::CreateManagedEndpointResponse)),
)]
pub(super) async fn create_managed_endpoint(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::CreateManagedEndpointRequest>,
) -> Result<Answer<wire::CreateManagedEndpointResponse>, ApiError> {
    let operation = wire::CreateManagedEndpointRequest::OPERATION.name;
    let access = Access {
        operation,
        request_tags: request.tags.as_ref(),
        execution_role_arn: Some(&request.execution_role_arn),
        ..Access::default()
    };
    virtual_clusters::authorize(&app, &caller, &request.virtual_cluster_id, access).await?;
    Err(unserved(operation))
}

#[utoipa::path(
    get, path = "/virtualclusters/{virtualClusterId}/endpoints",
    operation_id = "ListManagedEndpoints", tag = "Managed endpoints",
    responses((status = 200, body = wire::ListManagedEndpointsResponse)),
)]
pub(super) async fn list_managed_endpoints(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListManagedEndpointsRequest>,
) -> Result<Answer<wire::ListManagedEndpointsResponse>, ApiError> {
    let operation = wire::ListManagedEndpointsRequest::OPERATION.name;
    let id = &request.virtual_cluster_id;
    virtual_clusters::authorized(&app, &caller, operation, id).await?;
    Err(unserved(operation))
}

#[utoipa::path(
    get, path = "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}",
    operation_id = "DescribeManagedEndpoint", tag = "Managed endpoints",
    responses((status = 200, body = wire::DescribeManagedEndpointResponse)),
)]
pub(super) async fn describe_managed_endpoint(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DescribeManagedEndpointRequest>,
) -> Result<Answer<wire::DescribeManagedEndpointResponse>, ApiError> {
    let operation = wire::DescribeManagedEndpointRequest::OPERATION.name;
    caller.authorize(&Access {
        operation,
        resource: arn(&app, &caller, &request.virtual_cluster_id, &request.id),
        ..Access::default()
    })?;
    Err(unserved(operation))
}

#[utoipa::path(
    delete, path = "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}",
    operation_id = "DeleteManagedEndpoint", tag = "Managed endpoints",
    responses((status = 200, body = wire::DeleteManagedEndpointResponse)),
)]
pub(super) async fn delete_managed_endpoint(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DeleteManagedEndpointRequest>,
) -> Result<Answer<wire::DeleteManagedEndpointResponse>, ApiError> {
    let operation = wire::DeleteManagedEndpointRequest::OPERATION.name;
    caller.authorize(&Access {
        operation,
        resource: arn(&app, &caller, &request.virtual_cluster_id, &request.id),
        ..Access::default()
    })?;
    Err(unserved(operation))
}

#[utoipa::path(
    post, path = "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}/credentials",
    operation_id = "GetManagedEndpointSessionCredentials", tag = "Managed endpoints",
    request_body = wire::GetManagedEndpointSessionCredentialsRequest,
    responses((status = 200, body = wire::GetManagedEndpointSessionCredentialsResponse)),
)]
pub(super) async fn get_managed_endpoint_session_credentials(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::GetManagedEndpointSessionCredentialsRequest>,
) -> Result<Answer<wire::GetManagedEndpointSessionCredentialsResponse>, ApiError> {
    let operation = wire::GetManagedEndpointSessionCredentialsRequest::OPERATION.name;
    // Each may be an id or an ARN that ends in it.
    let cluster = last_part(&request.virtual_cluster_identifier);
    let endpoint = last_part(&request.endpoint_identifier);
    caller.authorize(&Access {
        operation,
        resource: arn(&app, &caller, cluster, endpoint),
        execution_role_arn: Some(&request.execution_role_arn),
        ..Access::default()
    })?;
    Err(unserved(operation))
}

fn unserved(operation: &str) -> ApiError {
    ApiError::Validation(format!("{operation} is not supported yet."))
}

fn arn(app: &App, caller: &Caller, cluster: &str, endpoint: &str) -> String {
    let path = format!("virtualclusters/{cluster}/endpoints/{endpoint}");
    app.region.resource(&caller.account, &path)
}

fn last_part(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or(identifier)
}
