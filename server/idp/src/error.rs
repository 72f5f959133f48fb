//! Why nobody was identified.

use sentinel_core::{Error, ErrorCode};

/// Why nobody was identified. Never holds a token, a code, a secret or a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdpError {
    /// No provider of this name is configured. HTTP: 404.
    #[error("no identity provider of this name is configured")]
    UnknownProvider,
    /// The provider's token is not good, or not for us. HTTP: 401.
    #[error("the identity provider's token is refused: {0}")]
    TokenRefused(Error),
    /// The answer to a login is not good. HTTP: 401.
    #[error("the login is refused: {0}")]
    LoginRefused(LoginFault),
    /// The provider cannot be asked now. HTTP: 503.
    #[error("the identity provider `{provider}` is not available: {why}")]
    Unreachable {
        /// The provider's name.
        provider: String,
        /// What happened, for the log.
        why: &'static str,
    },
    /// The provider cannot be used as it is configured here or there. HTTP: 500.
    #[error("the identity provider `{provider}` is misconfigured: {hint}")]
    Misconfigured {
        /// The provider's name.
        provider: String,
        /// What to change, for the operator.
        hint: &'static str,
    },
}

/// What is wrong with the answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginFault {
    /// `state` is not the one that was sent (RFC 6749 §10.12).
    #[error("the state is not the one that was sent")]
    State,
    /// The login was begun with another provider or issuer: a mix-up (RFC 9700 §4.4).
    #[error("the login was begun with another provider")]
    Provider,
    /// `iss` names another issuer, or is missing where the provider promised it (RFC 9207 §2.4).
    #[error("the answer is not from the issuer that was asked")]
    Issuer,
    /// The provider does not take the code: used, expired, or not for us (RFC 6749 §5.2 `invalid_grant`).
    #[error("the provider does not accept the code")]
    Code,
}

impl IdpError {
    /// The HTTP status that fits: 401, 404, 500 or 503.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownProvider => 404,
            Self::TokenRefused(_) | Self::LoginRefused(_) => 401,
            Self::Unreachable { .. } => 503,
            Self::Misconfigured { .. } => 500,
        }
    }

    pub(crate) fn token(code: ErrorCode, detail: &'static str) -> Self {
        Self::TokenRefused(Error::with(code, detail))
    }
}

impl From<LoginFault> for IdpError {
    fn from(fault: LoginFault) -> Self {
        Self::LoginRefused(fault)
    }
}
