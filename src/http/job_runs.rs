//! The operations on job runs.

mod accept;
mod authorize;
pub(super) mod events;
mod read;
pub(super) mod story;
mod stream;
mod template;
mod told;
mod view;

pub use read::read_start_job_run;

use axum::extract::State;

use super::Shared;
use super::failure::token_reused;
use super::idempotency::request_hash;
use super::paging::{List, json_bytes};
use super::request::{Answer, Valid};
use super::virtual_clusters;
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::ids::{JobRunId, VirtualClusterId};
use crate::domain::job_run as domain;
use crate::domain::virtual_cluster::{self, VirtualCluster};
use crate::store::{
    Cancellation, Cursor, JobRunFilter, RequestHash, StartJobRun, StartJobRunError, StoreError,
    TokenError,
};
use crate::wire::{self, ApiError};

#[utoipa::path(
    post, path = "/virtualclusters/{virtualClusterId}/jobruns", operation_id = "StartJobRun",
    tag = "Job runs",
    request_body = wire::StartJobRunRequest,
    responses((status = 200, body = wire::StartJobRunResponse)),
)]
pub(super) async fn start_job_run(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::StartJobRunRequest>,
) -> Result<Answer<wire::StartJobRunResponse>, ApiError> {
    let hash = request_hash(&request)?;
    let id = request.virtual_cluster_id.clone();
    let (virtual_cluster, known) = tokio::try_join!(
        virtual_clusters::look_up(&app, &caller, &id),
        known(&app, &caller, &id, &request.client_token, &hash),
    )?;
    let template = template::named(&app, &caller, &request).await?;
    let started = known.as_ref().ok().and_then(Option::as_ref);
    authorize::start(
        &app,
        &caller,
        virtual_cluster.as_ref(),
        &request,
        template.as_ref(),
        started,
    )?;
    let virtual_cluster = virtual_cluster.ok_or_else(|| virtual_clusters::unknown(&id))?;
    let run = match known? {
        Some(run) => run,
        None => {
            check_running(&virtual_cluster)?;
            let request = template::effective(&app, request, template.as_ref())?;
            let settings = app.clusters.run_settings(&virtual_cluster.cluster);
            let new = accept::job_run(&settings, request, &virtual_cluster, &caller)?;
            start(&app, &caller, &virtual_cluster, &new, &hash).await?
        }
    };
    Ok(Answer(view::started(run, &app.region)))
}

#[utoipa::path(
    get, path = "/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}",
    operation_id = "DescribeJobRun", tag = "Job runs",
    responses((status = 200, body = wire::DescribeJobRunResponse)),
)]
pub(super) async fn describe_job_run(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DescribeJobRunRequest>,
) -> Result<Answer<wire::DescribeJobRunResponse>, ApiError> {
    let place = (request.virtual_cluster_id.as_str(), request.id.as_str());
    let found = find(&app, &caller, place).await?;
    authorize::one(&app, &caller, "DescribeJobRun", place, found.as_ref())?;
    let id = job_run_id(&request.id)?;
    let run = found.ok_or_else(|| unknown(&id))?;
    let attempts = attempts(&app, std::slice::from_ref(&run)).await?;
    Ok(Answer(wire::DescribeJobRunResponse {
        job_run: Some(view::described(run, &attempts, &app.region)),
    }))
}

#[utoipa::path(
    get, path = "/virtualclusters/{virtualClusterId}/jobruns", operation_id = "ListJobRuns",
    tag = "Job runs",
    responses((status = 200, body = wire::ListJobRunsResponse)),
)]
pub(super) async fn list_job_runs(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListJobRunsRequest>,
) -> Result<Answer<wire::ListJobRunsResponse>, ApiError> {
    let id = &request.virtual_cluster_id;
    let cluster = virtual_clusters::authorized(&app, &caller, "ListJobRuns", id).await?;
    let name = format!("ListJobRuns/{id}");
    let (max, token) = (request.max_results, request.next_token.as_deref());
    let list = List::of(&app, &caller, &name, max, token)?;
    let filter = filter(request);
    let mut page = list.of_long_entries();
    while let Some(asked) = page.ask(cursor) {
        let found = match &cluster {
            Some(cluster) => {
                app.store
                    .list_job_runs(&caller.account, &cluster.id, &filter, &asked)
                    .await?
            }
            None => Vec::new(),
        };
        page.add(&asked, found, bytes);
    }
    let (found, next_token) = page.finish(cursor)?;
    let attempts = attempts(&app, &found).await?;
    let views = found
        .into_iter()
        .map(|run| view::listed(run, &attempts, &app.region));
    Ok(Answer(wire::ListJobRunsResponse {
        job_runs: Some(views.collect()),
        next_token,
    }))
}

#[utoipa::path(
    delete, path = "/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}",
    operation_id = "CancelJobRun", tag = "Job runs",
    responses((status = 200, body = wire::CancelJobRunResponse)),
)]
pub(super) async fn cancel_job_run(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::CancelJobRunRequest>,
) -> Result<Answer<wire::CancelJobRunResponse>, ApiError> {
    let place = (request.virtual_cluster_id.as_str(), request.id.as_str());
    let found = find(&app, &caller, place).await?;
    authorize::one(&app, &caller, "CancelJobRun", place, found.as_ref())?;
    let id = job_run_id(&request.id)?;
    let cancellation = match &found {
        Some(run) => cancel(&app, run).await?,
        None => Cancellation::Unknown,
    };
    match cancellation {
        Cancellation::Accepted => Ok(Answer(wire::CancelJobRunResponse {
            id: Some(request.id),
            virtual_cluster_id: Some(request.virtual_cluster_id),
        })),
        Cancellation::Unknown => Err(unknown(&id)),
        Cancellation::NotCancellable(_) => Err(ApiError::Validation(format!(
            "Job run {id} is not in a cancellable state"
        ))),
    }
}

