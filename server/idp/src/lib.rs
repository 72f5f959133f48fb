//! Identity providers as the Sentinel server meets them: OpenID Connect and GitHub.
//!
//! A login leaves with [`Providers::start`] and comes back to [`Providers::finish`]; a token that a front end got by
//! itself is judged by [`Providers::verify_token`]. Either way what comes out is a [`ProvenIdentity`]: who it is is
//! `(issuer, subject)`, and an e-mail address counts as verified only where this provider's word is proof.
//!
//! ```no_run
//! use sentinel_idp::{Callback, ProviderConfig, Providers};
//! use sentinel_tower::fetch::FetchPolicy;
//!
//! # async fn login(code: &str, state: &str, iss: Option<&str>) -> Result<(), sentinel_idp::IdpError> {
//! let google = ProviderConfig::google("client-id", "client-secret".into());
//! let providers = Providers::new([google], FetchPolicy::default())?;
//!
//! let login = providers.start("google", "https://sentinel.example.com/auth/callback/google").await?;
//! // Keep `login.secrets` for this browser alone, send it to `login.url`; when it comes back:
//! let person = providers.finish("google", &login.secrets, &Callback { code, state, iss }).await?;
//! println!("{} {}", person.issuer, person.subject);
//! # Ok(())
//! # }
//! ```
//!
//! Every request goes through the one bounded client of [`sentinel_tower::fetch`]; every ID token is verified by
//! [`sentinel_core`]. Nothing here knows a database or a web framework, and no error holds a token or a secret.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod config;
mod error;
mod github;
mod identity;
mod login;
mod oidc;
mod providers;
mod recent;
mod remote;
#[cfg(feature = "saml")]
pub mod saml;
mod tenant;

pub use config::{ProviderConfig, ProviderKind};
pub use error::{IdpError, LoginFault};
pub use identity::ProvenIdentity;
pub use login::{Callback, Login, LoginSecrets};
pub use providers::Providers;
pub use tenant::{LogoutToken, TenantLogin, TenantProvider, issuer_of};
