//! Prints `docs/reference/settings.md`: `cargo xtask generate` writes it.

fn main() {
    print!("{}", sentinel_server::settings::reference());
}
