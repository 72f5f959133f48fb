//! Who gets which bundle.

use sentinel_core::bundle::Scope;
use sentinel_storage::user_name;
use serde_json::json;
use uuid::Uuid;

use super::keys::BundleCaller;
use crate::service::policy::StoreAccess;
use crate::service::{Error, Service, User, WorkspaceRole};

/// `aud` of a slice: it is for whoever holds its user's token.
const SLICE: &str = "sentinel:slice";

/// A bundle that its caller may have. A value of it exists only after that was decided on this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) workspace: Uuid,
    pub(super) audience: String,
    pub(super) part: Part,
}

/// What was taken back of a workspace's tokens, which its caller may have. Who may have no more than a service's part of the
/// workspace may have this; so it is no [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfRevocations(pub(super) Place);

/// What of a workspace is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything; of what roles grant, what is in the scope of who gets it: another service's action may have the same name.
    Workspace { scope: String },
    /// One service: of resources its scope's alone.
    Service { name: String, scope: String },
    /// What concerns one member; where the token is bound to a scope, the actions of that scope alone.
    User { id: Uuid, scope: Option<String> },
}

impl Place {
    /// What the manifest says of it.
    pub(super) fn scope(&self) -> Scope {
        let scope = Scope::workspace(&self.workspace.to_string());
        match &self.part {
            Part::Workspace { .. } => scope,
            Part::Service { name, .. } => scope.of_service(name),
            Part::User { id, .. } => scope.of_user(&user_name(*id)),
        }
    }

    /// In which scope the actions count; `None`: in all.
    pub(super) fn actions(&self) -> Option<&str> {
        match &self.part {
            Part::Workspace { scope } | Part::Service { scope, .. } => Some(scope),
            Part::User { scope, .. } => scope.as_deref(),
        }
    }

    /// Whose alone it is.
    pub(super) fn user(&self) -> Option<Uuid> {
        match self.part {
            Part::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// A text for each content: what two places share that have the same.
    pub(super) fn content(&self) -> String {
        match &self.part {
            Part::Workspace { scope } => format!("workspace {scope}"),
            Part::Service { scope, .. } => format!("service {scope}"),
            Part::User { id, scope } => format!("user {id} {}", scope.as_deref().unwrap_or("*")),
        }
    }

    /// A text for each place.
    pub(super) fn key(&self) -> String {
        let name = match &self.part {
            Part::Service { name, .. } => name.as_str(),
            _ => "",
        };
        json!([self.workspace, self.audience, name, self.content()]).to_string()
    }
}

impl Service {
    /// The bundle of a whole workspace, for a service whose key opens the workspace's store.
    ///
    /// # Errors
    /// Not found for the workspace; forbidden for a key that opens the bundles of single services alone.
    pub async fn bundle_of_workspace(&self, caller: &BundleCaller, workspace: Uuid) -> Result<Place, Error> {
        if !self.opened(caller, workspace).await?.is_all {
            return Err(Error::forbidden("The key opens the bundles of single services alone"));
        }
        self.whole(caller, workspace).await
    }

    /// What was taken back in a workspace, for a service whose key opens any bundle of it.
    ///
    /// # Errors
    /// Not found for the workspace.
    pub async fn revocations_of_workspace(
        &self,
        caller: &BundleCaller,
        workspace: Uuid,
    ) -> Result<OfRevocations, Error> {
        self.opened(caller, workspace).await?;
        Ok(OfRevocations(self.whole(caller, workspace).await?))
    }

    /// The bundle of a service in a workspace, for who was granted that, for the service itself where its key opens the
    /// workspace's store, and for one whose key opens all stores.
    ///
    /// # Errors
    /// Not found for the workspace or the service; forbidden for another service's key.
    pub async fn bundle_of_service(&self, caller: &BundleCaller, workspace: Uuid, name: &str) -> Result<Place, Error> {
        let opened = self.opened(caller, workspace).await?;
        let found = self.store().read().await?.service_by_name(name).await?;
        let is_own = opened.is_all && caller.service_name == name;
        let is_granted = found.as_ref().is_some_and(|found| opened.of.contains(&found.id));
        if !is_own && !is_granted && caller.stores != Some(StoreAccess::All) {
            return Err(Error::forbidden("The key opens no bundle of this service"));
        }
        let found = found.filter(|service| service.is_active).ok_or_else(|| Error::not_found("Service not found"))?;
        let part = Part::Service { name: found.service_name.clone(), scope: found.scope };
        Ok(Place { workspace, audience: found.service_name, part })
    }

    /// The slice of who is asking, in the workspace of their token.
    ///
    /// # Errors
    /// Forbidden for another workspace.
    pub fn bundle_of_user(&self, user: &User, workspace: Uuid) -> Result<Place, Error> {
        user.require(workspace, WorkspaceRole::Viewer)?;
        let part = Part::User { id: user.id, scope: user.scope.clone() };
        Ok(Place { workspace, audience: SLICE.to_owned(), part })
    }

    async fn whole(&self, caller: &BundleCaller, workspace: Uuid) -> Result<Place, Error> {
        let found = self.store().read().await?.service_by_name(&caller.service_name).await?;
        let scope = found.ok_or_else(|| Error::unauthenticated("Invalid service key"))?.scope;
        Ok(Place { workspace, audience: caller.service_name.clone(), part: Part::Workspace { scope } })
    }
}
