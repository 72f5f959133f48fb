//! What a claims set must say to be accepted (RFC 7519 §4.1, RFC 8725 §3.8-3.12).

use super::{Claims, NumericDate};
use crate::jose::json::Value;
use crate::{Error, ErrorCode};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What `iss` or `aud` must be. There is no default: not checking one of them
/// has to be said with [`Expected::any`] (RFC 8725 §3.8, §3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected(Option<Vec<String>>);

impl Expected {
    /// Not checked. The claim may even be absent.
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// This value, compared octet by octet.
    #[must_use]
    pub fn exactly(value: &str) -> Self {
        Self::one_of([value])
    }

    /// One of these values. An empty list accepts nothing.
    #[must_use]
    pub fn one_of<S: ToString>(values: impl IntoIterator<Item = S>) -> Self {
        Self(Some(values.into_iter().map(|value| value.to_string()).collect()))
    }

    pub(crate) fn accepts(&self, value: &str) -> bool {
        self.0.as_ref().is_none_or(|values| values.iter().any(|expected| expected == value))
    }

    pub(crate) fn is_any(&self) -> bool {
        self.0.is_none()
    }

    #[cfg(feature = "policy")]
    /// The value, where exactly one is accepted.
    pub(crate) fn only(&self) -> Option<&str> {
        match self.0.as_deref() {
            Some([only]) => Some(only),
            _ => None,
        }
    }
}

/// Everything that is asked of a claims set.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRules {
    pub(crate) issuer: Expected,
    pub(crate) audience: Expected,
    pub(crate) token_use: Option<String>,
    pub(crate) leeway: u32,
    pub(crate) required: Vec<String>,
    pub(crate) max_age: Option<u32>,
}

const STRINGS: [&str; 3] = ["iss", "sub", "jti"];
const DATES: [&str; 3] = ["exp", "nbf", "iat"];
const INVALID: ErrorCode = ErrorCode::ClaimInvalid;

impl ClaimRules {
    #[cfg(feature = "policy")]
    /// Whether a claims set that some verifier accepted has the issuer and audience that this one asks for.
    pub(crate) fn is_for_us(&self, claims: Claims<'_>) -> bool {
        (self.issuer.is_any() || claims.issuer().is_some_and(|issuer| self.issuer.accepts(&issuer)))
            && (self.audience.is_any() || claims.audience().any(|audience| self.audience.accepts(&audience)))
    }

    /// Types first, then presence, then values, then time.
    pub(crate) fn check(&self, claims: Claims<'_>, now: i64) -> Result<(), Error> {
        check_types(claims)?;
        for name in &self.required {
            if claims.get(name).is_none_or(Value::is_null) {
                return Err(Error::claim(ErrorCode::ClaimMissing, registered_name(name)));
            }
        }
        if !self.issuer.is_any() {
            let issuer = claims.issuer().ok_or(Error::claim(ErrorCode::ClaimMissing, "iss"))?;
            if !self.issuer.accepts(&issuer) {
                return Err(Error::claim(ErrorCode::IssuerMismatch, "iss"));
            }
        }
        if !self.audience.is_any() {
            claims.get("aud").ok_or(Error::claim(ErrorCode::ClaimMissing, "aud"))?;
            if !claims.audience().any(|audience| self.audience.accepts(&audience)) {
                return Err(Error::claim(ErrorCode::AudienceMismatch, "aud"));
            }
        }
        if let Some(expected) = &self.token_use {
            let token_use = claims.get("type").ok_or(Error::claim(ErrorCode::ClaimMissing, "type"))?;
            if token_use.as_str().is_none_or(|found| found != expected.as_str()) {
                return Err(Error::claim(ErrorCode::TypeMismatch, "type"));
            }
        }
        self.check_time(claims, now)
    }

    /// The checks that time alone can turn: a verified token that is kept must pass them at each use.
    pub(crate) fn check_time(&self, claims: Claims<'_>, now: i64) -> Result<(), Error> {
        let leeway = i64::from(self.leeway);
        // exp + leeway <= now, nbf > now + leeway: moved to the side that is ours so that nothing can overflow.
        if claims.expires_at().is_some_and(|exp| exp.is_at_or_before(now.saturating_sub(leeway))) {
            return Err(Error::claim(ErrorCode::TokenExpired, "exp"));
        }
        let is_future = |date: NumericDate| !date.is_at_or_before(now.saturating_add(leeway));
        if claims.not_before().is_some_and(is_future) {
            return Err(Error::claim(ErrorCode::TokenNotYetValid, "nbf"));
        }
        if let Some(max_age) = self.max_age {
            let issued_at = claims.issued_at().ok_or(Error::claim(ErrorCode::ClaimMissing, "iat"))?;
            if issued_at.is_before(now.saturating_sub(leeway).saturating_sub(i64::from(max_age))) {
                return Err(Error::claim(ErrorCode::TokenExpired, "iat"));
            }
            if is_future(issued_at) {
                return Err(Error::claim(ErrorCode::TokenNotYetValid, "iat"));
            }
        }
        Ok(())
    }
}

/// A registered claim of the wrong type is refused also where nobody asks for it:
/// whoever reads it later would have to guess.
fn check_types(claims: Claims<'_>) -> Result<(), Error> {
    for name in STRINGS {
        if claims.get(name).is_some_and(|value| value.as_str().is_none()) {
            return Err(Error::claim(INVALID, name));
        }
    }
    for name in DATES {
        if claims.get(name).is_some_and(|value| NumericDate::from_json(value).is_none()) {
            return Err(Error::claim(INVALID, name));
        }
    }
    let is_audience = |aud: Value<'_>| {
        aud.as_str().is_some() || aud.elements().is_some_and(|mut list| list.all(|entry| entry.as_str().is_some()))
    };
    if claims.get("aud").is_some_and(|aud| !is_audience(aud)) {
        return Err(Error::claim(INVALID, "aud"));
    }
    Ok(())
}

/// The name for an error: a fixed text, so that no input reaches a message.
fn registered_name(name: &str) -> &'static str {
    const NAMES: [&str; 21] = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "type",
        "email",
        "name",
        "wid",
        "wslug",
        "wrole",
        "groups",
        "idp_sub",
        "svc",
        "actions",
        "client_id",
        "scope",
        "auth_time",
        "nonce",
    ];
    NAMES.into_iter().find(|known| *known == name).unwrap_or("(required claim)")
}
