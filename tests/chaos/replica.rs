//! One process of `firesteel serve`, which tests kill, stop and start as nobody should.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const START: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(30);

pub struct Replica {
    child: Child,
    /// Where its API is.
    pub api: String,
}

impl Replica {
    /// Starts a process with this configuration; `killed_at` names the step where it kills itself.
    pub async fn start(config: &Path, database: &str, log: &Path, killed_at: Option<&str>) -> Self {
        let out = log.with_extension("out");
        let stdout = std::fs::File::create(&out).unwrap();
        let stderr = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_firesteel"));
        command
            .arg("serve")
            .arg("--config")
            .arg(config)
            .env("FIRESTEEL_DATABASE__URL", database)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        if let Some(step) = killed_at {
            command.env("KILLED_AT", step);
        }
        let child = command.spawn().unwrap();
        let mut replica = Self {
            child,
            api: String::new(),
        };
        let started = Instant::now();
        loop {
            let said = std::fs::read_to_string(&out).unwrap();
            if let Some(line) = said.lines().find(|line| line.contains("listens on")) {
                replica.api = line.rsplit(' ').next().unwrap().to_owned();
                return replica;
            }
            if replica.has_ended() || started.elapsed() > START {
                // A process may die at its first step, and before it says where it listens.
                return replica;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the process to kill itself.
    pub async fn dies(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < LIMIT {
            if self.has_ended() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }

    pub fn stop(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        // It may have ended.
        let _ = kill(pid, signal);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The addresses of the processes that are there now.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<Vec<String>>>);

impl Addresses {
    pub fn set(&self, place: usize, address: &str) {
        let mut all = self.0.lock().unwrap();
        if all.len() <= place {
            all.resize(place + 1, String::new());
        }
        address.clone_into(&mut all[place]);
    }

    pub fn all(&self) -> Vec<String> {
        let all = self.0.lock().unwrap();
        all.iter()
            .filter(|address| !address.is_empty())
            .cloned()
            .collect()
    }
}
