//! What was taken back before it expired, for verifiers elsewhere; and `jti`s, which stand nowhere else.

use sqlx::FromRow;
use uuid::Uuid;

use crate::columns::StringList;
use crate::connection::on;
use crate::sessions::SessionEnd;
use crate::statement::execute;
use crate::{Connection, Millis, RevocationKind, StorageError, Transaction};

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Revocation {
    /// Its place in the order in which revocations were committed. Numbers are left out, never used again.
    pub seq: i64,
    /// What `value` is.
    pub kind: RevocationKind,
    /// A `jti`, or an id in its hyphenated form.
    pub value: String,
    /// When it was revoked.
    pub at: Millis,
    /// When no token that it concerns can be alive any more.
    pub expires_at: Millis,
}

/// A number that no other program is likely to lock: "sentinel" in ASCII with its last letter changed.
const LOCK: i64 = 0x7365_6e74_696e_6572;

impl Connection {
    /// Whether a token was taken back: by its `jti`, with its session, or with all that its user or anyone had before.
    /// `issued_at` is the token's.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn is_revoked(
        &mut self,
        jti: &str,
        session_id: Option<Uuid>,
        user_id: Option<Uuid>,
        issued_at: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM revocations WHERE kind = 'token' AND value = $1) \
                   OR EXISTS (SELECT 1 FROM revocations WHERE kind = 'session' AND value = $2) \
                   OR EXISTS (SELECT 1 FROM revocations WHERE kind = 'user' AND value = $3 AND at > $4) \
                   OR EXISTS (SELECT 1 FROM revocations WHERE kind = 'all' AND value = '' AND at > $4)";
        let (revoked,): (bool,) = on!(self, db => sqlx::query_as(sql)
            .bind(jti)
            .bind(session_id.map(|id| id.to_string()))
            .bind(user_id.map(|id| id.to_string()))
            .bind(issued_at)
            .fetch_one(db));
        Ok(revoked)
    }

    /// At most `limit` revocations that were committed after the one with number `seq`, in their order. None is ever
    /// committed with a number below one that was seen.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revocations_after(&mut self, seq: i64, limit: i64) -> Result<Vec<Revocation>, StorageError> {
        let sql = "SELECT seq, kind, value, at, expires_at FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2";
        Ok(on!(self, db => sqlx::query_as(sql).bind(seq).bind(limit).fetch_all(db)))
    }

    /// The highest number among the revocations that have not been pruned, else 0.
    ///
    /// # Errors
    /// As every statement.
    pub async fn last_revocation(&mut self) -> Result<i64, StorageError> {
        let (seq,): (i64,) =
            on!(self, db => sqlx::query_as("SELECT COALESCE(MAX(seq), 0) FROM revocations").fetch_one(db));
        Ok(seq)
    }
}

impl Transaction {
    /// Publishes a revocation. The same one twice is one. To end a session, [`Transaction::revoke_session`].
    ///
    /// On PostgreSQL other revocations wait from here on until this transaction has ended: keep it short, and change
    /// rows that they may hold (a user's, a session's) after the revocation rather than before it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn insert_revocation(
        &mut self,
        kind: RevocationKind,
        value: &str,
        at: Millis,
        expires_at: Millis,
    ) -> Result<(), StorageError> {
        self.lock_revocations().await?;
        let sql = "INSERT INTO revocations (kind, value, at, expires_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (kind, value, at) DO NOTHING";
        execute!(self, sql, kind.as_str(), value, at, expires_at);
        Ok(())
    }

    /// INVARIANT: numbers are committed in their order. Who numbers a revocation holds this lock until its commit is
    /// visible, so a follower who has seen a number never meets a lower one later. (SQLite has one writer anyway.)
    ///
    /// It is taken before the rows of the sessions that end, so two that end the same sessions cannot wait for each other.
    ///
    /// # Errors
    /// As every statement.
    pub async fn lock_revocations(&mut self) -> Result<(), StorageError> {
        self.lock(LOCK).await
    }

    pub(crate) async fn publish_ended_sessions(
        &mut self,
        ended: &[(Uuid,)],
        end: SessionEnd,
    ) -> Result<(), StorageError> {
        if ended.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = ended.iter().map(|(id,)| id.to_string()).collect();
        let sql = self.either(
            "INSERT INTO revocations (kind, value, at, expires_at) SELECT 'session', value, $2, $3 FROM json_each($1) \
             WHERE TRUE ON CONFLICT (kind, value, at) DO NOTHING",
            "INSERT INTO revocations (kind, value, at, expires_at) SELECT 'session', value, $2, $3 \
             FROM json_array_elements_text($1::json) AS ids (value) ON CONFLICT (kind, value, at) DO NOTHING",
        );
        execute!(self, sql, StringList::encode(&ids), end.at, end.tokens_until);
        Ok(())
    }
}
