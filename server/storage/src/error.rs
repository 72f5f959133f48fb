use sqlx::error::ErrorKind;

/// Why the store did not do it. Holds no SQL and none of the values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Something with the same unique value exists.
    #[error("it exists already")]
    Conflict,
    /// Something it refers to does not exist.
    #[error("something it refers to does not exist")]
    Reference,
    /// A value that the schema does not allow.
    #[error("a value is not allowed")]
    Invalid,
    /// The database cannot be reached, is locked or out of connections.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database was made by a newer release.
    #[error("the database has schema {found}, this release knows {known}: start a newer release, or restore a backup")]
    NewerSchema {
        /// What the database has.
        found: i64,
        /// What this release knows.
        known: i64,
    },
    /// The settings of the database cannot be used.
    #[error("{0}")]
    Settings(String),
    /// More rows than one look-up may bring.
    #[error("a look-up finds more than is read at once")]
    TooMuch,
    /// Anything else: a fault of ours or a damaged database.
    #[error("the database refused a statement")]
    Broken(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => match database.kind() {
                ErrorKind::UniqueViolation => Self::Conflict,
                ErrorKind::ForeignKeyViolation => Self::Reference,
                ErrorKind::CheckViolation | ErrorKind::NotNullViolation => Self::Invalid,
                _ => match database.code().as_deref() {
                    // SQLite: busy, locked (and their extended codes), disk full.
                    Some("5" | "6" | "13" | "261" | "517" | "773") => Self::Unavailable(error),
                    // PostgreSQL: a character that its text cannot hold (NUL), or a text that is too long.
                    Some("22021" | "22001" | "22P05") => Self::Invalid,
                    // PostgreSQL: lock timeout; classes 08 (connection), 53 (resources), 57 (operator), 40 (rollback).
                    Some("55P03") => Self::Unavailable(error),
                    Some(code)
                        if code.len() == 5 && ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class)) =>
                    {
                        Self::Unavailable(error)
                    }
                    _ => Self::Broken(error),
                },
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Broken(error),
        }
    }
}
