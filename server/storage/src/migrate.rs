use sqlx::AssertSqlSafe;

use crate::connection::{Transaction, affected, on};
use crate::{Connection, Millis, StorageError, Store};

/// Each schema in order. What has been released is never edited: a change is a new file.
const MIGRATIONS: [&str; 15] = [
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_policy.sql"),
    include_str!("../migrations/0003_workspace_stores.sql"),
    include_str!("../migrations/0004_bundles.sql"),
    include_str!("../migrations/0005_single_sign_on.sql"),
    include_str!("../migrations/0006_nested_groups.sql"),
    include_str!("../migrations/0007_passwords.sql"),
    include_str!("../migrations/0008_usernames.sql"),
    include_str!("../migrations/0009_webhooks.sql"),
    include_str!("../migrations/0010_local_accounts.sql"),
    include_str!("../migrations/0011_bundle_access.sql"),
    include_str!("../migrations/0012_scim.sql"),
    include_str!("../migrations/0013_federation.sql"),
    include_str!("../migrations/0015_former_usernames.sql"),
    include_str!("../migrations/0016_ended.sql"),
];

/// The schema that this release reads and writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// From this version on every workspace has a store.
const WORKSPACE_STORES: i64 = 3;

/// The words of a migration that differ between the databases: (word, SQLite, PostgreSQL).
const WORDS: [(&str, &str, &str); 8] = [
    ("{uuid}", "BLOB", "UUID"),
    ("{text}", "TEXT", "TEXT COLLATE \"C\""),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{int}", "INTEGER", "BIGINT"),
    ("{time}", "INTEGER", "BIGINT"),
    ("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("{strict}", " STRICT", ""),
];

/// A number that no other program is likely to lock: "sentinel" in ASCII.
const LOCK: i64 = 0x7365_6e74_696e_656c;

/// Brings the schema up to date, once, however many replicas start at the same time.
pub(crate) async fn run(store: &Store, now: Millis) -> Result<(), StorageError> {
    let mut transaction = store.begin().await?;
    // SQLite holds its write lock already. A replica waits for the one that came first, however long that takes.
    let patience = transaction.either("SELECT 1", "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0");
    affected!(transaction, db => sqlx::raw_sql(patience).execute(db));
    let lock = transaction.either("SELECT 1", "SELECT pg_advisory_xact_lock($1)");
    affected!(transaction, db => sqlx::query(lock).bind(LOCK).execute(db));
    let table = fill(
        "CREATE TABLE IF NOT EXISTS schema_versions (version {int} PRIMARY KEY, applied_at {time} NOT NULL){strict}",
        &transaction,
    );
    affected!(transaction, db => sqlx::raw_sql(AssertSqlSafe(table.clone())).execute(db));
    let found = transaction.schema_version().await?;
    if found > SCHEMA_VERSION {
        return Err(StorageError::NewerSchema { found, known: SCHEMA_VERSION });
    }
    for (version, text) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        tracing::info!(version, "bringing the database's schema up to date");
        let text = fill(text, &transaction);
        affected!(transaction, db => sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(db));
        affected!(transaction, db => sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES ($1, $2)").bind(version).bind(now).execute(db));
    }
    if found < WORKSPACE_STORES {
        transaction.derive_all(now).await?;
    }
    transaction.commit().await
}

/// The text for the database at hand. Made of constants alone.
fn fill(text: &str, transaction: &Transaction) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (word, sqlite, postgres)| {
        text.replace(word, transaction.either(sqlite, postgres))
    })
}

impl Connection {
    /// The schema that the database has.
    ///
    /// # Errors
    /// As every statement.
    pub async fn schema_version(&mut self) -> Result<i64, StorageError> {
        let sql = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
        Ok(on!(self, db => sqlx::query_scalar(sql).fetch_one(db)))
    }
}
