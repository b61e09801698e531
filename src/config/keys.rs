//! The master keys: where they come from, and that nobody else reads them there.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use uuid::Uuid;

use super::{Config, InvalidConfig};
use crate::sealing::MasterKeys;

/// The name of the file that `dev` makes in its data folder.
pub const DEV_MASTER_KEY: &str = "master.key";

/// What to tell somebody who has no master key.
pub const MAKE_A_KEY: &str = "make one with `(umask 077; openssl rand -base64 32 > master.key)` and \
                              name it as master_key_file, or set FIRESTEEL_MASTER_KEY";

const OTHERS: u32 = 0o007;

impl Config {
    /// The configured master keys, if there are any.
    pub fn master_keys(&self) -> Result<Option<MasterKeys>, InvalidConfig> {
        if let Some(text) = &self.master_key {
            let keys = MasterKeys::parse(text.expose());
            return keys
                .map(Some)
                .map_err(|error| InvalidConfig(format!("master_key: {error}")));
        }
        self.master_key_file.as_deref().map(read).transpose()
    }

    /// The configured master keys, else those that `dev` keeps in `data_dir`, if it has any.
    pub fn master_keys_of_dev(&self, data_dir: &Path) -> Result<Option<MasterKeys>, InvalidConfig> {
        let configured = self.master_keys()?;
        let file = data_dir.join(DEV_MASTER_KEY);
        match configured {
            None if file.exists() => read(&file).map(Some),
            configured => Ok(configured),
        }
    }

    /// As `master_keys_of_dev`, and makes the file where it is missing.
    pub fn make_master_keys_of_dev(&self, data_dir: &Path) -> Result<MasterKeys, InvalidConfig> {
        if let Some(keys) = self.master_keys_of_dev(data_dir)? {
            return Ok(keys);
        }
        let file = data_dir.join(DEV_MASTER_KEY);
        make(&file).map_err(|error| problem(&file, &error))?;
        read(&file)
    }
}

fn read(file: &Path) -> Result<MasterKeys, InvalidConfig> {
    let text = fs::read_to_string(file).map_err(|error| problem(file, &error))?;
    let metadata = fs::metadata(file).map_err(|error| problem(file, &error))?;
    if metadata.permissions().mode() & OTHERS != 0 {
        return Err(InvalidConfig(format!(
            "the master key file {} is open to every user of this host: close it with chmod o=, or \
             with defaultMode: 0440 where it is a mounted Secret",
            file.display()
        )));
    }
    MasterKeys::parse(&text).map_err(|error| problem(file, &error))
}

/// The file appears whole or not at all, and never in place of another.
fn make(file: &Path) -> io::Result<()> {
    let fresh = file.with_extension(format!("{}.new", Uuid::new_v4().simple()));
    let mut options = fs::OpenOptions::new();
    let mut out = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    let made = writeln!(out, "{}", MasterKeys::random())
        .and_then(|()| out.sync_all())
        .and_then(|()| fs::hard_link(&fresh, file));
    fs::remove_file(&fresh)?;
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn problem(file: &Path, error: &dyn std::error::Error) -> InvalidConfig {
    InvalidConfig(format!("the master key file {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    fn config(environment: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, environment, &Overrides::default())
    }

    #[test]
    fn a_file_that_everybody_reads_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        let path = file.display().to_string();
        fs::write(&file, MasterKeys::random()).unwrap();
        let config = config(&[("FIRESTEEL_MASTER_KEY_FILE", &path)]).unwrap();
        for (mode, fine) in [(0o600, true), (0o440, true), (0o644, false), (0o602, false)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(config.master_keys().is_ok(), fine, "{mode:o}");
        }
    }

    #[test]
    fn dev_makes_a_key_once_for_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&[]).unwrap();
        assert!(config.master_keys_of_dev(folder.path()).unwrap().is_none());
        let keys = config.make_master_keys_of_dev(folder.path()).unwrap();
        let sealed = keys.seal("x", b"y");
        let again = config.make_master_keys_of_dev(folder.path()).unwrap();
        assert_eq!(again.open("x", &sealed).unwrap(), b"y");
        let file = folder.path().join(DEV_MASTER_KEY);
        make(&file).unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1);
        let same = config.master_keys_of_dev(folder.path()).unwrap().unwrap();
        assert_eq!(same.open("x", &sealed).unwrap(), b"y");
    }

    #[test]
    fn what_is_wrong_with_a_key_is_said_without_it() {
        let text = "aHVudGVyMg==";
        let config = config(&[("FIRESTEEL_MASTER_KEY", text)]).unwrap();
        let error = config.master_keys().unwrap_err().to_string();
        assert!(
            error.starts_with("master_key: a master key is 32"),
            "{error}"
        );
        assert!(!error.contains(text));
        assert!(!format!("{config:?}").contains(text));
    }

    #[test]
    fn one_place_is_enough() {
        let both = [
            ("FIRESTEEL_MASTER_KEY", "x"),
            ("FIRESTEEL_MASTER_KEY_FILE", "y"),
        ];
        let error = config(&both).unwrap_err().to_string();
        assert!(error.contains("both"), "{error}");
    }
}
