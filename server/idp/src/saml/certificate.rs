//! A provider's signing certificate, as it is pinned: its key counts, and its time. No chain is built: SAML's trust is
//! in the metadata.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};

use super::MetadataFault;
use super::algorithm::Signature;
use super::encoding::{decode, encode, hex};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Bytes of a certificate at most.
const CERTIFICATE: usize = 16 << 10;
/// Bits of an RSA modulus.
const MODULUS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A certificate whose key may sign for a provider. Kept as JSON beside the rest of the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedCertificate {
    /// The certificate, DER in base64.
    pub der: String,
    /// SHA-256 of the DER, in hex: what an administrator compares.
    pub sha256: String,
    /// When its time begins, in seconds since 1970.
    pub not_before: i64,
    /// When its time ends, in seconds since 1970.
    pub not_after: i64,
}

impl PinnedCertificate {
    /// Pins a certificate given as DER.
    ///
    /// # Errors
    /// [`MetadataFault::KeyUnusable`] if it is no certificate of an RSA key of 2048 to 8192 bits or of an ECDSA key on
    /// P-256, P-384 or P-521.
    pub fn from_der(der: &[u8]) -> Result<Self, MetadataFault> {
        let certificate = parse(der).ok_or(MetadataFault::KeyUnusable)?;
        Ok(Self {
            der: encode(der),
            sha256: hex(digest(&SHA256, der).as_ref()),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        })
    }

    /// Pins a certificate given as PEM, or as the bare base64 that providers show on their pages.
    ///
    /// # Errors
    /// As [`Self::from_der`].
    pub fn from_pem(pem: &str) -> Result<Self, MetadataFault> {
        let inside = match pem.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, after)) => after.split_once("-----END CERTIFICATE-----").ok_or(MetadataFault::KeyUnusable)?.0,
            None => pem,
        };
        if inside.len() > 2 * CERTIFICATE {
            return Err(MetadataFault::KeyUnusable);
        }
        Self::from_der(&decode(inside).ok_or(MetadataFault::KeyUnusable)?)
    }

    /// Its key. What is stored is parsed again, so nobody who writes the store chooses a key and another fingerprint.
    pub(super) fn key(&self) -> Option<PublicKey> {
        Some(parse(&decode(&self.der)?)?.key)
    }
}

struct Parsed {
    key: PublicKey,
    not_before: i64,
    not_after: i64,
}

fn parse(der: &[u8]) -> Option<Parsed> {
    if der.len() > CERTIFICATE {
        return None;
    }
    let certificate = Certificate::from_der(der).ok()?;
    let tbs = certificate.tbs_certificate();
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).ok();
    let info = tbs.subject_public_key_info();
    let bits = info.subject_public_key.as_bytes()?.to_vec();
    let key = if info.algorithm.oid == RSA {
        MODULUS.contains(&modulus_bits(&bits)?).then_some(PublicKey { kind: Kind::Rsa, bits })?
    } else if info.algorithm.oid == EC {
        let curve: ObjectIdentifier = info.algorithm.parameters.as_ref()?.decode_as().ok()?;
        let kind = match curve {
            P256 => Kind::P256,
            P384 => Kind::P384,
            P521 => Kind::P521,
            _ => return None,
        };
        PublicKey { kind, bits }
    } else {
        return None;
    };
    Some(Parsed { key, not_before: seconds(tbs.validity().not_before)?, not_after: seconds(tbs.validity().not_after)? })
}

/// Bits of the modulus of an `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn modulus_bits(der: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(der).ok()?;
    let modulus = reader
        .sequence(|inside| {
            let modulus = UintRef::decode(inside)?.as_bytes().to_vec();
            UintRef::decode(inside)?;
            Ok::<_, x509_cert::der::Error>(modulus)
        })
        .ok()?;
    let first = modulus.first()?;
    Some((modulus.len() * 8).saturating_sub(usize::try_from(first.leading_zeros()).ok()?))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
}

/// A public key that signatures are verified with.
#[derive(Debug)]
pub(super) struct PublicKey {
    kind: Kind,
    bits: Vec<u8>,
}

impl PublicKey {
    /// Whether the signature is this key's. A key verifies only what its kind and curve are made for.
    pub(super) fn verifies(&self, algorithm: Signature, message: &[u8], value: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match (self.kind, algorithm) {
            (Kind::Rsa, Signature::RsaSha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Signature::RsaSha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Signature::RsaSha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Kind::P256, Signature::EcdsaSha256) => &signature::ECDSA_P256_SHA256_FIXED,
            (Kind::P384, Signature::EcdsaSha384) => &signature::ECDSA_P384_SHA384_FIXED,
            (Kind::P521, Signature::EcdsaSha256) => &signature::ECDSA_P521_SHA256_FIXED,
            (Kind::P521, Signature::EcdsaSha384) => &signature::ECDSA_P521_SHA384_FIXED,
            (Kind::P521, Signature::EcdsaSha512) => &signature::ECDSA_P521_SHA512_FIXED,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.bits).verify(message, value).is_ok()
    }

    /// Whether this is the same key.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.bits == other.bits
    }

    /// The bits of the key as the certificate has them: of an RSA key its `RSAPublicKey`.
    pub(super) fn bits(&self) -> &[u8] {
        &self.bits
    }
}
