//! The service provider: who we are to a provider.

use aws_lc_rs::digest::{SHA256, digest};
use url::Url;

use super::encoding::hex;
use super::judge::{self, Expected};
use super::names::{BINDING_POST, DS, MD, PROTOCOL};
use super::request::{self, PostRequest, RedirectRequest};
use super::sign::{enveloped, key_info};
use super::xml::escaped;
use super::{Assertion, IdpMetadata, SamlError, SamlFault, SpKey, instant};

/// Characters of an entity id (SAML metadata, section 2.2.1) and of an address.
const NAME: usize = 1024;

/// Who we are to a provider.
#[derive(Clone, Debug)]
pub struct SpConfig {
    /// Our entity id: the audience of what is meant for us. Another one for each connection.
    pub entity_id: String,
    /// The address of our assertion consumer service, as it stands in our metadata.
    pub acs_url: String,
    /// Signs our requests and our metadata.
    pub signing: SpKey,
    /// Open what is encrypted for us, the newest first. The signing key may be among them.
    pub decryption: Vec<SpKey>,
}

/// The service provider: asks, and judges the answers.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    config: SpConfig,
}

impl ServiceProvider {
    /// Takes a configuration.
    ///
    /// # Errors
    /// [`SamlError::Configuration`] if the entity id is empty, too long or no text, or the consumer service is no http
    /// or https URL.
    pub fn new(config: SpConfig) -> Result<Self, SamlError> {
        let named = |text: &str| !text.trim().is_empty() && text.len() <= NAME && !text.chars().any(char::is_control);
        let address = Url::parse(&config.acs_url).map_err(|_| SamlError::Configuration)?;
        let reached = matches!(address.scheme(), "http" | "https") && address.fragment().is_none();
        if named(&config.entity_id) && named(&config.acs_url) && reached {
            Ok(Self { config })
        } else {
            Err(SamlError::Configuration)
        }
    }

    /// Our metadata, signed by our own key, for an administrator to give to the provider.
    ///
    /// # Errors
    /// [`SamlError::Signing`], or [`SamlError::Configuration`] for a time that is none.
    pub fn metadata_xml(&self, valid_until: Option<i64>) -> Result<String, SamlError> {
        let SpConfig { entity_id, acs_url, signing, decryption } = &self.config;
        let id = hex(digest(&SHA256, format!("{entity_id}\n{acs_url}").as_bytes()).as_ref());
        let until = match valid_until {
            None => String::new(),
            Some(at) => format!(" validUntil=\"{}\"", instant::format(at).ok_or(SamlError::Configuration)?),
        };
        let before =
            format!("<md:EntityDescriptor xmlns:md=\"{MD}\" ID=\"_{id}\" entityID=\"{}\"{until}>", escaped(entity_id));
        let encryption: String = decryption
            .iter()
            .map(|key| {
                format!(
                    "<md:KeyDescriptor use=\"encryption\">{}\
                     <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
                     <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\
                     <md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\
                     </md:KeyDescriptor>",
                    declared(key)
                )
            })
            .collect();
        let after = format!(
            "<md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\" \
             protocolSupportEnumeration=\"{PROTOCOL}\"><md:KeyDescriptor use=\"signing\">{}</md:KeyDescriptor>{encryption}\
             <md:AssertionConsumerService Binding=\"{BINDING_POST}\" Location=\"{}\" index=\"0\" isDefault=\"true\"/>\
             </md:SPSSODescriptor></md:EntityDescriptor>",
            declared(signing),
            escaped(acs_url),
        );
        enveloped(&before, &after, &format!("_{id}"), signing)
    }

    /// A signed request for the redirect binding. `relay_state` comes back as it is; it is no secret.
    ///
    /// # Errors
    /// [`SamlError::NoEndpoint`], [`SamlError::RelayState`], [`SamlError::Signing`].
    pub fn redirect_request(
        &self,
        idp: &IdpMetadata,
        relay_state: &str,
        now: i64,
    ) -> Result<RedirectRequest, SamlError> {
        request::redirect(self, idp, relay_state, now)
    }

    /// A signed request for the POST binding.
    ///
    /// # Errors
    /// As [`Self::redirect_request`].
    pub fn post_request(&self, idp: &IdpMetadata, relay_state: &str, now: i64) -> Result<PostRequest, SamlError> {
        request::post(self, idp, relay_state, now)
    }

    /// Judges the form field `SAMLResponse`. What comes back is covered by a signature of one of the provider's pinned
    /// keys, to the last word. Whether it was used before is the caller's to know.
    ///
    /// # Errors
    /// A [`SamlFault`]: the first thing that is wrong.
    pub fn judge(
        &self,
        idp: &IdpMetadata,
        saml_response: &str,
        expected: &Expected<'_>,
    ) -> Result<Assertion, SamlFault> {
        judge::judge(self, idp, saml_response, expected)
    }

    /// Our entity id.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.config.entity_id
    }

    /// The address of our assertion consumer service.
    #[must_use]
    pub fn acs_url(&self) -> &str {
        &self.config.acs_url
    }

    pub(super) fn signing(&self) -> &SpKey {
        &self.config.signing
    }

    pub(super) fn decryption(&self) -> &[SpKey] {
        &self.config.decryption
    }
}

/// The `KeyInfo` of a key with the prefix that it uses.
fn declared(key: &SpKey) -> String {
    key_info(key).replacen("<ds:KeyInfo>", &format!("<ds:KeyInfo xmlns:ds=\"{DS}\">"), 1)
}
