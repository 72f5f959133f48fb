//! Claims as tuples: what a configuration may say, what tokens make of it, and that no value leaves its place.
#![cfg(all(feature = "relations", feature = "dsl", feature = "conditions", feature = "pure"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "part of tests")]

use proptest::prelude::*;
use sentinel_core::config::Config;
use sentinel_core::jose::signature::PureRust;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::{TupleKey, UserRef};
use sentinel_core::policy::{CompiledModel, Evaluator, Index, ModelConditions};
use sentinel_core::{Error, ErrorCode, KeySet, Limits, SymmetricKeys, VerifiedToken};
use serde_json::{Value, json};

const A: &str = "https://a.example";
const B: &str = "https://b.example";

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let sextet = |chunk: &[u8]| (0..6).fold(0, |value, bit| value << 1 | usize::from(*chunk.get(bit).unwrap_or(&0)));
    bits.chunks(6).map(|chunk| char::from(ALPHABET[sextet(chunk)])).collect()
}

fn config(relations: &Value) -> Result<Config, Error> {
    let text = json!({"issuer": [A, B], "audience": null, "algorithms": ["HS256"], "required": [],
        "maxTokenBytes": 1_048_576, "relations": relations});
    Config::from_json(text.to_string().as_bytes())
}

fn verified(config: &Config, claims: &Value) -> VerifiedToken {
    let secret = [7; 32];
    let jwks = json!({"keys": [{"kty": "oct", "alg": "HS256", "k": base64url(&secret)}]}).to_string();
    let keys = KeySet::from_jwks(jwks.as_bytes(), SymmetricKeys::Accept, &Limits::DEFAULT).unwrap();
    let text = format!("{}.{}", base64url(br#"{"alg":"HS256"}"#), base64url(claims.to_string().as_bytes()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let token = format!("{text}.{}", base64url(ring::hmac::sign(&key, text.as_bytes()).as_ref()));
    config.verifier.verify(&token, &keys, &PureRust, 0).unwrap()
}

fn tuples(relations: &Value, claims: &Value) -> Result<Vec<TupleKey>, ErrorCode> {
    let config = config(relations).unwrap();
    config.relations.tuples(&verified(&config, claims)).map_err(|error| error.code())
}

fn texts(relations: &Value, claims: &Value) -> Result<Vec<String>, ErrorCode> {
    Ok(tuples(relations, claims)?.iter().map(ToString::to_string).collect())
}

/// A mapping of A's groups, with these members changed.
fn groups(changes: &Value) -> Value {
    let mut mapping = json!({"issuer": A, "claim": "groups", "user": "user:{sub}", "relation": "member",
        "object": "group:{value}"});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => mapping.as_object_mut().unwrap().remove(name).map(drop).unwrap_or_default(),
            _ => mapping[name] = value.clone(),
        }
    }
    json!([mapping])
}

#[test]
fn claims_become_tuples() {
    let relations = json!([
        {"issuer": A, "claim": "groups", "user": "user:{sub}", "relation": "member", "object": "group:{value}"},
        {"issuer": A, "claim": "wrole", "equals": "admin", "user": "user:{sub}", "relation": "admin",
            "object": "workspace:{wid}"},
        {"claim": ["realm_access", "roles"], "user": "role:{iss}|{value}#assignee", "relation": "viewer",
            "object": "issuer:{iss}"},
    ]);
    let of_a = json!({"iss": A, "sub": "anne", "wid": "w1", "wrole": "admin", "groups": ["eng", {"value": "ops"}],
        "realm_access": {"roles": ["reader"]}});
    let expected = [
        "group:eng#member@user:anne",
        "group:ops#member@user:anne",
        "workspace:w1#admin@user:anne",
        "issuer:https%3A//a.example#viewer@role:https%3A//a.example|reader#assignee",
    ];
    assert_eq!(texts(&relations, &of_a).unwrap(), expected);
    // The same words of another issuer mean something else, or nothing.
    let of_b = json!({"iss": B, "sub": "anne", "wid": "w1", "wrole": "admin", "groups": ["eng"],
        "realm_access": {"roles": "reader"}});
    let expected = ["issuer:https%3A//b.example#viewer@role:https%3A//b.example|reader#assignee"];
    assert_eq!(texts(&relations, &of_b).unwrap(), expected);
    // What is absent is not claimed, and needs no other claim.
    assert_eq!(texts(&relations, &json!({"iss": A, "groups": null, "wrole": "viewer"})), Ok(vec![]));
    assert!(config(&json!([])).unwrap().relations.is_empty());
}

