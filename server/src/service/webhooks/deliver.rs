//! How it is said: signed, again and again until it was taken or given up.

use futures_util::future::join_all;
use sentinel_storage::{Millis, WebhookDelivery, WebhookEndpoint, WebhookOutcome};
use sentinel_tower::fetch::FetchError;
use std::time::Duration;

use super::{SECRET, signature};
use crate::service::{Error, Service};

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// How long after a failed attempt the next one is made; after the last of these there is none (Standard Webhooks,
/// "Retries": over a few days, with an exponential delay).
const DELAYS: [Millis; 9] =
    [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR];
/// How long a message is kept that nobody has taken yet, or that was given up.
pub(super) const KEPT: Millis = 30 * DAY;
/// How long one is kept that was taken.
const KEPT_DELIVERED: Millis = 7 * DAY;
/// How long an attempt may take, with all around it: nobody else tries meanwhile.
const LEASE: Millis = MINUTE;
/// How many attempts are made at once.
const AT_ONCE: i64 = 16;
/// How often those that have nothing to say look.
const REST: Duration = Duration::from_secs(1);
/// How long after the database could not be asked.
const PAUSE: Duration = Duration::from_secs(10);

impl Service {
    /// Says what is to be said, for as long as the server runs.
    pub async fn follow_webhooks(&self) {
        loop {
            match self.deliver_webhooks().await {
                Ok(0) => tokio::time::sleep(REST).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(cause = %error, "webhooks could not be looked up");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Makes one attempt for each message that is due, some at once. Answers how many attempts that were.
    ///
    /// # Errors
    /// As storage.
    pub async fn deliver_webhooks(&self) -> Result<usize, Error> {
        let now = self.now();
        let mut transaction = self.store().begin().await?;
        let taken = transaction.take_webhook_deliveries(now, now.saturating_add(LEASE), AT_ONCE).await?;
        if taken.is_empty() {
            return Ok(0);
        }
        transaction.commit().await?;
        for attempted in join_all(taken.iter().map(|delivery| self.attempt(delivery))).await {
            attempted?;
        }
        Ok(taken.len())
    }

    async fn attempt(&self, delivery: &WebhookDelivery) -> Result<(), Error> {
        let endpoint = self.store().read().await?.webhook_endpoint(delivery.endpoint_id).await?;
        // Removed meanwhile, and the message with it.
        let Some(endpoint) = endpoint else { return Ok(()) };
        let said = self.say(&endpoint, delivery).await?;
        let now = self.now();
        let attempt = usize::try_from(delivery.attempts.saturating_sub(1)).unwrap_or_default();
        let reason = said.as_ref().err().cloned().unwrap_or_default();
        let (outcome, kept) = match (&said, DELAYS.get(attempt)) {
            (Ok(()), _) => (WebhookOutcome::Delivered, KEPT_DELIVERED),
            (Err(_), Some(delay)) => (WebhookOutcome::Again(&reason, now.saturating_add(*delay)), KEPT),
            (Err(_), None) => (WebhookOutcome::Failed(&reason), KEPT),
        };
        let expires_at = now.saturating_add(kept);
        let mut transaction = self.store().begin().await?;
        transaction.note_webhook_outcome(delivery.seq, delivery.attempts, outcome, expires_at, now).await?;
        Ok(transaction.commit().await?)
    }

    /// One attempt: nothing, or why it came to nothing, in words that an administrator may read.
    async fn say(&self, endpoint: &WebhookEndpoint, delivery: &WebhookDelivery) -> Result<Result<(), String>, Error> {
        let timestamp = self.now().div_euclid(1000);
        let signed =
            signature::signatures(&self.secrets_of(endpoint)?, &delivery.message_id, timestamp, &delivery.body);
        let request = http::Request::post(&endpoint.url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.message_id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signed)
            .body(delivery.body.clone().into_bytes());
        let Ok(request) = request else { return Ok(Err("the URL cannot be sent in HTTP".to_owned())) };
        Ok(match self.webhook_client()?.send(request).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("answered with status {}", answer.status().as_u16())),
            Err(FetchError::RedirectRefused) => Err("redirects are not followed".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// What a message is signed with now: the secret and, while it still counts, the one before.
    fn secrets_of(&self, endpoint: &WebhookEndpoint) -> Result<Vec<Vec<u8>>, Error> {
        let previous = endpoint.sealed_previous.as_ref();
        let previous = previous.filter(|_| endpoint.previous_until.is_some_and(|until| until > self.now()));
        let sealed = std::iter::once(&endpoint.sealed_secret).chain(previous);
        let open = |sealed: &Vec<u8>| Ok(self.inner.master.open(SECRET, endpoint.id.as_bytes(), sealed)?.to_vec());
        sealed.map(open).collect()
    }
}
