//! Why a login by a tenant's provider came to nothing. Codes are the contract: the browser gets the code, the tenant's
//! administrators the code and what to do, and nobody what the provider sent.

use sentinel_idp::IdpError;

use crate::service::{Error, ErrorKind};

/// Why nobody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsoFault {
    /// No login is waiting for this answer: it was not begun here, or too long ago.
    LoginUnknown,
    /// The answer came a second time.
    Replayed,
    /// The login was begun in another browser.
    OtherBrowser,
    /// The configuration that the login was begun with is gone.
    ConfigurationGone,
    /// The provider said no.
    ProviderRefused,
    /// The provider could not be asked.
    ProviderUnreachable,
    /// What the provider is or says does not fit its configuration here.
    ProviderMisconfigured,
    /// The answer is another issuer's.
    IssuerMismatch,
    /// The provider does not take its own code.
    CodeRefused,
    /// The ID token is not good.
    TokenRefused,
    /// An attribute that the mapping names is missing, or is no address.
    AttributeMissing,
    /// The provider says that the address is not proven to be the person's.
    AddressNotVerified,
    /// The address's domain is not one that this tenant has proven.
    DomainNotProven,
    /// Nobody comes in as this account by a tenant's provider.
    AccountNotAllowed,
    /// The account is deactivated.
    AccountDisabled,
    /// The person was deprovisioned here.
    Deprovisioned,
    /// No role is mapped, and there is none for such people.
    RoleMissing,
    /// The provider's metadata say that they are not valid any more.
    MetadataExpired,
    /// Something here failed.
    ServerError,
    /// The SAML response is not good, for the reason with this code.
    Saml(&'static str),
}

impl SsoFault {
    /// Its stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LoginUnknown => "login_unknown",
            Self::Replayed => "replayed",
            Self::OtherBrowser => "other_browser",
            Self::ConfigurationGone => "configuration_gone",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderUnreachable => "provider_unreachable",
            Self::ProviderMisconfigured => "provider_misconfigured",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::CodeRefused => "code_refused",
            Self::TokenRefused => "token_refused",
            Self::AttributeMissing => "attribute_missing",
            Self::AddressNotVerified => "email_not_verified",
            Self::DomainNotProven => "sso_domain_not_proven",
            Self::AccountNotAllowed => "account_not_allowed",
            Self::AccountDisabled => "account_disabled",
            Self::Deprovisioned => "deprovisioned",
            Self::RoleMissing => "role_missing",
            Self::MetadataExpired => "metadata_expired",
            Self::ServerError => "server_error",
            Self::Saml(code) => code,
        }
    }

    /// The one with this code.
    #[cfg_attr(not(feature = "saml"), allow(dead_code, reason = "only a SAML response's verdict is kept by its code"))]
    pub(super) fn of(code: &str) -> Self {
        if let Some(own) = Self::OWN.into_iter().find(|own| own.code() == code) {
            return own;
        }
        let known = RESPONSES.into_iter().find(|known| *known == code);
        Self::Saml(known.unwrap_or("response_refused"))
    }

    /// Those that are no SAML response's.
    const OWN: [Self; 19] = [
        Self::LoginUnknown,
        Self::Replayed,
        Self::OtherBrowser,
        Self::ConfigurationGone,
        Self::ProviderRefused,
        Self::ProviderUnreachable,
        Self::ProviderMisconfigured,
        Self::IssuerMismatch,
        Self::CodeRefused,
        Self::TokenRefused,
        Self::AttributeMissing,
        Self::AddressNotVerified,
        Self::DomainNotProven,
        Self::AccountNotAllowed,
        Self::AccountDisabled,
        Self::Deprovisioned,
        Self::RoleMissing,
        Self::MetadataExpired,
        Self::ServerError,
    ];
}

/// What can be wrong with a SAML response.
const RESPONSES: [&str; 28] = [
    "too_large",
    "not_base64",
    "xml_refused",
    "not_a_response",
    "status_not_success",
    "unsigned",
    "signature_invalid",
    "signature_algorithm",
    "signature_reference",
    "certificate_unknown",
    "certificate_expired",
    "destination_mismatch",
    "recipient_mismatch",
    "in_response_to_mismatch",
    "audience_mismatch",
    "expired",
    "not_yet_valid",
    "assertion_count",
    "assertion_malformed",
    "subject_confirmation",
    "name_id_missing",
    "name_id_transient",
    "name_id_qualifier",
    "subject_attribute",
    "authn_statement",
    "duplicate_id",
    "encryption_algorithm",
    "decryption_failed",
];

