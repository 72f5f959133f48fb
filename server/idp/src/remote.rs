//! Asking a provider through the one bounded client.

use sentinel_tower::fetch::{FetchError, Fetcher};
use serde::de::DeserializeOwned;

use crate::{IdpError, ProviderConfig};

/// A provider as something to send requests to.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    provider: String,
    pub(crate) fetcher: Fetcher,
}

impl Remote {
    pub(crate) fn new(config: &ProviderConfig, fetcher: &Fetcher) -> Self {
        Self { provider: config.id.clone(), fetcher: fetcher.clone() }
    }

    /// Sends a request; the answer has whatever status.
    pub(crate) async fn send(
        &self,
        request: Result<http::Request<Vec<u8>>, http::Error>,
    ) -> Result<http::Response<Vec<u8>>, IdpError> {
        // Only what a token or a setting holds can make a header field that is none.
        let request = request.map_err(|_| self.misconfigured("a URL, id or secret cannot be sent in HTTP"))?;
        self.fetcher.send(request).await.map_err(|error| self.failed(error))
    }

    /// Reads an answer that should be JSON of this form.
    pub(crate) fn json<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, IdpError> {
        serde_json::from_slice(body).map_err(|_| self.unreachable("its answer is not in the form that is specified"))
    }

    /// Whether a URL that the provider or the operator named may be used at all.
    pub(crate) fn check(&self, url: &str) -> Result<(), IdpError> {
        self.fetcher.check(url).map_err(|error| self.failed(error))
    }

    pub(crate) fn failed(&self, error: FetchError) -> IdpError {
        match error {
            FetchError::UrlRefused => self.misconfigured("one of its URLs is not an https URL without credentials"),
            FetchError::AddressRefused => self.misconfigured(
                "one of its hosts has an address that may not be reached: private networks and loopback are a setting",
            ),
            FetchError::RedirectRefused => self.unreachable("it redirects where an answer is due"),
            FetchError::Status(_) => self.unreachable("it answers with an error"),
            FetchError::TooLarge => self.unreachable("its answer is longer than the limit"),
            FetchError::TimedOut => self.unreachable("it did not answer in time"),
            _ => self.unreachable("resolution, connection, TLS or HTTP failed"),
        }
    }

    pub(crate) fn unreachable(&self, why: &'static str) -> IdpError {
        IdpError::Unreachable { provider: self.provider.clone(), why }
    }

    pub(crate) fn misconfigured(&self, hint: &'static str) -> IdpError {
        IdpError::Misconfigured { provider: self.provider.clone(), hint }
    }
}
