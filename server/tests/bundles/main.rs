//! Bundles over real HTTP, read back as any holder reads them: our server on ports of its own, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod access;
mod agree;
#[path = "../support/databases.rs"]
mod databases;
mod events;
mod full;
mod granted;
mod holder;
mod server;

/// Each case starts what it needs.
async fn start(place: sentinel_storage::StoreOptions) -> sentinel_storage::StoreOptions {
    place
}
