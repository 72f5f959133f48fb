use super::*;
use crate::Action;
use crate::identity::{Part, Text};
use std::format;
use std::string::ToString;

pub(super) fn someone(role: &str, workspace: &str, actions: &[&str]) -> Identity {
    let mut identity = Identity::new();
    identity.add(Part::UserId, "u1");
    identity.add(Part::Role, role);
    if !workspace.is_empty() {
        identity.add(Part::Text(Text::WorkspaceId), workspace);
    }
    actions.iter().for_each(|action| identity.add(Part::Action, action));
    identity
}

pub(super) fn policy(rules: &[(&str, &str, Allow)]) -> Policy {
    let rules = rules.iter().map(|(method, path, allow)| Rule::new(method, path, allow.clone()).unwrap());
    Policy::new(RoleOrder::SENTINEL, rules).unwrap()
}

fn action(name: &str) -> Action {
    Action::new(name).unwrap()
}

pub(super) fn decide(policy: &Policy, method: &str, path: &str, identity: Option<&Identity>) -> Reason {
    policy.decide(&Request { method, path }, identity).reason()
}

#[test]
fn the_most_specific_rule_decides_in_any_order() {
    let rules = [
        ("*", "/**", Allow::authenticated()),
        ("GET", "/docs", Allow::public()),
        ("GET", "/docs/**", Allow::role("viewer")),
        ("GET", "/docs/:id", Allow::role("editor")),
        ("*", "/docs/:id", Allow::role("owner")),
        ("GET", "/docs/new", Allow::role("admin")),
        ("GET", "/:any/new", Allow::public()),
        ("GET", "/docs/:id/{part}", Allow::action(action("docs:part"))),
        ("GET", "/docs/:id/history", Allow::public()),
    ];
    let expected = [
        ("GET", "/", "* /**"),
        ("GET", "/x", "* /**"),
        ("GET", "/docs", "GET /docs"),
        ("HEAD", "/docs", "GET /docs"),
        ("POST", "/docs", "* /**"),
        ("GET", "/docs/7", "GET /docs/:id"),
        ("PUT", "/docs/7", "* /docs/:id"),
        ("GET", "/docs/new", "GET /docs/new"),
        ("PUT", "/docs/new", "* /docs/:id"),
        ("GET", "/wiki/new", "GET /:any/new"),
        ("GET", "/docs/7/x", "GET /docs/:id/{part}"),
        ("GET", "/docs/7/history", "GET /docs/:id/history"),
        ("GET", "/docs/7/x/y", "GET /docs/**"),
    ];
    for rotation in 0..rules.len() {
        let mut rotated = rules.clone();
        rotated.rotate_left(rotation);
        if rotation % 2 == 1 {
            rotated.reverse();
        }
        let policy = policy(&rotated);
        for (method, path, rule) in expected {
            let decision = policy.decide(&Request { method, path }, None);
            let decided = decision.rule().and_then(|number| policy.rule(number)).unwrap().describe();
            assert_eq!(decided, rule, "{method} {path}, rotation {rotation}");
        }
    }
}

#[test]
fn ties_are_refused() {
    for (one, other) in [
        (("GET", "/a"), ("GET", "/a")),
        (("GET", "/a/:x"), ("GET", "/a/{y}")),
        (("*", "/a/*"), ("*", "/a/**")),
        (("*", "/"), ("*", "/")),
    ] {
        let rules = [one, other].map(|(method, path)| Rule::new(method, path, Allow::public()).unwrap());
        let refused = Policy::new(RoleOrder::SENTINEL, rules).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ConfigurationInvalid, "{one:?} {other:?}");
    }
    let overlap = [&["GET", "POST"][..], &["POST", "PUT"]]
        .map(|methods| Rule::for_methods(methods, "/a", Allow::public()).unwrap());
    assert!(Policy::new(RoleOrder::SENTINEL, overlap).is_err());
    for (one, other) in [
        (("GET", "/a"), ("POST", "/a")),
        (("GET", "/a"), ("*", "/a")),
        (("GET", "/a"), ("GET", "/A")),
        (("GET", "/a/:x"), ("GET", "/:x/a")),
        (("GET", "/a"), ("GET", "/a/**")),
        (("GET", "/a/:x"), ("GET", "/a/**")),
        (("GET", "/"), ("GET", "/**")),
    ] {
        let rules = [one, other].map(|(method, path)| Rule::new(method, path, Allow::public()).unwrap());
        assert!(Policy::new(RoleOrder::SENTINEL, rules).is_ok(), "{one:?} {other:?}");
    }
}

