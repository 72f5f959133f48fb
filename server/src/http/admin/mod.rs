//! `/admin`: what administrators of the deployment see and change, with the admin cookie.

mod actions;
mod client_apps;
mod csv;
mod groups;
mod log;
mod members;
mod passwords;
mod permissions;
mod realms;
mod roles;
mod scim_clients;
mod service_apps;
mod sso_domains;
mod system;
mod users;
mod webhooks;
mod workspaces;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Failure;
use super::access::Routes;
use crate::service::{Actor, Administrator, Caller};

pub(super) fn routes(routes: Routes) -> Routes {
    let rooms = [
        users::routes,
        passwords::routes,
        csv::routes,
        workspaces::routes,
        members::routes,
        groups::routes,
        roles::routes,
        actions::routes,
        permissions::routes,
        log::routes,
        service_apps::routes,
        client_apps::routes,
        realms::routes,
        system::routes,
        webhooks::routes,
        scim_clients::routes,
        sso_domains::routes,
    ];
    rooms.iter().fold(routes, |all, room| room(all))
}

/// The administrator who makes a change, and from where.
pub(super) struct By {
    actor: Actor,
    caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let admin = Administrator::from_request_parts(parts, state).await?;
        let caller = parts.extensions.get().cloned().unwrap_or_default();
        Ok(Self { actor: Actor::Administrator(admin.id), caller })
    }
}
