//! Commands on the data of a deployment, also while its server runs. They ask the same use cases as the HTTP routes do.

mod client;
mod password;
mod realm;
mod scim;
mod service;
mod sso;
mod user;
mod webhook;
mod workspace;

use std::path::PathBuf;

use sentinel_server::service::{Actor, Caller, Clock, Error, Service};
use serde_json::{Map, Value};

use super::open;
use crate::outcome::Failure;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// People's accounts.
    #[command(subcommand)]
    User(user::Command),
    /// Passwords of the tenant API.
    #[command(subcommand)]
    Password(password::Command),
    /// Workspaces and their members.
    #[command(subcommand)]
    Workspace(workspace::Command),
    /// Services and their keys.
    #[command(subcommand)]
    Service(service::Command),
    /// Front ends of proxy mode.
    #[command(subcommand)]
    Client(client::Command),
    /// Services that share one scope.
    #[command(subcommand)]
    Realm(realm::Command),
    /// Who is told what changed.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Services that provision a workspace's people.
    #[command(subcommand)]
    Scim(scim::Command),
    /// Tenants' own identity providers.
    #[command(subcommand)]
    Sso(sso::Command),
}

/// Who the activity log says it was: whoever may run this program on the data.
pub(crate) const ACTOR: Actor = Actor::System;

pub(crate) fn run(config: Option<PathBuf>, command: Command) -> Result<Value, Failure> {
    with_service(config, async |service| match command {
        Command::User(command) => user::run(service, command).await,
        Command::Password(command) => password::run(service, command).await,
        Command::Workspace(command) => workspace::run(service, command).await,
        Command::Service(command) => service::run(service, command).await,
        Command::Client(command) => client::run(service, command).await,
        Command::Realm(command) => realm::run(service, command).await,
        Command::Webhook(command) => webhook::run(service, command).await,
        Command::Scim(command) => scim::run(service, command).await,
        Command::Sso(command) => sso::run(service, command).await,
    })
}

/// Does something with the use cases over the deployment's data.
pub(crate) fn with_service(
    config: Option<PathBuf>,
    work: impl AsyncFnOnce(&Service) -> Result<Value, Error>,
) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    block_on(async {
        let opened = open::open(&settings, Clock::system().now()).await?;
        let base_url = open::base_url(&settings, settings.service_port);
        let service = open::service(&settings, opened, &base_url).await?;
        let answer = work(&service).await;
        service.close().await;
        answer.map_err(|error| super::failure(&error))
    })
}

/// Waits for it: these commands do one thing.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|why| Failure::unavailable("the runtime", why))?.block_on(work)
}

/// The one who called, as far as a terminal tells.
pub(crate) fn caller() -> Caller {
    Caller::default()
}

/// A row of an answer.
pub(crate) fn row<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A time as the HTTP answers have it.
pub(crate) fn time(millis: i64) -> Value {
    let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into()
}

/// An answer for people: a line for each member, a table for a list.
pub(crate) fn shown(answer: &Value) -> String {
    match answer {
        Value::Array(rows) => table(rows),
        Value::Object(members) => {
            let width = members.keys().map(|name| name.chars().count()).max().unwrap_or_default();
            let lines = members.iter().map(|(name, value)| format!("{name:width$}  {}", cell(value)));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => cell(other),
    }
}

fn table(rows: &[Value]) -> String {
    let empty = Map::new();
    let Some(first) = rows.first().and_then(Value::as_object) else { return "none".to_owned() };
    let names: Vec<&String> = first.keys().collect();
    let mut lines: Vec<Vec<String>> = vec![names.iter().map(|name| name.to_uppercase()).collect()];
    for row in rows {
        let row = row.as_object().unwrap_or(&empty);
        lines.push(names.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect());
    }
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..names.len()).map(|column| width(column).unwrap_or_default()).collect();
    let lines = lines.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
