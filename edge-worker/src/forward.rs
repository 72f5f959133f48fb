//! An allowed request on its way to the origin, and the answer on its way back.

use sentinel_core::{Identity, Text, gateway};
use worker::{CacheMode, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, Url};

use crate::setup::Gateway;

/// The identity in headers, for origins that do not read the proof. The names are those of Sentinel Auth's packages.
const IDENTITY: [(&str, Text); 7] = [
    ("x-sentinel-email", Text::Email),
    ("x-sentinel-name", Text::Name),
    ("x-sentinel-workspace-id", Text::WorkspaceId),
    ("x-sentinel-workspace-slug", Text::WorkspaceSlug),
    ("x-sentinel-idp-sub", Text::IdpSubject),
    ("x-sentinel-issuer", Text::Issuer),
    ("x-sentinel-token-id", Text::JwtId),
];
/// What a client must not say to an origin behind a gateway: who it is, where it comes from, and what would make another
/// method or path of the one that was decided on (`X-HTTP-Method-Override`; `X-Original-URL`; Next's
/// `x-middleware-subrequest`, CVE-2025-29927). And what is for the next hop alone (RFC 9110 §7.6.1).
const DROPPED: [&str; 20] = [
    "connection",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded",
    "x-http-method",
    "x-http-method-override",
    "x-invoke-path",
    "x-matched-path",
    "x-method-override",
    "x-middleware-subrequest",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// What lets a cache keep an answer whatever `Cache-Control` says.
const CACHE_CONTROLS: [&str; 5] =
    ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "expires", "age"];

/// A request that may go on.
pub(crate) struct Allowed<'a> {
    pub(crate) request: &'a Request,
    pub(crate) url: &'a Url,
    pub(crate) identity: Option<&'a Identity>,
    /// Whether everyone may have the answer.
    pub(crate) public: bool,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// The origin's answer.
pub(crate) async fn forward(gateway: &Gateway, allowed: &Allowed<'_>) -> worker::Result<Response> {
    let Allowed { request, url, identity, public, now } = allowed;
    let mut target = gateway.origin.clone();
    target.set_path(url.path());
    target.set_query(url.query());
    if target.path() != url.path() {
        // What was decided on must be what is asked for.
        return Err(worker::Error::RustError("the path would be another one at the origin".to_owned()));
    }
    let method = request.inner().method();
    let line = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let headers = headers(gateway, allowed)?;
    headers.set(gateway::HEADER, &gateway.prover.sign(&method, &line, *identity, *now))?;
    let mut init = RequestInit::new();
    init.with_method(Method::from(method)).with_headers(headers).with_redirect(RequestRedirect::Manual);
    if let Some(body) = request.inner().body() {
        init.with_body(Some(body.into()));
    }
    // What the origin answers when it is told who asks is for them alone, also where everyone may ask.
    let personally = !*public || identity.is_some();
    if personally {
        init.with_cache(CacheMode::NoStore);
    }
    let response = Fetch::Request(Request::new_with_init(target.as_str(), &init)?).send().await?;
    // A WebSocket: there is nothing to rewrite, and its other end is in the answer itself.
    if response.status_code() == 101 {
        return Ok(response);
    }
    let answered = response.headers().clone();
    if personally {
        personal(&answered)?;
    }
    Ok(response.with_headers(answered))
}

/// The client's headers without any that only we may set, and ours.
fn headers(gateway: &Gateway, allowed: &Allowed<'_>) -> worker::Result<Headers> {
    let headers = Headers::new();
    for (name, value) in allowed.request.headers().entries() {
        let is_token = matches!(name.as_str(), "authorization" | "x-authz-token");
        let kept = !gateway::is_reserved(&name) && !is_dropped(&name);
        if kept && (gateway.forward_tokens || !is_token) {
            headers.append(&name, &value)?;
        }
    }
    if let (Some(cookie), false) = (&gateway.cookie, gateway.forward_tokens) {
        without_cookie(&headers, cookie)?;
    }
    let client = allowed.request.headers().get("cf-connecting-ip")?;
    let said = [
        ("x-forwarded-for", client.as_deref()),
        ("x-forwarded-host", Some(&allowed.url[worker::url::Position::BeforeHost..worker::url::Position::AfterPort])),
        ("x-forwarded-proto", Some(allowed.url.scheme())),
    ];
    for (name, value) in said {
        if let Some(value) = value {
            headers.set(name, value)?;
        }
    }
    if let Some(identity) = allowed.identity {
        headers.set("x-sentinel-user-id", &plain(identity.user_id()))?;
        for (name, text) in IDENTITY {
            if let Some(value) = identity.text(text) {
                headers.set(name, &plain(value))?;
            }
        }
        if let Some(role) = identity.role() {
            headers.set("x-sentinel-workspace-role", &plain(role))?;
        }
    }
    Ok(headers)
}

/// In every spelling that a server could take for it.
fn is_dropped(name: &str) -> bool {
    let name = gateway::plain_name(name);
    DROPPED.contains(&name.as_str()) || name.starts_with("x-forwarded-")
}

/// Printable ASCII: everything else, and `%`, as `%XX` of its UTF-8, which every language decodes.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => plain.push(char::from(byte)),
            _ => plain.push_str(&format!("%{byte:02X}")),
        }
    }
    plain
}

fn without_cookie(headers: &Headers, cookie: &str) -> worker::Result<()> {
    let Some(all) = headers.get("cookie")? else { return Ok(()) };
    let name = |pair: &str| pair.trim().split('=').next() == Some(cookie);
    let kept: Vec<&str> = all.split(';').filter(|pair| !name(pair)).map(str::trim).collect();
    if kept.is_empty() { headers.delete("cookie") } else { headers.set("cookie", &kept.join("; ")) }
}

/// Keeps an answer out of every cache that others share (RFC 9111 §5.2.2.7).
fn personal(headers: &Headers) -> worker::Result<()> {
    let said = headers.get("cache-control")?.unwrap_or_default().to_ascii_lowercase();
    // With fields named (`private="set-cookie"`) others may share the rest.
    let is_plain = !said.contains('"');
    if !is_plain || !said.split(',').any(|directive| matches!(directive.trim(), "private" | "no-store")) {
        headers.set("cache-control", "private, no-store")?;
    }
    for name in CACHE_CONTROLS {
        headers.delete(name)?;
    }
    headers.append("vary", "authorization, cookie")
}
