//! What happened here, and how much there is.

use sentinel_storage::{Activity, ActivityFilter, Stats};

use super::super::{Error, Page, Service, input};

impl Service {
    /// The activity log, the latest entry first.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::Invalid`] for a wrong page.
    pub async fn activity(
        &self,
        filter: &ActivityFilter<'_>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Activity>, Error> {
        let page = input::page(limit, cursor)?;
        self.store().read().await?.activity(filter, &page).await.map_err(input::foreign_cursor)
    }

    /// How much of everything there is.
    ///
    /// # Errors
    /// As storage.
    pub async fn stats(&self) -> Result<Stats, Error> {
        Ok(self.store().read().await?.stats(self.now()).await?)
    }
}
