//! What DescribeVirtualCluster has no member for. It is Firesteel's own, and whoever may describe a
//! virtual cluster may read it.

use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{authorized, unknown, view};
use crate::domain::account::Caller;
use crate::http::Shared;
use crate::http::own;
use crate::http::request::Answer;
use crate::wire::{self, ApiError, PathParams};

/// A virtual cluster, and why it is as it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct VirtualClusterStory {
    /// As DescribeVirtualCluster shows it.
    virtual_cluster: wire::VirtualCluster,
    /// Why it is ARRESTED, for a person to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state_details: Option<String>,
}

#[utoipa::path(
    get, path = "/firesteel/v1/virtualclusters/{virtualClusterId}",
    operation_id = "GetVirtualClusterStory", tag = "Firesteel",
    summary = "Tell why a virtual cluster is as it is",
    description = "Not an operation of Amazon EMR on EKS. It takes the right to \
        DescribeVirtualCluster.",
    params(("virtualClusterId" = String, Path)),
    responses((status = 200, description = "Success.", body = VirtualClusterStory)),
)]
pub(in crate::http) async fn get_virtual_cluster_story(
    State(app): State<Shared>,
    caller: Caller,
    request: Request,
) -> Result<Answer<VirtualClusterStory>, ApiError> {
    let path = PathParams::capture(own::VIRTUAL_CLUSTER, request.uri().path())
        .ok_or(ApiError::UnknownOperation)?;
    let id = path.get("virtualClusterId");
    let id = id.ok_or(ApiError::UnknownOperation)?;
    let found = authorized(&app, &caller, "DescribeVirtualCluster", id).await?;
    let found = found.ok_or_else(|| unknown(id))?;
    Ok(Answer(VirtualClusterStory {
        state_details: found.state_details.clone(),
        virtual_cluster: view::one(&app, found).await?,
    }))
}
