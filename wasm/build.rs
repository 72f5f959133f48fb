//! Bounds on the module's memory, said to the linker.

/// Keys, P-256 tables (4 MB), cached tokens (16 MB) and one input of 4 MB fit; a flood does not get more.
const MOST_MEMORY: u32 = 32 * 1024 * 1024;
/// A quarter of the default: nothing in here recurses without a bound. The stack lies below the data, so running
/// out of it traps instead of overwriting.
const STACK: u32 = 256 * 1024;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo:rustc-link-arg-cdylib=--max-memory={MOST_MEMORY}");
        println!("cargo:rustc-link-arg-cdylib=-zstack-size={STACK}");
    }
}
