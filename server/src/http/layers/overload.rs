//! Too much at once, too long, and what must never happen: each answered, none of them felt by other requests.

use std::any::Any;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response as HttpResponse;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::Inner;
use crate::http::Failure;
use crate::service::Error;

/// Refuses a request at once where too many are in work: waiting would only make the queue longer.
pub(super) async fn bounded(State(state): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let Ok(_place) = state.places.try_acquire() else {
        return Failure::from(Error::unavailable("too many requests are in work")).into_response();
    };
    next.run(request).await
}

/// Ends a request that takes too long, its body included: a transaction that was begun is undone.
pub(super) async fn in_time(State(state): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::from(Error::unavailable("the request took too long")).into_response(),
    }
}

/// A panic is a fault of ours and tells the caller nothing. Its words went to standard error by the panic hook.
pub(super) fn catch_panics() -> CatchPanicLayer<Panicked> {
    CatchPanicLayer::custom(panicked)
}

type Panicked = fn(Box<dyn Any + Send>) -> HttpResponse<Body>;

fn panicked(_: Box<dyn Any + Send>) -> HttpResponse<Body> {
    Failure::from(Error::internal("a handler panicked")).into_response()
}
