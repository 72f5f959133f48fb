//! Provisioning by SCIM 2.0 (RFC 7643, RFC 7644): a service of an organisation makes, changes and ends the memberships of
//! one workspace.
//!
//! What it cannot do: reach another workspace, change an administrator of the deployment or of the workspace, or get into
//! an account. `active` is whether a person is a member; the address that an account logs in with is settled when it is
//! made, and counts as proven where the key may speak for its domain.

mod clients;
mod patch;
pub mod person;
mod refusal;
mod users;

pub use clients::{NewScimClient, Provisioner};
pub use refusal::{ScimError, ScimType};
pub use users::{Found, Provisioned};
