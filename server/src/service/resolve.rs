//! Authz mode: a front end has the identity provider's token; here it becomes what its bearer may do in a workspace.

use sentinel_storage::{PageRequest, User as Account, Workspace, WorkspaceOfUser, WorkspaceRole};
use uuid::Uuid;

use super::login::WORKSPACES;
use super::tokens::{AuthzClaims, Kind};
use super::{Caller, Error, Service, ServiceApp};

/// What is asked.
#[derive(Clone, Debug)]
pub struct ResolveRequest {
    /// An ID token, or an access token of a provider without them.
    pub idp_token: String,
    /// Whose token it is.
    pub provider: String,
    /// The workspace to act in; without one they are listed.
    pub workspace_id: Option<Uuid>,
    /// What the ID token's `nonce` must be.
    pub nonce: Option<String>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// Where the person could act.
    Workspaces {
        /// The person.
        account: Account,
        /// Where.
        workspaces: Vec<WorkspaceOfUser>,
    },
    /// What the person may do there.
    Authorized {
        /// The person.
        account: Account,
        /// Where.
        workspace: Workspace,
        /// As what.
        role: WorkspaceRole,
        /// The token that says so, bound to the provider's token and to the service.
        authz_token: String,
        /// Its lifetime in seconds.
        expires_in: i64,
    },
}

impl Service {
    /// Judges a provider's token and answers what its bearer may do for a service.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] for a token that is refused, [`super::ErrorKind::Forbidden`] for a
    /// deactivated account or a workspace without membership, [`super::ErrorKind::NotFound`] for an unknown provider.
    pub async fn resolve(
        &self,
        app: &ServiceApp,
        request: &ResolveRequest,
        caller: &Caller,
    ) -> Result<Resolved, Error> {
        let ResolveRequest { idp_token, provider, workspace_id, nonce } = request;
        // A token that was issued to another service's front end says nothing to this one, whoever hands it in.
        let (nonce, accepted) = (nonce.as_deref(), &app.idp_audiences);
        let identity = self.providers().verify_token_for(provider, idp_token, nonce, accepted).await?;
        let account = self.account_of(&identity, caller).await?;
        let mut connection = self.store().read().await?;
        let Some(workspace_id) = *workspace_id else {
            let page = PageRequest::first(WORKSPACES);
            let workspaces = connection.workspaces_of_user(account.id, None, &page).await?.rows;
            return Ok(Resolved::Workspaces { account, workspaces });
        };
        let not_a_member = || Error::forbidden("Not a member of this workspace");
        let state = connection.access_state(account.id, Some(workspace_id), None, "", Some(app.scope())).await?;
        let state =
            state.filter(|state| state.is_active).ok_or_else(|| Error::forbidden("The account is deactivated"))?;
        let role = state.role.ok_or_else(not_a_member)?;
        let workspace = connection.workspace(workspace_id).await?.ok_or_else(not_a_member)?;
        // Signing takes longer than anything here: others may have the connection.
        drop(connection);
        let claims = AuthzClaims {
            idp_sub: &identity.subject,
            idp: provider,
            svc: app.scope(),
            wid: workspace_id,
            wslug: &workspace.slug,
            wrole: role,
            actions: &state.actions,
        };
        let life = self.config().lifetimes.authz;
        let (authz_token, expires_in) =
            self.issue(Kind::Authz, Some(account.id), state.sessions_invalidated_at, life, &claims).await?;
        Ok(Resolved::Authorized { account, workspace, role, authz_token, expires_in })
    }
}
