//! Logins by a workspace's own provider, on their way: there, back, and on to a front end.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{JourneyPurpose, Millis, StorageError, Transaction};

/// A login on its way.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoJourney {
    pub connection_id: Uuid,
    pub purpose: JourneyPurpose,
    pub sealed: Vec<u8>,
    pub expires_at: Millis,
}

/// What became of a login that somebody came back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JourneyTaken {
    /// It is theirs.
    Taken(SsoJourney),
    /// Somebody was faster.
    Used,
    /// There is none.
    Unknown,
}

/// A code for a front end.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoCode {
    pub connection_id: Uuid,
    pub user_id: Uuid,
    pub client_id: Uuid,
    pub code_challenge: String,
    pub subject: Vec<u8>,
    pub provider_session: Option<Vec<u8>>,
    pub created_at: Millis,
    pub expires_at: Millis,
}

/// What using a code comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SsoCodeUse {
    /// It is used now.
    Consumed(SsoCode),
    /// It was used before, for this session.
    Replayed(Uuid),
    /// There is none.
    Unknown,
}

impl Transaction {
    /// Stores a login by the hash of what it comes back with.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such connection.
    pub async fn insert_sso_journey(&mut self, hash: &[u8], journey: &SsoJourney) -> Result<(), StorageError> {
        let sql =
            "INSERT INTO sso_journeys (hash, connection_id, purpose, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)";
        execute!(
            self,
            sql,
            hash,
            journey.connection_id,
            journey.purpose.as_str(),
            journey.sealed.as_slice(),
            journey.expires_at
        );
        Ok(())
    }

    /// Uses a login that has not expired: of all who try, one gets it.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn take_sso_journey(
        &mut self,
        hash: &[u8],
        purpose: JourneyPurpose,
        now: Millis,
    ) -> Result<JourneyTaken, StorageError> {
        let sql = "UPDATE sso_journeys SET used_at = $3 WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 \
                   RETURNING connection_id, purpose, sealed, expires_at";
        let taken: Option<SsoJourney> =
            on!(self, db => sqlx::query_as(sql).bind(hash).bind(purpose.as_str()).bind(now).fetch_optional(db));
        if let Some(taken) = taken {
            return Ok(JourneyTaken::Taken(taken));
        }
        let sql = "SELECT 1 FROM sso_journeys WHERE hash = $1 AND purpose = $2 AND used_at IS NOT NULL";
        let used: Option<(i32,)> =
            on!(self, db => sqlx::query_as(sql).bind(hash).bind(purpose.as_str()).fetch_optional(db));
        Ok(if used.is_some() { JourneyTaken::Used } else { JourneyTaken::Unknown })
    }

    /// Notes what a provider says only once. False: it was said before, to whichever replica.
    ///
    /// # Errors
    /// As every statement.
    pub async fn insert_sso_replay(&mut self, key: &[u8], expires_at: Millis) -> Result<bool, StorageError> {
        let sql = "INSERT INTO sso_replays (key, expires_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        Ok(execute!(self, sql, key, expires_at) == 1)
    }

    /// Stores a code by its hash.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where its connection, user or client does not exist.
    pub async fn insert_sso_code(&mut self, hash: &[u8], code: &SsoCode) -> Result<(), StorageError> {
        let sql = "INSERT INTO sso_codes (hash, connection_id, user_id, client_id, code_challenge, subject, provider_session, \
                   created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        execute!(
            self,
            sql,
            hash,
            code.connection_id,
            code.user_id,
            code.client_id,
            code.code_challenge.as_str(),
            code.subject.as_slice(),
            code.provider_session.as_deref(),
            code.created_at,
            code.expires_at
        );
        Ok(())
    }

    /// Uses a code that has not expired, for the session with this id: of all who try, one gets it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn consume_sso_code(
        &mut self,
        hash: &[u8],
        session_id: Uuid,
        now: Millis,
    ) -> Result<SsoCodeUse, StorageError> {
        let sql = "UPDATE sso_codes SET session_id = $2 WHERE hash = $1 AND session_id IS NULL AND expires_at > $3 \
                   RETURNING connection_id, user_id, client_id, code_challenge, subject, provider_session, created_at, expires_at";
        let used: Option<SsoCode> =
            on!(self, db => sqlx::query_as(sql).bind(hash).bind(session_id).bind(now).fetch_optional(db));
        if let Some(code) = used {
            return Ok(SsoCodeUse::Consumed(code));
        }
        let sql = "SELECT session_id FROM sso_codes WHERE hash = $1 AND session_id IS NOT NULL";
        let before: Option<(Uuid,)> = on!(self, db => sqlx::query_as(sql).bind(hash).fetch_optional(db));
        Ok(before.map_or(SsoCodeUse::Unknown, |(id,)| SsoCodeUse::Replayed(id)))
    }
}
