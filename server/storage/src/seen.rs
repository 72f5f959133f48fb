//! Whether anything was committed to an SQLite database, told without asking it.
//!
//! In write-ahead mode every commit, of whatever process, changes the header of the log's index: the first bytes of the
//! file `-shm`, which all processes that have the database open share
//! (<https://www.sqlite.org/walformat.html#the_wal_index_header>). It counts transactions, and a reader of the database
//! itself knows by it what there is to see. Two looks that find the same have no commit between them.
//!
//! What is not as it is described there tells nothing; then the database is asked.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The header's length; it stands there twice, and is being written where the two differ.
const HEADER: usize = 48;
/// Its first four bytes, in the order of the machine.
const VERSION: u32 = 3_007_000;

/// What a look at a database found. Nothing was committed between two that are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    header: [u8; HEADER],
    /// Which file that was.
    file: u64,
}

/// Looks at one database.
#[derive(Debug)]
pub(crate) struct Looks {
    path: PathBuf,
    /// INVARIANT: never closed while it has a name. Closing any descriptor of a file gives up all locks that the process has
    /// on it (`fcntl(2)`), and SQLite's are on this one; once it has no name nobody has the database open by it.
    index: Mutex<Option<ManuallyDrop<File>>>,
}

impl Looks {
    /// At the database in this file.
    pub(crate) fn at(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-shm");
        Self { path: path.into(), index: Mutex::new(None) }
    }

    /// What is there now. `None`: it cannot be told.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    pub(crate) fn look(&self) -> Option<Seen> {
        use std::os::unix::fs::{FileExt as _, MetadataExt as _};

        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.as_ref().is_some_and(|file| file.metadata().is_ok_and(|data| data.nlink() == 0)) {
            // The last connection was closed since.
            index.take().map(ManuallyDrop::into_inner);
        }
        if index.is_none() {
            *index = File::open(&self.path).ok().map(ManuallyDrop::new);
        }
        let file = index.as_ref()?;
        let mut both = [[0; HEADER]; 2];
        file.read_exact_at(both.as_flattened_mut(), 0).ok()?;
        let [header, again] = both;
        let version = header.first_chunk().map(|version| u32::from_ne_bytes(*version));
        (header == again && version == Some(VERSION)).then_some(Seen { header, file: file.metadata().ok()?.ino() })
    }

    /// Elsewhere what one process writes to shared memory need not be what another one reads from the file.
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    pub(crate) fn look(&self) -> Option<Seen> {
        None
    }
}