#[test]
fn what_cannot_be_told_is_an_error() {
    for (claims, code) in [
        (json!({"groups": 1}), ErrorCode::ClaimInvalid),
        (json!({"groups": {"value": "eng"}}), ErrorCode::ClaimInvalid),
        (json!({"groups": ["eng", 1]}), ErrorCode::ClaimInvalid),
        (json!({"groups": [["eng"]]}), ErrorCode::ClaimInvalid),
        (json!({"groups": [null]}), ErrorCode::ClaimInvalid),
        (json!({"groups": [""]}), ErrorCode::ClaimInvalid),
        (json!({"groups": ""}), ErrorCode::ClaimInvalid),
        (json!({"groups": true}), ErrorCode::ClaimInvalid),
        (json!({"groups": ["x".repeat(251)]}), ErrorCode::ClaimInvalid),
        (json!({"groups": ["eng"], "sub": "x".repeat(508)}), ErrorCode::ClaimInvalid),
    ] {
        let mut token = json!({"iss": A, "sub": "anne"});
        token.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        assert_eq!(texts(&groups(&json!({})), &token), Err(code), "{token}");
    }
    let nobody = json!({"iss": A, "groups": ["eng"]});
    assert_eq!(texts(&groups(&json!({})), &nobody), Err(ErrorCode::ClaimMissing));
    let longest = json!({"iss": A, "sub": "x".repeat(507), "groups": ["x".repeat(250)]});
    assert_eq!(texts(&groups(&json!({})), &longest).unwrap().len(), 1);
    let path = groups(&json!({"claim": ["a", "b"]}));
    assert_eq!(texts(&path, &json!({"iss": A, "sub": "anne", "a": "b"})), Err(ErrorCode::ClaimInvalid));
    assert_eq!(texts(&path, &json!({"iss": A, "sub": "anne", "a": {}})), Ok(vec![]));
}

#[test]
fn hostile_values_stay_in_their_place() {
    for value in [
        "*",
        "eng#member",
        "a:b",
        "#",
        ":",
        "a b",
        " ",
        "\t",
        "\n",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "**",
        "*:*",
        "eng\r\nadmin",
        "a:*#member",
    ] {
        let token = json!({"iss": A, "sub": "anne", "groups": ["eng", value]});
        assert_eq!(texts(&groups(&json!({})), &token), Err(ErrorCode::ClaimInvalid), "{value:?}");
        let token = json!({"iss": A, "sub": value, "groups": ["eng"]});
        assert_eq!(texts(&groups(&json!({})), &token), Err(ErrorCode::ClaimInvalid), "{value:?}");
        let encoded = tuples(&groups(&json!({"encode": true})), &token).unwrap();
        assert!(matches!(UserRef::parse(encoded[0].user()), Ok(UserRef::Object(user)) if user.id.contains('%')));
    }
    // What ends a place cannot stand in it: `a|b` in `w` is not `b` in `w|a`.
    let two = groups(&json!({"object": "group:{wid}|{value}"}));
    for (wid, value) in [("w|a", "b"), ("|", "a"), ("w|", "a")] {
        let token = json!({"iss": A, "sub": "anne", "wid": wid, "groups": [value]});
        assert_eq!(texts(&two, &token), Err(ErrorCode::ClaimInvalid));
    }
    let token = json!({"iss": A, "sub": "anne", "wid": "w", "groups": ["a|b"]});
    assert_eq!(texts(&two, &token).unwrap(), ["group:w|a|b#member@user:anne"]);
}

