//! Keys that were looked up. What one opens is known only as long as nothing is committed: the database itself says so
//! before each use ([`Seen`]), whichever process writes to it, and a key that is taken back opens nothing from the next
//! request on. Where it cannot say so every request looks the key up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sentinel_keys::secrets;
use sentinel_storage::{Millis, PolicyKey, Seen};

use super::mandate::no_key;
use crate::service::{Error, Service};

/// Longer than any key of ours.
const KEY_BYTES: usize = 256;
/// Most keys that are kept.
const MOST: usize = 10_000;

/// By their hashes, as they were when the database was as it was seen.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    of: Option<Seen>,
    keys: HashMap<[u8; 32], PolicyKey>,
}

impl Keys {
    /// One that has ended since is none: time goes on without a commit.
    fn find(&self, seen: Seen, hash: &[u8; 32], now: Millis) -> Option<PolicyKey> {
        let Kept { of, keys } = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = keys.get(hash).filter(|_| *of == Some(seen))?;
        key.expires_at.is_none_or(|at| at > now).then(|| key.clone())
    }

    fn keep(&self, seen: Seen, hash: [u8; 32], key: PolicyKey) {
        let Kept { of, keys } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *of != Some(seen) || keys.len() >= MOST {
            keys.clear();
        }
        *of = Some(seen);
        keys.insert(hash, key);
    }
}

impl Service {
    /// Whose key this is, and what it is found by again.
    ///
    /// # Errors
    /// Unauthenticated for an unknown, expired or inactive key.
    pub(in crate::service) async fn service_of_key(&self, key: &str) -> Result<(PolicyKey, [u8; 32]), Error> {
        if key.len() > KEY_BYTES {
            return Err(no_key());
        }
        let hash = secrets::hash(key.as_bytes());
        Ok((self.policy_key(hash).await?.ok_or_else(no_key)?, hash))
    }

    /// What the key with this hash opens now.
    ///
    /// # Errors
    /// As every statement.
    pub(super) async fn policy_key(&self, hash: [u8; 32]) -> Result<Option<PolicyKey>, Error> {
        let keys = &self.policy().keys;
        // Before the key is read: what is committed meanwhile is seen the next time.
        let seen = self.store().seen();
        let now = self.now();
        if let Some(found) = seen.and_then(|seen| keys.find(seen, &hash, now)) {
            return Ok(Some(found));
        }
        let found = self.store().read().await?.policy_caller_by_key(&hash, now).await?;
        if let (Some(seen), Some(found)) = (seen, &found) {
            keys.keep(seen, hash, found.clone());
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use sentinel_storage::{Store, StoreOptions};

    use super::*;

    #[tokio::test]
    async fn a_key_is_known_until_something_is_committed_or_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::Sqlite { file: folder.path().join("sentinel.db") };
        let store = Store::open(&options, 1).await.unwrap();
        let seen = store.seen().unwrap();
        let key = |expires_at| PolicyKey {
            service_id: uuid::Uuid::nil(),
            service_name: "notes".to_owned(),
            access: None,
            expires_at,
        };
        let keys = Keys::default();
        assert_eq!(keys.find(seen, &[1; 32], 1), None);
        keys.keep(seen, [1; 32], key(None));
        keys.keep(seen, [2; 32], key(Some(100)));
        assert_eq!(keys.find(seen, &[1; 32], 1), Some(key(None)));
        assert_eq!(keys.find(seen, &[2; 32], 99), Some(key(Some(100))));
        assert_eq!(keys.find(seen, &[2; 32], 100), None, "its time is over");
        let mut transaction = store.begin().await.unwrap();
        transaction.put_deployment_value("test", "1", 1).await.unwrap();
        transaction.commit().await.unwrap();
        let later = store.seen().unwrap();
        assert_eq!(keys.find(later, &[1; 32], 1), None);
    }
}
