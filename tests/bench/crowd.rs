//! Thousands of live runs: what they take of memory, and how soon an end is seen among them.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use super::clients::{Client, job_run};
use super::figures::Latency;
use super::machine::memory;
use super::pods;
use super::server::{Role, Server};
use super::world::World;

const HALF: usize = 5_000;
const ALL: usize = 10_000;
const ENDS: usize = 400;
const ENDS_PER_SECOND: f64 = 10.0;
const LASTS: Duration = Duration::from_secs(24 * 3600);
const LOOK_EVERY: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);
/// In which all that were accepted must be RUNNING.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Debug, Deserialize, Serialize)]
pub struct Crowd {
    pub live: usize,
    /// From the kubelet's word that the driver ended to COMPLETED in DescribeJobRun.
    pub end: Latency,
    pub most: usize,
    /// With `most` live runs.
    pub mib: f64,
    pub peak_mib: f64,
}

pub async fn measure(world: &World) -> anyhow::Result<Crowd> {
    let server = Server::start(world, "crowd", Role::All, "").await?;
    let client = server.client()?;
    let place = client.virtual_cluster(&world.namespace).await?;
    let (live, most) = (world.number(HALF), world.number(ALL));
    let runs = gather(&client, &place, live).await?;

    let drivers = pods::drivers(&world.admin_kubeconfig, &world.namespace).await?;
    let mut ends = JoinSet::new();
    let mut ticks = interval(Duration::from_secs_f64(1.0 / ENDS_PER_SECOND));
    let every = (runs.len() / world.number(ENDS)).max(1);
    for run in runs.iter().step_by(every) {
        ticks.tick().await;
        let (client, place, run) = (client.clone(), place.clone(), run.clone());
        let drivers = drivers.clone();
        ends.spawn(async move {
            pods::succeed(&drivers, &format!("spark-{run}-driver")).await?;
            let told = Instant::now();
            let seen = async {
                while client.state(&place, &run).await? != "COMPLETED" {
                    sleep(LOOK_EVERY).await;
                }
                anyhow::Ok(told.elapsed())
            };
            timeout(PATIENCE, seen)
                .await
                .context("an end was not seen")?
        });
    }
    let mut times = Vec::new();
    while let Some(end) = ends.join_next().await {
        times.push(end??);
    }
    let end = Latency::of(times);
    eprintln!("end {end:?}");

    gather(&client, &place, most - live + end.count).await?;
    let (mib, peak_mib) = memory(server.pid())?;
    eprintln!("{mib:.0} MiB with {most} live runs, {peak_mib:.0} at most");
    server.stop().await?;
    Ok(Crowd {
        live,
        end,
        most,
        mib,
        peak_mib,
    })
}

/// Starts so many more runs and waits until their drivers run.
async fn gather(client: &Client, place: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let before = client.count(place, "RUNNING").await?;
    let mut runs = Vec::new();
    let deadline = Instant::now() + LIMIT;
    while runs.len() < count {
        runs.push(client.start(place, &job_run(LASTS)).await?);
    }
    loop {
        let running = client.count(place, "RUNNING").await? - before;
        eprintln!("   {running} of {count} more are RUNNING");
        if running >= count {
            return Ok(runs);
        }
        ensure!(Instant::now() < deadline, "they do not all run");
        sleep(Duration::from_secs(2)).await;
    }
}
