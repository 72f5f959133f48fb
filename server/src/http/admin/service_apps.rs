//! `/admin/service-apps`: services and their keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::time::rfc3339;
use crate::http::users::present;
use crate::service::service_apps::{IssuedKey, NewServiceApp, RegisteredService, ServiceAppChange};
use crate::service::{Actor, Administrator, Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Admin, routes!(list, create))
        .add(Access::Admin, routes!(get, update, delete))
        .add(Access::Admin, routes!(rotate_key))
        .add(Access::Admin, routes!(policy_access, set_policy_access))
        .add(Access::Admin, routes!(bundle_access, set_bundle_access))
}

/// A service.
#[derive(Serialize, ToSchema)]
struct ServiceAppAnswer {
    id: Uuid,
    name: String,
    /// What tokens, actions and resources are named by, unless it belongs to a realm.
    service_name: String,
    /// The realm's slug, or its own name.
    effective_scope: String,
    realm_id: Option<Uuid>,
    /// Of the newest key.
    key_prefix: Option<String>,
    /// The newest first.
    keys: Vec<KeyAnswer>,
    allowed_origins: Vec<String>,
    /// The client ids whose identity provider's tokens it takes; none: those of the deployment.
    idp_audiences: Vec<String>,
    /// Where a GitHub login of its front ends may lead back to.
    relay_redirect_uris: Vec<String>,
    is_active: bool,
    created_by: Option<Uuid>,
    created_at: String,
    updated_at: String,
}

/// A key, without what it opens.
#[derive(Serialize, ToSchema)]
struct KeyAnswer {
    prefix: String,
    created_at: String,
    /// When it opens nothing more; nothing for the newest.
    expires_at: Option<String>,
}

/// A service and its new key.
#[derive(Serialize, ToSchema)]
struct ServiceAppWithKey {
    #[serde(flatten)]
    service: ServiceAppAnswer,
    /// The key: shown this once.
    api_key: String,
}

impl From<RegisteredService> for ServiceAppAnswer {
    fn from(RegisteredService { service, keys }: RegisteredService) -> Self {
        Self {
            id: service.id,
            name: service.name,
            service_name: service.service_name,
            effective_scope: service.scope,
            realm_id: service.realm_id,
            key_prefix: keys.first().map(|key| key.prefix.clone()),
            keys: keys
                .into_iter()
                .map(|key| KeyAnswer {
                    prefix: key.prefix,
                    created_at: rfc3339(key.created_at),
                    expires_at: key.expires_at.map(rfc3339),
                })
                .collect(),
            allowed_origins: service.allowed_origins,
            idp_audiences: service.idp_audiences,
            relay_redirect_uris: service.relay_redirect_uris,
            is_active: service.is_active,
            created_by: service.created_by,
            created_at: rfc3339(service.created_at),
            updated_at: rfc3339(service.updated_at),
        }
    }
}

fn with_key((service, key): (RegisteredService, IssuedKey)) -> ServiceAppWithKey {
    ServiceAppWithKey { service: service.into(), api_key: key.key }
}

/// Which services.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// Those whose `service_name` comes after this one.
    #[serde(default)]
    after: String,
    /// Most entries, 1 to 1000.
    limit: Option<u32>,
}

/// Services by `service_name`.
#[utoipa::path(get, path = "/admin/service-apps", tag = "admin", params(After), responses(
    (status = 200, body = [ServiceAppAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    Query(page): Query<After>,
) -> Result<Json<Vec<ServiceAppAnswer>>, Failure> {
    let found = service.service_apps(&page.after, page.limit).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

/// A new service.
#[derive(Deserialize, ToSchema)]
struct ServiceAppCreate {
    /// For people; without it the `service_name`.
    name: Option<String>,
    service_name: String,
    /// Origins whose browsers may resolve tokens for it.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// The client ids whose identity provider's tokens it takes; none: those of the deployment.
    #[serde(default)]
    idp_audiences: Vec<String>,
    /// Where a GitHub login of its front ends may lead back to: https, or http on loopback.
    #[serde(default)]
    relay_redirect_uris: Vec<String>,
    /// The realm that it joins.
    realm_id: Option<Uuid>,
}

/// Registers a service. The answer has its key, this once.
#[utoipa::path(post, path = "/admin/service-apps", tag = "admin", request_body = ServiceAppCreate, responses(
    (status = 201, body = ServiceAppWithKey), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Body(body): Body<ServiceAppCreate>,
) -> Result<(StatusCode, Json<ServiceAppWithKey>), Failure> {
    let realm = match body.realm_id {
        Some(id) => Some(service.realm(id).await?.0.slug),
        None => None,
    };
    let new = NewServiceApp {
        service_name: &body.service_name,
        name: body.name.as_deref(),
        allowed_origins: &body.allowed_origins,
        idp_audiences: &body.idp_audiences,
        relay_redirect_uris: &body.relay_redirect_uris,
        realm: realm.as_deref(),
        ..NewServiceApp::default()
    };
    let made = service.create_service_app(&Actor::Administrator(admin.id), &caller, &new).await?;
    Ok((StatusCode::CREATED, Json(with_key(made))))
}

/// One service.
#[utoipa::path(get, path = "/admin/service-apps/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = ServiceAppAnswer), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<ServiceAppAnswer>, Failure> {
    Ok(Json(service.service_app(id).await?.into()))
}

