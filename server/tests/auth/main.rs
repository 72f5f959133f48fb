//! Authentication over real HTTP: our server on a port of its own, on SQLite and on PostgreSQL, logins through the
//! certified npm `oidc-provider`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod admin;
mod authz;
mod browser;
mod confusion;
mod converge;
mod converge_many;
#[path = "../support/databases.rs"]
mod databases;
mod deployment;
mod federation;
mod federation_answers;
mod federation_domains;
mod federation_members;
mod federation_saml;
mod federation_stub;
mod github;
mod invitations;
mod keys;
mod late;
mod local;
mod local_bounds;
mod own_sessions;
mod passwords;
mod proxy;
mod published;
mod refresh;
mod revoked;
mod scim;
mod sliding;
mod sso;
mod stores;
#[path = "../../idp/tests/support/mod.rs"]
mod stub;
mod tenant;
mod tickets;
mod webhooks;
mod workspaces;

/// Each case starts what it needs.
async fn start(place: sentinel_storage::StoreOptions) -> sentinel_storage::StoreOptions {
    place
}
