//! What the operations on a run's story share: which run it is, and its events as they are shown.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use super::{authorize, find, job_run_id, unknown};
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::ids::JobRunId;
use crate::domain::job_run::JobRun;
use crate::domain::job_run::event::{Event, EventKind};
use crate::http::paging::List;
use crate::store::Cursor;
use crate::wire::{ApiError, PathParams, Timestamp};

/// One line of the story of a job run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct JobRunEvent {
    /// From 1 in each run; later events have greater numbers.
    #[schema(minimum = 1)]
    number: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `STATE`: the run's state changed. `ATTEMPT`: a driver is going to be created. `NOTE`: what
    /// was chosen for the run, or has no effect. More kinds may come.
    kind: &'static str,
    /// With kind `STATE`: the new state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<&'static str>,
    /// The attempt that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    attempt: Option<u32>,
    /// For a person to read.
    text: String,
}

/// The ids in a path of ours: of the virtual cluster and of the run.
pub(super) fn place(uri: &'static str, path: &str) -> Result<(String, String), ApiError> {
    let path = PathParams::capture(uri, path).ok_or(ApiError::UnknownOperation)?;
    match (path.get("virtualClusterId"), path.get("jobRunId")) {
        (Some(cluster), Some(run)) => Ok((cluster.to_owned(), run.to_owned())),
        (None, _) | (_, None) => Err(ApiError::UnknownOperation),
    }
}

/// The run, if there is one that the caller may describe.
pub(super) async fn allowed(
    app: &App,
    caller: &Caller,
    (cluster, run): &(String, String),
) -> Result<JobRun, ApiError> {
    let place = (cluster.as_str(), run.as_str());
    let found = find(app, caller, place).await?;
    authorize::one(app, caller, "DescribeJobRun", place, found.as_ref())?;
    let id = job_run_id(run)?;
    found.ok_or_else(|| unknown(&id))
}

/// The list of a run's events, as its tokens know it.
pub(super) fn list_name(run: &JobRunId) -> String {
    format!("ListJobRunEvents/{run}")
}

/// One page of a run's events, and the token of the next.
pub(super) async fn page(
    app: &App,
    run: &JobRunId,
    list: &List<'_>,
) -> Result<(Vec<JobRunEvent>, Option<String>), ApiError> {
    let page = list.page();
    let after = page.after.as_ref().and_then(|last| last.id.parse().ok());
    let events = app
        .store
        .job_run_events(run, after.unwrap_or(0), page.limit)
        .await?;
    let (events, next_token) = list.cut(events, |event| Cursor {
        created_at: event.at,
        id: event.number.to_string(),
    })?;
    Ok((events.into_iter().map(view).collect(), next_token))
}

/// A number that a request gives as text.
pub(super) fn integer<N: FromStr>(text: &str, member: &str) -> Result<N, ApiError> {
    text.parse().map_err(|_| {
        ApiError::Serialization(format!(
            "STRING_VALUE can not be converted to an Integer at '{member}'"
        ))
    })
}

pub(super) fn view(event: Event) -> JobRunEvent {
    JobRunEvent {
        number: event.number,
        at: event.at.into(),
        kind: event.kind.as_str(),
        state: match event.kind {
            EventKind::State(state) => Some(state.as_str()),
            EventKind::Attempt | EventKind::Note | EventKind::Pod => None,
        },
        attempt: event.attempt,
        text: event.text,
    }
}
