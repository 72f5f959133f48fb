//! Known bypasses of path-based authorization, each with its source, against the policy they hurt most: one
//! that is open but for what is named.

use super::tests::{policy, someone};
use super::*;

fn open_but_for_admin() -> Policy {
    policy(&[
        ("*", "/**", Allow::public()),
        ("*", "/admin/**", Allow::role("admin")),
        ("*", "/api/private/**", Allow::role("admin")),
        ("*", "/admin.php", Allow::role("admin")),
        ("*", "/docs", Allow::role("admin")),
        ("*", "/WEB-INF/**", Allow::role("admin")),
    ])
}

/// `(source, path)`: to some server, each names something behind `/admin`, `/api/private` or another protected path.
const BYPASSES: &[(&str, &str)] = &[
    ("the paths themselves", "/admin"),
    ("the paths themselves", "/admin/secret"),
    ("the paths themselves", "/docs"),
    // Next.js
    ("Next.js CVE-2025-29927: x-middleware-subrequest is no input here", "/admin/users"),
    ("Next.js CVE-2026-44573: data of a page, without locale", "/_next/data/build-1/admin.json"),
    ("Next.js CVE-2026-44573: data of a page, with locale", "/_next/data/build-1/en/admin.json"),
    ("Next.js data route, case", "/_NEXT/Data/build-1/admin.json"),
    ("Next.js data route, slash", "/_next/data/build-1/admin.json/"),
    ("Next.js CVE-2026-44574: parameters in the query", "/docs?nxtPslug=public"),
    ("Next.js CVE-2026-44575: RSC payload", "/admin.rsc"),
    ("Next.js CVE-2026-44575: RSC payload below", "/docs.rsc"),
    ("Next.js CVE-2026-44575: segment prefetch", "/docs.segments/_tree.segment.rsc"),
    ("Next.js CVE-2026-45109: segment prefetch, the follow-up", "/blog.segments/docs/__PAGE__.segment.rsc"),
    ("Next.js prefetch payload", "/docs.prefetch.rsc"),
    ("Next.js CVE-2024-51479: a page at the root", "/docs?__nextLocale=en"),
    // Matchers of libraries, routers of frameworks
    ("Clerk CVE-2026-41248: matcher and router read differently", "/api//private/x"),
    ("Express: routes ignore case", "/ADMIN"),
    ("Express: routes ignore case", "/Admin/secret"),
    ("Express: routes ignore case", "/DOCS"),
    ("Express: routes ignore a trailing slash", "/docs/"),
    ("Express: case and slash", "/Docs/"),
    ("fastify-middie CVE-2026-2880: duplicate slashes", "//admin/secret"),
    ("fastify-middie CVE-2026-2880: semicolon delimiter", "/admin;x=1/secret"),
    ("fastify-middie CVE-2026-33804: duplicate slashes", "/admin//secret"),
    ("fastify-static CVE-2026-6414: encoded separator", "/admin%2Fsecret.html"),
    ("hono node-server CVE-2026-29087: encoded separator", "/admin%2fsecret.html"),
    ("NestJS CVE-2025-69211: escaped letters", "/%61dmin"),
    ("Astro CVE-2025-64765: escaped letters", "/%61%64%6d%69%6E"),
    ("Astro CVE-2025-66202: escaped twice", "/%2561dmin"),
    ("Astro GHSA-vj59-8hwv-xxmv: escaped deeper than the decoder goes", "/%25252525252525252561dmin"),
    ("Rails, Spring: an extension is a format", "/docs.json"),
    // Proxies
    ("Envoy CVE-2019-9901: dot segments", "/public/../admin"),
    ("Envoy CVE-2021-29492: escaped slash", "/api%2Fprivate/x"),
    ("Envoy CVE-2021-29492: escaped backslash", "/api%5Cprivate/x"),
    ("Envoy CVE-2021-32779: fragment", "/docs#x"),
    ("nginx off by slash (Tsai, Black Hat USA 2018)", "/static../admin/secret"),
    ("Traefik CVE-2026-48020: prefix cut off", "/api../admin/secret"),
    ("Traefik CVE-2026-48020: prefix cut off, escaped", "/api%2e%2e/admin/secret"),
    ("Traefik CVE-2026-40912: prefix cut off by length", "/api%2e/admin/secret"),
    ("Caddy CVE-2026-27587: case with escapes", "/ADMIN%2Fpanel"),
    ("Caddy GHSA-qrp7-cvwr-j2c6: escaped backslash", "/admin%5csecret.txt"),
    ("HAProxy, load balancers: absolute form (RFC 9112 §3.2.2)", "http://internal/admin"),
    ("network-path reference (RFC 3986 §4.2)", "//internal/admin"),
    // Servers
    ("gRPC-Go CVE-2026-33186: no leading slash", "admin/secret"),
    ("Apache CVE-2021-41773: half-escaped dots", "/cgi-bin/.%2e/admin"),
    ("Apache CVE-2021-42013: escapes within escapes", "/cgi-bin/%%32%65%%32%65/admin"),
    ("Apache confusion, CVE-2024-38473: escaped question mark", "/admin.php%3fx.css"),
    ("Jetty CVE-2021-28164: escaped dot", "/%2e/WEB-INF/web.xml"),
    ("Jetty CVE-2021-34429: dot and NUL", "/.%00/WEB-INF/web.xml"),
    ("Jetty CVE-2021-34429: %u escape", "/%u002e/WEB-INF/web.xml"),
    ("Jetty CVE-2021-28169: escaped twice", "/%2557EB-INF/web.xml"),
    ("Tomcat: path parameter in a dot segment (Tsai)", "/x/..;/admin/secret"),
    ("Shiro CVE-2020-1957: parameter", "/x/..;/admin"),
    ("Shiro CVE-2020-11989: parameter first", "/;/admin/secret"),
    ("Shiro CVE-2020-13933: escaped parameter", "/admin/%3bsecret"),
    ("Shiro CVE-2020-17523: escaped space", "/admin/%20"),
    ("Spring CVE-2016-5007: spaces are trimmed", "/docs%20"),
    ("Spring CVE-2016-5007: spaces are trimmed", "/%20docs"),
    ("Spring CVE-2022-22978: a dot matches no line end", "/admin/%0a"),
    ("Spring CVE-2022-22978: a dot matches no line end", "/docs%0D%0A"),
    ("the same with Unicode line ends", "/docs%E2%80%A8"),
    ("the same with Unicode line ends", "/docs%C2%85"),
    ("IIS CVE-2000-0884: overlong slash", "/x/..%c0%af../admin"),
    ("IIS CVE-2000-0884: overlong slash", "/admin%c0%afsecret"),
    ("overlong, three octets", "/admin%e0%80%afsecret"),
    ("overlong, four octets", "/admin%f0%80%80%afsecret"),
    ("overlong letter", "/%c1%a1dmin"),
    ("surrogate (RFC 3629 §3)", "/admin%ed%a0%80"),
    ("lone continuation octet", "/docs%80"),
    ("cut-off sequence", "/docs%e2%82"),
    ("IIS CVE-1999-0278: alternate data stream", "/docs::$DATA"),
    ("IIS CVE-2010-2731: alternate data stream", "/admin:$i30:$INDEX_ALLOCATION/secret"),
    ("Windows: stream of a dot segment", "/x/..::$DATA/admin"),
    ("Windows: dots and spaces at the end of a name", "/docs."),
    ("Windows: dots and spaces at the end of a name", "/docs%20%20"),
    ("Windows: dots and spaces at the end of a name", "/admin./secret"),
    ("backslash (WHATWG URL takes it for a slash)", "/admin\\secret"),
    ("backslash (WHATWG URL takes it for a slash)", "\\admin"),
    ("best fit: fullwidth slash (Tsai, WorstFit)", "/admin%EF%BC%8Fsecret"),
    ("best fit: fullwidth dots", "/x/%EF%BC%8E%EF%BC%8E/admin"),
    ("NFKC: two dot leader", "/x/%E2%80%A5/admin"),
    ("NUL", "/docs%00"),
    ("NUL and extension", "/docs%00.css"),
    ("dot segments", "/./admin"),
    ("dot segments", "/x/../admin"),
    ("dot segments at the end", "/admin/."),
    ("dot segments at the end", "/docs/x/.."),
    ("escaped dot segments", "/x/%2e%2e/admin"),
    ("escaped dot segments", "/x/.%2E/admin"),
    ("escaped twice", "/x/%252e%252e/admin"),
    ("escaped twice: slash", "/admin%252fsecret"),
    ("malformed escape", "/%admin"),
    ("malformed escape", "/docs%"),
    ("malformed escape", "/docs%2"),
    ("malformed escape", "/docs%+2"),
    ("raw space", "/docs "),
    ("raw control characters", "/docs\t"),
    ("raw control characters", "/docs\r\n"),
    ("raw non-ASCII", "/docs\u{a0}"),
    ("authority form", "internal:443"),
    ("asterisk form", "*"),
    ("empty", ""),
    ("empty segment at the end", "/docs//"),
    ("only slashes", "//"),
];

