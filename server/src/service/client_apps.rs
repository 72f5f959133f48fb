//! Clients: front ends of proxy mode, and where a login may lead back to.

use sentinel_storage::{Client, ClientChange, NewClient, RevokedFor, SessionDialect};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Page, Service, input};

/// What a front end is registered as.
#[derive(Clone, Copy, Debug)]
pub struct NewClientApp<'a> {
    /// For people.
    pub name: &'a str,
    /// Where a login may lead back to.
    pub redirect_uris: &'a [String],
    /// Whose pages may read answers.
    pub allowed_origins: &'a [String],
    /// The workspaces that it may be used for; none: every one.
    pub workspaces: &'a [Uuid],
    /// Which claims the access tokens of its sessions have; `None`: this server's own.
    pub dialect: Option<SessionDialect>,
}

impl Service {
    /// Registers a client.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for redirect URIs or origins that are none, and for claims that no front end can have.
    pub async fn create_client_app(
        &self,
        actor: &Actor,
        caller: &Caller,
        app: &NewClientApp<'_>,
    ) -> Result<Client, Error> {
        let (redirect_uris, origins) = (input::redirect_uris(app.redirect_uris)?, input::origins(app.allowed_origins)?);
        let id = Uuid::new_v4();
        let new = NewClient {
            id,
            name: input::name(app.name)?,
            redirect_uris: &redirect_uris,
            allowed_origins: &origins,
            workspaces: input::few(app.workspaces)?,
            created_by: actor.account(),
        };
        let dialect = of_front_end(app.dialect)?;
        let now = self.now();
        let mut transaction = self.begin_as(actor).await?;
        transaction.insert_client(&new, now).await?;
        let change = Change::new("client.create").on("client", id).detail("name", new.name);
        self.record(&mut transaction, actor, caller, change).await?;
        let client = match dialect {
            None => transaction.client(id).await?,
            Some(_) => transaction.update_client(id, &ClientChange { dialect, ..Default::default() }, now).await?,
        };
        let client = client.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(client)
    }

    /// Clients by name.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a wrong page.
    pub async fn client_apps(&self, limit: Option<u32>, cursor: Option<&str>) -> Result<Page<Client>, Error> {
        Ok(self.store().read().await?.clients(&input::page(limit, cursor)?).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn client_app(&self, id: Uuid) -> Result<Client, Error> {
        self.store().read().await?.client(id).await?.ok_or_else(unknown)
    }

    /// Changes a client. Redirect URIs, origins and workspaces that are no longer there open nothing from the next
    /// request on; access tokens of a workspace hold until they expire.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Invalid`].
    pub async fn update_client_app(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        change: &ClientChange<'_>,
    ) -> Result<Client, Error> {
        let redirect_uris = change.redirect_uris.map(input::redirect_uris).transpose()?;
        let origins = change.allowed_origins.map(input::origins).transpose()?;
        let row = ClientChange {
            name: change.name.map(input::name).transpose()?,
            redirect_uris: redirect_uris.as_deref(),
            allowed_origins: origins.as_deref(),
            workspaces: change.workspaces.map(input::few).transpose()?,
            dialect: of_front_end(change.dialect)?,
            is_active: change.is_active,
        };
        let mut transaction = self.begin_as(actor).await?;
        let client = transaction.update_client(id, &row, self.now()).await?.ok_or_else(unknown)?;
        let mut record = Change::new("client.update").on("client", id);
        if let Some(is_active) = change.is_active {
            record = record.detail("is_active", is_active);
        }
        self.commit_as(transaction, actor, caller, record).await?;
        Ok(client)
    }

    /// Removes a client, its codes and its sessions.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn delete_client_app(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        // Its sessions go with it; access tokens that verifiers elsewhere were shown do not.
        transaction.revoke_sessions_of_client(id, self.session_end(RevokedFor::Admin)).await?;
        if !transaction.delete_client(id).await? {
            return Err(unknown());
        }
        self.commit_as(transaction, actor, caller, Change::new("client.delete").on("client", id)).await
    }
}

/// The other ones have logins of their own.
fn of_front_end(dialect: Option<SessionDialect>) -> Result<Option<SessionDialect>, Error> {
    match dialect {
        Some(SessionDialect::Local | SessionDialect::Tenant) => {
            Err(Error::invalid("claims must be sentinel or converged"))
        }
        other => Ok(other),
    }
}

fn unknown() -> Error {
    Error::not_found("Client not found")
}
