//! The module's exports. Exporting a name is `unsafe` in Rust, because two functions of one name would clash; nothing
//! else in here is.

use crate::engine::{Answer, Engine};
use crate::memory::Single;

static ENGINE: Single<Engine> = Single::new(Engine::new());

fn ask(question: impl FnOnce(&mut Engine) -> Answer) -> u32 {
    ENGINE.with(|engine| question(engine).unwrap_or_else(|refusal| engine.refuse(&refusal)))
}

/// The address of an input buffer of at least this many bytes; 0 where that is too much.
#[unsafe(no_mangle)]
extern "C" fn input(capacity: usize) -> *const u8 {
    ENGINE.with(|engine| engine.reserve(capacity).unwrap_or(core::ptr::null()))
}

/// The record's address, which never changes.
#[unsafe(no_mangle)]
extern "C" fn record() -> *const u8 {
    ENGINE.with(|engine| (&raw const engine.record).cast())
}

/// 128 random bits for the index's hash, before the first tuple.
#[unsafe(no_mangle)]
extern "C" fn seed(a: u32, b: u32, c: u32, d: u32) {
    let wide = |high, low| u64::from(high) << 32 | u64::from(low);
    ENGINE.with(|engine| engine.seed((wide(a, b), wide(c, d))));
}

/// See [`Engine::model`].
#[unsafe(no_mangle)]
extern "C" fn model(length: usize, depth: u32, work: f64) -> u32 {
    ask(|engine| engine.model(length, depth, work))
}

/// See [`Engine::load`].
#[unsafe(no_mangle)]
extern "C" fn load(length: usize) -> u32 {
    ask(|engine| engine.load(length))
}

/// See [`Engine::settle`].
#[unsafe(no_mangle)]
extern "C" fn settle() -> u32 {
    ask(Engine::settle)
}

/// See [`Engine::check`].
#[unsafe(no_mangle)]
extern "C" fn check(object: usize, relation: usize, user: usize) -> u32 {
    #[cfg(feature = "speed")]
    if let Some(status) = ENGINE.with(|engine| engine.check_directly([object, relation, user])) {
        return status;
    }
    ask(|engine| engine.check(object, relation, user))
}

/// See [`Engine::ask`].
#[unsafe(no_mangle)]
extern "C" fn question(kind: u32, length: usize) -> u32 {
    ask(|engine| engine.ask(kind, length))
}

/// See [`Engine::judge`].
#[cfg(feature = "dsl")]
#[unsafe(no_mangle)]
extern "C" fn judge(kind: u32, length: usize) -> u32 {
    ask(|engine| engine.judge(kind, length))
}
