//! What is in a bundle beside tuples, and by which name its state goes.

use std::sync::Arc;

use sentinel_core::bundle::{RevocationList, Roles};
use sentinel_storage::{RoleAction, RoleHolder, WorkspaceMarks, user_name};
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
        // Of a slice all roles are its user's own.
        let holders = match place.user() {
            None => Some(connection.role_holders(place.workspace, GRANTS).await?),
            Some(_) => None,
        };
        drop(connection);
        if i64::try_from(granted.len()).is_ok_and(|rows| rows >= GRANTS) {
            return Err(Error::not_found("The workspace's roles grant more than fits in a bundle"));
        }
        let (revocations, revocations_hash) = feed.list(place.workspace, place.user(), self.now());
        // Too many to tell: who has which is left out, and what depends on it is undecided.
        let holders = holders.filter(|rows| i64::try_from(rows.len()).is_ok_and(|rows| rows < GRANTS));
        let (roles, roles_hash) = roles(&granted, holders.as_deref());
        let base = base(&feed.epoch, place.workspace, &place.content(), marks.model.as_deref(), BUILT_IN_MODEL);
        let state = State { revision: 0, base, roles: roles_hash, revocations: revocations_hash };
        Ok(Aside { roles: roles.into(), revocations, model: marks.model.clone(), state })
    }
}

/// Roles as a bundle has them, and the hash that tells them from others. Of two scopes the same action is one.
fn roles(granted: &[RoleAction], holders: Option<&[RoleHolder]>) -> (Roles, [u8; 8]) {
    if granted.is_empty() && holders.is_none() {
        return (Roles::default(), [0; 8]);
    }
    let grants = granted.iter().map(|row| serde_json::json!([row.role, row.action]));
    let held =
        holders.map(|rows| rows.iter().map(|row| serde_json::json!([row.user_id, row.role])).collect::<Vec<_>>());
    let text = match &held {
        None => serde_json::Value::from_iter(grants).to_string(),
        Some(held) => serde_json::json!([grants.collect::<Vec<_>>(), held]).to_string(),
    };
    let each: Vec<(&str, [&str; 1])> = granted.iter().map(|row| (row.role.as_str(), [row.action.as_str()])).collect();
    let roles = Roles::new(each.iter().map(|(role, actions)| (*role, &actions[..])));
    let roles = match holders {
        None => roles,
        Some(rows) => {
            let users: Vec<String> = rows.iter().map(|row| user_name(row.user_id)).collect();
            roles.held_by(users.iter().map(String::as_str).zip(rows.iter().map(|row| row.role.as_str())))
        }
    };
    (roles, short(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_their_hash() {
        let row = |role: &str, action: &str| RoleAction { role: role.into(), action: action.into() };
        let granted = [row("Porter", "export"), row("Porter", "import"), row("Runner", "run")];
        let (found, hash) = roles(&granted, None);
        assert!(found.allows("Porter", "import") && found.allows("Runner", "run") && !found.allows("Runner", "import"));
        assert_ne!(hash, roles(&granted[..2], None).1);
        assert_eq!(roles(&[], None), (Roles::default(), [0; 8]));
        let [ada, bob] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let held = |user_id, role: &str| RoleHolder { user_id, role: role.into() };
        // A role that grants nothing here is nobody's.
        let holders = [held(ada, "Porter"), held(bob, "Idle"), held(bob, "Runner")];
        let (told, other) = roles(&granted, Some(&holders));
        let may = |user, action: &str| told.grants(&user_name(user), action);
        assert_eq!([may(ada, "import"), may(ada, "run"), may(bob, "run")], [Some(true), Some(false), Some(true)]);
        assert_ne!(hash, other);
        assert_ne!(other, roles(&granted, Some(&holders[..1])).1);
        let (nobody, hash) = roles(&[], Some(&[]));
        assert_eq!(nobody.grants(&user_name(ada), "run"), Some(false));
        assert_ne!(hash, [0; 8]);
    }
}