/// What of a service is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct ServiceAppUpdate {
    name: Option<String>,
    allowed_origins: Option<Vec<String>>,
    /// An empty list: those of the deployment.
    idp_audiences: Option<Vec<String>>,
    relay_redirect_uris: Option<Vec<String>>,
    /// Whether its keys and origins open anything.
    is_active: Option<bool>,
    /// `null` takes it out of its realm.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    realm_id: Option<Option<Uuid>>,
}

/// Changes a service.
#[utoipa::path(patch, path = "/admin/service-apps/{id}", tag = "admin", params(("id" = Uuid, Path)), request_body = ServiceAppUpdate,
    responses((status = 200, body = ServiceAppAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn update(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<ServiceAppUpdate>,
) -> Result<Json<ServiceAppAnswer>, Failure> {
    let change = ServiceAppChange {
        name: body.name.as_deref(),
        allowed_origins: body.allowed_origins.as_deref(),
        idp_audiences: body.idp_audiences.as_deref(),
        relay_redirect_uris: body.relay_redirect_uris.as_deref(),
        is_active: body.is_active,
        realm_id: body.realm_id,
    };
    Ok(Json(service.update_service_app(&Actor::Administrator(admin.id), &caller, id, &change).await?.into()))
}

/// Removes a service and its keys. What was registered under its name stays.
#[utoipa::path(delete, path = "/admin/service-apps/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.delete_service_app(&Actor::Administrator(admin.id), &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How long the keys before open still.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Grace {
    /// Seconds for which the keys before the new one open still; 0 ends them now.
    #[serde(default)]
    grace_seconds: u64,
}

/// Gives a service a new key. The answer has it, this once.
#[utoipa::path(post, path = "/admin/service-apps/{id}/rotate-key", tag = "admin", params(("id" = Uuid, Path), Grace), responses(
    (status = 200, body = ServiceAppWithKey), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn rotate_key(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(grace): Query<Grace>,
) -> Result<Json<ServiceAppWithKey>, Failure> {
    let actor = Actor::Administrator(admin.id);
    let rotated = service.rotate_service_app_key(&actor, &caller, id, grace.grace_seconds).await?;
    Ok(Json(with_key(rotated)))
}

/// Which policy stores a service's keys open.
#[derive(Serialize, Deserialize, ToSchema)]
struct PolicyAccess {
    /// `all`, `none`, `store:ID` or `workspace:SLUG`.
    stores: String,
}

/// Which policy stores a service's keys open.
#[utoipa::path(get, path = "/admin/service-apps/{id}/policy-access", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = PolicyAccess), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn policy_access(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<PolicyAccess>, Failure> {
    service.service_app(id).await?;
    Ok(Json(PolicyAccess { stores: service.policy_access(id).await? }))
}

/// Says which policy stores a service's keys open, from the next request on.
#[utoipa::path(put, path = "/admin/service-apps/{id}/policy-access", tag = "admin", params(("id" = Uuid, Path)),
    request_body = PolicyAccess, responses(
    (status = 200, body = PolicyAccess), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn set_policy_access(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<PolicyAccess>,
) -> Result<Json<PolicyAccess>, Failure> {
    service.set_policy_access(&Actor::Administrator(admin.id), &caller, id, &body.stores).await?;
    Ok(Json(PolicyAccess { stores: service.policy_access(id).await? }))
}

/// Which bundles a service's keys open, and nothing else.
#[derive(Serialize, Deserialize, ToSchema)]
struct BundleAccess {
    /// `none`; of its own `all` or `workspace:SLUG`, of another service's `SERVICE/all` or `SERVICE/workspace:SLUG`; several
    /// with commas between them.
    bundles: String,
}

/// Which bundles a service's keys open, whatever stores they open.
#[utoipa::path(get, path = "/admin/service-apps/{id}/bundle-access", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = BundleAccess), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn bundle_access(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<BundleAccess>, Failure> {
    service.service_app(id).await?;
    Ok(Json(BundleAccess { bundles: service.bundle_access(id).await? }))
}

/// Says which bundles a service's keys open, from the next request on.
#[utoipa::path(put, path = "/admin/service-apps/{id}/bundle-access", tag = "admin", params(("id" = Uuid, Path)),
    request_body = BundleAccess, responses(
    (status = 200, body = BundleAccess), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn set_bundle_access(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<BundleAccess>,
) -> Result<Json<BundleAccess>, Failure> {
    service.set_bundle_access(&Actor::Administrator(admin.id), &caller, id, &body.bundles).await?;
    Ok(Json(BundleAccess { bundles: service.bundle_access(id).await? }))
}
