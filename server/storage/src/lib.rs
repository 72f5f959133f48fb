//! What the Sentinel server remembers: one [`Store`] on SQLite or PostgreSQL.
//!
//! Every statement is written once and runs on both; what differs (types in the
//! schema, a few functions) stands in `migrate.rs` and in the `on!` macro's use.
//! No rule lives here: who may do what is decided before a statement is reached.
//!
//! [`Store::read`] lends a [`Connection`]: each statement sees what was committed.
//! [`Store::begin`] starts a [`Transaction`]: all of it happens or nothing does, and
//! [`Transaction::commit`] returns once it is durable. Times are arguments.
#![forbid(unsafe_code)]

mod access;
mod accessible;
mod actions;
mod activity;
mod authorization_codes;
mod authorization_models;
mod backup;
mod built_in;
mod bundle_access;
mod bundles;
mod clients;
mod columns;
mod connection;
mod deployment;
mod derived;
mod error;
mod groups;
mod identities;
mod invitations;
mod local_accounts;
mod login_failures;
mod login_states;
mod memberships;
mod migrate;
mod nested_groups;
mod one_time_links;
mod page;
mod passwords;
#[cfg(test)]
mod plans;
mod prune;
mod realms;
mod relay_codes;
mod resources;
mod revocations;
mod role_members;
mod roles;
mod scim;
mod seen;
mod service_keys;
mod services;
mod sessions;
mod shares;
mod signing_keys;
mod socket_tickets;
mod sso_connections;
mod sso_domains;
mod sso_failures;
mod sso_journeys;
mod sso_sessions;
mod statement;
mod stats;
mod store;
mod stores;
mod tuple_changes;
mod tuple_writes;
mod tuples;
mod usernames;
mod users;
mod values;
mod webhook_deliveries;
mod webhooks;
mod workspaces;

pub use access::{AccessState, SessionState};
pub use accessible::AccessibleQuery;
pub use actions::{Action, NewAction};
pub use activity::{Activity, ActivityFilter, NewActivity};
pub use authorization_codes::{AuthorizationCode, CodeConsumption};
pub use authorization_models::StoredModel;
pub use built_in::{BUILT_IN_TYPES, is_built_in, resource_id, resources_of, resources_of_scope, user_name};
pub use bundle_access::BundleGrant;
pub use bundles::{RoleAction, RoleHolder, SessionOwner, WorkspaceMarks};
pub use clients::{Client, ClientChange, NewClient};
pub use connection::{Connection, Transaction};
pub use error::StorageError;
pub use groups::{Group, GroupChange, NewGroup};
pub use identities::{Identity, NewIdentity};
pub use invitations::Invitation;
pub use local_accounts::{LocalAccount, LocalAccountChange, NewLocalAccount};
pub use login_failures::{FailureCount, LoginFailures};
pub use login_states::LoginState;
pub use memberships::{Member, MemberFilter};
pub use migrate::SCHEMA_VERSION;
pub use one_time_links::OneTimeLink;
pub use page::{Cursor, CursorError, Page, PageRequest};
pub use passwords::{NewPassword, Password};
pub use prune::Pruned;
pub use realms::Realm;
pub use relay_codes::NewRelayCode;
pub use resources::{Coordinates, MAX_COORDINATES, NewResource, Resource, ResourceFilter, ResourceForUser};
pub use revocations::Revocation;
pub use roles::{NewRole, Role, RoleChange};
pub use scim::{ScimClient, ScimFilter, ScimUser};
pub use seen::Seen;
pub use service_keys::ServiceKey;
pub use services::{NewService, Service, ServiceChange};
pub use sessions::{NewSession, Session, SessionEnd, SessionForRefresh};
pub use shares::{Grantee, NewShare, Share};
pub use signing_keys::SigningKey;
pub use socket_tickets::SocketTicket;
pub use sso_connections::{SsoConfiguration, SsoConnection, SsoEnded};
pub use sso_domains::SsoDomain;
pub use sso_failures::SsoFailure;
pub use sso_journeys::{JourneyTaken, SsoCode, SsoCodeUse, SsoJourney};
pub use sso_sessions::{SsoSession, SsoState};
pub use stats::Stats;
pub use store::{Store, StoreOptions};
pub use stores::{NewPolicyStore, PolicyKey, PolicyStore, PolicyStoreFilter, StoreAccess};
pub use tuple_changes::{ChangeFilter, TupleChange};
pub use tuple_writes::{NewTuple, Preconditions, Written};
pub use tuples::{StoredTuple, TupleFilter, TupleName};
pub use usernames::Names;
pub use users::{NewUser, ProfileChange, User, UserFilter};
pub use values::{
    DomainProof, JourneyPurpose, LoginPurpose, Permission, RevocationKind, RevokedFor, SecretKind, SessionDialect,
    SsoProtocol, SsoStage, Visibility, WorkspaceRole,
};
pub use webhook_deliveries::{NewWebhookMessage, WebhookDelivery, WebhookOutcome};
pub use webhooks::{NewWebhookEndpoint, WebhookChange, WebhookEndpoint};
pub use workspaces::{NewWorkspace, Workspace, WorkspaceChange, WorkspaceEntry, WorkspaceOfUser};

/// Milliseconds since 1970 UTC.
pub type Millis = i64;
