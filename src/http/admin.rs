//! The port for operators: whether the process lives, whether it can answer, and its metrics. A
//! cluster in trouble never makes the process unready: the others need it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::join_all;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use super::Shared;
use super::failure::chain;
use crate::app::{App, Target};
use crate::cluster::ClusterError;

/// Probes give up after a second, so nothing behind an answer may take longer.
const PATIENCE: Duration = Duration::from_millis(800);

/// The admin port's service.
pub fn admin(app: Arc<App>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(app)
        .route("/metrics", get(async move || scrape(&metrics)))
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    clusters: BTreeMap<String, &'static str>,
}

async fn ready(State(app): State<Shared>) -> Response {
    let (database, clusters) =
        tokio::join!(database(&app), join_all(app.clusters.iter().map(cluster)));
    let ready = database == "ok";
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        ready,
        database,
        clusters: clusters.into_iter().collect(),
    };
    (status, Json(readiness)).into_response()
}

async fn database(app: &App) -> &'static str {
    match tokio::time::timeout(PATIENCE, app.store.ping()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(error = chain(&error), "The database does not answer");
            "unavailable"
        }
        Err(_) => "slow",
    }
}

async fn cluster(target: &Target) -> (String, &'static str) {
    let state = match tokio::time::timeout(PATIENCE, target.cluster.ping()).await {
        // It answers, whatever it thinks of this question.
        Ok(Ok(()) | Err(ClusterError::Forbidden(_) | ClusterError::Refused(_))) => "ok",
        Ok(Err(ClusterError::Throttled { .. })) => "throttled",
        Ok(Err(ClusterError::Unreachable(_))) => "unreachable",
        Err(_) => "slow",
    };
    (target.grant.cluster.to_string(), state)
}

fn scrape(metrics: &PrometheusHandle) -> Response {
    metrics.run_upkeep();
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, metrics.render()).into_response()
}
