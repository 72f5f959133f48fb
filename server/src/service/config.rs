use std::time::Duration;

use sentinel_keys::{RsaBits, SigningAlgorithm};
use sentinel_storage::{Millis, WorkspaceRole};

use super::converge::Directory;
use super::federation::FederationConfig;
use super::passwords::Hashing;

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const DAY: Millis = 24 * 60 * MINUTE;

/// What the use cases need to know of a deployment. Plain values: whoever reads the settings makes it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers reach this server, without a slash at the end: `https://auth.example.com`.
    pub base_url: String,
    /// `iss` of every token.
    pub issuer: String,
    /// What tokens are signed with.
    pub algorithm: SigningAlgorithm,
    /// How long new RSA keys are.
    pub rsa: RsaBits,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How long after a refresh the same refresh token is answered with the same child (a lost answer). 0: not at all.
    pub refresh_grace: Millis,
    /// Whose proven address makes them an administrator at their first login. Case does not matter.
    pub admin_emails: Vec<String>,
    /// Where someone new belongs.
    pub newcomers: Newcomers,
    /// Who is known before they come, and what roles are called in converged claims.
    pub directory: Directory,
    /// Whether webhooks may be sent to loopback: for development and tests.
    pub webhooks_to_loopback: bool,
    /// Where the browser goes after an admin login: on this server's own site, for the cookie goes nowhere else.
    pub admin_home: String,
    /// Stores of policy.
    pub policy: PolicyConfig,
    /// Bundles of them.
    pub bundles: BundleConfig,
    /// How passwords are hashed.
    pub hashing: Hashing,
    /// How providers of tenants are reached.
    pub federation: FederationConfig,
}

/// How bundles are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleConfig {
    /// How long one is good, in milliseconds.
    pub life: Millis,
    /// About how many bytes of those that were published lately are kept.
    pub memory: usize,
}

impl Default for BundleConfig {
    fn default() -> Self {
        Self { life: 5 * MINUTE, memory: 64 << 20 }
    }
}

/// How stores of policy are kept and asked.
#[derive(Clone, Debug)]
pub struct PolicyConfig {
    /// Most stores that belong to no workspace: beyond it no key makes another.
    pub stores: i64,
    /// Most octets of a store's models together.
    pub model_bytes_per_store: i64,
    /// Most tuples of a store.
    pub tuples_per_store: i64,
    /// Most tuples of a store that is kept in memory: a larger one is asked by SQL.
    pub tuples_in_memory: i64,
    /// About how many bytes the stores in memory may take together.
    pub memory: usize,
    /// How long the log of changes goes back, in milliseconds.
    pub changes: Millis,
    /// Most entries of a list.
    pub list_results: usize,
    /// How long a list is made at most.
    pub list_deadline: Duration,
    /// Whether every decision is written to the log.
    pub log_decisions: bool,
    /// Whether it says why.
    pub log_reasons: bool,
    /// Whether it has the values of the context.
    pub log_context: bool,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            stores: 10_000,
            model_bytes_per_store: 64 << 20,
            tuples_per_store: 50_000_000,
            tuples_in_memory: 5_000_000,
            memory: 1 << 30,
            changes: 30 * DAY,
            list_results: 1000,
            list_deadline: Duration::from_secs(3),
            log_decisions: false,
            log_reasons: false,
            log_context: false,
        }
    }
}

/// Lifetimes in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens.
    pub access: Millis,
    /// Access tokens of the tenant API.
    pub tenant_access: Millis,
    /// Tokens of local accounts, and with them a session that is not used.
    pub local_access: Millis,
    /// A session of a local account, however much it is used.
    pub local_session: Millis,
    /// Authorization tokens beside an identity provider's.
    pub authz: Millis,
    /// Tokens of a service for others in its realm.
    pub m2m: Millis,
    /// The admin cookie.
    pub admin: Millis,
    /// A refresh token that is not used.
    pub refresh: Millis,
    /// A session, however often it is refreshed.
    pub session: Millis,
    /// A login on its way to the identity provider and back.
    pub login: Millis,
    /// An authorization code.
    pub code: Millis,
    /// A link to set a password with.
    pub password_link: Millis,
    /// An invitation of someone without an account.
    pub invitation: Millis,
    /// A login, for front ends that log in without asking; 0: none does.
    pub sso: Millis,
}

/// Where someone belongs who has just logged in for the first time and is a member of nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newcomers {
    /// Nowhere, until someone invites them.
    Nowhere,
    /// In a workspace of their own, as its owner.
    PersonalWorkspace,
    /// In this workspace, which is made where it is missing.
    DefaultWorkspace {
        /// Its slug.
        slug: String,
        /// What they are there.
        role: WorkspaceRole,
    },
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: 15 * MINUTE,
            tenant_access: 60 * MINUTE,
            local_access: 60 * MINUTE,
            local_session: 30 * DAY,
            authz: 5 * MINUTE,
            m2m: 5 * MINUTE,
            admin: 60 * MINUTE,
            refresh: 30 * DAY,
            session: 90 * DAY,
            login: 10 * MINUTE,
            code: 5 * MINUTE,
            password_link: DAY,
            invitation: 14 * DAY,
            sso: 0,
        }
    }
}

impl Lifetimes {
    /// The longest that an access token of any dialect lives: until then verifiers elsewhere are told that it was revoked.
    #[must_use]
    pub fn longest_access(&self) -> Millis {
        self.access.max(self.tenant_access).max(self.local_access)
    }

    /// The longest that anything signed lives: a signing key stays published for as long.
    #[must_use]
    pub fn longest(&self) -> Millis {
        [self.longest_access(), self.authz, self.m2m, self.admin, self.refresh]
            .into_iter()
            .max()
            .unwrap_or(self.refresh)
    }
}

impl Config {
    /// The defaults for a server at this URL, which is also the issuer.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self {
            issuer: base_url.clone(),
            algorithm: SigningAlgorithm::default(),
            rsa: RsaBits::default(),
            lifetimes: Lifetimes::default(),
            refresh_grace: 10 * SECOND,
            admin_emails: Vec::new(),
            newcomers: Newcomers::PersonalWorkspace,
            directory: Directory::default(),
            webhooks_to_loopback: false,
            admin_home: format!("{base_url}/auth/admin/me"),
            policy: PolicyConfig::default(),
            bundles: BundleConfig::default(),
            hashing: Hashing::default(),
            federation: FederationConfig::default(),
            base_url,
        }
    }

    /// Whether cookies can be `Secure`: everywhere but on plain http, which is for loopback alone.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    pub(crate) fn is_admin_email(&self, email: &str) -> bool {
        // As accounts compare addresses: beyond ASCII, letters that look alike are not alike.
        self.admin_emails.iter().any(|admin| admin.eq_ignore_ascii_case(email))
    }
}
