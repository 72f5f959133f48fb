//! Tokens before and after verification: two types, so that they cannot be mixed up.

use crate::claims::{Claims, ClaimsSet};
use crate::jose::{Compact, Header, base64url};
use crate::{Error, ErrorCode, Limits};
use alloc::vec::Vec;

/// A token that has been read and **not** verified: for inspection only.
/// Nothing in it can be trusted, and nothing that decides accepts it.
#[derive(Debug)]
pub struct UnverifiedToken {
    header: Header,
    claims: ClaimsSetOrBytes,
}

enum ClaimsSetOrBytes {
    Claims(ClaimsSet),
    Bytes(Vec<u8>),
}

impl core::fmt::Debug for ClaimsSetOrBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("unverified")
    }
}

impl UnverifiedToken {
    /// Decodes header and payload.
    ///
    /// # Errors
    /// [`ErrorCode::TokenTooLarge`], or [`ErrorCode::TokenMalformed`] where it is no compact JWS.
    pub fn parse(token: &str, limits: &Limits) -> Result<Self, Error> {
        let compact = Compact::split(token, limits)?;
        let header = Header::decode(&compact, limits)?;
        base64url::decode(compact.signature).ok_or(ErrorCode::TokenMalformed)?;
        let payload = base64url::decode(compact.payload).ok_or(ErrorCode::TokenMalformed)?;
        let claims = match ClaimsSet::from_payload(payload.clone(), limits) {
            Ok(claims) => ClaimsSetOrBytes::Claims(claims),
            Err(_) => ClaimsSetOrBytes::Bytes(payload),
        };
        Ok(Self { header, claims })
    }

    /// The header, as anyone could have written it.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims, as anyone could have written them; `None` where the payload is no claims set.
    #[must_use]
    pub fn claims_unverified(&self) -> Option<Claims<'_>> {
        match &self.claims {
            ClaimsSetOrBytes::Claims(claims) => Some(claims.view()),
            ClaimsSetOrBytes::Bytes(_) => None,
        }
    }

    /// The payload's octets, as anyone could have written them.
    #[must_use]
    pub fn payload_unverified(&self) -> &[u8] {
        match &self.claims {
            ClaimsSetOrBytes::Claims(claims) => claims.view().as_json().as_bytes(),
            ClaimsSetOrBytes::Bytes(bytes) => bytes,
        }
    }
}

/// A token whose signature held and whose claims were accepted.
///
/// Only a [`Verifier`](crate::Verifier) makes one. It was valid at the time it
/// was verified: whoever keeps it asks [`Verifier::recheck`](crate::Verifier::recheck) again.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    header: Header,
    claims: RedactedClaims,
}

#[derive(Clone)]
struct RedactedClaims(ClaimsSet);

impl core::fmt::Debug for RedactedClaims {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.view().fmt(f)
    }
}

impl VerifiedToken {
    pub(crate) fn new(header: Header, claims: ClaimsSet) -> Self {
        Self { header, claims: RedactedClaims(claims) }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims.
    #[must_use]
    pub fn claims(&self) -> Claims<'_> {
        self.claims.0.view()
    }
}

/// A payload that need not be a claims set and whose signature held.
#[derive(Clone, Debug)]
pub struct VerifiedBytes {
    header: Header,
    payload: Vec<u8>,
}

impl VerifiedBytes {
    pub(crate) fn new(header: Header, payload: Vec<u8>) -> Self {
        Self { header, payload }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}
