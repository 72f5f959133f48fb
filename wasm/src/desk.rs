//! One verifier in the module: its configuration, its keys, and the tokens that it has verified with both.

use alloc::boxed::Box;
use alloc::vec::Vec;

use sentinel_core::config::Config;
use sentinel_core::{Challenge, Error, KeySet, TokenCache};

use crate::record::ACCEPTED;
use crate::state::{Answer, Stop};

/// Most verifiers at a time. One more takes the place of the oldest, which JavaScript sets up again when it is
/// used again: so verifiers that are made and dropped, one for each request, never fill the memory.
const MOST: usize = 256;

pub(crate) struct Desk {
    handle: usize,
    pub(crate) config: Config,
    /// Whether tokens carry any payload, of which the signature alone is checked.
    bytes: bool,
    /// Whether a token must name an identity to be accepted.
    #[cfg(feature = "policy")]
    identity: bool,
    pub(crate) keys: KeySet,
    /// Which keys these are: never the same number twice in one module.
    pub(crate) generation: u32,
    pub(crate) cache: TokenCache,
    /// How many tokens the cache was made for.
    pub(crate) entries: usize,
}

impl Desk {
    pub(crate) fn new(
        handle: usize,
        config: Config,
        bytes: bool,
        identity: bool,
        cache: TokenCache,
        entries: usize,
    ) -> Self {
        #[cfg(not(feature = "policy"))]
        let _ = identity;
        Self {
            handle,
            config,
            bytes,
            #[cfg(feature = "policy")]
            identity,
            keys: KeySet::default(),
            generation: 0,
            cache,
            entries,
        }
    }

    /// INVARIANT: no token that was verified with other keys stays cached.
    pub(crate) fn replace_keys(&mut self, keys: KeySet, generation: u32) {
        self.cache.clear();
        self.keys = keys;
        self.generation = generation;
    }

    /// Asks whether the signature holds, and whatever follows from that.
    pub(crate) fn conclude(
        &mut self,
        token: &str,
        now: i64,
        ask: impl FnOnce(&Challenge<'_>) -> Result<bool, Error>,
    ) -> Answer {
        let challenge = self.config.verifier.begin(token, &self.keys)?;
        let holds = ask(&challenge)?;
        if self.bytes {
            challenge.finish_bytes(holds)?;
            return Ok(ACCEPTED);
        }
        let verified = challenge.finish(holds, now)?;
        #[cfg(feature = "policy")]
        if self.identity {
            self.config.policy.profile().identity(&verified)?;
        }
        self.cache.insert(token, verified);
        Ok(ACCEPTED)
    }
}

/// Gives a verifier its place: the rest of its handle, which counts up, by [`MOST`].
pub(crate) fn place(desks: &mut Vec<Option<Box<Desk>>>, desk: Desk) {
    let place = desk.handle % MOST;
    if desks.len() <= place {
        desks.resize_with(place + 1, || None);
    }
    if let Some(place) = desks.get_mut(place) {
        *place = Some(Box::new(desk));
    }
}

/// The verifier of a handle, unless its place was given to another one.
pub(crate) fn get(desks: &mut [Option<Box<Desk>>], handle: usize) -> Result<&mut Desk, Stop> {
    let place = desks.get_mut(handle % MOST).and_then(Option::as_deref_mut);
    place.filter(|desk| desk.handle == handle).ok_or(Stop::Gone)
}