#[test]
fn no_known_bypass_reaches_the_public_rule() {
    let policy = open_but_for_admin();
    let viewer = someone("viewer", "w", &[]);
    for method in ["GET", "HEAD", "POST", "OPTIONS"] {
        for (source, path) in BYPASSES {
            for identity in [None, Some(&viewer)] {
                let decision = policy.decide(&Request { method, path }, identity);
                assert!(!decision.allow(), "{source}: {method} {path:?} is {}", policy.explain(&decision));
            }
        }
    }
}

#[test]
fn ordinary_paths_stay_open() {
    let policy = open_but_for_admin();
    for path in [
        "/",
        "/index.html",
        "/administration",
        "/admin-guide",
        "/documents/docs",
        "/docs-v2",
        "/docs/intro",
        "/api/public/x",
        "/_next/static/chunks/app/%5Bslug%5D/page-1a2b.js",
        "/_next/image",
        "/.well-known/openid-configuration",
        "/users/alice%40example.com",
        "/users/alice@example.com",
        "/wiki/Caf%C3%A9_(disambiguation)",
        "/search/100%25",
        "/search/50%25-off",
        "/search/a%20b",
        "/files/r%C3%A9sum%C3%A9.pdf",
        "/%E6%97%A5%E6%9C%AC%E8%AA%9E/",
        "/%F0%9F%98%80",
        "/~user/",
        "/a.b/c..d",
        "/v1/items:batch",
        "/x,y;z".split(';').next().unwrap(),
    ] {
        let decision = policy.decide(&Request { method: "GET", path }, None);
        assert!(decision.allow(), "{path}: {}", policy.explain(&decision));
    }
}

#[test]
fn verb_tampering() {
    // OWASP WSTG "HTTP verb tampering"; GitHub's OAuth bypass by HEAD (Katz, 2019); method overrides are headers.
    let policy = policy(&[("GET", "/admin", Allow::role("admin")), ("POST", "/admin", Allow::role("admin"))]);
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "hEAD", "JEFF", "GET\n",
        "",
    ] {
        assert!(!policy.decide(&Request { method, path: "/admin" }, None).allow(), "{method:?}");
    }
}

#[test]
fn a_rule_that_names_next_data_opens_it() {
    let policy = policy(&[("*", "/**", Allow::public()), ("GET", "/_next/data/**", Allow::authenticated())]);
    let path = "/_next/data/b/admin.json";
    assert_eq!(policy.decide(&Request { method: "GET", path }, None).reason(), Reason::Unauthenticated);
    assert_eq!(policy.decide(&Request { method: "POST", path }, None).reason(), Reason::PathRefused);
    let viewer = someone("viewer", "w", &[]);
    assert!(policy.decide(&Request { method: "GET", path }, Some(&viewer)).allow());
}
