//! What bundles are published from: a workspace's policy as it stands in memory, at exactly one revision.

use std::sync::Arc;

use sentinel_core::policy::Index;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_storage::{Millis, PolicyKey, PolicyStore, StoreAccess, TupleChange};
use uuid::Uuid;

use super::Model;
use super::built_in::failed;
use super::hot::{Hot, Source};
use super::mandate::no_key;
use super::state::State;
use super::stores::opens;
use crate::service::{Error, Service};

pub(in crate::service) use super::state::key as tuple_key;

/// Tuples that expire in one transaction.
const EXPIRING: i64 = 1000;
/// How often it is tried to find the index as the log has it: tuples may expire just then.
const TRIES: usize = 8;

/// A workspace's policy in memory, and the model that questions to it are answered by.
pub(in crate::service) struct Held {
    hot: Arc<Hot>,
    pub(in crate::service) model: Arc<Model>,
}

/// The policy at one revision.
pub(in crate::service) struct Moment<'a>(&'a State);

impl Moment<'_> {
    pub(in crate::service) fn index(&self) -> &Index {
        &self.0.index
    }

    pub(in crate::service) fn revision(&self) -> i64 {
        self.0.revision
    }

    /// When the first of all tuples expires.
    pub(in crate::service) fn next_expiry(&self) -> Option<Millis> {
        self.0.next_expiry()
    }

    /// When the first of these tuples expires.
    pub(in crate::service) fn first_expiry<'a>(&self, tuples: impl Iterator<Item = &'a TupleKey>) -> Option<Millis> {
        self.0.first_expiry(tuples)
    }
}

impl Service {
    /// A workspace's policy as it is committed now. None: it does not fit into memory.
    ///
    /// # Errors
    /// Not found for the workspace.
    pub(in crate::service) async fn held_policy(&self, workspace_id: Uuid) -> Result<Option<Held>, Error> {
        let source = self.source_of_workspace(workspace_id).await?;
        let latest = source.as_ref().and_then(Source::latest);
        match source {
            None => Err(Error::not_found("Workspace not found")),
            Some(Source::Database(_)) => Ok(None),
            Some(Source::Memory(hot)) => {
                let model = self.model(&hot.store, latest.as_deref()).await.map_err(failed)?;
                Ok(Some(Held { hot, model }))
            }
        }
    }

    /// Looks at the policy, aside. The index is what the log says at its revision: a tuple that has expired is taken out of
    /// the store first, so that the log says that, too.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Unavailable`] where that does not come about in time.
    pub(in crate::service) async fn look<T: Send + 'static>(
        &self,
        held: &Held,
        work: impl Fn(&Moment<'_>) -> T + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let hot = &held.hot;
        for _ in 0..TRIES {
            let now = self.now();
            let work = work.clone();
            let looked = move |state: tokio::sync::OwnedRwLockReadGuard<State>| {
                (state.is_whole && state.is_as_logged(now)).then(|| work(&Moment(&state)))
            };
            if let Some(done) = self.policy().aside(Some(&hot.places), hot.state(now), looked).await? {
                return Ok(done);
            }
            self.expire_now(&hot.store, now).await?;
            self.follow(hot).await.map_err(failed)?;
        }
        Err(Error::unavailable("the index and the log of changes do not come together"))
    }

    /// Takes what has expired out of a store, and says so in its log.
    async fn expire_now(&self, store: &PolicyStore, now: Millis) -> Result<(), Error> {
        loop {
            let mut transaction = self.store().begin().await?;
            let gone = transaction.expire_tuples(store.number, now, EXPIRING).await?;
            transaction.commit().await?;
            self.policy().stale(&store.id);
            if i64::try_from(gone).is_ok_and(|gone| gone < EXPIRING) {
                return Ok(());
            }
        }
    }

    /// What the log of a store has after one revision and up to another. None where some of it is no longer there, or it
    /// has more than `most` rows.
    ///
    /// # Errors
    /// As every use case that reads.
    pub(in crate::service) async fn changes_between(
        &self,
        store: i64,
        (from, to): (i64, i64),
        most: usize,
    ) -> Result<Option<Vec<TupleChange>>, Error> {
        let (mut at, mut all) = (from, Vec::new());
        while at < to {
            let Some(changes) = self.changes(store, at).await.map_err(failed)? else { return Ok(None) };
            at = changes.last().map_or(to, |last| last.revision);
            all.extend(changes.into_iter().filter(|change| change.revision <= to));
            if all.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(all))
    }

    /// Whether a workspace's own store is among those that a key opens. Of a workspace that does not exist there is none.
    ///
    /// # Errors
    /// As every use case that reads.
    pub(in crate::service) async fn opens_workspace(
        &self,
        access: StoreAccess,
        workspace_id: Uuid,
    ) -> Result<bool, Error> {
        let found = self.store().read().await?.policy_store_of_workspace(workspace_id).await?;
        Ok(found.is_some_and(|store| opens(access, &store)))
    }

    /// What a service's key is now.
    ///
    /// # Errors
    /// Unauthenticated for a key that is none any more, or another service's.
    pub(in crate::service) async fn service_by_key(
        &self,
        key_hash: &[u8; 32],
        service_id: Uuid,
    ) -> Result<PolicyKey, Error> {
        let found = self.policy_key(*key_hash).await?.filter(|key| key.service_id == service_id);
        found.ok_or_else(no_key)
    }
}