#[test]
fn configurations_that_are_refused() {
    for changes in [
        json!({"claim": null}),
        json!({"claim": []}),
        json!({"claim": 1}),
        json!({"claim": "a\u{0}b"}),
        json!({"claim": ["1", "2", "3", "4", "5", "6", "7", "8", "9"]}),
        json!({"equals": 1}),
        json!({"equal": "x"}),
        json!({"encode": "true"}),
        // Nobody's tokens, or everybody's words for the same.
        json!({"issuer": "https://c.example"}),
        json!({"issuer": "https://a.example/"}),
        json!({"issuer": null}),
        json!({"issuer": null, "user": "user:{iss}|{sub}"}),
        json!({"issuer": null, "object": "group:{iss}|{value}"}),
        json!({"issuer": null, "user": "user:{iss}|{sub}", "object": "group:all"}),
        json!({"user": null}),
        json!({"user": "{sub}"}),
        json!({"user": "user:*"}),
        json!({"user": "user:{sub}*"}),
        json!({"user": "{type}:{sub}"}),
        json!({"user": "user{x}:{sub}"}),
        json!({"user": "group:{value}#{role}"}),
        json!({"user": "group:{value}#a{role}"}),
        json!({"user": "group:{value}#"}),
        json!({"user": "group:{value} #member"}),
        json!({"user": "user:{sub}{value}"}),
        json!({"user": "user:{sub}a{value}"}),
        json!({"user": "user:{sub}%{value}"}),
        json!({"user": "user:{sub"}),
        json!({"user": "user:sub}"}),
        json!({"user": "user:{}"}),
        json!({"user": "user:{{sub}}"}),
        json!({"user": "user:"}),
        json!({"user": ""}),
        json!({"user": format!("user:{}", "x".repeat(252))}),
        json!({"object": "group:{value}#member"}),
        json!({"object": "group:*"}),
        json!({"object": "group"}),
        json!({"object": "a:b:{value}"}),
        json!({"object": ["group:{value}"]}),
        json!({"relation": "a b"}),
        json!({"relation": ""}),
        json!({"relation": "a#b"}),
        json!({"relation": null}),
    ] {
        let error = config(&groups(&changes)).map(drop).map_err(|error| error.code());
        assert_eq!(error, Err(ErrorCode::ConfigurationInvalid), "{changes}");
    }
    for relations in [json!({}), json!("x"), json!(["x"]), json!(null)] {
        assert!(config(&relations).is_err(), "{relations}");
    }
    let many = |count| Value::Array(vec![groups(&json!({}))[0].clone(); count]);
    assert!(config(&many(64)).is_ok() && config(&many(65)).is_err());
}

#[test]
fn as_many_as_the_token_has_room_for() {
    let values: Vec<String> = (0..2000).map(|number| format!("g{number}")).collect();
    let token = json!({"iss": A, "sub": "anne", "groups": values});
    assert_eq!(texts(&groups(&json!({})), &token).unwrap().len(), 2000);
    let many = Value::Array(vec![groups(&json!({}))[0].clone(); 64]);
    assert_eq!(texts(&many, &token), Err(ErrorCode::BudgetExceeded));
}

