//! The folder: ours or not, in use or not, and as whom the server can live in it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use uuid::Uuid;

use super::{EmbeddedError, io_error};

/// Says that a folder is ours; holds the path of the database's home where that is elsewhere.
const MARKER: &str = "FIRESTEEL_POSTGRES";
const LOCK: &str = "lock";

/// A socket's path may have 107 bytes on Linux and 103 on macOS.
const LONGEST_SOCKET: usize = 103;
const SOCKET: &str = ".s.PGSQL.5432";

/// The folder, locked for as long as this lives.
#[derive(Debug)]
pub(super) struct Place {
    /// Holds the database, the server's log and its socket.
    pub home: PathBuf,
    pub user: ServerUser,
    _lock: File,
}

/// As whom the server runs.
#[derive(Clone, Debug)]
pub(super) enum ServerUser {
    /// As whom Firesteel runs.
    Same,
    /// Firesteel is root, as whom Postgres refuses to run.
    Other { uid: u32, gid: u32, name: String },
}

/// The folder of the server's socket.
#[derive(Debug)]
pub(super) enum Sockets {
    Home(PathBuf),
    /// Made for this run.
    Temporary(PathBuf),
}

impl Place {
    pub(super) fn open(data_dir: &Path, elsewhere: &Path) -> Result<Self, EmbeddedError> {
        let existed = data_dir.exists();
        fs::create_dir_all(data_dir).map_err(io_error("creating", data_dir))?;
        let folder = data_dir
            .canonicalize()
            .map_err(io_error("opening", data_dir))?;
        let marker = folder.join(MARKER);
        if !marker.exists() && holds_other_things(&folder)? {
            return Err(EmbeddedError::NotOurs(folder));
        }
        let lock = lock(&folder)?;
        let user = ServerUser::of(&folder, existed)?;
        let home = match fs::read_to_string(&marker) {
            Ok(home) if home.trim().is_empty() => folder,
            Ok(home) => PathBuf::from(home.trim()),
            // The folder itself is given to the server's user below.
            Err(_) if user.check_reach(folder.parent().unwrap_or(&folder)).is_ok() => {
                fs::write(&marker, "").map_err(io_error("writing", &marker))?;
                folder
            }
            Err(_) => {
                let home = elsewhere.join(Uuid::new_v4().to_string());
                let text = format!("{}\n", home.display());
                fs::write(&marker, text).map_err(io_error("writing", &marker))?;
                home
            }
        };
        fs::create_dir_all(&home).map_err(io_error("creating", &home))?;
        user.own(&home)?;
        user.check_reach(&home)?;
        Ok(Self {
            home,
            user,
            _lock: lock,
        })
    }

    /// The home of the database of `data_dir`, if one was made.
    pub(super) fn home_of(data_dir: &Path) -> Option<PathBuf> {
        let folder = data_dir.canonicalize().ok()?;
        let home = fs::read_to_string(folder.join(MARKER)).ok()?;
        let elsewhere = !home.trim().is_empty();
        Some(if elsewhere {
            PathBuf::from(home.trim())
        } else {
            folder
        })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    #[cfg(test)]
    pub(super) fn unlock(&mut self) {
        self._lock.unlock().unwrap();
    }

    /// The version that made the database, where there is one.
    pub(super) fn major(&self) -> Option<String> {
        let version = fs::read_to_string(self.data().join("PG_VERSION")).ok()?;
        Some(version.trim().to_owned())
    }

    /// A folder for the socket that nobody but the server's user, and root, can enter.
    pub(super) fn sockets(&self) -> Result<Sockets, EmbeddedError> {
        let path = self.home.join("run");
        let fits = path.join(SOCKET).as_os_str().len() <= LONGEST_SOCKET;
        let sockets = if fits {
            if path.exists() {
                fs::remove_dir_all(&path).map_err(io_error("removing", &path))?;
            }
            Sockets::Home(path)
        } else {
            let name = format!("firesteel-{}", Uuid::new_v4().simple());
            Sockets::Temporary(Path::new("/tmp").join(name))
        };
        let path = sockets.path();
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(io_error("creating", path))?;
        self.user.own(path)?;
        Ok(sockets)
    }
}

impl ServerUser {
    /// Root's server runs as the folder's owner, or as `nobody` where that is root too.
    fn of(folder: &Path, existed: bool) -> Result<Self, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(Self::Same);
        }
        let owner = fs::metadata(folder).map_err(io_error("opening", folder))?;
        if existed && owner.uid() != 0 {
            let name = User::from_uid(Uid::from_raw(owner.uid())).ok().flatten();
            return Ok(Self::Other {
                uid: owner.uid(),
                gid: owner.gid(),
                name: name.map_or_else(|| owner.uid().to_string(), |user| user.name),
            });
        }
        let nobody = User::from_name("nobody").ok().flatten();
        let (uid, gid) = nobody.map_or((65_534, 65_534), |user| {
            (user.uid.as_raw(), user.gid.as_raw())
        });
        Ok(Self::Other {
            uid,
            gid,
            name: "nobody".to_owned(),
        })
    }

    /// Whether the server's user may enter `folder` and all above it.
    pub(super) fn check_reach(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { uid, gid, name } = self else {
            return Ok(());
        };
        let closed = folder.ancestors().find(|ancestor| {
            fs::metadata(ancestor).is_ok_and(|metadata| {
                let enter = if metadata.uid() == *uid {
                    0o100
                } else if metadata.gid() == *gid {
                    0o010
                } else {
                    0o001
                };
                metadata.mode() & enter == 0
            })
        });
        match closed {
            None => Ok(()),
            Some(closed) => Err(EmbeddedError::Unreachable {
                user: name.clone(),
                folder: closed.to_owned(),
            }),
        }
    }

    fn own(&self, folder: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Same => Ok(()),
            Self::Other { uid, gid, .. } => {
                chown(folder, Some(*uid), Some(*gid)).map_err(io_error("giving away", folder))
            }
        }
    }
}

impl Sockets {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Home(path) | Self::Temporary(path) => path,
        }
    }

    pub(super) fn remove(&self) {
        match self {
            Self::Home(_) => {}
            Self::Temporary(path) => {
                if let Err(error) = fs::remove_dir_all(path) {
                    tracing::debug!(%error, path = %path.display(), "left a folder behind");
                }
            }
        }
    }
}

/// A folder that another start is about to mark holds its lock alone.
fn holds_other_things(folder: &Path) -> Result<bool, EmbeddedError> {
    let entries = fs::read_dir(folder).map_err(io_error("reading", folder))?;
    for entry in entries {
        let entry = entry.map_err(io_error("reading", folder))?;
        if entry.file_name() != LOCK {
            return Ok(true);
        }
    }
    Ok(false)
}

fn lock(folder: &Path) -> Result<File, EmbeddedError> {
    let path = folder.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(io_error("opening", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(io_error("locking", &path)(error)),
    }
}
