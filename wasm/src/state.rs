//! What the module holds between two calls: the buffers and the verifiers that JavaScript made.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::config::Config;
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::route::Request;
use sentinel_core::{
    Algorithm, Challenge, Error, ErrorCode, Identity, KeySet, Limits, SymmetricKeys, TokenCache, TokenPair, VerifiedToken,
};

use crate::answer;
use crate::record::{ACCEPTED, KEYS_CHANGED, Record, SIGNATURE_NEEDED, Text};

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
/// Most verifiers at a time. One more takes the place of the oldest, which JavaScript sets up again when it is
/// used again: so verifiers that are made and dropped, one for each request, never fill the memory.
const MOST_VERIFIERS: usize = 256;

pub(crate) struct State {
    pub(crate) record: Record,
    input: Vec<u8>,
    output: String,
    signature: Vec<u8>,
    desks: Vec<Option<Box<Desk>>>,
    seed: Option<[u64; 2]>,
    /// The last verifier's handle. A handle is never given twice; its place is the rest by [`MOST_VERIFIERS`].
    handle: usize,
    /// The last keys' number.
    generation: u32,
}

/// One verifier: its configuration, its keys, and the tokens that it has verified with both.
struct Desk {
    handle: usize,
    config: Config,
    /// Whether tokens carry any payload, of which the signature alone is checked.
    bytes: bool,
    /// Whether a token must name an identity to be accepted.
    identity: bool,
    keys: KeySet,
    /// Which keys these are: never the same number twice in one module.
    generation: u32,
    cache: TokenCache,
    entries: usize,
}

/// Where keys come from.
pub(crate) enum KeySource {
    Jwks(SymmetricKeys),
    Pem(Option<Algorithm>),
    Secret(Algorithm),
}

/// Whom a question is about: lengths of texts in the input, one after the other. Of a pair, `token` is the
/// authorization token, and `other` the identity token of the verifier with the handle `pair`.
pub(crate) struct Subject {
    pub(crate) handle: usize,
    pub(crate) pair: usize,
    pub(crate) token: usize,
    pub(crate) other: usize,
    pub(crate) service: usize,
}

