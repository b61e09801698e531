//! Every route of the API: what this version answers, and what it does not answer yet.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, patch, post};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Authenticator;
use super::origins::Origins;
use super::request::Valid;
use super::{Shared, caller, job_runs, layers, origins, virtual_clusters};
use crate::app::App;
use crate::wire::{
    ApiError, CreateJobTemplateRequest, CreateManagedEndpointRequest,
    CreateSecurityConfigurationRequest, DeleteJobTemplateRequest, DeleteManagedEndpointRequest,
    DeleteSecurityConfigurationRequest, DescribeJobTemplateRequest, DescribeManagedEndpointRequest,
    DescribeSecurityConfigurationRequest, ErrorBody, GetManagedEndpointSessionCredentialsRequest,
    ListJobTemplatesRequest, ListManagedEndpointsRequest, ListSecurityConfigurationsRequest,
    ListTagsForResourceRequest, Request, TagResourceRequest, UntagResourceRequest,
    UpdateVirtualClusterRequest,
};

/// The API's service.
pub fn api(app: Arc<App>) -> Router {
    let (answered, _) = routes().split_for_parts();
    let origins = Origins::new(&app.config.api.cors_origins);
    answered
        .merge(not_yet_answered())
        .fallback(async || ApiError::UnknownOperation)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        // The last is the first that a request meets.
        .layer(from_fn_with_state(
            Authenticator::new(app.clone()),
            caller::authenticate,
        ))
        // What is merged here is for everybody.
        .layer(from_fn_with_state(
            (app.clone(), origins.clone()),
            origins::refuse_web_pages,
        ))
        .layer(CatchPanicLayer::custom(layers::answer_panic))
        .layer(from_fn_with_state(app.clone(), layers::limit_time))
        .layer(from_fn_with_state(origins, origins::share))
        .layer(from_fn(layers::record))
        .with_state(app)
}

/// The description of what this version answers: it falls out of the routes.
pub fn specification() -> OpenApi {
    routes().into_openapi()
}

/// The operations that are answered, with their description.
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(head())
        .routes(routes!(
            virtual_clusters::create_virtual_cluster,
            virtual_clusters::list_virtual_clusters
        ))
        .routes(routes!(
            virtual_clusters::describe_virtual_cluster,
            virtual_clusters::delete_virtual_cluster
        ))
        .routes(routes!(job_runs::start_job_run, job_runs::list_job_runs))
        .routes(routes!(
            job_runs::describe_job_run,
            job_runs::cancel_job_run
        ))
}

/// What the description starts with.
fn head() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "Firesteel: the Amazon EMR on EKS API",
            description = "The operations of emr-containers (2020-10-01) that this version answers.",
            license(name = "Apache-2.0", identifier = "Apache-2.0"),
        ),
        components(schemas(ErrorBody))
    )]
    struct Head;

    Head::openapi()
}

/// The rest of the API model.
fn not_yet_answered() -> Router<Shared> {
    Router::new()
        .route(
            "/virtualclusters/{virtualClusterId}",
            patch(refuse::<UpdateVirtualClusterRequest>),
        )
        .route(
            "/virtualclusters/{virtualClusterId}/endpoints",
            post(refuse::<CreateManagedEndpointRequest>).get(refuse::<ListManagedEndpointsRequest>),
        )
        .route(
            "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}",
            get(refuse::<DescribeManagedEndpointRequest>)
                .delete(refuse::<DeleteManagedEndpointRequest>),
        )
        .route(
            "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}/credentials",
            post(refuse::<GetManagedEndpointSessionCredentialsRequest>),
        )
        .route(
            "/jobtemplates",
            post(refuse::<CreateJobTemplateRequest>).get(refuse::<ListJobTemplatesRequest>),
        )
        .route(
            "/jobtemplates/{templateId}",
            get(refuse::<DescribeJobTemplateRequest>).delete(refuse::<DeleteJobTemplateRequest>),
        )
        .route(
            "/securityconfigurations",
            post(refuse::<CreateSecurityConfigurationRequest>)
                .get(refuse::<ListSecurityConfigurationsRequest>),
        )
        .route(
            "/securityconfigurations/{securityConfigurationId}",
            get(refuse::<DescribeSecurityConfigurationRequest>)
                .delete(refuse::<DeleteSecurityConfigurationRequest>),
        )
        .route(
            "/tags/{resourceArn}",
            get(refuse::<ListTagsForResourceRequest>)
                .post(refuse::<TagResourceRequest>)
                .delete(refuse::<UntagResourceRequest>),
        )
}

async fn refuse<R: Request>(_: Valid<R>) -> ApiError {
    ApiError::Validation(format!("{} is not supported yet.", R::OPERATION.name))
}
