use sentinel_server::service::service_apps::ServiceAppChange;
use sentinel_server::service::{Error, Service};
use sentinel_storage::Realm;
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make a realm.
    Create {
        /// The scope of its services
        slug: String,
        /// Its name for people
        #[arg(long)]
        name: String,
    },
    /// Put a service into a realm: its scope is the realm's from now on.
    AddService {
        /// The realm's slug
        slug: String,
        /// The service
        service_name: String,
    },
    /// List realms.
    List,
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    match command {
        Command::Create { slug, name } => Ok(shown(service.create_realm(&ACTOR, &caller(), &slug, &name).await?)),
        Command::AddService { slug, service_name } => {
            let realm = service.realm_by_slug(&slug).await?;
            let id = service.service_app_named(&service_name).await?;
            let change = ServiceAppChange { realm_id: Some(Some(realm.id)), ..ServiceAppChange::default() };
            let changed = service.update_service_app(&ACTOR, &caller(), id, &change).await?.service;
            Ok(row([("service_name", changed.service_name.into()), ("scope", changed.scope.into())]))
        }
        Command::List => {
            let (mut all, mut after) = (Vec::new(), String::new());
            loop {
                let page = service.realms(&after, None).await?;
                let Some(last) = page.last() else { return Ok(Value::Array(all)) };
                after.clone_from(&last.slug);
                all.extend(page.into_iter().map(shown));
            }
        }
    }
}

fn shown(realm: Realm) -> Value {
    row([
        ("id", realm.id.to_string().into()),
        ("slug", realm.slug.into()),
        ("name", realm.name.into()),
        ("created_at", time(realm.created_at)),
    ])
}
