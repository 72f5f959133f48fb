//! Passwords and PINs by their hashes, those that were before them, and the networks that their owners came from.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, SecretKind, StorageError, Transaction};

/// What an account logs in with.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Password {
    pub user_id: Uuid,
    pub kind: SecretKind,
    pub hash: String,
    pub must_change: bool,
    pub changed_at: Millis,
}

/// What an account is to log in with from now on.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in Password")]
pub struct NewPassword<'a> {
    pub user_id: Uuid,
    pub kind: SecretKind,
    pub hash: &'a str,
    pub must_change: bool,
}

impl Connection {
    /// What an account logs in with; `None` where it has neither a password nor a PIN.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn password(&mut self, user_id: Uuid) -> Result<Option<Password>, StorageError> {
        let sql = "SELECT user_id, kind, hash, must_change, changed_at FROM passwords WHERE user_id = $1";
        Ok(on!(self, db => sqlx::query_as(sql).bind(user_id).fetch_optional(db)))
    }

    /// The hashes of what an account logged in with before, the latest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn retired_passwords(&mut self, user_id: Uuid) -> Result<Vec<String>, StorageError> {
        let sql = "SELECT hash FROM password_history WHERE user_id = $1 ORDER BY number DESC";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(user_id).fetch_all(db)))
    }

    /// Whether an account's owner has logged in from this network, and not too long ago.
    ///
    /// # Errors
    /// As every statement.
    pub async fn knows_network(&mut self, user_id: Uuid, network: &[u8], now: Millis) -> Result<bool, StorageError> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM known_networks WHERE user_id = $1 AND network = $2 AND expires_at > $3)";
        let (known,): (bool,) =
            on!(self, db => sqlx::query_as(sql).bind(user_id).bind(network).bind(now).fetch_one(db));
        Ok(known)
    }
}

impl Transaction {
    /// Gives an account another password or PIN; the one before goes into its history, of which the last `kept` stay.
    /// `instead_of` is the hash that must be there until now, where the caller depends on it. False where another one is.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such account.
    pub async fn put_password(
        &mut self,
        new: &NewPassword<'_>,
        instead_of: Option<&str>,
        kept: i64,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = self.either(
            "SELECT hash FROM passwords WHERE user_id = $1",
            "SELECT hash FROM passwords WHERE user_id = $1 FOR UPDATE",
        );
        let before: Option<String> = on!(self, db => sqlx::query_scalar(sql).bind(new.user_id).fetch_optional(db));
        if instead_of.is_some_and(|hash| before.as_deref() != Some(hash)) {
            return Ok(false);
        }
        if let Some(before) = before {
            let sql = "INSERT INTO password_history (user_id, number, hash) \
                       SELECT $1, COALESCE(MAX(number), 0) + 1, $2 FROM password_history WHERE user_id = $1";
            execute!(self, sql, new.user_id, before);
            let sql = "DELETE FROM password_history WHERE user_id = $1 AND number <= \
                       (SELECT MAX(number) FROM password_history WHERE user_id = $1) - $2";
            execute!(self, sql, new.user_id, kept);
        }
        let sql = "INSERT INTO passwords (user_id, kind, hash, must_change, changed_at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (user_id) DO UPDATE SET kind = excluded.kind, hash = excluded.hash, \
                   must_change = excluded.must_change, changed_at = excluded.changed_at";
        execute!(self, sql, new.user_id, new.kind.as_str(), new.hash, new.must_change, now);
        Ok(true)
    }

    /// Whether this is still what the account logs in with. Until this transaction has ended nobody can change it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn hold_password(&mut self, user_id: Uuid, hash: &str) -> Result<bool, StorageError> {
        // SQLite has one writer at a time.
        let sql = self.either(
            "SELECT user_id FROM passwords WHERE user_id = $1 AND hash = $2",
            "SELECT user_id FROM passwords WHERE user_id = $1 AND hash = $2 FOR SHARE",
        );
        let held: Option<Uuid> = on!(self, db => sqlx::query_scalar(sql).bind(user_id).bind(hash).fetch_optional(db));
        Ok(held.is_some())
    }

    /// Puts another hash of the same password in the place of its old one: made with other parameters. False where the
    /// password has been changed meanwhile.
    ///
    /// # Errors
    /// As every statement.
    pub async fn rehash_password(&mut self, user_id: Uuid, old: &str, new: &str) -> Result<bool, StorageError> {
        let sql = "UPDATE passwords SET hash = $3 WHERE user_id = $1 AND hash = $2";
        Ok(execute!(self, sql, user_id, old, new) == 1)
    }

    /// Takes an account's password or PIN away, with its history. False where it has none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_password(&mut self, user_id: Uuid) -> Result<bool, StorageError> {
        execute!(self, "DELETE FROM password_history WHERE user_id = $1", user_id);
        Ok(execute!(self, "DELETE FROM passwords WHERE user_id = $1", user_id) == 1)
    }

    /// Remembers that an account's owner logged in from a network.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such account.
    pub async fn remember_network(
        &mut self,
        user_id: Uuid,
        network: &[u8],
        expires_at: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO known_networks (user_id, network, expires_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (user_id, network) DO UPDATE SET expires_at = excluded.expires_at";
        execute!(self, sql, user_id, network, expires_at);
        Ok(())
    }
}
