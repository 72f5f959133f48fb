//! A provider for tests of the room: signs with our own code what real providers would. What real ones sign is in the
//! corpus (`tests/saml_corpus.rs`).

use std::sync::LazyLock;

use super::encoding::encode;
use super::names::{BEARER, BINDING_POST, BINDING_REDIRECT, MD, PROTOCOL, SAML, SAMLP, SUCCESS};
use super::sign::enveloped;
use super::{Expected, IdpMetadata, MetadataOptions, PinnedCertificate, ServiceProvider, SpConfig, SpKey, self_signed};

pub(super) const NOW: i64 = 1_795_378_500;
pub(super) const IDP: &str = "https://idp.test/saml";
pub(super) const SP: &str = "https://sp.test/saml/1";
pub(super) const ACS: &str = "https://sp.test/saml/1/acs";
pub(super) const REQUEST: &str = "_request";

/// Three keys, made once: two of the provider, one of ours. Valid for a day around now.
pub(super) static KEYS: LazyLock<[SpKey; 3]> = LazyLock::new(|| [key(), key(), key()]);

fn key() -> SpKey {
    let der = SpKey::generate().unwrap();
    SpKey::new(&der, &self_signed(&der, "test", NOW - 86_400, NOW + 86_400).unwrap()).unwrap()
}

pub(super) fn service_provider() -> ServiceProvider {
    let [.., ours] = KEYS.clone();
    let config = SpConfig { entity_id: SP.into(), acs_url: ACS.into(), signing: ours.clone(), decryption: vec![ours] };
    ServiceProvider::new(config).unwrap()
}

pub(super) fn metadata(certificates: &[&PinnedCertificate]) -> String {
    let keys: String = certificates.iter().map(|certificate| descriptor(&certificate.der)).collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"{MD}\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" ID=\"_m\" \
         entityID=\"{IDP}\"><md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{keys}\
         <md:SingleSignOnService Binding=\"{BINDING_REDIRECT}\" Location=\"https://idp.test/sso?a=b\"/>\
         <md:SingleSignOnService Binding=\"{BINDING_POST}\" Location=\"https://idp.test/sso\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn descriptor(der: &str) -> String {
    format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

pub(super) fn options() -> MetadataOptions<'static> {
    MetadataOptions { expected_entity: None, now: NOW, trusted: &[], loopback_http: false }
}

/// The provider with these keys pinned.
pub(super) fn provider(keys: &[&SpKey]) -> IdpMetadata {
    let certificates: Vec<&PinnedCertificate> = keys.iter().map(|key| key.certificate()).collect();
    IdpMetadata::parse(metadata(&certificates).as_bytes(), &options()).unwrap()
}

pub(super) fn expected() -> Expected<'static> {
    Expected { request_id: REQUEST, now: NOW, skew: 60, allow_expired_certificate: false }
}

/// An assertion that is signed, and what stands in it where tests differ.
pub(super) fn assertion(name_id: &str, attributes: &str, key: &SpKey) -> String {
    altered(name_id, attributes, key, "", "")
}

/// The same with one text in place of another before it is signed.
pub(super) fn altered(name_id: &str, attributes: &str, key: &SpKey, from: &str, to: &str) -> String {
    let before = format!(
        "<saml:Assertion xmlns:saml=\"{SAML}\" ID=\"_a\" Version=\"2.0\" IssueInstant=\"2026-11-22T20:14:00Z\">\
         <saml:Issuer>{IDP}</saml:Issuer>"
    );
    let after = format!(
        "<saml:Subject>{name_id}<saml:SubjectConfirmation Method=\"{BEARER}\"><saml:SubjectConfirmationData \
         Recipient=\"{ACS}\" InResponseTo=\"{REQUEST}\" NotOnOrAfter=\"2026-11-22T20:20:00Z\"/>\
         </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"2026-11-22T20:14:00Z\" \
         NotOnOrAfter=\"2026-11-22T20:19:00Z\"><saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience>\
         </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-11-22T20:13:00Z\" \
         SessionIndex=\"s1\" SessionNotOnOrAfter=\"2026-11-23T04:00:00Z\"/>{attributes}</saml:Assertion>"
    );
    let after = if from.is_empty() { after } else { after.replace(from, to) };
    enveloped(&before, &after, "_a", key).unwrap()
}

/// A response around an assertion, as it is posted.
pub(super) fn response(assertion: &str) -> String {
    response_to(REQUEST, assertion)
}

/// The same, to another request.
pub(super) fn response_to(request: &str, assertion: &str) -> String {
    encode(
        format!(
            "<samlp:Response xmlns:samlp=\"{SAMLP}\" ID=\"_r\" Version=\"2.0\" InResponseTo=\"{request}\" \
             Destination=\"{ACS}\"><samlp:Status><samlp:StatusCode Value=\"{SUCCESS}\"/></samlp:Status>{assertion}\
             </samlp:Response>"
        )
        .as_bytes(),
    )
}
