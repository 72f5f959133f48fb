//! A response's way, from the form field to an assertion: all of it on this page.

use roxmltree::{Document, Node};

use super::c14n::{Inclusive, canonical};
use super::certificate::PinnedCertificate;
use super::gate::Limits;
use super::names::{SAML, SAMLP};
use super::signature::{self, Covered};
use super::{Assertion, IdpMetadata, SamlFault, ServiceProvider, decrypt, encoding, envelope, statements, xml};

/// Most seconds that clocks may differ.
const SKEW: i64 = 300;

/// What a response must answer to.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The ID of the request that was sent for this browser. There is no response without one.
    pub request_id: &'a str,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// Seconds that the provider's clock may differ; of more than 300, 300 count.
    pub skew: i64,
    /// Whether a key is believed after its certificate's time. SAML leaves that open; false refuses it.
    pub allow_expired_certificate: bool,
}

impl Expected<'_> {
    /// Whether a time is over, the difference of clocks granted.
    pub(super) fn is_over(&self, not_on_or_after: i64) -> bool {
        self.now.saturating_sub(self.skew()) >= not_on_or_after
    }

    /// Whether a time is still to come, the difference of clocks granted.
    pub(super) fn is_to_come(&self, not_before: i64) -> bool {
        self.now.saturating_add(self.skew()) < not_before
    }

    fn skew(&self) -> i64 {
        self.skew.clamp(0, SKEW)
    }
}

/// What is covered by a signature: text of its own, read by nobody but [`statements`].
struct Signed {
    octets: String,
    signer: PinnedCertificate,
    encrypted: bool,
}

pub(super) fn judge(
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    field: &str,
    expected: &Expected<'_>,
) -> Result<Assertion, SamlFault> {
    // A request that was never sent is answered by nobody, not even by a response that names none.
    if expected.request_id.is_empty() {
        return Err(SamlFault::InResponseToMismatch);
    }
    let text = text_of(field)?;
    let document = xml::parse(&text, Limits::RESPONSE).map_err(|_| SamlFault::XmlRefused)?;
    let response = document.root_element();
    envelope::is_response(response)?;
    envelope::succeeded(response)?;
    let (assertion, encrypted) = only_assertion(&document)?;
    if !signature::only_in(&document, &[response, assertion]) || (encrypted && signed(assertion)) {
        return Err(SamlFault::SignatureReference);
    }

    // Every signature that is there must be good; at least one must be there.
    let outer = in_time(signature::covered(response, &idp.certificates)?, expected)?;
    let inner = if encrypted {
        decrypted(sp, idp, assertion, outer.as_ref(), expected)?
    } else {
        in_time(signature::covered(assertion, &idp.certificates)?, expected)?
    };

    // No ID is ever looked up here, but whoever reads two elements of one is being fooled.
    if !xml::ids_are_unique(&document) {
        return Err(SamlFault::DuplicateId);
    }

    // From here on, what is read is what was signed: canonical octets, parsed once more. The envelope of an unsigned
    // response can only refuse.
    let signed_response = outer.as_ref().map(|outer| xml::again(&outer.octets)).transpose();
    let signed_response = signed_response.map_err(|_| SamlFault::XmlRefused)?;
    let envelope_at = signed_response.as_ref().map_or(response, Document::root_element);
    envelope::check(envelope_at, sp, idp, expected.request_id, outer.is_some())?;
    match (inner, outer.as_ref(), signed_response.as_ref()) {
        (Some(inner), _, _) => {
            let assertion = xml::again(&inner.octets).map_err(|_| SamlFault::XmlRefused)?;
            read(assertion.root_element(), &inner.signer, inner.encrypted, sp, idp, expected)
        }
        (None, Some(outer), Some(signed_response)) => {
            let (assertion, encrypted) = only_assertion(signed_response)?;
            if encrypted {
                return Err(SamlFault::DecryptionFailed);
            }
            read(assertion, &outer.signer, false, sp, idp, expected)
        }
        _ => Err(SamlFault::Unsigned),
    }
}

fn read(
    assertion: Node<'_, '_>,
    signer: &PinnedCertificate,
    encrypted: bool,
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    expected: &Expected<'_>,
) -> Result<Assertion, SamlFault> {
    let mut assertion = statements::read(assertion, sp, idp, expected)?;
    assertion.signed_by.clone_from(&signer.sha256);
    assertion.certificate_not_after = signer.not_after;
    assertion.encrypted = encrypted;
    Ok(assertion)
}

