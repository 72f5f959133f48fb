//! What of policy has had its time: tuples that expired, old changes, stores that were deleted.

use crate::service::{Error, Service};

/// Most stores of one go.
const STORES: i64 = 100;

impl Service {
    /// Removes at most `limit` rows of each kind and of each store, and answers how many went. Each store in a transaction of its own.
    pub(in crate::service) async fn prune_policy(&self, limit: i64) -> Result<u64, Error> {
        let now = self.now();
        let mut connection = self.store().read().await?;
        let expired = connection.stores_with_expired_tuples(now, STORES).await?;
        let before = now.saturating_sub(self.config().policy.changes);
        let old = connection.stores_with_old_changes(before, STORES).await?;
        drop(connection);
        let mut removed = 0;
        for store in expired {
            let mut transaction = self.store().begin().await?;
            removed += transaction.expire_tuples(store, now, limit).await?;
            transaction.commit().await?;
        }
        for store in old {
            let mut transaction = self.store().begin().await?;
            removed += transaction.prune_tuple_changes(store, before, limit).await?;
            transaction.commit().await?;
        }
        let mut transaction = self.store().begin().await?;
        removed += transaction.prune_policy_stores(limit).await?;
        transaction.commit().await?;
        Ok(removed)
    }
}
