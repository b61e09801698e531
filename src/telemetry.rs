//! What the process tells of itself: log lines on standard error, metrics for scraping. Labels of
//! metrics come from closed sets.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{InvalidConfig, LogConfig, LogFormat};

/// Counts API requests by `operation` and `status`.
pub const API_REQUESTS: &str = "firesteel_api_requests_total";
/// Durations of API requests in seconds, by `operation` and `status`.
pub const API_SECONDS: &str = "firesteel_api_request_duration_seconds";
/// Counts API requests refused for their number, by `operation` and `limit` (`operation`, `account`).
pub const API_THROTTLED: &str = "firesteel_api_throttled_total";
/// How many requests wait for job runs or stream their events.
pub const API_FOLLOWERS: &str = "firesteel_api_followers";

/// The database's driver warns of a parameter that it does not know with the value, which is a
/// password where the name has a slip of the pen. Of two directives for one target the last holds.
const NO_SECRETS: &str = "sqlx_postgres::options::parse=error";

/// Sends log lines to standard error. Called once.
pub fn start_log(config: &LogConfig) -> Result<(), InvalidConfig> {
    let filter = EnvFilter::builder()
        .parse(format!("{},{NO_SECRETS}", config.filter))
        .map_err(|error| InvalidConfig(format!("log.filter: {error}")))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// The process's metrics; the first call starts their collection.
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(start_metrics).clone()
}

fn start_metrics() -> PrometheusHandle {
    let buckets = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    ];
    let matcher = Matcher::Suffix("_seconds".to_owned());
    // An error here would mean an empty list of buckets.
    let builder = PrometheusBuilder::new();
    let recorder = builder
        .set_buckets_for_metric(matcher, &buckets)
        .unwrap_or_default()
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("Metrics are collected elsewhere already; /metrics stays empty");
    }
    describe_counter!(API_REQUESTS, "API requests answered");
    describe_counter!(API_THROTTLED, "API requests refused for their number");
    describe_gauge!(
        API_FOLLOWERS,
        "Requests that wait for job runs or stream their events"
    );
    describe_histogram!(API_SECONDS, Unit::Seconds, "How long API requests took");
    handle
}
