//! The use cases. Nothing here knows HTTP or SQL; every rule of who may do what stands here, once.

mod authenticate;
mod clock;
mod error;
mod principal;

use std::sync::Arc;

pub use clock::Clock;
pub use error::{Error, ErrorKind};
pub use principal::{Administrator, Caller, Realm, ServiceApp, TokenKind, User, WorkspaceRole};
use sentinel_storage::{Millis, Store};

/// Everything that a use case needs. Clones share it.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Clock,
}

impl Service {
    /// The use cases over this store.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { store, clock }) }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Milliseconds since 1970 UTC, by the one clock.
    pub(crate) fn now(&self) -> Millis {
        self.inner.clock.now()
    }
}
