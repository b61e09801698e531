//! The server's process, known by `postmaster.pid`. The number in that file may by now be some
//! other process's: none is signalled before its command line says that it is ours.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{EmbeddedError, POLL, STOP_LIMIT, io_error};

/// Where `postmaster.pid` says what the server is about.
const STATUS_LINE: usize = 7;
const SOCKETS_LINE: usize = 4;

/// Asks a process to do something, if it is still there.
pub(super) fn signal(pid: i32, signal: Signal) {
    if let Err(error) = kill(Pid::from_raw(pid), signal) {
        tracing::debug!(%error, pid, "the server took no signal");
    }
}

/// Whether the server of `data` is the process `pid` and accepts connections.
pub(super) fn is_ready(data: &Path, pid: Option<u32>) -> bool {
    let Ok(file) = fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    let ours = pid.is_some_and(|pid| lines.first() == Some(&pid.to_string().as_str()));
    ours && lines.get(STATUS_LINE) == Some(&"ready")
}

/// The folder of the socket at which the server of `data` answers, if there is one.
pub(super) fn sockets(data: &Path) -> Option<PathBuf> {
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    let pid = lines.first()?.parse().ok()?;
    let ready = lines.get(STATUS_LINE) == Some(&"ready");
    let sockets = lines.get(SOCKETS_LINE)?;
    (ready && serves(pid, data)).then(|| PathBuf::from(sockets))
}

/// Stops the server that a killed Firesteel left behind, and clears away what a killed server did.
pub(super) async fn end_left_over(data: &Path) -> Result<(), EmbeddedError> {
    let path = data.join("postmaster.pid");
    let Ok(file) = fs::read_to_string(&path) else {
        return Ok(());
    };
    let pid = file.lines().next().and_then(|pid| pid.trim().parse().ok());
    if let Some(pid) = pid {
        if serves(pid, data) {
            tracing::info!(pid, "stopping the Postgres that an earlier run left behind");
            stop(pid, data).await?;
        }
        // Postgres takes a number that is in use for a living server and would not start.
        if kill(Pid::from_raw(pid), None).is_ok() && path.exists() {
            fs::remove_file(&path).map_err(io_error("removing", &path))?;
        }
    }
    if let Some(sockets) = file.lines().nth(SOCKETS_LINE).map(str::trim) {
        remove_temporary(Path::new(sockets));
    }
    Ok(())
}

async fn stop(pid: i32, data: &Path) -> Result<(), EmbeddedError> {
    for kind in [Signal::SIGINT, Signal::SIGQUIT] {
        signal(pid, kind);
        let limit = Instant::now() + STOP_LIMIT;
        while Instant::now() < limit {
            if !serves(pid, data) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Err(EmbeddedError::DoesNotStop(pid))
}

/// Whether `pid` is alive and its command line is that of a server of `data`.
fn serves(pid: i32, data: &Path) -> bool {
    if Path::new("/proc/self").exists() {
        // A process that ended and was not reaped has an empty command line.
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        return arguments
            .windows(2)
            .any(|pair| pair == [b"-D", data.as_os_str().as_bytes()]);
    }
    let output = std::process::Command::new("ps")
        .args(["-o", "args=", "-p", &pid.to_string()])
        .output();
    output.is_ok_and(|output| {
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        line.trim_end().ends_with(&format!("-D {}", data.display()))
    })
}

/// Removes a folder that `Place::sockets` made for an earlier run.
fn remove_temporary(sockets: &Path) {
    let ours = sockets.parent() == Some(Path::new("/tmp"))
        && sockets
            .file_name()
            .map(OsStr::as_bytes)
            .is_some_and(|name| name.starts_with(b"firesteel-"));
    if !ours {
        return;
    }
    match fs::remove_dir_all(sockets) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(%error, path = %sockets.display(), "left a folder behind");
        }
        _ => {}
    }
}
