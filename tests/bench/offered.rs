//! Runs offered at a fixed rate: how soon each is accepted, and has its driver.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::clients::job_run;
use super::figures::Latency;
use super::machine::{Sample, Used};
use super::pods::{self, Births};
use super::server::{Role, Server};
use super::world::World;

const LASTS: Duration = Duration::from_secs(1);
/// In which all must be over after the last was accepted.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Deserialize, Serialize)]
pub struct Offered {
    pub per_minute: f64,
    pub runs: usize,
    /// Of StartJobRun.
    pub accepted: Latency,
    /// From StartJobRun's answer to the driver pod, as a watch of the API server shows it.
    pub driver: Latency,
    pub used: Used,
}

/// 20 a second.
pub async fn steady(world: &World) -> anyhow::Result<Offered> {
    offer(world, "offered", 20.0, world.number(2400)).await
}

/// 6,000 at 1,500 a minute.
pub async fn burst(world: &World) -> anyhow::Result<Offered> {
    offer(world, "burst", 25.0, world.number(6000)).await
}

async fn offer(world: &World, name: &str, per_second: f64, runs: usize) -> anyhow::Result<Offered> {
    let server = Server::start(world, name, Role::All, "").await?;
    let programs = server.programs(world);
    let client = server.client()?;
    let place = client.virtual_cluster(&world.namespace).await?;
    let drivers = pods::drivers(&world.kubeconfig, &world.namespace).await?;
    let births = Births::watch(drivers).await?;

    let before = Sample::take(&programs)?;
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_secs_f64(1.0 / per_second));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for _ in 0..runs {
        ticks.tick().await;
        let (client, place) = (client.clone(), place.clone());
        calls.spawn(async move {
            let asked = Instant::now();
            let run = client.start(&place, &job_run(LASTS)).await?;
            anyhow::Ok((run, asked, Instant::now()))
        });
    }
    let mut answers = Vec::new();
    while let Some(call) = calls.join_next().await {
        // One refusal is a failure of the measure.
        answers.push(call??);
    }
    let over = async {
        while client.count(&place, "COMPLETED").await? < runs {
            sleep(Duration::from_millis(500)).await;
        }
        anyhow::Ok(())
    };
    timeout(LIMIT, over)
        .await
        .context("not all are COMPLETED")??;
    let used = before.until(&Sample::take(&programs)?);
    let born = births.end().await?;
    server.stop().await?;

    ensure!(answers.len() == runs, "{} answers", answers.len());
    let accepted = answers
        .iter()
        .map(|(_, asked, answered)| *answered - *asked);
    let mut driver = Vec::new();
    for (run, _, answered) in &answers {
        let born = born
            .get(run)
            .with_context(|| format!("run {run} had no driver"))?;
        driver.push(born.saturating_duration_since(*answered));
    }
    let offered = Offered {
        per_minute: per_second * 60.0,
        runs,
        accepted: Latency::of(accepted.collect()),
        driver: Latency::of(driver),
        used,
    };
    eprintln!("accepted {:?}", offered.accepted);
    eprintln!("driver   {:?}", offered.driver);
    for program in offered.used.cpu.keys() {
        let ms = offered.used.ms_per(program, runs as u64);
        eprintln!("   {program:24} {ms:7.2} ms of CPU a run");
    }
    Ok(offered)
}
