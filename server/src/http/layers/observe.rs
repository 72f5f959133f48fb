//! One line in the log and one observation in the metrics for every request. Both name the route's template and never
//! what stood in the path, the query, a header or the body.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::service::Caller;
use crate::traces;

const DURATION: &str = "sentinel_http_request_duration_seconds";
const REQUESTS: &str = "sentinel_http_requests_total";
const IN_WORK: &str = "sentinel_http_requests_in_work";
/// Upper bounds in seconds: from an answer out of memory to the time limit.
const BUCKETS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 30.0];

/// What the metrics are read from.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }

    /// Takes in what was observed since the last time. Call it now and then.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Begins to observe: once in a process.
#[must_use]
pub fn metrics() -> Metrics {
    let builder = PrometheusBuilder::new();
    // Refused only where there are no buckets.
    let recorder = match builder.set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS) {
        Ok(builder) => builder.build_recorder(),
        Err(_) => PrometheusBuilder::new().build_recorder(),
    };
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("metrics are observed elsewhere in this process already");
    }
    metrics::describe_counter!(REQUESTS, "Requests by route, method and status");
    metrics::describe_histogram!(DURATION, "Seconds from a request's head to its answer's head, by route and method");
    metrics::describe_gauge!(IN_WORK, "Requests in work");
    metrics::gauge!("sentinel_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Metrics(handle)
}

pub(super) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::new_v4();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method(request.method());
    let ip = request.extensions().get::<Caller>().and_then(|caller| caller.ip);
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let span = traces::request(method, route, request.headers());
    let in_work = InWork::begin();
    let mut response = next.run(request).instrument(span.clone()).await;
    drop(in_work);

    let (status, took) = (response.status().as_u16(), began.elapsed());
    count(method, route, status, took);
    let milliseconds = took.as_secs_f64() * 1000.0;
    traces::answered(&span, id, status);
    let (ip, trace_id) = (ip.map(tracing::field::display), traces::id(&span));
    tracing::info!(request_id = %id, trace_id, method, route, status, milliseconds, ip, "request");
    if let Ok(value) = HeaderValue::from_str(id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer())) {
        // A surface whose standard says so has given the caller's own back.
        response.headers_mut().entry("x-request-id").or_insert(value);
    }
    response
}

fn count(method: &'static str, route: &str, status: u16, took: Duration) {
    let route = route.to_owned();
    metrics::histogram!(DURATION, "method" => method, "route" => route.clone()).record(took.as_secs_f64());
    metrics::counter!(REQUESTS, "method" => method, "route" => route, "status" => status.to_string()).increment(1);
}

/// A client may invent methods; the metrics' labels stay few.
fn method(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::HEAD, "HEAD"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}

/// Counts down also where a client goes away and the request is dropped.
struct InWork;

impl InWork {
    fn begin() -> Self {
        metrics::gauge!(IN_WORK).increment(1.0);
        Self
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        metrics::gauge!(IN_WORK).decrement(1.0);
    }
}