async fn start(
    app: &App,
    caller: &Caller,
    virtual_cluster: &VirtualCluster,
    new: &domain::NewJobRun,
    request_hash: &RequestHash,
) -> Result<domain::JobRun, ApiError> {
    let start = StartJobRun {
        caller,
        virtual_cluster,
        new,
        request_hash,
        now: app.clock.now(),
        queue_timeout: app.config.worker.queue_timeout,
    };
    let started = app.store.start_job_run(&start).await;
    let run = started.map_err(|error| not_started(error, &virtual_cluster.id))?;
    fail::fail_point!("accepted");
    app.wakes.wake(&run.cluster);
    Ok(run)
}

async fn cancel(app: &App, run: &domain::JobRun) -> Result<Cancellation, StoreError> {
    let cancellation = app
        .store
        .cancel_job_run(&run.account, &run.virtual_cluster, &run.id)
        .await?;
    fail::fail_point!("cancel-recorded");
    if cancellation == Cancellation::Accepted {
        app.wakes.wake(&run.cluster);
        app.wakes.run_changed();
    }
    Ok(cancellation)
}

/// The caller's run of this virtual cluster and id.
async fn find(
    app: &App,
    caller: &Caller,
    (virtual_cluster, id): (&str, &str),
) -> Result<Option<domain::JobRun>, StoreError> {
    match (
        VirtualClusterId::parse(virtual_cluster),
        JobRunId::parse(id),
    ) {
        (Ok(cluster), Ok(id)) => app.store.job_run(&caller.account, &cluster, &id).await,
        (Err(_), _) | (_, Err(_)) => Ok(None),
    }
}

/// The run that this client token started. That another request had the token is told only to who
/// may start runs, so it is an outcome of its own.
async fn known(
    app: &App,
    caller: &Caller,
    virtual_cluster: &str,
    token: &str,
    hash: &RequestHash,
) -> Result<Result<Option<domain::JobRun>, ApiError>, StoreError> {
    let Ok(id) = VirtualClusterId::parse(virtual_cluster) else {
        return Ok(Ok(None));
    };
    let known = app
        .store
        .job_run_by_token(&caller.account, &id, token, hash);
    match known.await {
        Ok(run) => Ok(Ok(run)),
        Err(TokenError::Reused) => Ok(Err(token_reused())),
        Err(TokenError::Store(error)) => Err(error),
    }
}

/// The attempts of those runs that tell of them: the ones with a retry policy.
async fn attempts(app: &App, runs: &[domain::JobRun]) -> Result<view::Attempts, StoreError> {
    let with_policy: Vec<_> = runs
        .iter()
        .filter(|run| view::retries(run).is_some())
        .map(|run| run.id.to_string())
        .collect();
    if with_policy.is_empty() {
        return Ok(view::Attempts::new());
    }
    app.store.attempt_counts(&with_policy).await
}

/// The answer where a run was not started.
fn not_started(error: StartJobRunError, virtual_cluster: &VirtualClusterId) -> ApiError {
    match error {
        StartJobRunError::VirtualClusterNotRunning(state) => not_running(state),
        StartJobRunError::QueueFull(limit) => ApiError::Validation(format!(
            "The queue of virtual cluster {virtual_cluster} is full: maxInQueueJobRuns allows \
             {limit} job runs in PENDING or SUBMITTED. Start the job run later, or raise the limit \
             with UpdateVirtualCluster."
        )),
        StartJobRunError::TokenReused => token_reused(),
        StartJobRunError::Store(error) => error.into(),
    }
}

fn check_running(virtual_cluster: &VirtualCluster) -> Result<(), ApiError> {
    let state = virtual_cluster.state;
    match (state, &virtual_cluster.state_details) {
        (virtual_cluster::State::Running, _) => Ok(()),
        (virtual_cluster::State::Arrested, Some(why)) => Err(ApiError::Validation(format!(
            "Virtual cluster state {state} is not valid to create resource JobRun. {why}"
        ))),
        (
            virtual_cluster::State::Terminating
            | virtual_cluster::State::Terminated
            | virtual_cluster::State::Arrested,
            _,
        ) => Err(not_running(state)),
    }
}

fn not_running(state: virtual_cluster::State) -> ApiError {
    ApiError::Validation(format!(
        "Virtual cluster state {state} is not valid to create resource JobRun."
    ))
}

fn job_run_id(text: &str) -> Result<JobRunId, ApiError> {
    JobRunId::parse(text).map_err(|_| ApiError::Validation("Invalid job run short id".to_owned()))
}

fn unknown(id: &JobRunId) -> ApiError {
    ApiError::ResourceNotFound(format!("Job run {id} doesn't exist."))
}

fn cursor(run: &domain::JobRun) -> Cursor {
    Cursor {
        created_at: run.created_at,
        id: run.id.to_string(),
    }
}

fn bytes(run: &domain::JobRun) -> usize {
    json_bytes(&run.driver) + json_bytes(&run.overrides) + json_bytes(&run.tags)
}

fn filter(request: wire::ListJobRunsRequest) -> JobRunFilter {
    let states = request.states.unwrap_or_default();
    JobRunFilter {
        name: request.name,
        states: states
            .iter()
            .filter_map(|state| domain::State::parse(state.as_str()))
            .collect(),
        created_after: request.created_after.map(Into::into),
        created_before: request.created_before.map(Into::into),
    }
}
