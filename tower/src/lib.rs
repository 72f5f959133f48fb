//! Authentication and authorization for Rust web services: a tower layer that
//! admits only requests whose token [`sentinel_core`] accepts, and axum
//! extractors that say who sent them.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use sentinel_tower::core::{Algorithm, Algorithms, Expected, Verifier};
//! use sentinel_tower::{Identity, Keys, RequireRole, Sentinel, role::Editor};
//!
//! async fn list(user: Identity) -> String {
//!     format!("the documents of {:?}", user.workspace_id())
//! }
//!
//! async fn create(user: RequireRole<Editor>) -> String {
//!     format!("a new document of {}", user.user_id())
//! }
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new(
//!     Expected::exactly("https://sentinel.example.com"),
//!     Expected::exactly("sentinel:access"),
//!     Algorithms::of(&[Algorithm::Rs256]),
//! );
//! let keys = Keys::jwks_url("https://sentinel.example.com/.well-known/jwks.json")?;
//! // or Keys::pem_file("keys/public.pem", Algorithm::Rs256)?
//!
//! let sentinel = Sentinel::new(verifier, keys)
//!     .exclude_paths(["/health", "/docs", "/openapi.json"])?
//!     .allowed_workspaces(["2f1e8c1a-6f8e-4a53-9d6c-0b5a7f1c9e11"]);
//!
//! let app: Router = Router::new()
//!     .route("/health", get(|| async { "ok" }))
//!     .route("/documents", get(list).post(create))
//!     .layer(sentinel.layer());
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! - No token, or one that is refused: 401 with `WWW-Authenticate` (RFC 6750)
//!   and a problem document (RFC 9457) whose `code` is one of core's. A caller who
//!   may not: 403 with the decision's `reason`. Keys that cannot be had: 503.
//! - [`Sentinel::pair`] takes two tokens a request: the identity provider's, and
//!   Sentinel's in `X-Authz-Token`, bound to each other.
//! - [`Sentinel::behind`] takes a gateway's word, proven request by request, and refuses who comes around it.
//! - [`Sentinel::policy`] lets route rules decide instead of "every path needs a token".
//! - [`Sentinel::relations`] says where rules and handlers ask for relations: a signed [`bundle`] that is held here and
//!   followed, or the server. What cannot be told is answered with 503.
//! - [`current()`] is the caller wherever a handler's code is, also in tasks that [`spawn`] starts; `workspace_dir` is the caller's folder, `websocket` a
//!   socket whose first message is the token.
//! - An extractor on a route that no layer protects answers 500 and says so in the log.
//!
//! Features: `axum` (the extractors), `http-client` (key sets by URL) and `tasks` (`spawn`), all
//! on; `files` and `websocket`. Without `axum` this is a layer for any tower service over `http`, whose caller is [`Identity::of`] a request.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bearer;
#[cfg(feature = "http-client")]
pub mod bundle;
pub mod current;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "http-client")]
pub mod fetch;
mod identity;
#[cfg(feature = "http-client")]
pub mod jwks;
mod keys;
mod layer;
mod refusal;
mod relations;
#[cfg(feature = "http-client")]
mod revocations;
mod sentinel;
#[cfg(feature = "websocket")]
pub mod websocket;
#[cfg(feature = "files")]
pub mod workspace_dir;

pub use sentinel_core as core;

pub use bearer::AUTHZ_TOKEN;
pub use current::{Actor, System, actor, carry, current};
#[cfg(feature = "tasks")]
pub use current::{spawn, spawn_blocking};
#[cfg(feature = "axum")]
pub use extract::{ActionName, RequireAction, RequireRole, Role, role};
pub use identity::Identity;
pub use keys::{Keys, KeysError};
pub use layer::{SentinelLayer, SentinelService};
pub use refusal::{Refusal, Rejection, Which};
pub use relations::{ActionQuestion, Answering, RelationQuestion, RelationSource, Relations};
#[cfg(feature = "http-client")]
pub use relations::{Dialect, ServerRelations, ServerSettings};
#[cfg(feature = "http-client")]
pub use revocations::{FollowedRevocations, RevocationSettings};
pub use sentinel::Sentinel;

/// The guide's examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/rust-services.md")]
pub struct RustServices;

/// The guide's examples, run as tests.
#[cfg(all(doctest, feature = "files", feature = "websocket"))]
#[doc = include_str!("../../docs/guide/user-files.md")]
pub struct FilesAndTasks;

/// The guide's examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/gateway.md")]
pub struct BehindAGateway;
