//! Writes bodies of bundles for tests that are not in Rust: a JSON object a line on standard input, a body in base64url a line
//! on standard output. `cargo run -p sentinel-core --features bundle-write,conditions,dsl --example bundle_bodies`.
//!
//! `{"model": DSL, "tuples": [TUPLE…], "revoked": [JTI…], "users": [[SUB, VOID_BEFORE]…], "roles": {ROLE: [ACTION…]…},
//! "holders": [[USER, ROLE]…]}` is a full one; without `holders` it does not say who has which role,
//! `{"added": […], "removed": […], "revoked": […], "users": […]}` a delta.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;

use std::io::{BufRead as _, Write as _};

use sentinel_core::bundle::{Change, RevocationList, Revoked, Roles, Snapshot};
use sentinel_core::policy::Index;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use serde_json::Value;

fn main() {
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", bundles::base64url(&body(&asked)));
        std::io::stdout().flush().unwrap();
    }
}

fn body(asked: &Value) -> Vec<u8> {
    let tokens = asked["revoked"].as_array().into_iter().flatten().map(|jti| Revoked::Token(jti.as_str().unwrap()));
    let users = asked["users"].as_array().into_iter().flatten();
    let users = users.map(|user| Revoked::User(user[0].as_str().unwrap(), user[1].as_i64().unwrap()));
    let revocations = RevocationList::new(b"salt", &tokens.chain(users).collect::<Vec<_>>());
    let Some(model) = asked["model"].as_str() else {
        let (added, removed) = (tuples(&asked["added"]), tuples(&asked["removed"]));
        let change = Change { added: &added, removed: &removed, revocations: Some(&revocations), ..Change::default() };
        return change.body().unwrap();
    };
    let model = AuthorizationModel::from_valid_dsl(model).unwrap();
    let index = Index::from_tuples(&tuples(&asked["tuples"])).unwrap();
    let roles = roles(asked);
    let whole =
        Snapshot { model: &model, index: &index, roles: &roles, revocations: &revocations, claims: &[], types: None };
    whole.body().unwrap()
}

fn roles(asked: &Value) -> Roles {
    let texts = |list: &'_ Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let named: Vec<(&String, Vec<String>)> =
        asked["roles"].as_object().into_iter().flatten().map(|(role, actions)| (role, texts(actions))).collect();
    let given: Vec<(&str, Vec<&str>)> =
        named.iter().map(|(role, actions)| (role.as_str(), actions.iter().map(String::as_str).collect())).collect();
    let roles = Roles::new(given.iter().map(|(role, actions)| (*role, actions.as_slice())));
    match asked["holders"].as_array() {
        None => roles,
        Some(pairs) => roles.held_by(pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))),
    }
}

/// `object#relation@user`, with a condition's name behind a space.
fn tuples(list: &Value) -> Vec<TupleKey> {
    let texts = list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap());
    texts
        .map(|text| match text.split_once(' ') {
            Some((tuple, condition)) => TupleKey::parse(tuple).unwrap().with_condition(condition, ""),
            None => TupleKey::parse(text).unwrap(),
        })
        .collect()
}
