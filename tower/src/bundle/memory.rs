//! Which bundle was seen last, in a file: an older one is refused after a restart too.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sentinel_core::bundle::Known;
use sentinel_core::{Error, ErrorCode};

/// Longest text in bytes: three numbers and a digest.
const BYTES: u64 = 256;

/// What is remembered, where there is a file for it.
pub(super) struct Memory {
    path: Option<PathBuf>,
    known: Mutex<Option<Known>>,
}

impl Memory {
    /// # Errors
    /// Where the file cannot be read, or holds something else: that is not to be taken for "nothing known".
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, Error> {
        const UNREADABLE: Error =
            Error::with(ErrorCode::ConfigurationInvalid, "the file that remembers the last bundle cannot be read");
        let known = match &path {
            Some(path) => read(path).map_err(|()| UNREADABLE)?,
            None => None,
        };
        Ok(Self { path, known: Mutex::new(known) })
    }

    pub(super) fn known(&self) -> Option<Known> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file is another one in one step: it is never half of one.
    pub(super) fn keep(&self, known: Known) {
        let mut held = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = held.is_none_or(|before| before != known);
        *held = Some(known);
        if let (true, Some(path)) = (is_new, &self.path)
            && let Err(why) = write(path, &known.to_text())
        {
            tracing::warn!(reason = %why, "which bundle was seen last could not be written down");
        }
    }
}

fn read(path: &Path) -> Result<Option<Known>, ()> {
    use std::io::Read as _;
    let mut text = String::new();
    match fs::File::open(path) {
        Ok(file) => file.take(BYTES).read_to_string(&mut text).map_err(|_| ())?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(()),
    };
    Known::parse(text.trim_end()).map(Some).ok_or(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)
}
