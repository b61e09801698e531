//! Why a driver failed or does not start, as far as the cluster tells. What cannot be had in time
//! is left out: a run ends the same without it. What is found is clean of secrets.

use std::cmp::Reverse;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::Resource as _;
use kube::api::{ListParams, LogParams};
use kube::core::{ObjectList, Request as Paths};
use tokio::join;
use tracing::debug;

use super::client::{Client, Failure};
use super::{pod_status, pods, refusal};
use crate::cluster::DriverRef;
use crate::domain::job_run::{Evidence, ExecutorTrouble, PodEvent};
use crate::domain::redaction::Redaction;
use crate::spark::labels::{self, DRIVER_CONTAINER};

/// Enough of a log for an exception with all its frames, its tasks' as well, and what Spark says
/// after it.
const LOG_LINES: i64 = 1000;
const LOG_BYTES: usize = 1024 * 1024;

/// Of a log whose lines are so long that so many do not fit.
const LONG_LOG_LINES: i64 = 50;

/// Events of one pod are few: the same one is counted, not repeated.
const EVENTS: u32 = 50;

/// Executors that are looked at, and those of them that are told of.
const EXECUTORS: u32 = 100;
const TROUBLES: usize = 10;

/// What the cluster tells of the driver, its pod and its executors.
pub(super) async fn of(client: &Client, installation: &str, driver: &DriverRef) -> Evidence {
    let pod = match client
        .get::<Pod>(Some(&driver.namespace), &driver.name)
        .await
    {
        Ok(pod) => Some(pod),
        Err(failure) => missed::<Pod>(driver, "the driver", failure),
    };
    let redaction = pod.as_ref().map(pod_status::redaction).unwrap_or_default();
    let uid = pod.as_ref().and_then(|pod| pod.metadata.uid.as_deref());
    if !pod.as_ref().is_some_and(pod_status::has_started) {
        return Evidence {
            pod_events: events(client, driver, uid, &redaction).await,
            ..Evidence::default()
        };
    }
    let (log, pod_events, executors) = join!(
        log_end(client, driver, &redaction),
        events(client, driver, uid, &redaction),
        executors(
            client,
            installation,
            driver,
            ListParams::default().limit(EXECUTORS),
            &redaction
        )
    );
    Evidence {
        log,
        pod_events,
        executors,
    }
}

/// The executors of the driver, which runs, that do not start. It is asked for again and again, so
/// the API server may answer from memory.
pub(super) async fn hanging_executors(
    client: &Client,
    installation: &str,
    driver: &DriverRef,
) -> Vec<ExecutorTrouble> {
    let pod = match client
        .get::<Pod>(Some(&driver.namespace), &driver.name)
        .await
    {
        Ok(pod) => pod,
        Err(failure) => return missed(driver, "the driver", failure).unwrap_or_default(),
    };
    let pending = ListParams::default()
        .fields("status.phase=Pending")
        .match_any();
    executors(
        client,
        installation,
        driver,
        pending,
        &pod_status::redaction(&pod),
    )
    .await
}

/// The end of the driver's log.
async fn log_end(client: &Client, driver: &DriverRef, redaction: &Redaction) -> Option<String> {
    let log = last_lines(client, driver, LOG_LINES).await?;
    // A limit in bytes cuts off the end, which is what counts.
    let log = if log.len() < LOG_BYTES {
        log
    } else {
        let fewer = last_lines(client, driver, LONG_LOG_LINES).await;
        fewer.unwrap_or(log)
    };
    Some(redaction.apply(&log))
}

async fn last_lines(client: &Client, driver: &DriverRef, lines: i64) -> Option<String> {
    let params = LogParams {
        container: Some(DRIVER_CONTAINER.to_owned()),
        tail_lines: Some(lines),
        limit_bytes: i64::try_from(LOG_BYTES).ok(),
        ..LogParams::default()
    };
    let request = pods(&driver.namespace).logs(&driver.name, &params);
    match client.text(request, client.deadline()).await {
        Ok(log) => Some(log),
        Err(failure) => missed(driver, "the driver's log", failure),
    }
}

/// The events of the driver's pod, the earliest first; of whatever had its name where it is gone.
async fn events(
    client: &Client,
    driver: &DriverRef,
    uid: Option<&str>,
    redaction: &Redaction,
) -> Vec<PodEvent> {
    let selector = match uid {
        Some(uid) => format!("involvedObject.uid={uid}"),
        None => format!(
            "involvedObject.kind=Pod,involvedObject.name={}",
            driver.name
        ),
    };
    let request = Paths::new(Event::url_path(&(), Some(&driver.namespace)))
        .list(&ListParams::default().fields(&selector).limit(EVENTS));
    let listed = client.call::<ObjectList<Event>>(request, client.deadline());
    let Some(listed) = listed
        .await
        .map_err(|failure| missed::<()>(driver, "its events", failure))
        .ok()
    else {
        return Vec::new();
    };
    let mut events: Vec<_> = listed
        .items
        .into_iter()
        .map(|event| of_event(event, redaction))
        .collect();
    // The usual course first, where they come together.
    events.sort_by_key(|event| (event.at, event.warning));
    events
}

fn of_event(event: Event, redaction: &Redaction) -> PodEvent {
    let series = event.series.as_ref();
    let seen = [
        series
            .and_then(|series| series.last_observed_time.as_ref())
            .map(|time| time.0),
        event.last_timestamp.as_ref().map(|time| time.0),
        event.event_time.as_ref().map(|time| time.0),
        event.first_timestamp.as_ref().map(|time| time.0),
    ];
    let count = series.and_then(|series| series.count).or(event.count);
    PodEvent {
        reason: event.reason.unwrap_or_default(),
        message: redaction.apply(event.message.unwrap_or_default().trim()),
        warning: event.type_.as_deref() == Some("Warning"),
        count: count.and_then(|count| count.try_into().ok()).unwrap_or(1),
        at: seen
            .into_iter()
            .flatten()
            .next()
            .unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// The driver's executors that are in trouble, those that ran out of memory first.
async fn executors(
    client: &Client,
    installation: &str,
    driver: &DriverRef,
    which: ListParams,
    redaction: &Redaction,
) -> Vec<ExecutorTrouble> {
    let selector = format!(
        "{}={},{}=executor,{}={installation}",
        labels::SPARK_APP_ID,
        driver.app_id,
        labels::SPARK_ROLE,
        labels::INSTALLATION
    );
    let request = pods(&driver.namespace).list(&which.labels(&selector));
    let listed = client.call::<ObjectList<Pod>>(request, client.deadline());
    let Some(listed) = listed
        .await
        .map_err(|failure| missed::<()>(driver, "its executors", failure))
        .ok()
    else {
        return Vec::new();
    };
    let mut troubles: Vec<_> = listed
        .items
        .iter()
        .filter_map(pod_status::executor_trouble)
        .map(|trouble| ExecutorTrouble {
            message: trouble.message.map(|message| redaction.apply(&message)),
            ..trouble
        })
        .collect();
    troubles.sort_by_key(|trouble| Reverse((trouble.ran_out_of_memory(), trouble.has_no_image())));
    troubles.truncate(TROUBLES);
    troubles
}

fn missed<T>(driver: &DriverRef, what: &str, failure: Failure) -> Option<T> {
    let error = refusal::of_request(failure);
    debug!(job_run.id = %driver.job_run, %error, "{what} cannot be read");
    None
}
