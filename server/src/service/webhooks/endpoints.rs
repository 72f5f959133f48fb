//! Who is told.

use sentinel_storage::{Millis, NewWebhookEndpoint, StorageError, WebhookChange, WebhookDelivery, WebhookEndpoint};
use uuid::Uuid;

use super::{SECRET, signature, tell};
use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, Service, input};

/// Most endpoints of a deployment: every change is written for each.
const MOST: i64 = 100;
/// Most messages that are shown of an endpoint.
const SHOWN: i64 = 100;
/// Longest time for which a secret outlives its successor: 7 days.
const LONGEST_OVERLAP: u64 = 7 * 24 * 60 * 60;

/// The kinds of events, for people.
pub const EVENTS: &str = "user.created, user.updated, user.activated, user.deactivated, user.sessions_ended, users.imported, username.assigned, \
                          membership.created, membership.updated, membership.deleted, workspace.created, workspace.updated and workspace.deleted";

/// What an endpoint is registered as.
#[derive(Clone, Copy, Debug)]
pub struct NewWebhook<'a> {
    /// Where messages are sent: `https`.
    pub url: &'a str,
    /// For people.
    pub description: &'a str,
    /// The kinds of events that it is told of; none: every one.
    pub events: &'a [String],
    /// The workspace whose changes it is told; `None`: those of the whole deployment.
    pub workspace_id: Option<Uuid>,
}

/// What an endpoint's messages are signed with, at the one moment when it is shown: `whsec_` and 256 bits in base64.
#[derive(Clone)]
pub struct WebhookSecret(pub String);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl Service {
    /// Registers an endpoint. From now on it is told what changes; nothing of before.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Invalid`] for a URL that may not be asked or a kind of event that there is not,
    /// [`crate::service::ErrorKind::NotFound`] for an unknown workspace, [`crate::service::ErrorKind::Conflict`] where
    /// there are too many.
    pub async fn create_webhook(
        &self,
        actor: &Actor,
        caller: &Caller,
        new: &NewWebhook<'_>,
    ) -> Result<(WebhookEndpoint, WebhookSecret), Error> {
        self.check_webhook(Some(new.url), Some(new.events))?;
        let (id, secret) = (Uuid::new_v4(), signature::new_secret()?);
        let sealed_secret = self.inner.master.seal(SECRET, id.as_bytes(), &secret)?;
        let row = NewWebhookEndpoint {
            id,
            url: new.url,
            description: input::description(new.description)?,
            events: new.events,
            workspace_id: new.workspace_id,
            sealed_secret: &sealed_secret,
        };
        let mut transaction = self.begin_as(actor).await?;
        if i64::try_from(transaction.webhook_endpoints(MOST).await?.len()).unwrap_or(MOST) >= MOST {
            return Err(Error::conflict(format!("There are {MOST} webhooks: remove one first")));
        }
        transaction.insert_webhook_endpoint(&row, self.now()).await.map_err(|error| match error {
            StorageError::Reference => Error::not_found("Workspace not found"),
            other => other.into(),
        })?;
        let endpoint = transaction.webhook_endpoint(id).await?.ok_or_else(unknown)?;
        self.commit_as(transaction, actor, caller, Change::new("webhook.create").on("webhook", id)).await?;
        Ok((endpoint, WebhookSecret(signature::shown(&secret))))
    }

