//! Runs of mixed fate through a storm of faults, and a look at what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;
use tokio::time::sleep;

use super::fates::Plan;
use super::installation::{Installation, Post};
use super::server::faults::Fault;
use super::verdict::{Accepted, stories, violations};

/// A virtual cluster with the limits of its runs.
struct Place {
    namespace: &'static str,
    concurrent: Option<u32>,
    in_queue: Option<u32>,
}

const fn place(namespace: &'static str, concurrent: Option<u32>, in_queue: Option<u32>) -> Place {
    Place {
        namespace,
        concurrent,
        in_queue,
    }
}

/// The last one gets few runs, and those wait for longer than they may.
const PLACES: [Place; 5] = [
    place("jobs-a", None, None),
    place("jobs-b", Some(15), None),
    place("jobs-c", None, None),
    place("jobs-d", Some(15), Some(12)),
    place("jobs-e", Some(1), None),
];

/// Where run `index` belongs.
fn place_of(index: u32) -> usize {
    match index % 20 {
        19 => 4,
        other => (other % 4) as usize,
    }
}

/// Callers that start runs at the same time.
const CALLERS: usize = 40;
/// Of a thousand requests to the API server, how many meet a fault.
const FAULTS_PER_MILLE: u32 = 25;
/// A pause of a process that outlasts its leases.
const BEYOND_THE_LEASE: Duration = Duration::from_millis(3000);
/// Once everything works again, all must come to its end within this.
const LIMIT: Duration = Duration::from_secs(150);

/// `CHAOS_RUNS` and `CHAOS_SEED` choose another size and seed; `CHAOS_MINUTES` repeats it with new
/// seeds for that long.
#[sqlx::test]
async fn whatever_fails_every_run_ends_right(pool: PgPool) {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.is_empty())
            .map(|text| text.parse::<u64>().unwrap())
    };
    let runs = u32::try_from(number("CHAOS_RUNS").unwrap_or(300)).unwrap();
    let minutes = number("CHAOS_MINUTES").unwrap_or(0);
    let mut seed = number("CHAOS_SEED").unwrap_or_else(rand::random);
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    loop {
        storm(pool.clone(), seed, runs).await;
        if Instant::now() >= until {
            return;
        }
        sqlx::query("TRUNCATE job_run, virtual_cluster, cluster_watch CASCADE")
            .execute(&pool)
            .await
            .unwrap();
        seed = seed.wrapping_add(1);
    }
}

