//! Why a driver failed or does not start, as far as the cluster tells. What cannot be had is left
//! out: a run ends the same without it.

use kube::api::LogParams;
use tracing::debug;

use super::client::Client;
use super::{pods, refusal};
use crate::cluster::DriverRef;
use crate::spark::labels::DRIVER_CONTAINER;

/// Enough of a log for an exception with all its frames and what Spark says after it.
const LOG_LINES: i64 = 300;
const LOG_BYTES: i64 = 1024 * 1024;

/// The end of the driver's log.
pub(super) async fn log_end(client: &Client, driver: &DriverRef) -> Option<String> {
    let params = LogParams {
        container: Some(DRIVER_CONTAINER.to_owned()),
        tail_lines: Some(LOG_LINES),
        limit_bytes: Some(LOG_BYTES),
        ..LogParams::default()
    };
    let request = pods(&driver.namespace).logs(&driver.name, &params);
    match client.text(request, client.deadline()).await {
        Ok(log) => Some(log),
        Err(failure) => {
            let error = refusal::of_request(failure);
            debug!(job_run.id = %driver.job_run, %error, "the driver's log cannot be read");
            None
        }
    }
}
