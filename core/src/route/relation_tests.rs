//! Rules with a relation: what is asked for, and what no path can make of it.

use super::tests::{policy, someone};
use super::*;
use crate::identity::Part;
use crate::{Action, Limits, jose::json};
use proptest::prelude::*;
use std::format;
use std::string::ToString;
use std::vec;

fn notes() -> Policy {
    policy(&[
        ("GET", "/notes/:id", Allow::relation("viewer", "note:{id}")),
        ("PUT", "/notes/{id}", Allow::relation("editor", "note:{id}").and_role("editor")),
        (
            "DELETE",
            "/notes/:id",
            Allow::action(Action::new("notes:delete").unwrap()).and_relation("owner", "note:{id}"),
        ),
        ("GET", "/teams/:team/notes/:note", Allow::relation("viewer", "resource:notes/{team}/{note}")),
        ("GET", "/budget", Allow::relation("viewer", "document:budget")),
        ("GET", "/files/:file/**", Allow::relation("reader", "file:{file}")),
    ])
}

/// What a request asks for, and the decision where every relation is there.
fn asked(policy: &Policy, method: &str, path: &str) -> (Vec<String>, Decision) {
    let mut questions = vec![];
    let owner = someone("owner", "w1", &["notes:delete"]);
    let decision = policy.decide_with(&Request { method, path }, Some(&owner), &mut |relation, object| {
        questions.push(format!("{object}#{relation}"));
        Ok(true)
    });
    (questions, decision.unwrap())
}

#[test]
fn asks_for_the_relation_to_what_the_path_names() {
    let policy = notes();
    for (method, path, question) in [
        ("GET", "/notes/7", "note:7#viewer"),
        ("HEAD", "/notes/7", "note:7#viewer"),
        ("GET", "/notes/7/", "note:7#viewer"),
        ("PUT", "/notes/a-b_c.d~e", "note:a-b_c.d~e#editor"),
        ("DELETE", "/notes/7", "note:7#owner"),
        ("GET", "/notes/a@example.com", "note:a@example.com#viewer"),
        ("GET", "/notes/a%40example.com", "note:a@example.com#viewer"),
        ("GET", "/notes/caf%C3%A9", "note:café#viewer"),
        ("GET", "/notes/100%25", "note:100%#viewer"),
        ("GET", "/notes/a+b", "note:a+b#viewer"),
        ("GET", "/notes/a%7Cb", "note:a|b#viewer"),
        ("GET", "/teams/red/notes/7", "resource:notes/red/7#viewer"),
        ("GET", "/budget", "document:budget#viewer"),
        ("GET", "/files/f1", "file:f1#reader"),
        ("GET", "/files/f1/a/b", "file:f1#reader"),
        ("GET", "/files/f1/a/", "file:f1#reader"),
    ] {
        let (questions, decision) = asked(&policy, method, path);
        assert_eq!((decision.reason(), decision.status()), (Reason::Relation, 200), "{path}");
        assert!(!questions.is_empty() && questions.iter().all(|asked| asked == question), "{path}: {questions:?}");
    }
}

#[test]
fn everything_else_that_is_asked_for_comes_first() {
    let policy = notes();
    let viewer = someone("viewer", "w1", &[]);
    let mut never = |_: &str, _: &str| -> Result<bool, Error> { panic!("asked for a relation") };
    for (method, path, identity, reason) in [
        ("GET", "/notes/7", None, Reason::Unauthenticated),
        ("PUT", "/notes/7", Some(&viewer), Reason::RoleRequired),
        ("DELETE", "/notes/7", Some(&viewer), Reason::ActionRequired),
        ("POST", "/notes/7", Some(&viewer), Reason::NoRule),
        ("GET", "/notes//7", Some(&viewer), Reason::PathRefused),
        ("get", "/notes/7", Some(&viewer), Reason::MethodRefused),
    ] {
        let decision = policy.decide_with(&Request { method, path }, identity, &mut never).unwrap();
        assert_eq!(decision.reason(), reason, "{method} {path}");
    }
    let elsewhere = notes().with_allowed_workspaces(["w2"]).unwrap();
    let request = Request { method: "GET", path: "/notes/7" };
    assert_eq!(
        elsewhere.decide_with(&request, Some(&viewer), &mut never).unwrap().reason(),
        Reason::WorkspaceNotAllowed
    );
}

