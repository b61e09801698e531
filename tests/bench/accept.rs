//! StartJobRun alone, as fast as it is answered; the workers are off.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::clients::{Client, job_run};
use super::figures::Latency;
use super::machine::{Sample, Used};
use super::server::{Role, Server};
use super::world::World;

const CONNECTIONS: usize = 64;
const LASTS: Duration = Duration::from_secs(30);
const WARM_UP: Duration = Duration::from_secs(3);

#[derive(Debug, Deserialize, Serialize)]
pub struct Accept {
    pub connections: usize,
    pub per_second: f64,
    pub accepted: Latency,
    pub used: Used,
    /// Of one connection, before the many.
    pub alone: Latency,
}

#[derive(Clone)]
struct Call {
    client: Client,
    place: String,
}

pub async fn measure(world: &World) -> anyhow::Result<Accept> {
    let server = Server::start(world, "accept", Role::Api, "").await?;
    let programs = server.programs(world);
    let client = server.client()?;
    let place = client.virtual_cluster(&world.namespace).await?;
    let call = Call { client, place };
    let lasts = world.length(LASTS);
    let (alone, _) = call.repeat(1, lasts / 3, &programs).await?;
    let (times, used) = call.repeat(CONNECTIONS, lasts, &programs).await?;
    server.stop().await?;

    let count = times.len() as u64;
    let accept = Accept {
        connections: CONNECTIONS,
        per_second: count as f64 / used.seconds,
        accepted: Latency::of(times),
        used,
        alone: Latency::of(alone),
    };
    eprintln!("{:.0}/s {:?}", accept.per_second, accept.accepted);
    eprintln!("   alone {:?}", accept.alone);
    for program in accept.used.cpu.keys() {
        let ms = accept.used.ms_per(program, count);
        eprintln!("   {program:24} {ms:7.3} ms of CPU a call");
    }
    Ok(accept)
}

impl Call {
    /// The times of all calls of so many connections, and what they cost; the first seconds do not
    /// count.
    async fn repeat(
        &self,
        connections: usize,
        lasts: Duration,
        programs: &[(String, u32)],
    ) -> anyhow::Result<(Vec<Duration>, Used)> {
        let from = Instant::now() + WARM_UP;
        let mut callers = JoinSet::new();
        for _ in 0..connections {
            callers.spawn(self.clone().until(from, from + lasts));
        }
        sleep(WARM_UP).await;
        let before = Sample::take(programs)?;
        let mut times = Vec::new();
        while let Some(caller) = callers.join_next().await {
            times.extend(caller??);
        }
        Ok((times, before.until(&Sample::take(programs)?)))
    }

    async fn until(self, from: Instant, until: Instant) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::new();
        loop {
            let asked = Instant::now();
            if asked >= until {
                return Ok(times);
            }
            let run = job_run(Duration::from_secs(1));
            self.client.start(&self.place, &run).await?;
            if asked >= from {
                times.push(asked.elapsed());
            }
        }
    }
}
