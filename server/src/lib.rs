//! The Sentinel server: identity-provider exchange, token issuance, workspaces, roles and permissions.
//!
//! `http` extracts and answers, `service` holds the use cases, and below it stand three crates that do
//! not know each other: `sentinel-storage` (SQL), `sentinel-keys` (signing), `sentinel-idp` (identity providers).
#![forbid(unsafe_code)]

pub mod http;
pub mod service;
pub mod settings;
pub mod traces;
