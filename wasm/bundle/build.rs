//! Bounds on the module's memory, said to the linker.

/// Some ten million tuples with their names. Hosts set bounds of their own below it.
const MOST_MEMORY: u32 = 1024 * 1024 * 1024;
/// What recurses has a bound of its own: operators of a relation, expressions of a condition. The stack lies below the
/// data, so running out of it traps instead of overwriting.
const STACK: u32 = 512 * 1024;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo:rustc-link-arg-cdylib=--max-memory={MOST_MEMORY}");
        println!("cargo:rustc-link-arg-cdylib=-zstack-size={STACK}");
    }
}
