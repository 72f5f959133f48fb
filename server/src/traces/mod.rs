//! Traces for OpenTelemetry: one span for each request, and one for each use of the database. They say what was
//! asked by the route's template, how long it took and what it came to; no path, no query, no header, no body.
//!
//! Compiled in by the feature `otel`, and asleep until a setting names a collector: a span that nobody wants costs a look
//! at one flag.

#[cfg(feature = "otel")]
mod otel;

use ::http::HeaderMap;
#[cfg(feature = "otel")]
pub use otel::{Exporting, start};
use tracing::Span;

/// The target of every span, and of nothing else: what is logged never becomes part of a trace.
pub const TARGET: &str = "sentinel_traces";

/// A span for a request, as part of the trace that its `traceparent` names (W3C Trace Context), where it has one.
pub(crate) fn request(method: &'static str, route: &str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = tracing::field::Empty,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        request.id = tracing::field::Empty,
    );
    if !span.is_disabled() {
        span.record("otel.name", format!("{method} {route}"));
        #[cfg(feature = "otel")]
        otel::follow(&span, headers);
    }
    #[cfg(not(feature = "otel"))]
    let _ = headers;
    span
}

/// What a request came to.
pub(crate) fn answered(span: &Span, id: uuid::Uuid, status: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("request.id", tracing::field::display(id));
    span.record("http.response.status_code", status);
    // A refusal is the client's; only ours are errors (semantic conventions for HTTP server spans).
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The id of the trace that a span belongs to, for the log's line about the same request.
pub(crate) fn id(span: &Span) -> Option<String> {
    #[cfg(feature = "otel")]
    if !span.is_disabled() {
        return otel::id(span);
    }
    let _ = span;
    None
}
