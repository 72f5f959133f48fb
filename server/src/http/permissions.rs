//! `/permissions`: who may do what with one resource.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentinel_storage::{Coordinates, Grantee, Share};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Body, Path};
use super::time::rfc3339;
use crate::service::permissions::{AccessibleQuestion, Check, Record, Registration};
use crate::service::{Caller, Permission, Service, ServiceApp, User, Visibility};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Service, routes!(register))
        .add(Access::ServiceUser, routes!(check))
        .add(Access::ServiceUser, routes!(accessible))
        .add(Access::Service, routes!(get, deregister))
        .add(Access::Service, routes!(enriched))
        .add(Access::ServiceUser, routes!(share, unshare))
        .add(Access::ServiceUser, routes!(visibility))
}

/// A resource that its service wants permissions for.
#[derive(Deserialize, ToSchema)]
pub(super) struct ResourceRegister {
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    workspace_id: Uuid,
    owner_id: Uuid,
    #[serde(default = "workspace")]
    #[schema(value_type = String, example = "workspace")]
    visibility: Visibility,
}

fn workspace() -> Visibility {
    Visibility::Workspace
}

/// A registered resource.
#[derive(Serialize, ToSchema)]
pub(super) struct ResourceAnswer<S> {
    id: Uuid,
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    workspace_id: Uuid,
    owner_id: Uuid,
    #[schema(value_type = String, example = "workspace")]
    visibility: Visibility,
    created_at: String,
    updated_at: String,
    shares: Vec<S>,
}

/// Who else may use it.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareAnswer {
    id: Uuid,
    /// `user` or `group`.
    grantee_type: &'static str,
    grantee_id: Uuid,
    #[schema(value_type = String, example = "view")]
    permission: Permission,
    granted_by: Option<Uuid>,
    granted_at: String,
}

/// A registered resource with the names that people know its owner and grantees by.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrichedAnswer {
    #[serde(flatten)]
    resource: ResourceAnswer<EnrichedShare>,
    owner_name: Option<String>,
    owner_email: Option<String>,
}

/// A share with names.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrichedShare {
    #[serde(flatten)]
    share: ShareAnswer,
    grantee_name: String,
    grantee_email: Option<String>,
}

impl From<&Share> for ShareAnswer {
    fn from(share: &Share) -> Self {
        let (grantee_type, grantee_id) = match share.grantee {
            Grantee::User(id) => ("user", id),
            Grantee::Group(id) => ("group", id),
        };
        Self {
            id: share.id,
            grantee_type,
            grantee_id,
            permission: share.permission,
            granted_by: share.granted_by,
            granted_at: rfc3339(share.granted_at),
        }
    }
}

impl From<&Share> for EnrichedShare {
    fn from(share: &Share) -> Self {
        Self {
            share: share.into(),
            grantee_name: share.grantee_name.clone(),
            grantee_email: share.grantee_email.clone(),
        }
    }
}

impl<S: for<'a> From<&'a Share>> From<&Record> for ResourceAnswer<S> {
    fn from(Record { resource, shares }: &Record) -> Self {
        Self {
            id: resource.id,
            service_name: resource.service_name.clone(),
            resource_type: resource.resource_type.clone(),
            resource_id: resource.resource_id,
            workspace_id: resource.workspace_id,
            owner_id: resource.owner_id,
            visibility: resource.visibility,
            created_at: rfc3339(resource.created_at),
            updated_at: rfc3339(resource.updated_at),
            shares: shares.iter().map(S::from).collect(),
        }
    }
}

