//! An allowed request on its way to the origin, and the answer on its way back.

use std::borrow::Cow;

use sentinel_core::{Identity, Text, gateway};

use crate::head::Head;
use crate::proof::Proven;
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
const DROPPED: [&str; 25] = [
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
    "x-cluster-client-ip",
    "x-forwarded",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-invoke-path",
    "x-matched-path",
    "x-method-override",
    "x-middleware-subrequest",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// What lets a cache keep an answer whatever `Cache-Control` says.
const CACHE_CONTROLS: [&str; 5] =
    ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "expires", "age"];

/// A request that may go on.
pub(crate) struct Allowed<'a> {
    pub(crate) head: &'a Head<'a>,
    pub(crate) identity: Option<&'a Identity>,
    /// When the caller's token ends, in seconds since 1970.
    pub(crate) expires_at: Option<i64>,
    /// Whether everyone may have the answer.
    pub(crate) public: bool,
    /// Seconds since 1970.
    pub(crate) now: i64,
    /// What the client is told about the time, as far as it is known now: the origin's is added.
    pub(crate) timing: &'a str,
}

/// How it goes on, for the entry: where to, what is told about the time, whether it is personal, how many headers are dropped,
/// their names, and the names and values of those that are set; a line each. `None` where it cannot.
pub(crate) fn plan(gateway: &Gateway, allowed: &Allowed<'_>) -> Option<String> {
    let Allowed { head, identity, expires_at, public, now, timing } = allowed;
    // What was decided on must be what is asked for.
    if !is_parsed(head.path) {
        return None;
    }
    let line = head.target();
    // What the origin answers when it is told who asks is for them alone, also where everyone may ask.
    let personally = !*public || identity.is_some();
    let mut plan = Lines::with_capacity(2048);
    plan.add(&[&gateway.origin, &line]);
    plan.add(&[timing]);
    plan.add(&[if personally { "personal" } else { "" }]);
    let (dropped, cookie) = dropped(gateway, head);
    plan.add(&[&dropped.len().to_string()]);
    for name in dropped {
        plan.add(&[name]);
    }
    ours(&mut plan, allowed, cookie.as_deref());
    plan.add(&[gateway::HEADER]);
    plan.add(&[&gateway
        .prover
        .sign(&Proven { method: head.method, target: &line, identity: *identity, expires_at: *expires_at }, *now)]);
    plan.text()
}

/// Lines of text.
struct Lines {
    text: String,
    count: usize,
}

impl Lines {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), count: 0 }
    }

    /// Adds a line of these parts.
    fn add(&mut self, parts: &[&str]) {
        if self.count > 0 {
            self.text.push('\n');
        }
        for part in parts {
            self.text.push_str(part);
        }
        self.count += 1;
    }

    fn pair(&mut self, name: &str, value: &str) {
        self.add(&[name]);
        self.add(&[value]);
    }

    /// `None` where a line break is in some part: then no line means what it was written for.
    fn text(self) -> Option<String> {
        (self.text.split('\n').count() == self.count).then_some(self.text)
    }
}

/// Whether this is a path as the platform's parser gives them: behind an origin it is read as itself again.
fn is_parsed(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'?' | b'#'))
}

/// The client's headers that do not go on, and what is left of its cookies where one of them does not.
fn dropped<'a>(gateway: &Gateway, head: &Head<'a>) -> (Vec<&'a str>, Option<String>) {
    let (mut dropped, mut cookie) = (Vec::new(), None);
    for (name, value) in head.headers() {
        let is_token = matches!(name, "authorization" | "x-authz-token");
        if gateway::is_reserved(name) || is_dropped(name) || (is_token && !gateway.forward_tokens) {
            dropped.push(name);
        } else if let ("cookie", Some(ours), false) = (name, &gateway.cookie, gateway.forward_tokens) {
            cookie = without_cookie(value, ours);
            if cookie.is_none() {
                dropped.push(name);
            }
        }
    }
    (dropped, cookie)
}

/// The headers that we set.
fn ours(plan: &mut Lines, Allowed { head, identity, .. }: &Allowed<'_>, cookie: Option<&str>) {
    if let Some(cookie) = cookie {
        plan.pair("cookie", cookie);
    }
    if let Some(client) = head.header("cf-connecting-ip") {
        plan.pair("x-forwarded-for", client);
    }
    plan.pair("x-forwarded-host", head.host);
    plan.pair("x-forwarded-proto", head.scheme.trim_end_matches(':'));
    let Some(identity) = identity else { return };
    plan.pair("x-sentinel-user-id", &plain(identity.user_id()));
    for (name, text) in IDENTITY {
        if let Some(value) = identity.text(text) {
            plan.pair(name, &plain(value));
        }
    }
    if let Some(role) = identity.role() {
        plan.pair("x-sentinel-workspace-role", &plain(role));
    }
}

/// In every spelling that a server could take for it.
fn is_dropped(name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let name = if is_plain { Cow::from(name) } else { gateway::plain_name(name).into() };
    DROPPED.contains(&&*name) || name.starts_with("x-forwarded-")
}

/// Printable ASCII: everything else, and `%`, as `%XX` of its UTF-8, which every language decodes.
fn plain(text: &str) -> Cow<'_, str> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' if byte != b'%');
    if text.bytes().all(is_plain) {
        return text.into();
    }
    let mut plain = String::with_capacity(2 * text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            plain.push(char::from(byte));
        } else {
            let digit = |half: u8| DIGITS.get(usize::from(half & 15)).copied().map_or('0', char::from);
            plain.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
    plain.into()
}

/// The other cookies, where there are any.
fn without_cookie(all: &str, cookie: &str) -> Option<String> {
    let name = |pair: &str| pair.trim().split('=').next() == Some(cookie);
    let kept: Vec<&str> = all.split(';').filter(|pair| !name(pair)).map(str::trim).collect();
    (!kept.is_empty()).then(|| kept.join("; "))
}

/// What keeps an answer out of every cache that others share (RFC 9111 §5.2.2.7), given its `Cache-Control`: what to do, the header,
/// the value, a line each.
pub(crate) fn personal(said: &str) -> String {
    let said = said.to_ascii_lowercase();
    let mut changes = String::from("append\nvary\nauthorization, cookie");
    // With fields named (`private="set-cookie"`) others may share the rest.
    let is_plain = !said.contains('"');
    if !is_plain || !said.split(',').any(|directive| matches!(directive.trim(), "private" | "no-store")) {
        changes.push_str("\nset\ncache-control\nprivate, no-store");
    }
    for name in CACHE_CONTROLS {
        changes.push_str("\ndelete\n");
        changes.push_str(name);
        changes.push('\n');
    }
    changes
}
