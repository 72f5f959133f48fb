//! `sentinel backup` and `sentinel restore`: the SQLite database as one file.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use sentinel_keys::{KeyRing, MasterKey};
use sentinel_server::service::{Clock, revocation, signing};
use sentinel_server::settings::Settings;
use sentinel_storage::{Store, StoreOptions};
use serde_json::{Value, json};

use super::data::block_on;
use super::open::{self, DATABASE};
use crate::outcome::Failure;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct RestoreArgs {
    /// The file; none where PostgreSQL was restored by `pg_restore`: everything that was issued before ends then
    file: Option<PathBuf>,
}

/// Copies the database while it is in use.
pub(crate) fn backup(config: Option<PathBuf>, args: Args) -> Result<Value, Failure> {
    let settings = sqlite(config, "pg_dump --format=custom")?;
    block_on(async {
        let store = open::open_store(&settings, Clock::system().now()).await?;
        // Before SQLite writes to it: nobody else reads it at any moment.
        new_file(&args.file)?;
        let done = store.backup(&args.file).await.map_err(|why| open::storage_failure(&why));
        store.close().await;
        if done.is_err() {
            // Not whole; and it was not there before.
            let _ = std::fs::remove_file(&args.file);
        }
        done?;
        sync(&args.file)?;
        let (key, _) = open::master_key_file(&settings);
        Ok(
            json!({ "ok": true, "file": args.file, "master_key": format!("not in the backup: keep {} elsewhere", key.display()) }),
        )
    })
}

/// Puts a backup in the place of the database. No server may run on it. PostgreSQL is restored by its own tools; without
/// a file this does there what comes after it.
pub(crate) fn restore(config: Option<PathBuf>, args: RestoreArgs) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    let Some(file) = args.file else { return restored(&settings) };
    if settings.database_url.is_some() {
        return Err(Failure::Usage(
            "the data lies in PostgreSQL (DATABASE_URL): use pg_restore, and then `sentinel restore` without a file"
                .to_owned(),
        ));
    }
    block_on(async {
        open::data_folder(&settings.data_dir)?;
        let lock = open::lock_file(&settings)?;
        lock.try_lock()
            .map_err(|_| Failure::Unanswered("in_use", "a server runs on this DATA_DIR: stop it first".to_owned()))?;
        let (database, beside) = (settings.data_dir.join(DATABASE), settings.data_dir.join("sentinel.db.restoring"));
        remove(&beside);
        new_file(&beside)?;
        let copied = std::fs::copy(&file, &beside).map_err(|why| Failure::unavailable(file.display(), why));
        if let Err(why) = copied.map(|_| ()).and(try_out(&settings, &beside).await) {
            remove(&beside);
            return Err(why);
        }
        sync(&beside)?;
        let kept = keep_old(&database)?;
        std::fs::rename(&beside, &database).map_err(|why| Failure::unavailable(database.display(), why))?;
        sync(&settings.data_dir)?;
        Ok(json!({ "ok": true, "restored": file, "before": kept, "sessions": ENDED }))
    })
}

const ENDED: &str = "ended: what was revoked after the backup is not in it";

/// PostgreSQL was restored: everything that was issued before ends.
fn restored(settings: &Settings) -> Result<Value, Failure> {
    if settings.database_url.is_none() {
        return Err(Failure::Usage("name the file to restore: the data lies in SQLite".to_owned()));
    }
    block_on(async {
        let now = Clock::system().now();
        let store = open::open_store(settings, now).await?;
        let done = revocation::restart(&store, &open::lifetimes(settings), now).await;
        store.close().await;
        done.map_err(|why| super::failure(&why))?;
        Ok(json!({ "ok": true, "sessions": ENDED }))
    })
}

/// That it is a database of ours, no newer than this release, sealed by the master key at hand. Its sessions end: the
/// backup does not know which of them were revoked since.
async fn try_out(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let now = Clock::system().now();
    let store = Store::open(&StoreOptions::Sqlite { file: file.to_owned() }, now).await;
    let store = store.map_err(|why| open::storage_failure(&why))?;
    let checked = async {
        let keys = signing::list(&store).await.map_err(|why| super::failure(&why))?;
        if !keys.is_empty() {
            let (key_file, _) = open::master_key_file(settings);
            let master = MasterKey::load(&key_file).map_err(open::keys_failure)?;
            KeyRing::new(&keys, &master, open::algorithm(settings)?, now).map_err(open::keys_failure)?;
        }
        let ended = revocation::restart(&store, &open::lifetimes(settings), now).await;
        ended.map_err(|why| super::failure(&why))
    };
    let checked = checked.await;
    // Also writes what stands beside the file into it.
    store.close().await;
    checked
}

fn sqlite(config: Option<PathBuf>, tool: &str) -> Result<Settings, Failure> {
    let settings = open::settings(config, Vec::new())?;
    if settings.database_url.is_some() {
        return Err(Failure::Usage(format!("the data lies in PostgreSQL (DATABASE_URL): use {tool}")));
    }
    Ok(settings)
}

/// The database that was there, and what SQLite keeps beside it, under another name.
fn keep_old(database: &Path) -> Result<Option<PathBuf>, Failure> {
    if !database.exists() {
        return Ok(None);
    }
    let kept = PathBuf::from(format!("{}.before-{}", database.display(), Clock::system().now()));
    for end in ["-wal", "-shm", ""] {
        let (from, to) = (format!("{}{end}", database.display()), format!("{}{end}", kept.display()));
        match std::fs::rename(&from, to) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(Failure::unavailable(from, why)),
            _ => {}
        }
    }
    Ok(Some(kept))
}

/// A file that was not there before, for its owner alone.
fn new_file(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|why| Failure::unavailable(path.display(), why))
}

fn sync(path: &Path) -> Result<(), Failure> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|why| Failure::unavailable(path.display(), why))
}

/// What is left of a run before this one, or of this one.
fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        // Mostly not there.
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