impl State {
    pub(crate) const fn new() -> Self {
        Self {
            record: Record::new(),
            input: Vec::new(),
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
        let cache = TokenCache::new(entries, seed);
        self.handle += 1;
        let (handle, keys) = (self.handle, KeySet::default());
        let desk = Desk { handle, config, bytes, identity, keys, generation: 0, cache, entries };
        let place = handle % MOST_VERIFIERS;
        if self.desks.len() <= place {
            self.desks.resize_with(place + 1, || None);
        }
        if let Some(place) = self.desks.get_mut(place) {
            *place = Some(Box::new(desk));
        }
        self.record.handle = handle as u32;
        Ok(ACCEPTED)
    }

    /// Replaces the keys by what the input holds. INVARIANT: no token verified with other keys stays cached.
    pub(crate) fn load(&mut self, handle: usize, source: KeySource, length: usize) -> Answer {
        let document = self.input.get_mut(..length).ok_or(ErrorCode::KeyUnusable)?;
        let keys = match source {
            KeySource::Jwks(symmetric) => KeySet::from_jwks(document, symmetric, &Limits::DEFAULT),
            KeySource::Pem(algorithm) => KeySet::from_pem(document, algorithm),
            KeySource::Secret(algorithm) => {
                let keys = KeySet::from_secret(document, algorithm);
                document.fill(0);
                keys
            }
        }?;
        let desk = get(&mut self.desks, handle)?;
        desk.cache.clear();
        desk.keys = keys;
        self.generation += 1;
        desk.generation = self.generation;
        Ok(ACCEPTED)
    }

    /// A key's numbers, for a host that verifies with it.
    pub(crate) fn key(&mut self, handle: usize, index: usize) -> Answer {
        let desk = get(&mut self.desks, handle)?;
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
        let token = text(&self.input, 0, length)?;
        let now = seconds(now)?;
        let desk = get(&mut self.desks, handle)?;
        if let Some(hit) = desk.cache.recall(token, &desk.config.verifier, now) {
            return Ok(hit.map(|_| ACCEPTED)?);
        }
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
        let desk = get(&mut self.desks, handle)?;
        if desk.generation != generation {
            return Ok(KEYS_CHANGED);
        }
        let challenge = desk.config.verifier.begin(token, &desk.keys)?;
        accept(&mut desk.cache, &desk.config, desk.bytes, desk.identity, token, challenge, holds, now)
    }

    /// All of it in one call, the signature verified in here.
    #[cfg(feature = "pure")]
    pub(crate) fn verify(&mut self, handle: usize, length: usize, now: f64) -> Answer {
        let token = text(&self.input, 0, length)?;
        let now = seconds(now)?;
        let desk = get(&mut self.desks, handle)?;
        if let Some(hit) = desk.cache.recall(token, &desk.config.verifier, now) {
            return Ok(hit.map(|_| ACCEPTED)?);
        }
        let challenge = desk.config.verifier.begin(token, &desk.keys)?;
        let holds = challenge.ask(&sentinel_core::jose::signature::PureRust)?;
        accept(&mut desk.cache, &desk.config, desk.bytes, desk.identity, token, challenge, holds, now)
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
        let (data, signature) = self.input.get(..end).and_then(|input| input.split_at_checked(data)).ok_or(ErrorCode::TokenTooLarge)?;
        let key = get(&mut self.desks, handle)?.keys.iter().next().ok_or(ErrorCode::KeyNotFound)?.material();
        if !key.fits(algorithm) {
            return Err(ErrorCode::KeyNotFound.into());
        }
        sentinel_core::jose::signature::settle(algorithm, key, signature)?;
        if ask && !PureRust.verify(algorithm, key, data, signature) {
            return Err(ErrorCode::SignatureInvalid.into());
        }
        Ok(ACCEPTED)
    }

    /// Who the bearer is, as JSON in the output.
    pub(crate) fn identity(&mut self, subject: &Subject, now: f64) -> Answer {
        let identity = self.who(subject, seconds(now)?)?;
        self.output.clear();
        answer::identity(&mut self.output, &identity);
        self.record.output = Text::of(self.output.as_bytes());
        Ok(ACCEPTED)
    }

    /// Whether the bearer may do what the request says, as JSON in the output.
    pub(crate) fn decide(&mut self, subject: &Subject, method: usize, path: usize, now: f64) -> Answer {
        let now = seconds(now)?;
        // A token that is not valid any more is nobody's.
        let identity = match self.who(subject, now) {
            Ok(identity) => Some(identity),
            Err(Stop::Refused(_)) => None,
            Err(Stop::Gone) => return Err(Stop::Gone),
        };
        let start = subject.token + subject.other + subject.service;
        // What does not fit is no path: it is refused as one.
        let request = Request {
            method: text(&self.input, start, method).unwrap_or_default(),
            path: text(&self.input, start.saturating_add(method), path).unwrap_or_default(),
        };
        let policy = &get(&mut self.desks, subject.handle)?.config.policy;
        let decision = policy.decide(&request, identity.as_ref());
        self.output.clear();
        answer::decision(&mut self.output, policy, &decision);
        self.record.output = Text::of(self.output.as_bytes());
        Ok(ACCEPTED)
    }

    /// The identity in a token, or in a pair, that JavaScript has verified here before.
    fn who(&mut self, subject: &Subject, now: i64) -> Result<Identity, Stop> {
        let token = text(&self.input, 0, subject.token)?;
        let desk = get(&mut self.desks, subject.handle)?;
        let ours = desk.again(token, now)?;
        if subject.other == 0 {
            return Ok(desk.config.policy.profile().identity(&ours)?);
        }
        let authorization = desk.config.verifier.clone();
        let other = text(&self.input, subject.token, subject.other)?;
        let service = text(&self.input, subject.token + subject.other, subject.service)?;
        let desk = get(&mut self.desks, subject.pair)?;
        let theirs = desk.again(other, now)?;
        let pair = TokenPair::new(desk.config.verifier.clone(), authorization, service)?;
        Ok(pair.identity_profile(desk.config.policy.profile().clone()).bind(&theirs, &ours)?)
    }
}

impl Desk {
    /// A token that was verified before: everything is checked again but its signature.
    fn again(&mut self, token: &str, now: i64) -> Result<VerifiedToken, Error> {
        if let Some(hit) = self.cache.recall(token, &self.config.verifier, now) {
            return hit.cloned();
        }
        self.config.verifier.begin(token, &self.keys)?.finish(true, now)
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a desk, of which the challenge borrows two")]
fn accept(
    cache: &mut TokenCache,
    config: &Config,
    bytes: bool,
    identity: bool,
    token: &str,
    challenge: Challenge<'_>,
    holds: bool,
    now: i64,
) -> Answer {
    if bytes {
        return Ok(challenge.finish_bytes(holds).map(|_| ACCEPTED)?);
    }
    let verified = challenge.finish(holds, now)?;
    if identity {
        config.policy.profile().identity(&verified)?;
    }
    cache.insert(token, verified);
    Ok(ACCEPTED)
}

fn get(desks: &mut [Option<Box<Desk>>], handle: usize) -> Result<&mut Desk, Stop> {
    let place = desks.get_mut(handle % MOST_VERIFIERS).and_then(Option::as_deref_mut);
    place.filter(|desk| desk.handle == handle).ok_or(Stop::Gone)
}

/// A part of the input. JavaScript hands over a length past the buffer's end for what did not fit in it.
fn text(input: &[u8], start: usize, length: usize) -> Result<&str, Error> {
    let end = start.checked_add(length).ok_or(ErrorCode::TokenTooLarge)?;
    let bytes = input.get(start..end).ok_or(ErrorCode::TokenTooLarge)?;
    core::str::from_utf8(bytes).map_err(|_| ErrorCode::TokenMalformed.into())
}

/// The host's clock. One that does not tell the time refuses everything: a time of 0 would make every token fresh.
fn seconds(now: f64) -> Result<i64, Error> {
    if !now.is_finite() || now <= 0.0 {
        return Err(Error::with(ErrorCode::Unavailable, "the clock does not tell the time"));
    }
    Ok(now as i64)
}
