//! What a browser has at the server's own origin after a login: codes for other front ends are made of it.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, SessionEnd, StorageError, Transaction};

/// A login that other front ends may follow.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoSession {
    pub id: Uuid,
    pub user_id: Uuid,
    pub created_at: Millis,
    pub expires_at: Millis,
}

/// A login, and what decides whether it still counts. Facts: whether they suffice, the caller decides.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SsoState {
    /// The login.
    #[sqlx(flatten)]
    pub session: SsoSession,
    /// Whether the user may log in.
    pub is_active: bool,
    /// What was issued to the user before this moment is void.
    pub sessions_invalidated_at: Option<Millis>,
}

impl Connection {
    /// The login whose secret has this hash, expired ones too until they are pruned.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn sso_session(&mut self, secret_hash: &[u8]) -> Result<Option<SsoState>, StorageError> {
        let sql = "SELECT o.id, o.user_id, o.created_at, o.expires_at, u.is_active, u.sessions_invalidated_at \
                   FROM sso_sessions o JOIN users u ON u.id = o.user_id WHERE o.secret_hash = $1";
        Ok(on!(self, db => sqlx::query_as(sql).bind(secret_hash).fetch_optional(db)))
    }
}

impl Transaction {
    /// Remembers a login by the hash of its secret.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where its user does not exist.
    pub async fn insert_sso_session(&mut self, secret_hash: &[u8], session: &SsoSession) -> Result<(), StorageError> {
        let sql =
            "INSERT INTO sso_sessions (id, secret_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
        execute!(self, sql, session.id, secret_hash, session.user_id, session.created_at, session.expires_at);
        Ok(())
    }

    /// The same browser and user have logged in anew: what the browser had before opens nothing any more.
    ///
    /// # Errors
    /// As every statement.
    pub async fn renew_sso_session(&mut self, secret_hash: &[u8], session: &SsoSession) -> Result<bool, StorageError> {
        let sql =
            "UPDATE sso_sessions SET secret_hash = $2, created_at = $3, expires_at = $4 WHERE id = $1 AND user_id = $5";
        Ok(execute!(self, sql, session.id, secret_hash, session.created_at, session.expires_at, session.user_id) == 1)
    }

    /// Ends a login and the live sessions that came of it. Publishes each and answers their number.
    ///
    /// INVARIANT: no session of it is made afterwards. The login's row goes first, and with it its codes: that waits
    /// for who is exchanging one, whose session is then found.
    ///
    /// # Errors
    /// As every statement.
    pub async fn end_sso_session(&mut self, id: Uuid, end: SessionEnd) -> Result<usize, StorageError> {
        self.lock_revocations().await?;
        execute!(self, "DELETE FROM sso_sessions WHERE id = $1", id);
        let sql = "UPDATE sessions SET revoked_at = $2, revoked_for = $3 WHERE sso_id = $1 AND revoked_at IS NULL \
                   AND expires_at > $2 RETURNING id";
        let ended: Vec<(Uuid,)> =
            on!(self, db => sqlx::query_as(sql).bind(id).bind(end.at).bind(end.why.as_str()).fetch_all(db));
        self.publish_ended_sessions(&ended, end).await?;
        Ok(ended.len())
    }

    /// Forgets every login of a user; the sessions that came of them are the caller's to end.
    ///
    /// # Errors
    /// As every statement.
    pub async fn forget_sso_sessions_of_user(&mut self, user_id: Uuid) -> Result<u64, StorageError> {
        Ok(execute!(self, "DELETE FROM sso_sessions WHERE user_id = $1", user_id))
    }
}