const MODEL: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user, user with later]
type document
  relations
    define blocked: [user, group#member]
    define viewer: [user, group#member]
    define can_read: viewer but not blocked
condition later(now: int) {
  now > 100
}
";

fn reads(relations: &Value, claims: &Value, stored: &[TupleKey]) -> Result<bool, String> {
    let source = AuthorizationModel::from_valid_dsl(MODEL).unwrap();
    let (model, conditions) = (CompiledModel::compile(&source).unwrap(), ModelConditions::compile(&source).unwrap());
    let index = Index::from_tuples(stored).unwrap();
    let context = sentinel_core::policy::condition::Map::from_json(br#"{"now": 1}"#, &Limits::DEFAULT).unwrap();
    let in_context = conditions.in_context(Some(&context));
    let tuples = tuples(relations, claims).map_err(|code| code.to_string())?;
    let evaluator = Evaluator::new(&model, &index).with_conditions(&in_context);
    let evaluator = evaluator.with_claimed(&tuples).map_err(|error| error.to_string())?;
    evaluator.check("document:1", "can_read", "user:anne").map_err(|error| error.to_string())
}

fn written(text: &str) -> TupleKey {
    TupleKey::parse(text).unwrap()
}

#[test]
fn what_takes_away_does_not_vanish() {
    let stored = [written("document:1#viewer@user:anne"), written("document:1#blocked@group:suspended#member")];
    let token = |groups: Value| json!({"iss": A, "sub": "anne", "groups": groups});
    let mapping = groups(&json!({}));
    assert_eq!(reads(&mapping, &token(json!(["eng"])), &stored), Ok(true));
    assert_eq!(reads(&mapping, &token(json!(["suspended"])), &stored), Ok(false));
    // A list that cannot be read as a whole is no list without the block.
    assert!(reads(&mapping, &token(json!(["suspended", "*"])), &stored).is_err());
    assert!(reads(&mapping, &token(json!(["*", "suspended"])), &stored).is_err());
    // Nor does one that the model does not know or allow.
    for changes in [
        json!({"relation": "belongs"}),
        json!({"object": "team:{value}"}),
        json!({"user": "group:{value}#member"}),
        json!({"user": "person:{sub}"}),
        json!({"relation": "can_read", "object": "document:{value}"}),
    ] {
        assert!(reads(&groups(&changes), &token(json!(["suspended"])), &stored).is_err(), "{changes}");
    }
}

#[test]
fn what_is_stored_counts_more() {
    let mapping = groups(&json!({}));
    let token = json!({"iss": A, "sub": "anne", "groups": ["eng"]});
    let viewers = written("document:1#viewer@group:eng#member");
    assert_eq!(reads(&mapping, &token, std::slice::from_ref(&viewers)), Ok(true));
    // Stored as a member from later on, who claims to be one now.
    let member = written("group:eng#member@user:anne");
    assert_eq!(reads(&mapping, &token, &[viewers.clone(), member.clone().with_condition("later", "")]), Ok(false));
    assert_eq!(reads(&mapping, &token, &[viewers.clone(), member.clone()]), Ok(true));
    // What the model no longer allows is not there, and hides nothing.
    assert_eq!(reads(&mapping, &token, &[viewers, member.with_condition("gone", "")]), Ok(true));
}

#[test]
fn a_mapping_is_judged_by_the_model_before_any_token() {
    let model = CompiledModel::compile(&AuthorizationModel::from_valid_dsl(MODEL).unwrap()).unwrap();
    let judged = |changes: Value| config(&groups(&changes)).unwrap().relations.validate(&model);
    assert_eq!(judged(json!({})), Ok(()));
    assert_eq!(judged(json!({"user": "group:{value}#member", "relation": "blocked", "object": "document:1"})), Ok(()));
    for changes in [json!({"relation": "x"}), json!({"object": "x:{value}"}), json!({"user": "document:{sub}"})] {
        assert!(judged(changes).is_err());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", "[ab|:#*%{} \\n@/.-]{1,6}", any::<String>()]
}

proptest! {
    /// Whatever the claims say, a tuple has the mapping's type, relation and kind of user; and from the ids what was filled
    /// in can be told again.
    #[test]
    fn two_claims_are_never_one_tuple(
        first in (any_text(), any_text(), any_text()),
        second in (any_text(), any_text(), any_text()),
        encode: bool,
    ) {
        let mapping = groups(&json!({"encode": encode, "object": "group:{wid}|{value}"}));
        let of = |(sub, wid, value): &(String, String, String)| {
            tuples(&mapping, &json!({"iss": A, "sub": sub, "wid": wid, "groups": [value]}))
        };
        for claims in [&first, &second] {
            match of(claims) {
                Ok(tuples) => {
                    prop_assert_eq!(tuples.len(), 1);
                    prop_assert!(tuples[0].object().starts_with("group:") && tuples[0].relation() == "member");
                    let is_user = matches!(UserRef::parse(tuples[0].user()), Ok(UserRef::Object(user)) if user.type_name == "user");
                    prop_assert!(is_user);
                }
                Err(code) => prop_assert_eq!(code, ErrorCode::ClaimInvalid),
            }
        }
        if let (Ok(one), Ok(other)) = (of(&first), of(&second)) {
            prop_assert_eq!(one == other, first == second);
        }
    }

    /// The same text cut in other places.
    #[test]
    fn no_cut_is_another(text in "[ab|%:]{2,7}", one in 1usize..6, other in 1usize..6, encode: bool) {
        let mapping = groups(&json!({"encode": encode, "object": "group:{wid}|{value}"}));
        let of = |at: usize| {
            let (wid, value) = text.split_at(at.min(text.len() - 1));
            tuples(&mapping, &json!({"iss": A, "sub": "anne", "wid": wid, "groups": [value]}))
        };
        if let (Ok(first), Ok(second)) = (of(one), of(other)) {
            prop_assert_eq!(first == second, one.min(text.len() - 1) == other.min(text.len() - 1));
        }
    }

    /// Nothing that a token or a configuration says panics.
    #[test]
    fn any_template(user in any_text(), object in any_text(), value in any_text()) {
        let changes = json!({"user": format!("user:{user}"), "object": format!("group:{object}"), "encode": true});
        if let Ok(config) = config(&groups(&changes)) {
            let token = verified(&config, &json!({"iss": A, "sub": value, "a": value, "groups": [value]}));
            if let Ok(tuples) = config.relations.tuples(&token) {
                prop_assert!(!tuples[0].user().ends_with('*') || !matches!(UserRef::parse(tuples[0].user()), Ok(UserRef::Wildcard(_))));
            }
        }
    }
}
