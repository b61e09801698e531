//! The events of a run as they come, by server-sent events.

use std::time::Duration;

use firesteel::domain::ids::AccessKeyId;
use firesteel::domain::job_run::DriverPhase;
use reqwest::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_TYPE,
    ORIGIN,
};
use reqwest::{Method, Response};
use serde_json::Value;
use sqlx::PgPool;
use tokio::time::timeout;

use crate::auth::signer;
use crate::harness::app::ACCOUNT;
use crate::harness::cluster::{exit, running};
use crate::harness::proxy::Proxy;
use crate::harness::workers::{eventually, settings};
use crate::harness::{Client, TestApp, Workers};
use crate::job_run_stories::story_of;

const LIMIT: Duration = Duration::from_secs(20);
const SOON_POLLED: (&str, &str) = ("API__FOLLOWING__POLL_INTERVAL", "20ms");

/// A stream as an EventSource reads it.
struct Stream {
    response: Response,
    unread: String,
}

/// What stands between two empty lines.
#[derive(Debug, PartialEq)]
enum Block {
    Comment,
    Event { id: u64, kind: String, data: Value },
}

impl Stream {
    async fn open(client: &Client, path: &str, last: Option<&str>) -> Self {
        let response = ask(client, path, last).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        assert!(response.headers().contains_key("x-amzn-requestid"));
        // Nothing on its way keeps it back.
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store, no-transform");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self {
            response,
            unread: String::new(),
        }
    }

    /// The next block; `None` at a clean end.
    async fn next(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let block = parse(block);
                self.unread = rest.to_owned();
                return Some(block);
            }
            let chunk = timeout(LIMIT, self.response.chunk());
            let chunk = chunk.await.expect("something comes").unwrap();
            match chunk {
                Some(bytes) => self.unread.push_str(std::str::from_utf8(&bytes).unwrap()),
                None => {
                    assert_eq!(self.unread, "");
                    return None;
                }
            }
        }
    }

    /// The next event, whatever signs of life come before it.
    async fn event(&mut self) -> Option<(u64, String, Value)> {
        loop {
            match self.next().await? {
                Block::Comment => {}
                Block::Event { id, kind, data } => return Some((id, kind, data)),
            }
        }
    }

    async fn rest(mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some((_, _, data)) = self.event().await {
            rest.push(data);
        }
        rest
    }
}

fn parse(block: &str) -> Block {
    let (mut id, mut kind, mut data) = (None, None, None);
    for line in block.lines() {
        match line.split_once(": ").unwrap_or((line, "")) {
            ("id", value) => id = value.parse().ok(),
            ("event", value) => kind = Some(value.to_owned()),
            ("data", value) => data = serde_json::from_str(value).ok(),
            _ => assert!(line.starts_with(':'), "{line:?}"),
        }
    }
    match (id, kind, data) {
        (Some(id), Some(kind), Some(data)) => Block::Event { id, kind, data },
        (None, None, None) => Block::Comment,
        other => panic!("{other:?}"),
    }
}

async fn ask(client: &Client, path: &str, last: Option<&str>) -> Response {
    let mut request = client
        .request(Method::GET, path)
        .header(ACCEPT, "text/event-stream");
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    client.http.execute(client.proven(request)).await.unwrap()
}

fn events_of(cluster: &str, run: &str) -> String {
    format!("{}/events", story_of(cluster, run))
}

