//! Who provisions.

use sentinel_keys::secrets;
use sentinel_storage::{ScimClient, StorageError, WorkspaceRole};
use uuid::Uuid;

use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, Service, input};

/// Before every key.
const PREFIX: &str = "scim_";
/// How much of a key is shown afterwards: 30 of 256 bits.
const SHOWN: usize = 10;
/// Longer than any key of ours.
const KEY_BYTES: usize = 256;
/// Most clients of a deployment that are shown.
const MOST: i64 = 1000;

/// A service that came with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioner(pub(super) ScimClient);

/// What a client is registered as.
#[derive(Clone, Copy, Debug)]
pub struct NewScimClient<'a> {
    /// For people.
    pub name: &'a str,
    /// The one workspace that it provisions.
    pub workspace_id: Uuid,
    /// Domains whose addresses its word proves.
    pub domains: &'a [String],
    /// What people are there who come by it: viewers, where it is left out, or editors.
    pub role: Option<WorkspaceRole>,
}

impl Provisioner {
    pub(super) fn actor(&self) -> Actor {
        Actor::Provisioner { id: self.0.id, name: self.0.name.clone() }
    }

    /// Whether its word proves this address.
    pub(super) fn vouches_for(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        domain.is_some_and(|domain| self.0.domains.contains(&domain)) && input::email(email).is_ok()
    }
}

impl Service {
    /// Registers a client. The key is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Invalid`] for domains that are none or a role above editor,
    /// [`crate::service::ErrorKind::NotFound`] for an unknown workspace.
    pub async fn create_scim_client(
        &self,
        actor: &Actor,
        caller: &Caller,
        new: &NewScimClient<'_>,
    ) -> Result<(ScimClient, String), Error> {
        let domains = input::few(new.domains)?.iter().map(|domain| domain.trim().to_ascii_lowercase());
        let domains: Vec<String> = domains.collect();
        let is_domain = |domain: &String| {
            domain.contains('.')
                && !domain.contains(['@', ',', '/', ' '])
                && input::email(&format!("a@{domain}")).is_ok()
        };
        if !domains.iter().all(is_domain) {
            return Err(Error::invalid("domains are host names like firm.example"));
        }
        let role = new.role.unwrap_or(WorkspaceRole::Viewer);
        if role > WorkspaceRole::Editor {
            return Err(Error::invalid("role must be viewer or editor: who administers is not provisioned"));
        }
        let key = format!("{PREFIX}{}", secrets::random_token()?);
        let client = ScimClient {
            id: Uuid::new_v4(),
            name: input::name(new.name)?.to_owned(),
            workspace_id: new.workspace_id,
            prefix: key.chars().take(SHOWN).collect(),
            domains,
            role,
            created_at: self.now(),
        };
        let mut transaction = self.begin_as(actor).await?;
        let made = transaction.insert_scim_client(&client, &secrets::hash(key.as_bytes())).await;
        made.map_err(|error| match error {
            StorageError::Reference => Error::not_found("Workspace not found"),
            other => other.into(),
        })?;
        let change = Change::new("scim.create").on("scim", client.id).within(client.workspace_id);
        self.commit_as(transaction, actor, caller, change.detail("name", &client.name)).await?;
        Ok((client, key))
    }

    /// The clients, the oldest first.
    ///
    /// # Errors
    /// As storage.
    pub async fn scim_clients(&self) -> Result<Vec<ScimClient>, Error> {
        Ok(self.store().read().await?.scim_clients(MOST).await?)
    }

    /// Removes a client: its key opens nothing from now on. Whom it provisioned stay as they are.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`].
    pub async fn delete_scim_client(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_scim_client(id).await? {
            return Err(Error::not_found("SCIM client not found"));
        }
        self.commit_as(transaction, actor, caller, Change::new("scim.delete").on("scim", id)).await
    }

    /// The client whose key this is.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Unauthenticated`].
    pub async fn authenticate_provisioner(&self, key: &str) -> Result<Provisioner, Error> {
        let refused = || Error::unauthenticated("Invalid SCIM key");
        if key.len() > KEY_BYTES || !key.starts_with(PREFIX) {
            return Err(refused());
        }
        let found = self.store().read().await?.scim_client_by_key(&secrets::hash(key.as_bytes())).await?;
        found.map(Provisioner).ok_or_else(refused)
    }
}
