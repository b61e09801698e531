//! What callers ask where ten million runs have ended: whatever the filter, on the first page and
//! on one in the midst of all.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clients::{Client, job_run};
use super::figures::Latency;
use super::history;
use super::server::{Role, Server};
use super::world::World;

const CALLS: usize = 1000;

#[derive(Debug, Deserialize, Serialize)]
pub struct Lists {
    pub runs: i64,
    pub reads: Vec<Read>,
    pub accepted: Latency,
}

/// Calls of one kind.
#[derive(Debug, Deserialize, Serialize)]
pub struct Read {
    pub what: String,
    pub took: Latency,
}

/// A list of the virtual cluster of this number, with this query.
struct List {
    what: &'static str,
    place: u8,
    query: &'static [(&'static str, &'static str)],
}

const LIVE: [(&str, &str); 4] = [
    ("states", "PENDING"),
    ("states", "SUBMITTED"),
    ("states", "RUNNING"),
    ("states", "CANCEL_PENDING"),
];

const LISTS: [List; 9] = [
    List {
        what: "no filter",
        place: 0,
        query: &[],
    },
    List {
        what: "FAILED",
        place: 0,
        query: &[("states", "FAILED")],
    },
    List {
        what: "FAILED, where all are COMPLETED, since long ago",
        place: 35,
        query: &[
            ("states", "FAILED"),
            ("createdAfter", "2000-01-01T00:00:00Z"),
        ],
    },
    List {
        what: "the four states of live runs",
        place: 0,
        query: &LIVE,
    },
    List {
        what: "CANCELLED or FAILED",
        place: 0,
        query: &[("states", "CANCELLED"), ("states", "FAILED")],
    },
    List {
        what: "a name that many have",
        place: 0,
        query: &[("name", "hourly")],
    },
    List {
        what: "the same, CANCELLED or PENDING",
        place: 0,
        query: &[
            ("name", "hourly"),
            ("states", "CANCELLED"),
            ("states", "PENDING"),
        ],
    },
    List {
        what: "a name that one has, in another state",
        place: 0,
        query: &[("name", "run-8"), ("states", "CANCELLED")],
    },
    List {
        what: "a name that many have elsewhere, where all are COMPLETED",
        place: 35,
        query: &[("name", "nightly-1"), ("states", "FAILED")],
    },
];

pub async fn measure(world: &World) -> anyhow::Result<Lists> {
    let runs = if world.short {
        history::RUNS / 10
    } else {
        history::RUNS
    };
    let server = on_history(world, runs).await?;
    let client = server.client()?;
    let calls = world.number(CALLS);
    let deep = deep(&client).await?;
    let mut reads = Vec::new();
    for list in LISTS {
        let id = history::place(list.place);
        let first = list.query;
        let after = [first, &[("nextToken", deep.token.as_str())]].concat();
        // A token is of one virtual cluster's list.
        let pages = [("", first), (", in the midst", after.as_slice())];
        for (page, query) in pages.into_iter().take(if list.place == 0 { 2 } else { 1 }) {
            let took = timed(calls, async || client.list(&id, query).await).await?;
            reads.push(read(format!("ListJobRuns: {}{page}", list.what), took));
        }
    }
    let window = [
        ("createdAfter", deep.created_at.as_str()),
        ("createdBefore", deep.created_at.as_str()),
    ];
    let place = history::place(0);
    let took = timed(calls, async || client.list(&place, &window).await).await?;
    reads.push(read(
        "ListJobRuns: one moment in the midst".to_owned(),
        took,
    ));
    let took = timed(calls, async || client.state(&place, &deep.id).await).await?;
    reads.push(read("DescribeJobRun, in the midst".to_owned(), took));
    let body = || job_run(Duration::from_secs(1));
    let took = timed(calls, async || client.start(&place, &body()).await).await?;
    let accepted = read("StartJobRun".to_owned(), took).took;
    server.stop().await?;
    Ok(Lists {
        runs,
        reads,
        accepted,
    })
}

/// A server on the history, which takes long to load and is kept for the next time.
async fn on_history(world: &World, runs: i64) -> anyhow::Result<Server> {
    let name = format!("bench_history_{runs}");
    let database = match world.kept_database(&name).await? {
        Some(kept) => kept,
        None => {
            let loading = Server::start(world, "lists", Role::Api, "").await?;
            let database = loading.database.clone();
            loading.stop().await?;
            history::load(&database, runs).await?;
            world.keep_database("bench_lists", &name).await?
        }
    };
    Server::on(world, "lists", Role::Api, "", database).await
}

/// A run in the midst of the history, and the token of the page after it.
struct Deep {
    token: String,
    id: String,
    created_at: String,
}

async fn deep(client: &Client) -> anyhow::Result<Deep> {
    let half_a_year = jiff::SignedDuration::from_hours(24 * 180);
    let before = (jiff::Timestamp::now() - half_a_year).to_string();
    let query = [("createdBefore", before.as_str()), ("maxResults", "1")];
    let page = client.list(&history::place(0), &query).await?;
    let run = &page["jobRuns"][0];
    let text = |value: &Value| Some(value.as_str()?.to_owned());
    Ok(Deep {
        token: text(&page["nextToken"]).context("the history is shorter than half a year")?,
        id: text(&run["id"]).context("no id")?,
        created_at: text(&run["createdAt"]).context("no time")?,
    })
}

/// How long each of so many calls takes, one after the other, once they are warm.
async fn timed<T>(
    calls: usize,
    call: impl AsyncFn() -> anyhow::Result<T>,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for number in 0..calls + calls / 10 {
        let asked = Instant::now();
        call().await?;
        if number >= calls / 10 {
            times.push(asked.elapsed());
        }
    }
    Ok(times)
}

fn read(what: String, times: Vec<Duration>) -> Read {
    let took = Latency::of(times);
    eprintln!("{what}: {took:?}");
    Read { what, took }
}
