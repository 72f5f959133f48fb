//! Authorization codes (RFC 6749, section 4.1): stored by their hash, good for one exchange.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// What an authorization code stands for.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct AuthorizationCode {
    pub user_id: Uuid,
    pub client_id: Uuid,
    pub code_challenge: String,
    pub expires_at: Millis,
    pub sso_id: Option<Uuid>,
}

/// What came of the attempt to use an authorization code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeConsumption {
    /// It is used now; nobody else will be told so.
    Consumed(AuthorizationCode),
    /// It had been used: what came of it is to be revoked (RFC 6749, section 4.1.2).
    Replayed {
        /// The session that it led to.
        session_id: Option<Uuid>,
    },
    /// There is none, or no more.
    Unknown,
}

const COLUMNS: &str = "user_id, client_id, code_challenge, expires_at, sso_id";

impl Connection {
    /// What a code stands for while it can still be used. Does not use it.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn authorization_code(
        &mut self,
        code_hash: &[u8],
        now: Millis,
    ) -> Result<Option<AuthorizationCode>, StorageError> {
        let sql = const_format::concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM authorization_codes WHERE code_hash = $1 AND consumed_at IS NULL AND expires_at > $2"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(code_hash).bind(now).fetch_optional(db)))
    }
}

impl Transaction {
    /// Stores a code by its hash.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where its user, its client or the login that it is made of does not exist.
    pub async fn insert_authorization_code(
        &mut self,
        code_hash: &[u8],
        code: &AuthorizationCode,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO authorization_codes (code_hash, user_id, client_id, code_challenge, created_at, expires_at, sso_id) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        execute!(
            self,
            sql,
            code_hash,
            code.user_id,
            code.client_id,
            code.code_challenge.as_str(),
            now,
            code.expires_at,
            code.sso_id
        );
        Ok(())
    }

    /// Uses a code for the session that is to come of it. Of all who try, one gets it; the others learn what it led to.
    ///
    /// # Errors
    /// As every statement.
    pub async fn consume_authorization_code(
        &mut self,
        code_hash: &[u8],
        session_id: Uuid,
        now: Millis,
    ) -> Result<CodeConsumption, StorageError> {
        let sql = const_format::concatcp!(
            "UPDATE authorization_codes SET consumed_at = $2, session_id = $3 \
             WHERE code_hash = $1 AND consumed_at IS NULL AND expires_at > $2 RETURNING ",
            COLUMNS
        );
        let code: Option<AuthorizationCode> =
            on!(self, db => sqlx::query_as(sql).bind(code_hash).bind(now).bind(session_id).fetch_optional(db));
        if let Some(code) = code {
            return Ok(CodeConsumption::Consumed(code));
        }
        let sql = "SELECT session_id FROM authorization_codes WHERE code_hash = $1 AND consumed_at IS NOT NULL";
        let replayed: Option<(Option<Uuid>,)> = on!(self, db => sqlx::query_as(sql).bind(code_hash).fetch_optional(db));
        Ok(match replayed {
            Some((session_id,)) => CodeConsumption::Replayed { session_id },
            None => CodeConsumption::Unknown,
        })
    }
}
