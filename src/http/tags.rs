//! The operations on tags, of whatever an ARN names. A name of something that is not the caller's
//! reads like one of something that does not exist.

use axum::extract::State;

use super::Shared;
use super::request::{Answer, Valid};
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::arn::Resource;
use crate::domain::policy::Access;
use crate::domain::tags::{self, InvalidTags, Tags};
use crate::store::Tagging;
use crate::wire::{self, ApiError};

#[utoipa::path(
    post, path = "/tags/{resourceArn}", operation_id = "TagResource", tag = "Tags",
    request_body = wire::TagResourceRequest,
    responses((status = 200, body = wire::TagResourceResponse)),
)]
pub(super) async fn tag_resource(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::TagResourceRequest>,
) -> Result<Answer<wire::TagResourceResponse>, ApiError> {
    let (arn, new) = (&request.resource_arn, Some(&request.tags));
    let (resource, _) = authorized(&app, &caller, "TagResource", arn, new).await?;
    tags::check(&request.tags)?;
    match app
        .store
        .tag(&caller.account, &resource, &request.tags)
        .await?
    {
        Tagging::Done => Ok(Answer(wire::TagResourceResponse {})),
        Tagging::TooMany => Err(InvalidTags::TooMany.into()),
        Tagging::Unknown => Err(unknown(arn)),
    }
}

#[utoipa::path(
    delete, path = "/tags/{resourceArn}", operation_id = "UntagResource", tag = "Tags",
    responses((status = 200, body = wire::UntagResourceResponse)),
)]
pub(super) async fn untag_resource(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::UntagResourceRequest>,
) -> Result<Answer<wire::UntagResourceResponse>, ApiError> {
    let arn = &request.resource_arn;
    let (resource, _) = authorized(&app, &caller, "UntagResource", arn, None).await?;
    app.store
        .untag(&caller.account, &resource, &request.tag_keys)
        .await?;
    Ok(Answer(wire::UntagResourceResponse {}))
}

#[utoipa::path(
    get, path = "/tags/{resourceArn}", operation_id = "ListTagsForResource", tag = "Tags",
    responses((status = 200, body = wire::ListTagsForResourceResponse)),
)]
pub(super) async fn list_tags_for_resource(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListTagsForResourceRequest>,
) -> Result<Answer<wire::ListTagsForResourceResponse>, ApiError> {
    let arn = &request.resource_arn;
    let (_, tags) = authorized(&app, &caller, "ListTagsForResource", arn, None).await?;
    Ok(Answer(wire::ListTagsForResourceResponse {
        tags: Some(tags),
    }))
}

/// What an ARN names, with its tags; first of all, whether the caller may do this to it.
async fn authorized(
    app: &App,
    caller: &Caller,
    operation: &str,
    arn: &str,
    request_tags: Option<&Tags>,
) -> Result<(Resource, Tags), ApiError> {
    let named = app
        .region
        .parse(arn)
        .filter(|(account, _)| *account == caller.account);
    let found = match named {
        Some((account, resource)) => app
            .store
            .tags(&account, &resource)
            .await?
            .map(|tags| (resource, tags)),
        None => None,
    };
    caller.authorize(&Access {
        operation,
        resource: arn.to_owned(),
        resource_tags: found.as_ref().map(|(_, tags)| tags),
        request_tags,
        ..Access::default()
    })?;
    found.ok_or_else(|| unknown(arn))
}

fn unknown(arn: &str) -> ApiError {
    ApiError::ResourceNotFound(format!("Resource {arn} doesn't exist."))
}
