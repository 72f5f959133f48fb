//! An enveloped XML signature, as SAML profiles it (core, section 5.4), and what it covers.

use aws_lc_rs::digest::digest;
use roxmltree::{Document, Node};

use super::algorithm::{self, Signature};
use super::c14n::{Inclusive, canonical};
use super::certificate::{PinnedCertificate, PublicKey};
use super::encoding::decode;
use super::names::{DS, ENVELOPED, EXC_C14N};
use super::{SamlFault, xml};

/// Most certificates that are tried: those of a rollover, and some.
const CERTIFICATES: usize = 16;

/// Most elements of a `SignedInfo`; eleven are needed.
const STATEMENT: usize = 16;

/// What a good signature covers: the canonical octets of its element without the signature itself, and the pinned
/// certificates of the key that made it. Nothing else of a message is believed.
#[derive(Debug)]
pub(super) struct Covered {
    pub(super) octets: String,
    pub(super) signers: Vec<PinnedCertificate>,
}

/// The good signature that stands in an element, or none if no signature stands there.
pub(super) fn covered(element: Node<'_, '_>, pinned: &[PinnedCertificate]) -> Result<Option<Covered>, SamlFault> {
    let found = xml::at_most_one(element, DS, "Signature").map_err(|_| SamlFault::SignatureReference)?;
    let Some(signature) = found else { return Ok(None) };
    let parts = Parts::of(signature).ok_or(SamlFault::SignatureReference)?;

    // The signed statement is read out of its own canonical octets as well. It is small, and until its signature is
    // found good, nothing larger is canonicalised: a stranger's work for us is bounded.
    if parts.signed_info.descendants().filter(Node::is_element).nth(STATEMENT).is_some() {
        return Err(SamlFault::SignatureReference);
    }
    let method = canonicalization(parts.signed_info)?;
    let octets = canonical(parts.signed_info, None, &method).map_err(|_| SamlFault::XmlRefused)?;
    let statement = xml::again(&octets).map_err(|_| SamlFault::XmlRefused)?;
    let statement = Statement::of(&statement)?;
    if statement.method != method {
        return Err(SamlFault::SignatureReference);
    }

    let id = xml::attribute(element, "ID").filter(|id| !id.is_empty()).ok_or(SamlFault::SignatureReference)?;
    if statement.reference.strip_prefix('#') != Some(id) {
        return Err(SamlFault::SignatureReference);
    }
    let value = xml::text(parts.value).and_then(|text| decode(&text)).ok_or(SamlFault::SignatureInvalid)?;
    let signers = signers(pinned, statement.signature, octets.as_bytes(), &value);
    if signers.is_empty() {
        let unknown = names_unknown(parts.key_info, pinned);
        return Err(if unknown { SamlFault::CertificateUnknown } else { SamlFault::SignatureInvalid });
    }
    let octets = canonical(element, Some(signature.id()), &statement.transform).map_err(|_| SamlFault::XmlRefused)?;
    if digest(statement.digest, octets.as_bytes()).as_ref() != statement.value {
        return Err(SamlFault::SignatureInvalid);
    }
    Ok(Some(Covered { octets, signers }))
}

/// Whether every signature in a document stands directly in one of these elements.
pub(super) fn only_in(document: &Document<'_>, places: &[Node<'_, '_>]) -> bool {
    let mut signatures = document.descendants().filter(|node| xml::is(*node, DS, "Signature"));
    signatures
        .all(|signature| signature.parent().is_some_and(|parent| places.iter().any(|place| place.id() == parent.id())))
}

/// The pinned certificates of the key that made the signature: several, where one was renewed and the key was kept.
fn signers(pinned: &[PinnedCertificate], algorithm: Signature, message: &[u8], value: &[u8]) -> Vec<PinnedCertificate> {
    let keys: Vec<(&PinnedCertificate, PublicKey)> =
        pinned.iter().take(CERTIFICATES).filter_map(|certificate| Some((certificate, certificate.key()?))).collect();
    let Some((_, key)) = keys.iter().find(|(_, key)| key.verifies(algorithm, message, value)) else {
        return Vec::new();
    };
    keys.iter().filter(|(_, other)| other.same(key)).map(|(certificate, _)| (*certificate).clone()).collect()
}

/// Whether `KeyInfo` holds a certificate that is not pinned. It is never believed, but it tells an administrator more
/// than that a signature is not good.
fn names_unknown(key_info: Option<Node<'_, '_>>, pinned: &[PinnedCertificate]) -> bool {
    let Some(key_info) = key_info else { return false };
    let mut certificates = key_info.descendants().filter(|node| xml::is(*node, DS, "X509Certificate"));
    certificates.any(|certificate| {
        let der = xml::text(certificate).and_then(|text| decode(&text));
        der.is_none_or(|der| !pinned.iter().any(|pin| decode(&pin.der).is_some_and(|known| known == der)))
    })
}

