//! What a tenant says of its provider, checked. It is stored as JSON, without the secret.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Host;

use super::SsoError;
use crate::service::dialects::TenantRole;

/// Longest name or value of an attribute.
const NAME: usize = 512;
/// Longest URL, entity id and client id.
const TEXT: usize = 1024;
/// Most values with a role.
const VALUES: usize = 500;
/// Longest metadata that are uploaded, in bytes.
pub(super) const METADATA: usize = 512 * 1024;

/// Which attributes say what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeMapping {
    /// The address; without it `email` (OpenID Connect). `NameID` names SAML's.
    pub email: Option<String>,
    /// The role, or groups; may have several values.
    pub role: Option<String>,
    /// A name to show.
    pub name: Option<String>,
    /// SAML: what names the person for good, where the NameID does not.
    pub subject: Option<String>,
}

impl AttributeMapping {
    pub(super) fn email(&self) -> &str {
        self.email.as_deref().unwrap_or("email")
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("name")
    }
}

/// Who the provider is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "lowercase")]
pub enum Provider {
    /// SAML 2.0.
    Saml2 {
        /// Where its metadata are; none: they were uploaded.
        metadata_url: Option<String>,
        /// Its name.
        entity_id: String,
    },
    /// OpenID Connect.
    Oidc {
        /// Its name.
        issuer: String,
        /// Our client id there.
        client_id: String,
    },
}

impl Provider {
    /// The provider's own name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        match self {
            Self::Saml2 { entity_id, .. } => entity_id,
            Self::Oidc { issuer, .. } => issuer,
        }
    }
}

/// A configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Who the provider is.
    pub provider: Provider,
    /// Which attributes say what.
    pub attribute_mapping: AttributeMapping,
    /// What a value of the role attribute makes of someone. Empty: the roles stand for themselves.
    pub role_mapping: BTreeMap<String, TenantRole>,
    /// What someone is whom no value makes anything; none: such people do not come in.
    pub default_role: Option<TenantRole>,
    /// What the provider makes of people at most.
    pub max_role: TenantRole,
    /// An owner of the tenant set it up: only then its provider speaks for owners, too.
    pub by_owner: bool,
}

/// Who the provider is, as a tenant says it.
#[derive(Debug)]
pub enum NewProvider {
    /// SAML 2.0: one of the two.
    Saml2 {
        /// Where the metadata are.
        metadata_url: Option<String>,
        /// The metadata themselves.
        metadata_xml: Option<String>,
        /// Which provider is meant, where the metadata have several.
        entity_id: Option<String>,
    },
    /// OpenID Connect: one of the first two.
    Oidc {
        /// Its issuer.
        issuer: Option<String>,
        /// Where its discovery document is.
        discovery_url: Option<String>,
        /// Our client id there.
        client_id: String,
        /// Our secret there; none: PKCE alone protects the client.
        client_secret: Option<SecretString>,
    },
}

/// A configuration as a tenant says it.
#[derive(Debug)]
pub struct NewConfiguration {
    /// Who the provider is.
    pub provider: NewProvider,
    /// Which attributes say what.
    pub attribute_mapping: AttributeMapping,
    /// What a value of the role attribute makes of someone.
    pub role_mapping: BTreeMap<String, TenantRole>,
    /// What someone is whom no value makes anything.
    pub default_role: Option<TenantRole>,
    /// What the provider makes of people at most.
    pub max_role: TenantRole,
}

