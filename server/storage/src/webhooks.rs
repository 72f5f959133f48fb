//! Webhooks: endpoints that are told what changed, and what they are to be told.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct WebhookEndpoint {
    pub id: Uuid,
    pub url: String,
    pub description: String,
    #[sqlx(try_from = "EventList")]
    pub events: Vec<String>,
    pub workspace_id: Option<Uuid>,
    pub is_active: bool,
    pub sealed_secret: Vec<u8>,
    pub sealed_previous: Option<Vec<u8>>,
    pub previous_until: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// What an endpoint begins with. It is active.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in WebhookEndpoint")]
pub struct NewWebhookEndpoint<'a> {
    pub id: Uuid,
    pub url: &'a str,
    pub description: &'a str,
    pub events: &'a [String],
    pub workspace_id: Option<Uuid>,
    pub sealed_secret: &'a [u8],
}

/// What of an endpoint is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in WebhookEndpoint")]
pub struct WebhookChange<'a> {
    pub url: Option<&'a str>,
    pub description: Option<&'a str>,
    pub events: Option<&'a [String]>,
    pub is_active: Option<bool>,
}

/// Kinds of events, each with a comma before and behind it.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct EventList(String);

impl EventList {
    pub(crate) fn encode(events: &[String]) -> String {
        if events.is_empty() { String::new() } else { format!(",{},", events.join(",")) }
    }
}

impl From<EventList> for Vec<String> {
    fn from(list: EventList) -> Self {
        list.0.split(',').filter(|event| !event.is_empty()).map(str::to_owned).collect()
    }
}

const COLUMNS: &str = "id, url, description, events, workspace_id, is_active, sealed_secret, sealed_previous, previous_until, \
                       created_at, updated_at";
const SELECT: &str = concatcp!("SELECT ", COLUMNS, " FROM webhook_endpoints ");

impl Connection {
    /// The endpoint with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn webhook_endpoint(&mut self, id: Uuid) -> Result<Option<WebhookEndpoint>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(SELECT, "WHERE id = $1")).bind(id).fetch_optional(db)))
    }

    /// The endpoints, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn webhook_endpoints(&mut self, limit: i64) -> Result<Vec<WebhookEndpoint>, StorageError> {
        let sql = concatcp!(SELECT, "ORDER BY created_at, id LIMIT $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(limit).fetch_all(db)))
    }

    /// Whether anybody is told anything.
    ///
    /// # Errors
    /// As every statement.
    pub async fn has_webhooks(&mut self) -> Result<bool, StorageError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM webhook_endpoints WHERE is_active)";
        let (found,): (bool,) = on!(self, db => sqlx::query_as(sql).fetch_one(db));
        Ok(found)
    }
}

impl Transaction {
    /// Makes an endpoint.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such workspace.
    pub async fn insert_webhook_endpoint(
        &mut self,
        new: &NewWebhookEndpoint<'_>,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO webhook_endpoints (id, url, description, events, workspace_id, is_active, sealed_secret, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, TRUE, $6, $7, $7)";
        execute!(
            self,
            sql,
            new.id,
            new.url,
            new.description,
            EventList::encode(new.events),
            new.workspace_id,
            new.sealed_secret,
            now
        );
        Ok(())
    }

    /// Changes an endpoint. `None`: there is no such endpoint.
    ///
    /// # Errors
    /// As every statement.
    pub async fn update_webhook_endpoint(
        &mut self,
        id: Uuid,
        change: &WebhookChange<'_>,
        now: Millis,
    ) -> Result<Option<WebhookEndpoint>, StorageError> {
        let sql = concatcp!(
            "UPDATE webhook_endpoints SET url = COALESCE($2, url), description = COALESCE($3, description), \
             events = COALESCE($4, events), is_active = COALESCE($5, is_active), updated_at = $6 WHERE id = $1 RETURNING ",
            COLUMNS
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(id)
            .bind(change.url)
            .bind(change.description)
            .bind(change.events.map(EventList::encode))
            .bind(change.is_active)
            .bind(now)
            .fetch_optional(db)))
    }

    /// Gives an endpoint another secret; the one before signs as well until `previous_until`. False: there is no such
    /// endpoint.
    ///
    /// # Errors
    /// As every statement.
    pub async fn rotate_webhook_secret(
        &mut self,
        id: Uuid,
        sealed_secret: &[u8],
        previous_until: Millis,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE webhook_endpoints SET sealed_previous = sealed_secret, previous_until = $3, sealed_secret = $2, \
                   updated_at = $4 WHERE id = $1";
        Ok(execute!(self, sql, id, sealed_secret, previous_until, now) == 1)
    }

    /// Removes an endpoint and what it was still to be told. False: there is no such endpoint.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_webhook_endpoint(&mut self, id: Uuid) -> Result<bool, StorageError> {
        Ok(execute!(self, "DELETE FROM webhook_endpoints WHERE id = $1", id) == 1)
    }
}
