//! Every route of the API.

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Authenticator;
use super::follow::Followers;
use super::origins::Origins;
use super::throttle::{self, Throttle};
use super::{
    Shared, caller, docs, job_runs, job_templates, layers, managed_endpoints, openapi, origins,
    security_configurations, tags, virtual_clusters,
};
use crate::app::App;
use crate::config::InvalidConfig;
use crate::wire::ApiError;

/// The API's service, and its documentation. The settings of throttling may be wrong.
pub fn api(app: Arc<App>) -> Result<Router, InvalidConfig> {
    let (answered, _) = routes().split_for_parts();
    let origins = Origins::new(&app.config.api.cors_origins);
    let mut operations = answered
        .fallback(async || ApiError::UnknownOperation)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        // The last is the first that a request meets.
        .layer(from_fn(layers::refuse_other_methods));
    if let Some(throttle) = Throttle::from_config(&app.config.api.throttling)? {
        operations = operations.layer(from_fn_with_state(Arc::new(throttle), throttle::throttle));
    }
    let operations = operations.layer(Extension(Followers::new(app.clone())));
    let mut served = operations.layer(from_fn_with_state(
        Authenticator::new(app.clone()),
        caller::authenticate,
    ));
    // What is merged here is for everybody.
    if app.config.api.docs {
        served = served.merge(docs::docs(specification()));
    }
    Ok(served
        .layer(from_fn_with_state(
            (app.clone(), origins.clone()),
            origins::refuse_web_pages,
        ))
        .layer(CatchPanicLayer::custom(layers::answer_panic))
        .layer(from_fn_with_state(app.clone(), layers::limit_time))
        .layer(from_fn_with_state(origins, origins::share))
        .layer(from_fn(layers::record))
        .with_state(app))
}

/// The description of what this version answers: it falls out of the routes and the API model.
pub fn specification() -> OpenApi {
    openapi::complete(routes().into_openapi())
}

/// The operations that are answered, with their description.
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::head())
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
        .routes(routes!(virtual_clusters::story::get_virtual_cluster_story))
        .routes(routes!(job_runs::story::get_job_run_story))
        .routes(routes!(job_runs::events::list_job_run_events))
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
