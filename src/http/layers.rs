//! What happens around every request: an id, one log line, metrics, a limit of time, and an answer
//! even where a handler panics.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::{counter, histogram};
use tracing::{Instrument as _, Span, field};
use uuid::Uuid;

use super::Shared;
use super::caller::Unproven;
use super::failure::chain;
use super::{job_runs, own};
use crate::telemetry::{API_REQUESTS, API_SECONDS};
use crate::wire::{ApiError, Cause, OPERATIONS, PathParams, Route};

/// The name in logs and metrics for what is no operation.
const UNKNOWN: &str = "Unknown";

/// Gives every answer an id, and tells of it: one line and two metrics.
pub(super) async fn record(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = Uuid::new_v4();
    let operation = match Route::find(request.method(), request.uri().path()) {
        Route::Found(operation, _) => operation.name,
        Route::OtherMethod | Route::Unknown => own::find(request.uri().path())
            .filter(|operation| operation.method == *request.method())
            .map_or(UNKNOWN, |operation| operation.name),
    };
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        operation,
        access_key.id = field::Empty,
        caller.arn = field::Empty,
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    let took = started.elapsed();
    count(operation, response.status(), took);
    log(&span, operation, &response, took);
    response
}

/// Answers for a request that takes too long, so that the client tries again. Who asks to wait for a
/// run gets that time, too.
pub(super) async fn limit_time(
    State(app): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let (path, query) = (request.uri().path(), request.uri().query());
    let wait = job_runs::story::patience(path, query.unwrap_or_default());
    let limit = app.config.api.request_timeout.saturating_add(wait);
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| {
            ApiError::ServiceUnavailable("The request took too long. Try again.".to_owned())
                .into_response()
        })
}

/// Refuses a method that no operation of the path has, `HEAD` among them, though the router would
/// answer that as it does `GET`.
pub(super) async fn refuse_other_methods(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let own = own::find(path);
    let other = own.is_some_and(|operation| operation.method != *request.method());
    match Route::find(request.method(), path) {
        Route::Found(..) => next.run(request).await,
        Route::Unknown if !other => next.run(request).await,
        Route::OtherMethod | Route::Unknown => {
            let known: Vec<_> = OPERATIONS
                .iter()
                .filter(|operation| PathParams::capture(operation.uri, path).is_some())
                .map(|operation| operation.method.as_str())
                .chain(own.map(|operation| operation.method.as_str()))
                .collect();
            let mut response = ApiError::MethodNotAllowed.into_response();
            if let Ok(known) = HeaderValue::from_str(&known.join(", ")) {
                response.headers_mut().insert(ALLOW, known);
            }
            response
        }
    }
}

/// Answers for a handler that panicked. What it panicked with may hold anything and is not shown.
pub(super) fn answer_panic(_: Box<dyn Any + Send>) -> Response<Body> {
    ApiError::internal("the handler panicked").into_response()
}

fn count(operation: &'static str, status: StatusCode, took: Duration) {
    let labels = [
        ("operation", operation.to_owned()),
        ("status", status.as_u16().to_string()),
    ];
    counter!(API_REQUESTS, &labels).increment(1);
    histogram!(API_SECONDS, &labels).record(took.as_secs_f64());
}

fn log(span: &Span, operation: &str, response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let code = response
        .headers()
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok());
    let cause = response.extensions().get::<Cause>();
    match (code, response.extensions().get::<Unproven>()) {
        (Some(code), Some(Unproven::Untold)) => {
            return tracing::debug!(
                parent: span, status, duration_ms, error.code = code,
                "{operation} was refused with {status} {code} after {duration_ms} ms"
            );
        }
        (Some(code), Some(Unproven::Told { before })) if *before > 0 => {
            return tracing::info!(
                parent: span, status, duration_ms, error.code = code, unlogged = before,
                "{operation} was refused with {status} {code} after {duration_ms} ms, as were \
                 {before} requests before it"
            );
        }
        (_, Some(Unproven::Told { .. }) | None) | (None, Some(Unproven::Untold)) => {}
    }
    match (code, cause) {
        (Some(code), Some(cause)) => tracing::error!(
            parent: span, status, duration_ms, error.code = code, error = chain(cause.0.as_ref()),
            "{operation} failed with {status} {code} after {duration_ms} ms"
        ),
        (Some(code), None) => tracing::info!(
            parent: span, status, duration_ms, error.code = code,
            "{operation} was refused with {status} {code} after {duration_ms} ms"
        ),
        // Everybody may read the documentation, as often as they like.
        (None, _) if operation == UNKNOWN => tracing::debug!(
            parent: span, status, duration_ms,
            "{operation} was answered with {status} after {duration_ms} ms"
        ),
        (None, _) => tracing::info!(
            parent: span, status, duration_ms,
            "{operation} was answered with {status} after {duration_ms} ms"
        ),
    }
}
