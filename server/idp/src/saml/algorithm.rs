//! The algorithms that are taken, by their names. What is not here does not exist: SHA-1, MD5, HMAC, DSA, RSA-PSS,
//! inclusive canonicalization, XPath, XSLT, CBC, RSA with PKCS#1 v1.5 padding.

use aws_lc_rs::aead;
use aws_lc_rs::digest;
use aws_lc_rs::rsa::{self, OaepAlgorithm};

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
}

impl Signature {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            super::names::RSA_SHA256 => Self::RsaSha256,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => Self::RsaSha384,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => Self::RsaSha512,
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => Self::EcdsaSha256,
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => Self::EcdsaSha384,
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => Self::EcdsaSha512,
            _ => return None,
        })
    }
}

/// A digest that a reference may name.
pub(super) fn digest_named(name: &str) -> Option<&'static digest::Algorithm> {
    Some(match name {
        super::names::SHA256 => &digest::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digest::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digest::SHA512,
        _ => return None,
    })
}

/// How the content of an encrypted assertion is encrypted.
pub(super) fn content_named(name: &str) -> Option<&'static aead::Algorithm> {
    Some(match name {
        "http://www.w3.org/2009/xmlenc11#aes128-gcm" => &aead::AES_128_GCM,
        "http://www.w3.org/2009/xmlenc11#aes192-gcm" => &aead::AES_192_GCM,
        "http://www.w3.org/2009/xmlenc11#aes256-gcm" => &aead::AES_256_GCM,
        _ => return None,
    })
}

/// How the content's key is encrypted: RSA-OAEP whose two hashes are the same. OAEP does not rest on its hash being
/// free of collisions, so SHA-1, which most providers use here, is taken (RFC 8017, section 7.1).
pub(super) fn transport_named(name: &str, digest: Option<&str>, mask: Option<&str>) -> Option<&'static OaepAlgorithm> {
    const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
    let digest = digest.unwrap_or(SHA1);
    let mask = match name {
        // The older name is bound to SHA-1 as the mask's hash.
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" if mask.is_none() => {
            "http://www.w3.org/2009/xmlenc11#mgf1sha1"
        }
        "http://www.w3.org/2009/xmlenc11#rsa-oaep" => mask.unwrap_or("http://www.w3.org/2009/xmlenc11#mgf1sha1"),
        _ => return None,
    };
    Some(match (digest, mask) {
        (SHA1, "http://www.w3.org/2009/xmlenc11#mgf1sha1") => &rsa::OAEP_SHA1_MGF1SHA1,
        (super::names::SHA256, "http://www.w3.org/2009/xmlenc11#mgf1sha256") => &rsa::OAEP_SHA256_MGF1SHA256,
        ("http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2009/xmlenc11#mgf1sha384") => {
            &rsa::OAEP_SHA384_MGF1SHA384
        }
        ("http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2009/xmlenc11#mgf1sha512") => {
            &rsa::OAEP_SHA512_MGF1SHA512
        }
        _ => return None,
    })
}
