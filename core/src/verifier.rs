//! The verifier: the whole order of checks on one screen.
//!
//! [`Verifier::begin`] does everything up to the signature, the signature is
//! checked by a backend (here, by the host, now or later), and
//! [`Challenge::finish`] reads the payload only once it held.

use crate::claims::{ClaimRules, ClaimsSet};
use crate::jose::signature::{SignatureBackend, settle};
use crate::jose::{Compact, Header, base64url};
use crate::{Algorithm, Algorithms, Error, ErrorCode, KeySet, Limits, VerifiedBytes, VerifiedToken};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use crate::claims::Expected;

/// Longest leeway in seconds. RFC 7519 §4.1.4 allows "usually no more than a few minutes".
pub const MAX_LEEWAY: u32 = 300;

/// What a service demands of a token. Made once, used for every token.
#[derive(Clone, Debug)]
pub struct Verifier {
    algorithms: Algorithms,
    typ: Option<String>,
    rules: ClaimRules,
    limits: Limits,
}

impl Verifier {
    /// A verifier for tokens of this issuer for this audience, signed with one
    /// of these algorithms. `exp` is required and there is no leeway until
    /// said otherwise.
    #[must_use]
    pub fn new(issuer: Expected, audience: Expected, algorithms: Algorithms) -> Self {
        Self {
            algorithms,
            typ: None,
            rules: ClaimRules {
                issuer,
                audience,
                token_use: None,
                leeway: 0,
                required: ["exp".to_string()].into(),
                max_age: None,
            },
            limits: Limits::DEFAULT,
        }
    }

    /// Demands this media type in the header's `typ`, e.g. `at+jwt` (RFC 8725 §3.11, RFC 9068 §4).
    #[must_use]
    pub fn typ(mut self, typ: &str) -> Self {
        self.typ = Some(typ.to_string());
        self
    }

    /// Demands this value of the private claim `type`, e.g. `access`.
    #[must_use]
    pub fn token_use(mut self, token_use: &str) -> Self {
        self.rules.token_use = Some(token_use.to_string());
        self
    }

    /// Seconds by which clocks may differ.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] above [`MAX_LEEWAY`].
    pub fn leeway(mut self, seconds: u32) -> Result<Self, Error> {
        if seconds > MAX_LEEWAY {
            return Err(Error::with(ErrorCode::ConfigurationInvalid, "the leeway is more than 300 seconds"));
        }
        self.rules.leeway = seconds;
        Ok(self)
    }

    /// The claims that must be present, instead of `exp` alone.
    #[must_use]
    pub fn required<S: ToString>(mut self, claims: impl IntoIterator<Item = S>) -> Self {
        self.rules.required = claims.into_iter().map(|claim| claim.to_string()).collect();
        self
    }

    /// Most seconds since `iat`, which is then required.
    #[must_use]
    pub fn max_age(mut self, seconds: u32) -> Self {
        self.rules.max_age = Some(seconds);
        self
    }

    /// Other bounds than [`Limits::DEFAULT`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The allow-list.
    #[must_use]
    pub fn algorithms(&self) -> Algorithms {
        self.algorithms
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> &Limits {
        &self.limits
    }

    #[cfg(feature = "policy")]
    pub(crate) fn rules(&self) -> &ClaimRules {
        &self.rules
    }

    /// Verifies a token in one go. `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// The first check that fails, in the order of [`ErrorCode`]'s documentation; nothing of the payload is read
    /// before the signature holds.
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        backend: &impl SignatureBackend,
        now: i64,
    ) -> Result<VerifiedToken, Error> {
        let challenge = self.begin(token, keys)?;
        let holds = challenge.ask(backend)?;
        challenge.finish(holds, now)
    }

    /// Verifies the signature alone, over a payload that need not be a claims set.
    ///
    /// # Errors
    /// As [`Self::verify`], without the claims.
    pub fn verify_bytes(
        &self,
        token: &str,
        keys: &KeySet,
        backend: &impl SignatureBackend,
    ) -> Result<VerifiedBytes, Error> {
        let challenge = self.begin(token, keys)?;
        let holds = challenge.ask(backend)?;
        challenge.finish_bytes(holds)
    }

