use sentinel_server::service::client_apps::NewClientApp;
use sentinel_server::service::{Error, Service};
use sentinel_storage::{Client, SessionDialect};
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Register a front end.
    Create {
        /// Its name for people
        name: String,
        /// Where a login may lead back to; may be repeated
        #[arg(long = "redirect-uri", value_name = "URI", required = true)]
        redirect_uris: Vec<String>,
        /// The origin of its pages; may be repeated
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// A workspace that it may be used for, by its slug; may be repeated. Without: every one
        #[arg(long = "workspace", value_name = "SLUG")]
        workspaces: Vec<String>,
        /// The claims of its access tokens: sentinel or converged
        #[arg(long, value_name = "NAME", default_value = "sentinel", value_parser = claims)]
        claims: SessionDialect,
    },
    /// List front ends.
    List,
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    match command {
        Command::Create { name, redirect_uris, origins, workspaces, claims } => {
            let mut ids = Vec::new();
            for slug in workspaces {
                ids.push(service.workspace_by_slug(&slug).await?.id);
            }
            let app = NewClientApp {
                name: &name,
                redirect_uris: &redirect_uris,
                allowed_origins: &origins,
                workspaces: &ids,
                dialect: Some(claims),
            };
            let made = service.create_client_app(&ACTOR, &caller(), &app).await?;
            Ok(shown(made))
        }
        Command::List => {
            let (mut all, mut cursor) = (Vec::new(), None);
            loop {
                let page = service.client_apps(None, cursor.as_deref()).await?;
                all.extend(page.rows.into_iter().map(shown));
                let Some(next) = page.next else { return Ok(Value::Array(all)) };
                cursor = Some(next.to_string());
            }
        }
    }
}

fn claims(word: &str) -> Result<SessionDialect, &'static str> {
    SessionDialect::from_word(word).ok_or("claims are sentinel or converged")
}

fn shown(client: Client) -> Value {
    row([
        ("id", client.id.to_string().into()),
        ("name", client.name.into()),
        ("redirect_uris", client.redirect_uris.into()),
        ("allowed_origins", client.allowed_origins.into()),
        ("workspaces", client.workspaces.iter().map(ToString::to_string).collect::<Vec<_>>().into()),
        ("claims", client.dialect.as_str().into()),
        ("is_active", client.is_active.into()),
        ("created_at", time(client.created_at)),
    ])
}