impl NewConfiguration {
    /// What cannot be, whatever the provider answers.
    pub(super) fn check(&self) -> Result<(), SsoError> {
        let AttributeMapping { email, role, name, subject } = &self.attribute_mapping;
        let names = [email, role, name, subject].into_iter().flatten().chain(self.role_mapping.keys());
        if names.clone().any(|name| name.is_empty() || name.len() > NAME || name.chars().any(char::is_control)) {
            return Err(SsoError::invalid(format!("attributes and values have 1 to {NAME} characters")));
        }
        if self.role_mapping.len() > VALUES {
            return Err(SsoError::invalid(format!("role_mapping has at most {VALUES} values")));
        }
        match &self.provider {
            NewProvider::Saml2 { metadata_url, metadata_xml, entity_id } => {
                if metadata_url.is_some() == metadata_xml.is_some() {
                    return Err(SsoError::invalid("saml2 needs metadata_url or metadata_xml, one of them"));
                }
                if email.is_none() {
                    return Err(SsoError::invalid(
                        "saml2 needs attribute_mapping.email: an attribute's name, or NameID",
                    ));
                }
                if metadata_xml.as_ref().is_some_and(|xml| xml.len() > METADATA) {
                    return Err(SsoError::invalid(format!("metadata_xml has at most {METADATA} bytes")));
                }
                short([metadata_url, entity_id])
            }
            NewProvider::Oidc { issuer, discovery_url, client_id, client_secret } => {
                use secrecy::ExposeSecret as _;
                if issuer.is_some() == discovery_url.is_some() {
                    return Err(SsoError::invalid("oidc needs issuer or discovery_url, one of them"));
                }
                if client_id.is_empty()
                    || client_secret.as_ref().is_some_and(|secret| secret.expose_secret().is_empty())
                {
                    return Err(SsoError::invalid("client_id and client_secret must not be empty"));
                }
                if client_secret.as_ref().is_some_and(|secret| secret.expose_secret().len() > TEXT) {
                    return Err(SsoError::invalid(format!("client_secret has at most {TEXT} characters")));
                }
                short([issuer, discovery_url, &Some(client_id.clone())])
            }
        }
    }
}

fn short<const N: usize>(texts: [&Option<String>; N]) -> Result<(), SsoError> {
    if texts
        .into_iter()
        .flatten()
        .any(|text| text.is_empty() || text.len() > TEXT || text.chars().any(char::is_control))
    {
        return Err(SsoError::invalid(format!("URLs, issuers and ids have 1 to {TEXT} characters")));
    }
    Ok(())
}

/// A domain as it is compared: in lower case, international ones in ASCII (IDNA). None for what is no domain of several
/// labels.
pub(super) fn domain(text: &str) -> Option<String> {
    if text.len() > 253 || text.ends_with('.') || text.contains(['/', '@', ':', '%', '*', '_', ' ']) {
        return None;
    }
    match Host::parse(text).ok()? {
        // No label is empty (RFC 1035 §2.3.1).
        Host::Domain(domain) if domain.contains('.') && domain.len() <= 253 => {
            (!domain.split('.').any(str::is_empty)).then_some(domain)
        }
        _ => None,
    }
}

/// The domain of an address: what stands behind its only `@`. International ones as providers send them, in ASCII: other
/// letters could look like a domain, and be compared as another address.
pub(super) fn domain_of(email: &str) -> Option<String> {
    let (local, rest) = email.split_once('@')?;
    (!local.is_empty() && !rest.contains('@') && rest.is_ascii()).then(|| domain(rest))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_spelling() {
        for (text, is) in [
            ("firm.example", Some("firm.example")),
            ("FIRM.Example", Some("firm.example")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("firm", None),
            ("firm.example.", None),
            ("127.0.0.1", None),
            ("0x7f.1", None),
            ("[::1]", None),
            ("", None),
            (".", None),
            ("a..b", None),
            ("*.firm.example", None),
            ("firm.example/x", None),
            ("firm example.test", None),
            ("fi%72m.example", None),
        ] {
            assert_eq!(domain(text).as_deref(), is, "{text}");
        }
    }

    #[test]
    fn an_address_has_one_domain() {
        assert_eq!(domain_of("ada@Firm.Example").as_deref(), Some("firm.example"));
        for none in
            ["ada", "@firm.example", "ada@", "a@b@firm.example", "ada@firm", "ada@firm.example.", "ada@ｆirm.example"]
        {
            assert_eq!(domain_of(none), None, "{none}");
        }
    }
}
