//! What processes cost, as the kernel counts it: seconds of CPU, and memory.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::unistd::{SysconfVar, sysconf};
use serde::{Deserialize, Serialize};

/// What each program has used so far.
pub struct Sample {
    at: Instant,
    cpu: BTreeMap<String, Duration>,
}

/// What each program used between two samples.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Used {
    pub seconds: f64,
    /// Seconds of one core.
    pub cpu: BTreeMap<String, f64>,
}

impl Sample {
    /// Of `programs` with all their children, and of this process without those it has started.
    pub fn take(programs: &[(String, u32)]) -> anyhow::Result<Self> {
        let processes = processes()?;
        let mut cpu = BTreeMap::new();
        let own = std::process::id();
        let load = processes.iter().find(|process| process.pid == own);
        let load = load.map_or(0, |process| process.own_ticks);
        cpu.insert("load".to_owned(), ticks(load)?);
        for (name, pid) in programs {
            let used: u64 = processes
                .iter()
                .filter(|process| process.is_of(*pid, &processes))
                .map(|process| process.ticks)
                .sum();
            *cpu.entry(name.clone()).or_default() += ticks(used)?;
        }
        Ok(Self {
            at: Instant::now(),
            cpu,
        })
    }

    pub fn until(&self, later: &Self) -> Used {
        let cpu = later.cpu.iter().map(|(name, used)| {
            let before = self.cpu.get(name).copied().unwrap_or_default();
            (name.clone(), used.saturating_sub(before).as_secs_f64())
        });
        Used {
            seconds: later.at.duration_since(self.at).as_secs_f64(),
            cpu: cpu.collect(),
        }
    }
}

impl Used {
    /// Milliseconds of one core that `program` used for each of `count`.
    pub fn ms_per(&self, program: &str, count: u64) -> f64 {
        self.cpu.get(program).copied().unwrap_or_default() * 1000.0 / count.max(1) as f64
    }
}

/// Memory of a process in mebibytes: now, and the most so far.
pub fn memory(pid: u32) -> anyhow::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let of = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib: f64 = line
            .and_then(|rest| rest.split_whitespace().next())
            .with_context(|| format!("{field} is missing"))?
            .parse()?;
        anyhow::Ok(kib / 1024.0)
    };
    Ok((of("VmRSS:")?, of("VmHWM:")?))
}

struct Process {
    pid: u32,
    parent: u32,
    own_ticks: u64,
    /// Its own, and those of children that have ended.
    ticks: u64,
}

impl Process {
    fn is_of(&self, root: u32, all: &[Self]) -> bool {
        let mut process = self;
        loop {
            if process.pid == root {
                return true;
            }
            match all.iter().find(|other| other.pid == process.parent) {
                Some(parent) => process = parent,
                None => return false,
            }
        }
    }
}

fn processes() -> anyhow::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have ended since.
        if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            found.push(process(pid, &stat).with_context(|| format!("/proc/{pid}/stat"))?);
        }
    }
    Ok(found)
}

fn process(pid: u32, stat: &str) -> anyhow::Result<Process> {
    // The program's name, which comes before, may contain anything.
    let (_, rest) = stat.rsplit_once(')').context("no name")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number =
        |at: usize| -> anyhow::Result<u64> { Ok(fields.get(at).context("short")?.parse()?) };
    Ok(Process {
        pid,
        parent: u32::try_from(number(1)?)?,
        own_ticks: number(11)? + number(12)?,
        ticks: number(11)? + number(12)? + number(13)? + number(14)?,
    })
}

fn ticks(ticks: u64) -> anyhow::Result<Duration> {
    let rate = sysconf(SysconfVar::CLK_TCK)?.context("no clock")?;
    Ok(Duration::from_secs_f64(ticks as f64 / rate as f64))
}
