//! What the running server asks of itself: whether it can work, who may administer it, what may be forgotten.

use sentinel_storage::UserFilter;

use super::{Error, Service, admin_login};

/// What has expired is kept for so long, in milliseconds: a verifier elsewhere may accept a token for its leeway after its end
/// ([`sentinel_core::verifier::MAX_LEEWAY`]), and must still hear that it was revoked.
pub(super) const LEEWAY: i64 = sentinel_core::verifier::MAX_LEEWAY as i64 * 1000;
/// How long a link for the first administrator can be used.
const ADMIN_LINK: sentinel_storage::Millis = 24 * 60 * 60 * 1000;

impl Service {
    /// That the database answers.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`].
    pub async fn ready(&self) -> Result<(), Error> {
        self.store().read().await?.deployment_value("ready").await?;
        Ok(())
    }

    /// Whether anyone administers this deployment.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`].
    pub async fn has_administrator(&self) -> Result<bool, Error> {
        let filter = UserFilter { search: None, is_active: Some(true), is_admin: Some(true) };
        Ok(self.store().read().await?.count_users(&filter).await? > 0)
    }

    /// A one-time link that makes whoever opens it an administrator. It is a secret.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`].
    pub async fn new_admin_link(&self) -> Result<String, Error> {
        admin_login::bootstrap_link(self.store(), &self.config().base_url, None, ADMIN_LINK, self.now()).await
    }

    /// Removes what expired, at most `limit` rows of each kind, and answers how many went.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`].
    pub async fn prune(&self, limit: i64) -> Result<u64, Error> {
        let mut transaction = self.store().begin().await?;
        let removed = transaction.prune_expired(self.now().saturating_sub(LEEWAY), limit).await?.total();
        transaction.commit().await?;
        Ok(removed + self.prune_policy(limit).await?)
    }

    /// Whether a client or a service that is active registered this origin. Read from storage on every call: a
    /// registration counts, or no longer counts, at once.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`].
    pub async fn is_registered_origin(&self, origin: &str) -> Result<bool, Error> {
        let origins = self.store().read().await?.allowed_origins().await?;
        Ok(origins.iter().any(|registered| registered == origin))
    }

    /// Gives the database's connections back.
    pub async fn close(&self) {
        self.store().close().await;
    }
}
