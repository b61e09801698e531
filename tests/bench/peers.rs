//! How others start a run: by spark-submit, in a JVM for each run or in one that stays. Theirs is the
//! submission alone; nobody here sees the run to its end.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use kube::config::Kubeconfig;
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::{Instant, interval, sleep};
use uuid::Uuid;

use super::clients::job_run;
use super::machine::{Sample, memory};
use super::pods;
use super::world::World;

const PARALLEL: [usize; 3] = [1, 2, 4];
const LASTS: Duration = Duration::from_secs(1);
const LENGTH: Duration = Duration::from_secs(40);
/// Until a JVM that stays has compiled what it needs.
const WARM_UP: Duration = Duration::from_secs(40);
const LIMIT: Duration = Duration::from_secs(120);
const TRIAL: &str = "bench.firesteel.dev/trial";

#[derive(Debug, Deserialize, Serialize)]
pub struct Peers {
    pub spark: String,
    pub java: String,
    pub peers: Vec<Peer>,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct Peer {
    pub way: Way,
    pub parallel: usize,
    pub runs: u64,
    pub per_minute: f64,
    /// Of all JVMs, for each run.
    pub cpu_seconds: f64,
    /// Of one JVM.
    pub peak_mib: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Way {
    /// A JVM for each run.
    Each,
    /// The same, with the classes of an archive that an earlier one left.
    Shared,
    /// One JVM for all runs.
    Warm,
}

pub async fn measure(world: &World) -> anyhow::Result<Peers> {
    let submit = Submit::prepare(world).await?;
    let mut peers = Vec::new();
    for way in [Way::Each, Way::Shared, Way::Warm] {
        for parallel in PARALLEL {
            let trial = Uuid::new_v4().to_string();
            let peer = match way {
                Way::Each => {
                    submit
                        .a_jvm_each(world, way, None, parallel, &trial)
                        .await?
                }
                Way::Shared => {
                    let shared = format!("-Xshare:on -XX:SharedArchiveFile={}", submit.archive());
                    submit
                        .a_jvm_each(world, way, Some(&shared), parallel, &trial)
                        .await?
                }
                Way::Warm => submit.one_jvm(world, parallel, &trial).await?,
            };
            eprintln!(
                "{way:?}, {parallel} in parallel: {:.1} runs a minute, {:.2} s of CPU each, {:.0} MiB a JVM",
                peer.per_minute, peer.cpu_seconds, peer.peak_mib
            );
            remove(world, &trial, peer.runs).await?;
            peers.push(peer);
        }
    }
    Ok(Peers {
        spark: submit.spark_version()?,
        java: java_version().await?,
        peers,
    })
}

/// spark-submit, and what it is told to submit.
struct Submit {
    home: PathBuf,
    folder: PathBuf,
    kubeconfig: PathBuf,
    server: String,
    namespace: String,
}

impl Submit {
    /// Compiles the JVM that stays, and lets a first one leave its archive of classes.
    async fn prepare(world: &World) -> anyhow::Result<Self> {
        let clusters = Kubeconfig::read_from(&world.kubeconfig)?.clusters;
        let cluster = clusters.into_iter().next().and_then(|named| named.cluster);
        let submit = Self {
            home: world.spark_home()?.to_owned(),
            folder: world.folder("peers")?,
            kubeconfig: world.kubeconfig.clone(),
            server: cluster
                .and_then(|cluster| cluster.server)
                .context("the kubeconfig names no server")?,
            namespace: world.namespace.clone(),
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/Warm.java");
        let mut javac = submit.logged(Command::new("javac"))?;
        javac.arg("-cp").arg(submit.class_path());
        javac.arg("-d").arg(&submit.folder).arg(source);
        submit.run(&mut javac).await?;

        let trial = Uuid::new_v4().to_string();
        if Path::new(&submit.archive()).exists() {
            std::fs::remove_file(submit.archive())?;
        }
        let leaves = format!("-XX:ArchiveClassesAtExit={}", submit.archive());
        submit
            .run(&mut submit.command(Some(&leaves), &trial)?)
            .await?;
        remove(world, &trial, 1).await?;
        Ok(submit)
    }

    async fn a_jvm_each(
        &self,
        world: &World,
        way: Way,
        options: Option<&str>,
        parallel: usize,
        trial: &str,
    ) -> anyhow::Result<Peer> {
        let length = world.length(LENGTH);
        // Ours is next to nothing beside those that it starts.
        let submitters = [("submitters".to_owned(), std::process::id())];
        let before = Sample::take(&submitters)?;
        let lane = async || {
            let begun = Instant::now();
            let (mut runs, mut peak) = (0_u64, 0.0_f64);
            while begun.elapsed() < length {
                let used = self.run(&mut self.command(options, trial)?).await?;
                peak = peak.max(used);
                runs += 1;
            }
            anyhow::Ok((runs, begun.elapsed(), peak))
        };
        let lanes = futures::future::try_join_all((0..parallel).map(|_| lane())).await?;
        let used = before.until(&Sample::take(&submitters)?);

        let runs = lanes.iter().map(|(runs, ..)| runs).sum();
        Ok(Peer {
            way,
            parallel,
            runs,
            per_minute: lanes
                .iter()
                .map(|(runs, time, _)| *runs as f64 * 60.0 / time.as_secs_f64())
                .sum(),
            cpu_seconds: used.ms_per("submitters", runs) / 1000.0,
            peak_mib: lanes.iter().map(|(.., peak)| *peak).fold(0.0, f64::max),
        })
    }

    async fn one_jvm(&self, world: &World, parallel: usize, trial: &str) -> anyhow::Result<Peer> {
        let figures = self.folder.join("warm.txt");
        let mut java = self.logged(Command::new("java"))?;
        java.stdout(File::create(&figures)?)
            .env("KUBECONFIG", &self.kubeconfig)
            .arg("-cp")
            .arg(format!("{}:{}", self.folder.display(), self.class_path()))
            .arg("Warm")
            .arg(parallel.to_string())
            .arg(WARM_UP.as_secs().to_string())
            .arg(world.length(LENGTH).as_secs().max(10).to_string())
            .args(self.arguments(trial)?);
        let peak_mib = self.run(&mut java).await?;
        let told = std::fs::read_to_string(figures)?;
        let numbers: Vec<f64> = told
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [runs, seconds, cpu] = numbers[..] else {
            anyhow::bail!("the JVM told no figures: {told}");
        };
        ensure!(runs > 0.0, "the JVM that stays submitted nothing in time");
        Ok(Peer {
            way: Way::Warm,
            parallel,
            runs: runs as u64,
            per_minute: runs * 60.0 / seconds,
            cpu_seconds: cpu / runs,
            peak_mib,
        })
    }

    /// Runs it to its good end, and tells the most memory it had, in mebibytes.
    async fn run(&self, command: &mut Command) -> anyhow::Result<f64> {
        let mut process = command.kill_on_drop(true).spawn()?;
        let pid = process.id().context("it has ended")?;
        let mut peak = 0.0_f64;
        let mut ticks = interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                status = process.wait() => {
                    let log = self.log();
                    ensure!(status?.success(), "{command:?}: see {}", log.display());
                    return Ok(peak);
                }
                _ = ticks.tick() => {
                    // It may have ended since.
                    peak = peak.max(memory(pid).map_or(0.0, |(_, most)| most));
                }
            }
        }
    }

    fn command(&self, options: Option<&str>, trial: &str) -> anyhow::Result<Command> {
        let mut command = self.logged(Command::new(self.home.join("bin/spark-submit")))?;
        command
            .env("SPARK_HOME", &self.home)
            .env("KUBECONFIG", &self.kubeconfig)
            .envs(options.map(|options| ("SPARK_SUBMIT_OPTS", options)))
            .args(self.arguments(trial)?);
        Ok(command)
    }

    /// The run that Firesteel is asked for, in spark-submit's words.
    fn arguments(&self, trial: &str) -> anyhow::Result<Vec<String>> {
        let asked = job_run(LASTS);
        let driver = &asked["jobDriver"]["sparkSubmitJobDriver"];
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let parameters = text(&driver["sparkSubmitParameters"]).context("no parameters")?;
        let mut arguments: Vec<String> = [
            "--master",
            &format!("k8s://{}", self.server),
            "--deploy-mode",
            "cluster",
            "--name",
            "pi",
            "--conf",
            &format!("spark.kubernetes.namespace={}", self.namespace),
            "--conf",
            "spark.kubernetes.container.image=spark:3.5.6",
            "--conf",
            "spark.kubernetes.authenticate.driver.serviceAccountName=spark",
            "--conf",
            "spark.kubernetes.driver.node.selector.type=kwok",
            "--conf",
            "spark.kubernetes.submission.waitAppCompletion=false",
            "--conf",
            &format!("spark.kubernetes.driver.label.{TRIAL}={trial}"),
        ]
        .map(str::to_owned)
        .into();
        arguments.extend(parameters.split_whitespace().map(str::to_owned));
        arguments.extend(text(&driver["entryPoint"]));
        arguments.extend(text(&driver["entryPointArguments"][0]));
        Ok(arguments)
    }

    fn logged(&self, mut command: Command) -> anyhow::Result<Command> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("peers.log")
    }