async fn storm(pool: PgPool, seed: u64, runs: u32) {
    let started = Instant::now();
    say(&format!("chaos: seed {seed}, runs {runs}"));
    let installation = Arc::new(Installation::make(pool, seed).await);
    let mut posts = vec![
        installation.post(0, None).await,
        installation.post(1, None).await,
    ];
    let mut virtual_clusters = Vec::new();
    for place in PLACES {
        let client = &installation.client;
        let virtual_cluster =
            client.virtual_cluster(place.namespace, place.concurrent, place.in_queue);
        virtual_clusters.push(virtual_cluster.await);
        if let Some(limit) = place.concurrent {
            let mut world = installation.server.world();
            let limits = &mut world.record.limits;
            limits.insert(place.namespace.to_owned(), limit as usize);
        }
    }
    installation.server.world().faults.set(FAULTS_PER_MILLE);
    let calls = {
        let installation = installation.clone();
        tokio::spawn(async move { call(&installation, seed, runs, &virtual_clusters).await })
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let sabotage = {
        let (server, is_over) = (installation.clone(), is_over.clone());
        tokio::spawn(async move { trouble_the_cluster(&server, seed, &is_over).await })
    };
    let mut random = StdRng::seed_from_u64(seed ^ 1);
    let mut calls = Box::pin(calls);
    let accepted = loop {
        let pause = Duration::from_millis(random.random_range(1000..3500));
        tokio::select! {
            accepted = &mut calls => break accepted.unwrap(),
            () = sleep(pause) => trouble_a_process(&installation, &mut posts, &mut random).await,
        }
    };
    is_over.store(true, Ordering::Relaxed);
    sabotage.await.unwrap();
    installation.server.calm();
    let calm = Instant::now();
    while calm.elapsed() < LIMIT {
        let (runs, work) = installation.open().await;
        let left = installation.server.pods_left().len();
        if (runs, work, left) == (0, 0, 0) && installation.server.unfinished() == 0 {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    let violations = violations(&installation, &accepted).await;
    let faults = installation.server.world().faults.summary();
    let timed_out =
        "SELECT count(*) FROM job_run WHERE state_details LIKE '%timed out in the queue%'";
    let timed_out: i64 = sqlx::query_scalar(timed_out)
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    say(&format!(
        "chaos: seed {seed}, runs {runs}, drivers {}, full queues {}, timed out in them {timed_out}, faults: {faults}, violations {} ({:.0} s, {:.0} s of them calm)",
        installation.server.world().record.lives.len(),
        installation.client.refusals.load(Ordering::Relaxed),
        violations.len(),
        started.elapsed().as_secs_f64(),
        calm.elapsed().as_secs_f64(),
    ));
    if !violations.is_empty() {
        let stories = stories(&installation, &accepted, &violations).await;
        let kept = std::env::temp_dir().join(format!("firesteel-chaos-{seed}.log"));
        std::fs::write(&kept, installation.logs()).unwrap();
        panic!(
            "seed {seed}:\n{}\n{stories}\nThe processes' logs: {}",
            violations.join("\n"),
            kept.display()
        );
    }
}

/// Starts all runs and cancels some of them.
async fn call(
    installation: &Installation,
    seed: u64,
    runs: u32,
    virtual_clusters: &[String],
) -> Vec<Accepted> {
    let one = async |index: u32| {
        // Spread, so that trouble meets runs of every age.
        sleep(Duration::from_millis(u64::from(index % 20) * 100)).await;
        let plan = Plan::draw(seed, index);
        let client = &installation.client;
        let virtual_cluster = virtual_clusters[place_of(index)].clone();
        let run = client.start(&virtual_cluster, &plan).await;
        let mut cancelled = false;
        if let Some(after) = plan.cancelled_after {
            sleep(after).await;
            cancelled = client.cancel(&virtual_cluster, &run).await;
        } else {
            sleep(Duration::from_millis(2000)).await;
        }
        Accepted {
            plan,
            virtual_cluster,
            run,
            cancelled,
        }
    };
    stream::iter(0..runs)
        .map(one)
        .buffer_unordered(CALLERS)
        .collect()
        .await
}

async fn trouble_the_cluster(installation: &Installation, seed: u64, is_over: &AtomicBool) {
    let mut random = StdRng::seed_from_u64(seed ^ 2);
    let server = &installation.server;
    while !is_over.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(random.random_range(500..2000))).await;
        let pause = Duration::from_millis(random.random_range(500..2500));
        match random.random_range(0..5) {
            0 => server.drop_watches(),
            1 => server.stall_watches(pause),
            2 => {
                server.world().compact();
                server.drop_watches();
            }
            3 => server.world().compact(),
            _ => server.fill_quota(pause),
        }
    }
}

async fn trouble_a_process(installation: &Installation, posts: &mut [Post], random: &mut StdRng) {
    let pause = Duration::from_millis(random.random_range(300..2000));
    let place = random.random_range(0..posts.len());
    let count = |fault| installation.server.world().faults.count(fault);
    match random.random_range(0..5) {
        0 | 1 => {
            count(Fault::Killed);
            posts[place].replica.kill();
            sleep(pause / 2).await;
            installation.again(&mut posts[place]).await;
        }
        2 => {
            count(Fault::Paused);
            posts[place].replica.stop();
            sleep(BEYOND_THE_LEASE + pause).await;
            posts[place].replica.go_on();
        }
        3 => {
            count(Fault::DatabaseCut);
            let all = random.random_bool(0.5);
            let wires = || {
                posts
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| all || *at == place)
            };
            wires().for_each(|(_, post)| post.wire.cut());
            sleep(pause).await;
            wires().for_each(|(_, post)| post.wire.restore());
        }
        _ => {
            count(Fault::DatabaseHeld);
            posts[place].wire.hold();
            sleep(pause * 2).await;
            posts[place].wire.restore();
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever runs it reads it there")]
fn say(text: &str) {
    eprintln!("{text}");
}