#[sqlx::test]
async fn a_stream_tells_what_was_and_then_what_comes_until_the_end(pool: PgPool) {
    // Workers of the same process wake it; nobody looks by himself.
    let app = TestApp::with(pool, &[("API__FOLLOWING__POLL_INTERVAL", "1h")]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = events_of(&cluster, &run);
    let mut early = Stream::open(&app.client, &path, None).await;
    let _workers = Workers::start(&app, settings());
    let (id, kind, data) = early.event().await.unwrap();
    assert_eq!(
        (id, kind.as_str(), &data["number"]),
        (1, "ATTEMPT", &1.into())
    );
    let (id, kind, data) = early.event().await.unwrap();
    assert_eq!(
        (id, kind.as_str(), &data["state"]),
        (2, "STATE", &"SUBMITTED".into())
    );

    let mut late = Stream::open(&app.client, &path, None).await;
    assert_eq!(late.event().await.unwrap().0, 1);
    app.local.set_phase(&run, running());
    assert_eq!(early.event().await.unwrap().2["state"], "RUNNING");
    app.local.set_phase(&run, DriverPhase::Ended(exit(0)));
    assert_eq!(early.event().await.unwrap().2["state"], "COMPLETED");
    assert_eq!(early.event().await, None);

    let list = app.client.get(&path).await;
    let list = list.body["events"].as_array().unwrap().clone();
    assert_eq!(late.rest().await, list[1..]);
    // It is over: the whole is told once more, and who has it need not come again.
    let again = Stream::open(&app.client, &path, None).await;
    assert_eq!(again.rest().await, list);
    let last = list.len().to_string();
    assert_eq!(ask(&app.client, &path, Some(&last)).await.status(), 204);
}

#[sqlx::test]
async fn a_stream_goes_on_where_it_was_cut(pool: PgPool) {
    let app = TestApp::with(pool, &[SOON_POLLED]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = events_of(&cluster, &run);
    for state in ["SUBMITTED", "RUNNING"] {
        app.set_run(&run, state).await;
    }
    let mut resumed = Stream::open(&app.client, &path, Some("1")).await;
    assert_eq!(resumed.event().await.unwrap().0, 2);
    let mut after = Stream::open(&app.client, &format!("{path}?after=2"), None).await;
    app.set_run(&run, "FAILED").await;
    assert_eq!(after.event().await.unwrap().0, 3);
    assert_eq!(resumed.event().await.unwrap().0, 3);
    assert_eq!((resumed.next().await, after.next().await), (None, None));
    for (query, last, member) in [
        ("?after=x", None, "after"),
        ("", Some("x"), "Last-Event-ID"),
    ] {
        let refused = ask(&app.client, &format!("{path}{query}"), last).await;
        assert_eq!(
            refused.headers()["x-amzn-errortype"],
            "SerializationException"
        );
        assert!(refused.text().await.unwrap().contains(member));
    }
}

#[sqlx::test]
async fn a_stream_without_news_says_that_it_lives(pool: PgPool) {
    let settings = [
        ("API__FOLLOWING__HEARTBEAT", "400ms"),
        ("API__REQUEST_TIMEOUT", "1s"),
    ];
    let app = TestApp::with(pool, &settings).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let mut stream = Stream::open(&app.client, &events_of(&cluster, &run), None).await;
    // Longer than a request may take.
    for _ in 0..3 {
        assert_eq!(stream.next().await, Some(Block::Comment));
    }
    app.running.cancel();
    while stream.next().await.is_some() {}
}

#[sqlx::test]
async fn a_stream_ends_with_the_right_to_it(pool: PgPool) {
    let settings = [
        ("API__AUTH", "sigv4"),
        ("API__FOLLOWING__HEARTBEAT", "30ms"),
        SOON_POLLED,
    ];
    let app = TestApp::with(pool, &settings).await;
    let owner = app.signed(ACCOUNT, None).await;
    let cluster = owner.virtual_cluster("jobs").await;
    let run = owner.job_run(&cluster).await;
    let path = events_of(&cluster, &run);
    let mut stream = Stream::open(&owner, &path, None).await;
    assert_eq!(stream.next().await, Some(Block::Comment));
    let key = AccessKeyId::parse(signer(&owner).access_key_id).unwrap();
    app.app
        .store
        .revoke_access_key(&key)
        .await
        .unwrap()
        .unwrap();
    app.set_run(&run, "SUBMITTED").await;
    while let Some(block) = stream.next().await {
        assert_eq!(block, Block::Comment, "it was revoked");
    }
    let stranger = app.signed("210987654321", None).await;
    assert_eq!(ask(&stranger, &path, None).await.status(), 400);
    assert_eq!(ask(&app.client, &path, None).await.status(), 403);
}

/// An EventSource of a browser, or what takes its place where a token is needed.
#[sqlx::test]
async fn pages_of_configured_origins_read_streams(pool: PgPool) {
    const PORTAL: &str = "https://portal.example.org";
    let app = TestApp::changed(pool, &[SOON_POLLED], |app| {
        app.config.api.cors_origins = vec![PORTAL.to_owned()];
    })
    .await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    app.set_run(&run, "FAILED").await;
    let path = events_of(&cluster, &run);
    let request = app.client.request(Method::GET, &path);
    let request = request
        .header(ACCEPT, "text/event-stream")
        .header(ORIGIN, PORTAL);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], PORTAL);
    assert!(response.text().await.unwrap().contains("event: STATE"));
    let preflight = app
        .client
        .request(Method::OPTIONS, &path)
        .header(ORIGIN, PORTAL)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET")
        .header(
            ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization,last-event-id",
        );
    let response = preflight.send().await.unwrap();
    let allowed = response.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str();
    assert!(allowed.unwrap().contains("last-event-id"));
}

#[sqlx::test]
async fn too_many_streams_are_refused(pool: PgPool) {
    let one = [("API__FOLLOWING__MAX_PER_ACCOUNT", "1")];
    let app = TestApp::with(pool, &one).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let path = events_of(&cluster, &run);
    let first = Stream::open(&app.client, &path, None).await;
    let refused = ask(&app.client, &path, None).await;
    assert_eq!(refused.headers()["x-amzn-errortype"], "ThrottlingException");
    drop(first);
    eventually("there is room", async || {
        (ask(&app.client, &path, None).await.status() == 200).then_some(())
    })
    .await;
}

#[sqlx::test]
async fn a_slow_reader_is_not_read_ahead_of(pool: PgPool) {
    const EVENTS: i32 = 40_000;
    let (proxy, wire) = Proxy::before(&pool).await;
    let app = TestApp::with(wire, &[]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    sqlx::query(
        "INSERT INTO job_run_event (run, kind, attempt, text)
        SELECT $1, 'ATTEMPT', 1, repeat('x', 1000) FROM generate_series(1, $2)",
    )
    .bind(&run)
    .bind(EVENTS)
    .execute(&pool)
    .await
    .unwrap();
    let mut stream = Stream::open(&app.client, &events_of(&cluster, &run), None).await;
    assert_eq!(stream.event().await.unwrap().0, 1);
    // What fits between the two ends is read, and no more: far from all.
    let read = async || {
        let before = proxy.requests();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let after = proxy.requests();
        (before == after).then_some(after)
    };
    let pages = usize::try_from(EVENTS / 100).unwrap();
    let requests = eventually("it stands still", read).await;
    assert!(requests < pages, "{requests} requests for {pages} pages");
    for expected in 2..=2000 {
        assert_eq!(stream.event().await.unwrap().0, expected);
    }
}
