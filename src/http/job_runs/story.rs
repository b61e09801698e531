//! The whole story of a job run in one document, at once or when something has come of the run. It is
//! Firesteel's own, and whoever may describe a run may read it.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::told::{self, JobRunEvent};
use super::{attempts, view};
use crate::domain::account::Caller;
use crate::domain::ids::JobRunId;
use crate::domain::job_run::{self as domain, story};
use crate::http::Shared;
use crate::http::caller::Standing;
use crate::http::failure::breach;
use crate::http::follow::{Closing, Followers, News};
use crate::http::own;
use crate::http::paging::List;
use crate::http::request::Answer;
use crate::store::{Progress, ToldAttempt};
use crate::wire::{self, ApiError, PathParams, QueryPairs, Timestamp};

/// How long a request waits that does not say.
const DEFAULT_WAIT: u64 = 60;
/// The longest wait: proxies cut what is silent for longer.
const MOST_WAIT: u64 = 300;

/// A job run, and how it came to be as it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct JobRunStory {
    /// As DescribeJobRun shows it.
    job_run: wire::JobRun,
    /// What a run that is not over waits for, for a person to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits_for: Option<String>,
    /// When CancelJobRun was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    cancel_requested_at: Option<Timestamp>,
    /// Each driver that was begun, the first one first.
    attempts: Vec<JobRunAttempt>,
    /// The first page of ListJobRunEvents.
    events: Vec<JobRunEvent>,
    /// For ListJobRunEvents, which has more events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_token: Option<String>,
}

/// One driver of a job run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JobRunAttempt {
    #[schema(minimum = 1)]
    number: u32,
    /// The name of its pod.
    driver_name: String,
    namespace: String,
    /// `UNSEEN`: the cluster has told nothing of it yet. `WAITING`: its container has not started.
    /// `RUNNING`, `ENDED`: so is its container.
    phase: &'static str,
    /// When its creation was begun.
    #[schema(value_type = String, format = DateTime)]
    begun_at: Timestamp,
    /// When its pod was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    created_at: Option<Timestamp>,
    /// When its container started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    started_at: Option<Timestamp>,
    /// When its container ended or, where nobody saw that, when it was known to be over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exit_code: Option<i32>,
    /// Why it ended, or waits, in the cluster's word, such as `OOMKilled` or `ImagePullBackOff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    node: Option<String>,
    /// Of an attempt that ended badly: whether that was the `JOB`'s fault, the `PLATFORM`'s, or a
    /// `FINAL` one, after which no other is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fault: Option<&'static str>,
    /// Whether it counts against the attempts that the run may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    charged: Option<bool>,
    /// How it ended badly, for a person to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<String>,
    /// When the next attempt begins, at the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    retry_at: Option<Timestamp>,
}

#[utoipa::path(
    get, path = "/firesteel/v1/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}",
    operation_id = "GetJobRunStory", tag = "Firesteel",
    summary = "Tell all of a job run, at once or when it is in some state",
    description = "Not an operation of Amazon EMR on EKS. It takes the right to DescribeJobRun.\n\n\
        With `waitFor` the answer comes when the run is in one of these states, or can come to none \
        of them any more, or is over, or when `timeout` is. It is the run as it is then.",
    params(
        ("virtualClusterId" = String, Path),
        ("jobRunId" = String, Path),
        ("waitFor" = Option<String>, Query, example = "RUNNING",
            description = "States of job runs, separated by commas; `terminal` is every state in \
                which a run is over."),
        ("timeout" = Option<i32>, Query, minimum = 0, maximum = 300,
            description = "How long to wait, in seconds: 60 where it is not given."),
    ),
    responses((status = 200, description = "Success.", body = JobRunStory)),
)]
pub(in crate::http) async fn get_job_run_story(
    State(app): State<Shared>,
    Extension(followers): Extension<Followers>,
    closing: Closing,
    standing: Standing,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let place = told::place(own::JOB_RUN, request.uri().path())?;
    let run = told::allowed(&app, &caller, &place).await?;
    let query = QueryPairs::parse(request.uri().query().unwrap_or_default());
    let wait = Wait::asked(&query)?;
    let Some(wait) = wait.filter(|wait| !wait.is_over(run.state)) else {
        return Ok(Answer(tell(&app, &caller, run).await?).into_response());
    };
    let mut follower = match followers.follow(&run) {
        Ok(follower) => follower,
        Err(too_many) => return Ok(too_many.answer()),
    };
    let reached = follower.until(|news| match news {
        News::Unknown => false,
        News::Seen(Progress { state, .. }) => wait.is_over(state),
        News::Gone => true,
    });
    let reached = timeout(wait.limit, reached);
    // Whichever comes first, the answer is the run as it is now.
    let _ = closing.0.run_until_cancelled(reached).await;
    drop(follower);
    let caller = standing.caller(&app).await?;
    let run = told::allowed(&app, &caller, &place).await?;
    Ok(Answer(tell(&app, &caller, run).await?).into_response())
}

