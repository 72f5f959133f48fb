//! `/stores/{id}/changes`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::dialect::{At, Params, Refused};
use super::rules;
use super::wire::{TupleKeyOut, moment, time};
use crate::http::access::{Access, Routes};
use crate::service::Service;
use crate::service::policy::PolicyCaller;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(changes))
}

/// Which part of the log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only of objects of this type.
    r#type: Option<String>,
    /// 1 to 100.
    page_size: Option<i64>,
    continuation_token: Option<String>,
    /// Not before this moment (RFC 3339).
    start_time: Option<String>,
}

/// A part of the log.
#[derive(Serialize, ToSchema)]
struct ChangesOut {
    changes: Vec<ChangeOut>,
    /// Where to go on: the same again where there was nothing new.
    continuation_token: String,
}

/// One change.
#[derive(Serialize, ToSchema)]
struct ChangeOut {
    tuple_key: TupleKeyOut,
    operation: &'static str,
    timestamp: String,
}

/// What was written and deleted, in order.
#[utoipa::path(get, path = "/stores/{store_id}/changes", tag = "policy",
    params(("store_id" = String, Path), Which), responses(
    (status = 200, body = ChangesOut), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn changes(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(id): At<String>,
    Params(which): Params<Which>,
) -> Result<Json<ChangesOut>, Refused> {
    let store = service.open_store(&caller, &id).await?;
    let since = which.start_time.as_deref().filter(|text| !text.is_empty()).map(moment).transpose()?;
    let (of, token) = (which.r#type.unwrap_or_default(), which.continuation_token.unwrap_or_default());
    rules::changes(&of, which.page_size)?;
    rules::token("ReadChangesRequest", &token)?;
    let (found, continuation_token) = service.read_changes(&store, &of, since, which.page_size, &token).await?;
    let changes = found.into_iter().map(|change| ChangeOut {
        operation: if change.is_delete { "TUPLE_OPERATION_DELETE" } else { "TUPLE_OPERATION_WRITE" },
        timestamp: time(change.at),
        tuple_key: TupleKeyOut::new(change.name, change.condition, change.context.as_deref(), change.expires_at),
    });
    Ok(Json(ChangesOut { changes: changes.collect(), continuation_token }))
}
