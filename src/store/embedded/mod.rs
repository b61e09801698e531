//! The private Postgres of `firesteel dev`: in one folder, on a Unix socket that only its owner can
//! open, and kept from run to run. Whatever was killed before, the next start finds its way.

mod binaries;
mod place;
mod postmaster;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::process::{Child, Command};

use binaries::Binaries;
use place::{Place, ServerUser, Sockets};

/// Crash recovery comes before a server is ready.
const START_LIMIT: Duration = Duration::from_secs(120);
/// For a shutdown that ends sessions and writes a checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// The database and the user that owns it.
const DATABASE: &str = "postgres";
const SUPERUSER: &str = "firesteel";

/// A running server. Dropping it asks the server to stop and does not wait.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    server: Child,
    sockets: Sockets,
    /// Keeps the folder locked.
    _place: Place,
}

/// The private Postgres cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no Postgres was found in PATH or below /usr/lib/postgresql: install one, run \
         `make setup`, or set FIRESTEEL_POSTGRES_BIN to the folder of its programs"
    )]
    NoBinaries,
    #[error("{} is not the folder of Postgres' programs: it has no working {program}", .folder.display())]
    NotBinaries {
        folder: PathBuf,
        program: &'static str,
    },
    #[error(
        "{} holds other things than Firesteel's database: name an empty folder or one that \
         does not exist", .0.display()
    )]
    NotOurs(PathBuf),
    #[error("another Firesteel is using {}", .0.display())]
    InUse(PathBuf),
    #[error("no `firesteel dev` is running on {}", .0.display())]
    NotRunning(PathBuf),
    #[error(
        "the database in {} was made by Postgres {made_by}, and {} is Postgres {found}: set \
         FIRESTEEL_POSTGRES_BIN to a Postgres {made_by}, or move the folder away to begin anew",
        .folder.display(), .binaries.display()
    )]
    OtherMajor {
        folder: PathBuf,
        made_by: String,
        binaries: PathBuf,
        found: String,
    },
    #[error(
        "Postgres cannot run as root, and user {user}, as whom it would run, may not enter {}",
        .folder.display()
    )]
    Unreachable { user: String, folder: PathBuf },
    #[error("{program} failed: {log}")]
    Failed { program: &'static str, log: String },
    #[error("the server (process {0}) does not stop")]
    DoesNotStop(i32),
    #[error("{action} {}", .path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl Embedded {
    /// Starts the server of `data_dir`, which is created on first use. A server that a killed
    /// Firesteel left behind is stopped first. Postgres' programs are those in `bin_dir`, else in
    /// `PATH`, else the newest below `/usr/lib/postgresql`.
    pub async fn start(data_dir: &Path, bin_dir: Option<&Path>) -> Result<Self, EmbeddedError> {
        Self::start_at(data_dir, bin_dir, Path::new("/var/lib/firesteel")).await
    }

    /// As `start`; where root's server user may not enter `data_dir`, the database goes below
    /// `elsewhere`.
    async fn start_at(
        data_dir: &Path,
        bin_dir: Option<&Path>,
        elsewhere: &Path,
    ) -> Result<Self, EmbeddedError> {
        let place = open(data_dir, elsewhere).await?;
        let made_by = place.major();
        let binaries = Binaries::find(bin_dir, made_by.as_deref()).await?;
        place.user.check_reach(&binaries.folder)?;
        match made_by {
            None => initialise(&place, &binaries).await?,
            Some(made_by) if made_by != binaries.major => {
                return Err(EmbeddedError::OtherMajor {
                    folder: place.data(),
                    made_by,
                    binaries: binaries.folder,
                    found: binaries.major,
                });
            }
            Some(_) => postmaster::end_left_over(&place.data()).await?,
        }
        let sockets = place.sockets()?;
        write_settings(&place, &sockets)?;
        let server = launch_after_the_last(&place, &binaries).await?;
        Ok(Self {
            url: url(sockets.path()),
            server,
            sockets,
            _place: place,
        })
    }

    /// Where the database answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Completes when the server has ended by itself.
    pub async fn ended(&mut self) {
        // An error means that there is no such process any more.
        let _ = self.server.wait().await;
    }

    /// Stops the server in good order and waits for its end.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        let Some(pid) = self.pid() else {
            return Ok(());
        };
        for signal in [Signal::SIGINT, Signal::SIGQUIT] {
            postmaster::signal(pid, signal);
            if tokio::time::timeout(STOP_LIMIT, self.server.wait())
                .await
                .is_ok()
            {
                self.sockets.remove();
                return Ok(());
            }
        }
        Err(EmbeddedError::DoesNotStop(pid))
    }

    /// `None` once its end was noticed.
    fn pid(&self) -> Option<i32> {
        self.server.id().and_then(|pid| i32::try_from(pid).ok())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            postmaster::signal(pid, Signal::SIGINT);
            self.sockets.remove();
        }
    }
}

/// Where the database of another process answers, the one that runs on `data_dir`.
pub fn running(data_dir: &Path) -> Result<String, EmbeddedError> {
    let sockets = Place::home_of(data_dir).and_then(|home| postmaster::sockets(&home.join("data")));
    let sockets = sockets.ok_or_else(|| EmbeddedError::NotRunning(data_dir.to_owned()))?;
    Ok(url(&sockets))
}

