//! What the deployment remembers of itself: values by their keys, the same for all replicas.

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

impl Connection {
    /// The value under a key.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn deployment_value(&mut self, key: &str) -> Result<Option<String>, StorageError> {
        let value: Option<(String,)> =
            on!(self, db => sqlx::query_as("SELECT value FROM deployment WHERE key = $1").bind(key).fetch_optional(db));
        Ok(value.map(|(value,)| value))
    }
}

impl Transaction {
    /// Stores a value under a key, in place of the one that may be there.
    ///
    /// # Errors
    /// As every statement.
    pub async fn put_deployment_value(&mut self, key: &str, value: &str, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO deployment (key, value, updated_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
        execute!(self, sql, key, value, now);
        Ok(())
    }

    /// Stores a value where the key has none, and answers the one that stands: the first of all replicas decides.
    ///
    /// # Errors
    /// As every statement.
    pub async fn put_deployment_value_if_absent(
        &mut self,
        key: &str,
        value: &str,
        now: Millis,
    ) -> Result<String, StorageError> {
        // An update that changes nothing, so that the row is answered and held either way.
        let sql = "INSERT INTO deployment (key, value, updated_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING value";
        let (value,): (String,) = on!(self, db => sqlx::query_as(sql).bind(key).bind(value).bind(now).fetch_one(db));
        Ok(value)
    }
}
