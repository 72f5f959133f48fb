//! What a call tells JavaScript beside its status: words at a fixed address.

use sentinel_core::Error;

/// A question was answered with a refusal: the record says why.
pub(crate) const REFUSED: u32 = 0;
/// A token was accepted, or a request was carried out.
pub(crate) const ACCEPTED: u32 = 1;
/// The host must say whether the signature in the record holds.
pub(crate) const SIGNATURE_NEEDED: u32 = 2;
/// The keys changed since the host was asked: begin again.
pub(crate) const KEYS_CHANGED: u32 = 3;
/// The verifier made room for others: set it up again.
pub(crate) const GONE: u32 = 4;
/// As [`ACCEPTED`], from the cache: the record says from which place in it.
pub(crate) const RECALLED: u32 = 5;
/// The host must say whether the caller has the relation in the output: a line each for relation, object and user.
#[cfg(feature = "policy")]
pub(crate) const RELATION_NEEDED: u32 = 6;

/// The words. `npm/src/engine.ts` reads them in this order.
#[repr(C)]
pub(crate) struct Record {
    pub(crate) error: u32,
    pub(crate) message: Text,
    pub(crate) claim: Text,
    pub(crate) algorithm: u32,
    pub(crate) key: u32,
    pub(crate) signing_input: u32,
    pub(crate) signature: Text,
    pub(crate) output: Text,
    pub(crate) generation: u32,
    pub(crate) handle: u32,
    pub(crate) first: Text,
    pub(crate) second: Text,
    pub(crate) place: u32,
}

/// Where bytes are in the module's memory.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Text {
    start: u32,
    length: u32,
}

impl Text {
    pub(crate) const NONE: Self = Self { start: 0, length: 0 };

    pub(crate) fn of(bytes: &[u8]) -> Self {
        // An address and a length in a 32-bit memory.
        Self { start: bytes.as_ptr() as usize as u32, length: bytes.len() as u32 }
    }
}

impl Record {
    pub(crate) const fn new() -> Self {
        Self {
            error: 0,
            message: Text::NONE,
            claim: Text::NONE,
            algorithm: 0,
            key: 0,
            signing_input: 0,
            signature: Text::NONE,
            output: Text::NONE,
            generation: 0,
            handle: 0,
            first: Text::NONE,
            second: Text::NONE,
            place: 0,
        }
    }

    pub(crate) fn refuse(&mut self, error: Error) -> u32 {
        self.error = error.code() as u32;
        self.message = Text::of(error.message().as_bytes());
        self.claim = error.claim_name().map_or(Text::NONE, |claim| Text::of(claim.as_bytes()));
        REFUSED
    }
}
