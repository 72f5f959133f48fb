//! Realms: services that share one scope.

use sentinel_storage::{Realm, Service as Member, StorageError};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::service_apps::unknown_realm;
use super::{Caller, Error, Service, input};

/// Most realms of one page.
const PAGE: u32 = 1000;

impl Service {
    /// Makes a realm.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] for a slug that is that of a realm or the name of a service.
    pub async fn create_realm(&self, actor: &Actor, caller: &Caller, slug: &str, name: &str) -> Result<Realm, Error> {
        let (slug, name) = (input::slug(slug)?, input::name(name)?);
        let id = Uuid::new_v4();
        let mut transaction = self.begin_as(actor).await?;
        let realm = transaction.insert_realm(id, slug, name, self.now()).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("A realm or a service of this name exists"),
            other => other.into(),
        })?;
        let change = Change::new("realm.create").on("realm", id).detail("slug", slug);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(realm)
    }

    /// Realms by slug, those after `after`.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a wrong limit.
    pub async fn realms(&self, after: &str, limit: Option<u32>) -> Result<Vec<Realm>, Error> {
        let limit = limit.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&limit) {
            return Err(Error::invalid(format!("limit must be 1 to {PAGE}")));
        }
        Ok(self.store().read().await?.realms(after, i64::from(limit)).await?)
    }

    /// One of them, and its services.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn realm(&self, id: Uuid) -> Result<(Realm, Vec<Member>), Error> {
        let mut connection = self.store().read().await?;
        let realm = connection.realm(id).await?.ok_or_else(unknown_realm)?;
        let members = connection.services_of_realm(id).await?;
        Ok((realm, members))
    }

    /// The realm with this slug.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn realm_by_slug(&self, slug: &str) -> Result<Realm, Error> {
        self.store().read().await?.realm_by_slug(slug).await?.ok_or_else(unknown_realm)
    }

    /// Gives a realm another name. Its slug stays: tokens and actions name it.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn rename_realm(&self, actor: &Actor, caller: &Caller, id: Uuid, name: &str) -> Result<Realm, Error> {
        let name = input::name(name)?;
        let mut transaction = self.begin_as(actor).await?;
        let realm = transaction.rename_realm(id, name).await?.ok_or_else(unknown_realm)?;
        let change = Change::new("realm.update").on("realm", id).detail("name", name);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(realm)
    }

    /// Removes a realm.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`]; [`super::ErrorKind::Conflict`] while a service belongs to it.
    pub async fn delete_realm(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        let found = transaction.delete_realm(id).await.map_err(|error| match error {
            StorageError::Reference => Error::conflict("Services belong to this realm: take them out first"),
            other => other.into(),
        })?;
        if !found {
            return Err(unknown_realm());
        }
        self.commit_as(transaction, actor, caller, Change::new("realm.delete").on("realm", id)).await
    }
}
