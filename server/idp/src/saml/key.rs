//! Our own key: it signs what we ask, and opens what is encrypted for us.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rcgen::{CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{PinnedCertificate, SamlError};

/// A private key of the service provider with its certificate. Cheap to clone.
#[derive(Clone)]
pub struct SpKey(Arc<Inner>);

struct Inner {
    signing: KeyPair,
    opening: OaepPrivateDecryptingKey,
    certificate: PinnedCertificate,
}

impl fmt::Debug for SpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpKey").field("certificate", &self.0.certificate.sha256).finish_non_exhaustive()
    }
}

impl SpKey {
    /// Makes an RSA key of 3072 bits, as PKCS#8 DER, for the caller to keep sealed.
    ///
    /// # Errors
    /// [`SamlError::KeyUnusable`] if none could be made.
    pub fn generate() -> Result<Zeroizing<Vec<u8>>, SamlError> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(|_| SamlError::KeyUnusable)?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| SamlError::KeyUnusable)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// A key of 2048 to 8192 bits, as PKCS#8 DER, and the certificate of it, as DER.
    ///
    /// # Errors
    /// [`SamlError::KeyUnusable`], or [`SamlError::CertificateMismatch`] if the certificate is another key's.
    pub fn new(pkcs8: &[u8], certificate: &[u8]) -> Result<Self, SamlError> {
        let signing = KeyPair::from_pkcs8(pkcs8).map_err(|_| SamlError::KeyUnusable)?;
        let opening = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| SamlError::KeyUnusable)?;
        let opening = OaepPrivateDecryptingKey::new(opening).map_err(|_| SamlError::KeyUnusable)?;
        let certificate = PinnedCertificate::from_der(certificate).map_err(|_| SamlError::CertificateMismatch)?;
        if certificate.key().is_none_or(|key| key.bits() != signing.public_key().as_ref()) {
            return Err(SamlError::CertificateMismatch);
        }
        Ok(Self(Arc::new(Inner { signing, opening, certificate })))
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &PinnedCertificate {
        &self.0.certificate
    }

    /// Signs by RSA-SHA256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SamlError> {
        let mut signature = vec![0; self.0.signing.public_modulus_len()];
        let signed = self.0.signing.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| SamlError::Signing)
    }

    /// Opens a key that was encrypted for us.
    pub(super) fn unwrap(&self, algorithm: &'static OaepAlgorithm, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if sealed.len() != self.0.opening.key_size_bytes() {
            return None;
        }
        let mut plain = Zeroizing::new(vec![0; self.0.opening.min_output_size()]);
        let length = self.0.opening.decrypt(algorithm, sealed, &mut plain, None).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

/// Makes a self-signed certificate (DER) for a key (PKCS#8 DER): providers want a key in the form of one. Times are in
/// seconds since 1970.
///
/// # Errors
/// [`SamlError::KeyUnusable`] for a key that cannot sign it, [`SamlError::Configuration`] for times that are none.
pub fn self_signed(pkcs8: &[u8], common_name: &str, not_before: i64, not_after: i64) -> Result<Vec<u8>, SamlError> {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| SamlError::Configuration);
    let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), &PKCS_RSA_SHA256);
    let key = key.map_err(|_| SamlError::KeyUnusable)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = at(not_before)?;
    params.not_after = at(not_after)?;
    let certificate = params.self_signed(&key).map_err(|_| SamlError::KeyUnusable)?;
    Ok(certificate.der().to_vec())
}
