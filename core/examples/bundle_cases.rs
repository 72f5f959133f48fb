//! Prints every case of `tests/policy/generated.json` with bundles of it: a full one of half of its tuples, and a delta that
//! adds the others. For the runners that ask bundles in WebAssembly:
//! `cargo run -p sentinel-core --features bundle-write --example bundle_cases`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;
#[path = "../tests/support/signed.rs"]
mod signed;

use bundles::{AUDIENCE, ISSUER, NOW, base64url, body, draft, workspace};
use sentinel_core::bundle::{Change, Digest, Kind};
use sentinel_core::policy::Index;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use serde_json::{Value, json};

fn main() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/policy/generated.json");
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let jwks: Value = serde_json::from_str(&signed::jwks(&signed::key(7))).unwrap();
    let settings = json!({ "issuer": ISSUER, "audience": AUDIENCE, "workspace": "w1", "jwks": jwks });
    let policies: Vec<Value> =
        document["policies"].as_array().unwrap().iter().map(|case| sealed(case, &settings)).collect();
    println!("{}", json!({ "suite": "policy, generated, through bundles", "policies": policies }));
}

fn sealed(case: &Value, settings: &Value) -> Value {
    let model = AuthorizationModel::from_json(case["model"].to_string().as_bytes()).unwrap();
    let tuples: Vec<TupleKey> = case["tuples"].as_array().unwrap().iter().map(tuple).collect();
    let (first, others) = tuples.split_at(tuples.len() / 2);
    let whole = body(&model, &Index::from_tuples(first).unwrap(), &[]);
    let full = signed::seal(&draft(workspace(), 1).full(Kind::Full, &whole, None, None), &whole);
    let change = Change { added: others, ..Change::default() }.body().unwrap();
    let manifest = draft(workspace(), 2).following(Kind::Delta, &change, (1, Digest::of(&whole)), None);
    let delta = signed::seal(&manifest, &change);
    let mut case = case.clone();
    case["bundles"] = json!({ "settings": settings, "now": NOW, "full": base64url(&full), "delta": base64url(&delta) });
    case
}

fn tuple(value: &Value) -> TupleKey {
    let part = |name: &str| value[name].as_str().unwrap();
    let key = TupleKey::new(part("object"), part("relation"), part("user")).unwrap();
    match &value["condition"] {
        Value::Null => key,
        condition => {
            let context = &condition["context"];
            let context = if context.is_null() { String::new() } else { context.to_string() };
            key.with_condition(condition["name"].as_str().unwrap(), &context)
        }
    }
}
