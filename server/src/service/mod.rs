//! The use cases. Nothing here knows HTTP or SQL; every rule of who may do what stands here, once.

pub mod accounts;
mod activity;
pub mod admin_login;
pub mod administration;
mod authenticate;
pub mod bundles;
pub mod client_apps;
mod clock;
mod config;
pub mod converge;
pub mod dialects;
mod directory;
mod error;
pub mod federation;
pub mod group_members;
pub mod groups;
mod input;
mod invitations;
pub mod journey;
pub mod local;
pub mod login;
mod mandate;
pub mod members;
mod operations;
pub mod passwords;
pub mod permissions;
pub mod policy;
mod principal;
mod provision;
mod realm;
pub mod realms;
mod relay;
pub mod resolve;
pub mod revocation;
pub mod roles;
pub mod scim;
pub mod service_apps;
pub mod sessions;
pub mod signing;
pub(crate) mod sliding;
pub mod socket_tickets;
pub mod sso;
pub mod tenant;
mod tokens;
pub mod users;
pub mod webhooks;
pub mod workspaces;

use std::sync::{Arc, OnceLock};

pub use activity::Actor;
pub use clock::Clock;
pub use config::{BundleConfig, Config, Lifetimes, Newcomers, PolicyConfig};
pub use error::{Error, ErrorKind};
pub use principal::{Administrator, Caller, Realm, ServiceApp, TokenKind, User};
use sentinel_idp::Providers;
use sentinel_keys::MasterKey;
use sentinel_storage::Store;
pub use sentinel_storage::{Cursor, Millis, Page, Permission, Visibility, WorkspaceRole};
use uuid::Uuid;

/// Everything that a use case needs. Clones share it.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

/// What a [`Service`] is made of.
pub struct Parts {
    /// Where everything is remembered.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// What seals private keys and other secrets at rest.
    pub master: MasterKey,
    /// Who people log in with.
    pub providers: Providers,
    /// How this deployment is set up.
    pub config: Config,
}

struct Inner {
    store: Store,
    clock: Clock,
    master: Arc<MasterKey>,
    providers: Providers,
    config: Config,
    signing: signing::Signing,
    /// Where newcomers belong, where the settings name a workspace.
    default_workspace: OnceLock<Uuid>,
    policy: policy::Policy,
    bundles: bundles::Bundles,
    hasher: passwords::Hasher,
    webhooks: webhooks::Webhooks,
    federation: federation::Live,
}

impl Service {
    /// The use cases, ready to sign: the keys are loaded, and at the first start made. Spawn
    /// [`Service::follow_keys`] beside it.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where the store cannot be reached, [`ErrorKind::Internal`] where a stored key does
    /// not open under this master key (the source names the key).
    pub async fn new(parts: Parts) -> Result<Self, Error> {
        let Parts { store, clock, master, providers, config } = parts;
        let master = Arc::new(master);
        let signing = signing::Signing::open(&store, &master, &config, clock.now()).await?;
        let default_workspace = OnceLock::new();
        let policy = policy::Policy::default();
        let bundles = bundles::Bundles::default();
        let hasher = passwords::Hasher::new(config.hashing)?;
        let webhooks = webhooks::Webhooks::default();
        let federation = federation::Live::default();
        let inner = Inner {
            store,
            clock,
            master,
            providers,
            config,
            signing,
            default_workspace,
            policy,
            bundles,
            hasher,
            webhooks,
            federation,
        };
        let service = Self { inner: Arc::new(inner) };
        service.bind_default_workspace().await?;
        Ok(service)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Milliseconds since 1970 UTC, by the one clock.
    pub(crate) fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    /// How this deployment is set up.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// What is kept of policy.
    fn policy(&self) -> &policy::Policy {
        &self.inner.policy
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.inner.providers
    }
}
