//! One suite, both databases: every case takes a new, empty [`sentinel_storage::Store`] and runs twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod actions;
mod activity;
mod coverage;
mod groups;
mod harness;
mod identities;
mod memberships;
mod page;
mod resources;
mod roles;
mod schema;
mod shares;
mod users;
mod workspaces;
