//! Resources that services have registered.

use sentinel_storage::{Resource, ResourceFilter};
use uuid::Uuid;

use super::super::activity::{Actor, Change};
use super::super::permissions::{Record, unknown};
use super::super::{Caller, Error, Page, Service, input};

impl Service {
    /// Registered resources, the youngest first.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::Invalid`] for a wrong page.
    pub async fn all_resources(
        &self,
        filter: &ResourceFilter<'_>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Resource>, Error> {
        let page = input::page(limit, cursor)?;
        self.store().read().await?.resources(filter, &page).await.map_err(input::foreign_cursor)
    }

    /// A registered resource with its shares.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn resource_record(&self, id: Uuid) -> Result<Record, Error> {
        let mut connection = self.store().read().await?;
        let resource = connection.resource(id).await?.ok_or_else(unknown)?;
        let shares = connection.shares(id).await?;
        Ok(Record { resource, shares })
    }

    /// Forgets a resource and its shares: from now on nobody may do anything with it.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn remove_resource(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        let resource = transaction.resource(id).await?.ok_or_else(unknown)?;
        transaction.delete_resource(id, self.now()).await?;
        let change = Change::new("resource.deregister").on("resource", id).within(resource.workspace_id);
        let change = change.detail("service_name", resource.service_name).detail("resource_id", resource.resource_id);
        self.commit_as(transaction, actor, caller, change).await
    }
}
