//! What failed, as a tenant's administrators see it: when, how often, which code and what to do. Never what came.

use uuid::Uuid;

use super::SsoFault;
use super::fault::advice;
use crate::service::{Error, Millis, Service, User, WorkspaceRole};

/// Most rows that are shown.
const SHOWN: i64 = 200;
/// How long they are kept.
const KEPT: Millis = 30 * 24 * 60 * 60 * 1000;

/// Failures of one kind within one hour.
#[derive(Clone, Debug)]
pub struct FailureView {
    /// Stable.
    pub code: String,
    /// What to do.
    pub advice: &'static str,
    /// How many there were.
    pub count: i64,
    /// The first of them.
    pub first_at: Millis,
    /// The last of them.
    pub last_at: Millis,
}

impl Service {
    /// What failed lately at the tenant's provider, the latest first; its admins see it.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Forbidden`].
    pub async fn sso_failures(&self, user: &User) -> Result<Vec<FailureView>, Error> {
        user.require(user.workspace_id, WorkspaceRole::Admin)?;
        let found = self.store().read().await?.sso_failures(user.workspace_id, SHOWN).await?;
        let view = |one: sentinel_storage::SsoFailure| FailureView {
            advice: advice(&one.code),
            code: one.code,
            count: one.count,
            first_at: one.first_at,
            last_at: one.last_at,
        };
        Ok(found.into_iter().map(view).collect())
    }

    /// Notes a failure. That it could not be noted changes nothing about it.
    pub(super) async fn note_sso_failure(&self, workspace_id: Uuid, fault: SsoFault) {
        let now = self.now();
        let noted = async {
            let mut transaction = self.store().begin().await?;
            transaction.count_sso_failure(workspace_id, fault.code(), now.saturating_add(KEPT), now).await?;
            transaction.commit().await
        };
        if let Err(why) = noted.await {
            tracing::warn!(cause = %why, code = fault.code(), "a failed login could not be noted");
        }
    }
}
