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
/// How many job runs there are that are not over, by `cluster` and `state`.
pub const JOB_RUNS: &str = "firesteel_job_runs";
/// Since when the first job run waits that is PENDING, in seconds, by `cluster`.
pub const OLDEST_PENDING: &str = "firesteel_oldest_pending_job_run_seconds";
/// How long a job run has been due that no worker takes, in seconds, by `cluster`.
pub const LONGEST_OVERDUE: &str = "firesteel_longest_overdue_seconds";
/// Counts attempts that failed and that another follows, by `fault`.
pub const ATTEMPTS_RETRIED: &str = "firesteel_attempts_retried_total";
/// Objects that carry this installation's label and belong to no known job run, by `cluster`.
pub const UNKNOWN_OBJECTS: &str = "firesteel_unknown_objects";
/// Counts where the runs that count against limits were miscounted.
pub const SLOTS_MISCOUNTED: &str = "firesteel_slots_miscounted_total";

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
    describe_gauge!(JOB_RUNS, "Job runs that are not over");
    describe_gauge!(
        OLDEST_PENDING,
        Unit::Seconds,
        "How long ago the first job run was accepted that is PENDING still"
    );
    describe_gauge!(
        LONGEST_OVERDUE,
        Unit::Seconds,
        "For how long a job run has been due that no worker takes"
    );
    describe_counter!(
        ATTEMPTS_RETRIED,
        "Attempts that failed and that another follows"
    );
    describe_gauge!(
        UNKNOWN_OBJECTS,
        "Objects with this installation's label that belong to no known job run"
    );
    describe_counter!(
        SLOTS_MISCOUNTED,
        "Virtual clusters whose runs were miscounted, and are not any more"
    );
    describe_histogram!(API_SECONDS, Unit::Seconds, "How long API requests took");
    describe_counter!(
        "firesteel_job_runs_finished_total",
        "Job runs that came to their end"
    );
    describe_counter!(
        "firesteel_attempts_retried_total",
        "Attempts of job runs that failed and that another follows"
    );
    describe_counter!(
        "firesteel_job_runs_deleted_total",
        "Finished job runs deleted for their age"
    );
    describe_counter!(
        "firesteel_slots_miscounted_total",
        "Counts of limits that were wrong"
    );
    describe_gauge!(
        "firesteel_unknown_objects",
        "Drivers of this installation that belong to no job run"
    );
    handle
}
