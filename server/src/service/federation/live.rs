//! What is kept in memory for tenants' providers: clients of OpenID providers with their discovery documents and keys, our
//! SAML key, and the one HTTP client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hickory_resolver::TokioResolver;
use sentinel_idp::TenantProvider;
use sentinel_tower::fetch::Fetcher;
use uuid::Uuid;

use super::FederationConfig;
use crate::service::Error;

/// Most providers that are kept ready: each has a discovery document and a key set.
const READY: usize = 512;

/// What is kept.
#[derive(Default)]
pub(in crate::service) struct Live {
    fetcher: OnceLock<Fetcher>,
    resolver: OnceLock<TokioResolver>,
    /// By their configuration, which never changes.
    oidc: Mutex<HashMap<Uuid, Arc<TenantProvider>>>,
    #[cfg(feature = "saml")]
    pub(super) saml_key: tokio::sync::OnceCell<sentinel_idp::saml::SpKey>,
}

impl Live {
    pub(super) fn fetcher(&self, config: &FederationConfig) -> Result<&Fetcher, Error> {
        match self.fetcher.get() {
            Some(made) => Ok(made),
            None => {
                let made = Fetcher::new(config.fetch).map_err(Error::internal)?;
                Ok(self.fetcher.get_or_init(|| made))
            }
        }
    }

    pub(super) fn resolver(&self, config: &FederationConfig) -> Result<&TokioResolver, Error> {
        match self.resolver.get() {
            Some(made) => Ok(made),
            None => {
                let made = super::dns::resolver(config)?;
                Ok(self.resolver.get_or_init(|| made))
            }
        }
    }

    pub(super) fn ready(&self, configuration: Uuid) -> Option<Arc<TenantProvider>> {
        self.oidc.lock().unwrap_or_else(PoisonError::into_inner).get(&configuration).cloned()
    }

    pub(super) fn keep(&self, configuration: Uuid, provider: Arc<TenantProvider>) {
        let mut all = self.oidc.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= READY {
            // Rare, and cheaper than to note who was used last: they are fetched again.
            all.clear();
        }
        all.insert(configuration, provider);
    }
}
