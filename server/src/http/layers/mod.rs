//! What every request goes through before its route, and every answer after it.

mod client;
mod cors;
mod headers;
mod hosts;
pub(crate) mod limits;
mod observe;
mod overload;
pub(crate) mod refusals;
mod slow;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use url::Url;

use self::limits::Limits;
use self::overload::Places;
use crate::service::Service;
use crate::settings::{Network, Settings, Shown};
pub(crate) use client::FromThisMachine;
pub use observe::{Metrics, metrics};

/// Longest body of a request; a route that takes more says so itself.
const BODY_BYTES: usize = 1024 * 1024;

/// How requests are bounded and judged before their route.
#[derive(Clone)]
pub struct Hardening(Arc<Inner>);

/// The settings as an administrator may see them.
#[derive(Clone)]
pub(super) struct ShownSettings(pub(super) Arc<[Shown]>);

struct Inner {
    shown: ShownSettings,
    trusted_proxies: Vec<Network>,
    proxy_count: usize,
    /// `None`: any.
    hosts: Option<Vec<String>>,
    https: bool,
    /// `scheme://host:port` of this server itself.
    own_origin: String,
    timeout: Duration,
    body_timeout: Duration,
    places: Places,
    limits: Option<Arc<Limits>>,
}

impl Hardening {
    /// As the settings have it, for a server at `base_url`.
    #[must_use]
    pub fn new(settings: &Settings, base_url: &str) -> Self {
        let url = Url::parse(base_url).ok();
        Self(Arc::new(Inner {
            shown: ShownSettings(settings.shown().into()),
            trusted_proxies: settings.trusted_proxies.clone(),
            proxy_count: settings.trusted_proxy_count,
            hosts: hosts::allowed(&settings.allowed_hosts, url.as_ref()),
            https: url.as_ref().is_some_and(|url| url.scheme() == "https"),
            own_origin: url.map(|url| url.origin().ascii_serialization()).unwrap_or_default(),
            timeout: settings.request_timeout,
            body_timeout: settings.body_timeout,
            places: Places::new(settings.max_concurrent_requests, settings.max_concurrent_requests_per_client),
            limits: settings.rate_limit_rpm.map(|rpm| Arc::new(Limits::new(rpm))),
        }))
    }

    /// Forgets clients that have not come for a while. Call it now and then.
    pub fn shrink(&self) {
        if let Some(limits) = &self.0.limits {
            limits.shrink();
        }
    }

    /// The routes behind all of it. The last one here is the first that a request meets.
    pub(super) fn around(&self, router: Router, service: Service) -> Router {
        let state = Arc::clone(&self.0);
        router
            .layer(Extension(state.shown.clone()))
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .layer(from_fn_with_state(Arc::clone(&state), overload::in_time))
            .layer(from_fn_with_state(Arc::clone(&state), slow::read_in_time))
            .layer(from_fn_with_state((Arc::clone(&state), service), cors::cors))
            .layer(from_fn_with_state(Arc::clone(&state), overload::bounded))
            .layer(from_fn_with_state(Arc::clone(&state), limits::limit))
            .layer(axum::middleware::from_fn(cors::readable_refusals))
            .layer(from_fn_with_state(Arc::clone(&state), hosts::trusted))
            .layer(overload::catch_panics())
            .layer(from_fn_with_state(Arc::clone(&state), headers::strict))
            .layer(axum::middleware::from_fn(observe::observe))
            .layer(from_fn_with_state(state, client::identify))
    }
}
