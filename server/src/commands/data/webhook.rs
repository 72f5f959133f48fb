use sentinel_server::service::webhooks::NewWebhook;
use sentinel_server::service::{Error, Service};
use sentinel_storage::WebhookEndpoint;
use serde_json::Value;
use uuid::Uuid;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Register an endpoint. Its secret is printed, once.
    Create {
        /// Where messages are sent: https
        url: String,
        /// For people
        #[arg(long, default_value = "")]
        description: String,
        /// A kind of event that it is told of; may be repeated. Without: every one
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// The workspace whose changes it is told, by its slug. Without: those of the whole deployment
        #[arg(long, value_name = "SLUG")]
        workspace: Option<String>,
    },
    /// List endpoints.
    List,
    /// Give an endpoint another secret, which is printed, once.
    Rotate {
        /// The id that `webhook list` shows
        id: Uuid,
        /// For so many seconds messages are signed with both
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        overlap: u64,
    },
    /// Remove an endpoint.
    Remove {
        /// The id that `webhook list` shows
        id: Uuid,
    },
    /// The latest messages of an endpoint that were given up, and why.
    Failed {
        /// The id that `webhook list` shows
        id: Uuid,
    },
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    match command {
        Command::Create { url, description, events, workspace } => {
            let workspace_id = match workspace {
                Some(slug) => Some(service.workspace_by_slug(&slug).await?.id),
                None => None,
            };
            let new = NewWebhook { url: &url, description: &description, events: &events, workspace_id };
            let (endpoint, secret) = service.create_webhook(&ACTOR, &caller(), &new).await?;
            let mut answer = shown(endpoint);
            if let Value::Object(members) = &mut answer {
                members.insert("secret".to_owned(), secret.0.into());
            }
            Ok(answer)
        }
        Command::List => Ok(service.webhooks().await?.into_iter().map(shown).collect()),
        Command::Rotate { id, overlap } => {
            let secret = service.rotate_webhook_secret(&ACTOR, &caller(), id, overlap).await?;
            Ok(row([("id", id.to_string().into()), ("secret", secret.0.into())]))
        }
        Command::Remove { id } => {
            service.delete_webhook(&ACTOR, &caller(), id).await?;
            Ok(row([("removed", id.to_string().into())]))
        }
        Command::Failed { id } => {
            let failed = service.webhook_deliveries(id, true).await?.into_iter().map(|message| {
                row([
                    ("id", message.message_id.into()),
                    ("event", message.event.into()),
                    ("attempts", message.attempts.into()),
                    ("reason", message.reason.into()),
                    ("created_at", time(message.created_at)),
                ])
            });
            Ok(failed.collect())
        }
    }
}

fn shown(endpoint: WebhookEndpoint) -> Value {
    row([
        ("id", endpoint.id.to_string().into()),
        ("url", endpoint.url.into()),
        ("description", endpoint.description.into()),
        ("events", endpoint.events.into()),
        ("workspace_id", endpoint.workspace_id.map(|id| id.to_string()).into()),
        ("is_active", endpoint.is_active.into()),
        ("created_at", time(endpoint.created_at)),
    ])
}
