//! Files appear whole or not at all, and only their owner reads them.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

/// Creates `file` with `text` in one step; whether it was not there before.
pub fn create_whole(file: &Path, text: &str) -> io::Result<bool> {
    if file.exists() {
        return Ok(false);
    }
    let draft = file.with_extension(format!("new-{}", Uuid::new_v4()));
    write_private(&draft, text)?;
    let linked = fs::hard_link(&draft, file);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Folders that only their owner enters.
pub fn private_folders() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// Creates a file that only its owner reads, and lets it outlive a power cut.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// The text of a file, if there is one.
pub fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// When a file was last written.
pub fn modified(path: &Path) -> io::Result<Timestamp> {
    let time = fs::metadata(path)?.modified()?;
    Timestamp::try_from(time).map_err(io::Error::other)
}

/// The last whole lines of a file within `most` bytes; nothing where there is no file.
pub fn tail(path: &Path, most: u64) -> io::Result<String> {
    let mut file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    let length = file.metadata()?.len();
    let start = length.saturating_sub(most);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = match text.split_once('\n') {
        Some((_, rest)) if start > 0 => rest,
        _ => &text,
    };
    Ok(whole.to_owned())
}
