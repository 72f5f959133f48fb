//! The folders of users: the one place where a user becomes a path.
//!
//! Every file that belongs to a user is reached through [`Workspaces::workspace_dir`], which reads in whose name this runs (see
//! [`current`](mod@crate::current)) and opens that user's folder, and through nothing else. What then follows from a client's
//! text is opened one name after the other, each relative to the folder before it and never through a link: there is no path in
//! between that could be read in two ways, and no moment in which what was checked could be exchanged.
//!
//! ```
//! use sentinel_tower::workspace_dir::{FilesError, Workspaces};
//!
//! // In a handler, in a task that it spawned, or three calls below: nobody passes a user's id.
//! fn notes(workspaces: &Workspaces) -> Result<Vec<u8>, FilesError> {
//!     workspaces.workspace_dir()?.read("notes/today.md", 1024 * 1024)
//! }
//! ```
//!
//! - The folder's name is the user's UUID, also where a dialect writes `usr_` before it. Any other id is refused, not repaired.
//! - A user is of one issuer: another one's `sub` may be the same text.
//! - Names are those that every reader of them takes for the same: no separators, controls, devices of Windows, escapes.
//! - Everything here waits for the disk: call it in [`spawn_blocking`](crate::spawn_blocking) where that matters.
//! - A folder that has been one user's until now is moved once: see [`migration`].
//!
//! What it does not do: count what users store, or keep processes apart that run as this service's user and open files by
//! themselves.

mod dir;
mod error;
pub mod migration;
mod name;

use std::fs::File;
use std::io;
use std::path::Path;

use cap_fs_ext::DirExt;
use cap_std::fs::Dir;

use crate::current::{Actor, actor};

pub use dir::{Entry, WorkspaceDir};
pub use error::FilesError;

/// The folders of one issuer's users under one root. It is open as long as this lives: moving or replacing the root does not
/// lead elsewhere.
#[derive(Debug)]
pub struct Workspaces {
    root: Dir,
    issuer: String,
    /// Shared with every other service on this root, so that none is migrated meanwhile.
    _lock: File,
}

impl Workspaces {
    /// The folders under this root, of this issuer's users. The root must be there; an empty one is made one for users.
    ///
    /// # Errors
    /// [`FilesError::Conflict`] where it still is a flat folder, or its migration is not at its end; else what the system says.
    pub fn open(root: impl AsRef<Path>, issuer: &str) -> Result<Self, FilesError> {
        let lock = File::open(root)?;
        match lock.try_lock_shared() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(FilesError::Conflict("the folder is being migrated")),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let root = Dir::from_std_file(lock.try_clone()?);
        migration::require_migrated(&root)?;
        Ok(Self { root, issuer: issuer.to_owned(), _lock: lock })
    }

    /// The folder of the user in whose name this runs; made with the first use.
    ///
    /// # Errors
    /// [`FilesError::Caller`] and [`FilesError::Owner`] where that is nobody with a folder here.
    pub fn workspace_dir(&self) -> Result<WorkspaceDir, FilesError> {
        self.workspace_dir_of(&actor()?)
    }

    /// The same of somebody who is named, where code runs for many: a dispatcher, a scheduler.
    ///
    /// # Errors
    /// As [`Self::workspace_dir`].
    pub fn workspace_dir_of(&self, actor: &Actor) -> Result<WorkspaceDir, FilesError> {
        let folder = self.user_id_of(actor)?;
        let dir = match self.root.open_dir_nofollow(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                dir::make(&self.root, folder)?;
                self.root.open_dir_nofollow(folder)?
            }
            opened => opened?,
        };
        Ok(WorkspaceDir::new(dir))
    }

    /// The id of the user whose folder [`Self::workspace_dir_of`] opens, in its one spelling: for whatever else is kept by user.
    ///
    /// # Errors
    /// [`FilesError::Owner`].
    pub fn user_id_of<'a>(&self, actor: &'a Actor) -> Result<&'a str, FilesError> {
        let user_id = match actor {
            // A `sub` is unique only within its issuer (RFC 7519 §4.1.2).
            Actor::User(identity) if identity.issuer() == Some(&*self.issuer) => identity.user_id(),
            Actor::User(_) => return Err(FilesError::Owner("the user is of another issuer")),
            Actor::System(system) => {
                system.user_id().ok_or(FilesError::Owner("the system works for no user here, and has no folder"))?
            }
            Actor::Anonymous => return Err(FilesError::Owner("nobody has no folder")),
        };
        name::folder_of(user_id).map_err(FilesError::Owner)
    }

    /// The ids of those who have a folder, for work that goes over all of them: each by itself as
    /// [`System::on_behalf_of`](crate::System::on_behalf_of).
    ///
    /// # Errors
    /// What the system says.
    pub fn users(&self) -> Result<Vec<String>, FilesError> {
        let mut users = Vec::new();
        for entry in self.root.entries()? {
            let entry = entry?;
            let is_folder = entry.file_type()?.is_dir();
            users.extend(entry.file_name().into_string().ok().filter(|id| is_folder && name::folder_of(id) == Ok(id)));
        }
        Ok(users)
    }
}
