//! Long work, on threads of its own: what keeps a processor busy must not keep requests waiting that have nothing to do
//! with it, and what one store's callers ask must not take all there is.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Policy;
use crate::service::Error;

/// How much long work there is at once.
pub(super) fn places() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2)
}

impl Policy {
    /// Does long work, when there is a place among those of all and, for a store, among its own. Who goes away gives up
    /// waiting; what has begun ends by its budget.
    ///
    /// # Errors
    /// It panicked.
    pub(super) async fn aside<N: Send + 'static, T: Send + 'static>(
        &self,
        own: Option<&Arc<Semaphore>>,
        needs: impl Future<Output = N>,
        work: impl FnOnce(N) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let own = match own {
            Some(own) => Some(Arc::clone(own).acquire_owned().await.map_err(Error::internal)?),
            None => None,
        };
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(Error::internal)?;
        // Only now: what is locked for it is not locked while it waits.
        let needs = needs.await;
        let done = tokio::task::spawn_blocking(move || {
            let _places = (own, place);
            work(needs)
        });
        done.await.map_err(Error::internal)
    }
}