#[test]
fn only_a_yes_allows() {
    let policy = notes();
    let (viewer, request) = (someone("viewer", "w1", &[]), Request { method: "GET", path: "/notes/7" });
    let no = policy.decide_with(&request, Some(&viewer), &mut |_, _| Ok(false)).unwrap();
    assert_eq!((no.reason(), no.status(), no.allow()), (Reason::RelationRequired, 403, false));
    assert_eq!(
        policy.explain(&no),
        "the caller lacks the relation to the resource (GET /notes/:id, relation viewer to note:{id})"
    );
    for code in [ErrorCode::BundleStale, ErrorCode::Undecided, ErrorCode::BudgetExceeded, ErrorCode::Unavailable] {
        let failed = policy.decide_with(&request, Some(&viewer), &mut |_, _| Err(code.into()));
        assert_eq!(failed.map_err(|error| error.code()), Err(code));
    }
    // Where no relation can be asked for.
    let without = policy.decide(&request, Some(&viewer));
    assert_eq!((without.reason(), without.rule().is_some()), (Reason::RelationRequired, true));
    assert!(policy.explain(&without).starts_with("there are no relations here to ask"));
    assert_eq!(policy.decide(&request, None).reason(), Reason::Unauthenticated);
}

#[test]
fn both_readings_of_a_path_must_be_allowed() {
    let policy = policy(&[
        ("GET", "/notes/:id", Allow::relation("viewer", "note:{id}")),
        ("GET", "/notes/:id/:page", Allow::relation("viewer", "page:{id}/{page}")),
        ("GET", "/files/:file", Allow::relation("reader", "file:{file}")),
        ("GET", "/files/:file/**", Allow::relation("reader", "below:{file}")),
    ]);
    for (path, readings) in [
        ("/notes/7/index.html", &["page:7/index.html#viewer", "note:7#viewer"][..]),
        ("/notes/7/x", &["page:7/x#viewer"]),
        ("/files/f/", &["file:f#reader", "below:f#reader"]),
        ("/files/f", &["file:f#reader"]),
    ] {
        assert_eq!(asked(&policy, "GET", path).0, readings, "{path}");
        let (owner, request) = (someone("owner", "w1", &[]), Request { method: "GET", path });
        for lacking in readings {
            let one_lacks = &mut |relation: &str, object: &str| Ok(format!("{object}#{relation}") != *lacking);
            let decision = policy.decide_with(&request, Some(&owner), one_lacks).unwrap();
            assert_eq!(decision.reason(), Reason::RelationRequired, "{path} without {lacking}");
            let one_fails = &mut |relation: &str, object: &str| match format!("{object}#{relation}") == *lacking {
                true => Err(ErrorCode::Undecided.into()),
                false => Ok(true),
            };
            assert!(policy.decide_with(&request, Some(&owner), one_fails).is_err(), "{path} without {lacking}");
        }
    }
}

#[test]
fn no_path_asks_for_another_object_than_it_names() {
    let policy = notes();
    for path in [
        "/notes/*",
        "/notes/%2A",
        "/notes/%2a",
        "/notes/a*",
        "/notes/a:b",
        "/notes/a%3Ab",
        "/notes/a%3ab",
        "/notes/note:7",
        "/notes/7%23viewer",
        "/notes/7%23owner@user:eve",
        "/notes/group:eng%23member",
        "/notes/a%20b",
        "/notes/a%09b",
        "/notes/a%00b",
        "/notes/7%0a",
        "/notes/7%7F",
        "/notes/%C2%85",
        "/notes/7%2F8",
        "/notes/7%2f..%2f8",
        "/notes/%2e%2e",
        "/notes/..",
        "/notes/7;x=1",
        "/notes/7%3Bx",
        "/notes/%",
        "/notes/%2",
        "/notes/%zz",
        "/notes/%2537",
        "/notes/%37",
        "/notes/%ff",
        "/notes/%c0%af",
        "/notes/%ed%a0%80",
        "/notes//",
        "/notes/ ",
        "/teams/*/notes/7",
        "/teams/red%2Fx/notes/7",
        "/teams/red:x/notes/7",
        "/teams//notes/7",
        "/files/*/x",
        "/files/*/",
    ] {
        let (questions, decision) = asked(&policy, "GET", path);
        assert!(!decision.allow() && questions.is_empty(), "{path} asks for {questions:?}");
        assert!(matches!(decision.reason(), Reason::RelationRequired | Reason::PathRefused | Reason::NoRule), "{path}");
    }
    // As long as an object may be, and a byte more; escapes count as what they stand for.
    let id = "a".repeat(relation::OBJECT_BYTES - "note:".len());
    assert!(asked(&policy, "GET", &format!("/notes/{id}")).1.allow());
    assert!(!asked(&policy, "GET", &format!("/notes/{id}b")).1.allow());
    let id = "%40".repeat(relation::OBJECT_BYTES - "note:".len());
    assert!(asked(&policy, "GET", &format!("/notes/{id}")).1.allow());
    assert!(!asked(&policy, "GET", &format!("/notes/{id}%40")).1.allow());
}

