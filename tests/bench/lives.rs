//! Whole lives: from StartJobRun to COMPLETED, as many as one replica carries, for minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::clients::{Client, job_run};
use super::machine::{Sample, Used, memory};
use super::server::{Role, Server};
use super::world::World;

/// Runs between StartJobRun and their end: enough for every part to be busy.
const LIVE: usize = 128;
const CALLERS: usize = 8;
const LASTS: Duration = Duration::from_secs(1);
const STEADY: Duration = Duration::from_secs(300);
/// Until all parts are as busy as they stay.
const WARM_UP: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize, Serialize)]
pub struct Lives {
    pub live: usize,
    pub runs: u64,
    pub runs_per_minute: f64,
    pub used: Used,
    pub peak_mib: f64,
}

pub async fn measure(world: &World) -> anyhow::Result<Lives> {
    let server = Server::start(world, "lives", Role::All, "").await?;
    let programs = server.programs(world);
    let client = server.client()?;
    let place = client.virtual_cluster(&world.namespace).await?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(server.database.as_str())
        .await?;
    // The tables' own count, which costs less than to ask for every run; the API's word is at the end.
    let ended = async || -> anyhow::Result<u64> {
        let query = "SELECT count(*) FROM job_run WHERE state >= 'COMPLETED'";
        let ended: i64 = sqlx::query_scalar(query).fetch_one(&pool).await?;
        Ok(ended.try_into()?)
    };

    let load = Load::start(&client, &place);
    let warm = world.length(WARM_UP);
    let begun = Instant::now();
    let (mut first, mut last) = (None, None);
    let mut ticks = interval(Duration::from_millis(200));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while last.is_none() {
        ticks.tick().await;
        let count = ended().await?;
        load.allow(usize::try_from(count)? + LIVE);
        let elapsed = begun.elapsed();
        if first.is_none() && elapsed >= warm {
            first = Some((count, Sample::take(&programs)?));
        }
        if elapsed >= warm + world.length(STEADY) {
            last = Some((count, Sample::take(&programs)?));
        }
    }
    let accepted = load.end().await?;
    let (Some((before, from)), Some((after, to))) = (first, last) else {
        anyhow::bail!("nothing was measured");
    };
    while usize::try_from(ended().await?)? < accepted {
        sleep(Duration::from_millis(200)).await;
    }
    let completed = client.count(&place, "COMPLETED").await?;
    ensure!(
        completed == accepted,
        "{completed} of {accepted} runs are COMPLETED"
    );
    let (_, peak_mib) = memory(server.pid())?;
    server.stop().await?;

    let used = from.until(&to);
    let runs = after - before;
    eprintln!(
        "{runs} runs in {:.1} s: {:.1}/s",
        used.seconds,
        runs as f64 / used.seconds
    );
    for program in used.cpu.keys() {
        eprintln!(
            "   {program:24} {:7.2} ms of CPU a run",
            used.ms_per(program, runs)
        );
    }
    Ok(Lives {
        live: LIVE,
        runs,
        runs_per_minute: runs as f64 * 60.0 / used.seconds,
        used,
        peak_mib,
    })
}

/// Callers who start runs as fast as they are allowed to.
struct Load {
    permits: Arc<Semaphore>,
    allowed: AtomicUsize,
    started: Arc<AtomicUsize>,
    callers: JoinSet<anyhow::Result<()>>,
}

impl Load {
    fn start(client: &Client, place: &str) -> Self {
        let permits = Arc::new(Semaphore::new(0));
        let started = Arc::new(AtomicUsize::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (client, place) = (client.clone(), place.to_owned());
            let (permits, started) = (Arc::clone(&permits), Arc::clone(&started));
            callers.spawn(async move {
                while let Ok(permit) = permits.acquire().await {
                    permit.forget();
                    client.start(&place, &job_run(LASTS)).await?;
                    started.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        Self {
            permits,
            allowed: AtomicUsize::new(0),
            started,
            callers,
        }
    }

    /// Raises the number that may be started in all.
    fn allow(&self, all: usize) {
        let before = self.allowed.fetch_max(all, Ordering::Relaxed);
        self.permits.add_permits(all.saturating_sub(before));
    }

    /// Waits for the calls under way, and says how many were accepted in all.
    async fn end(mut self) -> anyhow::Result<usize> {
        self.permits.close();
        while let Some(ended) = self.callers.join_next().await {
            ended??;
        }
        Ok(self.started.load(Ordering::Relaxed))
    }
}
