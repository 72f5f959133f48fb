//! One suite, both databases: every case takes a new, empty [`sentinel_storage::Store`] and runs twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod access;
mod actions;
mod activity;
mod authorization_codes;
mod backup;
mod bundles;
mod clients;
mod coverage;
mod crash;
mod deployment;
mod derived;
mod groups;
mod harness;
mod history;
mod identities;
mod invitations;
mod login_failures;
mod memberships;
mod page;
mod passwords;
mod policy_stores;
mod prune;
mod resources;
mod revocations;
mod roles;
mod schema;
mod seen;
mod services;
mod sessions;
mod shares;
mod single_use;
mod sso_sessions;
mod tuples;
mod users;
mod workspaces;
