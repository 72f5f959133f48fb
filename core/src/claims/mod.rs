//! Claims: what a token says once its signature holds (RFC 7519 §4).

mod numeric_date;
#[cfg(any(feature = "policy", feature = "relations"))]
pub(crate) mod path;
#[cfg(feature = "policy")]
mod profile;
mod validation;

pub use numeric_date::NumericDate;
#[cfg(any(feature = "policy", feature = "relations"))]
pub use path::PATH_MEMBERS;
#[cfg(feature = "policy")]
pub use profile::{ClaimsProfile, Field};
pub(crate) use validation::ClaimRules;
pub use validation::Expected;

use crate::jose::json::{ObjectIndex, Value};
use crate::{Error, ErrorCode, Limits};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// A claims set in its own memory: the payload's text and where each claim is in it.
#[derive(Clone)]
pub(crate) struct ClaimsSet {
    text: String,
    index: ObjectIndex,
}

impl ClaimsSet {
    /// Reads a payload, which must be a JSON object (RFC 7519 §7.2 step 10).
    pub(crate) fn from_payload(payload: Vec<u8>, limits: &Limits) -> Result<Self, Error> {
        const NOT_CLAIMS: Error =
            Error::with(ErrorCode::TokenMalformed, "the payload is not a claims set in strict JSON");
        let text = String::from_utf8(payload).map_err(|_| NOT_CLAIMS)?;
        let index = ObjectIndex::new(&text, limits).map_err(|_| NOT_CLAIMS)?;
        Ok(Self { text, index })
    }

    pub(crate) fn view(&self) -> Claims<'_> {
        Claims { text: &self.text, index: &self.index }
    }
}

/// A view of a token's claims. The accessors of registered claims give `None`
/// where the claim is absent; in a verified token they have the right type.
#[derive(Clone, Copy)]
pub struct Claims<'a> {
    text: &'a str,
    index: &'a ObjectIndex,
}

impl core::fmt::Debug for Claims<'_> {
    /// Claims are about people: only their number is shown.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Claims({} members)", self.index.len())
    }
}

impl<'a> Claims<'a> {
    /// Any claim.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.index.get(self.text, name)
    }

    /// A claim that is a string.
    #[must_use]
    pub fn string(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(Value::as_str)
    }

    /// `iss` (RFC 7519 §4.1.1).
    #[must_use]
    pub fn issuer(self) -> Option<Cow<'a, str>> {
        self.string("iss")
    }

    /// `sub` (RFC 7519 §4.1.2).
    #[must_use]
    pub fn subject(self) -> Option<Cow<'a, str>> {
        self.string("sub")
    }

    /// `jti` (RFC 7519 §4.1.7).
    #[must_use]
    pub fn jwt_id(self) -> Option<Cow<'a, str>> {
        self.string("jti")
    }

    /// `aud` (RFC 7519 §4.1.3): a string counts as a list of one.
    pub fn audience(self) -> impl Iterator<Item = Cow<'a, str>> {
        let aud = self.get("aud");
        let single = aud.and_then(Value::as_str);
        single.into_iter().chain(aud.and_then(Value::elements).into_iter().flatten().filter_map(Value::as_str))
    }

    /// `exp` (RFC 7519 §4.1.4).
    #[must_use]
    pub fn expires_at(self) -> Option<NumericDate> {
        self.get("exp").and_then(NumericDate::from_json)
    }

    /// `nbf` (RFC 7519 §4.1.5).
    #[must_use]
    pub fn not_before(self) -> Option<NumericDate> {
        self.get("nbf").and_then(NumericDate::from_json)
    }

    /// `iat` (RFC 7519 §4.1.6).
    #[must_use]
    pub fn issued_at(self) -> Option<NumericDate> {
        self.get("iat").and_then(NumericDate::from_json)
    }

    /// The claims set's JSON as it was signed.
    #[must_use]
    pub fn as_json(self) -> &'a str {
        self.text
    }
}
