//! Logins that failed lately. Each is counted before it is judged, so that many at the same moment are not one.

use sqlx::FromRow;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// How often logins failed under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct LoginFailures {
    /// How often, since the count began.
    pub failures: i64,
    /// Nothing is judged before this moment; 0: nothing keeps from it.
    pub locked_until: Millis,
    /// When the count begins anew.
    pub expires_at: Millis,
}

/// How one more is counted.
#[derive(Clone, Copy, Debug)]
pub struct FailureCount<'a> {
    /// What is counted: an HMAC.
    pub key: &'a [u8],
    /// The account that it belongs to, where it belongs to one.
    pub account: Option<&'a [u8]>,
    /// How long a count lasts, in milliseconds.
    pub window: Millis,
    /// Whether each failure begins the window anew.
    pub slides: bool,
}

impl Connection {
    /// How often logins failed under a key; zeros where none did, or not lately.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn login_failures(&mut self, key: &[u8], now: Millis) -> Result<LoginFailures, StorageError> {
        let sql = "SELECT failures, locked_until, expires_at FROM login_failures WHERE key = $1 AND expires_at > $2";
        let found: Option<LoginFailures> = on!(self, db => sqlx::query_as(sql).bind(key).bind(now).fetch_optional(db));
        Ok(found.unwrap_or_default())
    }
}

impl Transaction {
    /// Counts one more, unless the key is locked at `now`; answers what stands then. The key's other counts wait until this
    /// transaction has ended.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_login_failure(
        &mut self,
        count: &FailureCount<'_>,
        now: Millis,
    ) -> Result<LoginFailures, StorageError> {
        let sql = "INSERT INTO login_failures (key, account, failures, locked_until, expires_at) VALUES ($1, $2, 1, 0, $3) \
             ON CONFLICT (key) DO UPDATE SET \
             failures = CASE WHEN login_failures.locked_until > $4 THEN login_failures.failures \
                             WHEN login_failures.expires_at <= $4 THEN 1 ELSE login_failures.failures + 1 END, \
             expires_at = CASE WHEN login_failures.locked_until > $4 THEN login_failures.expires_at \
                               WHEN $5 OR login_failures.expires_at <= $4 THEN $3 ELSE login_failures.expires_at END \
             RETURNING failures, locked_until, expires_at";
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(count.key)
            .bind(count.account)
            .bind(now.saturating_add(count.window))
            .bind(now)
            .bind(count.slides)
            .fetch_one(db)))
    }

    /// Locks a key until a moment, and keeps its count for at least as long.
    ///
    /// # Errors
    /// As every statement.
    pub async fn lock_logins(&mut self, key: &[u8], until: Millis) -> Result<(), StorageError> {
        let sql = "UPDATE login_failures SET locked_until = $2, \
                   expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END WHERE key = $1";
        execute!(self, sql, key, until);
        Ok(())
    }

    /// Takes one failure back, and the lock where fewer than `most` are left: the login that was counted did not fail.
    ///
    /// # Errors
    /// As every statement.
    pub async fn forgive_login_failure(&mut self, key: &[u8], most: i64) -> Result<(), StorageError> {
        let sql = "UPDATE login_failures SET failures = failures - 1, \
                   locked_until = CASE WHEN failures - 1 < $2 THEN 0 ELSE locked_until END WHERE key = $1 AND failures > 0";
        execute!(self, sql, key, most);
        Ok(())
    }

    /// Begins a key's count anew.
    ///
    /// # Errors
    /// As every statement.
    pub async fn forget_login_failures(&mut self, key: &[u8]) -> Result<(), StorageError> {
        execute!(self, "DELETE FROM login_failures WHERE key = $1", key);
        Ok(())
    }

    /// Begins all counts of an account anew, and opens what they locked. Answers how many there were.
    ///
    /// # Errors
    /// As every statement.
    pub async fn forget_login_failures_of(&mut self, account: &[u8]) -> Result<u64, StorageError> {
        Ok(execute!(self, "DELETE FROM login_failures WHERE account = $1", account))
    }
}