#[test]
fn nobody_is_asked_about_whose_id_means_others() {
    let policy = notes();
    let request = Request { method: "GET", path: "/notes/7" };
    for id in ["*", "a*", "eng#member", "group:eng", "a b", "a\n", "a\u{85}", "\u{7f}"] {
        let mut identity = Identity::new();
        identity.add(Part::UserId, id);
        let mut questions = 0;
        let decision = policy.decide_with(&request, Some(&identity), &mut |_, _| {
            questions += 1;
            Ok(true)
        });
        assert_eq!((decision.unwrap().reason(), questions), (Reason::RelationRequired, 0), "{id:?}");
        assert_eq!(identity.as_user(), None, "{id:?}");
    }
    assert_eq!(someone("viewer", "w", &[]).as_user().as_deref(), Some("user:u1"));
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    for (path, relation, object) in [
        ("/notes/:id", "", "note:{id}"),
        ("/notes/:id", "a b", "note:{id}"),
        ("/notes/:id", "a#b", "note:{id}"),
        ("/notes/:id", "a:b", "note:{id}"),
        ("/notes/:id", "a@b", "note:{id}"),
        ("/notes/:id", "viewer", ""),
        ("/notes/:id", "viewer", "note"),
        ("/notes/:id", "viewer", "note:"),
        ("/notes/:id", "viewer", ":{id}"),
        ("/notes/:id", "viewer", "{id}"),
        ("/notes/:id", "viewer", "{id}:7"),
        ("/notes/:id", "viewer", "no{id}te:7"),
        ("/notes/:id", "viewer", "note:*"),
        ("/notes/:id", "viewer", "note:{id}#viewer"),
        ("/notes/:id", "viewer", "note:a:{id}"),
        ("/notes/:id", "viewer", "note::id"),
        ("/notes/:id", "viewer", "note:{id"),
        ("/notes/:id", "viewer", "note:id}"),
        ("/notes/:id", "viewer", "note:{{id}}"),
        ("/notes/:id", "viewer", "note:{}"),
        ("/notes/:id", "viewer", "note:{ID}"),
        ("/notes/:id", "viewer", "note:{other}"),
        ("/notes/:id", "viewer", "note:{id} x"),
        ("/notes/:id", "viewer", "note:\u{85}{id}"),
        ("/notes/**", "viewer", "note:{**}"),
        ("/notes/:id/parts/:id", "viewer", "note:{id}"),
        ("/a/:a/:b", "viewer", "note:{a}{b}"),
        ("/a/:a/:b", "viewer", "note:{a}x{b}"),
        ("/a/:a/:b", "viewer", "note:{a}é{b}"),
    ] {
        let refused = Rule::new("GET", path, Allow::relation(relation, object)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ConfigurationInvalid, "{path} {relation} {object}");
    }
    let long = |length| format!("note:{}", "x".repeat(length));
    assert!(Rule::new("GET", "/", Allow::relation("viewer", &long(251))).is_ok());
    assert!(Rule::new("GET", "/", Allow::relation("viewer", &long(252))).is_err());
    assert!(Rule::new("GET", "/", Allow::relation(&"r".repeat(50), "note:1")).is_ok());
    assert!(Rule::new("GET", "/", Allow::relation(&"r".repeat(51), "note:1")).is_err());
    for object in ["note:{a}", "note:{a}/{b}", "note:x-{b}-{a}-y", "note:{a}|{b}", "note:{a}/{a}"] {
        assert!(Rule::new("GET", "/a/:a/{b}", Allow::relation("viewer", object)).is_ok(), "{object}");
    }
}

