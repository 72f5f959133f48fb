//! `/stores/{id}/write` and `/stores/{id}/read`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::dialect::{Ask, At, Refused, with_token};
use super::rules;
use super::wire::{TupleKeyIn, TupleKeyOut, time, tuples};
use crate::http::access::{Access, Routes};
use crate::service::Service;
use crate::service::policy::{PolicyCaller, PolicyError, ReadFilter, WriteRequest};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(write)).add(Access::Policy, routes!(read))
}

/// What to write and delete, all of it or nothing.
#[derive(Deserialize, ToSchema)]
struct WriteBody {
    writes: Option<Writes>,
    deletes: Option<Deletes>,
    authorization_model_id: Option<String>,
}

/// Tuples to write.
#[derive(Deserialize, Default, ToSchema)]
struct Writes {
    tuple_keys: Option<Vec<TupleKeyIn>>,
    /// `error`, or `ignore`: a tuple may exist as it is.
    on_duplicate: Option<String>,
}

/// Tuples to delete.
#[derive(Deserialize, Default, ToSchema)]
struct Deletes {
    tuple_keys: Option<Vec<TupleKeyIn>>,
    /// `error`, or `ignore`: a tuple may be missing.
    on_missing: Option<String>,
}

fn ignores(option: &str, word: Option<&str>) -> Result<bool, PolicyError> {
    match word {
        None | Some("" | "error") => Ok(false),
        Some("ignore") => Ok(true),
        Some(word) => Err(PolicyError::validation(format!("invalid {option} option: {word}"))),
    }
}

/// Deletes and writes tuples. The header `Sentinel-Consistency-Token` names the state afterwards.
#[utoipa::path(post, path = "/stores/{store_id}/write", tag = "policy",
    params(("store_id" = String, Path)), request_body = WriteBody, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn write(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(id): At<String>,
    Ask(body): Ask<WriteBody>,
) -> Result<Response, Refused> {
    let store = service.open_store(&caller, &id).await?;
    if let Some(writes) = &body.writes {
        rules::some_tuples("WriteRequestWrites", writes.tuple_keys.as_deref())?;
    }
    if let Some(deletes) = &body.deletes {
        rules::some_tuples("WriteRequestDeletes", deletes.tuple_keys.as_deref())?;
    }
    let (writes, deletes) = (body.writes.unwrap_or_default(), body.deletes.unwrap_or_default());
    let request = WriteRequest {
        ignore_duplicates: ignores("on_duplicate", writes.on_duplicate.as_deref())?,
        ignore_missing: ignores("on_missing", deletes.on_missing.as_deref())?,
        writes: tuples(writes.tuple_keys)?,
        deletes: tuples(deletes.tuple_keys)?,
        model: body.authorization_model_id,
    };
    let token = service.write_tuples(&caller, &store, &request).await?;
    Ok(with_token(&token, Json(json!({}))))
}

/// Which tuples.
#[derive(Deserialize, ToSchema)]
struct ReadBody {
    tuple_key: Option<TupleKeyIn>,
    /// 1 to 100.
    page_size: Option<i64>,
    continuation_token: Option<String>,
}

/// Tuples as they are stored.
#[derive(Serialize, ToSchema)]
struct TuplesOut {
    tuples: Vec<TupleOut>,
    /// Empty on the last page.
    continuation_token: String,
}

/// A tuple, and when it was written.
#[derive(Serialize, ToSchema)]
struct TupleOut {
    key: TupleKeyOut,
    timestamp: String,
}

/// Reads tuples as they are stored. What it answers is always current.
#[utoipa::path(post, path = "/stores/{store_id}/read", tag = "policy",
    params(("store_id" = String, Path)), request_body = ReadBody, responses(
    (status = 200, body = TuplesOut), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn read(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(id): At<String>,
    Ask(body): Ask<ReadBody>,
) -> Result<Json<TuplesOut>, Refused> {
    let store = service.open_store(&caller, &id).await?;
    let filter = body.tuple_key.map(|key| {
        let question = key.question();
        ReadFilter { object: question.object, relation: question.relation, user: question.user }
    });
    // The SDKs send an empty key for no filter at all.
    let filter = filter.filter(|by| !(by.object.is_empty() && by.relation.is_empty() && by.user.is_empty()));
    let token = body.continuation_token.unwrap_or_default();
    rules::token("ReadRequest", &token)?;
    let (found, continuation_token) = service.read_tuples(&store, filter.as_ref(), body.page_size, &token).await?;
    let tuples = found.into_iter().map(|row| TupleOut {
        timestamp: time(row.inserted_at),
        key: TupleKeyOut::new(row.name, row.condition, row.context.as_deref(), row.expires_at),
    });
    Ok(Json(TuplesOut { tuples: tuples.collect(), continuation_token }))
}
