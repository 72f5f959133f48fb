//! A tenant's own identity provider, by SAML 2.0 or OpenID Connect: how it is set up, and how its people log in.
//!
//! INVARIANTS. A provider speaks for its own tenant alone, and for addresses of domains that this tenant has proven; a
//! person there is a person of this tenant's, whatever issuer the provider calls itself; an administrator of the
//! deployment never comes in by it; and a session that came of it opens its tenant and no other.

mod code;
mod configuration;
mod configure;
mod dns;
mod domains;
mod enter;
mod failures;
mod fault;
mod live;
mod login;
mod logout;
#[cfg(feature = "saml")]
mod metadata;
mod oidc;
mod own_page;
mod roles;
#[cfg(feature = "saml")]
mod saml;
mod urls;

pub use configuration::{AttributeMapping, Configuration, NewConfiguration, NewProvider, Provider};
pub use configure::{CertificateView, ConfigurationView, FederationView};
pub use domains::DomainView;
pub use failures::FailureView;
pub use fault::{SsoError, SsoFault};
pub(in crate::service) use live::Live;
pub use login::{Arrived, Leaving, Report, SsoAsk, SsoTarget};
#[cfg(feature = "saml")]
pub use saml::Posted;
pub use urls::Urls;

use sentinel_tower::fetch::FetchPolicy;

use super::Millis;

/// How providers of tenants are reached.
#[derive(Clone, Debug)]
pub struct FederationConfig {
    /// What a URL that a tenant names may reach and cost. Private networks never: they are the operator's.
    pub fetch: FetchPolicy,
    /// Who is asked for the DNS records that prove a domain; none: whom this machine asks.
    pub dns: Vec<std::net::SocketAddr>,
    /// How often a provider's metadata are asked for, in milliseconds.
    pub metadata_every: Millis,
    /// How long a certificate that has left the metadata is still taken, in milliseconds.
    pub metadata_overlap: Millis,
}

impl Default for FederationConfig {
    fn default() -> Self {
        const HOUR: Millis = 60 * 60 * 1000;
        Self { fetch: FetchPolicy::default(), dns: Vec::new(), metadata_every: HOUR, metadata_overlap: 24 * HOUR }
    }
}
