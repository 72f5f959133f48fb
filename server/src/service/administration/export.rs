//! Lists as CSV files.

use chrono::{DateTime, SecondsFormat};
use sentinel_storage::{MemberFilter, PageRequest, UserFilter};
use uuid::Uuid;

use super::super::workspaces::unknown;
use super::super::{Error, Millis, Service};
use super::cells::Sheet;

/// So many rows one statement reads.
const ROWS: u32 = 1000;

impl Service {
    /// Accounts, each with its id and what it may.
    ///
    /// # Errors
    /// As storage.
    pub async fn export_users(&self, filter: &UserFilter<'_>) -> Result<Vec<u8>, Error> {
        let mut sheet = Sheet::new(&[
            "email",
            "name",
            "id",
            "email_verified",
            "is_active",
            "is_admin",
            "created_at",
            "last_login_at",
        ])?;
        let mut page = PageRequest::first(ROWS);
        loop {
            let found = self.store().read().await?.users(filter, &page).await?;
            for user in found.rows {
                sheet.row(&[
                    &user.email,
                    &user.name,
                    &user.id.to_string(),
                    word(user.email_verified),
                    word(user.is_active),
                    word(user.is_admin),
                    &time(user.created_at),
                    &user.last_login_at.map(time).unwrap_or_default(),
                ])?;
            }
            let Some(next) = found.next else { return sheet.finish() };
            page.after = Some(next);
        }
    }

    /// The members of a workspace, in the columns that an import takes.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn export_members(&self, workspace_id: Uuid) -> Result<Vec<u8>, Error> {
        let workspace = self.store().read().await?.workspace(workspace_id).await?.ok_or_else(unknown)?;
        let mut sheet = Sheet::new(&super::import::COLUMNS)?;
        let mut page = PageRequest::first(ROWS);
        loop {
            let found = self.store().read().await?.members(workspace_id, &MemberFilter::default(), &page).await?;
            for member in found.rows {
                sheet.row(&[&member.email, &member.name, &workspace.slug, member.role.as_str()])?;
            }
            let Some(next) = found.next else { return sheet.finish() };
            page.after = Some(next);
        }
    }
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn time(at: Millis) -> String {
    DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}
