//! The OpenTelemetry side: spans become OTLP messages, sent over HTTP by the one client that all outgoing requests go through.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use ::http::{HeaderMap, Request, Response};
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use secrecy::ExposeSecret as _;
use sentinel_tower::fetch::{FetchPolicy, Fetcher};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use super::TARGET;
use crate::settings::Traces;

/// Longest answer of a collector that is read.
const ANSWER_BYTES: usize = 64 * 1024;
/// How long the last spans may take when the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Spans on their way. End it when nothing more is served.
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Sends what is left, for two seconds at most. Blocks: not for a thread that answers requests.
    pub fn finish(self) {
        // Whoever has not got them by now does not get them.
        let _ = self.0.shutdown_with_timeout(FAREWELL);
    }
}

/// A layer that makes spans of [`TARGET`] into traces, sent from `runtime`.
///
/// # Errors
/// In words, where the settings cannot be used.
pub fn start<S>(traces: &Traces, runtime: Handle) -> Result<(impl Layer<S> + Send + Sync + 'static, Exporting), String>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    // The operator's own collector, wherever it is: what is sent holds nothing that opens anything.
    let policy = FetchPolicy {
        timeout: traces.timeout,
        max_bytes: ANSWER_BYTES,
        private_networks: true,
        loopback: true,
        plain_http: true,
    };
    let fetcher = Fetcher::new(policy).map_err(|why| why.to_string())?;
    fetcher.check(traces.endpoint.as_str()).map_err(|why| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {why}"))?;
    let headers: HashMap<_, _> =
        traces.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client { fetcher, runtime })
        .with_endpoint(traces.endpoint.as_str())
        .with_timeout(traces.timeout)
        .with_headers(headers)
        .build()
        .map_err(|why| why.to_string())?;
    let attributes = traces.attributes.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()),
        ])
        .with_attributes(attributes)
        .with_service_name(traces.service_name.clone())
        .build();
    let root = Sampler::TraceIdRatioBased(traces.sampler.ratio);
    let sampler = if traces.sampler.parent_based { Sampler::ParentBased(Box::new(root)) } else { root };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("sentinel"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO));
    Ok((layer, Exporting(provider)))
}

/// Makes the span part of the caller's trace.
pub(super) fn follow(span: &Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if parent.span().span_context().is_valid() {
        // Refused only for a span that has begun.
        let _ = span.set_parent(parent);
    }
}

pub(super) fn id(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let context = span.span_context();
    context.is_valid().then(|| context.trace_id().to_string())
}

/// The exporter runs on a thread of its own; the client needs the runtime.
struct Client {
    fetcher: Fetcher,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let fetcher = self.fetcher.clone();
            let request = request.map(|body| body.to_vec());
            let answer = self.runtime.spawn(async move { fetcher.send(request).await }).await?;
            let answer = answer.inspect_err(|why| tracing::warn!(cause = %why, "traces could not be sent"))?;
            if !answer.status().is_success() {
                tracing::warn!(status = answer.status().as_u16(), "the collector refused traces");
            }
            Ok(answer.map(Bytes::from))
        })
    }
}
