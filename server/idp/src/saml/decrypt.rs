//! An encrypted assertion (XML Encryption 1.1): AES-GCM content, its key by RSA-OAEP, one fault for whatever fails.

use aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::OaepAlgorithm;
use roxmltree::Node;
use zeroize::Zeroizing;

use super::encoding::decode;
use super::key::SpKey;
use super::names::{DS, SAML, XENC, XENC11};
use super::{SamlFault, algorithm, xml};

/// Most recipients that an assertion may be encrypted for, and most keys of ours: each pair is a private operation.
const KEYS: usize = 4;
const NONCE: usize = 12;
const TAG: usize = 16;

/// The text of the assertion inside an `EncryptedAssertion`, in an element that declares the namespaces that are in
/// scope around it: what was cut out of a document may use them.
pub(super) fn decrypt(encrypted: Node<'_, '_>, keys: &[SpKey]) -> Result<String, SamlFault> {
    let data = xml::one(encrypted, XENC, "EncryptedData").ok_or(SamlFault::EncryptionAlgorithm)?;
    let content = method(data).and_then(|method| algorithm::content_named(method_name(method)?));
    let content = content.ok_or(SamlFault::EncryptionAlgorithm)?;
    let mut transported = Vec::new();
    for key in encrypted_keys(encrypted, data) {
        transported.push(Transported::of(key).ok_or(SamlFault::EncryptionAlgorithm)?);
    }
    if transported.is_empty() || transported.len() > KEYS {
        return Err(SamlFault::EncryptionAlgorithm);
    }
    let sealed = cipher_value(data).ok_or(SamlFault::EncryptionAlgorithm)?;
    let pairs = transported.iter().flat_map(|key| keys.iter().take(KEYS).map(move |ours| (key, ours)));
    let plain = pairs.filter_map(|(key, ours)| open(content, &key.unwrap(ours)?, &sealed)).next();
    let plain = plain.and_then(|plain| String::from_utf8(plain).ok()).ok_or(SamlFault::DecryptionFailed)?;
    // Before it is put into anything: what is balanced in itself cannot get out of the element around it.
    super::gate::check(&plain, super::gate::Limits::RESPONSE).map_err(|_| SamlFault::XmlRefused)?;
    if plain.starts_with("<?") {
        return Err(SamlFault::XmlRefused);
    }
    Ok(within(encrypted, &plain))
}

/// The assertion that was inside.
pub(super) fn assertion<'a, 'i>(document: &'a roxmltree::Document<'i>) -> Result<Node<'a, 'i>, SamlFault> {
    let mut inside = document.root_element().children();
    match (inside.next(), inside.next()) {
        (Some(assertion), None) if xml::is(assertion, SAML, "Assertion") => Ok(assertion),
        _ => Err(SamlFault::AssertionCount),
    }
}

/// The keys for the recipients: inside the data's own `KeyInfo`, or beside the data (SAML core, section 2.2.4).
fn encrypted_keys<'a, 'i>(encrypted: Node<'a, 'i>, data: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    let inside = xml::named(data, DS, "KeyInfo").flat_map(|info| xml::named(info, XENC, "EncryptedKey"));
    inside.chain(xml::named(encrypted, XENC, "EncryptedKey")).take(KEYS + 1)
}

fn method<'a, 'i>(node: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    xml::one(node, XENC, "EncryptionMethod")
}

fn method_name<'a>(method: Node<'a, '_>) -> Option<&'a str> {
    xml::attribute(method, "Algorithm")
}

/// Octets that are in the message itself. A reference to others is not followed.
fn cipher_value(node: Node<'_, '_>) -> Option<Vec<u8>> {
    let data = xml::one(node, XENC, "CipherData")?;
    let mut inside = xml::elements(data);
    match (inside.next(), inside.next()) {
        (Some(value), None) if xml::is(value, XENC, "CipherValue") => decode(&xml::text(value)?),
        _ => None,
    }
}

struct Transported {
    algorithm: &'static OaepAlgorithm,
    value: Vec<u8>,
}

impl Transported {
    fn of(key: Node<'_, '_>) -> Option<Self> {
        let method = method(key)?;
        let (mut digest, mut mask) = (None, None);
        for parameter in xml::elements(method) {
            let slot = if xml::is(parameter, DS, "DigestMethod") {
                &mut digest
            } else if xml::is(parameter, XENC11, "MGF") {
                &mut mask
            } else {
                // `OAEPparams`: a label that nobody sends.
                return None;
            };
            if slot.replace(xml::attribute(parameter, "Algorithm")?).is_some() {
                return None;
            }
        }
        let algorithm = algorithm::transport_named(method_name(method)?, digest, mask)?;
        Some(Self { algorithm, value: cipher_value(key)? })
    }

    fn unwrap(&self, ours: &SpKey) -> Option<Zeroizing<Vec<u8>>> {
        ours.unwrap(self.algorithm, &self.value)
    }
}

/// Nonce, content, tag (XML Encryption 1.1, section 5.2.4).
fn open(algorithm: &'static Algorithm, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, content) = sealed.split_at_checked(NONCE)?;
    if key.len() != algorithm.key_len() || content.len() < TAG {
        return None;
    }
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let mut buffer = content.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let length = key.open_in_place(nonce, Aad::empty(), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

fn within(encrypted: Node<'_, '_>, plain: &str) -> String {
    let mut out = String::from("<decrypted");
    for namespace in encrypted.namespaces() {
        match namespace.name() {
            Some("xml") => continue,
            Some(prefix) => out.extend([" xmlns:", prefix]),
            None => out.push_str(" xmlns"),
        }
        out.extend(["=\"", &xml::escaped(namespace.uri()), "\""]);
    }
    out.extend([">", plain, "</decrypted>"]);
    out
}
