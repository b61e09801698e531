//! StartJobRun alone, as fast as it is answered; the workers are off.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::clients::job_run;
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
}

pub async fn measure(world: &World) -> anyhow::Result<Accept> {
    let server = Server::start(world, "accept", Role::Api, "").await?;
    let programs = server.programs(world);
    let client = server.client()?;
    let place = client.virtual_cluster(&world.namespace).await?;
    let from = Instant::now() + WARM_UP;
    let until = from + world.length(LASTS);
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, place) = (client.clone(), place.clone());
        callers.spawn(async move {
            let mut times = Vec::new();
            loop {
                let asked = Instant::now();
                if asked >= until {
                    return anyhow::Ok(times);
                }
                client
                    .start(&place, &job_run(Duration::from_secs(1)))
                    .await?;
                if asked >= from {
                    times.push(asked.elapsed());
                }
            }
        });
    }
    sleep(WARM_UP).await;
    let before = Sample::take(&programs)?;
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    let used = before.until(&Sample::take(&programs)?);
    server.stop().await?;

    let count = times.len() as u64;
    let accept = Accept {
        connections: CONNECTIONS,
        per_second: count as f64 / used.seconds,
        accepted: Latency::of(times),
        used,
    };
    eprintln!("{:.0}/s {:?}", accept.per_second, accept.accepted);
    for program in accept.used.cpu.keys() {
        let ms = accept.used.ms_per(program, count);
        eprintln!("   {program:24} {ms:7.3} ms of CPU a call");
    }
    Ok(accept)
}
