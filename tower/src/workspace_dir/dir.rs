//! A user's folder, open.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_fs_ext::{DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt};
use cap_std::fs::{Dir, DirBuilder, OpenOptions};

use super::FilesError;
use super::name;

/// A user's folder, or one in it. There is no way out of it: not by `..`, not by an absolute path, not by a link.
///
/// Paths are names with `/` between them; the empty path is this folder. Links are as if they were not there, and so is what
/// is neither a file nor a folder, and a file that also has another name (a hard link), which may be another user's.
#[derive(Debug)]
pub struct WorkspaceDir {
    dir: Dir,
}

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, one that can be asked for.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its size in bytes, 0 of a folder.
    pub bytes: u64,
}

/// A folder on the way: this one, or one that was opened for it.
enum Place<'a> {
    Here(&'a Dir),
    Below(Dir),
}

impl std::ops::Deref for Place<'_> {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        match self {
            Self::Here(dir) => dir,
            Self::Below(dir) => dir,
        }
    }
}

impl WorkspaceDir {
    pub(super) fn new(dir: Dir) -> Self {
        Self { dir }
    }

    /// A folder in it, as a world of its own.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`].
    pub fn subdir(&self, path: &str) -> Result<Self, FilesError> {
        match self.walk(&name::parts(path).map_err(FilesError::Path)?)? {
            Place::Here(dir) => Ok(Self::new(dir.try_clone()?)),
            Place::Below(dir) => Ok(Self::new(dir)),
        }
    }

    /// What a folder holds, at most so many, in the order of their names. Names that could not be asked for are left out.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`], [`FilesError::TooLarge`] for more than `most`.
    pub fn list(&self, path: &str, most: usize) -> Result<Vec<Entry>, FilesError> {
        let folder = self.walk(&name::parts(path).map_err(FilesError::Path)?)?;
        let mut found = Vec::new();
        for entry in folder.read_dir(".")? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // What was there a moment ago may be gone.
            let Ok(about) = entry.metadata() else { continue };
            if name::check(&name).is_err() || !(about.is_dir() || is_ordinary(&about)) {
                continue;
            }
            if found.len() >= most {
                return Err(FilesError::TooLarge);
            }
            let is_folder = about.is_dir();
            found.push(Entry { name, is_folder, bytes: if is_folder { 0 } else { about.len() } });
        }
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// A file, open for reading.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`].
    pub fn open(&self, path: &str) -> Result<std::fs::File, FilesError> {
        let (folder, name) = self.place_of(path)?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            // Opening a pipe must not wait for its writer.
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = folder.open_with(name, &options)?;
        // Of what is open, so that it cannot be exchanged after this.
        if !is_ordinary(&file.metadata()?) {
            return Err(FilesError::NotFound);
        }
        Ok(file.into_std())
    }

    /// What a file holds, at most so many bytes.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`], [`FilesError::TooLarge`].
    pub fn read(&self, path: &str, most: usize) -> Result<Vec<u8>, FilesError> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        self.open(path)?.take(limit).read_to_end(&mut bytes)?;
        if bytes.len() > most { Err(FilesError::TooLarge) } else { Ok(bytes) }
    }

    /// Writes a file, whole or not at all: who reads it meanwhile has what was there before. Its folder must be there.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`] without its folder, [`FilesError::Conflict`] where a folder has the name.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FilesError> {
        let (folder, name) = self.place_of(path)?;
        let (mut file, unfinished) = unfinished(&folder)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        // What has the name is replaced, not written into: a link leads nowhere, another name of the file keeps its content.
        let put = written.and_then(|()| folder.rename(&unfinished, &folder, name)).and_then(|()| sync(&folder));
        if put.is_err() {
            // It may be in place already.
            let _ = folder.remove_file(&unfinished);
        }
        Ok(put?)
    }

    /// Makes a folder. The one that it is in must be there.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`], [`FilesError::Conflict`] where something has the name.
    pub fn create_dir(&self, path: &str) -> Result<(), FilesError> {
        let (folder, name) = self.place_of(path)?;
        let mut builder = DirBuilder::new();
        private(&mut builder);
        Ok(folder.create_dir_with(name, &builder)?)
    }

    /// Makes a folder and those that it is in, where they are not there.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`] where what is on the way is no folder.
    pub fn create_dir_all(&self, path: &str) -> Result<(), FilesError> {
        let mut place = Place::Here(&self.dir);
        for name in name::parts(path).map_err(FilesError::Path)? {
            make(&place, name)?;
            place = Place::Below(place.open_dir_nofollow(name)?);
        }
        Ok(())
    }

    /// Removes a file, or a link, never what it leads to.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`], [`FilesError::Conflict`] for a folder.
    pub fn remove_file(&self, path: &str) -> Result<(), FilesError> {
        let (folder, name) = self.place_of(path)?;
        if folder.symlink_metadata(name)?.is_dir() {
            return Err(FilesError::Conflict("it is a folder"));
        }
        folder.remove_file(name)?;
        Ok(sync(&folder)?)
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// [`FilesError::Path`], [`FilesError::NotFound`], [`FilesError::Conflict`] where it is not empty.
    pub fn remove_dir(&self, path: &str) -> Result<(), FilesError> {
        let (folder, name) = self.place_of(path)?;
        folder.remove_dir(name)?;
        Ok(sync(&folder)?)
    }

    /// The folder that a path is in, and its last name.
    fn place_of<'p>(&self, path: &'p str) -> Result<(Place<'_>, &'p str), FilesError> {
        let mut parts = name::parts(path).map_err(FilesError::Path)?;
        let last = parts.pop().ok_or(FilesError::Path("the path names nothing"))?;
        Ok((self.walk(&parts)?, last))
    }

    /// One folder after the other, each opened in the one before and never through a link.
    fn walk(&self, folders: &[&str]) -> Result<Place<'_>, FilesError> {
        let mut place = Place::Here(&self.dir);
        for folder in folders {
            place = Place::Below(place.open_dir_nofollow(folder)?);
        }
        Ok(place)
    }
}

/// A folder, or the one that is there: what it is shows when it is opened.
pub(super) fn make(parent: &Dir, name: &str) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    private(&mut builder);
    match parent.create_dir_with(name, &builder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// For nobody else on this machine.
fn private(builder: &mut DirBuilder) {
    #[cfg(unix)]
    {
        use cap_std::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    #[cfg(not(unix))]
    let _ = builder;
}

/// A file without another name. Of a second one nobody could tell whose it is.
fn is_ordinary(about: &cap_std::fs::Metadata) -> bool {
    about.is_file() && about.nlink() == 1
}

/// A new file that no user can name. After a crash it stays; the next of its name is another one.
fn unfinished(folder: &Dir) -> io::Result<(cap_std::fs::File, String)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).follow(FollowSymlinks::No);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}unfinished-{}-{number}", name::OURS, std::process::id());
        match folder.open_with(&name, &options) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((opened?, name)),
        }
    }
}

/// Names live in the folder, so what was renamed or removed is durable once the folder is.
pub(super) fn sync(folder: &Dir) -> io::Result<()> {
    #[cfg(unix)]
    {
        // What it was opened as may be a mere place (`O_PATH`), which cannot be synced.
        folder.open(".")?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}
