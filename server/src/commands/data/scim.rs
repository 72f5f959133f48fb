use sentinel_server::service::scim::NewScimClient;
use sentinel_server::service::{Error, Service, WorkspaceRole};
use sentinel_storage::ScimClient;
use serde_json::Value;
use uuid::Uuid;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Register a service that provisions a workspace. Its key is printed, once.
    Create {
        /// Its name for people
        name: String,
        /// The workspace, by its slug
        #[arg(long, value_name = "SLUG")]
        workspace: String,
        /// A domain whose addresses its word proves; may be repeated
        #[arg(long = "domain", value_name = "DOMAIN")]
        domains: Vec<String>,
        /// What people are there who come by it: viewer or editor
        #[arg(long, value_name = "ROLE", default_value = "viewer", value_parser = role)]
        role: WorkspaceRole,
    },
    /// List services that provision.
    List,
    /// Remove one: its key opens nothing any more.
    Remove {
        /// The id that `scim list` shows
        id: Uuid,
    },
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    match command {
        Command::Create { name, workspace, domains, role } => {
            let workspace_id = service.workspace_by_slug(&workspace).await?.id;
            let new = NewScimClient { name: &name, workspace_id, domains: &domains, role: Some(role) };
            let (client, key) = service.create_scim_client(&ACTOR, &caller(), &new).await?;
            let mut answer = shown(client);
            if let Value::Object(members) = &mut answer {
                members.insert("key".to_owned(), key.into());
            }
            Ok(answer)
        }
        Command::List => Ok(service.scim_clients().await?.into_iter().map(shown).collect()),
        Command::Remove { id } => {
            service.delete_scim_client(&ACTOR, &caller(), id).await?;
            Ok(row([("removed", id.to_string().into())]))
        }
    }
}

fn role(word: &str) -> Result<WorkspaceRole, &'static str> {
    WorkspaceRole::from_word(word).ok_or("the role is viewer or editor")
}

fn shown(client: ScimClient) -> Value {
    row([
        ("id", client.id.to_string().into()),
        ("name", client.name.into()),
        ("workspace_id", client.workspace_id.to_string().into()),
        ("domains", client.domains.into()),
        ("role", client.role.as_str().into()),
        ("prefix", client.prefix.into()),
        ("created_at", time(client.created_at)),
    ])
}