#[test]
fn configurations_say_both_or_neither() {
    let read = |allow: &str| {
        let text = format!(r#"{{"rules": [{{"method": "GET", "path": "/notes/:id", "allow": {allow}}}]}}"#);
        Policy::from_json(json::parse(text.as_bytes(), &Limits::DEFAULT).unwrap())
    };
    for allow in [
        r#"{"relation": "viewer", "object": "note:{id}"}"#,
        r#"{"object": "note:{id}", "relation": "viewer", "role": "editor"}"#,
        r#"{"relation": "viewer", "object": "note:{id}", "anyAction": ["a:b"]}"#,
    ] {
        let policy = read(allow).unwrap();
        let editor = someone("editor", "w1", &["a:b"]);
        let request = Request { method: "GET", path: "/notes/7" };
        for (has, reason) in [(true, Reason::Relation), (false, Reason::RelationRequired)] {
            let relations = &mut |relation: &str, object: &str| Ok(has && (relation, object) == ("viewer", "note:7"));
            assert_eq!(policy.decide_with(&request, Some(&editor), relations).unwrap().reason(), reason, "{allow}");
        }
    }
    for allow in [
        r#"{"relation": "viewer"}"#,
        r#"{"object": "note:{id}"}"#,
        r#"{"relation": "viewer", "role": "editor"}"#,
        r#"{"relation": ["viewer"], "object": "note:{id}"}"#,
        r#"{"relation": "viewer", "object": null}"#,
        r#"{"relation": "viewer", "object": "note:{note}"}"#,
        r#"{"relation": "viewer", "object": "note:{id}", "user": "user:anne"}"#,
    ] {
        assert_eq!(read(allow).unwrap_err().code(), ErrorCode::ConfigurationInvalid, "{allow}");
    }
}

/// What a server that routes by segments hands to its application: each decoded once.
fn parameters(path: &str) -> Vec<String> {
    path.split('/')
        .map(|segment| {
            let mut out = vec![];
            let mut rest = segment.as_bytes();
            while let Some((first, tail)) = rest.split_first() {
                match (first, tail) {
                    (b'%', [high, low, after @ ..]) => {
                        let digits = [*high, *low];
                        out.push(u8::from_str_radix(core::str::from_utf8(&digits).unwrap(), 16).unwrap());
                        rest = after;
                    }
                    _ => {
                        out.push(*first);
                        rest = tail;
                    }
                }
            }
            String::from_utf8(out).unwrap()
        })
        .collect()
}

fn segment() -> impl Strategy<Value = String> {
    let pieces: &[&str] = &[
        "a",
        "b",
        "7",
        "-",
        "_",
        ".",
        "~",
        ":",
        "%3A",
        "%3a",
        "#",
        "%23",
        "*",
        "%2A",
        "/",
        "%2F",
        "%2f",
        "@",
        "%40",
        "|",
        "%7C",
        "+",
        "%25",
        "%20",
        " ",
        "%C3%A9",
        "%c3%a9",
        "é",
        "%00",
        "%0a",
        "%",
        "!",
        "$",
        "note",
        "user",
        "..",
        "{id}",
        "%7Bid%7D",
        "%C2%85",
        "%E2%80%A8",
        "%F0%9F%94%91",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is asked for is one object of the rule's own type, with exactly the id that the application gets.
    #[test]
    fn what_is_asked_for_is_what_the_application_gets(id in segment()) {
        let path = format!("/notes/{id}");
        let (questions, decision) = asked(&notes(), "GET", &path);
        prop_assert_eq!(decision.allow(), !questions.is_empty());
        for question in questions {
            let object = question.strip_suffix("#viewer").unwrap();
            let own = parameters(path.trim_end_matches('/')).pop().unwrap();
            prop_assert_eq!(object, format!("note:{own}"));
            #[cfg(feature = "engine")]
            {
                use crate::policy::tuple::ObjectRef;
                prop_assert_eq!(ObjectRef::parse(object), Ok(ObjectRef { type_name: "note", id: &own }));
            }
        }
    }

    /// No two pairs of parameters are one object.
    #[test]
    fn parameters_cannot_be_shifted(one in (segment(), segment()), other in (segment(), segment()), mark in "[-_.~|@+!$/,]") {
        let object = format!("doc:{{a}}{mark}{{b}}");
        let policy = policy(&[("GET", "/:a/:b", Allow::relation("viewer", &object))]);
        let [one, other] = [one, other].map(|(a, b)| {
            let path = format!("/{a}/{b}");
            (asked(&policy, "GET", &path).0.first().map(ToString::to_string), path)
        });
        if let (Some(first), Some(second)) = (&one.0, &other.0) {
            let same = parameters(one.1.trim_end_matches('/')) == parameters(other.1.trim_end_matches('/'));
            prop_assert_eq!(first == second, same, "{} {}", one.1, other.1);
        }
    }

    /// Any text gets a decision, and whoever says no to everything lets nothing in.
    #[test]
    fn a_no_opens_nothing(any in ".{0,64}", id in segment()) {
        let owner = someone("owner", "w1", &["notes:delete"]);
        for path in [any, format!("/notes/{id}"), format!("/files/{id}/"), format!("/teams/{id}/notes/{id}")] {
            for method in ["GET", "PUT", "DELETE"] {
                let request = Request { method, path: &path };
                prop_assert!(!notes().decide_with(&request, Some(&owner), &mut |_, _| Ok(false)).unwrap().allow());
                prop_assert!(!notes().decide(&request, Some(&owner)).allow());
                let failed = notes().decide_with(&request, Some(&owner), &mut |_, _| Err(ErrorCode::Undecided.into()));
                prop_assert!(!failed.is_ok_and(|decision| decision.allow()));
            }
        }
    }
}
