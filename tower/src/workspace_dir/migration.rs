//! From one flat folder to a folder for each user, once.
//!
//! What lies in the root was one user's: [`migrate`] moves it into that user's folder, [`plan`] says what it would move and
//! changes nothing. Each entry is moved by one rename, so that it is in one of the two places whenever the program ends; a
//! journal that was written before the first move says what belongs to it, so that the next run goes on where this one
//! ended. Run again after the end it does nothing.
//!
//! Whatever could be meant in two ways is refused before anything is touched: see [`MigrationError::Ambiguous`].

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use cap_fs_ext::{DirExt, MetadataExt};
use cap_std::fs::Dir;
use serde_json::{Value, json};

use super::{FilesError, dir, name};

/// Says that the root is for users; what was moved stands in it.
const MARK: &str = ".sentinel-workspaces";
/// What is being moved.
const JOURNAL: &str = ".sentinel-migration";
/// The journal before all of it is written.
const DRAFT: &str = ".sentinel-migration-draft";
/// File systems put it at their roots; it is nobody's.
const LOST_AND_FOUND: &str = "lost+found";

/// What a migration does, or has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Migration {
    /// The root was for users already.
    AlreadyDone,
    /// The entries of the root that are the user's, in the order of their names.
    Moves {
        /// The user's id, in the one spelling.
        user_id: String,
        /// Their names.
        entries: Vec<String>,
    },
}

/// Why nothing was moved, or no more.
#[derive(Debug)]
#[non_exhaustive]
pub enum MigrationError {
    /// The id is not one that has a folder.
    Owner(&'static str),
    /// A service or another migration has the root open.
    InUse,
    /// What would have to be guessed, each with its name in the root.
    Ambiguous(Vec<String>),
    /// The system failed. What was moved is moved; run it again.
    System(io::Error),
}

/// What [`migrate`] would do.
///
/// # Errors
/// As [`migrate`].
pub fn plan(root: impl AsRef<Path>, user_id: &str) -> Result<Migration, MigrationError> {
    let root = Root::lock(root.as_ref())?;
    Ok(root.examine(name::folder_of(user_id).map_err(MigrationError::Owner)?)?.migration())
}

/// Moves what lies in the root into this user's folder, and marks the root as one for users.
///
/// # Errors
/// [`MigrationError`]; nothing is lost, whatever it is.
pub fn migrate(root: impl AsRef<Path>, user_id: &str) -> Result<Migration, MigrationError> {
    run(root.as_ref(), user_id, &mut || Ok(()))
}

/// `step` is called before each change of the file system.
fn run(root: &Path, user_id: &str, step: &mut dyn FnMut() -> io::Result<()>) -> Result<Migration, MigrationError> {
    let user_id = name::folder_of(user_id).map_err(MigrationError::Owner)?;
    let root = Root::lock(root)?;
    let state = root.examine(user_id)?;
    let State::Moving { journal, there, .. } = &state else { return Ok(state.migration()) };
    let dir = &root.dir;
    if !there {
        step()?;
        let mut file = dir.create(DRAFT)?;
        step()?;
        file.write_all(journal.text().as_bytes())?;
        file.sync_all()?;
        step()?;
        dir.rename(DRAFT, dir, JOURNAL)?;
        dir::sync(dir)?;
    }
    step()?;
    dir::make(dir, user_id)?;
    let folder = dir.open_dir_nofollow(user_id)?;
    for entry in &journal.entries {
        if dir.symlink_metadata(entry).is_ok() {
            step()?;
            move_into(dir, &folder, entry)?;
        }
    }
    step()?;
    dir::sync(&folder)?;
    dir::sync(dir)?;
    // One rename says both: there is nothing to move any more, and the root is for users.
    step()?;
    dir.rename(JOURNAL, dir, MARK)?;
    dir::sync(dir)?;
    Ok(state.migration())
}

/// Never over what is there.
fn move_into(from: &Dir, to: &Dir, name: &str) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(from, name, to, name, RenameFlags::NOREPLACE) {
            // A file system that cannot say so; nobody else is here, see `Root::lock`.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            moved => return Ok(moved?),
        }
    }
    if to.symlink_metadata(name).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    from.rename(name, to, name)
}

/// For a service: only a root that is for users, or one that is empty and becomes one.
pub(super) fn require_migrated(root: &Dir) -> Result<(), FilesError> {
    if root.symlink_metadata(MARK).is_ok() {
        return Ok(());
    }
    for entry in root.entries()? {
        if entry?.file_name() != LOST_AND_FOUND {
            return Err(FilesError::Conflict("the folder holds files that are no user's: migrate it first"));
        }
    }
    match root.open_with(MARK, cap_std::fs::OpenOptions::new().write(true).create_new(true)) {
        // Another service was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => Ok(made.and_then(|_| dir::sync(root))?),
    }
}

/// The root, with nobody else in it.
struct Root {
    dir: Dir,
    _lock: File,
}

enum State {
    Done,
    Moving {
        journal: Journal,
        /// Whether it is written already.
        there: bool,
    },
}

