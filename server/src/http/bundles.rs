//! `/bundles/v1`: signed bundles of policy. Who may have which is decided by the use cases.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Path, Query};
use crate::service::bundles::{self, BundleCaller, Has, Listener, Published, Told};
use crate::service::{Service, User};

/// What a frame is.
const FRAME: &str = "application/vnd.sentinel.bundle";
/// For a service: it may keep what it got, and asks each time whether that is still good.
const OF_SERVICES: &str = "private, no-cache";
/// For a person: nothing of it is left in a browser's cache for whoever sits there next.
const OF_PERSONS: &str = "private, no-store";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Bundle, routes!(of_workspace))
        .add(Access::Bundle, routes!(of_service))
        .add(Access::Bundle, routes!(of_revocations))
        .add(Access::Directory, routes!(of_user))
        .add(Access::Events, routes!(events))
}

#[derive(Deserialize, IntoParams)]
struct SinceQuery {
    /// The `state` of the bundle that is held: the answer is a delta from there, or the whole bundle where that is not
    /// known any more.
    since: Option<String>,
}

/// All of a workspace's policy, for a service whose key opens the workspace's store.
#[utoipa::path(get, path = "/bundles/v1/workspaces/{workspace_id}", tag = "bundles",
    params(("workspace_id" = Uuid, Path), SinceQuery), responses(
    (status = 200, description = "A signed bundle", content_type = "application/vnd.sentinel.bundle", body = Vec<u8>),
    (status = 304, description = "`If-None-Match` names a frame that is still what there is"),
    (status = 400, description = "`since` is no state"), (status = 401), (status = 403), (status = 404)))]
async fn of_workspace(
    State(service): State<Service>,
    caller: BundleCaller,
    Path(workspace_id): Path<Uuid>,
    Held(has): Held,
) -> Result<Response, Failure> {
    let place = service.bundle_of_workspace(&caller, workspace_id).await?;
    Ok(answer(service.bundle(&place, &has).await?, OF_SERVICES))
}

/// A service's part of a workspace's policy: the workspace's own types, the service's resources, and what roles grant in
/// its scope. For that service, or one whose key opens all stores.
#[utoipa::path(get, path = "/bundles/v1/workspaces/{workspace_id}/services/{service}", tag = "bundles",
    params(("workspace_id" = Uuid, Path), ("service" = String, Path), SinceQuery), responses(
    (status = 200, description = "A signed bundle", content_type = "application/vnd.sentinel.bundle", body = Vec<u8>),
    (status = 304, description = "`If-None-Match` names a frame that is still what there is"),
    (status = 400, description = "`since` is no state"), (status = 401), (status = 403), (status = 404)))]
async fn of_service(
    State(service): State<Service>,
    caller: BundleCaller,
    Path((workspace_id, name)): Path<(Uuid, String)>,
    Held(has): Held,
) -> Result<Response, Failure> {
    let place = service.bundle_of_service(&caller, workspace_id, &name).await?;
    Ok(answer(service.bundle(&place, &has).await?, OF_SERVICES))
}

/// What was taken back of a workspace's tokens, alone.
#[utoipa::path(get, path = "/bundles/v1/workspaces/{workspace_id}/revocations", tag = "bundles",
    params(("workspace_id" = Uuid, Path), SinceQuery), responses(
    (status = 200, description = "A signed bundle", content_type = "application/vnd.sentinel.bundle", body = Vec<u8>),
    (status = 304, description = "`If-None-Match` names a frame that is still what there is"),
    (status = 400, description = "`since` is no state"), (status = 401), (status = 403), (status = 404)))]
async fn of_revocations(
    State(service): State<Service>,
    caller: BundleCaller,
    Path(workspace_id): Path<Uuid>,
    Held(has): Held,
) -> Result<Response, Failure> {
    let place = service.revocations_of_workspace(&caller, workspace_id).await?;
    Ok(answer(service.bundle_of_revocations(&place, &has).await?, OF_SERVICES))
}

/// What concerns the caller of the policy of their token's workspace, and nothing about anyone else.
#[utoipa::path(get, path = "/bundles/v1/workspaces/{workspace_id}/me", tag = "bundles",
    params(("workspace_id" = Uuid, Path), SinceQuery), responses(
    (status = 200, description = "A signed bundle", content_type = "application/vnd.sentinel.bundle", body = Vec<u8>),
    (status = 304, description = "`If-None-Match` names a frame that is still what there is"),
    (status = 400, description = "`since` is no state"), (status = 401), (status = 403), (status = 404)))]
async fn of_user(
    State(service): State<Service>,
    user: User,
    Path(workspace_id): Path<Uuid>,
    Held(has): Held,
) -> Result<Response, Failure> {
    let place = service.bundle_of_user(&user, workspace_id)?;
    Ok(answer(service.bundle(&place, &has).await?, OF_PERSONS))
}

/// Says whenever something changed that a bundle of the workspace shows: `event: changed`, and the store's revision.
/// What it was, the bundle tells. It ends after ten minutes, and with the credentials.
#[utoipa::path(get, path = "/bundles/v1/workspaces/{workspace_id}/events", tag = "bundles",
    params(("workspace_id" = Uuid, Path)), responses(
    (status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
    (status = 401), (status = 403), (status = 404), (status = 429)))]
async fn events(
    State(service): State<Service>,
    who: Listener,
    Path(workspace_id): Path<Uuid>,
) -> Result<Response, Failure> {
    let events = service.listen(who, workspace_id).await?;
    let told = unfold(events, |mut events| async move { Some((events.next().await?, events)) });
    let lines = told.map(|told| {
        Ok::<_, Infallible>(match told {
            Told::Changed(revision) => Event::default().event("changed").data(format!("{{\"revision\":{revision}}}")),
            Told::Quiet => Event::default().comment(""),
        })
    });
    let mut response = Sse::new(lines).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(OF_PERSONS));
    // A proxy that collects answers before it hands them on would keep the news to itself.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// What a request says of the bundle that its sender holds.
struct Held(Has);

impl<S: Send + Sync> FromRequestParts<S> for Held {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(query) = Query::<SinceQuery>::from_request_parts(parts, state).await?;
        let since = query.since.as_deref().map(bundles::state).transpose()?;
        let lists = parts.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
        // None of our tags has a comma in it.
        let tags = lists.flat_map(|list| list.split(',')).map(|tag| tag.trim().to_owned()).collect();
        Ok(Self(Has { since, tags }))
    }
}

fn answer(published: Published, cache: &'static str) -> Response {
    let (mut response, tag) = match published {
        Published::Unchanged(tag) => (StatusCode::NOT_MODIFIED.into_response(), tag),
        Published::Frame(frame) => {
            let body = Body::from(Bytes::from_owner(frame.bytes));
            (([(header::CONTENT_TYPE, FRAME)], body).into_response(), frame.tag)
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
