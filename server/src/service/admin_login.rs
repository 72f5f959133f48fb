//! Administrators of the deployment: they log in with a provider, the very first one by a link from the terminal.

use sentinel_keys::secrets;
use sentinel_storage::{LoginPurpose, Millis, NewUser, OneTimeLink, Store, User as Account};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::journey::{Departure, ProviderAnswer};
use super::tokens::{AdminClaims, Kind};
use super::{Administrator, Caller, Error, Service, input};

const PURPOSE: &str = "admin-bootstrap";

/// A new admin cookie.
#[derive(Clone, Debug)]
pub struct AdminSession {
    /// The cookie's value.
    pub token: String,
    /// Its lifetime in seconds.
    pub expires_in: i64,
}

/// Makes a one-time link that lets whoever opens it become an administrator: `user_id` where it is for someone who has
/// an account, else the first one of this deployment. Answers its URL, which is a secret.
///
/// # Errors
/// [`super::ErrorKind::NotFound`] where there is no such account; as storage.
pub async fn bootstrap_link(
    store: &Store,
    base_url: &str,
    user_id: Option<Uuid>,
    life: Millis,
    now: Millis,
) -> Result<String, Error> {
    let token = secrets::random_token()?;
    let mut transaction = store.begin().await?;
    if let Some(id) = user_id
        && transaction.user(id).await?.is_none()
    {
        return Err(Error::not_found("There is no such account"));
    }
    let link = OneTimeLink { purpose: PURPOSE.into(), user_id, expires_at: now.saturating_add(life) };
    transaction.insert_one_time_link(&secrets::hash(token.as_bytes()), &link, now).await?;
    transaction.commit().await?;
    Ok(format!("{base_url}/auth/admin/bootstrap?token={token}"))
}

/// What a bootstrap link still asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootstrapAsks {
    /// A name and an address: the account is made.
    NameAndEmail,
    /// Nothing: it is for an account that is there.
    Nothing,
}

impl Service {
    /// Whether nobody administers this deployment yet.
    ///
    /// # Errors
    /// As storage.
    pub async fn needs_first_administrator(&self) -> Result<bool, Error> {
        let filter = sentinel_storage::UserFilter { is_active: Some(true), is_admin: Some(true), search: None };
        Ok(self.store().read().await?.count_users(&filter).await? == 0)
    }

    /// Begins an admin login.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for an unknown provider.
    pub async fn begin_admin_login(&self, provider: &str, browser: Option<&str>) -> Result<Departure, Error> {
        let callback = format!("{}/auth/admin/callback/{provider}", self.config().base_url);
        self.depart(LoginPurpose::Admin, provider, &callback, None, browser).await
    }

    /// Ends an admin login.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for who is no administrator.
    pub async fn finish_admin_login(
        &self,
        provider: &str,
        answer: &ProviderAnswer,
        browser: Option<&str>,
        caller: &Caller,
    ) -> Result<AdminSession, Error> {
        let journey = self.arrive(LoginPurpose::Admin, provider, answer, browser).await?;
        let identity = self.identify(provider, &journey, answer).await?;
        let account = self.account_of(&identity, caller).await?;
        if !account.is_admin {
            return Err(Error::forbidden("Not an administrator"));
        }
        self.admin_session(&account).await
    }

    async fn admin_session(&self, account: &Account) -> Result<AdminSession, Error> {
        let Account { email, name, sessions_invalidated_at, admin_generation, .. } = account;
        let life = self.config().lifetimes.admin;
        let claims = AdminClaims { email, name, generation: *admin_generation };
        let (token, expires_in) =
            self.issue(Kind::Admin, Some(account.id), *sessions_invalidated_at, life, &claims).await?;
        Ok(AdminSession { token, expires_in })
    }

    /// Ends the cookie that the administrator came with.
    ///
    /// # Errors
    /// As storage.
    pub async fn log_out_administrator(&self, admin: &Administrator, caller: &Caller) -> Result<(), Error> {
        let mut transaction = self.store().begin().await?;
        self.revoke_jti(&mut transaction, &admin.jti, admin.expires_at).await?;
        let change = Change::new("admin.logout").on("user", admin.id);
        self.commit_as(transaction, &Actor::Administrator(admin.id), caller, change).await
    }

    /// What a link asks for, without using it.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for one that opens nothing, or nothing more.
    pub async fn look_at_bootstrap(&self, token: &str) -> Result<BootstrapAsks, Error> {
        let link = self.store().read().await?.one_time_link(&secrets::hash(token.as_bytes()), self.now()).await?;
        let link = link.filter(|link| link.purpose == PURPOSE).ok_or_else(no_link)?;
        Ok(if link.user_id.is_some() { BootstrapAsks::Nothing } else { BootstrapAsks::NameAndEmail })
    }

    /// Uses a link: whoever has it becomes an administrator. The address is what they typed and proves nothing.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] as [`Service::look_at_bootstrap`]; [`super::ErrorKind::Conflict`] where a link for
    /// the first administrator comes second; [`super::ErrorKind::Invalid`] for a name or address that is none.
    pub async fn bootstrap(
        &self,
        token: &str,
        name: Option<&str>,
        email: Option<&str>,
        caller: &Caller,
    ) -> Result<AdminSession, Error> {
        let now = self.now();
        let mut transaction = self.store().begin().await?;
        let link = transaction.use_one_time_link(&secrets::hash(token.as_bytes()), PURPOSE, now).await?;
        let account = match link.ok_or_else(no_link)?.user_id {
            Some(id) => transaction.set_user_admin(id, true, now).await?.ok_or_else(no_link)?,
            None => {
                if !transaction.lock_admins().await?.is_empty() {
                    return Err(Error::conflict("There is an administrator already, who can make others"));
                }
                let (name, email) = (input::name(name.unwrap_or_default())?, input::email(email.unwrap_or_default())?);
                let new = NewUser {
                    id: Uuid::new_v4(),
                    email,
                    email_verified: false,
                    name,
                    avatar_url: None,
                    is_admin: true,
                };
                transaction.insert_user(&new, now).await?
            }
        };
        if !account.is_active {
            return Err(Error::forbidden("The account is deactivated"));
        }
        let change = Change::new("admin.grant").on("user", account.id).detail("why", "bootstrap link");
        self.record(&mut transaction, &Actor::System, caller, change).await?;
        transaction.record_user_login(account.id, now).await?;
        transaction.commit().await?;
        self.admin_session(&account).await
    }
}

fn no_link() -> Error {
    Error::not_found("The link is unknown, used or expired")
}