/// Size, base64, UTF-8.
fn text_of(field: &str) -> Result<String, SamlFault> {
    // Four characters for three octets, and line ends.
    if field.len() > Limits::RESPONSE.bytes / 2 * 3 {
        return Err(SamlFault::TooLarge);
    }
    let octets = encoding::decode_field(field).ok_or(SamlFault::NotBase64)?;
    if octets.len() > Limits::RESPONSE.bytes {
        return Err(SamlFault::TooLarge);
    }
    String::from_utf8(octets).map_err(|_| SamlFault::XmlRefused)
}

/// The one assertion, directly below the response, and whether it is encrypted. None is anywhere else.
fn only_assertion<'a, 'i>(document: &'a Document<'i>) -> Result<(Node<'a, 'i>, bool), SamlFault> {
    let is_encrypted = |node: Node<'_, '_>| xml::is(node, SAML, "EncryptedAssertion");
    let mut all = document.descendants().filter(|node| xml::is(*node, SAML, "Assertion") || is_encrypted(*node));
    match (all.next(), all.next()) {
        (Some(only), None)
            if only
                .parent()
                .is_some_and(|parent| xml::is(parent, SAMLP, "Response") && parent == document.root_element()) =>
        {
            Ok((only, is_encrypted(only)))
        }
        _ => Err(SamlFault::AssertionCount),
    }
}

fn signed(node: Node<'_, '_>) -> bool {
    xml::named(node, super::names::DS, "Signature").next().is_some()
}

/// By which certificate of the key it counts: one that is in its time, of several the one that lasts longest.
fn in_time(covered: Option<Covered>, expected: &Expected<'_>) -> Result<Option<Signed>, SamlFault> {
    let Some(Covered { octets, signers }) = covered else { return Ok(None) };
    let good = |signer: &&PinnedCertificate| {
        !expected.is_over(signer.not_after.saturating_add(1)) && !expected.is_to_come(signer.not_before)
    };
    let lasting = |signer: &&PinnedCertificate| signer.not_after;
    let past = || signers.iter().filter(|_| expected.allow_expired_certificate).max_by_key(lasting);
    let signer = signers.iter().filter(good).max_by_key(lasting).or_else(past).ok_or(SamlFault::CertificateExpired)?;
    Ok(Some(Signed { signer: signer.clone(), octets, encrypted: false }))
}

/// The assertion inside an encrypted one, if it is signed or the response around it is.
fn decrypted(
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    encrypted: Node<'_, '_>,
    outer: Option<&Signed>,
    expected: &Expected<'_>,
) -> Result<Option<Signed>, SamlFault> {
    // Of a signed response only the signed octets are decrypted, with the namespaces that they declare.
    let plain = match outer {
        None => decrypt::decrypt(encrypted, sp.decryption())?,
        Some(outer) => {
            let document = xml::again(&outer.octets).map_err(|_| SamlFault::XmlRefused)?;
            decrypt::decrypt(only_assertion(&document)?.0, sp.decryption())?
        }
    };
    let document = xml::again(&plain).map_err(|_| SamlFault::XmlRefused)?;
    let assertion = decrypt::assertion(&document)?;
    let others = assertion
        .descendants()
        .skip(1)
        .any(|node| xml::is(node, SAML, "Assertion") || xml::is(node, SAML, "EncryptedAssertion"));
    if others {
        return Err(SamlFault::AssertionCount);
    }
    if !xml::ids_are_unique(&document) {
        return Err(SamlFault::DuplicateId);
    }
    if !signature::only_in(&document, &[assertion]) {
        return Err(SamlFault::SignatureReference);
    }
    let own = in_time(signature::covered(assertion, &idp.certificates)?, expected)?;
    Ok(match (own, outer) {
        (Some(own), _) => Some(Signed { encrypted: true, ..own }),
        (None, Some(outer)) => {
            let octets = canonical(assertion, None, &Inclusive::default()).map_err(|_| SamlFault::XmlRefused)?;
            Some(Signed { octets, signer: outer.signer.clone(), encrypted: true })
        }
        (None, None) => None,
    })
}
