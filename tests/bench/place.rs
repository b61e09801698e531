//! Where the figures were measured.

use std::fmt::{self, Display};
use std::fs;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde::{Deserialize, Serialize};

use super::world::World;

/// What the cluster's programs are built of.
const MODULES: &str = include_str!("../cluster/kube/go.mod");

#[derive(Debug, Deserialize, Serialize)]
pub struct Place {
    processor: String,
    cores: usize,
    memory_gib: f64,
    kernel: String,
    postgres: String,
    kubernetes: String,
    kwok: String,
    measured_on: String,
}

impl Place {
    pub async fn look(world: &World) -> anyhow::Result<Self> {
        let file = Kubeconfig::read_from(&world.kubeconfig)?;
        let config =
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        let kubernetes = kube::Client::try_from(config)?.apiserver_version().await?;
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name")?,
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: kib(&field("/proc/meminfo", "MemTotal")?)? / 1024.0 / 1024.0,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            postgres: world.postgres_version().await?,
            kubernetes: kubernetes.git_version,
            kwok: module("sigs.k8s.io/kwok")?,
            measured_on: jiff::Zoned::now().date().to_string(),
        })
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Measured on {}: {} cores of {} for everything (Firesteel {}, Postgres {}, etcd and API server of \
             Kubernetes {} with its scheduler and controllers, KWOK {} in the kubelets' place, and the load itself), \
             {:.0} GiB of memory, Linux {}.",
            self.measured_on,
            self.cores,
            self.processor,
            env!("CARGO_PKG_VERSION"),
            self.postgres,
            self.kubernetes,
            self.kwok,
            self.memory_gib,
            self.kernel,
        )
    }
}

fn module(path: &str) -> anyhow::Result<String> {
    let version = MODULES
        .lines()
        .find_map(|line| line.trim().strip_prefix(path)?.split_whitespace().next());
    Ok(version.context("no such module")?.to_owned())
}

fn field(file: &str, name: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    Ok(value.unwrap_or("unknown").to_owned())
}

fn kib(text: &str) -> anyhow::Result<f64> {
    Ok(text.trim_end_matches("kB").trim().parse()?)
}
