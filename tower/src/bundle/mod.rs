//! A signed bundle of policy, held in the service and followed: decisions with no network.
//!
//! - The first answer is a full bundle, then only what changed since the state that is held. Each is verified before it is read:
//!   signature, issuer, audience, scope, time, length and hash.
//! - It is asked for again after [`BundleSettings::max_age`], and at once when the server says that something changed.
//! - While the server cannot be reached, what is held answers until the bundle's own end (`exp`), never longer; then
//!   everything that needs a relation is answered with 503, and by itself no longer once the server is back.
//! - An older bundle than one that was seen is refused; after a restart too, where [`BundleSettings::remember`] names a file.
//!
//! ```no_run
//! use sentinel_tower::bundle::{BundleSettings, FollowedBundle};
//! use sentinel_tower::core::bundle::Scope;
//! use sentinel_tower::{Keys, Sentinel};
//!
//! # async fn serve(sentinel: Sentinel, keys: Keys, key: String) -> Result<(), Box<dyn std::error::Error>> {
//! let server = "https://login.example.com";
//! let workspace = "5f0c6b9e-8d0f-4b39-9a53-0d7c2c1f6f10";
//! let bundle = FollowedBundle::follow(
//!     BundleSettings {
//!         events: Some(format!("{server}/bundles/v1/workspaces/{workspace}/events")),
//!         ..BundleSettings::new(
//!             &format!("{server}/bundles/v1/workspaces/{workspace}/services/notes"),
//!             server,
//!             Scope::workspace(workspace).of_service("notes"),
//!             &key,
//!         )
//!     },
//!     keys,
//! )?;
//! bundle.ready().await?;
//! let layer = sentinel.relations(bundle).layer();
//! # let _ = layer;
//! # Ok(())
//! # }
//! ```

mod events;
mod held;
pub(crate) use held::SERVICE_KEY;
mod memory;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sentinel_core::bundle::{Bounds, Current, Given, Manifest, Scope};
use sentinel_core::{Algorithm, Algorithms, Claims, Error, ErrorCode, Identity};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::fetch::FetchPolicy;
use crate::keys::Keys;
use crate::relations::{ActionQuestion, Answering, RelationQuestion, RelationSource};
use held::Shared;

/// Which bundle is followed, and how.
#[derive(Clone, Debug)]
pub struct BundleSettings {
    /// Where the bundle is.
    pub url: String,
    /// Where the server says that something changed, as server-sent events. Without it only [`Self::max_age`] counts.
    pub events: Option<String>,
    /// Who publishes it (`iss`). Only users of this issuer have relations in it.
    pub issuer: String,
    /// For whom it must be (`aud`): this service's name.
    pub audience: String,
    /// What it must speak of.
    pub scope: Scope,
    /// Which algorithms may sign it.
    pub algorithms: Algorithms,
    /// The service's key, sent in `X-Service-Key`.
    pub key: String,
    /// After how long it is asked for again.
    pub max_age: Duration,
    /// A file that keeps which bundle was seen last, so that an older one is refused after a restart.
    pub remember: Option<PathBuf>,
    /// What a fetch may reach and cost. Its `max_bytes` is the longest bundle.
    pub fetch: FetchPolicy,
    /// What a bundle may take in memory.
    pub bounds: Bounds,
}

impl BundleSettings {
    /// The bundle at this URL by this issuer about this scope, for the service of the scope; signed with RS256, ES256 or EdDSA,
    /// asked for again after five seconds.
    #[must_use]
    pub fn new(url: &str, issuer: &str, scope: Scope, key: &str) -> Self {
        Self {
            url: url.to_owned(),
            events: None,
            issuer: issuer.to_owned(),
            audience: scope.service.clone().unwrap_or_default(),
            scope,
            algorithms: Algorithms::of(&[Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]),
            key: key.to_owned(),
            max_age: Duration::from_secs(5),
            remember: None,
            fetch: FetchPolicy {
                timeout: Duration::from_secs(30),
                max_bytes: Bounds::DEFAULT.body_bytes,
                ..FetchPolicy::default()
            },
            bounds: Bounds::DEFAULT,
        }
    }
}

