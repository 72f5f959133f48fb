//! Domains for whose addresses the tenant's provider may speak.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path};
use crate::http::tenant::problem::{No, Problem};
use crate::http::time::rfc3339;
use crate::service::federation::DomainView;
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(list, claim)).add(Access::User, routes!(remove)).add(Access::User, routes!(verify))
}

/// A domain of a tenant.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SsoDomainAnswer {
    #[schema(example = "firm.com")]
    domain: String,
    /// The name of the TXT record that proves it.
    #[schema(example = "_sentinel-challenge.firm.com")]
    record: String,
    /// What it says.
    value: String,
    /// When it was proven; none: the provider may not speak for it yet.
    proven_at: Option<String>,
    /// `dns`, or `administrator`: by a decision of whoever runs this server.
    how: Option<&'static str>,
}

impl From<DomainView> for SsoDomainAnswer {
    fn from(view: DomainView) -> Self {
        Self {
            domain: view.domain,
            record: view.record,
            value: view.value,
            proven_at: view.proven_at.map(rfc3339),
            how: view.how.map(sentinel_storage::DomainProof::as_str),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct SsoDomainBody {
    #[schema(example = "firm.com")]
    domain: String,
}

/// The tenant's domains.
#[utoipa::path(get, path = "/api/v1/auth/sso/domains", tag = "sso", responses(
    (status = 200, body = [SsoDomainAnswer]),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
))]
async fn list(State(service): State<Service>, user: User) -> Result<Json<Vec<SsoDomainAnswer>>, No> {
    Ok(Json(service.sso_domains(&user).await?.into_iter().map(SsoDomainAnswer::from).collect()))
}

/// Claims a domain: the answer says which DNS record proves it.
#[utoipa::path(post, path = "/api/v1/auth/sso/domains", tag = "sso", request_body = SsoDomainBody, responses(
    (status = 201, body = SsoDomainAnswer),
    (status = 400, description = "`configuration_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
))]
async fn claim(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(body): Body<SsoDomainBody>,
) -> Result<(StatusCode, Json<SsoDomainAnswer>), No> {
    let claimed = service.claim_sso_domain(&user, &caller, &body.domain).await?;
    Ok((StatusCode::CREATED, Json(claimed.into())))
}

/// Looks whether the domain's DNS shows the record, and proves the domain then.
#[utoipa::path(post, path = "/api/v1/auth/sso/domains/{domain}/verify", tag = "sso",
    params(("domain" = String, Path, description = "The domain")), responses(
    (status = 200, body = SsoDomainAnswer),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`domain_not_shown`; `domain_taken`: another tenant has proven it", body = Problem, content_type = "application/problem+json"),
))]
async fn verify(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(domain): Path<String>,
) -> Result<Json<SsoDomainAnswer>, No> {
    Ok(Json(service.verify_sso_domain(&user, &caller, &domain).await?.into()))
}

/// Takes a domain from the tenant, and ends the sessions that came of its provider.
#[utoipa::path(delete, path = "/api/v1/auth/sso/domains/{domain}", tag = "sso",
    params(("domain" = String, Path, description = "The domain")), responses(
    (status = 204, description = "The provider does not speak for it any more"),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`", body = Problem, content_type = "application/problem+json"),
))]
async fn remove(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(domain): Path<String>,
) -> Result<StatusCode, No> {
    service.remove_sso_domain(&user, &caller, &domain).await?;
    Ok(StatusCode::NO_CONTENT)
}
