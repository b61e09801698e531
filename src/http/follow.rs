//! Following job runs: one poller in a process looks at all that anybody follows, in one query, and
//! holds a connection to the database no longer than that takes.
//!
//! There is a poller while somebody follows. It looks again when a run has changed here or, as a
//! notification says, elsewhere, and after `poll_interval` whatever was said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::domain::ids::{AccountId, JobRunId};
use crate::domain::job_run::JobRun;
use crate::store::Progress;
use crate::telemetry::API_FOLLOWERS;
use crate::wire::ApiError;

/// Between two looks, however much changes.
const LEAST_GAP: Duration = Duration::from_millis(25);

/// Who follows runs in this process.
#[derive(Clone)]
pub(super) struct Followers(Arc<Inner>);

struct Inner {
    app: Shared,
    /// The most of all accounts together.
    most: usize,
    followed: Mutex<Followed>,
}

#[derive(Default)]
struct Followed {
    runs: BTreeMap<JobRunId, Run>,
    accounts: BTreeMap<AccountId, usize>,
    polled: bool,
}

struct Run {
    news: watch::Sender<News>,
    followers: usize,
}

/// What the last look showed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Nobody has looked since the run is followed.
    Unknown,
    Seen(Progress),
    /// It is not there any more.
    Gone,
}

/// One who follows a run, until this is dropped.
pub(super) struct Follower {
    news: watch::Receiver<News>,
    run: JobRunId,
    account: AccountId,
    all: Arc<Inner>,
}

/// There are too many followers already.
#[derive(Debug)]
pub(super) enum TooMany {
    OfTheAccount(usize),
    OfAll,
}

/// Cancelled when the server is asked to end: who waits is answered then.
#[derive(Clone, Default)]
pub(super) struct Closing(pub CancellationToken);

impl Followers {
    pub(super) fn new(app: Shared) -> Self {
        let most = app.config.api.max_connections.get() / 2;
        Self(Arc::new(Inner {
            app,
            most,
            followed: Mutex::default(),
        }))
    }

    /// Follows `run`, and sees to it that it is looked at soon.
    pub(super) fn follow(&self, run: &JobRun) -> Result<Follower, TooMany> {
        let all = &self.0;
        let mut followed = all.followed();
        let most = all.app.config.api.following.max_per_account.get();
        let of_account = followed.accounts.get(&run.account).copied().unwrap_or(0);
        if of_account >= most {
            return Err(TooMany::OfTheAccount(most));
        }
        if followed.count() >= all.most {
            return Err(TooMany::OfAll);
        }
        followed
            .accounts
            .insert(run.account.clone(), of_account + 1);
        let entry = followed.runs.entry(run.id.clone());
        let entry = entry.or_insert_with(|| Run {
            news: watch::Sender::new(News::Unknown),
            followers: 0,
        });
        entry.followers += 1;
        let news = entry.news.subscribe();
        followed.tell_count();
        if !std::mem::replace(&mut followed.polled, true) {
            tokio::spawn(poll(Arc::clone(all)));
        }
        all.app.wakes.run_changed_locally();
        Ok(Follower {
            news,
            run: run.id.clone(),
            account: run.account.clone(),
            all: Arc::clone(all),
        })
    }
}

impl Follower {
    /// The first look, or any later one, that `wanted` takes. What was seen before counts.
    pub(super) async fn until(&mut self, wanted: impl Fn(News) -> bool) -> News {
        match self.news.wait_for(|news| wanted(*news)).await {
            Ok(news) => *news,
            // Its sender lives as long as this.
            Err(_) => News::Gone,
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut followed = self.all.followed();
        if let Some(run) = followed.runs.get_mut(&self.run) {
            run.followers -= 1;
            if run.followers == 0 {
                followed.runs.remove(&self.run);
            }
        }
        if let Some(count) = followed.accounts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                followed.accounts.remove(&self.account);
            }
        }
        followed.tell_count();
    }
}

impl TooMany {
    /// An answer that clients try again after, as where they are throttled.
    pub(super) fn answer(&self) -> Response {
        let text = match self {
            Self::OfTheAccount(most) => format!(
                "The account waits for job runs, or streams their events, {most} times already. \
                 No more at a time are served here."
            ),
            Self::OfAll => "Too many requests wait for job runs, or stream their events, \
                            already. Try again later."
                .to_owned(),
        };
        let mut response = ApiError::Throttling(text).into_response();
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Closing {
    type Rejection = std::convert::Infallible;

    /// A router that no server serves never closes.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

impl Inner {
    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is followed; `None` ends the poller, and the next to follow starts another.
    fn to_look_at(&self) -> Option<Vec<JobRunId>> {
        let mut followed = self.followed();
        if followed.runs.is_empty() {
            followed.polled = false;
            return None;
        }
        Some(followed.runs.keys().cloned().collect())
    }

    async fn look(&self, runs: &[JobRunId]) {
        let progress = match self.app.store.progress(runs).await {
            Ok(progress) => progress,
            Err(error) => {
                tracing::warn!(%error, "job runs that are followed cannot be looked at");
                return;
            }
        };
        let followed = self.followed();
        for id in runs {
            let Some(run) = followed.runs.get(id) else {
                continue;
            };
            let seen = progress
                .get(id)
                .map_or(News::Gone, |seen| News::Seen(*seen));
            run.news.send_if_modified(|known| {
                let changed = *known != seen;
                *known = seen;
                changed
            });
        }
    }
}

impl Followed {
    fn count(&self) -> usize {
        self.accounts.values().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "there are never so many")]
    fn tell_count(&self) {
        gauge!(API_FOLLOWERS).set(self.count() as f64);
    }
}

async fn poll(all: Arc<Inner>) {
    let woken = all.app.wakes.runs();
    let interval = all.app.config.api.following.poll_interval;
    let _another = Another(&all);
    while let Some(runs) = all.to_look_at() {
        all.look(&runs).await;
        sleep(LEAST_GAP).await;
        // Either way it is time for the next look.
        let _ = timeout(interval, woken.notified()).await;
    }
}

/// Lets another poller begin, however this one ends.
struct Another<'a>(&'a Inner);

impl Drop for Another<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.followed().polled = false;
        }
    }
}
