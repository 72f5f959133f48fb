use sentinel_server::service::workspaces::NewNames;
use sentinel_server::service::{Error, Service, WorkspaceRole};
use sentinel_storage::Workspace;
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make a workspace.
    Create {
        /// Its name in addresses: a-z, 0-9 and -
        slug: String,
        /// Its name for people
        #[arg(long)]
        name: String,
        /// The e-mail address of its owner's account
        #[arg(long, value_name = "EMAIL")]
        owner: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// List workspaces.
    List,
    /// Make an account a member.
    AddMember {
        /// The workspace's slug
        slug: String,
        /// The account's e-mail address
        email: String,
        /// owner, admin, editor or viewer
        #[arg(long, default_value = "viewer", value_parser = role)]
        role: WorkspaceRole,
    },
    /// End a membership: tokens for the workspace are void from now on.
    RemoveMember {
        /// The workspace's slug
        slug: String,
        /// The account's e-mail address
        email: String,
    },
}

fn role(text: &str) -> Result<WorkspaceRole, &'static str> {
    WorkspaceRole::from_word(text).ok_or("one of owner, admin, editor, viewer")
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    match command {
        Command::Create { slug, name, owner, description } => {
            let owner = service.account_of_email(&owner).await?;
            let names = NewNames { slug: &slug, name: &name, description: description.as_deref() };
            Ok(shown(service.make_workspace(&ACTOR, &caller(), owner.id, &names).await?))
        }
        Command::List => list(service).await,
        Command::AddMember { slug, email, role } => {
            let workspace = service.workspace_by_slug(&slug).await?;
            let member = service.add_member(&ACTOR, &caller(), workspace.id, &email, role).await?;
            Ok(row([
                ("workspace_id", workspace.id.to_string().into()),
                ("user_id", member.user_id.to_string().into()),
                ("role", role.as_str().into()),
            ]))
        }
        Command::RemoveMember { slug, email } => {
            let workspace = service.workspace_by_slug(&slug).await?;
            let user = service.account_of_email(&email).await?;
            service.change_member(&ACTOR, &caller(), workspace.id, user.id, None).await?;
            Ok(row([("ok", true.into())]))
        }
    }
}

async fn list(service: &Service) -> Result<Value, Error> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = service.all_workspaces(None, None, cursor.as_deref()).await?;
        all.extend(page.rows.into_iter().map(|entry| shown(entry.workspace)));
        let Some(next) = page.next else { return Ok(Value::Array(all)) };
        cursor = Some(next.to_string());
    }
}

fn shown(workspace: Workspace) -> Value {
    row([
        ("id", workspace.id.to_string().into()),
        ("slug", workspace.slug.into()),
        ("name", workspace.name.into()),
        ("created_at", time(workspace.created_at)),
    ])
}
