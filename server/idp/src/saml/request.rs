//! What we ask of a provider: an `AuthnRequest`, signed, in the query or by a form (profiles, section 4.1.4.1).

use aws_lc_rs::rand;
use miniz_oxide::deflate::compress_to_vec;
use url::Url;

use super::encoding::{encode, hex};
use super::names::{BINDING_POST, RSA_SHA256, SAML, SAMLP};
use super::sign::{enveloped, query_value};
use super::xml::escaped;
use super::{IdpMetadata, SamlError, ServiceProvider, instant};

/// Bytes of a relay state (bindings, sections 3.4.3 and 3.5.3).
const RELAY_STATE: usize = 80;

/// A request for the redirect binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectRequest {
    /// What the response must name in `InResponseTo`. Kept for this browser, used once.
    pub id: String,
    /// Where to send the browser.
    pub url: String,
}

/// A request for the POST binding: a form for the browser to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRequest {
    /// What the response must name in `InResponseTo`. Kept for this browser, used once.
    pub id: String,
    /// The form's `action`.
    pub action: String,
    /// The field `SAMLRequest`.
    pub saml_request: String,
    /// The field `RelayState`; none if it is empty.
    pub relay_state: String,
}

/// The message in two parts: a signature goes between them, behind `Issuer`.
struct Message {
    id: String,
    before: String,
    after: String,
}

pub(super) fn redirect(
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    relay_state: &str,
    now: i64,
) -> Result<RedirectRequest, SamlError> {
    let endpoint = idp.sso_redirect.as_ref().ok_or(SamlError::NoEndpoint)?;
    let message = message(sp, endpoint, relay_state, now)?;
    let deflated = compress_to_vec(format!("{}{}", message.before, message.after).as_bytes(), 9);
    let mut query = format!("SAMLRequest={}", query_value(&encode(&deflated)));
    if !relay_state.is_empty() {
        query.extend(["&RelayState=", &query_value(relay_state)]);
    }
    query.extend(["&SigAlg=", &query_value(RSA_SHA256)]);
    // These very octets are signed (bindings, section 3.4.4.1), so they are sent as they stand.
    let signature = encode(&sp.signing().sign(query.as_bytes())?);
    let joint = match endpoint.query() {
        None => '?',
        Some(_) => '&',
    };
    let url = format!("{endpoint}{joint}{query}&Signature={}", query_value(&signature));
    Ok(RedirectRequest { id: message.id, url })
}

pub(super) fn post(
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    relay_state: &str,
    now: i64,
) -> Result<PostRequest, SamlError> {
    let endpoint = idp.sso_post.as_ref().ok_or(SamlError::NoEndpoint)?;
    let message = message(sp, endpoint, relay_state, now)?;
    let xml = enveloped(&message.before, &message.after, &message.id, sp.signing())?;
    Ok(PostRequest {
        id: message.id,
        action: endpoint.to_string(),
        saml_request: encode(xml.as_bytes()),
        relay_state: relay_state.to_owned(),
    })
}

fn message(sp: &ServiceProvider, endpoint: &Url, relay_state: &str, now: i64) -> Result<Message, SamlError> {
    if relay_state.len() > RELAY_STATE || relay_state.chars().any(char::is_control) {
        return Err(SamlError::RelayState);
    }
    if endpoint.fragment().is_some() {
        return Err(SamlError::NoEndpoint);
    }
    // 128 bits, as SAML asks for (core, section 1.3.4); an ID begins with no digit.
    let mut random = [0; 16];
    rand::fill(&mut random).map_err(|_| SamlError::Signing)?;
    let id = format!("_{}", hex(&random));
    let instant = instant::format(now).ok_or(SamlError::Configuration)?;
    let before = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{SAMLP}\" xmlns:saml=\"{SAML}\" ID=\"{id}\" Version=\"2.0\" \
         IssueInstant=\"{instant}\" Destination=\"{}\" ProtocolBinding=\"{BINDING_POST}\" \
         AssertionConsumerServiceURL=\"{}\"><saml:Issuer>{}</saml:Issuer>",
        escaped(endpoint.as_str()),
        escaped(sp.acs_url()),
        escaped(sp.entity_id()),
    );
    let after = "<samlp:NameIDPolicy AllowCreate=\"true\"></samlp:NameIDPolicy></samlp:AuthnRequest>".to_owned();
    Ok(Message { id, before, after })
}
