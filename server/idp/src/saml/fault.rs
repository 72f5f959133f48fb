//! Why a response identifies nobody.

/// Why a response identifies nobody. The code is the contract; nothing of the response is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SamlFault {
    /// More than 256 KiB.
    #[error("the response is larger than 256 KiB")]
    TooLarge,
    /// The form field is not strict base64.
    #[error("the response is not base64")]
    NotBase64,
    /// Not UTF-8, not well-formed, or XML that no SAML message needs: a document type, entities, processing instructions,
    /// comments, CDATA, or too deep, too many elements, attributes or namespaces.
    #[error(
        "the response holds XML that is not taken: not well-formed, a document type, an entity, a comment, or too much of it"
    )]
    XmlRefused,
    /// The root is no SAML 2.0 `Response`.
    #[error("this is no SAML 2.0 response")]
    NotAResponse,
    /// The provider says that it did not authenticate.
    #[error("the identity provider reports that the login did not succeed")]
    StatusNotSuccess,
    /// Neither the response nor its assertion is signed.
    #[error("neither the response nor the assertion is signed")]
    Unsigned,
    /// A signature is not one of any pinned key, or what it signs was changed.
    #[error("a signature is not good")]
    SignatureInvalid,
    /// A signature or digest algorithm that is not taken: SHA-1, HMAC, anything off the list.
    #[error("a signature uses an algorithm that is not taken; RSA or ECDSA with SHA-256, SHA-384 or SHA-512 are")]
    SignatureAlgorithm,
    /// A signature that does not sign exactly the element it stands in by exactly the two transforms of SAML.
    #[error("a signature does not sign exactly the element that it stands in")]
    SignatureReference,
    /// A signature is by a certificate that is not pinned.
    #[error("the response is signed with a certificate that is not in the provider's metadata as it is stored here")]
    CertificateUnknown,
    /// The certificate of the key that signed is past, or before, its time.
    #[error("the provider's signing certificate has expired")]
    CertificateExpired,
    /// Another issuer than the provider that was asked.
    #[error("the response is from another issuer than the provider that is configured")]
    IssuerMismatch,
    /// `Destination` is not our assertion consumer service.
    #[error("the response is addressed to another destination")]
    DestinationMismatch,
    /// `Recipient` is not our assertion consumer service.
    #[error("the assertion is meant for another recipient")]
    RecipientMismatch,
    /// Not an answer to the request that was sent. A response that nobody asked for is refused by this, too.
    #[error("the response does not answer the request that was sent")]
    InResponseToMismatch,
    /// We are not in the audience.
    #[error("the assertion is meant for another audience")]
    AudienceMismatch,
    /// Past `NotOnOrAfter`, or the provider's session is over.
    #[error("the assertion has expired")]
    Expired,
    /// Before `NotBefore`, or issued in the future.
    #[error("the assertion is not valid yet")]
    NotYetValid,
    /// None, or more than one assertion, or one in a place where none belongs.
    #[error("the response does not hold exactly one assertion")]
    AssertionCount,
    /// A part of the assertion is missing, is there twice, or is not understood.
    #[error("the assertion lacks a required part, or holds one that is not understood")]
    AssertionMalformed,
    /// No bearer confirmation as the browser profile demands it.
    #[error("the assertion holds no bearer confirmation as the browser profile demands it")]
    SubjectConfirmation,
    /// No name for the subject.
    #[error("the assertion names no subject")]
    NameIdMissing,
    /// The name is another one at each login, and no attribute is configured to stand for it.
    #[error(
        "the provider sends a transient NameID: configure a persistent one, or an attribute that identifies the person"
    )]
    NameIdTransient,
    /// The name belongs to another provider's or another service's name space.
    #[error("the NameID is qualified by another provider or service")]
    NameIdQualifier,
    /// The attribute that is to identify the person is not there with exactly one value.
    #[error("the attribute that is to identify the person is not there with exactly one value")]
    SubjectAttribute,
    /// No statement of an authentication.
    #[error("the assertion holds no statement of an authentication")]
    AuthnStatement,
    /// Two elements with one ID.
    #[error("two elements have the same ID")]
    DuplicateId,
    /// An encryption that is not taken: content other than AES-GCM, keys other than RSA-OAEP.
    #[error("the assertion is encrypted by an algorithm that is not taken; AES-GCM with RSA-OAEP is")]
    EncryptionAlgorithm,
    /// The assertion cannot be decrypted. One fault for every reason.
    #[error("the assertion cannot be decrypted")]
    DecryptionFailed,
}

impl SamlFault {
    /// Every fault, for tests and reference pages.
    pub const ALL: [Self; 29] = [
        Self::TooLarge,
        Self::NotBase64,
        Self::XmlRefused,
        Self::NotAResponse,
        Self::StatusNotSuccess,
        Self::Unsigned,
        Self::SignatureInvalid,
        Self::SignatureAlgorithm,
        Self::SignatureReference,
        Self::CertificateUnknown,
        Self::CertificateExpired,
        Self::IssuerMismatch,
        Self::DestinationMismatch,
        Self::RecipientMismatch,
        Self::InResponseToMismatch,
        Self::AudienceMismatch,
        Self::Expired,
        Self::NotYetValid,
        Self::AssertionCount,
        Self::AssertionMalformed,
        Self::SubjectConfirmation,
        Self::NameIdMissing,
        Self::NameIdTransient,
        Self::NameIdQualifier,
        Self::SubjectAttribute,
        Self::AuthnStatement,
        Self::DuplicateId,
        Self::EncryptionAlgorithm,
        Self::DecryptionFailed,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NotBase64 => "not_base64",
            Self::XmlRefused => "xml_refused",
            Self::NotAResponse => "not_a_response",
            Self::StatusNotSuccess => "status_not_success",
            Self::Unsigned => "unsigned",
            Self::SignatureInvalid => "signature_invalid",
            Self::SignatureAlgorithm => "signature_algorithm",
            Self::SignatureReference => "signature_reference",
            Self::CertificateUnknown => "certificate_unknown",
            Self::CertificateExpired => "certificate_expired",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::DestinationMismatch => "destination_mismatch",
            Self::RecipientMismatch => "recipient_mismatch",
            Self::InResponseToMismatch => "in_response_to_mismatch",
            Self::AudienceMismatch => "audience_mismatch",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::AssertionCount => "assertion_count",
            Self::AssertionMalformed => "assertion_malformed",
            Self::SubjectConfirmation => "subject_confirmation",
            Self::NameIdMissing => "name_id_missing",
            Self::NameIdTransient => "name_id_transient",
            Self::NameIdQualifier => "name_id_qualifier",
            Self::SubjectAttribute => "subject_attribute",
            Self::AuthnStatement => "authn_statement",
            Self::DuplicateId => "duplicate_id",
            Self::EncryptionAlgorithm => "encryption_algorithm",
            Self::DecryptionFailed => "decryption_failed",
        }
    }
}
