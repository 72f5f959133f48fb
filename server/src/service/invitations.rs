//! Invitations: memberships of people who have no account yet. Nothing is sent; an invitation takes effect when someone
//! logs in and their provider proves the address.

use sentinel_storage::{Invitation, Millis, StorageError, Transaction};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::provision::Failed;
use super::{Caller, Error, Page, Service, User, WorkspaceRole, input};

impl Service {
    /// The invitations to a workspace that wait, by address; admins see them.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], or for a wrong page.
    pub async fn invitations(
        &self,
        user: &User,
        workspace_id: Uuid,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Invitation>, Error> {
        user.require(workspace_id, WorkspaceRole::Admin)?;
        let page = input::page(limit, cursor)?;
        Ok(self.store().read().await?.invitations(workspace_id, self.now(), &page).await?)
    }

    /// Takes an invitation back: admins may, up to their own role.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for one that is another workspace's, was used or taken back;
    /// [`super::ErrorKind::Forbidden`].
    pub async fn revoke_invitation(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<(), Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        let (mut transaction, own) = self.begin_with_role(&actor).await?;
        let unknown = || Error::not_found("No invitation to this workspace has this id");
        let gone = transaction.delete_invitation(workspace_id, id).await?;
        let gone = gone.filter(|gone| gone.expires_at > self.now()).ok_or_else(unknown)?;
        super::members::within(own, gone.role)?;
        let change = Change::new("invitation.revoke").on("invitation", id).within(workspace_id);
        let change = change.detail("role", gone.role.as_str());
        self.commit_as(transaction, &actor, caller, change).await
    }

    /// Invites an address that no account has proven; again: with a new role and for as long anew. `own`: the inviter's
    /// role, above which nothing is replaced.
    pub(super) async fn invite(
        &self,
        transaction: &mut Transaction,
        (inviter, own): (Uuid, Option<WorkspaceRole>),
        caller: &Caller,
        workspace_id: Uuid,
        email: &str,
        role: WorkspaceRole,
    ) -> Result<Invitation, Error> {
        let now = self.now();
        let before = transaction.invitation_of(workspace_id, email).await?;
        if let Some(before) = before.filter(|before| before.expires_at > now) {
            super::members::within(own, before.role)?;
        }
        let new = Invitation {
            id: Uuid::new_v4(),
            workspace_id,
            email: email.to_owned(),
            role,
            invited_by: inviter,
            created_at: now,
            expires_at: now + self.config().lifetimes.invitation,
        };
        let invitation = transaction.put_invitation(&new).await.map_err(|error| match error {
            StorageError::Reference => Error::not_found("Workspace not found"),
            other => other.into(),
        })?;
        let change = Change::new("invitation.create").on("invitation", invitation.id).within(workspace_id);
        self.record(transaction, &Actor::User(inviter), caller, change.detail("role", role.as_str())).await?;
        Ok(invitation)
    }

    /// Makes an account a member wherever the address that its owner has just proven was invited.
    ///
    /// An invitation is worth what its inviter is at this moment: whoever may not invite any more leaves no way in.
    pub(super) async fn accept_invitations(
        &self,
        transaction: &mut Transaction,
        user_id: Uuid,
        email: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<(), Failed> {
        for invitation in transaction.take_invitations(email).await? {
            let Invitation { id, workspace_id, role, invited_by, expires_at, .. } = invitation;
            let inviter = transaction.member(workspace_id, invited_by).await?;
            let may = inviter.is_some_and(|one| one.is_active && one.role >= WorkspaceRole::Admin && one.role >= role);
            if expires_at <= now || !may || transaction.member_role(workspace_id, user_id).await?.is_some() {
                continue;
            }
            transaction.insert_member(workspace_id, user_id, role, now).await?;
            let change = Change::new("member.add").on("user", user_id).within(workspace_id);
            let change = change.detail("role", role.as_str()).detail("invitation", id);
            self.record(transaction, &Actor::User(invited_by), caller, change).await?;
        }
        Ok(())
    }
}