#[test]
fn each_requirement_and_its_reasons() {
    let policy = policy(&[
        ("GET", "/public", Allow::public()),
        ("GET", "/me", Allow::authenticated()),
        ("GET", "/edit", Allow::role("editor")),
        ("GET", "/one", Allow::action(action("a:b"))),
        ("GET", "/all", Allow::all_actions([action("a:b"), action("c:d")])),
        ("GET", "/any", Allow::any_action([action("a:b"), action("c:d")])),
        ("GET", "/both", Allow::action(action("a:b")).and_role("editor")),
    ]);
    let (viewer, editor) = (someone("viewer", "w1", &["a:b"]), someone("editor", "w1", &["c:d"]));
    let admin = someone("admin", "w1", &["a:b", "c:d"]);
    let stranger = someone("root", "w1", &["*"]);
    use Reason::{ActionRequired, Authenticated, Public, Role, RoleRequired, Unauthenticated};
    for (path, nobody, v, e, a, s) in [
        ("/public", Public, Public, Public, Public, Public),
        ("/me", Unauthenticated, Authenticated, Authenticated, Authenticated, Authenticated),
        ("/edit", Unauthenticated, RoleRequired, Role, Role, RoleRequired),
        ("/one", Unauthenticated, Reason::Action, ActionRequired, Reason::Action, ActionRequired),
        ("/all", Unauthenticated, ActionRequired, ActionRequired, Reason::Action, ActionRequired),
        ("/any", Unauthenticated, Reason::Action, Reason::Action, Reason::Action, ActionRequired),
        ("/both", Unauthenticated, RoleRequired, ActionRequired, Reason::Action, RoleRequired),
    ] {
        for (identity, expected) in
            [(None, nobody), (Some(&viewer), v), (Some(&editor), e), (Some(&admin), a), (Some(&stranger), s)]
        {
            assert_eq!(decide(&policy, "GET", path, identity), expected, "{path} {identity:?}");
        }
    }
    assert_eq!(decide(&policy, "GET", "/nowhere", Some(&admin)), Reason::NoRule);
    assert_eq!(decide(&policy, "POST", "/me", Some(&admin)), Reason::NoRule);
    assert_eq!(policy.decide(&Request { method: "GET", path: "/nowhere" }, None).status(), 403);
}

#[test]
fn workspaces_of_the_deployment_and_of_the_rule_must_both_allow() {
    let rules = [
        Rule::new("GET", "/health", Allow::public()).unwrap(),
        Rule::new("GET", "/notes", Allow::authenticated()).unwrap(),
        Rule::new("GET", "/beta", Allow::role("viewer")).unwrap().workspaces(["w2", "w3"]).unwrap(),
        Rule::new("GET", "/closed", Allow::authenticated()).unwrap().workspaces::<&str>([]).unwrap(),
    ];
    let policy = Policy::new(RoleOrder::SENTINEL, rules).unwrap().with_allowed_workspaces(["w1", "w2"]).unwrap();
    use Reason::{Authenticated, Public, Role, WorkspaceNotAllowed};
    for (workspace, notes, beta) in [
        ("w1", Authenticated, WorkspaceNotAllowed),
        ("w2", Authenticated, Role),
        ("w3", WorkspaceNotAllowed, WorkspaceNotAllowed),
        ("W1", WorkspaceNotAllowed, WorkspaceNotAllowed),
    ] {
        let owner = someone("owner", workspace, &[]);
        assert_eq!(decide(&policy, "GET", "/notes", Some(&owner)), notes, "{workspace}");
        assert_eq!(decide(&policy, "GET", "/beta", Some(&owner)), beta, "{workspace}");
        assert_eq!(decide(&policy, "GET", "/closed", Some(&owner)), WorkspaceNotAllowed);
        assert_eq!(decide(&policy, "GET", "/health", Some(&owner)), Public);
    }
    let homeless = someone("owner", "", &[]);
    assert_eq!(decide(&policy, "GET", "/notes", Some(&homeless)), WorkspaceNotAllowed);
}

