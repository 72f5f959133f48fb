//! Whom a tenant's provider vouches for: found, joined by an address of a domain that this tenant has proven, or made. And
//! what they are in the tenant.

use sentinel_storage::{NewIdentity, NewUser, StorageError, Transaction, User as Account};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::configuration::domain_of;
use super::{Configuration, SsoFault, roles};
use crate::service::activity::{Actor, Change};
use crate::service::converge::Person;
use crate::service::{Caller, Error, Service, WorkspaceRole, input};

/// The provider's name in the table of identities.
const PROVIDER: &str = "sso";
/// Longest name of a person at a provider, in bytes: with the issuer it is a key.
const SUBJECT: usize = 1024;
/// Longest name that is kept; what is longer is cut.
const NAME: usize = 256;

/// What a provider says of someone whose login it vouches for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Vouched {
    /// Its name for the person.
    pub(super) subject: String,
    /// Its name for the login.
    pub(super) session: Option<String>,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) roles: Vec<String>,
    /// The names of the attributes that came, for who sets it up.
    pub(super) attributes: Vec<String>,
}

/// Why somebody does not come in.
pub(super) enum Kept {
    Fault(SsoFault),
    Storage(StorageError),
    Failed(Error),
}

impl From<SsoFault> for Kept {
    fn from(fault: SsoFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StorageError> for Kept {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Error> for Kept {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Someone who may come in: with this address and role.
pub(super) struct Welcome<'a> {
    pub(super) email: &'a str,
    pub(super) role: WorkspaceRole,
    pub(super) account: Option<Account>,
    /// The account is theirs already, and not only joined by the address.
    is_known: bool,
}

/// The issuer under which a tenant's people are remembered.
///
/// INVARIANT: a provider's people are its tenant's. Whatever issuer or entity id a tenant configures, nobody becomes a
/// person of another tenant or of one of the deployment's own providers, whose issuers are URLs.
pub(super) fn issuer_of(workspace_id: Uuid, configuration: &Configuration) -> String {
    format!("sso:{workspace_id}:{}", configuration.provider.issuer())
}

impl Service {
    /// Whether someone comes in, without letting them in, and as what: an owner stays one, whom the provider may make nothing
    /// stays what they are, and everyone else is what its attributes say.
    pub(super) async fn weigh<'a>(
        &self,
        transaction: &mut Transaction,
        workspace_id: Uuid,
        configuration: &Configuration,
        vouched: &'a Vouched,
    ) -> Result<Welcome<'a>, Kept> {
        let email = vouched.email.as_deref().map(str::trim).ok_or(SsoFault::AttributeMissing)?;
        let email = input::email(email).map_err(|_| SsoFault::AttributeMissing)?;
        let is_name = (1..=SUBJECT).contains(&vouched.subject.len()) && !vouched.subject.chars().any(char::is_control);
        if !is_name {
            return Err(SsoFault::AttributeMissing.into());
        }
        self.speaks_for(transaction, workspace_id, email).await?;
        if self.config().is_admin_email(email) {
            return Err(SsoFault::AccountNotAllowed.into());
        }
        let issuer = issuer_of(workspace_id, configuration);
        let known = transaction.user_by_identity(&issuer, &vouched.subject).await?;
        let is_known = known.is_some();
        let account = match known {
            Some(account) => Some(account),
            None => transaction.user_by_verified_email(email).await?,
        };
        if let Some(account) = &account {
            if account.is_admin || self.config().is_admin_email(&account.email) {
                return Err(SsoFault::AccountNotAllowed.into());
            }
            if !account.is_active {
                return Err(SsoFault::AccountDisabled.into());
            }
            // Tokens say the account's own address: it has to be one that this tenant may speak for now, too, also where
            // the provider says another one today.
            self.speaks_for(transaction, workspace_id, &account.email).await?;
            if transaction.is_ended_by_scim(workspace_id, account.id).await? {
                return Err(SsoFault::Deprovisioned.into());
            }
        }
        let before = match &account {
            Some(account) => transaction.member_role(workspace_id, account.id).await?,
            None => None,
        };
        let Configuration { attribute_mapping, role_mapping, default_role, max_role, by_owner, .. } = configuration;
        let role = roles::role_of(&vouched.roles, role_mapping, *default_role, *max_role);
        let role = role.ok_or(SsoFault::RoleMissing)?;
        let role = match before {
            // Or an administrator, who may change no owner, would come in as one by a provider of their own.
            Some(WorkspaceRole::Owner) if !by_owner => return Err(SsoFault::AccountNotAllowed.into()),
            Some(WorkspaceRole::Owner) => WorkspaceRole::Owner,
            Some(before) if attribute_mapping.role.is_none() => before,
            _ => role,
        };
        Ok(Welcome { email, role, account, is_known })
    }

    /// That the tenant's provider may speak for an address: the tenant has proven its domain.
    async fn speaks_for(&self, transaction: &mut Transaction, workspace_id: Uuid, email: &str) -> Result<(), Kept> {
        let domain = domain_of(email).ok_or(SsoFault::DomainNotProven)?;
        let proven = transaction.proven_sso_domain(&domain).await?;
        let is_own = proven.is_some_and(|proven| proven.workspace_id == workspace_id);
        if is_own { Ok(()) } else { Err(SsoFault::DomainNotProven.into()) }
    }

    /// Lets someone in: their account, which is a member of the tenant from now on.
    pub(super) async fn enter(
        &self,
        transaction: &mut Transaction,
        workspace_id: Uuid,
        configuration: &Configuration,
        vouched: &Vouched,
        caller: &Caller,
    ) -> Result<Account, Kept> {
        let now = self.now();
        let Welcome { email, role, account, is_known } =
            self.weigh(transaction, workspace_id, configuration, vouched).await?;
        let issuer = issuer_of(workspace_id, configuration);
        let subject = vouched.subject.as_str();
        let (account, change) = match account {
            Some(account) if is_known => {
                transaction.record_identity_login(&issuer, subject, Some(email), true, now).await?;
                (account, Change::new("user.login"))
            }
            other => {
                let (account, change) = match other {
                    Some(account) => (account, Change::new("user.link")),
                    None => (self.open_vouched(transaction, email, vouched).await?, Change::new("user.create")),
                };
                let new = NewIdentity {
                    issuer: &issuer,
                    subject,
                    user_id: account.id,
                    provider: PROVIDER,
                    email: Some(email),
                    email_verified: true,
                };
                transaction.insert_identity(&new, now).await?;
                (account, change)
            }
        };
        self.username(transaction, &account, &Person::Address(&account.email), caller).await?;
        let change = change.on("user", account.id).within(workspace_id).detail("provider", PROVIDER);
        self.record(transaction, &Actor::User(account.id), caller, change).await?;
        self.belong_by_sso(transaction, workspace_id, &account, role, caller).await?;
        transaction.record_user_login(account.id, now).await?;
        Ok(account)
    }

    /// Their place in the tenant, as [`Self::weigh`] found it.
    async fn belong_by_sso(
        &self,
        transaction: &mut Transaction,
        workspace_id: Uuid,
        account: &Account,
        role: WorkspaceRole,
        caller: &Caller,
    ) -> Result<(), Kept> {
        match transaction.member_role(workspace_id, account.id).await? {
            Some(before) if before == role => Ok(()),
            Some(_) => {
                let member = (workspace_id, account.id);
                Ok(self.change_member_in(transaction, None, &Actor::System, caller, member, Some(role)).await?)
            }
            None => {
                transaction.insert_member(workspace_id, account.id, role, self.now()).await?;
                // An older invitation must not come back with another role once this membership has ended.
                transaction.drop_invitation(workspace_id, &account.email).await?;
                let change = Change::new("member.add").on("user", account.id).within(workspace_id);
                let change = change.detail("role", role.as_str()).detail("by", PROVIDER);
                Ok(self.record(transaction, &Actor::System, caller, change).await?)
            }
        }
    }

    async fn open_vouched(
        &self,
        transaction: &mut Transaction,
        email: &str,
        vouched: &Vouched,
    ) -> Result<Account, StorageError> {
        let said = vouched.name.as_deref().unwrap_or_default();
        let said: String = said.trim().chars().filter(|one| !one.is_control()).take(NAME).collect();
        let local = email.split('@').next().unwrap_or_default();
        let name = if said.is_empty() { local } else { &said };
        let id = Uuid::new_v4();
        let new = NewUser { id, email, email_verified: true, name, avatar_url: None, is_admin: false };
        transaction.insert_user(&new, self.now()).await
    }
}
