//! What happened to a job run, as a list or as a stream. The service has no such operation: it is
//! Firesteel's own, and whoever may describe a run may read it.

use std::str::FromStr;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{story, stream};
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::ids::JobRunId;
use crate::domain::job_run::event::{Event, EventKind};
use crate::http::Shared;
use crate::http::caller::Standing;
use crate::http::follow::{Closing, Followers};
use crate::http::own;
use crate::http::paging::List;
use crate::http::request::Answer;
use crate::store::Cursor;
use crate::wire::{ApiError, QueryPairs, Timestamp};

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
    summary = "Tell what happened to a job run, the earliest first",
    description = "Not an operation of Amazon EMR on EKS. It takes the right to DescribeJobRun.\n\n\
        Who accepts `text/event-stream` gets server-sent events: those that there are, then each as \
        it comes, until the run is over. `id` is an event's number, `event` its kind, `data` its \
        JSON. 204 says that there is and will be nothing more, and keeps an EventSource from \
        trying again.",
    params(
        ("virtualClusterId" = String, Path),
        ("jobRunId" = String, Path),
        ("maxResults" = Option<i32>, Query, minimum = 1,
            description = "The most results to answer with; the server has a limit of its own. \
                Without effect on a stream."),
        ("nextToken" = Option<String>, Query,
            description = "From the answer before, for the results that follow. Without effect on a \
                stream."),
        ("after" = Option<i32>, Query, minimum = 0,
            description = "Of a stream: begin behind the event of this number."),
        ("Last-Event-ID" = Option<i32>, Header, minimum = 0, nullable = false,
            description = "Of a stream: the same, over `after`. An EventSource sends it."),
    ),
    responses(
        (status = 200, description = "Success.", content(
            (ListJobRunEventsResponse = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 204, description = "The stream would have no events any more."),
    ),
)]
pub(in crate::http) async fn list_job_run_events(
    State(app): State<Shared>,
    Extension(followers): Extension<Followers>,
    closing: Closing,
    standing: Standing,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let place = story::place(own::JOB_RUN_EVENTS, request.uri().path())?;
    let run = story::allowed(&app, &caller, &place).await?;
    let query = QueryPairs::parse(request.uri().query().unwrap_or_default());
    let after = stream::begin_after(&query, request.headers())?;
    if stream::is_asked(request.headers()) {
        let reader = stream::Reader {
            app,
            standing,
            place,
            closing,
        };
        return stream::answer(reader, &followers, &run, after).await;
    }
    let (max, token) = (max_results(&query)?, query.all("nextToken").next());
    let list = List::of(&app, &caller, &list_name(&run.id), max, token)?;
    let (events, next_token) = page(&app, &run.id, &list).await?;
    Ok(Answer(ListJobRunEventsResponse { events, next_token }).into_response())
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

fn max_results(query: &QueryPairs) -> Result<Option<i32>, ApiError> {
    let given = query.all("maxResults").next();
    given.map(|text| integer(text, "maxResults")).transpose()
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
