//! Actions that services register, and what a workspace's own roles grant of them.

use sentinel_storage::{Action, NewAction};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::permissions::own_scope;
use super::{Caller, Error, Service, ServiceApp, User, WorkspaceRole};

/// Most actions of one request.
const ACTIONS: usize = 500;
/// Longest name of an action.
const NAME: usize = 100;
/// Longest description in characters.
const DESCRIPTION: usize = 500;

impl Service {
    /// Makes sure that the service's scope has these actions, and answers them by name.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a name that is not `^[a-z][a-z0-9_.:-]*$`; [`super::ErrorKind::Forbidden`] for
    /// another service's.
    pub async fn register_actions(
        &self,
        app: &ServiceApp,
        caller: &Caller,
        service_name: &str,
        actions: &[(String, Option<String>)],
    ) -> Result<Vec<Action>, Error> {
        own_scope(app, service_name)?;
        if actions.len() > ACTIONS {
            return Err(Error::invalid(format!("actions must have at most {ACTIONS} entries")));
        }
        let new = actions.iter().map(|(action, description)| {
            if description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION) {
                return Err(Error::invalid(format!("description must have at most {DESCRIPTION} characters")));
            }
            Ok(NewAction { id: Uuid::new_v4(), action: action_name(action)?, description: description.as_deref() })
        });
        let new = new.collect::<Result<Vec<_>, Error>>()?;
        let actor = Actor::Service(app.service_name.clone());
        let mut transaction = self.begin_as(&actor).await?;
        let registered = transaction.register_actions(service_name, &new, self.now()).await?;
        let names: Vec<_> = new.iter().map(|action| action.action).collect();
        let change = Change::new("actions.register").on("service", service_name).detail("actions", names.join(" "));
        self.commit_as(transaction, &actor, caller, change).await?;
        Ok(registered)
    }

    /// The names of the user's roles that grant an action; none: the user may not.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for another service's or workspace's.
    pub async fn roles_granting(
        &self,
        app: &ServiceApp,
        user: &User,
        service_name: &str,
        action: &str,
        workspace_id: Uuid,
    ) -> Result<Vec<String>, Error> {
        own_scope(app, service_name)?;
        user.require(workspace_id, WorkspaceRole::Viewer)?;
        let mut connection = self.store().read().await?;
        Ok(connection.roles_granting(workspace_id, user.id, service_name, action).await?)
    }

    /// All actions of the scope that the user's roles grant.
    ///
    /// # Errors
    /// As [`Service::roles_granting`].
    pub async fn user_actions(
        &self,
        app: &ServiceApp,
        user: &User,
        service_name: &str,
        workspace_id: Uuid,
    ) -> Result<Vec<String>, Error> {
        own_scope(app, service_name)?;
        user.require(workspace_id, WorkspaceRole::Viewer)?;
        Ok(self.store().read().await?.user_actions(workspace_id, user.id, service_name).await?)
    }
}

fn action_name(text: &str) -> Result<&str, Error> {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|first| first.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | ':' | '-');
    if !first || !characters.all(rest) || text.len() > NAME {
        return Err(Error::invalid(format!(
            "action must match ^[a-z][a-z0-9_.:-]*$ and have at most {NAME} characters"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_actions() {
        for good in ["a", "notes:export", "a.b-c_d:1", &"a".repeat(100)] {
            assert!(action_name(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "A", "a b", ":a", "ä", "a*", &"a".repeat(101)] {
            assert!(action_name(bad).is_err(), "{bad}");
        }
    }
}
