//! The enveloped XML signature that we make, and the signature of a query.

use aws_lc_rs::digest::{SHA256, digest};

use super::c14n::{Inclusive, canonical};
use super::encoding::encode;
use super::names::{DS, ENVELOPED, EXC_C14N, RSA_SHA256, SHA256 as SHA256_NAME};
use super::{SamlError, SpKey, xml};

/// Signs the root element that `before` and `after` make together, and puts the signature between them.
pub(super) fn enveloped(before: &str, after: &str, id: &str, key: &SpKey) -> Result<String, SamlError> {
    let whole = format!("{before}{after}");
    let document = xml::again(&whole).map_err(|_| SamlError::Configuration)?;
    let octets = canonical(document.root_element(), None, &Inclusive::default());
    let octets = octets.map_err(|_| SamlError::Configuration)?;
    let digest = encode(digest(&SHA256, octets.as_bytes()).as_ref());
    let inside = format!(
        "<ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"></ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform><ds:Transform Algorithm=\"{EXC_C14N}\"></ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{SHA256_NAME}\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    );
    // What is signed declares the prefix itself; what is sent inherits it.
    let value = key.sign(format!("<ds:SignedInfo xmlns:ds=\"{DS}\">{inside}").as_bytes())?;
    Ok(format!(
        "{before}<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo>{inside}<ds:SignatureValue>{}</ds:SignatureValue>{}\
         </ds:Signature>{after}",
        encode(&value),
        key_info(key),
    ))
}

/// The certificate of a key, as a hint or in metadata. The prefix `ds` is declared around it.
pub(super) fn key_info(key: &SpKey) -> String {
    let der = &key.certificate().der;
    format!("<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")
}

/// Escapes everything in a query's value but what never needs it (RFC 3986, section 2.3).
pub(super) fn query_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.extend(["%", &super::encoding::hex(&[byte]).to_ascii_uppercase()]);
        }
    }
    out
}
