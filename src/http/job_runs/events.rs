//! The story of a job run. The service has no such operation: it is Firesteel's own, and whoever may
//! describe a run may read it.

use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{authorize, find, job_run_id, unknown};
use crate::domain::account::Caller;
use crate::domain::job_run::event::{Event, EventKind};
use crate::http::Shared;
use crate::http::own;
use crate::http::paging::List;
use crate::http::request::Answer;
use crate::store::Cursor;
use crate::wire::{ApiError, PathParams, QueryPairs, Timestamp};

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

/// A page of the story of a job run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct ListJobRunEventsResponse {
    /// The earliest first.
    events: Vec<JobRunEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_token: Option<String>,
}

#[utoipa::path(
    get, path = "/firesteel/v1/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}/events",
    operation_id = "ListJobRunEvents", tag = "Firesteel",
    summary = "Tell the story of a job run, the earliest first",
    description = "Not an operation of Amazon EMR on EKS. It takes the right to DescribeJobRun.",
    params(
        ("virtualClusterId" = String, Path),
        ("jobRunId" = String, Path),
        ("maxResults" = Option<i32>, Query, minimum = 1,
            description = "The most results to answer with; the server has a limit of its own."),
        ("nextToken" = Option<String>, Query,
            description = "From the answer before, for the results that follow."),
    ),
    responses((status = 200, description = "Success.", body = ListJobRunEventsResponse)),
)]
pub(in crate::http) async fn list_job_run_events(
    State(app): State<Shared>,
    caller: Caller,
    request: Request,
) -> Result<Answer<ListJobRunEventsResponse>, ApiError> {
    let path = PathParams::capture(own::JOB_RUN_EVENTS, request.uri().path())
        .ok_or(ApiError::UnknownOperation)?;
    let (cluster, run) = match (path.get("virtualClusterId"), path.get("jobRunId")) {
        (Some(cluster), Some(run)) => (cluster, run),
        (None, _) | (_, None) => return Err(ApiError::UnknownOperation),
    };
    let found = find(&app, &caller, (cluster, run)).await?;
    authorize::one(
        &app,
        &caller,
        "DescribeJobRun",
        (cluster, run),
        found.as_ref(),
    )?;
    let id = job_run_id(run)?;
    let found = found.ok_or_else(|| unknown(&id))?;
    let query = QueryPairs::parse(request.uri().query().unwrap_or_default());
    let (max, token) = (max_results(&query)?, query.all("nextToken").next());
    let list = List::of(&app, &caller, &format!("ListJobRunEvents/{id}"), max, token)?;
    let page = list.page();
    let after = page.after.as_ref().and_then(|last| last.id.parse().ok());
    let events = app
        .store
        .job_run_events(&found.id, after.unwrap_or(0), page.limit)
        .await?;
    let (events, next_token) = list.cut(events, |event| Cursor {
        created_at: event.at,
        id: event.number.to_string(),
    })?;
    Ok(Answer(ListJobRunEventsResponse {
        events: events.into_iter().map(view).collect(),
        next_token,
    }))
}

fn max_results(query: &QueryPairs) -> Result<Option<i32>, ApiError> {
    let given = query.all("maxResults").next();
    given
        .map(|text| {
            text.parse().map_err(|_| {
                ApiError::Serialization(
                    "STRING_VALUE can not be converted to an Integer at 'maxResults'".to_owned(),
                )
            })
        })
        .transpose()
}

fn view(event: Event) -> JobRunEvent {
    JobRunEvent {
        number: event.number,
        at: event.at.into(),
        kind: event.kind.as_str(),
        state: match event.kind {
            EventKind::State(state) => Some(state.as_str()),
            EventKind::Attempt | EventKind::Note => None,
        },
        attempt: event.attempt,
        text: event.text,
    }
}
