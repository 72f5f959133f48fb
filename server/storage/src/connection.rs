use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::StorageError;
use crate::derived::{Touched, Written};

/// Runs the same expression on whichever database it is: `on!(connection, db => query.fetch_all(db))`.
///
/// The expression is compiled twice, once for each driver, so the statement in it is checked against
/// the types of both and stands in the source once.
macro_rules! on {
    ($connection:expr, $db:ident => $run:expr) => {
        match $connection.database() {
            $crate::connection::Database::Sqlite($db) => $run.await?,
            $crate::connection::Database::Postgres($db) => $run.await?,
        }
    };
}
pub(crate) use on;

/// As [`on!`], for statements that answer no rows: how many rows they changed.
macro_rules! affected {
    ($connection:expr, $db:ident => $run:expr) => {
        match $connection.database() {
            $crate::connection::Database::Sqlite($db) => $run.await?.rows_affected(),
            $crate::connection::Database::Postgres($db) => $run.await?.rows_affected(),
        }
    };
}
pub(crate) use affected;

/// A use of the database in the trace of a request: which, and how long, and no word of what. The target is the one of
/// the server's spans; nobody listens to it where no traces are made.
macro_rules! span {
    ($name:literal, $system:literal) => {
        tracing::info_span!(target: "sentinel_traces", "database", otel.name = $name, otel.kind = "client", db.system.name = $system)
    };
}

/// A borrowed connection: what is read through it was committed, or stands in its transaction.
pub struct Connection {
    inner: Inner,
    /// Ends with it: how long the database was used, for traces.
    _used: tracing::Span,
}

pub(crate) enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTransaction(sqlx::Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresTransaction(sqlx::Transaction<'static, Postgres>),
}

/// A connection by its driver's own type, for the statements in this crate.
pub(crate) enum Database<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Connection {
    pub(crate) fn new(inner: Inner) -> Self {
        let _used = match &inner {
            Inner::Sqlite(_) => span!("read", "sqlite"),
            Inner::SqliteTransaction(_) => span!("transaction", "sqlite"),
            Inner::Postgres(_) => span!("read", "postgresql"),
            Inner::PostgresTransaction(_) => span!("transaction", "postgresql"),
        };
        Self { inner, _used }
    }

    pub(crate) fn database(&mut self) -> Database<'_> {
        match &mut self.inner {
            Inner::Sqlite(db) => Database::Sqlite(db),
            Inner::SqliteTransaction(db) => Database::Sqlite(db),
            Inner::Postgres(db) => Database::Postgres(db),
            Inner::PostgresTransaction(db) => Database::Postgres(db),
        }
    }

    /// The text for the database at hand, where the two have to differ.
    pub(crate) fn either(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.inner {
            Inner::Sqlite(_) | Inner::SqliteTransaction(_) => sqlite,
            Inner::Postgres(_) | Inner::PostgresTransaction(_) => postgres,
        }
    }
}

/// A transaction: statements that change anything are its methods. Dropped without [`Transaction::commit`] it is undone.
pub struct Transaction {
    connection: Connection,
    touched: Touched,
    written: Arc<Written>,
}

impl Transaction {
    pub(crate) fn new(inner: Inner, written: Arc<Written>) -> Self {
        Self { connection: Connection::new(inner), touched: Touched::default(), written }
    }

    /// What of it concerns built-in tuples.
    pub(crate) fn touched(&mut self) -> &mut Touched {
        &mut self.touched
    }

    /// Makes it durable, with the built-in tuples that follow from it.
    ///
    /// # Errors
    /// Where the database did not confirm it: whether it happened is then unknown.
    pub async fn commit(mut self) -> Result<(), StorageError> {
        let derived = self.derive().await?;
        // Also where it fails: whether it happened is then unknown.
        let _noted = self.written.note(derived);
        match self.connection.inner {
            Inner::SqliteTransaction(transaction) => transaction.commit().await?,
            Inner::PostgresTransaction(transaction) => transaction.commit().await?,
            Inner::Sqlite(_) | Inner::Postgres(_) => {}
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
