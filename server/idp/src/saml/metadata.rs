//! A provider's metadata: what is kept of it, and how it is read.

use roxmltree::{Document, Node};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::encoding::decode;
use super::gate::Limits;
use super::names::{BINDING_POST, BINDING_REDIRECT, DS, MD, PROTOCOL};
use super::{MetadataFault, PinnedCertificate, instant, signature, xml};

/// Bytes of an entity id at most (metadata, section 2.2.1): it is part of a key of the database.
const ENTITY: usize = 1024;
/// Bytes of an address at most.
const ADDRESS: usize = 2048;
/// Signatures on the way to the entity at most: its own, and the federation's. Each costs the whole of what it is on.
const SIGNATURES: usize = 2;
/// Certificates that are kept: those of a rollover, and some.
const CERTIFICATES: usize = 8;

/// What is kept of a provider's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpMetadata {
    /// The provider's entity id: the issuer of its assertions.
    pub entity_id: String,
    /// Where it takes requests by redirect.
    pub sso_redirect: Option<Url>,
    /// Where it takes requests by POST.
    pub sso_post: Option<Url>,
    /// Whose keys sign for it. Several while one follows the other.
    pub certificates: Vec<PinnedCertificate>,
    /// Whether it asks for signed requests. We sign every one.
    pub wants_signed_requests: bool,
    /// When the metadata must be read again, in seconds since 1970.
    pub valid_until: Option<i64>,
    /// Whether a good signature covers all this.
    pub signed: bool,
}

/// How metadata is to be read.
#[derive(Clone, Copy, Debug)]
pub struct MetadataOptions<'a> {
    /// The entity that is looked for. Without it there must be exactly one provider.
    pub expected_entity: Option<&'a str>,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// Who may sign the metadata. If nobody is named, a signature that is there must be by one of the provider's own
    /// listed keys: it shows that the text is whole, and whose it is was shown by the address it came from. If somebody
    /// is, it must be signed by them.
    pub trusted: &'a [PinnedCertificate],
    /// Whether addresses on this machine may be http. For development and tests.
    pub loopback_http: bool,
}

impl IdpMetadata {
    /// Reads metadata: an `EntityDescriptor`, or the expected one out of an `EntitiesDescriptor`.
    ///
    /// # Errors
    /// A [`MetadataFault`]: the first thing that is wrong.
    pub fn parse(xml: &[u8], options: &MetadataOptions<'_>) -> Result<Self, MetadataFault> {
        if xml.len() > Limits::METADATA.bytes {
            return Err(MetadataFault::TooLarge);
        }
        let text = std::str::from_utf8(xml).map_err(|_| MetadataFault::XmlRefused)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
        let document = xml::parse(text, Limits::METADATA).map_err(|_| MetadataFault::XmlRefused)?;
        let entity = entity(&document, options.expected_entity)?;
        let valid_until = valid_until(entity, options.now)?;
        match covered(entity, options.trusted)? {
            None => read(entity, valid_until, false, options),
            // As with a response: only what is signed is read.
            Some(octets) => {
                let document = xml::again(&octets).map_err(|_| MetadataFault::XmlRefused)?;
                let entity = self::entity(&document, options.expected_entity)?;
                read(entity, valid_until, true, options)
            }
        }
    }
}

/// The one entity that is meant.
fn entity<'a, 'i>(document: &'a Document<'i>, expected: Option<&str>) -> Result<Node<'a, 'i>, MetadataFault> {
    let root = document.root_element();
    if !xml::is(root, MD, "EntityDescriptor") && !xml::is(root, MD, "EntitiesDescriptor") {
        return Err(MetadataFault::NotMetadata);
    }
    // A member of a federation writes its own extensions: what stands in them speaks for nobody.
    let listed = |node: &Node<'_, '_>| {
        let mut around = node.ancestors().skip(1).filter(Node::is_element);
        xml::is(*node, MD, "EntityDescriptor") && around.all(|outer| xml::is(outer, MD, "EntitiesDescriptor"))
    };
    let all = document.descendants().filter(listed);
    let mut meant = all.filter(|node| match expected {
        Some(expected) => xml::attribute(*node, "entityID") == Some(expected),
        None => xml::named(*node, MD, "IDPSSODescriptor").next().is_some(),
    });
    let first = meant.next();
    match (first, meant.next()) {
        (Some(_), Some(_)) => Err(MetadataFault::EntityAmbiguous),
        (Some(only), None) => Ok(only),
        (None, _) if expected.is_none() => Err(MetadataFault::NoIdpRole),
        (None, _) => Err(MetadataFault::EntityMissing),
    }
}

/// The earliest end of the entity and of what it stands in.
fn valid_until(entity: Node<'_, '_>, now: i64) -> Result<Option<i64>, MetadataFault> {
    let mut earliest: Option<i64> = None;
    for node in entity.ancestors().chain(xml::named(entity, MD, "IDPSSODescriptor")) {
        if let Some(text) = xml::attribute(node, "validUntil") {
            let end = instant::parse(text).ok_or(MetadataFault::NotMetadata)?;
            earliest = Some(earliest.map_or(end, |known| known.min(end)));
        }
    }
    if earliest.is_some_and(|end| end <= now) { Err(MetadataFault::Expired) } else { Ok(earliest) }
}

