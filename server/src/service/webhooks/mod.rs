//! Webhooks: other services are told what changed, in signed messages (Standard Webhooks 1.0.0), at least once.

mod deliver;
mod endpoints;
mod signature;
mod tell;

pub use endpoints::{EVENTS, NewWebhook, WebhookSecret};

use std::sync::OnceLock;
use std::time::Duration;

use sentinel_keys::Purpose;
use sentinel_tower::fetch::{FetchPolicy, Fetcher};

use super::{Error, Service};

/// The secret of an endpoint; the row is its id.
const SECRET: Purpose = Purpose::new("webhook-secret");
/// How long an endpoint may take to answer. Standard Webhooks asks for 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Of an answer nothing but its status is read.
const ANSWER: usize = 64 * 1024;

/// What is kept for webhooks: the client, made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    client: OnceLock<Fetcher>,
}

impl Service {
    fn webhook_client(&self) -> Result<Fetcher, Error> {
        let kept = &self.inner.webhooks.client;
        if let Some(client) = kept.get() {
            return Ok(client.clone());
        }
        let policy = FetchPolicy {
            timeout: TIMEOUT,
            max_bytes: ANSWER,
            loopback: self.config().webhooks_to_loopback,
            ..FetchPolicy::default()
        };
        let client = Fetcher::new(policy).map_err(Error::internal)?;
        Ok(kept.get_or_init(|| client).clone())
    }
}
