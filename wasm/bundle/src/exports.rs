//! The module's exports. Exporting a name is `unsafe` in Rust, because two functions of one name would clash; nothing
//! else in here is.

use crate::holder::Holder;
use crate::memory::Single;
use crate::question::Moment;
use crate::record::Answer;

static HOLDER: Single<Holder> = Single::new(Holder::new());

fn ask(question: impl FnOnce(&mut Holder) -> Answer) -> u32 {
    HOLDER.with(|holder| question(holder).unwrap_or_else(|error| holder.record.refuse(error)))
}

/// The address of an input buffer of at least this many bytes; 0 where that is too much.
#[unsafe(no_mangle)]
extern "C" fn input(capacity: usize) -> *const u8 {
    HOLDER.with(|holder| holder.reserve(capacity).unwrap_or(core::ptr::null()))
}

/// The address of a buffer for a bundle of exactly this many bytes; 0 where that is too much.
#[unsafe(no_mangle)]
extern "C" fn frame(length: usize) -> *const u8 {
    HOLDER.with(|holder| holder.frame(length).unwrap_or(core::ptr::null()))
}

/// The record's address, which never changes.
#[unsafe(no_mangle)]
extern "C" fn record() -> *const u8 {
    HOLDER.with(|holder| (&raw const holder.record).cast())
}

/// See [`Holder::configure`].
#[unsafe(no_mangle)]
extern "C" fn configure(length: usize) -> u32 {
    ask(|holder| holder.configure(length))
}

/// See [`Holder::keys`].
#[unsafe(no_mangle)]
extern "C" fn keys(length: usize) -> u32 {
    ask(|holder| holder.keys(length))
}

/// See [`Holder::key`].
#[unsafe(no_mangle)]
extern "C" fn key(index: usize) -> u32 {
    ask(|holder| holder.key(index))
}

/// See [`Holder::remember`].
#[unsafe(no_mangle)]
extern "C" fn remember(length: usize) -> u32 {
    ask(|holder| holder.remember(length))
}

/// See [`Holder::begin`].
#[unsafe(no_mangle)]
extern "C" fn begin() -> u32 {
    ask(Holder::begin)
}

/// See [`Holder::finish`].
#[unsafe(no_mangle)]
extern "C" fn finish(now: f64, holds: bool) -> u32 {
    ask(|holder| holder.finish(now, holds))
}

/// See [`Holder::feed`].
#[cfg(feature = "revocations")]
#[unsafe(no_mangle)]
extern "C" fn feed(length: usize, now: f64) -> u32 {
    ask(|holder| holder.feed(length, now))
}

/// See [`Holder::check`].
#[cfg(feature = "policy")]
#[unsafe(no_mangle)]
extern "C" fn check(object: usize, relation: usize, user: usize, now: f64, at_least: f64) -> u32 {
    ask(|holder| holder.check(object, relation, user, Moment { now, at_least }))
}

/// See [`Holder::ask`].
#[unsafe(no_mangle)]
extern "C" fn question(kind: u32, length: usize, now: f64, at_least: f64) -> u32 {
    ask(|holder| holder.ask(kind, length, Moment { now, at_least }))
}
