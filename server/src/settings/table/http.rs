//! Requests: their limits, their client, what is logged of them.

use super::{Kind, Setting, setting};

const SERVE: &str = "commands/serve.rs";
const HTTP: &str = "http/layers";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "RATE_LIMIT_RPM",
        Kind::Number(0, 1_000_000),
        "600",
        HTTP,
        "Requests a minute for one client address. 0 turns every limit off, those of single endpoints and accounts, too: for benchmarks.",
    ),
    setting(
        "BEHIND_PROXY",
        Kind::Switch,
        "false",
        HTTP,
        "Whether the client's address stands in `X-Forwarded-For`, where the connection comes from one of `TRUSTED_PROXIES`.",
    ),
    setting(
        "TRUSTED_PROXIES",
        Kind::List,
        "",
        HTTP,
        "Networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed; naming one turns `BEHIND_PROXY` on. Without it loopback and private networks.",
    ),
    setting(
        "TRUSTED_PROXY_COUNT",
        Kind::Number(1, 16),
        "1",
        HTTP,
        "How many proxies append to `X-Forwarded-For`: the client is that many from the right.",
    ),
    setting(
        "ALLOWED_HOSTS",
        Kind::List,
        "",
        HTTP,
        "The `Host` names that are answered. Without it the host of `BASE_URL`, and loopback where that is loopback. `*`: any.",
    ),
    setting("REQUEST_TIMEOUT_SECONDS", Kind::Number(1, 600), "30", HTTP, "Longest time of one request."),
    setting(
        "BODY_TIMEOUT_SECONDS",
        Kind::Number(1, 600),
        "10",
        HTTP,
        "Longest time for which a request's body is waited for; later it is answered by 408.",
    ),
    setting(
        "MAX_CONCURRENT_REQUESTS",
        Kind::Number(1, 100_000),
        "512",
        HTTP,
        "Requests in work at the same time; more are answered by 503 and `Retry-After`.",
    ),
    setting(
        "MAX_CONCURRENT_REQUESTS_PER_CLIENT",
        Kind::Number(1, 100_000),
        "128",
        HTTP,
        "Of them, those of one client address (IPv6: one /64); more are answered by 429 and `Retry-After`.",
    ),
    setting(
        "SHUTDOWN_SECONDS",
        Kind::Number(0, 600),
        "20",
        SERVE,
        "How long requests in work may last when the server is told to stop.",
    ),
    setting(
        "LOG_FORMAT",
        Kind::Choice(&["json", "text"]),
        "json",
        SERVE,
        "One JSON object a line, or text for people.",
    ),
    setting(
        "LOG_LEVEL",
        Kind::Choice(&["error", "warn", "info", "debug"]),
        "info",
        SERVE,
        "The least important lines that are written.",
    ),
];
