//! The admin API over real HTTP: our server on a port of its own, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod access;
mod csv;
#[path = "../support/databases.rs"]
mod databases;
mod log;
mod registrations;
mod roles;
mod server;
mod users;
mod workspaces;

/// A server for each case.
async fn start(place: sentinel_storage::StoreOptions) -> std::sync::Arc<server::Server> {
    std::sync::Arc::new(server::Server::start(place).await)
}
