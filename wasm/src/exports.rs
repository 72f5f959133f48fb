//! The module's exports. Exporting a name is `unsafe` in Rust, because two
//! functions of one name would clash; nothing else in here is.

use sentinel_core::{Algorithm, ErrorCode, SymmetricKeys};

use crate::memory::Single;
#[cfg(feature = "policy")]
use crate::policy::Subject;
use crate::record::GONE;
use crate::state::{Answer, KeySource, State, Stop};

static STATE: Single<State> = Single::new(State::new());

fn ask(question: impl FnOnce(&mut State) -> Answer) -> u32 {
    STATE.with(|state| {
        question(state).unwrap_or_else(|stop| match stop {
            Stop::Gone => GONE,
            Stop::Refused(error) => state.record.refuse(error),
        })
    })
}

/// The address of an input buffer of at least this many bytes; 0 where that is too much.
#[unsafe(no_mangle)]
extern "C" fn input(capacity: usize) -> *const u8 {
    STATE.with(|state| state.reserve(capacity).unwrap_or(core::ptr::null()))
}

/// The record's address, which never changes.
#[unsafe(no_mangle)]
extern "C" fn record() -> *const u8 {
    STATE.with(|state| (&raw const state.record).cast())
}

/// 128 random bits for the cache's hash.
#[unsafe(no_mangle)]
extern "C" fn seed(a: u32, b: u32, c: u32, d: u32) {
    let wide = |high, low| u64::from(high) << 32 | u64::from(low);
    STATE.with(|state| state.seed([wide(a, b), wide(c, d)]));
}

/// See [`State::configure`].
#[unsafe(no_mangle)]
extern "C" fn configure(length: usize, bytes: bool, identity: bool, entries: usize) -> u32 {
    ask(|state| state.configure(length, bytes, identity, entries))
}

/// Takes a JWK Set, a PEM public key or a secret into use.
#[unsafe(no_mangle)]
extern "C" fn load(handle: usize, source: u32, algorithm: u32, length: usize) -> u32 {
    let algorithm = Algorithm::ALL.get(algorithm as usize).copied();
    ask(|state| {
        let source = match (source, algorithm) {
            (0, _) => KeySource::Jwks(SymmetricKeys::Refuse),
            (1, _) => KeySource::Jwks(SymmetricKeys::Accept),
            #[cfg(feature = "details")]
            (2, algorithm) => KeySource::Pem(algorithm),
            (3, Some(algorithm)) => KeySource::Secret(algorithm),
            _ => return Err(ErrorCode::ConfigurationInvalid.into()),
        };
        state.load(handle, source, length)
    })
}

/// See [`State::key`].
#[unsafe(no_mangle)]
extern "C" fn key(handle: usize, index: usize) -> u32 {
    ask(|state| state.key(handle, index))
}

/// See [`State::begin`].
#[unsafe(no_mangle)]
extern "C" fn begin(handle: usize, length: usize, now: f64) -> u32 {
    ask(|state| state.begin(handle, length, now))
}

/// See [`State::finish`].
#[unsafe(no_mangle)]
extern "C" fn finish(handle: usize, length: usize, now: f64, generation: u32, holds: bool) -> u32 {
    ask(|state| state.finish(handle, length, now, generation, holds))
}

/// See [`State::verify`].
#[cfg(feature = "pure")]
#[unsafe(no_mangle)]
extern "C" fn verify(handle: usize, length: usize, now: f64) -> u32 {
    ask(|state| state.verify(handle, length, now))
}

/// See [`State::signature`].
#[cfg(feature = "pure")]
#[unsafe(no_mangle)]
extern "C" fn signature(handle: usize, algorithm: u32, data: usize, signature: usize, ask_here: bool) -> u32 {
    ask(|state| {
        let algorithm = Algorithm::ALL.get(algorithm as usize).ok_or(ErrorCode::AlgorithmUnavailable)?;
        state.signature(handle, *algorithm, data, signature, ask_here)
    })
}

/// See [`State::identity`].
#[cfg(feature = "policy")]
#[unsafe(no_mangle)]
extern "C" fn identity(handle: usize, pair: usize, now: f64, token: usize, other: usize, service: usize) -> u32 {
    ask(|state| state.identity(&Subject { handle, pair, token, other, service }, now))
}

/// See [`State::decide`].
#[cfg(feature = "policy")]
#[unsafe(no_mangle)]
extern "C" fn decide(
    handle: usize,
    pair: usize,
    now: f64,
    token: usize,
    other: usize,
    service: usize,
    method: usize,
    path: usize,
    answers: u32,
) -> u32 {
    ask(|state| state.decide(&Subject { handle, pair, token, other, service }, method, path, now, answers))
}
