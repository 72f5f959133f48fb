//! `/admin/workspaces/{id}/sso-domains`: an administrator's decision about whose a domain is, in place of the proof by DNS.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path};
use crate::http::time::rfc3339;
use crate::service::Service;
use crate::service::federation::{DomainView, SsoError};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list, approve)).add(Access::Admin, routes!(remove))
}

/// A domain that a workspace claims.
#[derive(Serialize, ToSchema)]
struct ClaimedDomain {
    #[schema(example = "firm.com")]
    domain: String,
    /// When it was proven; none: its provider may not speak for it.
    proven_at: Option<String>,
    /// `dns` or `administrator`.
    how: Option<&'static str>,
}

impl From<DomainView> for ClaimedDomain {
    fn from(view: DomainView) -> Self {
        Self {
            domain: view.domain,
            proven_at: view.proven_at.map(rfc3339),
            how: view.how.map(sentinel_storage::DomainProof::as_str),
        }
    }
}

/// The domain that is decided about.
#[derive(Deserialize, ToSchema)]
struct DomainDecision {
    domain: String,
}

/// The domains that a workspace claims.
#[utoipa::path(get, path = "/admin/workspaces/{id}/sso-domains", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = [ClaimedDomain]), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn list(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<Vec<ClaimedDomain>>, Failure> {
    Ok(Json(service.sso_domains_of(id).await?.into_iter().map(ClaimedDomain::from).collect()))
}

/// Decides that a domain is a workspace's: its provider may speak for the domain's addresses from now on. It is recorded who
/// decided.
#[utoipa::path(post, path = "/admin/workspaces/{id}/sso-domains", tag = "admin", params(("id" = Uuid, Path)),
    request_body = DomainDecision, responses(
    (status = 200, body = ClaimedDomain), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn approve(
    State(service): State<Service>,
    by: By,
    Path(id): Path<Uuid>,
    Body(body): Body<DomainDecision>,
) -> Result<Json<ClaimedDomain>, Failure> {
    let approved = service.approve_sso_domain(&by.actor, &by.caller, id, &body.domain).await;
    Ok(Json(approved.map_err(SsoError::into_error)?.into()))
}

/// Takes a domain from a workspace. The sessions that came of its provider end.
#[utoipa::path(delete, path = "/admin/workspaces/{id}/sso-domains/{domain}", tag = "admin",
    params(("id" = Uuid, Path), ("domain" = String, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove(
    State(service): State<Service>,
    by: By,
    Path((id, domain)): Path<(Uuid, String)>,
) -> Result<StatusCode, Failure> {
    let taken = service.take_sso_domain(&by.actor, &by.caller, id, &domain).await;
    taken.map_err(SsoError::into_error)?;
    Ok(StatusCode::NO_CONTENT)
}
