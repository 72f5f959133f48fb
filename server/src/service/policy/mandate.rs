//! Whether a key still opens what it opened when the head of the request came, asked again where it is written. Its body
//! may come much later, and the key be expired, taken back or bound to something else by then.

use sentinel_storage::{Connection, PolicyStore, StoreAccess, Transaction};

use super::stores::{opens, unknown};
use super::{PolicyCaller, PolicyError};
use crate::service::{Actor, Error, Service};

/// Who writes to a store.
#[derive(Clone, Copy, Debug)]
pub enum Author<'a> {
    /// A service by its key.
    Key(&'a PolicyCaller),
    /// Whoever may run the program on the data.
    System,
}

impl Author<'_> {
    /// As the activity log names it.
    pub(super) fn actor(&self) -> Actor {
        match self {
            Self::Key(caller) => Actor::Service(caller.service_name.clone()),
            Self::System => Actor::System,
        }
    }
}

impl Service {
    /// A transaction to write to a store in, for whoever writes. No other write to the store happens beside it.
    ///
    /// # Errors
    /// As [`Service::begin_in`].
    pub(super) async fn begin_by(&self, author: &Author<'_>, store: &PolicyStore) -> Result<Transaction, PolicyError> {
        if let Author::Key(caller) = author {
            return self.begin_in(caller, store).await;
        }
        let mut transaction = self.store().begin().await?;
        transaction.lock_policy_store(store.number).await?.ok_or_else(unknown)?;
        Ok(transaction)
    }

    /// A transaction to write to a store in, where the caller's key opens it at this moment. No other write to the store
    /// happens beside it.
    ///
    /// # Errors
    /// Unauthenticated for a key that is none any more, forbidden for one that opens nothing any more, and
    /// [`super::RefusalCode::StoreNotFound`] where it opens other stores, or the store is gone.
    pub(super) async fn begin_in(
        &self,
        caller: &PolicyCaller,
        store: &PolicyStore,
    ) -> Result<Transaction, PolicyError> {
        let mut transaction = self.store().begin().await?;
        let found = transaction.lock_policy_store(store.number).await?.ok_or_else(unknown)?;
        let access = self.access_now(&mut transaction, caller).await?;
        if opens(access, &found) { Ok(transaction) } else { Err(unknown()) }
    }

    /// A transaction to make or delete stores in, and which stores the caller's key opens at this moment.
    ///
    /// # Errors
    /// As [`Service::begin_in`].
    pub(super) async fn begin_by_key(&self, caller: &PolicyCaller) -> Result<(Transaction, StoreAccess), PolicyError> {
        let mut transaction = self.store().begin().await?;
        let access = self.access_now(&mut transaction, caller).await?;
        Ok((transaction, access))
    }

    async fn access_now(&self, connection: &mut Connection, caller: &PolicyCaller) -> Result<StoreAccess, Error> {
        let found = connection.policy_caller_by_key(&caller.key_hash, self.now()).await?;
        // A key that was given to another service meanwhile is not who asked.
        let found = found.filter(|key| key.service_id == caller.service_id);
        found.ok_or_else(no_key)?.access.ok_or_else(opens_nothing)
    }
}

pub(super) fn no_key() -> Error {
    Error::unauthenticated("Invalid service key")
}

pub(super) fn opens_nothing() -> Error {
    Error::forbidden("The service's keys open no policy store")
}
