//! What the module holds between two calls: the buffers and the verifiers that JavaScript made.

use alloc::boxed::Box;
#[cfg(feature = "policy")]
use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::config::Config;
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::{Algorithm, Error, ErrorCode, KeySet, Limits, SymmetricKeys, TokenCache};

use crate::desk::{self, Desk};
use crate::record::{ACCEPTED, KEYS_CHANGED, RECALLED, Record, SIGNATURE_NEEDED, Text};

/// A status for JavaScript, or what stands in the way of one.
pub(crate) type Answer = Result<u32, Stop>;

/// Why a call gives no answer.
pub(crate) enum Stop {
    /// The verifier has to be set up again.
    Gone,
    /// The token, the configuration or the keys are refused.
    Refused(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Longest input: a token as long as a configuration may allow, beside a request; a key set; a configuration.
const MOST_INPUT: usize = 4 * 1024 * 1024;
/// Most tokens cached by all verifiers together, 2 KiB each on average: half of what the memory may grow to.
const MOST_CACHED: usize = 8192;

pub(crate) struct State {
    pub(crate) record: Record,
    pub(crate) input: Vec<u8>,
    /// What policy questions are answered with.
    #[cfg(feature = "policy")]
    pub(crate) output: String,
    signature: Vec<u8>,
    pub(crate) desks: Vec<Option<Box<Desk>>>,
    seed: Option<[u64; 2]>,
    /// The last verifier's handle. A handle is never given twice; see [`desk::place`].
    handle: usize,
    /// The last keys' number.
    generation: u32,
}

/// Where keys come from.
pub(crate) enum KeySource {
    Jwks(SymmetricKeys),
    #[cfg(feature = "details")]
    Pem(Option<Algorithm>),
    Secret(Algorithm),
}

impl State {
    pub(crate) const fn new() -> Self {
        Self {
            record: Record::new(),
            input: Vec::new(),
            #[cfg(feature = "policy")]
            output: String::new(),
            signature: Vec::new(),
            desks: Vec::new(),
            seed: None,
            handle: 0,
            generation: 0,
        }
    }

    /// Room for this much input. The buffer moves when it grows.
    pub(crate) fn reserve(&mut self, capacity: usize) -> Option<*const u8> {
        if capacity > MOST_INPUT {
            return None;
        }
        if self.input.len() < capacity {
            self.input = Vec::new();
            self.input.resize(capacity, 0);
        }
        Some(self.input.as_ptr())
    }

    pub(crate) fn seed(&mut self, seed: [u64; 2]) {
        self.seed = Some(seed);
    }

    /// A verifier for the configuration in the input; its handle goes into the record.
    pub(crate) fn configure(&mut self, length: usize, bytes: bool, identity: bool, entries: usize) -> Answer {
        let config = Config::from_json(self.input.get(..length).ok_or(ErrorCode::ConfigurationInvalid)?)?;
        let taken: usize = self.desks.iter().flatten().map(|desk| desk.entries).sum();
        // Without a random seed nothing is cached; neither is it once the memory is spoken for.
        let entries = if bytes { 0 } else { entries.min(MOST_CACHED.saturating_sub(taken)) };
        let (seed, entries) = self.seed.map_or(([0, 0], 0), |seed| (seed, entries));
        self.handle += 1;
        let desk = Desk::new(self.handle, config, bytes, identity, TokenCache::new(entries, seed), entries);
        desk::place(&mut self.desks, desk);
        self.record.handle = self.handle as u32;
        Ok(ACCEPTED)
    }

    /// Replaces the keys by what the input holds. INVARIANT: no token verified with other keys stays cached.
    pub(crate) fn load(&mut self, handle: usize, source: KeySource, length: usize) -> Answer {
        let document = self.input.get_mut(..length).ok_or(ErrorCode::KeyUnusable)?;
        let keys = match source {
            KeySource::Jwks(symmetric) => KeySet::from_jwks(document, symmetric, &Limits::DEFAULT),
            #[cfg(feature = "details")]
            KeySource::Pem(algorithm) => KeySet::from_pem(document, algorithm),
            KeySource::Secret(algorithm) => {
                let keys = KeySet::from_secret(document, algorithm);
                document.fill(0);
                keys
            }
        }?;
        let desk = desk::get(&mut self.desks, handle)?;
        self.generation += 1;
        desk.replace_keys(keys, self.generation);
        Ok(ACCEPTED)
    }

    /// A key's numbers, for a host that verifies with it.
    pub(crate) fn key(&mut self, handle: usize, index: usize) -> Answer {
        let desk = desk::get(&mut self.desks, handle)?;
        let key = desk.keys.iter().nth(index).ok_or(ErrorCode::KeyNotFound)?;
        let (first, second) = match key.material() {
            VerificationKey::Rsa(key) => (key.modulus(), key.exponent()),
            VerificationKey::Ec(key) => (key.x(), key.y()),
            VerificationKey::Ed25519(key) => (key.as_bytes().as_slice(), [].as_slice()),
            VerificationKey::Hmac(key) => (key.secret(), [].as_slice()),
            _ => return Err(ErrorCode::AlgorithmUnavailable.into()),
        };
        self.record.first = Text::of(first);
        self.record.second = Text::of(second);
        Ok(ACCEPTED)
    }

    /// Everything up to the signature. A token that is cached and still in time needs none.
    pub(crate) fn begin(&mut self, handle: usize, length: usize, now: f64) -> Answer {
        let token = bytes(&self.input, 0, length)?;
        let now = seconds(now)?;
        let desk = desk::get(&mut self.desks, handle)?;
        if let Some(hit) = desk.cache.recall(token, &desk.config.verifier, now) {
            self.record.place = hit?.place as u32;
            return Ok(RECALLED);
        }
        let token = utf8(token)?;
        let challenge = desk.config.verifier.begin(token, &desk.keys)?;
        self.signature.clear();
        self.signature.extend_from_slice(challenge.signature());
        self.record.algorithm = challenge.algorithm() as u32;
        self.record.key = challenge.key_index() as u32;
        self.record.signing_input = challenge.signing_input().len() as u32;
        self.record.signature = Text::of(&self.signature);
        self.record.generation = desk.generation;
        Ok(SIGNATURE_NEEDED)
    }

    /// Everything after the signature, for the very token that `begin` was asked about: the input holds it again, and
    /// `generation` tells that the keys are still the same.
    pub(crate) fn finish(&mut self, handle: usize, length: usize, now: f64, generation: u32, holds: bool) -> Answer {
        let token = text(&self.input, 0, length)?;
        let now = seconds(now)?;
        let desk = desk::get(&mut self.desks, handle)?;
        if desk.generation != generation {
            return Ok(KEYS_CHANGED);
        }
        desk.conclude(token, now, |_| Ok(holds))
    }

    /// All of it in one call, the signature verified in here.
    #[cfg(feature = "pure")]
    pub(crate) fn verify(&mut self, handle: usize, length: usize, now: f64) -> Answer {
        let token = bytes(&self.input, 0, length)?;
        let now = seconds(now)?;
        let desk = desk::get(&mut self.desks, handle)?;
        if let Some(hit) = desk.cache.recall(token, &desk.config.verifier, now) {
            self.record.place = hit?.place as u32;
            return Ok(RECALLED);
        }
        let token = utf8(token)?;
        desk.conclude(token, now, |challenge| challenge.ask(&sentinel_core::jose::signature::PureRust))
    }

    /// Whether a bare signature over data holds for the only key, as far as can be said in here: the encodings that
    /// core settles, and with `ask` also the signature. For vectors that are no tokens.
    #[cfg(feature = "pure")]
    pub(crate) fn signature(
        &mut self,
        handle: usize,
        algorithm: Algorithm,
        data: usize,
        signature: usize,
        ask: bool,
    ) -> Answer {
        use sentinel_core::jose::signature::{PureRust, SignatureBackend};
        let end = data.checked_add(signature).ok_or(ErrorCode::TokenTooLarge)?;
        let (data, signature) =
            self.input.get(..end).and_then(|input| input.split_at_checked(data)).ok_or(ErrorCode::TokenTooLarge)?;
        let key = desk::get(&mut self.desks, handle)?.keys.iter().next().ok_or(ErrorCode::KeyNotFound)?.material();
        if !key.fits(algorithm) {
            return Err(ErrorCode::KeyNotFound.into());
        }
        sentinel_core::jose::signature::settle(algorithm, key, signature)?;
        if ask && !PureRust.verify(algorithm, key, data, signature) {
            return Err(ErrorCode::SignatureInvalid.into());
        }
        Ok(ACCEPTED)
    }
}

/// A part of the input. JavaScript hands over a length past the buffer's end for what did not fit in it.
fn bytes(input: &[u8], start: usize, length: usize) -> Result<&[u8], Error> {
    let end = start.checked_add(length).ok_or(ErrorCode::TokenTooLarge)?;
    Ok(input.get(start..end).ok_or(ErrorCode::TokenTooLarge)?)
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    core::str::from_utf8(bytes).map_err(|_| ErrorCode::TokenMalformed.into())
}

#[inline(never)]
pub(crate) fn text(input: &[u8], start: usize, length: usize) -> Result<&str, Error> {
    utf8(bytes(input, start, length)?)
}

/// The host's time in whole seconds, rounded down. One that is no number refuses everything.
#[inline(never)]
pub(crate) fn seconds(now: f64) -> Result<i64, Error> {
    if !now.is_finite() {
        return Err(Error::with(ErrorCode::Unavailable, "the clock does not tell the time"));
    }
    let towards_zero = now as i64;
    Ok(if now < towards_zero as f64 { towards_zero.saturating_sub(1) } else { towards_zero })
}
