//! What the module holds between two calls: the buffers, and one bundle with what it takes to open the next.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::bundle::{Kind, Known};
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::{Error, ErrorCode, KeySet, Limits, SymmetricKeys};

use crate::demands::{Demands, invalid};
use crate::record::{Answer, DONE, Record, SIGNATURE_NEEDED, Text};

/// Longest question: one with its contextual tuples. A key set is shorter.
const MOST_INPUT: usize = 4 * 1024 * 1024;
/// Longest bundle with its manifest: the body's limit and 64 KiB.
const MOST_FRAME: usize = (64 << 20) + (64 << 10);

pub(crate) struct Holder {
    pub(crate) record: Record,
    pub(crate) input: Vec<u8>,
    pub(crate) output: String,
    /// A bundle on its way in.
    frame: Vec<u8>,
    signature: Vec<u8>,
    demands: Option<Demands>,
    keys: Option<KeySet>,
    known: Option<Known>,
    /// Whether the host was asked about this very frame, with these keys.
    is_asked: bool,
    #[cfg(feature = "policy")]
    pub(crate) bundle: Option<sentinel_core::bundle::Bundle>,
    /// In a bundle's place, where the demands say so.
    #[cfg(feature = "revocations")]
    pub(crate) revocations: Option<sentinel_core::bundle::RevocationBundle>,
    /// The server's feed, for who follows that.
    #[cfg(feature = "revocations")]
    pub(crate) feed: Option<sentinel_core::RevocationFeed>,
    /// What a question may cost.
    #[cfg(feature = "policy")]
    pub(crate) budget: sentinel_core::policy::Budget,
}

