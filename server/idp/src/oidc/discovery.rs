//! What an OpenID provider says about itself (OpenID Connect Discovery 1.0), kept and refreshed.
//!
//! - Fetched when first asked for, used for [`FRESH`], by one request at a time for all.
//! - While the provider is down the last document stays in use for [`USABLE`]; without one, who asks within
//!   [`PAUSE`] of a failure is told at once.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, ProviderMetadata};
use sentinel_tower::Keys;
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::jwks::JwksSettings;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::issuer::Issuers;
use crate::IdpError;
use crate::remote::Remote;

/// How long a document is used before it is asked for again. Endpoints hardly ever change; keys are fetched apart.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long it is used while the provider fails.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// What openidconnect's metadata leaves out.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Further {
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl AdditionalProviderMetadata for Further {}

pub(crate) type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A provider's metadata and keys.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) metadata: Metadata,
    pub(crate) keys: Keys,
    at: Instant,
}

impl Discovered {
    /// Whether the provider promised `iss` in its answers.
    pub(crate) fn promises_iss(&self) -> bool {
        self.metadata.additional_metadata().authorization_response_iss_parameter_supported == Some(true)
    }
}

#[derive(Debug)]
pub(crate) struct Discovery {
    url: String,
    policy: FetchPolicy,
    fresh: Duration,
    usable: Duration,
    held: RwLock<Option<Arc<Discovered>>>,
    /// Whose turn it is to fetch, and how the last attempt failed.
    turn: Mutex<Option<(Instant, IdpError)>>,
}

impl Discovery {
    pub(crate) fn new(issuer: &str, policy: FetchPolicy) -> Self {
        // OpenID Connect Discovery §4: a slash at the issuer's end is removed first.
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        Self { url, policy, fresh: FRESH, usable: USABLE, held: RwLock::default(), turn: Mutex::default() }
    }

    pub(crate) async fn get(&self, remote: &Remote, issuers: &Issuers) -> Result<Arc<Discovered>, IdpError> {
        if let Some(fresh) = self.younger_than(self.fresh) {
            return Ok(fresh);
        }
        let stale = self.younger_than(self.usable);
        let mut failure = match (&stale, self.turn.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(stale), Err(_)) => return Ok(Arc::clone(stale)),
            (None, Err(_)) => self.turn.lock().await,
        };
        // Another one may have fetched while this one waited.
        if let Some(fresh) = self.younger_than(self.fresh) {
            return Ok(fresh);
        }
        if let Some((_, error)) = failure.as_ref().filter(|(at, _)| at.elapsed() < PAUSE) {
            return stale.ok_or_else(|| error.clone());
        }
        match self.fetch(remote, issuers, stale.as_deref()).await {
            Ok(found) => {
                let found = Arc::new(found);
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
                *failure = None;
                Ok(found)
            }
            Err(error) => {
                tracing::warn!(%error, "an identity provider's metadata could not be had");
                *failure = Some((Instant::now(), error.clone()));
                stale.ok_or(error)
            }
        }
    }

    fn younger_than(&self, age: Duration) -> Option<Arc<Discovered>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|held| held.at.elapsed() < age)
    }

    async fn fetch(
        &self,
        remote: &Remote,
        issuers: &Issuers,
        before: Option<&Discovered>,
    ) -> Result<Discovered, IdpError> {
        let at = Instant::now();
        let answer = remote.fetcher.get(&self.url, "application/json").await.map_err(|error| remote.failed(error))?;
        let metadata: Metadata = remote.json(&answer.body)?;
        if !issuers.is_named(metadata.issuer().as_str()) {
            return Err(remote.misconfigured(
                "its metadata names another issuer than the configured one: write the issuer exactly as it does",
            ));
        }
        let token = metadata.token_endpoint().ok_or_else(|| remote.misconfigured("it has no token endpoint"))?;
        let jwks = metadata.jwks_uri().as_str();
        let userinfo = metadata.userinfo_endpoint().map(|url| url.as_str());
        let urls = [metadata.authorization_endpoint().as_str(), token.as_str(), jwks];
        urls.into_iter().chain(userinfo).try_for_each(|url| remote.check(url))?;
        let keys = match before {
            Some(before) if before.metadata.jwks_uri().as_str() == jwks => before.keys.clone(),
            _ => {
                let settings = JwksSettings { fetch: self.policy, ..JwksSettings::default() };
                let keys = Keys::jwks_url_with(jwks, settings);
                keys.map_err(|_| remote.misconfigured("its key set's URL may not be fetched"))?
            }
        };
        Ok(Discovered { metadata, keys, at })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use sentinel_tower::fetch::Fetcher;

    use super::*;
    use crate::ProviderConfig;

    /// A provider whose metadata can fail, and that counts.
    #[derive(Default)]
    struct Provider {
        down: AtomicBool,
        asked: AtomicUsize,
    }

    fn provider() -> (Arc<Provider>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Arc::new(Provider::default());
        let (served, origin) = (Arc::clone(&provider), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                served.asked.fetch_add(1, Ordering::SeqCst);
                let status = if served.down.load(Ordering::SeqCst) { "500 Down" } else { "200 OK" };
                let body = serde_json::json!({
                    "issuer": origin, "authorization_endpoint": origin, "token_endpoint": origin, "jwks_uri": origin,
                    "response_types_supported": ["code"], "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                });
                let body = body.to_string();
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
                    .unwrap();
            }
        });
        (provider, issuer)
    }

    #[tokio::test]
    async fn an_outage_of_the_provider_is_survived_but_not_for_ever() {
        let (provider, issuer) = provider();
        let policy = FetchPolicy { loopback: true, ..FetchPolicy::default() };
        let config = ProviderConfig::oidc("x", &issuer, "client", None);
        let remote = Remote::new(&config, &Fetcher::new(policy).unwrap());
        let issuers = Issuers::new(&config).unwrap();
        let mut discovery = Discovery::new(&issuer, policy);
        let asked = || provider.asked.load(Ordering::SeqCst);

        let first = discovery.get(&remote, &issuers).await.unwrap();
        assert!(Arc::ptr_eq(&first, &discovery.get(&remote, &issuers).await.unwrap()));
        assert_eq!(asked(), 1);

        // Too old to be fresh: asked for again, and replaced.
        discovery.fresh = Duration::ZERO;
        assert!(!Arc::ptr_eq(&first, &discovery.get(&remote, &issuers).await.unwrap()));
        assert_eq!(asked(), 2);

        provider.down.store(true, Ordering::SeqCst);
        assert!(discovery.get(&remote, &issuers).await.is_ok());
        assert!(discovery.get(&remote, &issuers).await.is_ok());
        assert_eq!(asked(), 3, "who fails is left alone for a moment");

        discovery.usable = Duration::ZERO;
        assert_eq!(discovery.get(&remote, &issuers).await.unwrap_err().status(), 503);
    }
}