    /// The endpoints, the oldest first.
    ///
    /// # Errors
    /// As storage.
    pub async fn webhooks(&self) -> Result<Vec<WebhookEndpoint>, Error> {
        Ok(self.store().read().await?.webhook_endpoints(MOST).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`].
    pub async fn webhook(&self, id: Uuid) -> Result<WebhookEndpoint, Error> {
        self.store().read().await?.webhook_endpoint(id).await?.ok_or_else(unknown)
    }

    /// Changes an endpoint. While it is not active it is told nothing; what was written for it before waits.
    ///
    /// # Errors
    /// As [`Service::create_webhook`].
    pub async fn update_webhook(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        change: &WebhookChange<'_>,
    ) -> Result<WebhookEndpoint, Error> {
        self.check_webhook(change.url, change.events)?;
        let change = WebhookChange { description: change.description.map(input::description).transpose()?, ..*change };
        let mut transaction = self.begin_as(actor).await?;
        let endpoint = transaction.update_webhook_endpoint(id, &change, self.now()).await?.ok_or_else(unknown)?;
        self.commit_as(transaction, actor, caller, Change::new("webhook.update").on("webhook", id)).await?;
        Ok(endpoint)
    }

    /// Removes an endpoint, and what it was still to be told.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`].
    pub async fn delete_webhook(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_webhook_endpoint(id).await? {
            return Err(unknown());
        }
        self.commit_as(transaction, actor, caller, Change::new("webhook.delete").on("webhook", id)).await
    }

    /// Gives an endpoint another secret. For so many seconds messages are signed with both.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`]; [`crate::service::ErrorKind::Invalid`] for more than a week.
    pub async fn rotate_webhook_secret(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        overlap_seconds: u64,
    ) -> Result<WebhookSecret, Error> {
        if overlap_seconds > LONGEST_OVERLAP {
            return Err(Error::invalid(format!("overlap_seconds must be 0 to {LONGEST_OVERLAP}")));
        }
        let overlap = Millis::try_from(overlap_seconds).unwrap_or_default().saturating_mul(1000);
        let (secret, now) = (signature::new_secret()?, self.now());
        let sealed = self.inner.master.seal(SECRET, id.as_bytes(), &secret)?;
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.rotate_webhook_secret(id, &sealed, now.saturating_add(overlap), now).await? {
            return Err(unknown());
        }
        let change = Change::new("webhook.rotate").on("webhook", id).detail("overlap_seconds", overlap_seconds);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(WebhookSecret(signature::shown(&secret)))
    }

    /// The latest messages of an endpoint: all, or those that were given up.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`].
    pub async fn webhook_deliveries(&self, id: Uuid, only_failed: bool) -> Result<Vec<WebhookDelivery>, Error> {
        let mut connection = self.store().read().await?;
        connection.webhook_endpoint(id).await?.ok_or_else(unknown)?;
        Ok(connection.webhook_deliveries(id, only_failed, SHOWN).await?)
    }

    /// Says a message again that was given up.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`] where none with this id was.
    pub async fn retry_webhook(&self, actor: &Actor, caller: &Caller, id: Uuid, message_id: &str) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.retry_webhook_delivery(id, message_id, self.now()).await? {
            return Err(Error::not_found("No message of this webhook that was given up has this id"));
        }
        let change = Change::new("webhook.retry").on("webhook", id).detail("message_id", message_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    fn check_webhook(&self, url: Option<&str>, events: Option<&[String]>) -> Result<(), Error> {
        if let Some(url) = url {
            let is_url = url.len() <= 2048 && self.webhook_client()?.check(url).is_ok();
            if !is_url || url.contains('#') {
                return Err(Error::invalid(
                    "url must be an https URL without credentials and fragment, on a public address",
                ));
            }
        }
        for event in events.unwrap_or_default() {
            if !tell::is_event(event) {
                return Err(Error::invalid(format!("events are {EVENTS}")));
            }
        }
        input::few(events.unwrap_or_default())?;
        Ok(())
    }
}

fn unknown() -> Error {
    Error::not_found("Webhook not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_of_the_events_that_there_are() {
        let named: Vec<&str> = EVENTS.split([',', ' ']).filter(|word| word.contains('.')).collect();
        assert!(named.iter().all(|name| tell::is_event(name)), "{named:?}");
        let there_are: std::collections::BTreeSet<&str> = tell::TOLD.iter().map(|(_, event)| *event).collect();
        assert_eq!(named.len(), there_are.len());
    }
}
