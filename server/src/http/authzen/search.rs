//! `/access/v1/search/…`: who may, to what, and what.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::entities::{Evaluation, Json, Said};
use crate::http::access::{Access, Routes};
use crate::http::openfga::dialect::{At, Refused};
use crate::service::Service;
use crate::service::policy::{PolicyCaller, PolicyError, list_place, list_token};

/// Most results of a page, and how many it has where nobody asked.
const PAGE: usize = 1000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Policy, routes!(subjects))
        .add(Access::Policy, routes!(subjects_in_store))
        .add(Access::Policy, routes!(resources))
        .add(Access::Policy, routes!(resources_in_store))
        .add(Access::Policy, routes!(actions))
        .add(Access::Policy, routes!(actions_in_store))
}

/// A search: what is looked for has no `id`, or in a search for actions is left out.
#[derive(Deserialize, ToSchema)]
struct Search {
    #[serde(flatten)]
    asked: Evaluation,
    page: Option<Page>,
}

/// A part of the results.
#[derive(Default, Deserialize, ToSchema)]
struct Page {
    /// `next_token` of the page before.
    token: Option<String>,
    /// 1 to 1000.
    limit: Option<u32>,
}

type Found = Result<axum::Json<Value>, Refused>;

macro_rules! searches {
    ($($(#[$doc:meta])* $name:ident, $named:ident, $path:literal, $in_store:literal, $find:ident;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "authzen", request_body = Search, responses(
            (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
        async fn $name(
            State(service): State<Service>,
            caller: PolicyCaller,
            said: Said,
            Json(search): Json<Search>,
        ) -> Found {
            let store = super::store(&service, &caller, None).await?;
            $find(&service, &caller, &store, &said, &search).await
        }

        /// The same in a named store.
        #[utoipa::path(post, path = $in_store, tag = "authzen", params(("store_id" = String, Path)),
            request_body = Search, responses(
            (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
        async fn $named(
            State(service): State<Service>,
            caller: PolicyCaller,
            At(store): At<String>,
            said: Said,
            Json(search): Json<Search>,
        ) -> Found {
            $find(&service, &caller, &store, &said, &search).await
        }
    )*};
}

searches! {
    /// Who may do something to a resource, in the store that the key is bound to.
    subjects, subjects_in_store, "/access/v1/search/subject", "/stores/{store_id}/access/v1/search/subject", find_subjects;
    /// To what a subject may do something, in the store that the key is bound to.
    resources, resources_in_store, "/access/v1/search/resource", "/stores/{store_id}/access/v1/search/resource", find_resources;
    /// What a subject may do to a resource, in the store that the key is bound to.
    actions, actions_in_store, "/access/v1/search/action", "/stores/{store_id}/access/v1/search/action", find_actions;
}

async fn find_subjects(service: &Service, caller: &PolicyCaller, store: &str, said: &Said, search: &Search) -> Found {
    let asked = &search.asked;
    let (kind, object) = (asked.subject()?.kind("subject")?, asked.resource()?.text("resource")?);
    let with = said.with(store, asked)?;
    let found = service.list_users(caller, store, (&object, asked.action()?), (kind, None), &with, true).await?;
    page(&format!("subjects of {store}"), search, found.value, entity)
}

async fn find_resources(service: &Service, caller: &PolicyCaller, store: &str, said: &Said, search: &Search) -> Found {
    let asked = &search.asked;
    let (kind, user) = (asked.resource()?.kind("resource")?, asked.subject()?.text("subject")?);
    let with = said.with(store, asked)?;
    let found = service.list_objects(caller, store, (kind, asked.action()?, &user), &with, true).await?;
    page(&format!("resources of {store}"), search, found.value, entity)
}

async fn find_actions(service: &Service, caller: &PolicyCaller, store: &str, said: &Said, search: &Search) -> Found {
    let asked = &search.asked;
    let (user, object) = (asked.subject()?.text("subject")?, asked.resource()?.text("resource")?);
    let found = service.list_relations(caller, store, &object, &user, &said.with(store, asked)?).await?;
    page(&format!("actions of {store}"), search, found, |name| json!({ "name": name }))
}

fn entity(name: &str) -> Value {
    let (kind, id) = name.split_once(':').unwrap_or((name, ""));
    json!({ "type": kind, "id": id })
}

/// The part of sorted results that was asked for.
fn page(list: &str, search: &Search, mut found: Vec<String>, show: impl Fn(&str) -> Value) -> Found {
    let none = Page::default();
    let asked = search.page.as_ref().unwrap_or(&none);
    let limit = match asked.limit.map(usize::try_from) {
        None => PAGE,
        Some(Ok(limit)) if (1..=PAGE).contains(&limit) => limit,
        Some(_) => return Err(PolicyError::validation(format!("page.limit must be 1 to {PAGE}")).into()),
    };
    found.sort_unstable();
    let total = found.len();
    let after = list_place(list, asked.token.as_deref().unwrap_or_default())?;
    let mut rest: Vec<String> = found.into_iter().filter(|name| *name > after).collect();
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| more).map(|last| list_token(list, last)).unwrap_or_default();
    let results: Vec<Value> = rest.iter().map(|name| show(name)).collect();
    let page = json!({ "next_token": next, "count": results.len(), "total": total });
    Ok(axum::Json(json!({ "results": results, "page": page })))
}
