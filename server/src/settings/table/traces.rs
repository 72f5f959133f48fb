//! Traces, by the names that OpenTelemetry gives.

use super::{Kind, Setting, secret, setting};

const TRACES: &str = "settings/traces.rs";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Kind::Url,
        "",
        TRACES,
        "A collector's base URL (`http://127.0.0.1:4318`): spans are sent to `/v1/traces` below it. Without it, or the next one, no traces are made.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        Kind::Url,
        "",
        TRACES,
        "The whole URL that spans are sent to, in place of the one above.",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_HEADERS",
        TRACES,
        "Header fields that the collector asks for: `name=value,name=value`, percent-encoded where need be.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        Kind::Choice(&["http/protobuf"]),
        "http/protobuf",
        TRACES,
        "How spans are sent: this way alone.",
    ),
    setting(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        Kind::Number(1, 60_000),
        "10000",
        TRACES,
        "Milliseconds that the collector may take.",
    ),
    setting("OTEL_SERVICE_NAME", Kind::Text, "sentinel", TRACES, "The name of this server in traces."),
    setting(
        "OTEL_RESOURCE_ATTRIBUTES",
        Kind::Text,
        "",
        TRACES,
        "What else is said of this server in traces: `name=value,name=value`.",
    ),
    setting(
        "OTEL_TRACES_SAMPLER",
        Kind::Choice(&[
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
            "always_on",
            "always_off",
            "traceidratio",
        ]),
        "parentbased_always_on",
        TRACES,
        "Which requests are traced. The `parentbased` ones follow the caller's `traceparent` where it has one.",
    ),
    setting("OTEL_TRACES_SAMPLER_ARG", Kind::Text, "1", TRACES, "The part that `traceidratio` samples, 0 to 1."),
    setting("OTEL_SDK_DISABLED", Kind::Switch, "false", TRACES, "Whether no traces are made, whatever else is set."),
];
