//! What happened to a job run, as a list or as a stream. The service has no such operation: it is
//! Firesteel's own, and whoever may describe a run may read it.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::stream;
use super::told::{self, JobRunEvent};
use crate::domain::account::Caller;
use crate::http::Shared;
use crate::http::caller::Standing;
use crate::http::follow::{Closing, Followers};
use crate::http::own;
use crate::http::paging::List;
use crate::http::request::Answer;
use crate::wire::{ApiError, QueryPairs};

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
    let place = told::place(own::JOB_RUN_EVENTS, request.uri().path())?;
    let run = told::allowed(&app, &caller, &place).await?;
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
    let list = List::of(&app, &caller, &told::list_name(&run.id), max, token)?;
    let (events, next_token) = told::page(&app, &run.id, &list).await?;
    Ok(Answer(ListJobRunEventsResponse { events, next_token }).into_response())
}

fn max_results(query: &QueryPairs) -> Result<Option<i32>, ApiError> {
    let given = query.all("maxResults").next();
    given
        .map(|text| told::integer(text, "maxResults"))
        .transpose()
}
