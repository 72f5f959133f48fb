//! What is wrong on our side: a key, a setting, a provider's metadata.

/// What is wrong on our side, with a key or a setting. Holds neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SamlError {
    /// Not an RSA key of at least 2048 bits as PKCS#8.
    #[error("the service provider's key is no RSA key of 2048 bits or more")]
    KeyUnusable,
    /// Not a certificate of this key.
    #[error("the service provider's certificate is not one of its key")]
    CertificateMismatch,
    /// The entity id or the assertion consumer service cannot be used.
    #[error("the service provider's entity id or assertion consumer service is not usable")]
    Configuration,
    /// The provider takes no request by this binding.
    #[error("the identity provider takes no request by this binding")]
    NoEndpoint,
    /// More than the 80 bytes that a relay state may have (bindings, section 3.4.3), or characters that are no text.
    #[error("the relay state is longer than 80 bytes")]
    RelayState,
    /// The system gives no randomness, or a signature fails.
    #[error("signing failed")]
    Signing,
}

impl SamlError {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyUnusable => "sp_key_unusable",
            Self::CertificateMismatch => "sp_certificate_mismatch",
            Self::Configuration => "sp_configuration",
            Self::NoEndpoint => "sp_no_endpoint",
            Self::RelayState => "sp_relay_state",
            Self::Signing => "sp_signing",
        }
    }
}

/// Why a provider's metadata is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataFault {
    /// More than 2 MiB.
    #[error("the metadata is larger than 2 MiB")]
    TooLarge,
    /// Not UTF-8, not well-formed, or XML that is not taken: a document type, an entity, too much of it.
    #[error("the metadata is not well-formed, or holds a document type or entities")]
    XmlRefused,
    /// The root is neither `EntityDescriptor` nor `EntitiesDescriptor` of SAML 2.0.
    #[error("this is no SAML 2.0 metadata")]
    NotMetadata,
    /// The expected entity is not in it, or none is.
    #[error("the metadata does not describe the expected entity")]
    EntityMissing,
    /// Several providers, and none was named; or the one that was named twice.
    #[error("the metadata describes several identity providers: name the entity id")]
    EntityAmbiguous,
    /// Past its `validUntil`.
    #[error("the metadata has expired")]
    Expired,
    /// The entity is no identity provider for SAML 2.0.
    #[error("the entity is no SAML 2.0 identity provider")]
    NoIdpRole,
    /// No single sign-on service by redirect or POST.
    #[error("the metadata names no single sign-on service by redirect or POST")]
    NoEndpoint,
    /// The single sign-on service is not reached by https.
    #[error("the single sign-on service has no usable https address")]
    EndpointInsecure,
    /// No certificate for signing.
    #[error("the metadata holds no signing certificate")]
    NoCertificate,
    /// A certificate whose key cannot be used: RSA of less than 2048 bits, an unknown kind, not a certificate.
    #[error("the signing certificate is unreadable or its key is too weak")]
    KeyUnusable,
    /// A signature on it is not good, or is not there where it is demanded.
    #[error("the metadata's signature is missing or not good")]
    Signature,
}

impl MetadataFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "metadata_too_large",
            Self::XmlRefused => "metadata_xml_refused",
            Self::NotMetadata => "metadata_not_saml",
            Self::EntityMissing => "metadata_entity_missing",
            Self::EntityAmbiguous => "metadata_entity_ambiguous",
            Self::Expired => "metadata_expired",
            Self::NoIdpRole => "metadata_no_idp_role",
            Self::NoEndpoint => "metadata_no_endpoint",
            Self::EndpointInsecure => "metadata_endpoint_insecure",
            Self::NoCertificate => "metadata_no_certificate",
            Self::KeyUnusable => "metadata_key_unusable",
            Self::Signature => "metadata_signature",
        }
    }
}
