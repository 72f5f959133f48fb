//! Rules with actions where the token carries none: what is asked for, and that only a yes allows.

use super::tests::{policy, someone};
use super::*;
use crate::Action;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

fn action(name: &str) -> Action {
    Action::new(name).unwrap()
}

fn notes() -> Policy {
    let both = || [action("notes:read"), action("notes:write")];
    policy(&[
        ("GET", "/export", Allow::action(action("notes:export"))),
        ("PUT", "/export", Allow::action(action("notes:export")).and_role("editor")),
        ("GET", "/all", Allow::all_actions(both())),
        ("GET", "/any", Allow::any_action(both())),
        ("GET", "/notes/:id", Allow::action(action("notes:read")).and_relation("viewer", "note:{id}")),
        ("GET", "/files/**", Allow::action(action("notes:read"))),
    ])
}

/// What was asked, and the decision where these actions and every relation are there.
fn asked(path: &str, carried: &[&str], has: &[&str]) -> (Vec<String>, Reason) {
    let mut questions = vec![];
    let viewer = someone("viewer", "w1", carried);
    let decision = notes().decide_asking(&Request { method: "GET", path }, Some(&viewer), &mut |wanted, object| {
        let (name, answer) = object.map_or((wanted, has.contains(&wanted)), |object| (object, true));
        questions.push(name.to_string());
        Ok(answer)
    });
    (questions, decision.unwrap().reason())
}

#[test]
fn asks_for_actions_where_the_token_has_none() {
    let (read, write) = ("notes:read", "notes:write");
    for (path, has, questions, reason) in [
        ("/export", &["notes:export"][..], &["notes:export"][..], Reason::Action),
        ("/export", &[], &["notes:export"], Reason::ActionRequired),
        ("/all", &[read, write], &[read, write], Reason::Action),
        ("/all", &[write], &[read], Reason::ActionRequired),
        ("/all", &[read], &[read, write], Reason::ActionRequired),
        ("/any", &[read], &[read], Reason::Action),
        ("/any", &[write], &[read, write], Reason::Action),
        ("/any", &[], &[read, write], Reason::ActionRequired),
        ("/notes/7", &[read], &[read, "note:7"], Reason::Relation),
        ("/notes/7", &[], &[read], Reason::ActionRequired),
        ("/files/a/", &[read], &[read, read], Reason::Action),
    ] {
        assert_eq!(
            asked(path, &[], has),
            (questions.iter().map(ToString::to_string).collect(), reason),
            "{path} {has:?}"
        );
    }
}

#[test]
fn a_token_that_has_actions_is_believed() {
    assert_eq!(asked("/export", &["notes:export"], &[]), (vec![], Reason::Action));
    assert_eq!(asked("/export", &["notes:read"], &["notes:export"]), (vec![], Reason::ActionRequired));
}

#[test]
fn what_cannot_be_told_is_no_decision() {
    let (policy, viewer) = (notes(), someone("viewer", "w1", &[]));
    let ask = |method, identity| {
        let mut answers = |_: &str, _: Option<&str>| Err(ErrorCode::Undecided.into());
        policy.decide_asking(&Request { method, path: "/export" }, identity, &mut answers)
    };
    assert_eq!(ask("GET", Some(&viewer)).map_err(|error| error.code()), Err(ErrorCode::Undecided));
    // Nobody is asked about who lacks something else.
    assert_eq!(ask("PUT", Some(&viewer)).unwrap().reason(), Reason::RoleRequired);
    assert_eq!(ask("GET", None).unwrap().reason(), Reason::Unauthenticated);
    // Where only relations can be asked for, actions are the token's.
    let request = Request { method: "GET", path: "/export" };
    let decision = policy.decide_with(&request, Some(&viewer), &mut |_, _| Ok(true)).unwrap();
    assert_eq!(decision.reason(), Reason::ActionRequired);
    assert_eq!(policy.decide(&request, Some(&viewer)).reason(), Reason::ActionRequired);
}
