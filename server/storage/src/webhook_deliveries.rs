//! Messages for webhook endpoints: written with the change that they tell of, said at least once.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A message for an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct WebhookDelivery {
    pub seq: i64,
    pub endpoint_id: Uuid,
    pub message_id: String,
    pub event: String,
    pub body: String,
    pub created_at: Millis,
    pub attempts: i64,
    pub due_at: Option<Millis>,
    pub delivered_at: Option<Millis>,
    pub failed_at: Option<Millis>,
    pub reason: Option<String>,
}

/// A message for whoever is to be told.
#[derive(Clone, Copy, Debug)]
pub struct NewWebhookMessage<'a> {
    /// The same for every endpoint and every attempt.
    pub id: &'a str,
    /// The kind of event.
    pub event: &'a str,
    /// What is said.
    pub body: &'a str,
    /// The workspace that it happened in.
    pub workspace_id: Option<Uuid>,
    /// Whom it is about; where there is no workspace, endpoints of those are told where the person is a member.
    pub user_id: Option<Uuid>,
    /// When the message is of no interest any more, said or not.
    pub expires_at: Millis,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug)]
pub enum WebhookOutcome<'a> {
    /// It was taken.
    Delivered,
    /// It was not, for this reason; the next attempt is then.
    Again(&'a str, Millis),
    /// It was not, and there is no other attempt.
    Failed(&'a str),
}

const COLUMNS: &str =
    "seq, endpoint_id, message_id, event, body, created_at, attempts, due_at, delivered_at, failed_at, reason";
const DUE: &str = "SELECT d.seq FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
                   WHERE d.due_at <= $1 AND e.is_active ORDER BY d.due_at, d.seq LIMIT $3";

impl Connection {
    /// The messages of an endpoint, the newest first: all, or those that were given up.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn webhook_deliveries(
        &mut self,
        endpoint_id: Uuid,
        only_failed: bool,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM webhook_deliveries WHERE endpoint_id = $1 AND (NOT $2 OR failed_at IS NOT NULL) ORDER BY seq DESC LIMIT $3"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(endpoint_id).bind(only_failed).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// Writes a message for each active endpoint that wants it. Answers how many do.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] for an id that was used.
    pub async fn insert_webhook_message(
        &mut self,
        message: &NewWebhookMessage<'_>,
        now: Millis,
    ) -> Result<u64, StorageError> {
        let sql = "INSERT INTO webhook_deliveries (endpoint_id, message_id, event, body, created_at, attempts, due_at, expires_at) \
                   SELECT e.id, $1, $2, $3, $4, 0, $4, $5 FROM webhook_endpoints e WHERE e.is_active \
                   AND (e.events = '' OR e.events LIKE '%,' || $2 || ',%') \
                   AND (e.workspace_id IS NULL OR e.workspace_id = $6 OR ($6 IS NULL AND EXISTS \
                   (SELECT 1 FROM memberships m WHERE m.workspace_id = e.workspace_id AND m.user_id = $7)))";
        Ok(execute!(
            self,
            sql,
            message.id,
            message.event,
            message.body,
            now,
            message.expires_at,
            message.workspace_id,
            message.user_id
        ))
    }

    /// Takes at most `limit` messages that are due, and nobody else does until `until`: of two replicas that ask at once
    /// each has others. An attempt is counted before it is made.
    ///
    /// # Errors
    /// As every statement.
    pub async fn take_webhook_deliveries(
        &mut self,
        now: Millis,
        until: Millis,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, StorageError> {
        let sql = self.either(
            concatcp!(
                "UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = $2 WHERE seq IN (",
                DUE,
                ") RETURNING ",
                COLUMNS
            ),
            concatcp!(
                "UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = $2 WHERE seq IN (",
                DUE,
                " FOR UPDATE OF d SKIP LOCKED) RETURNING ",
                COLUMNS
            ),
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(now).bind(until).bind(limit).fetch_all(db)))
    }

    /// Notes what came of the attempt with this number. False where another attempt has begun since.
    ///
    /// # Errors
    /// As every statement.
    pub async fn note_webhook_outcome(
        &mut self,
        seq: i64,
        attempt: i64,
        outcome: WebhookOutcome<'_>,
        expires_at: Millis,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let (delivered_at, failed_at, due_at, reason) = match outcome {
            WebhookOutcome::Delivered => (Some(now), None, None, None),
            WebhookOutcome::Again(reason, at) => (None, None, Some(at), Some(reason)),
            WebhookOutcome::Failed(reason) => (None, Some(now), None, Some(reason)),
        };
        let sql = "UPDATE webhook_deliveries SET delivered_at = $3, failed_at = $4, due_at = $5, reason = $6, expires_at = $7 \
                   WHERE seq = $1 AND attempts = $2 AND delivered_at IS NULL";
        Ok(execute!(self, sql, seq, attempt, delivered_at, failed_at, due_at, reason, expires_at) == 1)
    }

    /// Says a message that was given up once more, from its first attempt on. False: none of this endpoint was.
    ///
    /// # Errors
    /// As every statement.
    pub async fn retry_webhook_delivery(
        &mut self,
        endpoint_id: Uuid,
        message_id: &str,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE webhook_deliveries SET attempts = 0, due_at = $3, failed_at = NULL \
                   WHERE endpoint_id = $1 AND message_id = $2 AND failed_at IS NOT NULL";
        Ok(execute!(self, sql, endpoint_id, message_id, now) == 1)
    }
}
