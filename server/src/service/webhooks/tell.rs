//! What is said: a message for each change that others care for, written in the transaction of the change.

use chrono::{DateTime, SecondsFormat};
use sentinel_storage::{NewWebhookMessage, Transaction};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::deliver::KEPT;
use crate::service::converge::Username;
use crate::service::{Error, Service};

/// The changes that are told: their names in the log, and the kinds of events that they are.
pub(super) const TOLD: [(&str, &str); 14] = [
    ("user.create", "user.created"),
    ("user.update", "user.updated"),
    ("user.activate", "user.activated"),
    ("user.deactivate", "user.deactivated"),
    ("user.revoke-tokens", "user.sessions_ended"),
    ("username.assign", "username.assigned"),
    ("username.change", "username.assigned"),
    ("member.add", "membership.created"),
    ("member.role", "membership.updated"),
    ("member.remove", "membership.deleted"),
    ("workspace.create", "workspace.created"),
    ("workspace.update", "workspace.updated"),
    ("workspace.delete", "workspace.deleted"),
    ("users.import", "users.imported"),
];

/// The kinds of events.
pub(super) fn is_event(name: &str) -> bool {
    TOLD.iter().any(|(_, event)| *event == name)
}

impl Service {
    /// Writes the message of a change, where it is one of those that are told and somebody wants to know.
    pub(crate) async fn tell_of(
        &self,
        transaction: &mut Transaction,
        action: &str,
        user_id: Option<Uuid>,
        workspace_id: Option<Uuid>,
    ) -> Result<(), Error> {
        let Some((_, event)) = TOLD.iter().find(|(known, _)| *known == action) else { return Ok(()) };
        if !transaction.has_webhooks().await? {
            return Ok(());
        }
        let now = self.now();
        let timestamp = DateTime::from_timestamp_millis(now).unwrap_or_default();
        let data = self.data_of(transaction, user_id, workspace_id).await?;
        let timestamp = timestamp.to_rfc3339_opts(SecondsFormat::Millis, true);
        let body = json!({ "type": event, "timestamp": timestamp, "data": data }).to_string();
        let id = format!("msg_{}", Uuid::new_v4().simple());
        let message = NewWebhookMessage {
            id: &id,
            event,
            body: &body,
            workspace_id,
            user_id,
            expires_at: now.saturating_add(KEPT),
        };
        transaction.insert_webhook_message(&message, now).await?;
        Ok(())
    }

    /// Whom it is about and where, as it is from this change on.
    async fn data_of(
        &self,
        transaction: &mut Transaction,
        user_id: Option<Uuid>,
        workspace_id: Option<Uuid>,
    ) -> Result<Value, Error> {
        let mut data = Map::new();
        if let Some(id) = user_id
            && let Some(user) = transaction.user(id).await?
        {
            let names = transaction.names_of(id).await?;
            let user = json!({
                "id": id,
                "uid": names.username.as_deref().map(Username::alias_of),
                "username": names.username,
                "email": user.email,
                "email_verified": user.email_verified,
                "name": user.name,
                "first_name": names.given_name,
                "last_name": names.family_name,
                "is_active": user.is_active,
            });
            data.insert("user".to_owned(), user);
        }
        if let Some(id) = workspace_id {
            data.insert("workspace_id".to_owned(), json!(id));
            if let Some(user_id) = user_id {
                let role = transaction.member_role(id, user_id).await?;
                data.insert("role".to_owned(), json!(role.map(|role| role.as_str())));
            }
        }
        Ok(Value::Object(data))
    }
}
