//! OpenID AuthZEN Authorization API 1.0: questions to a policy decision point. A subject is a user, an action a relation,
//! a resource an object; `properties` are parameters of conditions (`subject_department`), as in OpenFGA.
//!
//! The root paths speak for the one store that the key is bound to, `/stores/{id}/access/v1/…` for a named one.

mod entities;
mod evaluation;
mod evaluations;
mod metadata;
mod search;

use axum::extract::Request;
use axum::http::HeaderName;
use axum::middleware::Next;
use axum::response::Response;

use super::access::Routes;
use super::openfga::dialect::Refused;
use crate::service::Service;
use crate::service::policy::PolicyCaller;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) fn routes(routes: Routes) -> Routes {
    let rooms = [evaluation::routes, evaluations::routes, search::routes, metadata::routes];
    rooms.iter().fold(routes, |all, room| room(all))
}

/// Gives a request's `X-Request-ID` back, whatever the answer is (Authorization API 1.0, section 10.1.2).
pub(super) async fn echo(request: Request, next: Next) -> Response {
    let is_ours = request.uri().path().contains("/access/v1/");
    let id = is_ours.then(|| request.headers().get(REQUEST_ID).cloned()).flatten();
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The store of a request: the named one, or the one that the key is bound to.
async fn store(service: &Service, caller: &PolicyCaller, named: Option<String>) -> Result<String, Refused> {
    match named {
        Some(id) => Ok(id),
        None => Ok(service.own_store(caller).await?.id),
    }
}
