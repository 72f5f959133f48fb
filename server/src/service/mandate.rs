//! Whether who asked for a change may still make it, asked again where it is written. The credentials were judged when
//! the head of the request came; its body may come much later, and a role, an account or a service be gone by then.

use sentinel_storage::{Transaction, WorkspaceRole};
use uuid::Uuid;

use super::{Actor, Error, Service, ServiceApp, User};

impl User {
    /// The user as who changes something in the workspace of the token, where this role at least is needed.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for another workspace or a lower role.
    pub fn acting(&self, workspace_id: Uuid, role: WorkspaceRole) -> Result<Actor, Error> {
        self.require(workspace_id, role)?;
        Ok(Actor::Member { user_id: self.id, workspace_id, role })
    }
}

impl Service {
    /// A transaction to write in, where the actor may still do what was judged before: every change that somebody asks
    /// for begins here.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] for an account or a service that was shut out meanwhile;
    /// [`super::ErrorKind::Forbidden`] for who is no administrator or member, or not enough of one, any more.
    pub(crate) async fn begin_as(&self, actor: &Actor) -> Result<Transaction, Error> {
        Ok(self.begin_with_role(actor).await?.0)
    }

    /// As [`Service::begin_as`], with the role of a member at this moment; nothing for others.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn begin_with_role(&self, actor: &Actor) -> Result<(Transaction, Option<WorkspaceRole>), Error> {
        let mut transaction = self.store().begin().await?;
        let role = match actor {
            Actor::System => None,
            Actor::Service(name) => {
                let service = transaction.service_by_name(name).await?;
                still_active(service.is_some_and(|service| service.is_active))?;
                None
            }
            Actor::Provisioner { id, .. } => {
                still_active(transaction.scim_client(*id).await?.is_some())?;
                None
            }
            Actor::User(id) | Actor::Administrator(id) => {
                let account = transaction.user(*id).await?.filter(|account| account.is_active);
                let account = account.ok_or_else(deactivated)?;
                if matches!(actor, Actor::Administrator(_)) && !account.is_admin {
                    return Err(Error::forbidden("Not an administrator"));
                }
                None
            }
            Actor::Member { user_id, workspace_id, role } => {
                let state = transaction.access_state(*user_id, Some(*workspace_id), None, "", None).await?;
                let state = state.filter(|state| state.is_active).ok_or_else(deactivated)?;
                let has = state.role.ok_or_else(|| Error::forbidden("Not a member of this workspace"))?;
                if has < *role {
                    return Err(insufficient(*role));
                }
                Some(has)
            }
        };
        Ok((transaction, role))
    }

    /// As [`Service::begin_with_role`], for a member through a service, which must not have been shut out either.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn begin_through(
        &self,
        app: &ServiceApp,
        actor: &Actor,
    ) -> Result<(Transaction, Option<WorkspaceRole>), Error> {
        let (mut transaction, role) = self.begin_with_role(actor).await?;
        let service = transaction.service(app.id).await?;
        still_active(service.is_some_and(|service| service.is_active))?;
        Ok((transaction, role))
    }
}

fn still_active(is_active: bool) -> Result<(), Error> {
    if is_active { Ok(()) } else { Err(Error::unauthenticated("The service is not active")) }
}

fn deactivated() -> Error {
    Error::unauthenticated("The account is deactivated")
}

pub(super) fn insufficient(role: WorkspaceRole) -> Error {
    Error::forbidden(format!("Insufficient permissions: requires '{role}' role"))
}
