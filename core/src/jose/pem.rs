//! Public keys in PEM (RFC 7468) as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 8410, RFC 5480).

use super::key::{Curve, EcPublicKey, Ed25519PublicKey, RsaPublicKey, VerificationKey};
use crate::{Error, ErrorCode};
use alloc::vec::Vec;

const LABEL_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const LABEL_END: &str = "-----END PUBLIC KEY-----";

/// Longest PEM document: an RSA key of 8192 bits takes 1,500 bytes.
const MAX_BYTES: usize = 8 * 1024;

const NOT_A_KEY: Error = Error::with(ErrorCode::KeyUnusable, "not one PEM block `PUBLIC KEY` with a supported key");

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Reads one key.
pub(crate) fn public_key(pem: &[u8]) -> Result<VerificationKey, Error> {
    let text = core::str::from_utf8(pem).ok().filter(|text| text.len() <= MAX_BYTES).ok_or(NOT_A_KEY)?;
    let body = text.trim().strip_prefix(LABEL_BEGIN).and_then(|rest| rest.strip_suffix(LABEL_END)).ok_or(NOT_A_KEY)?;
    spki(&base64(body).ok_or(NOT_A_KEY)?)
}

/// Base64 with padding and line breaks, through the base64url decoder.
fn base64(body: &str) -> Option<Vec<u8>> {
    let mut encoded: Vec<u8> = Vec::with_capacity(body.len());
    for byte in body.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        encoded.push(match byte {
            b'+' => b'-',
            b'/' => b'_',
            b'-' | b'_' => return None,
            other => other,
        });
    }
    let padding = encoded.iter().rev().take_while(|byte| **byte == b'=').count();
    if !encoded.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    encoded.truncate(encoded.len() - padding);
    super::base64url::decode(&encoded)
}

fn spki(der: &[u8]) -> Result<VerificationKey, Error> {
    let mut outer = Der(der);
    let mut info = Der(outer.read(0x30)?);
    outer.end()?;
    let mut algorithm = Der(info.read(0x30)?);
    // A whole number of octets: no unused bits.
    let key = info.read(0x03)?.strip_prefix(&[0]).ok_or(NOT_A_KEY)?;
    info.end()?;
    let oid = algorithm.read(0x06)?;
    if oid == RSA {
        algorithm.read(0x05)?;
        algorithm.end()?;
        let mut outer = Der(key);
        let mut numbers = Der(outer.read(0x30)?);
        outer.end()?;
        let (n, e) = (numbers.positive_integer()?, numbers.positive_integer()?);
        numbers.end()?;
        Ok(VerificationKey::Rsa(RsaPublicKey::new(n, e)?))
    } else if oid == EC {
        let curve = match algorithm.read(0x06)? {
            P256 => Curve::P256,
            P384 => Curve::P384,
            P521 => Curve::P521,
            _ => return Err(NOT_A_KEY),
        };
        algorithm.end()?;
        // Uncompressed points only (SEC 1 §2.3.3): 4, x, y.
        let point = key.strip_prefix(&[4]).filter(|point| point.len() % 2 == 0).ok_or(NOT_A_KEY)?;
        let (x, y) = point.split_at_checked(point.len() / 2).ok_or(NOT_A_KEY)?;
        Ok(VerificationKey::Ec(EcPublicKey::new(curve, x, y)?))
    } else if oid == ED25519 {
        algorithm.end()?;
        Ok(VerificationKey::Ed25519(Ed25519PublicKey::new(key)?))
    } else {
        Err(NOT_A_KEY)
    }
}

/// Reads DER (X.690 §10): definite lengths in their shortest form.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn read(&mut self, tag: u8) -> Result<&'a [u8], Error> {
        let (len, rest) = match self.0 {
            [found, len @ ..=0x7f, rest @ ..] if *found == tag => (usize::from(*len), rest),
            [found, 0x81, len @ 0x80..=0xff, rest @ ..] if *found == tag => (usize::from(*len), rest),
            [found, 0x82, high @ 1..=0xff, low, rest @ ..] if *found == tag => {
                (usize::from(*high) << 8 | usize::from(*low), rest)
            }
            _ => return Err(NOT_A_KEY),
        };
        let (value, tail) = rest.split_at_checked(len).ok_or(NOT_A_KEY)?;
        self.0 = tail;
        Ok(value)
    }

    /// An INTEGER that is not negative, without the sign octet.
    fn positive_integer(&mut self) -> Result<&'a [u8], Error> {
        match self.read(0x02)? {
            [0, rest @ ..] if matches!(rest, [0x80..=0xff, ..]) => Ok(rest),
            value @ [1..=0x7f, ..] => Ok(value),
            _ => Err(NOT_A_KEY),
        }
    }

    fn end(&self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(NOT_A_KEY) }
    }
}