impl Holder {
    pub(crate) const fn new() -> Self {
        Self {
            record: Record::new(),
            input: Vec::new(),
            output: String::new(),
            frame: Vec::new(),
            signature: Vec::new(),
            demands: None,
            keys: None,
            known: None,
            is_asked: false,
            #[cfg(feature = "policy")]
            bundle: None,
            #[cfg(feature = "revocations")]
            revocations: None,
            #[cfg(feature = "revocations")]
            feed: None,
            #[cfg(feature = "policy")]
            budget: sentinel_core::policy::Budget::DEFAULT,
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

    /// Room for a bundle of exactly so many bytes.
    pub(crate) fn frame(&mut self, length: usize) -> Option<*const u8> {
        self.is_asked = false;
        self.frame = Vec::new();
        if length > MOST_FRAME {
            return None;
        }
        self.frame.resize(length, 0);
        Some(self.frame.as_ptr())
    }

    /// Takes the settings in the input, and tells the place of what is known.
    pub(crate) fn configure(&mut self, length: usize) -> Answer {
        let demands = Demands::from_json(self.input.get(..length).ok_or(invalid("the settings are too long"))?)?;
        self.output.clone_from(&demands.place);
        self.is_asked = false;
        #[cfg(feature = "policy")]
        {
            self.budget = demands.budget;
        }
        self.demands = Some(demands);
        Ok(self.tell())
    }

    /// Takes the JWK Set in the input. Secrets are no keys here.
    pub(crate) fn keys(&mut self, length: usize) -> Answer {
        let document = self.input.get(..length).ok_or(ErrorCode::KeyUnusable)?;
        self.keys = Some(KeySet::from_jwks(document, SymmetricKeys::Refuse, &Limits::DEFAULT)?);
        self.is_asked = false;
        Ok(DONE)
    }

    /// A key's numbers, for the host's cryptography.
    pub(crate) fn key(&mut self, index: usize) -> Answer {
        let key = self.keys.iter().flat_map(KeySet::iter).nth(index).ok_or(ErrorCode::KeyNotFound)?;
        let (first, second) = match key.material() {
            VerificationKey::Rsa(key) => (key.modulus(), key.exponent()),
            VerificationKey::Ec(key) => (key.x(), key.y()),
            VerificationKey::Ed25519(key) => (key.as_bytes().as_slice(), [].as_slice()),
            _ => return Err(ErrorCode::AlgorithmUnavailable.into()),
        };
        self.record.first = Text::of(first);
        self.record.second = Text::of(second);
        Ok(DONE)
    }

    /// Takes what the host remembers; nothing where the length is 0.
    pub(crate) fn remember(&mut self, length: usize) -> Answer {
        const ILLEGIBLE: Error =
            Error::with(ErrorCode::Unavailable, "what is remembered of earlier bundles cannot be read");
        let text = text(&self.input, 0, length)?;
        // What is there and cannot be read is not nothing: an older bundle could be taken again.
        self.known = if text.is_empty() { None } else { Some(Known::parse(text).ok_or(ILLEGIBLE)?) };
        Ok(DONE)
    }

    /// Everything up to the manifest's signature.
    pub(crate) fn begin(&mut self) -> Answer {
        self.is_asked = false;
        let demands = self.demands.as_ref().ok_or(invalid("there are no settings"))?;
        let keys = self.keys.as_ref().ok_or(ErrorCode::KeyNotFound)?;
        let sealed = demands.verifier.begin(&self.frame, keys)?;
        let challenge = sealed.challenge();
        self.signature.clear();
        self.signature.extend_from_slice(challenge.signature());
        self.record.algorithm = challenge.algorithm() as u32;
        self.record.key = challenge.key_index() as u32;
        self.record.signing_input = Text::of(challenge.signing_input());
        self.record.signature = Text::of(&self.signature);
        self.is_asked = true;
        Ok(SIGNATURE_NEEDED)
    }

    /// Everything after it, for the very frame and keys that `begin` saw: a full bundle takes the place of the one that is
    /// held, a delta changes it. Whatever the error, what is held answers as before.
    pub(crate) fn finish(&mut self, now: f64, holds: bool) -> Answer {
        let is_asked = core::mem::take(&mut self.is_asked);
        let frame = core::mem::take(&mut self.frame);
        let (Some(demands), Some(keys), true) = (&self.demands, &self.keys, is_asked) else {
            return Err(invalid("this bundle was not begun"));
        };
        let opened = demands.verifier.begin(&frame, keys)?.open(holds, seconds(now)?)?;
        if let Some(known) = &self.known {
            known.admits(opened.manifest())?;
        }
        let is_new = match demands.kind {
            #[cfg(feature = "revocations")]
            Kind::Revocations => crate::revocations::take(&mut self.revocations, &opened)?,
            #[cfg(feature = "policy")]
            Kind::Full | Kind::Delta => crate::policy::take(&mut self.bundle, &opened)?,
            #[allow(unreachable_patterns, reason = "a module with everything has both")]
            _ => return Err(invalid("this module holds no bundles of that kind")),
        };
        // What is held, what is to be remembered, and whether anything is another than before.
        let manifest = opened.manifest();
        self.output = format!(
            "{} {} {} {} {} {}",
            manifest.revision,
            manifest.issued_at,
            manifest.not_after,
            manifest.state,
            Known::of(manifest).to_text(),
            u8::from(is_new)
        );
        Ok(self.tell())
    }

    /// Puts the output's place into the record.
    pub(crate) fn tell(&mut self) -> u32 {
        self.record.output = Text::of(self.output.as_bytes());
        DONE
    }
}

/// A part of the input as text.
pub(crate) fn text(input: &[u8], start: usize, length: usize) -> Result<&str, Error> {
    const NO_TEXT: Error = invalid("the input is too long or not well-formed text");
    let bytes = input.get(start..start.saturating_add(length)).ok_or(NO_TEXT)?;
    core::str::from_utf8(bytes).map_err(|_| NO_TEXT)
}

/// The host's time in whole seconds, rounded down. One that is no number refuses everything.
pub(crate) fn seconds(now: f64) -> Result<i64, Error> {
    if !now.is_finite() {
        return Err(Error::with(ErrorCode::Unavailable, "the clock does not tell the time"));
    }
    let towards_zero = now as i64;
    Ok(if now < towards_zero as f64 { towards_zero.saturating_sub(1) } else { towards_zero })
}
