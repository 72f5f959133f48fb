//! How much of everything there is.

use sqlx::FromRow;

use crate::connection::on;
use crate::{Connection, Millis, StorageError};

/// Counts, all of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Stats {
    pub users: i64,
    /// Accounts that are open.
    pub active_users: i64,
    pub admins: i64,
    pub workspaces: i64,
    pub memberships: i64,
    pub groups: i64,
    pub roles: i64,
    pub actions: i64,
    pub resources: i64,
    pub shares: i64,
    pub clients: i64,
    pub services: i64,
    /// Sessions that are neither revoked nor expired.
    pub live_sessions: i64,
}

impl Connection {
    /// The counts.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn stats(&mut self, now: Millis) -> Result<Stats, StorageError> {
        let sql = "SELECT (SELECT COUNT(*) FROM users) AS users, \
                   (SELECT COUNT(*) FROM users WHERE is_active) AS active_users, \
                   (SELECT COUNT(*) FROM users WHERE is_admin) AS admins, \
                   (SELECT COUNT(*) FROM workspaces) AS workspaces, \
                   (SELECT COUNT(*) FROM memberships) AS memberships, \
                   (SELECT COUNT(*) FROM groups) AS groups, \
                   (SELECT COUNT(*) FROM roles) AS roles, \
                   (SELECT COUNT(*) FROM actions) AS actions, \
                   (SELECT COUNT(*) FROM resources) AS resources, \
                   (SELECT COUNT(*) FROM shares) AS shares, \
                   (SELECT COUNT(*) FROM clients) AS clients, \
                   (SELECT COUNT(*) FROM services) AS services, \
                   (SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL AND expires_at > $1) AS live_sessions";
        Ok(on!(self, db => sqlx::query_as(sql).bind(now).fetch_one(db)))
    }
}
