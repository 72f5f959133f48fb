//! Too much at once, too long, and what must never happen: each answered, none of them felt by other requests.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response as HttpResponse;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use super::Inner;
use super::client::customer;
use crate::http::Failure;
use crate::service::{Caller, Error, ErrorKind};

/// How many requests may be in work: all together, and of one client.
pub(super) struct Places {
    all: Semaphore,
    most_of_one: u32,
    taken: Mutex<HashMap<IpAddr, u32>>,
}

impl Places {
    pub(super) fn new(all: usize, most_of_one: usize) -> Self {
        let most_of_one = u32::try_from(most_of_one).unwrap_or(u32::MAX);
        Self { all: Semaphore::new(all), most_of_one, taken: Mutex::default() }
    }

    /// A place for a client, until it is dropped.
    fn of(&self, client: IpAddr) -> Option<Place<'_>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(client).or_insert(0);
        if *count >= self.most_of_one {
            return None;
        }
        *count += 1;
        Some(Place { places: self, client })
    }
}

/// One request's place among those of its client. Given back also where the client goes away.
struct Place<'a> {
    places: &'a Places,
    client: IpAddr,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

/// Refuses a request at once where too many are in work, its client's or all: waiting would only make the queue longer.
pub(super) async fn bounded(State(state): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Caller>().and_then(|caller| caller.ip).map(customer);
    let own = client.map(|client| state.places.of(client).ok_or(()));
    let Ok(_own) = own.transpose() else {
        let kind = ErrorKind::RateLimited { retry_after: 1 };
        return Failure::from(Error::new(kind, "Too many requests at the same time")).into_response();
    };
    let Ok(_place) = state.places.all.try_acquire() else {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_places_and_gives_them_back() {
        let places = Places::new(10, 2);
        let [one, other] = [IpAddr::from([203, 0, 113, 1]), IpAddr::from([203, 0, 113, 2])];
        let first = places.of(one);
        let second = places.of(one);
        assert!(first.is_some() && second.is_some() && places.of(one).is_none());
        assert!(places.of(other).is_some());
        drop(first);
        assert!(places.of(one).is_some());
        drop(second);
        assert!(places.taken.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