fn url(sockets: &Path) -> String {
    format!(
        "postgres://{SUPERUSER}@localhost/{DATABASE}?host={}",
        percent_encoding::utf8_percent_encode(
            &sockets.to_string_lossy(),
            percent_encoding::NON_ALPHANUMERIC,
        )
    )
}

/// A lock that was given back may live on for a moment in a process that is just being started.
async fn open(data_dir: &Path, elsewhere: &Path) -> Result<Place, EmbeddedError> {
    let limit = Instant::now() + LOCK_LIMIT;
    loop {
        match Place::open(data_dir, elsewhere) {
            Err(EmbeddedError::InUse(_)) if Instant::now() < limit => {
                tokio::time::sleep(POLL).await;
            }
            opened => return opened,
        }
    }
}

/// Makes the database aside and moves it into its place whole, so that an interruption leaves
/// nothing that looks like one.
async fn initialise(place: &Place, binaries: &Binaries) -> Result<(), EmbeddedError> {
    let (data, fresh) = (place.data(), place.home.join("data.new"));
    match fs::remove_dir_all(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("removing", &fresh)(error));
        }
        _ => {}
    }
    let output = command(&binaries.folder.join("initdb"), &place.user)
        .arg("--pgdata")
        .arg(&fresh)
        .args(["--username", SUPERUSER, "--auth", "trust"])
        .args(["--encoding", "UTF8", "--locale", "C", "--data-checksums"])
        .output()
        .await
        .map_err(io_error("running", &binaries.folder.join("initdb")))?;
    if !output.status.success() {
        return Err(EmbeddedError::Failed {
            program: "initdb",
            log: last_lines(&String::from_utf8_lossy(&output.stderr)),
        });
    }
    fs::rename(&fresh, &data).map_err(io_error("renaming", &fresh))
}

/// A private server needs no more than this; what is left out keeps its durable default.
fn write_settings(place: &Place, sockets: &Sockets) -> Result<(), EmbeddedError> {
    let folder = sockets.path().to_string_lossy().replace('\'', "''");
    let settings = format!(
        "# Written at each start.\n\
         listen_addresses = ''\n\
         unix_socket_directories = '{folder}'\n\
         unix_socket_permissions = 0700\n\
         max_connections = 100\n\
         shared_buffers = '32MB'\n\
         max_wal_size = '256MB'\n\
         jit = off\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n"
    );
    let path = place.data().join("postgresql.conf");
    fs::write(&path, settings).map_err(io_error("writing", &path))
}

/// The processes of a server that was killed outlive it for a moment, and Postgres will not start
/// beside them.
async fn launch_after_the_last(place: &Place, binaries: &Binaries) -> Result<Child, EmbeddedError> {
    let limit = Instant::now() + STOP_LIMIT;
    loop {
        match launch(place, binaries).await {
            Err(EmbeddedError::Failed { log, .. })
                if log.contains("shared memory block") && Instant::now() < limit =>
            {
                tokio::time::sleep(POLL * 10).await;
            }
            launched => return launched,
        }
    }
}

async fn launch(place: &Place, binaries: &Binaries) -> Result<Child, EmbeddedError> {
    let log_path = place.home.join("postgres.log");
    let log = fs::File::create(&log_path).map_err(io_error("creating", &log_path))?;
    let errors = log.try_clone().map_err(io_error("opening", &log_path))?;
    let program = binaries.folder.join("postgres");
    let mut server = command(&program, &place.user)
        .arg("-D")
        .arg(place.data())
        .stdout(log)
        .stderr(errors)
        // A terminal's Ctrl-C is for Firesteel, which stops the server last.
        .process_group(0)
        .spawn()
        .map_err(io_error("running", &program))?;
    let limit = Instant::now() + START_LIMIT;
    loop {
        if postmaster::is_ready(&place.data(), server.id()) {
            return Ok(server);
        }
        let ended = server
            .try_wait()
            .map_err(io_error("waiting for", &program))?
            .is_some();
        if ended || Instant::now() > limit {
            if let Some(pid) = server.id().and_then(|pid| i32::try_from(pid).ok()) {
                postmaster::signal(pid, Signal::SIGQUIT);
            }
            return Err(EmbeddedError::Failed {
                program: "postgres",
                log: last_lines(&fs::read_to_string(&log_path).unwrap_or_default()),
            });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// One of Postgres' programs, as the server's user, with an environment that says nothing else to
/// it than where its libraries are.
fn command(program: &Path, user: &ServerUser) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("LC_ALL", "C")
        .envs(
            ["PATH", "LD_LIBRARY_PATH"]
                .into_iter()
                .filter_map(|name| std::env::var_os(name).map(|value| (name, value))),
        )
        .current_dir("/")
        .stdin(Stdio::null());
    if let ServerUser::Other { uid, gid, .. } = *user {
        command.uid(uid).gid(gid);
    }
    command
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io {
        action,
        path,
        source,
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join("; ")
}
