//! One-time links and other single-use secrets, stored by their hash.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A one-time link.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct OneTimeLink {
    /// What it opens, in the caller's words.
    pub purpose: String,
    /// Whom it concerns.
    pub user_id: Option<Uuid>,
    /// When it no longer opens anything.
    pub expires_at: Millis,
}

impl Connection {
    /// A link that can still be used. Does not use it.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn one_time_link(&mut self, hash: &[u8], now: Millis) -> Result<Option<OneTimeLink>, StorageError> {
        let sql = "SELECT purpose, user_id, expires_at FROM one_time_links \
                   WHERE hash = $1 AND used_at IS NULL AND expires_at > $2";
        Ok(on!(self, db => sqlx::query_as(sql).bind(hash).bind(now).fetch_optional(db)))
    }
}

impl Transaction {
    /// Stores a link by the hash of its secret.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where its user does not exist.
    pub async fn insert_one_time_link(
        &mut self,
        hash: &[u8],
        link: &OneTimeLink,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql =
            "INSERT INTO one_time_links (hash, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
        execute!(self, sql, hash, link.purpose.as_str(), link.user_id, now, link.expires_at);
        Ok(())
    }

    /// Uses up all links of a user for a purpose: they open nothing any more. Answers how many there were.
    ///
    /// # Errors
    /// As every statement.
    pub async fn void_one_time_links(
        &mut self,
        purpose: &str,
        user_id: Uuid,
        now: Millis,
    ) -> Result<u64, StorageError> {
        let sql = "UPDATE one_time_links SET used_at = $3 WHERE purpose = $1 AND user_id = $2 AND used_at IS NULL";
        Ok(execute!(self, sql, purpose, user_id, now))
    }

    /// Uses a link for its purpose: of all who try, one gets it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn use_one_time_link(
        &mut self,
        hash: &[u8],
        purpose: &str,
        now: Millis,
    ) -> Result<Option<OneTimeLink>, StorageError> {
        let sql = "UPDATE one_time_links SET used_at = $3 \
                   WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 \
                   RETURNING purpose, user_id, expires_at";
        Ok(on!(self, db => sqlx::query_as(sql).bind(hash).bind(purpose).bind(now).fetch_optional(db)))
    }
}