#[test]
fn a_trailing_slash_and_an_index_must_be_allowed_in_both_readings() {
    let policy = policy(&[
        ("GET", "/", Allow::authenticated()),
        ("GET", "/docs", Allow::public()),
        ("GET", "/docs/**", Allow::role("editor")),
        ("GET", "/blog", Allow::public()),
        ("GET", "/blog/:post", Allow::public()),
        ("GET", "/team", Allow::role("admin")),
        ("GET", "/team/**", Allow::public()),
        ("GET", "/shop", Allow::role("admin")),
        ("GET", "/shop/:file", Allow::public()),
        ("GET", "/home/index.html", Allow::public()),
        ("GET", "/home", Allow::role("admin")),
        ("GET", "/:file", Allow::public()),
    ]);
    let (viewer, admin) = (someone("viewer", "w", &[]), someone("admin", "w", &[]));
    use Reason::{Public, Role, RoleRequired, Unauthenticated};
    for (path, nobody, v, a) in [
        ("/docs", Public, Public, Public),
        ("/docs/", Unauthenticated, RoleRequired, Role),
        ("/blog/", Public, Public, Public),
        ("/team/", Unauthenticated, RoleRequired, Role),
        ("/team/x/", Public, Public, Public),
        ("/shop/index.html", Unauthenticated, RoleRequired, Role),
        ("/shop/Index", Unauthenticated, RoleRequired, Role),
        ("/shop/.json", Unauthenticated, RoleRequired, Role),
        ("/shop/indexes", Public, Public, Public),
        ("/home/index.html", Public, Public, Public),
        ("/index.html", Unauthenticated, Public, Public),
        ("/index.rsc", Unauthenticated, Public, Public),
    ] {
        let found = [None, Some(&viewer), Some(&admin)].map(|identity| decide(&policy, "GET", path, identity));
        let expected = if path.starts_with("/index") {
            [nobody, Reason::Authenticated, Reason::Authenticated]
        } else {
            [nobody, v, a]
        };
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn what_resembles_a_stricter_path_is_refused_and_what_does_not_is_free() {
    let policy = policy(&[
        ("GET", "/health", Allow::public()),
        ("GET", "/users/@me", Allow::role("admin")),
        ("GET", "/users/:name", Allow::public()),
        ("GET", "/docs", Allow::role("editor")),
        ("GET", "/docs.txt", Allow::public()),
        ("POST", "/drafts", Allow::role("editor")),
        ("GET", "/:page", Allow::public()),
        ("GET", "/**", Allow::role("admin")),
    ]);
    for path in
        ["/DOCS", "/docs.json", "/docs.rsc", "/docs:x", "/docs%20x", "/docs,x", "/docs%C2%A0", "/Docs", "/users/%40me"]
    {
        assert_eq!(decide(&policy, "GET", path, None), Reason::PathRefused, "{path}");
    }
    for path in
        ["/docs-intro", "/docs_2", "/docsx", "/doc", "/health.json", "/HEALTH", "/docs.txt", "/drafts.txt", "/users/me"]
    {
        assert_eq!(decide(&policy, "GET", path, None), Reason::Public, "{path}");
    }
    let owner = someone("owner", "w", &[]);
    assert_eq!(decide(&policy, "GET", "/docs.json", Some(&owner)), Reason::PathRefused, "whoever asks");
}

#[test]
fn methods() {
    let policy = policy(&[
        ("*", "/any", Allow::public()),
        ("GET", "/get", Allow::public()),
        ("POST", "/post", Allow::public()),
        ("OPTIONS", "/**", Allow::public()),
    ]);
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert_eq!(decide(&policy, method, "/any", None), Reason::Public, "{method}");
        let get = if matches!(method, "GET" | "HEAD" | "OPTIONS") { Reason::Public } else { Reason::NoRule };
        assert_eq!(decide(&policy, method, "/get", None), get, "{method}");
    }
    assert_eq!(decide(&policy, "HEAD", "/post", None), Reason::NoRule);
    for method in
        ["get", "Get", "TRACE", "CONNECT", "TRACK", "PROPFIND", "QUERY", "", "GET ", "GET\0", "*", "GET,POST", "ＧＥＴ"]
    {
        assert_eq!(decide(&policy, method, "/any", None), Reason::MethodRefused, "{method:?}");
        if method != "*" {
            assert!(Rule::new(method, "/", Allow::public()).is_err(), "{method:?}");
        }
    }
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    for pattern in [
        "",
        "docs",
        "//",
        "/docs/",
        "/a//b",
        "/.",
        "/..",
        "/a/../b",
        "/a/./b",
        "/a.",
        "/%61",
        "/a%20b",
        "/a b",
        "/é",
        "/a;b",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/**/a",
        "/*/a",
        "/a*",
        "/*a",
        "/***",
        "/:",
        "/{}",
        "/{id",
        "/:id?",
        "/:id+",
        "/:id*",
        "/:id(\\d+)",
        "/{*rest}",
        "/{id:int}",
        "/:9",
        "/((?!api).*)",
        "/[id]",
        "/a\n",
        "/\0",
        "/<id>",
        "https://x/a",
        "*",
    ] {
        assert!(Rule::new("GET", pattern, Allow::public()).is_err(), "{pattern:?}");
    }
    for pattern in [
        "/",
        "/**",
        "/*",
        "/a",
        "/:id",
        "/{id}",
        "/.well-known/jwks.json",
        "/v1/items:batch",
        "/@me",
        "/a/:b/**",
        "/~u",
        "/c++",
    ] {
        assert!(Rule::new("GET", pattern, Allow::public()).is_ok(), "{pattern:?}");
    }
    let longest = format!("/{}", "a/".repeat(PATTERN_SEGMENTS)).trim_end_matches('/').to_string();
    assert!(Rule::new("GET", &longest, Allow::public()).is_ok());
    assert!(Rule::new("GET", &(longest + "/a"), Allow::public()).is_err());
    assert!(Rule::new("GET", &format!("/{}", "a".repeat(PATTERN_BYTES)), Allow::public()).is_err());

    assert!(Rule::new("GET", "/", Allow::all_actions([])).is_err(), "all of none would ask for nothing");
    assert!(Rule::new("GET", "/", Allow::any_action([])).is_err());
    assert!(Rule::new("GET", "/", Allow::any_action((0..=RULE_ACTIONS).map(|_| action("a")))).is_err());
    assert!(Rule::for_methods::<&str>(&[], "/", Allow::public()).is_err());
    assert!(Rule::new("GET", "/", Allow::public()).unwrap().workspaces(["w"]).is_err());
    assert!(Rule::new("GET", "/", Allow::authenticated()).unwrap().workspaces([""]).is_err());
    let unknown_role = Rule::new("GET", "/", Allow::role("analyst")).unwrap();
    assert!(Policy::new(RoleOrder::SENTINEL, [unknown_role.clone()]).is_err());
    assert!(Policy::new(RoleOrder::TENANT, [unknown_role]).is_ok());
    let many = |count| (0..count).map(|n| Rule::new("GET", &format!("/r{n}"), Allow::public()).unwrap());
    assert!(Policy::new(RoleOrder::SENTINEL, many(RULES)).is_ok());
    assert!(Policy::new(RoleOrder::SENTINEL, many(RULES + 1)).is_err());
}

#[test]
fn deep_patterns_keep_their_precedence() {
    let deep = "/a".repeat(PATTERN_SEGMENTS - 1);
    let policy = policy(&[
        ("GET", &format!("{deep}/**"), Allow::role("viewer")),
        ("GET", &format!("{deep}/:x"), Allow::role("editor")),
        ("GET", &format!("{deep}/b"), Allow::role("admin")),
        ("GET", &deep, Allow::role("owner")),
    ]);
    for (path, role) in [("", "owner"), ("/b", "admin"), ("/c", "editor"), ("/c/d", "viewer")] {
        let decision = policy.decide(&Request { method: "GET", path: &format!("{deep}{path}") }, None);
        assert!(policy.explain(&decision).contains(role), "{path}: {}", policy.explain(&decision));
    }
}

#[test]
fn revocation_is_asked_exactly_where_an_identity_matters() {
    struct Revoked(Result<bool, Error>);
    impl Revocations for Revoked {
        fn is_revoked(&self, _: &Identity, _: &str) -> Result<bool, Error> {
            self.0
        }
        fn sessions_invalidated_at(&self, _: &Identity) -> Result<Option<i64>, Error> {
            Ok(None)
        }
    }
    let policy = policy(&[
        ("GET", "/health", Allow::public()),
        ("GET", "/docs", Allow::public()),
        ("GET", "/docs/**", Allow::role("viewer")),
        ("GET", "/me", Allow::authenticated()),
        ("GET", "/admin", Allow::role("admin")),
    ]);
    let mut viewer = someone("viewer", "w", &[]);
    viewer.add(Part::Text(Text::JwtId), "t1");
    let ask = |path, identity, known: Result<bool, Error>| {
        let decision = policy.decide_unless_revoked(&Request { method: "GET", path }, identity, &Revoked(known));
        decision.map(|decision| decision.reason())
    };
    let down = Err(Error::new(ErrorCode::Unavailable));
    for known in [Ok(true), down] {
        assert_eq!(ask("/health", Some(&viewer), known), Ok(Reason::Public));
        assert_eq!(ask("/nowhere", Some(&viewer), known), Ok(Reason::NoRule));
        assert_eq!(ask("/me", None, known), Ok(Reason::Unauthenticated));
    }
    for path in ["/me", "/admin", "/docs/"] {
        assert_eq!(ask(path, Some(&viewer), Ok(true)), Ok(Reason::Revoked), "{path}");
        assert_eq!(ask(path, Some(&viewer), down).map_err(|error| error.code()), Err(ErrorCode::Unavailable), "{path}");
    }
    assert_eq!(ask("/me", Some(&viewer), Ok(false)), Ok(Reason::Authenticated));
    let without_id = someone("viewer", "w", &[]);
    assert_eq!(ask("/me", Some(&without_id), Ok(false)), Ok(Reason::Revoked), "no jti: it could not be revoked");
}

#[test]
fn explanations_name_the_rule_and_nothing_of_the_request() {
    let policy = policy(&[
        ("GET", "/docs/:id", Allow::any_action([action("a:b"), action("c:d")]).and_role("editor")),
        ("*", "/x", Allow::public()),
    ]);
    let explain = |path| policy.explain(&policy.decide(&Request { method: "GET", path }, None));
    assert_eq!(
        explain("/docs/secret"),
        "the route asks for an identity (GET /docs/:id, role editor, any action of a:b c:d)"
    );
    assert_eq!(explain("/x"), "the route is public (* /x)");
    assert_eq!(explain("/y"), "no rule names the route");
    assert_eq!(explain("/a//b"), "the path has an empty segment (//)");
    let several = Rule::for_methods(&["PUT", "POST"], "/a", Allow::public()).unwrap();
    assert_eq!(several.describe(), "POST,PUT /a");
}

#[test]
fn canonical_text() {
    assert_eq!(
        canonical("/caf%c3%a9/%e2%82%ac?").unwrap_err(),
        "the path has a query or a fragment: pass the path alone"
    );
    assert_eq!(canonical("/caf%c3%a9/a%40b/").unwrap(), "/caf%C3%A9/a%40b/");
    assert!(matches!(canonical("/plain/"), Ok(alloc::borrow::Cow::Borrowed("/plain/"))));
    assert_eq!(canonical("/").unwrap(), "/");
    assert!(canonical(&format!("/{}", "a".repeat(PATH_BYTES))).is_err());
    assert!(canonical(&format!("/{}", "a".repeat(PATH_BYTES - 1))).is_ok());
}
