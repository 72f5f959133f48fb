//! Members of a workspace. Roles are given and taken by those who stand at least as high: an admin cannot make,
//! change or remove an owner, and the last owner stays.

use sentinel_storage::{
    Invitation, Member, MemberFilter, RevocationKind, RevokedFor, StorageError, Transaction, User as Account,
};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Page, Service, User, WorkspaceRole, input};

/// What came of inviting someone.
#[derive(Clone, Debug)]
pub enum Invited {
    /// Their account is a member now.
    Member(Member),
    /// They have no account with this proven address yet.
    Pending(Invitation),
}

impl Service {
    /// The members of a workspace by name; every member sees them.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], or for a wrong page.
    pub async fn members(
        &self,
        user: &User,
        workspace_id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        user.require(workspace_id, WorkspaceRole::Viewer)?;
        let filter = MemberFilter { search, role: None };
        Ok(self.store().read().await?.members(workspace_id, &filter, &input::page(limit, cursor)?).await?)
    }

    /// Makes the account with this proven address a member, or invites who will prove it: admins may, up to their own
    /// role.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] for who is a member, [`super::ErrorKind::Forbidden`].
    pub async fn invite_member(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        email: &str,
        role: WorkspaceRole,
    ) -> Result<Invited, Error> {
        let email = input::email(email)?;
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        let (mut transaction, own) = self.begin_with_role(&actor).await?;
        within(own, role)?;
        let invited = match transaction.user_by_verified_email(email).await? {
            Some(account) => {
                Invited::Member(self.admit(&mut transaction, &actor, caller, workspace_id, &account, role).await?)
            }
            None => Invited::Pending(
                self.invite(&mut transaction, (user.id, own), caller, workspace_id, email, role).await?,
            ),
        };
        transaction.commit().await?;
        Ok(invited)
    }

    /// Makes the account with this proven address a member. Who may is the caller's to know.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] where no account has proven the address, [`super::ErrorKind::Conflict`] for who is
    /// a member.
    pub async fn add_member(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        email: &str,
        role: WorkspaceRole,
    ) -> Result<Member, Error> {
        let email = input::email(email)?;
        let (mut transaction, own) = self.begin_with_role(actor).await?;
        within(own, role)?;
        let found = transaction.user_by_verified_email(email).await?;
        let account = found
            .ok_or_else(|| Error::not_found("No account has this e-mail address: its owner must log in once first"))?;
        let member = self.admit(&mut transaction, actor, caller, workspace_id, &account, role).await?;
        transaction.commit().await?;
        Ok(member)
    }

    async fn admit(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        account: &Account,
        role: WorkspaceRole,
    ) -> Result<Member, Error> {
        transaction.insert_member(workspace_id, account.id, role, self.now()).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("Already a member of this workspace"),
            StorageError::Reference => Error::not_found("Workspace not found"),
            other => other.into(),
        })?;
        // An older invitation must not come back with another role once this membership has ended.
        transaction.drop_invitation(workspace_id, &account.email).await?;
        let change =
            Change::new("member.add").on("user", account.id).within(workspace_id).detail("role", role.as_str());
        self.record(transaction, actor, caller, change).await?;
        transaction.member(workspace_id, account.id).await?.ok_or_else(not_a_member)
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`], [`super::ErrorKind::Conflict`] for the last owner.
    pub async fn set_member_role(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        member_id: Uuid,
        role: WorkspaceRole,
    ) -> Result<Member, Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.change_member(&actor, caller, workspace_id, member_id, Some(role)).await?;
        let member = self.store().read().await?.member(workspace_id, member_id).await?;
        member.ok_or_else(not_a_member)
    }

    /// Ends a membership: admins may, and every member their own. What was shared with the member goes too, and tokens
    /// for the workspace stop at once, since every request reads the membership.
    ///
    /// # Errors
    /// As [`Service::set_member_role`].
    pub async fn remove_member(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        member_id: Uuid,
    ) -> Result<(), Error> {
        let leaves = member_id == user.id;
        let needed = if leaves { WorkspaceRole::Viewer } else { WorkspaceRole::Admin };
        let actor = user.acting(workspace_id, needed)?;
        self.change_member(&actor, caller, workspace_id, member_id, None).await
    }

    /// Another role, or none. Who may is the caller's to know; a member still cannot reach above their own role.
    ///
    /// # Errors
    /// As [`Service::set_member_role`].
    pub async fn change_member(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        member_id: Uuid,
        role: Option<WorkspaceRole>,
    ) -> Result<(), Error> {
        let (mut transaction, own) = self.begin_with_role(actor).await?;
        self.change_member_in(&mut transaction, own, actor, caller, (workspace_id, member_id), role).await?;
        Ok(transaction.commit().await?)
    }

    /// As [`Service::change_member`], beside other changes. `own` is the role of who asks, where that is a member.
    pub(crate) async fn change_member_in(
        &self,
        transaction: &mut Transaction,
        own: Option<WorkspaceRole>,
        actor: &Actor,
        caller: &Caller,
        (workspace_id, member_id): (Uuid, Uuid),
        role: Option<WorkspaceRole>,
    ) -> Result<(), Error> {
        if let Some(role) = role {
            within(own, role)?;
        }
        // First, as the order of locks wants it: what is published below.
        transaction.lock_revocations().await?;
        // Then: whoever wants to take an owner's role waits here for the one before.
        let owners = transaction.lock_owners(workspace_id).await?;
        let before = transaction.member_role(workspace_id, member_id).await?.ok_or_else(not_a_member)?;
        if own.is_some_and(|own| own < before) {
            return Err(Error::forbidden("An owner is changed by owners alone"));
        }
        let loses_owner = before == WorkspaceRole::Owner && role != Some(WorkspaceRole::Owner);
        if loses_owner && owners == [member_id] {
            return Err(Error::conflict("The last owner stays: make someone else an owner first"));
        }
        let published = format!("{member_id}/{workspace_id}");
        let change = match role {
            Some(role) => {
                transaction.set_member_role(workspace_id, member_id, role, self.now()).await?;
                if role < before {
                    self.void_elsewhere(transaction, RevocationKind::Member, &published).await?;
                }
                Change::new("member.role").detail("role", role.as_str())
            }
            None => {
                let end = self.session_end(RevokedFor::Membership);
                transaction.revoke_sessions_of_user(member_id, Some(workspace_id), None, end).await?;
                self.void_elsewhere(transaction, RevocationKind::Member, &published).await?;
                transaction.delete_member(workspace_id, member_id, self.now()).await?;
                Change::new("member.remove")
            }
        };
        let change = change.on("user", member_id).within(workspace_id).detail("before", before.as_str());
        self.record(transaction, actor, caller, change).await
    }
}

/// Nobody gives what they do not have. Administrators of the deployment, who are no members, give anything.
pub(super) fn within(own: Option<WorkspaceRole>, role: WorkspaceRole) -> Result<(), Error> {
    if own.is_some_and(|own| role > own) {
        return Err(Error::forbidden(format!("Only an owner can give the role '{role}'")));
    }
    Ok(())
}

fn not_a_member() -> Error {
    Error::not_found("Not a member of this workspace")
}