/// Up to a hundred questions.
#[derive(Deserialize, ToSchema)]
pub(super) struct Checks {
    #[schema(min_items = 1, max_items = 100)]
    checks: Vec<CheckOne>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
pub(super) struct CheckOne {
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    #[schema(value_type = String, example = "view")]
    action: Permission,
}

/// The answers, in the order of the questions.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckResults {
    results: Vec<CheckResult>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckResult {
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    #[schema(value_type = String, example = "view")]
    action: Permission,
    allowed: bool,
}

/// Which resources of a type?
#[derive(Deserialize, ToSchema)]
pub(super) struct AccessibleRequest {
    service_name: String,
    resource_type: String,
    #[schema(value_type = String, example = "view")]
    action: Permission,
    workspace_id: Uuid,
    /// Most ids of the answer.
    #[schema(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// These.
#[derive(Serialize, ToSchema)]
pub(super) struct AccessibleAnswer {
    resource_ids: Vec<Uuid>,
    /// All of the workspace's: where no limit was set, none are listed.
    has_full_access: bool,
}

/// A share.
#[derive(Deserialize, ToSchema)]
pub(super) struct ShareRequest {
    grantee_type: GranteeType,
    grantee_id: Uuid,
    #[serde(default = "view")]
    #[schema(value_type = String, example = "view")]
    permission: Permission,
}

fn view() -> Permission {
    Permission::View
}

/// What a grantee is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum GranteeType {
    User,
    Group,
}

impl ShareRequest {
    fn grantee(&self) -> Grantee {
        match self.grantee_type {
            GranteeType::User => Grantee::User(self.grantee_id),
            GranteeType::Group => Grantee::Group(self.grantee_id),
        }
    }
}

/// Who sees a resource from now on.
#[derive(Deserialize, ToSchema)]
pub(super) struct VisibilityRequest {
    #[schema(value_type = String, example = "private")]
    visibility: Visibility,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    ok: bool,
}

/// Registers a resource of the service's own.
#[utoipa::path(post, path = "/permissions/register", tag = "permissions", request_body = ResourceRegister,
    responses((status = 201, body = ResourceAnswer<ShareAnswer>), (status = 400), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn register(
    State(service): State<Service>,
    app: ServiceApp,
    caller: Caller,
    Body(body): Body<ResourceRegister>,
) -> Result<(StatusCode, Json<ResourceAnswer<ShareAnswer>>), Failure> {
    let new = Registration {
        service_name: &body.service_name,
        resource_type: &body.resource_type,
        resource_id: body.resource_id,
        workspace_id: body.workspace_id,
        owner_id: body.owner_id,
        visibility: body.visibility,
    };
    let record = service.register_resource(&app, &caller, &new).await?;
    Ok((StatusCode::CREATED, Json((&record).into())))
}

/// May the user do these things?
#[utoipa::path(post, path = "/permissions/check", tag = "permissions", request_body = Checks,
    responses((status = 200, body = CheckResults), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn check(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    Body(body): Body<Checks>,
) -> Result<Json<CheckResults>, Failure> {
    let checks: Vec<_> = body.checks.into_iter().map(Check::from).collect();
    let allowed = service.check_permissions(&app, &user, &checks).await?;
    let results = checks.into_iter().zip(allowed).map(|(check, allowed)| CheckResult {
        service_name: check.service_name,
        resource_type: check.resource_type,
        resource_id: check.resource_id,
        action: check.action,
        allowed,
    });
    Ok(Json(CheckResults { results: results.collect() }))
}

impl From<CheckOne> for Check {
    fn from(one: CheckOne) -> Self {
        Self {
            service_name: one.service_name,
            resource_type: one.resource_type,
            resource_id: one.resource_id,
            action: one.action,
        }
    }
}

/// Which resources of a type the user may use.
#[utoipa::path(post, path = "/permissions/accessible", tag = "permissions", request_body = AccessibleRequest,
    responses((status = 200, body = AccessibleAnswer), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn accessible(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    Body(body): Body<AccessibleRequest>,
) -> Result<Json<AccessibleAnswer>, Failure> {
    let question = AccessibleQuestion {
        service_name: body.service_name,
        resource_type: body.resource_type,
        action: body.action,
        workspace_id: body.workspace_id,
        limit: body.limit,
    };
    let found = service.accessible(&app, &user, &question).await?;
    Ok(Json(AccessibleAnswer { resource_ids: found.resource_ids, has_full_access: found.has_full_access }))
}

/// The variables of a resource's path.
type At = (String, String, Uuid);

fn coordinates((service_name, resource_type, resource_id): &At) -> Coordinates<'_> {
    Coordinates { service_name, resource_type, resource_id: *resource_id }
}

/// A registered resource with its shares.
#[utoipa::path(get, path = "/permissions/resource/{service_name}/{resource_type}/{resource_id}", tag = "permissions",
    params(("service_name" = String, Path), ("resource_type" = String, Path), ("resource_id" = Uuid, Path)),
    responses((status = 200, body = ResourceAnswer<ShareAnswer>), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(
    State(service): State<Service>,
    app: ServiceApp,
    Path(at): Path<At>,
) -> Result<Json<ResourceAnswer<ShareAnswer>>, Failure> {
    Ok(Json((&service.resource(&app, &coordinates(&at)).await?).into()))
}

/// Forgets a resource and its shares.
#[utoipa::path(delete, path = "/permissions/resource/{service_name}/{resource_type}/{resource_id}", tag = "permissions",
    params(("service_name" = String, Path), ("resource_type" = String, Path), ("resource_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn deregister(
    State(service): State<Service>,
    app: ServiceApp,
    caller: Caller,
    Path(at): Path<At>,
) -> Result<StatusCode, Failure> {
    service.deregister_resource(&app, &caller, &coordinates(&at)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A registered resource with its shares and everyone's names.
#[utoipa::path(get, path = "/permissions/resource/{service_name}/{resource_type}/{resource_id}/enriched",
    tag = "permissions",
    params(("service_name" = String, Path), ("resource_type" = String, Path), ("resource_id" = Uuid, Path)),
    responses((status = 200, body = EnrichedAnswer), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn enriched(
    State(service): State<Service>,
    app: ServiceApp,
    Path(at): Path<At>,
) -> Result<Json<EnrichedAnswer>, Failure> {
    let record = service.resource(&app, &coordinates(&at)).await?;
    let owner = service.owner_of(&record.resource).await?;
    Ok(Json(EnrichedAnswer {
        resource: (&record).into(),
        owner_name: owner.as_ref().map(|owner| owner.name.clone()),
        owner_email: owner.map(|owner| owner.email),
    }))
}

/// Shares a resource: its owner may, and the workspace's admins.
#[utoipa::path(post, path = "/permissions/{permission_id}/share", tag = "permissions", params(("permission_id" = Uuid, Path)),
    request_body = ShareRequest,
    responses((status = 201, body = ShareAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn share(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<ShareRequest>,
) -> Result<(StatusCode, Json<ShareAnswer>), Failure> {
    let share = service.share(&app, &user, &caller, id, body.grantee(), body.permission).await?;
    Ok((StatusCode::CREATED, Json((&share).into())))
}

/// Takes a share back: who may share may.
#[utoipa::path(delete, path = "/permissions/{permission_id}/share", tag = "permissions", params(("permission_id" = Uuid, Path)),
    request_body = ShareRequest,
    responses((status = 200, body = Done), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn unshare(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<ShareRequest>,
) -> Result<Json<Done>, Failure> {
    service.unshare(&app, &user, &caller, id, body.grantee()).await?;
    Ok(Json(Done { ok: true }))
}

/// Shows a resource to the workspace, or hides it: who may share may.
#[utoipa::path(patch, path = "/permissions/{permission_id}/visibility", tag = "permissions",
    params(("permission_id" = Uuid, Path)), request_body = VisibilityRequest,
    responses((status = 200, body = ResourceAnswer<ShareAnswer>), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn visibility(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<VisibilityRequest>,
) -> Result<Json<ResourceAnswer<ShareAnswer>>, Failure> {
    let record = service.set_visibility(&app, &user, &caller, id, body.visibility).await?;
    Ok(Json((&record).into()))
}
