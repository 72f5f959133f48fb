//! What the server tells of itself while it runs: its log, and traces where a setting names a collector.

use sentinel_server::settings::Settings;
use tokio::runtime::Handle;
use tracing_subscriber::EnvFilter;

use crate::outcome::Failure;

/// What is to be ended with the server.
pub(super) struct Watched {
    #[cfg(feature = "otel")]
    traces: Option<sentinel_server::traces::Exporting>,
}

impl Watched {
    /// Sends what has not been sent yet.
    pub(super) fn finish(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.finish();
        }
    }
}

/// Begins to log and to trace, once in a process.
pub(super) fn watch(settings: &Settings, runtime: &Handle) -> Result<Watched, Failure> {
    // Of other crates only what went wrong: their lines may hold what ours never would.
    let filter = format!(
        "warn,sentinel={level},sentinel_server={level},sentinel_storage={level},sentinel_keys={level},sentinel_idp={level},sentinel_tower={level}",
        level = settings.log_level
    );
    let filter = EnvFilter::new(filter);
    let Some(traces) = &settings.traces else {
        let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stdout);
        let _ = if settings.log_json {
            logs.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        } else {
            logs.try_init()
        };
        return Ok(Watched {
            #[cfg(feature = "otel")]
            traces: None,
        });
    };
    #[cfg(feature = "otel")]
    {
        use tracing_subscriber::Layer as _;
        use tracing_subscriber::layer::SubscriberExt as _;
        use tracing_subscriber::util::SubscriberInitExt as _;

        let (spans, exporting) =
            sentinel_server::traces::start::<tracing_subscriber::Registry>(traces, runtime.clone())
                .map_err(|why| Failure::Unanswered("settings_invalid", format!("traces: {why}")))?;
        let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stdout);
        let logs = if settings.log_json {
            logs.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
        } else {
            logs.boxed()
        };
        let _ = tracing_subscriber::registry().with(spans).with(logs.with_filter(filter)).try_init();
        Ok(Watched { traces: Some(exporting) })
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = (traces, runtime);
        let why = "this program was built without traces: OTEL_EXPORTER_OTLP_ENDPOINT cannot be used";
        Err(Failure::Unanswered("settings_invalid", why.to_owned()))
    }
}