/// The children of a `Signature`, in their order: a statement, a value, a hint to the key, and nothing else.
struct Parts<'a, 'i> {
    signed_info: Node<'a, 'i>,
    value: Node<'a, 'i>,
    key_info: Option<Node<'a, 'i>>,
}

impl<'a, 'i> Parts<'a, 'i> {
    fn of(signature: Node<'a, 'i>) -> Option<Self> {
        let mut children = xml::elements(signature);
        let signed_info = children.next().filter(|node| xml::is(*node, DS, "SignedInfo"))?;
        let value = children.next().filter(|node| xml::is(*node, DS, "SignatureValue"))?;
        let key_info = children.next();
        if key_info.is_some_and(|node| !xml::is(node, DS, "KeyInfo")) || children.next().is_some() {
            return None;
        }
        Some(Self { signed_info, value, key_info })
    }
}

/// How the statement itself is canonicalised.
fn canonicalization(signed_info: Node<'_, '_>) -> Result<Inclusive, SamlFault> {
    let method = xml::elements(signed_info).next().filter(|node| xml::is(*node, DS, "CanonicalizationMethod"));
    inclusive(method.ok_or(SamlFault::SignatureReference)?)
}

/// The prefixes that an exclusive canonicalization is given.
fn inclusive(method: Node<'_, '_>) -> Result<Inclusive, SamlFault> {
    if xml::attribute(method, "Algorithm") != Some(EXC_C14N) {
        return Err(SamlFault::SignatureReference);
    }
    let mut children = xml::elements(method);
    let list = match children.next() {
        None => return Ok(Inclusive::default()),
        Some(list) if xml::is(list, EXC_C14N, "InclusiveNamespaces") && children.next().is_none() => list,
        Some(_) => return Err(SamlFault::SignatureReference),
    };
    let list = xml::attribute(list, "PrefixList").unwrap_or_default();
    Inclusive::parse(list).ok_or(SamlFault::SignatureReference)
}

/// What a signature says that it signs: `SignedInfo`.
struct Statement {
    method: Inclusive,
    signature: Signature,
    reference: String,
    transform: Inclusive,
    digest: &'static aws_lc_rs::digest::Algorithm,
    value: Vec<u8>,
}

impl Statement {
    /// Everything in its place and nothing besides (XML Signature, section 4.4).
    fn of(document: &Document<'_>) -> Result<Self, SamlFault> {
        let root = document.root_element();
        let [method, signature, reference] =
            children(root, ["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
        let [transforms, digest, value] = children(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
        let [enveloped, exclusive] = children(transforms, ["Transform", "Transform"])?;
        if xml::attribute(enveloped, "Algorithm") != Some(ENVELOPED) || xml::elements(enveloped).next().is_some() {
            return Err(SamlFault::SignatureReference);
        }
        Ok(Self {
            method: inclusive(method)?,
            signature: named(signature, Signature::named)?,
            reference: xml::attribute(reference, "URI").ok_or(SamlFault::SignatureReference)?.to_owned(),
            transform: inclusive(exclusive)?,
            digest: named(digest, algorithm::digest_named)?,
            value: xml::text(value).and_then(|text| decode(&text)).ok_or(SamlFault::SignatureInvalid)?,
        })
    }
}

/// The algorithm that an element names. One with parameters is another one.
fn named<T>(element: Node<'_, '_>, find: fn(&str) -> Option<T>) -> Result<T, SamlFault> {
    let name = xml::attribute(element, "Algorithm").ok_or(SamlFault::SignatureAlgorithm)?;
    if xml::elements(element).next().is_some() {
        return Err(SamlFault::SignatureAlgorithm);
    }
    find(name).ok_or(SamlFault::SignatureAlgorithm)
}

/// Exactly these children, in this order.
fn children<'a, 'i, const N: usize>(node: Node<'a, 'i>, names: [&str; N]) -> Result<[Node<'a, 'i>; N], SamlFault> {
    let found: Vec<Node<'a, 'i>> = xml::elements(node).take(N + 1).collect();
    let fits = found.iter().zip(names).all(|(child, name)| xml::is(*child, DS, name));
    match <[Node<'a, 'i>; N]>::try_from(found) {
        Ok(found) if fits => Ok(found),
        _ => Err(SamlFault::SignatureReference),
    }
}
