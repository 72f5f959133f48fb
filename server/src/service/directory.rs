//! Workspaces as the deployment's administrators see them: all of them.

use sentinel_storage::{Workspace, WorkspaceEntry};

use super::{Error, Page, Service, input};

impl Service {
    /// Every workspace, by name.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a wrong page.
    pub async fn all_workspaces(
        &self,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<WorkspaceEntry>, Error> {
        Ok(self.store().read().await?.workspaces(search, &input::page(limit, cursor)?).await?)
    }

    /// The workspace with this slug.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn workspace_by_slug(&self, slug: &str) -> Result<Workspace, Error> {
        let found = self.store().read().await?.workspace_by_slug(slug).await?;
        found.ok_or_else(|| Error::not_found("Workspace not found"))
    }
}
