//! Codes for which a front end gets the token of a provider that only this server can exchange codes with.

use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Millis, StorageError, Transaction};

/// What such a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRelayCode<'a> {
    /// The service whose front end began the login.
    pub service_id: Uuid,
    /// The identity provider's name.
    pub provider: &'a str,
    /// The S256 challenge of whoever began it (RFC 7636, section 4.2).
    pub code_challenge: &'a str,
    /// The provider's token, sealed.
    pub sealed: &'a [u8],
    /// When the code is good for nothing more.
    pub expires_at: Millis,
}

impl Transaction {
    /// Stores a code by its hash.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such service.
    pub async fn insert_relay_code(&mut self, code_hash: &[u8], code: &NewRelayCode<'_>) -> Result<(), StorageError> {
        let sql = "INSERT INTO relay_codes (code_hash, service_id, provider, code_challenge, sealed, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        execute!(
            self,
            sql,
            code_hash,
            code.service_id,
            code.provider,
            code.code_challenge,
            code.sealed,
            code.expires_at
        );
        Ok(())
    }

    /// Takes what is sealed under a code: of all who try with the right challenge, one gets it. Whoever does not know the
    /// challenge changes nothing. `None` also where the service is no longer active.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn take_relay_code(
        &mut self,
        code_hash: &[u8],
        provider: &str,
        code_challenge: &str,
        now: Millis,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let sql = "DELETE FROM relay_codes WHERE code_hash = $1 AND provider = $2 AND code_challenge = $3 AND expires_at > $4 \
                   AND EXISTS (SELECT 1 FROM services s WHERE s.id = service_id AND s.is_active) RETURNING sealed";
        Ok(on!(self, db => sqlx::query_scalar(sql)
            .bind(code_hash)
            .bind(provider)
            .bind(code_challenge)
            .bind(now)
            .fetch_optional(db)))
    }
}