/// How much longer than others a request may take: as long as it asks to wait.
pub(in crate::http) fn patience(path: &str, query: &str) -> Duration {
    if PathParams::capture(own::JOB_RUN, path).is_none() {
        return Duration::ZERO;
    }
    let wait = Wait::asked(&QueryPairs::parse(query));
    wait.ok()
        .flatten()
        .map_or(Duration::ZERO, |wait| wait.limit)
}

/// What a request waits for.
struct Wait {
    states: Vec<domain::State>,
    limit: Duration,
}

impl Wait {
    fn asked(query: &QueryPairs) -> Result<Option<Self>, ApiError> {
        let timeout = query.all("timeout").next();
        let limit = timeout.map_or(Ok(DEFAULT_WAIT), seconds)?;
        let mut states = Vec::new();
        let mut given = query
            .all("waitFor")
            .flat_map(|text| text.split(','))
            .peekable();
        if given.peek().is_none() {
            return Ok(None);
        }
        for word in given {
            match domain::State::parse(word) {
                Some(state) => states.push(state),
                None if word.eq_ignore_ascii_case("terminal") => {
                    let all = domain::State::ALL.into_iter();
                    states.extend(all.filter(|state| state.is_terminal()));
                }
                None => return Err(no_state(word)),
            }
        }
        Ok(Some(Self {
            states,
            limit: Duration::from_secs(limit),
        }))
    }

    /// Whether there is nothing to wait for: states are never left for earlier ones.
    fn is_over(&self, now: domain::State) -> bool {
        now.is_terminal()
            || self.states.contains(&now)
            || self.states.iter().all(|wanted| *wanted < now)
    }
}

fn seconds(text: &str) -> Result<u64, ApiError> {
    let number: i64 = told::integer(text, "timeout")?;
    match u64::try_from(number) {
        Ok(seconds) if seconds <= MOST_WAIT => Ok(seconds),
        Ok(_) => Err(breach(
            &format!("Value '{text}'"),
            "timeout",
            &format!("Member must have value less than or equal to {MOST_WAIT}"),
        )),
        Err(_) => Err(breach(
            &format!("Value '{text}'"),
            "timeout",
            "Member must have value greater than or equal to 0",
        )),
    }
}

fn no_state(word: &str) -> ApiError {
    let word: String = word.chars().take(64).collect();
    let states: Vec<_> = domain::State::ALL
        .iter()
        .map(|state| state.as_str())
        .collect();
    breach(
        &format!("Value '{word}'"),
        "waitFor",
        &format!(
            "Member must satisfy enum value set: [{}, terminal]",
            states.join(", ")
        ),
    )
}

async fn tell(app: &Shared, caller: &Caller, run: domain::JobRun) -> Result<JobRunStory, ApiError> {
    let counts = attempts(app, std::slice::from_ref(&run)).await?;
    let told = app.store.attempts_of(&run.id).await?;
    let (events, next_token) = first_events(app, caller, &run.id).await?;
    let tried: Vec<_> = told.iter().map(|told| told.attempt.clone()).collect();
    Ok(JobRunStory {
        waits_for: story::waits_for(&run, &tried),
        cancel_requested_at: run.cancel_requested_at.map(Into::into),
        attempts: told
            .into_iter()
            .map(|told| attempt(told, &run.namespace))
            .collect(),
        job_run: view::described(run, &counts, &app.region),
        events,
        next_token,
    })
}

async fn first_events(
    app: &Shared,
    caller: &Caller,
    id: &JobRunId,
) -> Result<(Vec<JobRunEvent>, Option<String>), ApiError> {
    let list = List::of(app, caller, &told::list_name(id), None, None)?;
    told::page(app, id, &list).await
}

