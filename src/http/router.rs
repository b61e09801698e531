//! Every route of the API.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Authenticator;
use super::origins::Origins;
use super::{
    Shared, caller, job_runs, job_templates, layers, managed_endpoints, origins,
    security_configurations, tags, virtual_clusters,
};
use crate::app::App;
use crate::wire::{ApiError, ErrorBody};

/// The API's service.
pub fn api(app: Arc<App>) -> Router {
    let (answered, _) = routes().split_for_parts();
    let origins = Origins::new(&app.config.api.cors_origins);
    answered
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
            virtual_clusters::update_virtual_cluster,
            virtual_clusters::delete_virtual_cluster
        ))
        .routes(routes!(job_runs::start_job_run, job_runs::list_job_runs))
        .routes(routes!(
            job_runs::describe_job_run,
            job_runs::cancel_job_run
        ))
        .routes(routes!(
            job_templates::create_job_template,
            job_templates::list_job_templates
        ))
        .routes(routes!(
            job_templates::describe_job_template,
            job_templates::delete_job_template
        ))
        .routes(routes!(
            security_configurations::create_security_configuration,
            security_configurations::list_security_configurations
        ))
        .routes(routes!(
            security_configurations::describe_security_configuration,
            security_configurations::delete_security_configuration
        ))
        .routes(routes!(
            tags::tag_resource,
            tags::untag_resource,
            tags::list_tags_for_resource
        ))
        // Checked and authorized, and then not supported yet.
        .routes(routes!(
            managed_endpoints::create_managed_endpoint,
            managed_endpoints::list_managed_endpoints
        ))
        .routes(routes!(
            managed_endpoints::describe_managed_endpoint,
            managed_endpoints::delete_managed_endpoint
        ))
        .routes(routes!(
            managed_endpoints::get_managed_endpoint_session_credentials
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
