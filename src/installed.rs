//! What `make setup` installed is found without being named: `scripts/env.sh` and this agree on
//! where it is.

use std::path::{Path, PathBuf};

/// The virtual environment with pyspark and Postgres, if it is there.
pub fn virtual_environment() -> Option<PathBuf> {
    Some(cache_dir()?.join("venv")).filter(|folder| folder.is_dir())
}

/// The folder of a package in a virtual environment, whichever Python it has.
pub fn package(environment: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(environment.join("lib"))
        .ok()?
        .flatten()
        .map(|python| python.path().join("site-packages").join(name))
        .find(|folder| folder.is_dir())
}

fn cache_dir() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = variable("FIRESTEEL_CACHE") {
        return Some(PathBuf::from(folder));
    }
    if nix::unistd::Uid::effective().is_root() {
        return Some(PathBuf::from("/var/cache/firesteel"));
    }
    let caches = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Some(caches.or_else(home)?.join("firesteel"))
}