/// What a tenant's administrator does about a code.
pub(super) fn advice(code: &str) -> &'static str {
    match code {
        "login_unknown" => {
            "Logins begin here: use this server's login URL, and not a tile of the provider that sends a response by itself"
        }
        "replayed" => "The same response came twice: somebody went back in the browser, or has a copy. Begin again",
        "other_browser" => "The login was begun in another browser, or its cookies are blocked. Begin again",
        "configuration_gone" => "The configuration was replaced while somebody logged in. Begin again",
        "provider_refused" | "status_not_success" => {
            "The provider refused the login: see its own log, and whether the person is assigned to this application"
        }
        "provider_unreachable" => "The provider did not answer, or not in its specified form",
        "provider_misconfigured" => {
            "The provider does not fit its configuration here: see issuer, client id, secret and grant there"
        }
        "issuer_mismatch" => {
            "Another issuer or entity id answered than the configured one: take over the provider's metadata or issuer anew"
        }
        "code_refused" => "The provider did not take its own code: see the redirect URI and the client there",
        "token_refused" => {
            "The provider's ID token is not for this client, not signed by its keys, or expired: see client id and clocks"
        }
        "attribute_missing" => {
            "A mapped attribute is missing, empty or no e-mail address: let the provider send it, or correct attribute_mapping"
        }
        "email_not_verified" => {
            "The provider says email_verified: false, as for people who registered themselves: let them verify the address there"
        }
        "sso_domain_not_proven" => {
            "The address is of a domain that this tenant has not proven: add and verify the domain"
        }
        "account_not_allowed" => {
            "This account does not log in by a tenant's provider; an owner does where an owner has set the provider up"
        }
        "account_disabled" => "The account is deactivated here",
        "deprovisioned" => "Provisioning has removed the person from this tenant: assign them again there",
        "role_missing" => "No value of the role attribute is mapped, and default_role is null",
        "metadata_expired" => {
            "The provider's metadata are past their validUntil: upload them anew, or see why their URL does not answer"
        }
        "certificate_unknown" | "signature_invalid" => {
            "The response is not signed by a certificate of the provider's metadata: take the metadata over anew after a change of certificates"
        }
        "certificate_expired" => "The provider signs with a certificate that has expired: let it take the next one",
        "unsigned" => "Neither response nor assertion is signed: let the provider sign the assertion",
        "signature_algorithm" => "The signature is not RSA or ECDSA with SHA-2: choose SHA-256 at the provider",
        "encryption_algorithm" => "Encrypt with AES-GCM and RSA-OAEP, or not at all",
        "decryption_failed" => "The assertion is encrypted for another key: take over this server's metadata anew",
        "audience_mismatch" => "The assertion is for another service: set its audience (entity id) to this server's",
        "destination_mismatch" | "recipient_mismatch" => {
            "The response is for another address: set the ACS URL at the provider to this server's"
        }
        "in_response_to_mismatch" => "The response answers another request than the one that was sent: begin again",
        "expired" | "not_yet_valid" => "The assertion's time is over or has not come: see the clocks of both servers",
        "name_id_missing" | "name_id_transient" | "name_id_qualifier" | "subject_attribute" => {
            "The provider sends no lasting name of the person: use a persistent or e-mail NameID, or map subject to an attribute"
        }
        "server_error" => "Something failed here: ask whoever runs this server",
        _ => {
            "The response does not have the form that SAML's web browser profile asks for: see the provider's documentation"
        }
    }
}

/// Why a request about a tenant's provider is refused.
#[derive(Debug)]
pub enum SsoError {
    /// Nobody came in.
    Fault(SsoFault),
    /// Something about the configuration, by a stable code.
    Refused {
        /// What a caller can do about it.
        kind: ErrorKind,
        /// Stable.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// What every use case may say.
    Failed(Error),
}

impl SsoError {
    pub(super) fn refused(kind: ErrorKind, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { kind, code, detail: detail.into() }
    }

    /// As surfaces say it that have no codes of this kind.
    #[must_use]
    pub fn into_error(self) -> Error {
        match self {
            Self::Fault(fault) => Error::forbidden(fault.code()),
            Self::Refused { kind, detail, .. } => Error::new(kind, detail),
            Self::Failed(error) => error,
        }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::refused(ErrorKind::Invalid, "configuration_invalid", detail)
    }
}

impl From<SsoFault> for SsoError {
    fn from(fault: SsoFault) -> Self {
        Self::Fault(fault)
    }
}

impl<E: Into<Error>> From<E> for SsoError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a provider's fault is to the tenant whose provider it is.
impl From<&IdpError> for SsoFault {
    fn from(error: &IdpError) -> Self {
        use sentinel_idp::LoginFault;
        match error {
            IdpError::LoginRefused(LoginFault::Issuer | LoginFault::Provider) => Self::IssuerMismatch,
            IdpError::LoginRefused(LoginFault::State) => Self::LoginUnknown,
            IdpError::LoginRefused(_) => Self::CodeRefused,
            IdpError::TokenRefused(_) => Self::TokenRefused,
            IdpError::Unreachable { .. } => Self::ProviderUnreachable,
            _ => Self::ProviderMisconfigured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_one_fault() {
        for fault in SsoFault::OWN {
            assert_eq!(SsoFault::of(fault.code()), fault);
        }
        for code in RESPONSES {
            assert_eq!(SsoFault::of(code).code(), code);
        }
        assert_eq!(SsoFault::of("<script>").code(), "response_refused");
    }
}
