//! The events of a job run as they come. Nothing is read before the client has taken what was read
//! before, and every page is for who may read it then.

use std::collections::VecDeque;

use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event as Sent, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use tokio::time::timeout;

use super::told;
use crate::domain::ids::JobRunId;
use crate::domain::job_run::JobRun;
use crate::domain::job_run::event::Event;
use crate::http::Shared;
use crate::http::caller::Standing;
use crate::http::follow::{Closing, Follower, Followers, News};
use crate::wire::{ApiError, QueryPairs};

/// Events read at a time.
const PAGE: i64 = 100;

/// Proxies that would keep an answer until it is whole pass it on by this.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Who reads a stream, and where.
pub(super) struct Reader {
    pub app: Shared,
    pub standing: Standing,
    /// The ids of the virtual cluster and the run, as in the path.
    pub place: (String, String),
    pub closing: Closing,
}

/// Whether a stream is asked for, and not a list.
pub(super) fn is_asked(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut kinds = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Behind which event the stream begins.
pub(super) fn begin_after(query: &QueryPairs, headers: &HeaderMap) -> Result<u32, ApiError> {
    let last = headers.get("last-event-id").map(HeaderValue::as_bytes);
    let last = last.map(String::from_utf8_lossy);
    match last.as_deref().filter(|last| !last.is_empty()) {
        Some(last) => told::integer(last, "Last-Event-ID"),
        None => {
            let after = query.all("after").next();
            after.map_or(Ok(0), |after| told::integer(after, "after"))
        }
    }
}

/// The stream of the run's events behind number `after`.
pub(super) async fn answer(
    reader: Reader,
    followers: &Followers,
    run: &JobRun,
    after: u32,
) -> Result<Response, ApiError> {
    // Followed before the first page is read, so that nothing is missed between the two.
    let follower = match (!run.state.is_terminal()).then(|| followers.follow(run)) {
        None => None,
        Some(Ok(follower)) => Some(follower),
        Some(Err(too_many)) => return Ok(too_many.answer()),
    };
    let mut events = Events {
        reader,
        run: run.id.clone(),
        follower,
        after,
        page: VecDeque::new(),
        more: false,
    };
    events.read().await?;
    if events.page.is_empty() && events.follower.is_none() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let sent = stream::unfold(events, async |mut events| {
        let next = events.next().await?;
        Some((next, events))
    });
    // What compresses would keep events until there are enough of them.
    let as_it_comes = [
        (
            CACHE_CONTROL,
            HeaderValue::from_static("no-store, no-transform"),
        ),
        (UNBUFFERED, HeaderValue::from_static("no")),
    ];
    Ok((as_it_comes, Sse::new(sent)).into_response())
}

/// A stream under way.
struct Events {
    reader: Reader,
    run: JobRunId,
    /// `None` where the run was over before the last page was read.
    follower: Option<Follower>,
    /// The number of the last event that was sent.
    after: u32,
    /// Read, and not sent yet.
    page: VecDeque<Event>,
    /// The last page was full.
    more: bool,
}

impl Events {
    /// What is sent next. An error cuts the connection: the client may try again from where it was.
    async fn next(&mut self) -> Option<Result<Sent, ApiError>> {
        loop {
            if let Some(event) = self.page.pop_front() {
                self.after = event.number;
                return Some(sent(event));
            }
            if self.reader.closing.0.is_cancelled() {
                return None;
            }
            if !self.more {
                match self.something_new().await {
                    Turn::Read => {}
                    Turn::StillThere => {
                        return match self.may_read().await {
                            Ok(true) => Some(Ok(Sent::default().comment(""))),
                            Ok(false) => None,
                            Err(error) => Some(Err(error)),
                        };
                    }
                    Turn::End => return None,
                }
            }
            match self.may_read().await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            if let Err(error) = self.read().await {
                return Some(Err(error));
            }
        }
    }

    /// Waits until there is something to read.
    async fn something_new(&mut self) -> Turn {
        let Some(follower) = &mut self.follower else {
            return Turn::End;
        };
        let sent = self.after;
        let news = follower.until(|news| match news {
            News::Unknown => false,
            News::Seen(seen) => seen.last_event > sent || seen.state.is_terminal(),
            News::Gone => true,
        });
        let heartbeat = self.reader.app.config.api.following.heartbeat;
        let news = timeout(heartbeat, news);
        match self.reader.closing.0.run_until_cancelled(news).await {
            None | Some(Ok(News::Gone)) => Turn::End,
            Some(Ok(News::Seen(seen))) => {
                if seen.state.is_terminal() {
                    self.follower = None;
                }
                Turn::Read
            }
            Some(Ok(News::Unknown) | Err(_)) => Turn::StillThere,
        }
    }

    /// Whether the client may read on. Where it may not, it learns why when it asks again.
    async fn may_read(&self) -> Result<bool, ApiError> {
        let Reader {
            app,
            standing,
            place,
            ..
        } = &self.reader;
        let allowed = async {
            let caller = standing.caller(app).await?;
            told::allowed(app, &caller, place).await
        };
        match allowed.await {
            Ok(_) => Ok(true),
            Err(error) if error.status().is_client_error() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn read(&mut self) -> Result<(), ApiError> {
        let store = &self.reader.app.store;
        let page = store.job_run_events(&self.run, self.after, PAGE).await?;
        self.more = i64::try_from(page.len()).is_ok_and(|read| read >= PAGE);
        self.page = page.into();
        Ok(())
    }
}

/// What a wait came to.
enum Turn {
    Read,
    /// Nothing happened for so long that the client hears of it.
    StillThere,
    End,
}

fn sent(event: Event) -> Result<Sent, ApiError> {
    let sent = Sent::default()
        .id(event.number.to_string())
        .event(event.kind.as_str());
    sent.json_data(told::view(event))
        .map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_for_who_accepts_one() {
        for (accepted, stream) in [
            ("text/event-stream", true),
            ("application/json, Text/Event-Stream;q=0.5", true),
            ("application/json", false),
            ("*/*", false),
            ("text/*", false),
        ] {
            let headers = [(ACCEPT, HeaderValue::from_static(accepted))];
            assert_eq!(
                is_asked(&headers.into_iter().collect()),
                stream,
                "{accepted}"
            );
        }
        assert!(!is_asked(&HeaderMap::new()));
    }

    #[test]
    fn a_stream_begins_behind_what_the_client_has() {
        let begins = |query: &str, header: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert("last-event-id", HeaderValue::from_static(header));
            }
            begin_after(&QueryPairs::parse(query), &headers).ok()
        };
        assert_eq!(begins("", None), Some(0));
        assert_eq!(begins("after=3", None), Some(3));
        assert_eq!(begins("after=3", Some("7")), Some(7));
        assert_eq!(begins("after=3", Some("")), Some(3));
        assert_eq!(begins("after=x", None), None);
        assert_eq!(begins("", Some("-1")), None);
    }
}