    fn archive(&self) -> String {
        self.folder.join("classes.jsa").display().to_string()
    }

    fn class_path(&self) -> String {
        self.home.join("jars/*").display().to_string()
    }

    fn spark_version(&self) -> anyhow::Result<String> {
        for entry in std::fs::read_dir(self.home.join("jars"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let version = name.strip_prefix("spark-kubernetes_2.12-");
            if let Some(version) = version.and_then(|rest| rest.strip_suffix(".jar")) {
                return Ok(version.to_owned());
            }
        }
        anyhow::bail!("{} has no spark-kubernetes", self.home.display())
    }
}

/// Sees at least so many drivers of the trial to their good end, and deletes all of them.
async fn remove(world: &World, trial: &str, least: u64) -> anyhow::Result<()> {
    let drivers: Api<Pod> = pods::drivers(&world.admin_kubeconfig, &world.namespace).await?;
    let list = ListParams::default().labels(&format!("{TRIAL}={trial}"));
    let begun = Instant::now();
    loop {
        let found = drivers.list(&list).await?.items;
        let is_done = |pod: &&Pod| {
            let phase = pod
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            phase == Some("Succeeded")
        };
        let done = found.iter().filter(is_done).count();
        if done == found.len() && done as u64 >= least {
            break;
        }
        ensure!(
            begun.elapsed() < LIMIT,
            "{done} of {} drivers have ended, of {least} at least",
            found.len()
        );
        sleep(Duration::from_millis(200)).await;
    }
    drivers
        .delete_collection(&DeleteParams::default(), &list)
        .await?;
    Ok(())
}

async fn java_version() -> anyhow::Result<String> {
    let told = Command::new("java").arg("-version").output().await?.stderr;
    let told = String::from_utf8(told)?;
    let version = told.split('"').nth(1);
    Ok(version.context("java tells no version")?.to_owned())
}
