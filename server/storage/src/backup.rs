//! A copy of the whole database while it is in use.

use std::path::Path;

use crate::connection::Transaction;
use crate::statement::execute;
use crate::{Millis, StorageError, Store};

impl Store {
    /// Writes everything that is committed at this moment into a file that does not exist or is empty. SQLite alone:
    /// PostgreSQL has tools of its own for it.
    ///
    /// # Errors
    /// [`StorageError::Settings`] on PostgreSQL; [`StorageError::Broken`] where the file cannot be written.
    pub async fn backup(&self, file: &Path) -> Result<(), StorageError> {
        let Some(pool) = self.sqlite_writer() else {
            return Err(StorageError::Settings(
                "PostgreSQL is backed up by pg_dump, and restored by pg_restore".into(),
            ));
        };
        let file = file.to_str().ok_or_else(|| StorageError::Settings("the file's name is not UTF-8".into()))?;
        // One consistent state, read beside writers; without what was deleted.
        sqlx::query("VACUUM INTO $1").bind(file).execute(pool).await?;
        Ok(())
    }
}

impl Transaction {
    /// Voids every token of every account that was issued before `at`.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn invalidate_all_sessions(&mut self, at: Millis) -> Result<(), StorageError> {
        execute!(self, "UPDATE users SET sessions_invalidated_at = $1", at);
        let sql = "UPDATE sessions SET revoked_at = $1, revoked_for = 'admin' WHERE revoked_at IS NULL";
        execute!(self, sql, at);
        Ok(())
    }
}