/// What the signatures on the entity, and on what it stands in, cover; the innermost counts, all must be good.
fn covered(entity: Node<'_, '_>, trusted: &[PinnedCertificate]) -> Result<Option<String>, MetadataFault> {
    let signatures = entity.descendants().filter(|node| xml::is(*node, DS, "Signature"));
    if signatures.into_iter().any(|signature| signature.parent() != Some(entity)) {
        return Err(MetadataFault::Signature);
    }
    let signed = |node: &Node<'_, '_>| xml::named(*node, DS, "Signature").next().is_some();
    let chain: Vec<Node<'_, '_>> = entity.ancestors().filter(Node::is_element).filter(signed).collect();
    if chain.len() > SIGNATURES {
        return Err(MetadataFault::Signature);
    }
    let own;
    let trusted_keys = if trusted.is_empty() {
        own = role(entity).map(certificates).unwrap_or_default();
        &own
    } else {
        trusted
    };
    let mut innermost = None;
    for node in chain {
        let covered = signature::covered(node, trusted_keys).map_err(|_| MetadataFault::Signature)?;
        innermost = innermost.or(covered);
    }
    if innermost.is_none() && !trusted.is_empty() {
        return Err(MetadataFault::Signature);
    }
    Ok(innermost.map(|covered| covered.octets))
}

fn role<'a, 'i>(entity: Node<'a, 'i>) -> Result<Node<'a, 'i>, MetadataFault> {
    let mut roles = xml::named(entity, MD, "IDPSSODescriptor").filter(|role| {
        let protocols = xml::attribute(*role, "protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    });
    match (roles.next(), roles.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(MetadataFault::EntityAmbiguous),
        (None, _) => Err(MetadataFault::NoIdpRole),
    }
}

/// The signing certificates that can be used, each once.
fn certificates(role: Node<'_, '_>) -> Vec<PinnedCertificate> {
    let mut found: Vec<PinnedCertificate> = Vec::new();
    let descriptors = xml::named(role, MD, "KeyDescriptor")
        .filter(|descriptor| xml::attribute(*descriptor, "use").is_none_or(|purpose| purpose == "signing"));
    for info in descriptors.flat_map(|descriptor| xml::named(descriptor, DS, "KeyInfo")) {
        // The key's own certificate; the ones behind it would be its issuers', who do not sign assertions.
        let first = xml::named(info, DS, "X509Data").flat_map(|data| xml::named(data, DS, "X509Certificate")).next();
        let der = first.and_then(xml::text).and_then(|text| decode(&text));
        let pinned = der.and_then(|der| PinnedCertificate::from_der(&der).ok());
        if let Some(pinned) = pinned.filter(|pinned| !found.contains(pinned)).filter(|_| found.len() < CERTIFICATES) {
            found.push(pinned);
        }
    }
    found
}

fn read(
    entity: Node<'_, '_>,
    valid_until: Option<i64>,
    signed: bool,
    options: &MetadataOptions<'_>,
) -> Result<IdpMetadata, MetadataFault> {
    let entity_id = xml::attribute(entity, "entityID").unwrap_or_default();
    if entity_id.trim().is_empty() || entity_id.len() > ENTITY || entity_id.chars().any(char::is_control) {
        return Err(MetadataFault::EntityMissing);
    }
    let role = role(entity)?;
    let certificates = certificates(role);
    if certificates.is_empty() {
        let listed = role.descendants().any(|node| xml::is(node, DS, "X509Certificate"));
        return Err(if listed { MetadataFault::KeyUnusable } else { MetadataFault::NoCertificate });
    }
    let sso_redirect = endpoint(role, BINDING_REDIRECT, options.loopback_http);
    let sso_post = endpoint(role, BINDING_POST, options.loopback_http);
    if sso_redirect.is_none() && sso_post.is_none() {
        let listed = services(role, BINDING_REDIRECT).chain(services(role, BINDING_POST)).next().is_some();
        return Err(if listed { MetadataFault::EndpointInsecure } else { MetadataFault::NoEndpoint });
    }
    let wants_signed_requests = matches!(xml::attribute(role, "WantAuthnRequestsSigned"), Some("true" | "1"));
    let entity_id = entity_id.to_owned();
    Ok(IdpMetadata { entity_id, sso_redirect, sso_post, certificates, wants_signed_requests, valid_until, signed })
}

fn services<'a>(role: Node<'a, '_>, binding: &str) -> impl Iterator<Item = &'a str> {
    xml::named(role, MD, "SingleSignOnService")
        .filter(move |service| xml::attribute(*service, "Binding") == Some(binding))
        .map(|service| xml::attribute(service, "Location").unwrap_or_default())
}

/// The first address of a binding that a browser may be sent to.
fn endpoint(role: Node<'_, '_>, binding: &str, loopback_http: bool) -> Option<Url> {
    services(role, binding)
        .filter(|address| address.len() <= ADDRESS)
        .filter_map(|address| Url::parse(address).ok())
        .find(|url| {
            let reached = match url.scheme() {
                "https" => url.host().is_some(),
                "http" => loopback_http && is_loopback(url),
                _ => false,
            };
            reached && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
        })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
