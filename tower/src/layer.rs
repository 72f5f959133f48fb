//! The tower layer: a request goes on with its sender, or is answered here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use tower_layer::Layer;
use tower_service::Service;

use crate::current::{Carried, Scope};
use crate::sentinel::{Guard, Sender};

/// Protects a service: see [`Sentinel`](crate::Sentinel).
#[derive(Clone)]
pub struct SentinelLayer {
    guard: Arc<Guard>,
}

impl SentinelLayer {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard: Arc::new(guard) }
    }
}

impl std::fmt::Debug for SentinelLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SentinelLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for SentinelLayer {
    type Service = SentinelService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SentinelService { inner, guard: Arc::clone(&self.guard) }
    }
}

/// A service behind a [`SentinelLayer`].
#[derive(Clone)]
pub struct SentinelService<S> {
    inner: S,
    guard: Arc<Guard>,
}

impl<S: std::fmt::Debug> std::fmt::Debug for SentinelService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SentinelService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// What the layer leaves in a request for the extractors. Its type is private: nothing else can put one there.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) sender: Sender,
    pub(crate) guard: Arc<Guard>,
}

impl<S, B, R> Service<Request<B>> for SentinelService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String> + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        // The one that was polled ready is the one to call.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        Box::pin(async move {
            let (method, uri) = (request.method().clone(), uri_of(&request));
            // The body is not shared between threads; only the header is borrowed while waiting.
            let headers = std::mem::take(request.headers_mut());
            let admitted = guard.admit(method.as_str(), &uri, &headers).await;
            *request.headers_mut() = headers;
            match admitted {
                Ok(sender) => {
                    let session = Session { sender, guard };
                    request.extensions_mut().insert(session.clone());
                    let scope = Some(Scope::Request(session));
                    let response = Carried::new(scope.clone(), async move { inner.call(request).await }).await?;
                    Ok(carry_body(response, scope))
                }
                Err(refusal) => Ok(guard.reject(refusal).response()),
            }
        })
    }
}

/// A body that is made while it is sent is made after the handler has answered: axum's goes on in the caller's name. Another's
/// knows nobody, unless its service [carries](crate::carry) it.
fn carry_body<R: 'static>(response: Response<R>, scope: Option<Scope>) -> Response<R> {
    #[cfg(feature = "axum")]
    {
        let mut response = response;
        let body: &mut dyn std::any::Any = response.body_mut();
        if let Some(body) = body.downcast_mut::<axum::body::Body>()
            && !http_body::Body::is_end_stream(body)
        {
            let made = std::mem::take(body);
            *body = axum::body::Body::new(Carried::new(scope, made));
        }
        response
    }
    #[cfg(not(feature = "axum"))]
    {
        drop(scope);
        response
    }
}

/// What the client asked for. A nested axum router sees only the rest of the path in the URI.
fn uri_of<B>(request: &Request<B>) -> Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = request.extensions().get::<axum::extract::OriginalUri>() {
        return original.0.clone();
    }
    request.uri().clone()
}
