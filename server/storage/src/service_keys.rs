//! Service keys: 256 random bits, stored as their SHA-256. Several of a service are valid while they rotate.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::services::SERVICE_COLUMNS;
use crate::statement::execute;
use crate::{Connection, Millis, Service, StorageError, Transaction};

/// A service key, as far as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ServiceKey {
    /// The first characters of the key.
    pub prefix: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it opens nothing more; none while it is the newest.
    pub expires_at: Option<Millis>,
}

impl Connection {
    /// The active service that a key with this hash opens, where the key has not expired. Writes nothing.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn service_by_key(&mut self, hash: &[u8], now: Millis) -> Result<Option<Service>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            SERVICE_COLUMNS,
            " FROM service_keys k JOIN services s ON s.id = k.service_id LEFT JOIN realms r ON r.id = s.realm_id \
             WHERE k.hash = $1 AND s.is_active AND (k.expires_at IS NULL OR k.expires_at > $2)"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(hash).bind(now).fetch_optional(db)))
    }

    /// The keys of a service, the newest first; expired ones too until they are pruned.
    ///
    /// # Errors
    /// As every statement.
    pub async fn service_keys(&mut self, service_id: Uuid) -> Result<Vec<ServiceKey>, StorageError> {
        let sql = "SELECT prefix, created_at, expires_at FROM service_keys WHERE service_id = $1 \
                   ORDER BY created_at DESC, prefix";
        Ok(on!(self, db => sqlx::query_as(sql).bind(service_id).fetch_all(db)))
    }
}

impl Transaction {
    /// Gives a service a new key. Those that it has open until `others_until` at the latest; `now` closes them at once.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such service.
    pub async fn rotate_service_key(
        &mut self,
        service_id: Uuid,
        hash: &[u8],
        prefix: &str,
        others_until: Millis,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql =
            "UPDATE service_keys SET expires_at = $2 WHERE service_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
        execute!(self, sql, service_id, others_until);
        let sql = "INSERT INTO service_keys (hash, service_id, prefix, created_at) VALUES ($1, $2, $3, $4)";
        execute!(self, sql, hash, service_id, prefix, now);
        Ok(())
    }
}
