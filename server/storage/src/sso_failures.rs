//! What failed at a workspace's own provider, as its administrators see it: how often, and never what came.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

const HOUR: Millis = 3_600_000;

/// Failures of one kind within one hour.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoFailure {
    pub code: String,
    pub count: i64,
    pub first_at: Millis,
    pub last_at: Millis,
}

impl Connection {
    /// The failures of a workspace, the latest first, at most `limit`.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn sso_failures(&mut self, workspace_id: Uuid, limit: i64) -> Result<Vec<SsoFailure>, StorageError> {
        let sql = "SELECT code, count, first_at, last_at FROM sso_failures WHERE workspace_id = $1 \
                   ORDER BY last_at DESC, code LIMIT $2";
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// Counts a failure: a row for each code and hour, so that nobody fills the table.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such workspace.
    pub async fn count_sso_failure(
        &mut self,
        workspace_id: Uuid,
        code: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO sso_failures (workspace_id, code, hour, count, first_at, last_at, expires_at) \
                   VALUES ($1, $2, $3, 1, $4, $4, $5) \
                   ON CONFLICT (workspace_id, code, hour) DO UPDATE SET count = sso_failures.count + 1, \
                   last_at = excluded.last_at, expires_at = excluded.expires_at";
        execute!(self, sql, workspace_id, code, now.div_euclid(HOUR), now, expires_at);
        Ok(())
    }
}
