use sentinel_server::service::service_apps::{NewServiceApp, RegisteredService, ServiceAppChange};
use sentinel_server::service::{Error, Service};
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Register a service. Its key is printed this once.
    Create {
        /// What tokens, actions and resources are named by
        service_name: String,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
        /// An origin whose browsers may resolve tokens for it; may be repeated
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// A client id whose identity provider's tokens it takes, and no others; may be repeated
        #[arg(long = "audience", value_name = "CLIENT_ID")]
        audiences: Vec<String>,
        /// A page that a GitHub login of its front ends may lead back to; may be repeated
        #[arg(long = "relay-redirect-uri", value_name = "URL")]
        relay_redirect_uris: Vec<String>,
        /// The slug of the realm that it joins
        #[arg(long, value_name = "SLUG")]
        realm: Option<String>,
        /// Which policy stores its keys open: all, store:ID or workspace:SLUG
        #[arg(long, value_name = "STORES")]
        policy: Option<String>,
        /// Which bundles its keys open, and no store: its own of all, or of workspace:SLUG; SERVICE/all or
        /// SERVICE/workspace:SLUG of another service's; several with commas
        #[arg(long, value_name = "BUNDLES")]
        bundles: Option<String>,
    },
    /// Say which bundles a service's keys open, whatever stores they open.
    Bundles {
        /// The service
        service_name: String,
        /// none; its own of all, or of workspace:SLUG; SERVICE/all or SERVICE/workspace:SLUG; several with commas
        bundles: String,
    },
    /// Say which policy stores a service's keys open.
    Policy {
        /// The service
        service_name: String,
        /// all, none, store:ID or workspace:SLUG
        stores: String,
    },
    /// Change a service. What is named takes the place of what was there; what is not, stays.
    Update {
        /// The service
        service_name: String,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
        /// An origin whose browsers may resolve tokens for it; may be repeated
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// A client id whose identity provider's tokens it takes, and no others; may be repeated
        #[arg(long = "audience", value_name = "CLIENT_ID")]
        audiences: Vec<String>,
        /// Take the tokens of every client id of the deployment again
        #[arg(long, conflicts_with = "audiences")]
        any_audience: bool,
        /// A page that a GitHub login of its front ends may lead back to; may be repeated
        #[arg(long = "relay-redirect-uri", value_name = "URL")]
        relay_redirect_uris: Vec<String>,
    },
    /// Give a service a new key, printed this once.
    RotateKey {
        /// The service
        service_name: String,
        /// How long the keys before it open still
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        grace: u64,
    },
    /// List services.
    List,
    /// Shut a service out: its keys and origins open nothing from now on.
    Deactivate {
        /// The service
        service_name: String,
    },
    /// Let a service in again.
    Activate {
        /// The service
        service_name: String,
    },
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    match command {
        Command::Create { service_name, name, origins, audiences, relay_redirect_uris, realm, policy, bundles } => {
            let new = NewServiceApp {
                service_name: &service_name,
                name: name.as_deref(),
                allowed_origins: &origins,
                idp_audiences: &audiences,
                relay_redirect_uris: &relay_redirect_uris,
                realm: realm.as_deref(),
                stores: policy.as_deref(),
                bundles: bundles.as_deref(),
            };
            let (made, key) = service.create_service_app(&ACTOR, &caller(), &new).await?;
            Ok(with_key(made, &key.key))
        }
        Command::Bundles { service_name, bundles } => {
            let id = service.service_app_named(&service_name).await?;
            service.set_bundle_access(&ACTOR, &caller(), id, &bundles).await?;
            Ok(row([("service_name", service_name.into()), ("bundles", service.bundle_access(id).await?.into())]))
        }
        Command::Policy { service_name, stores } => {
            let id = service.service_app_named(&service_name).await?;
            service.set_policy_access(&ACTOR, &caller(), id, &stores).await?;
            Ok(row([("service_name", service_name.into()), ("policy", service.policy_access(id).await?.into())]))
        }
        Command::Update { service_name, name, origins, audiences, any_audience, relay_redirect_uris } => {
            let id = service.service_app_named(&service_name).await?;
            let named = |list| Some(list).filter(|list: &&[String]| !list.is_empty());
            let change = ServiceAppChange {
                name: name.as_deref(),
                allowed_origins: named(&origins),
                idp_audiences: if any_audience { Some(&[]) } else { named(&audiences) },
                relay_redirect_uris: named(&relay_redirect_uris),
                ..ServiceAppChange::default()
            };
            Ok(shown(service.update_service_app(&ACTOR, &caller(), id, &change).await?))
        }
        Command::RotateKey { service_name, grace } => {
            let id = service.service_app_named(&service_name).await?;
            let (rotated, key) = service.rotate_service_app_key(&ACTOR, &caller(), id, grace).await?;
            Ok(with_key(rotated, &key.key))
        }
        Command::List => list(service).await,
        Command::Deactivate { service_name } => active(service, &service_name, false).await,
        Command::Activate { service_name } => active(service, &service_name, true).await,
    }
}

async fn active(service: &Service, name: &str, is_active: bool) -> Result<Value, Error> {
    let id = service.service_app_named(name).await?;
    let change = ServiceAppChange { is_active: Some(is_active), ..ServiceAppChange::default() };
    Ok(shown(service.update_service_app(&ACTOR, &caller(), id, &change).await?))
}

async fn list(service: &Service) -> Result<Value, Error> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = service.service_apps(&after, None).await?;
        let Some(last) = page.last() else { return Ok(Value::Array(all)) };
        after.clone_from(&last.service.service_name);
        all.extend(page.into_iter().map(shown));
    }
}

fn with_key(service: RegisteredService, key: &str) -> Value {
    let mut shown = shown(service);
    if let Some(members) = shown.as_object_mut() {
        members.insert("key".to_owned(), key.into());
    }
    shown
}

fn shown(RegisteredService { service, keys }: RegisteredService) -> Value {
    row([
        ("id", service.id.to_string().into()),
        ("service_name", service.service_name.into()),
        ("name", service.name.into()),
        ("scope", service.scope.into()),
        ("realm", service.realm_slug.into()),
        ("allowed_origins", service.allowed_origins.into()),
        ("idp_audiences", service.idp_audiences.into()),
        ("relay_redirect_uris", service.relay_redirect_uris.into()),
        ("is_active", service.is_active.into()),
        ("keys", keys.iter().map(|key| key.prefix.as_str()).collect::<Vec<_>>().into()),
        ("created_at", time(service.created_at)),
    ])
}
