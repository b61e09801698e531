//! A driver's folder: its name is the lock, its files tell everything, and each file appears whole.
//!
//! `driver.json` comes with the folder; `started` (the process group) is made once, by the process
//! itself or by who makes sure that there will be none; `exit` holds the exit code; `lost` marks
//! when the end was found that nobody told; `terminating` when it was first asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::files::{create_whole, modified, private_folders, read_if_there, tail, write_private};
use super::host::Group;
use crate::cluster::DriverRef;
use crate::domain::job_run::{Driver, DriverPhase, Exit, Holder, HolderKind};
use crate::domain::redaction::Redaction;
use crate::spark::plan::Language;
use crate::spark::{Plan, redaction};

/// What `driver.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub installation: String,
    pub virtual_cluster: String,
    pub job_run: String,
    pub attempt: u32,
    pub uid: String,
    pub tombstone: bool,
    /// spark-submit joins what a Python or R program says in error to its output.
    pub errors_on_stdout: bool,
    /// What the run adds to Spark's redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction_regex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction_string_regex: Option<String>,
    pub created_at: Timestamp,
}

impl Record {
    /// Of a driver for `plan`, or of a tombstone.
    pub fn new(driver: &DriverRef, installation: &str, plan: Option<&Plan>) -> Self {
        let language = plan.map(|plan| plan.language);
        let patterns = plan.map(redaction::own).unwrap_or_default();
        let [redaction_regex, redaction_string_regex] =
            patterns.map(|pattern| pattern.map(str::to_owned));
        Self {
            installation: installation.to_owned(),
            virtual_cluster: driver.virtual_cluster.to_string(),
            job_run: driver.job_run.to_string(),
            attempt: driver.attempt,
            uid: Uuid::new_v4().to_string(),
            tombstone: plan.is_none(),
            errors_on_stdout: matches!(language, Some(Language::Python | Language::R)),
            redaction_regex,
            redaction_string_regex,
            created_at: Timestamp::now(),
        }
    }

    fn redaction(&self) -> Redaction {
        let own = [&self.redaction_regex, &self.redaction_string_regex];
        let [regex, string_regex] = own.map(|pattern| pattern.as_deref());
        Redaction::new(regex, string_regex)
    }

    pub fn holder(&self) -> Holder {
        Holder {
            uid: self.uid.clone(),
            created_at: self.created_at,
            kind: if self.tombstone {
                HolderKind::Tombstone
            } else {
                HolderKind::Driver
            },
        }
    }
}