fn attempt(told: ToldAttempt, namespace: &str) -> JobRunAttempt {
    let ToldAttempt {
        attempt,
        driver_name,
        begun_at,
        closed_at,
    } = told;
    let driver = &attempt.driver;
    let seen = Seen::of(&driver.phase);
    let over = driver.gone_at.or(closed_at);
    let failure = attempt.failure.as_ref();
    let verdict = attempt.verdict.as_ref().map(|verdict| &verdict.details);
    JobRunAttempt {
        number: attempt.number,
        driver_name,
        namespace: namespace.to_owned(),
        phase: seen.phase,
        begun_at: begun_at.into(),
        created_at: attempt
            .holder
            .as_ref()
            .filter(|holder| holder.kind == domain::HolderKind::Driver)
            .map(|holder| holder.created_at.into()),
        started_at: seen.started_at.map(Into::into),
        ended_at: seen.ended_at.or(over).map(Into::into),
        exit_code: seen.exit_code,
        reason: seen.reason.or(driver.disruption.as_ref()).cloned(),
        node: driver.node.clone(),
        fault: failure.map(|failure| failure.fault.as_str()),
        charged: failure.map(|failure| failure.charged),
        details: failure.map(|failure| &failure.details).or(verdict).cloned(),
        retry_at: failure.and_then(|failure| failure.retry_at).map(Into::into),
    }
}

/// What an attempt's phase tells.
struct Seen<'a> {
    phase: &'static str,
    started_at: Option<jiff::Timestamp>,
    ended_at: Option<jiff::Timestamp>,
    exit_code: Option<i32>,
    reason: Option<&'a String>,
}

impl<'a> Seen<'a> {
    fn of(phase: &'a domain::DriverPhase) -> Self {
        let nothing = Self {
            phase: "UNSEEN",
            started_at: None,
            ended_at: None,
            exit_code: None,
            reason: None,
        };
        match phase {
            domain::DriverPhase::Unseen => nothing,
            domain::DriverPhase::Waiting { why, .. } => Self {
                phase: "WAITING",
                reason: why.as_ref().map(|why| &why.reason),
                ..nothing
            },
            domain::DriverPhase::Running { since } => Self {
                phase: "RUNNING",
                started_at: Some(*since),
                ..nothing
            },
            domain::DriverPhase::Ended(exit) => Self {
                phase: "ENDED",
                started_at: exit.started_at,
                ended_at: Some(exit.at),
                exit_code: exit.code,
                reason: exit.reason.as_ref(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::job_run::State as S;

    fn asked(query: &str) -> Result<Option<Wait>, ApiError> {
        Wait::asked(&QueryPairs::parse(query))
    }

    #[test]
    fn a_wait_is_over_where_its_states_are_reached_or_passed() {
        let over = |states: &str, now| {
            let wait = asked(&format!("waitFor={states}")).unwrap().unwrap();
            wait.is_over(now)
        };
        for (states, now, expected) in [
            ("RUNNING", S::Pending, false),
            ("RUNNING", S::Running, true),
            ("RUNNING", S::CancelPending, true),
            ("RUNNING", S::Failed, true),
            ("PENDING", S::Submitted, true),
            ("PENDING,COMPLETED", S::Submitted, false),
            ("COMPLETED", S::Cancelled, true),
            ("terminal", S::CancelPending, false),
            ("Terminal", S::Completed, true),
        ] {
            assert_eq!(over(states, now), expected, "{states} {now}");
        }
    }

    #[test]
    fn a_wait_makes_a_request_longer_and_no_other() {
        let seconds = |path: &str, query: &str| patience(path, query).as_secs();
        let run = "/firesteel/v1/virtualclusters/a/jobruns/b";
        assert_eq!(seconds(run, ""), 0);
        assert_eq!(seconds(run, "timeout=9"), 0);
        assert_eq!(seconds(run, "waitFor=RUNNING"), DEFAULT_WAIT);
        assert_eq!(seconds(run, "waitFor=RUNNING&timeout=9"), 9);
        assert_eq!(seconds(run, "waitFor=RUNNING&timeout=301"), 0);
        assert_eq!(
            seconds("/virtualclusters/a/jobruns/b", "waitFor=RUNNING"),
            0
        );
    }
}