struct Journal {
    user_id: String,
    entries: Vec<String>,
}

impl Journal {
    fn text(&self) -> String {
        json!({ "user_id": self.user_id, "entries": self.entries }).to_string()
    }

    fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let entries = value.get("entries")?.as_array()?;
        let entries = entries.iter().map(|entry| Some(entry.as_str()?.to_owned())).collect::<Option<Vec<_>>>()?;
        let user_id = name::folder_of(value.get("user_id")?.as_str()?).ok()?.to_owned();
        entries.iter().all(|entry| name::check(entry).is_ok()).then_some(Self { user_id, entries })
    }
}

impl State {
    fn migration(&self) -> Migration {
        match self {
            Self::Done => Migration::AlreadyDone,
            Self::Moving { journal: Journal { user_id, entries }, .. } => {
                Migration::Moves { user_id: user_id.clone(), entries: entries.clone() }
            }
        }
    }
}

impl Root {
    fn lock(root: &Path) -> Result<Self, MigrationError> {
        let lock = File::open(root)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: Dir::from_std_file(lock.try_clone()?), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(MigrationError::InUse),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// What there is to do. Changes nothing.
    fn examine(&self, user_id: &str) -> Result<State, MigrationError> {
        let mut names = Vec::new();
        let mut unclear = Vec::new();
        for entry in self.dir.entries()? {
            match entry?.file_name().into_string() {
                Ok(name) if name == DRAFT || name == LOST_AND_FOUND => {}
                Ok(name) => names.push(name),
                Err(name) => unclear.push(format!("{}: the name is no text", name.display())),
            }
        }
        names.sort_unstable();
        let state = if names.iter().any(|name| name == MARK) {
            let strange = names.iter().filter(|name| *name != MARK && name::folder_of(name) != Ok(name.as_str()));
            unclear.extend(strange.map(|name| format!("{name}: came after the migration, and may be anyone's")));
            State::Done
        } else if names.iter().any(|name| name == JOURNAL) {
            State::Moving { journal: self.resume(user_id, &names, &mut unclear)?, there: true }
        } else {
            for name in &names {
                unclear.extend(self.doubt(name)?.map(|why| format!("{name}: {why}")));
            }
            State::Moving { journal: Journal { user_id: user_id.to_owned(), entries: names }, there: false }
        };
        if unclear.is_empty() { Ok(state) } else { Err(MigrationError::Ambiguous(unclear)) }
    }

    /// The journal of a run before this one, and whether what is here fits it.
    fn resume(&self, user_id: &str, names: &[String], unclear: &mut Vec<String>) -> Result<Journal, MigrationError> {
        let journal = self.dir.read_to_string(JOURNAL)?;
        let journal = Journal::read(&journal)
            .ok_or_else(|| MigrationError::Ambiguous(vec![format!("{JOURNAL}: this program did not write it")]))?;
        if journal.user_id != user_id {
            unclear.push(format!("{JOURNAL}: everything is being moved to {}", journal.user_id));
        }
        let folder = match self.dir.open_dir_nofollow(&journal.user_id) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened?),
        };
        for name in names.iter().filter(|name| *name != JOURNAL && **name != journal.user_id) {
            if !journal.entries.contains(name) {
                unclear.push(format!("{name}: came while everything was being moved"));
            }
        }
        for name in &journal.entries {
            let moved = folder.as_ref().is_some_and(|folder| folder.symlink_metadata(name).is_ok());
            match (names.contains(name), moved) {
                (true, true) => unclear.push(format!("{name}: is in both places")),
                (false, false) => unclear.push(format!("{name}: is in neither place")),
                _ => {}
            }
        }
        Ok(journal)
    }

    /// Why it cannot be told whose an entry is, or what becomes of it.
    fn doubt(&self, name: &str) -> io::Result<Option<&'static str>> {
        let about = self.dir.symlink_metadata(name)?;
        Ok(if name::folder_of(name).is_ok() {
            Some("has a user's id as its name: it may be that user's")
        } else if name::check(name).is_err() {
            Some("has a name that no user could ask for: rename it")
        } else if about.is_symlink() {
            Some("is a link, which would lead elsewhere from its new place")
        } else if !(about.is_dir() || about.is_file()) {
            Some("is neither a file nor a folder")
        } else if about.is_file() && about.nlink() != 1 {
            Some("has another name elsewhere, which may be anyone's")
        } else if MetadataExt::dev(&about) != MetadataExt::dev(&self.dir.dir_metadata()?) {
            Some("is another file system, and cannot be moved")
        } else {
            None
        })
    }
}

impl From<io::Error> for MigrationError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(why) => f.write_str(why),
            Self::InUse => f.write_str("a service or another migration has the folder open: stop it first"),
            Self::Ambiguous(what) => write!(f, "nothing was moved; please settle this first:\n  {}", what.join("\n  ")),
            Self::System(error) => write!(f, "{error}; run it again"),
        }
    }
}

impl std::error::Error for MigrationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