    /// Every check before the signature: limits, split, header, algorithm, type, extensions, key, encodings.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn begin<'a>(&'a self, token: &'a str, keys: &'a KeySet) -> Result<Challenge<'a>, Error> {
        let compact = Compact::split(token, &self.limits)?;
        let header = Header::decode(&compact, &self.limits)?;
        let algorithm = header
            .algorithm()
            .filter(|algorithm| self.algorithms.contains(*algorithm))
            .ok_or(ErrorCode::AlgorithmNotAllowed)?;
        if let Some(typ) = &self.typ {
            header.require_type(typ)?;
        }
        header.refuse_extensions()?;
        let (key_index, key) = keys.choose(header.key_id().as_deref(), algorithm)?;
        let signature = base64url::decode(compact.signature).ok_or(ErrorCode::TokenMalformed)?;
        // Whether the payload decodes does not depend on what it says: asked here so that the
        // answer for a malformed token does not depend on the backend.
        if compact.payload.len() % 4 == 1 {
            return Err(ErrorCode::TokenMalformed.into());
        }
        settle(algorithm, key.material(), &signature)?;
        Ok(Challenge { verifier: self, header, compact, algorithm, key_index, key, signature })
    }

    /// Asks again of a token that was verified earlier what time alone can change: `exp`, `nbf`, the maximum age.
    ///
    /// # Errors
    /// [`ErrorCode::TokenExpired`], [`ErrorCode::TokenNotYetValid`].
    pub fn recheck(&self, token: &VerifiedToken, now: i64) -> Result<(), Error> {
        self.rules.check_time(token.claims(), now)
    }
}

/// A token that passed every check but the signature: one question to a signature backend.
pub struct Challenge<'a> {
    verifier: &'a Verifier,
    header: Header,
    compact: Compact<'a>,
    algorithm: Algorithm,
    key_index: usize,
    key: &'a crate::Key,
    signature: Vec<u8>,
}

impl core::fmt::Debug for Challenge<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Challenge").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl<'a> Challenge<'a> {
    /// The algorithm: allowed, and bound to the key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Where the key is in the key set.
    #[must_use]
    pub fn key_index(&self) -> usize {
        self.key_index
    }

    /// The one key that fits.
    #[must_use]
    pub fn key(&self) -> &'a crate::Key {
        self.key
    }

    /// What was signed (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> &'a [u8] {
        self.compact.signing_input
    }

    /// The signature, of the right form for its algorithm and key.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Asks a backend.
    ///
    /// # Errors
    /// [`ErrorCode::AlgorithmUnavailable`] where it lacks the algorithm.
    pub fn ask(&self, backend: &impl SignatureBackend) -> Result<bool, Error> {
        if !backend.supports(self.algorithm) {
            return Err(ErrorCode::AlgorithmUnavailable.into());
        }
        Ok(backend.verify(self.algorithm, self.key.material(), self.signing_input(), &self.signature))
    }

    /// Reads the payload and checks its claims, given that the signature holds.
    ///
    /// # Errors
    /// [`ErrorCode::SignatureInvalid`] where it does not; then whatever the claims lack.
    pub fn finish(self, signature_holds: bool, now: i64) -> Result<VerifiedToken, Error> {
        let verifier = self.verifier;
        let (header, payload) = self.payload(signature_holds)?;
        let claims = ClaimsSet::from_payload(payload, &verifier.limits)?;
        verifier.rules.check(claims.view(), now)?;
        Ok(VerifiedToken::new(header, claims))
    }

    /// Gives the payload, given that the signature holds.
    ///
    /// # Errors
    /// [`ErrorCode::SignatureInvalid`] where it does not.
    pub fn finish_bytes(self, signature_holds: bool) -> Result<VerifiedBytes, Error> {
        let (header, payload) = self.payload(signature_holds)?;
        Ok(VerifiedBytes::new(header, payload))
    }

    fn payload(self, signature_holds: bool) -> Result<(Header, Vec<u8>), Error> {
        if !signature_holds {
            return Err(ErrorCode::SignatureInvalid.into());
        }
        let payload = base64url::decode(self.compact.payload).ok_or(ErrorCode::TokenMalformed)?;
        Ok((self.header, payload))
    }
}
