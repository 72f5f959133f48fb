//! What is in a bundle beside tuples, and by which name its state goes.

use std::sync::Arc;

use sentinel_core::bundle::{RevocationList, Roles};
use sentinel_storage::{RoleAction, WorkspaceMarks};
use uuid::Uuid;

use super::place::Place;
use super::state::{State, base, short};
use crate::service::policy::BUILT_IN_MODEL;
use crate::service::{Error, Service};

/// Most actions of the roles of a bundle.
const GRANTS: i64 = 100_000;

/// What is in a bundle beside tuples.
#[derive(Clone, Debug)]
pub(super) struct Aside {
    pub(super) roles: Arc<Roles>,
    pub(super) revocations: Arc<RevocationList>,
    /// The model that it is of.
    pub(super) model: Option<String>,
    /// At revision 0.
    state: State,
}

impl Aside {
    /// The state at a revision.
    pub(super) fn at(&self, revision: i64) -> State {
        State { revision: u64::try_from(revision).unwrap_or_default(), ..self.state }
    }
}

impl Service {
    /// Where a workspace stands.
    ///
    /// # Errors
    /// Not found.
    pub(super) async fn marks(&self, workspace: Uuid) -> Result<WorkspaceMarks, Error> {
        let found = self.store().read().await?.workspace_marks(&[workspace]).await?;
        found.into_iter().next().ok_or_else(|| Error::not_found("Workspace not found"))
    }

    /// What is in a bundle beside tuples, as it is now.
    pub(super) async fn aside_of(&self, place: &Place, marks: &WorkspaceMarks) -> Result<Aside, Error> {
        let feed = self.revocation_feed(marks.last_revocation).await?;
        let mut connection = self.store().read().await?;
        let granted = connection.role_grants(place.workspace, place.actions(), place.user(), GRANTS).await?;
        drop(connection);
        if i64::try_from(granted.len()).is_ok_and(|rows| rows >= GRANTS) {
            return Err(Error::not_found("The workspace's roles grant more than fits in a bundle"));
        }
        let (revocations, revocations_hash) = feed.list(place.workspace, place.user(), self.now());
        let (roles, roles_hash) = roles(&granted);
        let base = base(&feed.epoch, place.workspace, &place.content(), marks.model.as_deref(), BUILT_IN_MODEL);
        let state = State { revision: 0, base, roles: roles_hash, revocations: revocations_hash };
        Ok(Aside { roles: roles.into(), revocations, model: marks.model.clone(), state })
    }
}

/// Roles as a bundle has them, and the hash that tells them from others. Of two scopes the same action is one.
fn roles(granted: &[RoleAction]) -> (Roles, [u8; 8]) {
    if granted.is_empty() {
        return (Roles::default(), [0; 8]);
    }
    let one = |row: &RoleAction| serde_json::json!([row.role, row.action]);
    let text = serde_json::Value::from_iter(granted.iter().map(one)).to_string();
    let each: Vec<(&str, [&str; 1])> = granted.iter().map(|row| (row.role.as_str(), [row.action.as_str()])).collect();
    (Roles::new(each.iter().map(|(role, actions)| (*role, &actions[..]))), short(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_their_hash() {
        let row = |role: &str, action: &str| RoleAction { role: role.into(), action: action.into() };
        let granted = [row("Porter", "export"), row("Porter", "import"), row("Runner", "run")];
        let (found, hash) = roles(&granted);
        assert!(found.allows("Porter", "import") && found.allows("Runner", "run") && !found.allows("Runner", "import"));
        assert_ne!(hash, roles(&granted[..2]).1);
        assert_eq!(roles(&[]), (Roles::default(), [0; 8]));
    }
}
