//! SAML 2.0 as a service provider: what is asked, and how the answer is judged.
//!
//! A pure library: no network, no database, no clock. The rule that everything here serves: **what is read was covered
//! by a signature**. A signature is verified over canonical octets, and then these octets are parsed, and nothing else
//! is read (`docs/decisions/saml.md`).
//!
//! ```
//! use sentinel_idp::saml::{Expected, IdpMetadata, MetadataOptions, ServiceProvider, SpConfig, SpKey, self_signed};
//!
//! # fn start(metadata: &[u8], response: &str, now: i64) -> Result<(), Box<dyn std::error::Error>> {
//! let key = SpKey::generate()?;
//! let key = SpKey::new(&key, &self_signed(&key, "sentinel.example.com", now, now + 10 * 31_536_000)?)?;
//! let sp = ServiceProvider::new(SpConfig {
//!     entity_id: "https://sentinel.example.com/saml/42".into(),
//!     acs_url: "https://sentinel.example.com/saml/42/acs".into(),
//!     signing: key.clone(),
//!     decryption: vec![key],
//! })?;
//! let options = MetadataOptions { expected_entity: None, now, trusted: &[], loopback_http: false };
//! let idp = IdpMetadata::parse(metadata, &options)?;
//!
//! let request = sp.redirect_request(&idp, "relay state", now)?;
//! // Keep `request.id` for this browser, send it to `request.url`; what it brings back in `SAMLResponse`:
//! let expected = Expected { request_id: &request.id, now, skew: 60, allow_expired_certificate: false };
//! let assertion = sp.judge(&idp, response, &expected)?;
//! println!("{} {}", assertion.issuer, assertion.subject(None)?);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod assertion;
mod c14n;
mod certificate;
mod decrypt;
mod encoding;
mod envelope;
mod error;
mod fault;
mod gate;
mod instant;
mod judge;
mod key;
mod metadata;
mod names;
mod request;
mod sign;
mod signature;
mod sp;
mod statements;
mod xml;

#[cfg(test)]
mod metadata_tests;
#[cfg(test)]
mod request_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use assertion::Assertion;
pub use certificate::PinnedCertificate;
pub use error::{MetadataFault, SamlError};
pub use fault::SamlFault;
pub use judge::Expected;
pub use key::{SpKey, self_signed};
pub use metadata::{IdpMetadata, MetadataOptions};
pub use request::{PostRequest, RedirectRequest};
pub use sp::{ServiceProvider, SpConfig};
