//! Properties of paths and decisions over generated input.

use super::tests::policy;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::ToOwned;
use std::format;

/// What attackers' paths are made of.
const PIECES: &[&str] = &[
    "/",
    "/",
    "/",
    "/",
    "admin",
    "admin",
    "docs",
    "docs",
    "Admin",
    "DOCS",
    "x",
    "secret",
    "%61dmin",
    "adm%69n",
    "%44ocs",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    ".",
    "..",
    "%2e",
    "%2E%2e",
    ";",
    ";x=1",
    "%3b",
    "%00",
    "%0a",
    ".json",
    ".rsc",
    ".segments",
    "%20",
    " ",
    "%25",
    "%252f",
    "%252e",
    "%2561dmin",
    "%c0%af",
    "%c0%ae",
    "%ef%bc%8f",
    "%c3%a9",
    "é",
    "?",
    "#",
    "%3f",
    "%23",
    "::$DATA",
    "@",
    "%40",
    "index.html",
    "index",
    "//",
    "/./",
    "/../",
    "/..;/",
    "/_next/data/b/",
    "+",
    "%",
    "%u002f",
    ",",
    "~",
    "-",
];

fn paths() -> impl Strategy<Value = String> {
    (prop::bool::weighted(0.9), vec(select(PIECES), 0..8))
        .prop_map(|(slash, pieces)| if slash { "/".to_owned() + &pieces.concat() } else { pieces.concat() })
}

fn open_but_for_three() -> Policy {
    policy(&[
        ("*", "/**", Allow::public()),
        ("*", "/x/:id", Allow::public()),
        ("*", "/admin/**", Allow::role("admin")),
        ("*", "/docs", Allow::role("admin")),
        ("*", "/x/secret", Allow::role("admin")),
    ])
}

fn is_protected(path: &[u8]) -> bool {
    let segments: Vec<&[u8]> = path.split(|b| *b == b'/').filter(|segment| !segment.is_empty()).collect();
    matches!(segments.as_slice(), [b"admin", ..] | [b"docs"] | [b"x", b"secret"])
}

type Step = fn(&[u8]) -> Vec<u8>;

