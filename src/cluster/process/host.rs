//! This host: who it is, since when it is up, and which process groups live on it. A process group
//! is known by its leader's start time too, since numbers are used again.

use std::io;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use uuid::Uuid;

use super::files::create_whole;

/// A process group as its leader wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: i32,
    pub boot: String,
    /// The leader's start in clock ticks since boot; empty where the system does not tell.
    pub leader_start: String,
}

impl Group {
    /// Parses `<id> <boot> <start>`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let id = words.next()?.parse().ok()?;
        let boot = words.next()?.to_owned();
        // Signals to the groups 0 and 1 would reach others.
        (id > 1).then(|| Self {
            id,
            boot,
            leader_start: words.next().unwrap_or_default().to_owned(),
        })
    }

    /// Whether a process of the group may still run.
    pub fn is_alive(&self, boot: &str) -> bool {
        if self.boot != boot || matches!(killpg(self.pid(), None), Err(Errno::ESRCH)) {
            return false;
        }
        match Process::of(self.id) {
            Some(leader) if leader.start == self.leader_start => {
                !leader.is_zombie() || self.has_member()
            }
            // Its number was given to another process, which needs an empty group.
            Some(leader) => self.leader_start.is_empty() || leader.start.is_empty(),
            None => self.has_member(),
        }
    }

    /// Signals every process of the group, if it is alive.
    pub fn signal(&self, boot: &str, signal: Signal) {
        if self.is_alive(boot) {
            // The group may end at any time; its watcher sees that.
            let _ = killpg(self.pid(), signal);
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.id)
    }

    /// Zombies count for the kernel, and nobody may ever collect those of a Firesteel that died.
    fn has_member(&self) -> bool {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return true;
        };
        processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Process::of)
            .any(|process| process.group == self.id && !process.is_zombie())
    }
}

/// What Linux tells of a process.
struct Process {
    state: String,
    group: i32,
    start: String,
}

impl Process {
    fn of(id: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The program's name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Some(Self {
            state: (*fields.first()?).to_owned(),
            group: fields.get(2)?.parse().ok()?,
            start: (*fields.get(19)?).to_owned(),
        })
    }

    fn is_zombie(&self) -> bool {
        matches!(self.state.as_str(), "Z" | "X")
    }
}

/// What tells this boot of the host from all others.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .or_else(|| {
            let output = Command::new("sysctl")
                .args(["-n", "kern.bootsessionuuid"])
                .output()
                .ok()?;
            String::from_utf8(output.stdout).ok()
        })
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty() && !text.contains(char::is_whitespace))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// When the host was started; the epoch where it does not tell.
pub fn up_since() -> Timestamp {
    std::fs::read_to_string("/proc/stat")
        .ok()
        .and_then(|stat| {
            let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
            Timestamp::from_second(seconds.trim().parse().ok()?).ok()
        })
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

pub fn name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// The id kept in `state_dir`, drawn by the first who asks.
pub fn host_id(state_dir: &Path) -> io::Result<String> {
    let file = state_dir.join("host-id");
    create_whole(&file, &Uuid::new_v4().to_string())?;
    Ok(std::fs::read_to_string(file)?.trim().to_owned())
}
