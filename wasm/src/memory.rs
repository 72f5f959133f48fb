//! The only `unsafe` of this crate: what `no_std` on one thread takes.
//!
//! WebAssembly without the threads proposal has one thread, so a value that
//! asks for `Sync` can never be reached twice at once. JavaScript writes the
//! input buffer and reads the record only between two calls into the module.

use core::cell::RefCell;

/// A value for the module's one thread. Borrowing it twice traps, which refuses.
pub(crate) struct Single<T>(RefCell<T>);

// SAFETY: the module is built without `atomics` (checked below), so there is one thread.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// Lends the value. INVARIANT: the module imports nothing, so `with` cannot run JavaScript that calls back.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.0.borrow_mut())
    }
}

#[cfg(target_arch = "wasm32")]
mod target {
    #[cfg(target_feature = "atomics")]
    compile_error!("the module holds its state without locks: build it without `atomics`");

    #[global_allocator]
    static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

    /// A panic is a bug: it traps, and JavaScript refuses whatever was asked (`unavailable`).
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