fn replace(path: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        if rest.starts_with(from) {
            out.extend_from_slice(to);
            rest = &rest[from.len()..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

fn each_segment(path: &[u8], edit: impl Fn(&[u8]) -> &[u8]) -> Vec<u8> {
    path.split(|b| *b == b'/').map(edit).collect::<Vec<_>>().join(&b'/')
}

fn cut<'s>(segment: &'s [u8], at: &[u8]) -> &'s [u8] {
    &segment[..segment.iter().position(|b| at.contains(b)).unwrap_or(segment.len())]
}

// What servers do to a path, one step each.

fn query(path: &[u8]) -> Vec<u8> {
    cut(path, b"?#").to_vec()
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        match (first, path::escaped(tail)) {
            (b'%', Some((octet, tail))) => {
                out.push(octet);
                rest = tail;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn overlong(path: &[u8]) -> Vec<u8> {
    let path = replace(path, b"\xc0\xaf", b"/");
    let path = replace(&path, b"\xef\xbc\x8f", b"/");
    replace(&path, b"\xc0\xae", b".")
}

fn backslash(path: &[u8]) -> Vec<u8> {
    replace(path, b"\\", b"/")
}

fn parameters(path: &[u8]) -> Vec<u8> {
    each_segment(path, |segment| cut(segment, b";"))
}

fn lower(path: &[u8]) -> Vec<u8> {
    path.to_ascii_lowercase()
}

/// Dots and spaces at the end go, and so does a stream's name after a file's.
fn windows_names(path: &[u8]) -> Vec<u8> {
    each_segment(path, |segment| {
        let file = if segment.starts_with(b":") { segment } else { cut(segment, b":\0") };
        let end = file.iter().rposition(|b| !matches!(b, b'.' | b' ')).map_or(0, |last| last + 1);
        if segment == b".." { segment } else { &file[..end] }
    })
}

fn trim(path: &[u8]) -> Vec<u8> {
    each_segment(path, <[u8]>::trim_ascii)
}

fn dots(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<&[u8]> = Vec::new();
    for segment in path.split(|b| *b == b'/').filter(|segment| !segment.is_empty() && *segment != b".") {
        if segment == b".." {
            out.pop();
        } else {
            out.push(segment);
        }
    }
    out.join(&b'/')
}

fn extension(path: &[u8]) -> Vec<u8> {
    let start = path.iter().rposition(|b| *b == b'/').map_or(0, |slash| slash + 1);
    let name = cut(&path[start..], b".");
    [&path[..start], name].concat()
}

fn prefetch(path: &[u8]) -> Vec<u8> {
    match path.windows(10).position(|window| window == b".segments/") {
        Some(end) => path[..end].to_vec(),
        None => path.to_vec(),
    }
}

fn next_data(path: &[u8]) -> Vec<u8> {
    path.strip_prefix(b"/_next/data/b/").unwrap_or(path).to_vec()
}

fn index(path: &[u8]) -> Vec<u8> {
    let start = path.iter().rposition(|b| *b == b'/').map_or(0, |slash| slash + 1);
    if cut(&path[start..], b".").eq_ignore_ascii_case(b"index") { path[..start].to_vec() } else { path.to_vec() }
}

/// Servers as they read paths in the field, from strict to everything at once.
const SERVERS: &[(&str, &[Step])] = &[
    ("literal", &[query]),
    ("Express", &[query, lower]),
    ("Fastify, Astro", &[query, decode]),
    ("decodes twice", &[query, decode, decode]),
    ("decodes first", &[decode, query]),
    ("nginx", &[query, decode, dots]),
    ("Tomcat, Spring", &[query, parameters, decode, backslash, dots]),
    ("Tomcat, Spring with suffix patterns", &[query, parameters, decode, dots, extension]),
    ("Shiro", &[query, decode, parameters, dots, trim]),
    ("IIS", &[query, decode, overlong, backslash, dots, windows_names, lower]),
    ("IIS, names first", &[query, decode, overlong, backslash, windows_names, dots, lower]),
    ("Next.js", &[query, decode, next_data, prefetch, extension]),
    ("Next.js, case", &[query, lower, next_data, prefetch, extension]),
    ("index files", &[query, decode, dots, index]),
    (
        "everything",
        &[
            query,
            decode,
            decode,
            decode,
            overlong,
            query,
            backslash,
            parameters,
            next_data,
            prefetch,
            dots,
            extension,
            windows_names,
            trim,
            dots,
            lower,
        ],
    ),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is let through without a token, no server in the field takes for something protected.
    #[test]
    fn no_server_reads_an_open_path_as_a_protected_one(path in paths()) {
        if open_but_for_three().decide(&Request { method: "GET", path: &path }, None).allow() {
            for (server, steps) in SERVERS {
                let read = steps.iter().fold(path.clone().into_bytes(), |path, step| step(&path));
                prop_assert!(!is_protected(&read), "{server} reads {path} as {}", String::from_utf8_lossy(&read));
            }
        }
    }

    /// Escapes and letter case, in any mixture, open nothing.
    #[test]
    fn no_spelling_of_a_protected_path_is_open(
        path in select(&["/admin", "/admin/secret", "/docs", "/x/secret"][..]),
        spellings in vec(0u8..6, 16),
    ) {
        let mut spelled = String::new();
        for (index, (c, spelling)) in path.chars().zip(spellings).enumerate() {
            match spelling {
                _ if index == 0 => spelled.push(c),
                0 => spelled.push_str(&format!("%{:02x}", c as u32)),
                1 => spelled.push_str(&format!("%{:02X}", c as u32)),
                2 => spelled.push_str(&format!("%25{:02x}", c as u32)),
                3 => spelled.push(c.to_ascii_uppercase()),
                _ => spelled.push(c),
            }
        }
        let decision = open_but_for_three().decide(&Request { method: "GET", path: &spelled }, None);
        prop_assert!(!decision.allow(), "{spelled}");
    }

    #[test]
    fn normalisation_is_idempotent_and_changes_no_decision(path in paths()) {
        if let Ok(once) = canonical(&path) {
            let twice = canonical(&once);
            prop_assert_eq!(twice.as_deref(), Ok(&*once));
            let policy = open_but_for_three();
            let ask = |path| policy.decide(&Request { method: "GET", path }, None);
            prop_assert_eq!(ask(&path), ask(&once));
        }
    }

    #[test]
    fn any_text_gets_a_decision(method in ".{0,8}", path in ".{0,64}") {
        let decision = open_but_for_three().decide(&Request { method: &method, path: &path }, None);
        prop_assert_eq!(decision.allow(), decision.status() == 200);
    }
}

#[test]
fn the_servers_do_read_protected_paths_in_these_pieces() {
    // The property above would hold for servers that read nothing as protected.
    for (server, path) in [
        ("Express", "/Admin"),
        ("Fastify, Astro", "/%61dmin"),
        ("decodes twice", "/%2561dmin"),
        ("nginx", "/x/%2e%2e/admin"),
        ("Tomcat, Spring", "/x/..;/admin"),
        ("Shiro", "/admin%3bx"),
        ("IIS", "/docs::$DATA"),
        ("IIS, names first", "/x/%c0%ae./Docs."),
        ("Next.js", "/_next/data/b/docs.json"),
        ("Next.js", "/docs.segments/x"),
        ("index files", "/docs/index.html"),
        ("everything", "/x%252f..;%5CDOCS%20.rsc"),
    ] {
        let steps = SERVERS.iter().find(|(name, _)| *name == server).unwrap().1;
        let read = steps.iter().fold(path.as_bytes().to_vec(), |path, step| step(&path));
        assert!(is_protected(&read), "{server} {path}: {}", String::from_utf8_lossy(&read));
    }
}