/// A bundle that is held and followed. Cheap to clone: all clones share one. It is followed until the last is gone.
#[derive(Clone)]
pub struct FollowedBundle {
    tasks: Arc<Tasks>,
}

struct Tasks {
    shared: Arc<Shared>,
    running: Vec<AbortHandle>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.running {
            task.abort();
        }
    }
}

impl FollowedBundle {
    /// Follows a bundle, verified with these keys, from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// `configuration_invalid` for a URL that may not be fetched, a key that cannot stand in a header, or a file that holds
    /// something else than what was written to it.
    pub fn follow(settings: BundleSettings, keys: Keys) -> Result<Self, Error> {
        Self::follow_by(settings, keys, crate::sentinel::system_clock)
    }

    /// The same by another clock than the system's, in seconds since 1970.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub fn follow_by(
        settings: BundleSettings,
        keys: Keys,
        clock: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let changed = Arc::new(Notify::new());
        let (events, fetch) = (settings.events.clone(), settings.fetch);
        let shared = Arc::new(Shared::new(settings, keys, Box::new(clock))?);
        let mut running = Vec::new();
        if let Some(url) = events {
            let listener = events::Listener::new(url, fetch, shared.key(), Arc::clone(&changed))?;
            running.push(tokio::spawn(listener.listen()).abort_handle());
        }
        running.push(tokio::spawn(Arc::clone(&shared).follow(changed)).abort_handle());
        Ok(Self { tasks: Arc::new(Tasks { shared, running }) })
    }

    /// Waits for the end of the first attempt to fetch it.
    ///
    /// # Errors
    /// Where nothing is held then. It is still followed.
    pub async fn ready(&self) -> Result<(), Error> {
        self.tasks.shared.first_attempt().await;
        self.read(|_| Ok(()))
    }

    /// Asks what is held now, e.g. for the objects that somebody has a relation to.
    ///
    /// # Errors
    /// `unavailable` where nothing is held yet, `bundle_stale` where it is past its end; else what `ask` says.
    pub fn read<T>(&self, ask: impl FnOnce(Current<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.tasks.shared.read(|bundle, now| ask(bundle.at(now, None)?))
    }

    /// What the bundle that is held says of itself.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        self.tasks.shared.read(|bundle, _| Ok(bundle.manifest().clone())).ok()
    }

    /// An answer about a caller from what is held, at once. `Ok(false)`: of another workspace.
    fn answer(
        &self,
        identity: &Identity,
        claims: Claims<'_>,
        ask: &dyn Fn(Current<'_>) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let shared = &self.tasks.shared;
        if !shared.realm().admits(identity)? {
            return Ok(false);
        }
        shared.read(|bundle, now| {
            let current = bundle.at(now, None)?;
            // Of a gateway's proof, the gateway has looked.
            if claims.issuer().as_deref() == Some(&*bundle.manifest().issuer) {
                bundle.revocations().check(claims)?;
            }
            ask(current)
        })
    }

    async fn answer_or_wait(
        &self,
        identity: &Identity,
        claims: Claims<'_>,
        ask: &(dyn Fn(Current<'_>) -> Result<bool, Error> + Send + Sync),
    ) -> Result<bool, Error> {
        match self.answer(identity, claims, ask) {
            // Only at the start: the first attempt is under way.
            Err(error) if error.code() == ErrorCode::Unavailable => {
                self.tasks.shared.first_attempt().await;
                self.answer(identity, claims, ask)
            }
            answer => answer,
        }
    }
}

impl RelationSource for FollowedBundle {
    fn has<'a>(&'a self, asked: RelationQuestion<'a>) -> Answering<'a> {
        Box::pin(async move {
            let RelationQuestion { identity, claims, user, relation, object, claimed } = asked;
            let given = Given { tuples: claimed, ..Given::default() };
            self.answer_or_wait(identity, claims, &|current| current.check(object, relation, user, &given)).await
        })
    }

    fn has_action<'a>(&'a self, asked: ActionQuestion<'a>) -> Answering<'a> {
        Box::pin(async move {
            let ActionQuestion { identity, claims, user, action } = asked;
            self.answer_or_wait(identity, claims, &|current| current.has_action(user, action)).await
        })
    }
}

impl std::fmt::Debug for FollowedBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowedBundle").field("manifest", &self.manifest()).finish()
    }
}
