//! Keys that sign tokens. The private half is sealed before it comes here.

use sqlx::FromRow;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A key that signs, signed or will sign tokens.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SigningKey {
    /// Its name in tokens and in the JWKS.
    pub kid: String,
    /// The one algorithm that it is for.
    pub algorithm: String,
    /// Its public half, as a JWK.
    pub public_jwk: String,
    /// Its private half, sealed.
    pub sealed_private: Vec<u8>,
    /// When it was made: it is published since then.
    pub created_at: Millis,
    /// When it begins to sign.
    pub signs_from: Millis,
    /// When it is no longer published.
    pub retires_at: Option<Millis>,
}

/// Where [`Connection::signing_keys_marker`] stands among the deployment's values. Changed under its row's lock.
const MARKER: &str = "signing_keys_marker";
/// A number that no other program is likely to lock: "sentinel" in ASCII with its last letter changed.
const LOCK: i64 = 0x7365_6e74_696e_656b;

impl Connection {
    /// All keys, the one that signs last first.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn signing_keys(&mut self) -> Result<Vec<SigningKey>, StorageError> {
        let sql = "SELECT kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retires_at \
                   FROM signing_keys ORDER BY signs_from DESC, kid";
        Ok(on!(self, db => sqlx::query_as(sql).fetch_all(db)))
    }

    /// A number that differs after every change to the keys. Read it before the keys, and often.
    ///
    /// # Errors
    /// As every statement.
    pub async fn signing_keys_marker(&mut self) -> Result<i64, StorageError> {
        let sql = "SELECT CAST(value AS BIGINT) FROM deployment WHERE key = $1";
        let marker: Option<(i64,)> = on!(self, db => sqlx::query_as(sql).bind(MARKER).fetch_optional(db));
        Ok(marker.map_or(0, |(marker,)| marker))
    }
}

impl Transaction {
    /// Makes others who want to change the keys wait until this transaction has ended: what is read of the keys from
    /// here on is still so when it is acted upon. The first statement of such a transaction.
    ///
    /// # Errors
    /// As every statement.
    pub async fn lock_signing_keys(&mut self) -> Result<(), StorageError> {
        self.lock(LOCK).await
    }

    /// Stores a key.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where one with this `kid` is stored.
    pub async fn insert_signing_key(&mut self, key: &SigningKey, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        execute!(
            self,
            sql,
            key.kid.as_str(),
            key.algorithm.as_str(),
            key.public_jwk.as_str(),
            key.sealed_private.as_slice(),
            key.created_at,
            key.signs_from,
            key.retires_at
        );
        self.mark_signing_keys(now).await
    }

    /// Says when a key is no longer published, or that this is open again. False where there is no such key.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_signing_key_retires_at(
        &mut self,
        kid: &str,
        retires_at: Option<Millis>,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let changed = execute!(self, "UPDATE signing_keys SET retires_at = $2 WHERE kid = $1", kid, retires_at) == 1;
        if changed {
            self.mark_signing_keys(now).await?;
        }
        Ok(changed)
    }

    /// Puts another sealed private half in a key's place: the master key has changed. False where there is no such key.
    ///
    /// # Errors
    /// As every statement.
    pub async fn reseal_signing_key(&mut self, kid: &str, sealed: &[u8], now: Millis) -> Result<bool, StorageError> {
        let changed = execute!(self, "UPDATE signing_keys SET sealed_private = $2 WHERE kid = $1", kid, sealed) == 1;
        if changed {
            self.mark_signing_keys(now).await?;
        }
        Ok(changed)
    }

    /// Destroys the keys that had retired at `now`, and answers their number.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_retired_signing_keys(&mut self, now: Millis) -> Result<u64, StorageError> {
        let deleted = execute!(self, "DELETE FROM signing_keys WHERE retires_at <= $1", now);
        if deleted > 0 {
            self.mark_signing_keys(now).await?;
        }
        Ok(deleted)
    }

    async fn mark_signing_keys(&mut self, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO deployment (key, value, updated_at) VALUES ($1, '1', $2) ON CONFLICT (key) DO UPDATE \
                   SET value = CAST(CAST(deployment.value AS BIGINT) + 1 AS TEXT), updated_at = excluded.updated_at";
        execute!(self, sql, MARKER, now);
        Ok(())
    }
}
