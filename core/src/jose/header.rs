//! The JOSE header of a JWS (RFC 7515 §4).

use super::{Compact, algorithm::Algorithm, base64url, json::ObjectIndex, json::Value};
use crate::{Error, ErrorCode, Limits};
use alloc::borrow::Cow;
use alloc::string::String;

/// Most members in a header. All registered ones together are 11 (RFC 7515 §4.1);
/// this part of a token is read before its signature is checked.
const MEMBERS: u16 = 64;

/// A parsed header. It steers the choice among the caller's own algorithms and
/// keys and nothing else: `jwk`, `jku`, `x5u` and `x5c` are never looked at
/// (RFC 8725 §3.10).
#[derive(Clone)]
pub struct Header {
    text: String,
    index: ObjectIndex,
}

impl core::fmt::Debug for Header {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Header").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

impl Header {
    pub(crate) fn decode(compact: &Compact<'_>, limits: &Limits) -> Result<Self, Error> {
        let bytes = base64url::decode(compact.header).ok_or(ErrorCode::TokenMalformed)?;
        let text = String::from_utf8(bytes).map_err(|_| ErrorCode::TokenMalformed)?;
        let limits_here = Limits { json_members: limits.json_members.min(MEMBERS), ..*limits };
        let index = ObjectIndex::new(&text, &limits_here).map_err(|_| ErrorCode::TokenMalformed)?;
        let header = Self { text, index };
        for name in ["alg", "kid", "typ"] {
            if header.get(name).is_some_and(|value| value.as_str().is_none()) {
                return Err(ErrorCode::TokenMalformed.into());
            }
        }
        if header.get("alg").is_none() {
            return Err(Error::with(ErrorCode::TokenMalformed, "the header has no `alg`"));
        }
        if header.get("kid").is_some_and(|kid| kid.raw().len() > limits.kid_bytes + 2) {
            return Err(Error::with(ErrorCode::TokenMalformed, "the header's `kid` is longer than the limit"));
        }
        Ok(header)
    }

    /// Refuses every parameter that changes how a JWS is to be processed.
    ///
    /// No extension is implemented here, so any `crit` either names one that is
    /// not understood or is malformed (RFC 7515 §4.1.11). `b64` (RFC 7797) and
    /// `zip` (RFC 7516 §4.1.3) would change what the payload means; they are
    /// refused even where `crit` does not name them.
    pub(crate) fn refuse_extensions(&self) -> Result<(), Error> {
        if self.get("crit").is_some() || self.get("b64").is_some_and(|b64| b64.as_bool() != Some(true)) {
            return Err(ErrorCode::CriticalHeader.into());
        }
        if self.get("zip").is_some() {
            return Err(Error::with(ErrorCode::TokenMalformed, "a JWS cannot be compressed (`zip`)"));
        }
        Ok(())
    }

    /// Explicit typing (RFC 8725 §3.11): `typ` is the expected media type,
    /// whose `application/` may be left out (RFC 7515 §4.1.9).
    pub(crate) fn require_type(&self, expected: &str) -> Result<(), Error> {
        let typ = self.typ().ok_or(ErrorCode::TypeMismatch)?;
        if short_type(&typ).eq_ignore_ascii_case(short_type(expected)) {
            Ok(())
        } else {
            Err(ErrorCode::TypeMismatch.into())
        }
    }

    /// The algorithm, where its name is known.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.get("alg").and_then(Value::as_str).and_then(|name| Algorithm::from_name(&name))
    }

    /// The key's id, where the header names one.
    #[must_use]
    pub fn key_id(&self) -> Option<Cow<'_, str>> {
        self.get("kid").and_then(Value::as_str)
    }

    /// The token's media type, where the header names one.
    #[must_use]
    pub fn typ(&self) -> Option<Cow<'_, str>> {
        self.get("typ").and_then(Value::as_str)
    }

    /// Any member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.index.get(&self.text, name)
    }

    /// The header's JSON as it was signed.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.text
    }
}

fn short_type(typ: &str) -> &str {
    match typ.get(..12) {
        // Left out only where nothing after it has a slash (RFC 7515 §4.1.9).
        Some(prefix) if prefix.eq_ignore_ascii_case("application/") => {
            typ.get(12..).filter(|rest| !rest.contains('/')).unwrap_or(typ)
        }
        _ => typ,
    }
}
