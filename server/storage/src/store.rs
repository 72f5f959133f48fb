use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, SqlitePool};
use uuid::Uuid;

use crate::connection::{Connection, Inner, Transaction};
use crate::derived::Written;
use crate::seen::{Looks, Seen};
use crate::{Millis, StorageError, migrate};

/// Where the data lies.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreOptions {
    /// One file, made when it is missing. Its folder must exist.
    Sqlite {
        /// The database file.
        file: PathBuf,
    },
    /// A PostgreSQL database, shared by replicas.
    Postgres {
        /// `postgres://user:password@host/database?sslmode=…`; never logged.
        url: String,
        /// Most connections of this process.
        max_connections: u32,
    },
}

/// Without the URL, which holds a password.
impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { file } => f.debug_struct("Sqlite").field("file", file).finish(),
            Self::Postgres { max_connections, .. } => {
                f.debug_struct("Postgres").field("max_connections", max_connections).finish_non_exhaustive()
            }
        }
    }
}

/// The store. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    written: Arc<Written>,
    /// Where the database is SQLite.
    looks: Option<Arc<Looks>>,
}

#[derive(Clone, Debug)]
enum Pool {
    /// SQLite has one writer at a time; readers never wait for it (write-ahead log).
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// How long a request waits for a connection, or for SQLite's write lock.
const WAIT: Duration = Duration::from_secs(5);
const SQLITE_READERS: u32 = 4;
/// A connection to PostgreSQL that was good so lately is used without asking it first: a round trip less for each
/// statement under load.
const UNTRIED: Duration = Duration::from_secs(1);
/// No request waits longer for a row that another one holds, and a forgotten transaction gives its rows back.
const POSTGRES_LIMITS: &str =
    "SET lock_timeout = '5s'; SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'";

impl Store {
    /// Opens the store and brings its schema up to date, under a lock that all replicas respect.
    ///
    /// # Errors
    /// Where the database cannot be reached or was made by a newer release ([`StorageError::NewerSchema`]).
    pub async fn open(options: &StoreOptions, now: Millis) -> Result<Self, StorageError> {
        let pool = match options {
            StoreOptions::Sqlite { file } => {
                let connect = SqliteConnectOptions::new()
                    .filename(file)
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    // An acknowledged change survives the loss of power: rotation and revocation rest on it.
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(WAIT);
                // A file's connection does not break while nobody looks: it is not tried before each use.
                let options = |most| {
                    SqlitePoolOptions::new().max_connections(most).acquire_timeout(WAIT).test_before_acquire(false)
                };
                let write = options(1).connect_with(connect.clone()).await?;
                let read = options(SQLITE_READERS).connect_lazy_with(connect.pragma("query_only", "on"));
                Pool::Sqlite { read, write }
            }
            StoreOptions::Postgres { url, max_connections } => {
                // The driver's own parser takes any scheme, and then asks a server that nobody named.
                let connect = ["postgres://", "postgresql://"]
                    .iter()
                    .any(|scheme| url.starts_with(scheme))
                    .then(|| PgConnectOptions::from_str(url).ok())
                    .flatten()
                    .ok_or_else(|| StorageError::Settings("DATABASE_URL is not a PostgreSQL URL".into()))?
                    .application_name("sentinel");
                let options = PgPoolOptions::new()
                    .max_connections(*max_connections)
                    .acquire_timeout(WAIT)
                    .test_before_acquire(false)
                    .before_acquire(|db, meta| {
                        Box::pin(async move { Ok(meta.idle_for < UNTRIED || db.ping().await.is_ok()) })
                    })
                    .after_connect(|db, _| {
                        Box::pin(async move { sqlx::raw_sql(POSTGRES_LIMITS).execute(db).await.map(drop) })
                    });
                Pool::Postgres(options.connect_with(connect).await?)
            }
        };
        let looks = match options {
            StoreOptions::Sqlite { file } => Some(Arc::new(Looks::at(file))),
            StoreOptions::Postgres { .. } => None,
        };
        let store = Self { pool, written: Arc::default(), looks };
        migrate::run(&store, now).await?;
        Ok(store)
    }

    /// A connection to read through.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where none is to be had in time.
    pub async fn read(&self) -> Result<Connection, StorageError> {
        Ok(Connection::new(match &self.pool {
            Pool::Sqlite { read, .. } => Inner::Sqlite(read.acquire().await?),
            Pool::Postgres(pool) => Inner::Postgres(pool.acquire().await?),
        }))
    }

    /// A connection to read through, all of it as of one moment: the first look.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where none is to be had in time.
    pub async fn snapshot(&self) -> Result<Connection, StorageError> {
        const POSTGRES: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Connection::new(match &self.pool {
            // In write-ahead mode a reader's transaction is a snapshot.
            Pool::Sqlite { read, .. } => Inner::SqliteTransaction(read.begin().await?),
            Pool::Postgres(pool) => Inner::PostgresTransaction(pool.begin_with(POSTGRES).await?),
        }))
    }

    /// A transaction to write in. SQLite's write lock is taken at once: a later statement cannot fail for want of it.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where no connection is to be had in time.
    pub async fn begin(&self) -> Result<Transaction, StorageError> {
        let inner = match &self.pool {
            Pool::Sqlite { write, .. } => Inner::SqliteTransaction(write.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(pool) => Inner::PostgresTransaction(pool.begin().await?),
        };
        Ok(Transaction::new(inner, Arc::clone(&self.written)))
    }

    /// A number that is another one after each commit of this process that changed built-in tuples of the workspace's
    /// store, and at times after others.
    #[must_use]
    pub fn written(&self, workspace_id: Uuid) -> u64 {
        self.written.of(workspace_id)
    }

    /// What tells whether anything was committed, by this process or another: nothing was while it is the same. `None`: it
    /// cannot be told without asking, as with PostgreSQL. It costs some microseconds.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        self.looks.as_ref()?.look()
    }

    /// The connections that write, where the database is SQLite.
    pub(crate) fn sqlite_writer(&self) -> Option<&SqlitePool> {
        match &self.pool {
            Pool::Sqlite { write, .. } => Some(write),
            Pool::Postgres(_) => None,
        }
    }

    /// Ends all connections once they are given back.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}
