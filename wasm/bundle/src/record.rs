//! What a call tells JavaScript beside its status: words at a fixed address.

use sentinel_core::Error;

/// Nothing was answered: the record says why. `npm/src/bundle/instance.ts` knows these numbers.
pub(crate) const REFUSED: u32 = 0;
/// Done; what there is to tell is in the output.
pub(crate) const DONE: u32 = 1;
/// A question is answered: no.
pub(crate) const NO: u32 = 2;
/// A question is answered: yes.
pub(crate) const YES: u32 = 3;
/// The host must say whether the signature in the record holds.
pub(crate) const SIGNATURE_NEEDED: u32 = 4;

/// A status for JavaScript, or why there is none.
pub(crate) type Answer = Result<u32, Error>;

/// The words. `npm/src/bundle/instance.ts` reads them in this order.
#[repr(C)]
pub(crate) struct Record {
    error: u32,
    message: Text,
    pub(crate) output: Text,
    pub(crate) algorithm: u32,
    pub(crate) key: u32,
    pub(crate) signing_input: Text,
    pub(crate) signature: Text,
    pub(crate) first: Text,
    pub(crate) second: Text,
}

/// Where bytes are in the module's memory.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Text {
    start: u32,
    length: u32,
}

impl Text {
    const NONE: Self = Self { start: 0, length: 0 };

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
            output: Text::NONE,
            algorithm: 0,
            key: 0,
            signing_input: Text::NONE,
            signature: Text::NONE,
            first: Text::NONE,
            second: Text::NONE,
        }
    }

    pub(crate) fn refuse(&mut self, error: Error) -> u32 {
        self.error = error.code() as u32;
        self.message = Text::of(error.message().as_bytes());
        REFUSED
    }
}