/// A driver's folder, which may not exist.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder with all its `files` (path and text) at once; `AlreadyExists` where there
    /// is one.
    pub fn create(&self, record: &Record, files: &[(String, String)]) -> io::Result<()> {
        let namespace = self.path.parent().unwrap_or(&self.path);
        let draft = namespace.join(format!(".new-{}", record.uid));
        for folder in ["conf", "work"] {
            private_folders().create(draft.join(folder))?;
        }
        for (name, text) in files {
            write_private(&draft.join(name), text)?;
        }
        let record = serde_json::to_string(record)?;
        write_private(&draft.join("driver.json"), &record)?;
        let renamed = fs::rename(&draft, &self.path);
        if let Err(error) = renamed {
            // Nobody looks at a draft; a left one is no harm.
            let _ = fs::remove_dir_all(&draft);
            // A folder that is not empty is never replaced.
            return Err(if error.kind() == io::ErrorKind::DirectoryNotEmpty {
                io::ErrorKind::AlreadyExists.into()
            } else {
                error
            });
        }
        Ok(())
    }

    /// What holds the name, if anything does.
    pub fn record(&self) -> io::Result<Option<Record>> {
        let Some(text) = read_if_there(&self.path.join("driver.json"))? else {
            return Ok(None);
        };
        Ok(Some(serde_json::from_str(&text)?))
    }

    /// What the files say of the driver, on the host's boot `boot`.
    pub fn driver(&self, record: &Record, boot: &str, node: &str) -> io::Result<Driver> {
        if record.tombstone {
            return Ok(Driver::default());
        }
        let phase = self.phase(record, boot)?;
        Ok(Driver {
            node: (!matches!(phase, DriverPhase::Waiting { .. })).then(|| node.to_owned()),
            pod_ended: matches!(phase, DriverPhase::Ended(_)),
            phase,
            deleting: self.path.join("terminating").exists(),
            ..Driver::default()
        })
    }

    /// Makes sure that the driver never starts, unless it has; whether it will not.
    pub fn forbid_start(&self) -> io::Result<bool> {
        create_whole(&self.path.join("started"), NEVER)
    }

    /// Ends the driver's processes: gracefully, and by force once `grace` has passed since the
    /// first time.
    pub fn terminate(&self, grace: Duration, boot: &str) -> io::Result<()> {
        create_whole(&self.path.join("terminating"), "")?;
        let group = self.group()?;
        let signal = if self.is_overdue(grace)? {
            Signal::SIGKILL
        } else {
            Signal::SIGTERM
        };
        if let Some(group) = group {
            group.signal(boot, signal);
        }
        Ok(())
    }

    /// Ends by force a driver whose grace has passed.
    pub fn enforce(&self, grace: Duration, boot: &str) -> io::Result<()> {
        if self.is_overdue(grace)?
            && let Some(group) = self.group()?
        {
            group.signal(boot, Signal::SIGKILL);
        }
        Ok(())
    }

    /// Frees the name, then deletes the files.
    pub fn remove(&self) -> io::Result<()> {
        let namespace = self.path.parent().unwrap_or(&self.path);
        let bin = namespace.join(format!(".old-{}", Uuid::new_v4()));
        match fs::rename(&self.path, &bin) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => fs::remove_dir_all(bin),
        }
    }

    fn phase(&self, record: &Record, boot: &str) -> io::Result<DriverPhase> {
        let started = self.path.join("started");
        let Some(text) = read_if_there(&started)? else {
            return Ok(DriverPhase::Waiting {
                since: record.created_at,
                why: None,
            });
        };
        let started_at = modified(&started)?;
        if let Some(exit) = self.exit(record, started_at)? {
            return Ok(DriverPhase::Ended(exit));
        }
        let alive = Group::parse(&text).is_some_and(|group| group.is_alive(boot));
        if alive {
            return Ok(DriverPhase::Running { since: started_at });
        }
        // It may have ended between the two looks.
        if let Some(exit) = self.exit(record, started_at)? {
            return Ok(DriverPhase::Ended(exit));
        }
        let lost = self.path.join("lost");
        create_whole(&lost, "")?;
        let killed = self.path.join("terminating").exists() && text != NEVER;
        Ok(DriverPhase::Ended(Exit {
            code: killed.then_some(137),
            reason: Some(if killed { "Killed" } else { "Lost" }.to_owned()),
            message: self.message(record)?,
            started_at: (text != NEVER).then_some(started_at),
            at: modified(&lost)?,
        }))
    }

    fn exit(&self, record: &Record, started_at: Timestamp) -> io::Result<Option<Exit>> {
        let file = self.path.join("exit");
        let Some(text) = read_if_there(&file)? else {
            return Ok(None);
        };
        let code = text.trim().parse().ok();
        let succeeded = code == Some(0);
        Ok(Some(Exit {
            code,
            reason: Some(if succeeded { "Completed" } else { "Error" }.to_owned()),
            message: if succeeded {
                None
            } else {
                self.message(record)?
            },
            started_at: Some(started_at),
            at: modified(&file)?,
        }))
    }

    fn message(&self, record: &Record) -> io::Result<Option<String>> {
        self.last_words(record, TAIL)
    }

    /// The end of what the driver said, with its errors last: at most `most` bytes of each of its
    /// two logs.
    pub fn last_words(&self, record: &Record, most: u64) -> io::Result<Option<String>> {
        let stderr = tail(&self.path.join("stderr"), most)?;
        let stdout = tail(&self.path.join("stdout"), most)?;
        let message = if record.errors_on_stdout {
            stderr + &stdout
        } else if stderr.trim().is_empty() {
            stdout
        } else {
            stderr
        };
        let is_said = !message.trim().is_empty();
        Ok(is_said.then(|| record.redaction().apply(&message)))
    }

    fn group(&self) -> io::Result<Option<Group>> {
        let text = read_if_there(&self.path.join("started"))?;
        Ok(text.as_deref().and_then(Group::parse))
    }

    fn is_overdue(&self, grace: Duration) -> io::Result<bool> {
        let asked = match fs::metadata(self.path.join("terminating")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            metadata => metadata?.modified()?,
        };
        Ok(asked.elapsed().is_ok_and(|elapsed| elapsed >= grace))
    }
}

/// How much of each log an `Exit` carries, in bytes.
const TAIL: u64 = 4096;

/// `started` of a driver that never will.
const NEVER: &str = "never";

/// Deletes drafts and removed folders of `root` that a crash left behind.
pub fn delete_leftovers(root: &Path) -> io::Result<()> {
    const LEFT: Duration = Duration::from_secs(3600);
    for namespace in fs::read_dir(root)? {
        let namespace = namespace?;
        if !namespace.file_type()?.is_dir() {
            continue;
        }
        for entry in fs::read_dir(namespace.path())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_old = || {
                let age = entry.metadata().ok()?.modified().ok()?.elapsed().ok()?;
                Some(age > LEFT)
            };
            if (name.starts_with(".new-") || name.starts_with(".old-")) && is_old() == Some(true) {
                fs::remove_dir_all(entry.path())?;
            }
        }
    }
    Ok(())
}
