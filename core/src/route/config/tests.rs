use super::*;
use crate::route::tests::{decide, someone};
use crate::{Limits, Reason, jose::json};
use std::format;

#[test]
fn reads_configurations() {
    let read = |text: &str| Policy::from_json(json::parse(text.as_bytes(), &Limits::DEFAULT).unwrap());
    let policy = read(
        r#"{"issuer": "the caller's", "profile": "tenant", "allowedWorkspaces": ["t1"], "rules": [
            {"method": "GET", "path": "/a", "allow": "public"},
            {"method": ["GET", "POST"], "path": "/b", "allow": "authenticated"},
            {"method": "*", "path": "/c/:id", "allow": {"role": "analyst"}, "workspaces": ["t1", "t2"]},
            {"method": "GET", "path": "/d", "allow": {"action": "a:b"}},
            {"method": "GET", "path": "/e", "allow": {"allActions": ["a:b", "c:d"]}},
            {"method": "GET", "path": "/f", "allow": {"anyAction": ["a:b", "c:d"], "role": "viewer"}}]}"#,
    )
    .unwrap();
    assert_eq!((policy.profile(), policy.roles()), (&ClaimsProfile::TENANT, &RoleOrder::TENANT));
    let analyst = someone("analyst", "t1", &["c:d"]);
    for (method, path, reason) in [
        ("GET", "/a", Reason::Public),
        ("POST", "/b", Reason::Authenticated),
        ("DELETE", "/c/1", Reason::Role),
        ("GET", "/d", Reason::ActionRequired),
        ("GET", "/e", Reason::ActionRequired),
        ("GET", "/f", Reason::Action),
    ] {
        assert_eq!(decide(&policy, method, path, Some(&analyst)), reason, "{path}");
    }
    assert_eq!(decide(&policy, "GET", "/f", Some(&someone("analyst", "t2", &["c:d"]))), Reason::WorkspaceNotAllowed);
    let own =
        read(r#"{"roleOrder": ["guest", "host"], "rules": [{"method":"GET","path":"/","allow":{"role":"host"}}]}"#);
    assert!(decide(&own.unwrap(), "GET", "/", Some(&someone("host", "w", &[]))).allows());
    let empty = read("{}").unwrap();
    assert_eq!((empty.profile(), decide(&empty, "GET", "/", None)), (&ClaimsProfile::SENTINEL, Reason::NoRule));
}

#[test]
fn refuses_configurations_that_it_does_not_understand() {
    let rule = |rule: &str| format!(r#"{{"rules": [{rule}]}}"#);
    for text in [
        "[]".into(),
        "null".into(),
        r#"{"rules": {}}"#.into(),
        r#"{"rules": null}"#.into(),
        r#"{"roleOrder": null}"#.into(),
        r#"{"profile": "Sentinel"}"#.into(),
        r#"{"profile": {"unknown": "x"}}"#.into(),
        r#"{"profile": {"role": []}}"#.into(),
        r#"{"profile": {"role": [1]}}"#.into(),
        r#"{"profile": null}"#.into(),
        r#"{"allowedWorkspaces": "w1"}"#.into(),
        r#"{"allowedWorkspaces": [""]}"#.into(),
        r#"{"allowedWorkspaces": null}"#.into(),
        rule("null"),
        rule(r#"{"path": "/", "allow": "public"}"#),
        rule(r#"{"method": "GET", "allow": "public"}"#),
        rule(r#"{"method": "GET", "path": "/"}"#),
        rule(r#"{"method": [], "path": "/", "allow": "public"}"#),
        rule(r#"{"method": "get", "path": "/", "allow": "public"}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": "Public"}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": true}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"role": null}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"role": "unknown"}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"action": ["a"]}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"action": "A"}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"allActions": []}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"anyAction": []}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"action": "a", "anyAction": ["b"]}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": {"relation": "viewer"}}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": "public", "workspaces": ["w"]}"#),
        rule(r#"{"method": "GET", "path": "/", "allow": "authenticated", "workspace": ["w"]}"#),
        rule(r#"{"method": "GET", "path": "/a/", "allow": "public"}"#),
    ] {
        let refused = Policy::from_json(json::parse(text.as_bytes(), &Limits::DEFAULT).unwrap()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ConfigurationInvalid, "{text}");
    }
}

/// The guides' examples are configurations, not prose.
#[test]
fn the_guides_examples_are_valid() {
    for guide in [include_str!("../../../../docs/guide/routes.md"), include_str!("../../../../docs/guide/profiles.md")]
    {
        let (_, rest) = guide.split_once("```json\n").unwrap();
        let (example, _) = rest.split_once("```").unwrap();
        Policy::from_json(json::parse(example.as_bytes(), &Limits::DEFAULT).unwrap()).unwrap();
    }
    let rules = ["/docs/new", "/docs/:id", "/docs/**", "/:any/new"];
    let rules = rules.map(|path| Rule::new("GET", path, Allow::public()).unwrap());
    let policy = Policy::new(RoleOrder::SENTINEL, rules.iter().rev().cloned()).unwrap();
    for (number, rule) in (0..).zip(&rules) {
        assert_eq!(policy.rule(number), Some(rule), "the guide's order");
    }
}
