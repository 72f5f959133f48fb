//! The closed list of error codes: the contract of every surface.
//!
//! Codes are stable and never renamed; messages are prose and may change. An
//! error never holds a token, a key, a secret or a type's name. A denial is not
//! an error: see `Decision`.

use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $message:literal;)*) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code as written in every interface, e.g. `token_expired`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)* }
            }

            /// A sentence that says what is wrong. Prose: it may change.
            #[must_use]
            pub const fn message(self) -> &'static str {
                if !cfg!(feature = "details") {
                    return "";
                }
                match self { $(ErrorCode::$variant => $message,)* }
            }
        }
    };
}

codes! {
    /// Not a compact JWS with strict base64url, UTF-8 and JSON in its parts (RFC 7515 §5.2, RFC 8725 §3.7).
    TokenMalformed = "token_malformed", "the token is not a well-formed JWS in compact serialization";
    /// Longer than [`Limits::token_bytes`](crate::Limits).
    TokenTooLarge = "token_too_large", "the token is longer than the limit";
    /// The header's `alg` is not in the caller's allow-list (RFC 8725 §3.1).
    AlgorithmNotAllowed = "algorithm_not_allowed", "the token's algorithm is not in the allow-list";
    /// The header's `typ` or the claim `type` is not the expected one (RFC 8725 §3.11).
    TypeMismatch = "type_mismatch", "the token is of another type than the expected one";
    /// The header has a `crit` that is malformed or names an extension that is not understood (RFC 7515 §4.1.11).
    CriticalHeader = "critical_header", "the token has a critical header parameter that is not understood";
    /// No key fits the token's `kid` and algorithm.
    KeyNotFound = "key_not_found", "no key fits the token";
    /// More than one key fits: choosing one would be a guess.
    KeyAmbiguous = "key_ambiguous", "more than one key fits the token";
    /// The key that fits may not be used: weak, malformed or for another purpose.
    KeyUnusable = "key_unusable", "the key may not be used";
    /// The signature does not verify with the key.
    SignatureInvalid = "signature_invalid", "the signature is not valid for this token and key";
    /// A required claim is absent.
    ClaimMissing = "claim_missing", "a required claim is missing";
    /// A claim has a wrong JSON type or a value that cannot hold.
    ClaimInvalid = "claim_invalid", "a claim has a wrong type or value";
    /// `exp + leeway <= now` (RFC 7519 §4.1.4), or older than the maximum age.
    TokenExpired = "token_expired", "the token has expired";
    /// `nbf > now + leeway` (RFC 7519 §4.1.5), or with a maximum age issued in the future.
    TokenNotYetValid = "token_not_yet_valid", "the token is not valid yet";
    /// Revoked by `jti`, or issued before the subject's sessions were invalidated.
    TokenRevoked = "token_revoked", "the token has been revoked";
    /// `iss` is not an expected issuer (RFC 8725 §3.8).
    IssuerMismatch = "issuer_mismatch", "the token is from another issuer";
    /// `aud` names no expected audience (RFC 8725 §3.9).
    AudienceMismatch = "audience_mismatch", "the token is for another audience";
    /// The two tokens of a pair do not belong together, or not to this service.
    BindingMismatch = "binding_mismatch", "the authorization token does not belong to the identity token or to this service";
    /// No signature backend here can verify this algorithm.
    AlgorithmUnavailable = "algorithm_unavailable", "the algorithm cannot be verified in this environment";
    /// The settings contradict themselves or are not understood.
    ConfigurationInvalid = "configuration_invalid", "the configuration is not valid";
    /// An authorization model is not valid.
    ModelInvalid = "model_invalid", "the authorization model is not valid";
    /// A bundle is not well-formed or not signed by whom it must be.
    BundleInvalid = "bundle_invalid", "the bundle is not valid";
    /// A bundle is older than what was asked for.
    BundleStale = "bundle_stale", "the bundle is too old to decide";
    /// What is known here does not suffice to decide.
    Undecided = "undecided", "what is known here does not suffice to decide";
    /// The evaluation would take more work than its budget.
    BudgetExceeded = "budget_exceeded", "the evaluation exceeded its budget";
    /// Something needed (keys, a module, a server) could not be had.
    Unavailable = "unavailable", "a needed component is unavailable";
    /// Nobody is logged in, or no longer.
    LoginRequired = "login_required", "nobody is logged in";
    /// The answer to a login: not asked for, used before, or a refusal.
    LoginRefused = "login_refused", "the login was refused";
    /// A service or the server answered that it does not do what was asked.
    RequestRefused = "request_refused", "the request was refused";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a token was refused or a question could not be answered.
///
/// ```
/// use sentinel_core::{Error, ErrorCode};
/// let error = Error::claim(ErrorCode::ClaimMissing, "exp");
/// assert_eq!(error.to_string(), "claim_missing: a required claim is missing (exp)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    #[cfg(feature = "details")]
    detail: Option<&'static str>,
    claim: Option<&'static str>,
}

impl Error {
    /// An error with its code's own message.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self::of(code, None, None)
    }

    /// An error with a more precise sentence (fixed text: never a part of the input).
    #[must_use]
    pub const fn with(code: ErrorCode, detail: &'static str) -> Self {
        Self::of(code, Some(detail), None)
    }

    /// An error about one claim. A claim whose name is not in the standard's
    /// list is reported as `(required claim)`: names can come from the input.
    #[must_use]
    pub const fn claim(code: ErrorCode, claim: &'static str) -> Self {
        Self::of(code, None, Some(claim))
    }

    /// Without the feature `details` the sentences are left out of the program: two kilobytes of the smallest module.
    const fn of(code: ErrorCode, detail: Option<&'static str>, claim: Option<&'static str>) -> Self {
        #[cfg(not(feature = "details"))]
        let _ = detail;
        Self {
            code,
            #[cfg(feature = "details")]
            detail,
            claim,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// Prose for people.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        #[cfg(feature = "details")]
        if let Some(detail) = self.detail {
            return detail;
        }
        self.code.message()
    }

    /// The claim the error is about, where it is about one.
    #[must_use]
    pub const fn claim_name(&self) -> Option<&'static str> {
        self.claim
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        f.write_str(": ")?;
        f.write_str(self.message())?;
        if let Some(claim) = self.claim {
            f.write_str(" (")?;
            f.write_str(claim)?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl core::error::Error for Error {}
