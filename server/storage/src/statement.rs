//! Statements that answer no rows.

use crate::{StorageError, Transaction};

/// Runs a statement on values and answers how many rows it changed: `execute!(self, sql, first, second)`.
macro_rules! execute {
    ($transaction:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::connection::affected!($transaction, db => sqlx::query($sql)$(.bind($value))*.execute(db))
    };
}
pub(crate) use execute;

impl Transaction {
    /// Holds the lock with this number until the transaction has ended. SQLite has one writer at a time anyway.
    pub(crate) async fn lock(&mut self, number: i64) -> Result<(), StorageError> {
        let sql = self.either("SELECT $1", "SELECT pg_advisory_xact_lock($1)");
        execute!(self, sql, number);
        Ok(())
    }
}
