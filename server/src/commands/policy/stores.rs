//! `sentinel store` and `sentinel model write|read`: a deployment's stores and their models, also while its server runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_server::service::policy::{Author, PolicyError, PolicyStore};
use sentinel_server::service::{Error, Service};
use serde_json::{Value, json};

use super::model::{self, Rules};
use super::text::{Folder, Mistake};
use super::{Answer, format, store};
use crate::commands::data::{self, caller, row, time};
use crate::outcome::Failure;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a store. A workspace has its own from the beginning.
    Create {
        /// Its name: 3 to 64 letters, digits and . - / ^ _ & @ or spaces
        name: String,
    },
    /// List stores.
    List,
    /// Delete a store with its models and tuples.
    Delete {
        /// Its id
        id: String,
    },
}

/// Which store.
#[derive(Args)]
pub(crate) struct Which {
    /// The store's id
    #[arg(long, value_name = "ID", required_unless_present = "workspace", conflicts_with = "workspace")]
    store: Option<String>,
    /// The slug of the workspace whose store it is
    #[arg(long, value_name = "SLUG")]
    workspace: Option<String>,
}

impl Which {
    pub(super) async fn open(&self, service: &Service) -> Result<PolicyStore, PolicyError> {
        match (&self.store, &self.workspace) {
            (Some(id), _) => service.any_store(id).await,
            (None, slug) => service.store_of_workspace(slug.as_deref().unwrap_or_default()).await,
        }
    }
}

#[derive(Args)]
pub(crate) struct WriteArgs {
    /// The model: .fga, .json, fga.mod, or a store file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    which: Which,
    /// The model's id; without it the latest
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

/// What OpenFGA's API would answer, as the other commands fail.
pub(super) fn plain(error: PolicyError) -> Error {
    match error {
        PolicyError::Failed(error) => error,
        PolicyError::Refused { message, .. } => Error::invalid(message),
    }
}

pub(super) fn run(config: Option<PathBuf>, command: Command) -> Result<Value, Failure> {
    data::with_service(config, async |service| run_on(service, command).await.map_err(plain))
}

async fn run_on(service: &Service, command: Command) -> Result<Value, PolicyError> {
    match command {
        Command::Create { name } => Ok(shown(&service.make_store(&caller(), &name).await?)),
        Command::List => Ok(Value::Array(service.all_stores().await?.iter().map(shown).collect())),
        Command::Delete { id } => {
            service.delete_any_store(&caller(), &id).await?;
            Ok(row([("ok", true.into())]))
        }
    }
}

fn shown(store: &PolicyStore) -> Value {
    row([
        ("id", store.id.as_str().into()),
        ("name", store.name.as_str().into()),
        ("workspace_id", store.workspace_id.map(|id| id.to_string()).into()),
        ("tuples", store.tuple_count.into()),
        ("revision", store.revision.into()),
        ("created_at", time(store.created_at)),
    ])
}

/// Reads the model before the database is opened: a mistake has its place.
pub(super) fn write_model(config: Option<PathBuf>, args: &WriteArgs) -> Result<Answer, Failure> {
    let read = if super::ask::is_store_file(&args.file) {
        store::of_file(&args.file, false, Rules::Server).and_then(|file| {
            let name = args.file.display().to_string();
            file.model.ok_or_else(|| Mistake::of_file(&name, "there is no `model` and no `model_file`").into())
        })
    } else {
        model::of_file(&args.file, &Folder::of(&args.file, false), Rules::Server)
    };
    let source = match read {
        Ok(model) => model.source,
        Err(mistakes) => return Ok(Answer::mistaken(2, mistakes)),
    };
    let written = data::with_service(config, async |service| {
        let document: Value = serde_json::from_str(&source.to_json()).map_err(Error::internal)?;
        let store = args.which.open(service).await.map_err(plain)?;
        let id = service.write_model(Author::System, &caller(), &store, document).await.map_err(plain)?;
        Ok(row([("store", store.id.into()), ("model", id.into())]))
    })?;
    Ok(Answer { status: 0, text: data::shown(&written), json: written, mistakes: Vec::new() })
}

/// Prints a model in OpenFGA's language; as JSON its JSON form.
pub(super) fn read_model(config: Option<PathBuf>, args: &ReadArgs) -> Result<Answer, Failure> {
    let document = data::with_service(config, async |service| {
        let read = async {
            let store = args.which.open(service).await?;
            let id = service.model(&store, args.id.as_deref()).await?.id.clone();
            service.read_model(&store, &id).await
        };
        read.await.map_err(plain)
    })?;
    let mut bare = document.clone();
    if let Some(members) = bare.as_object_mut() {
        members.remove("id");
    }
    let source = AuthorizationModel::from_json(bare.to_string().as_bytes());
    let text = source.and_then(|source| source.to_dsl().map(|text| text.trim_end().to_owned()));
    // What the language has no words for is printed as JSON.
    let text = text.unwrap_or_else(|_| format::indented(&bare.to_string()));
    Ok(Answer { status: 0, text, json: json!(document), mistakes: Vec::new() })
}
