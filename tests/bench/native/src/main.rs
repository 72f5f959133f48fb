//! The native half of the benchmark: reads `{ data, plan }` (see `tests/bench/tokens.mjs`), prints what it measured.
//!
//! Contenders take turns on batches of the same tokens in one thread. Each but raw ring is given a string and hands
//! over `sub` and `exp` of claims whose issuer, audience and expiry it has checked.

mod contenders;
mod measure;

use std::collections::BTreeMap;
use std::error::Error;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    data: Data,
    plan: Plan,
}

#[derive(Deserialize)]
struct Data {
    alg: String,
    issuer: String,
    audience: String,
    jwk: serde_json::Value,
    pem: Option<String>,
    tokens: Vec<String>,
    /// Tokens that must be refused.
    #[serde(default)]
    hostile: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    warm_up: usize,
    batch: usize,
    turns: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    one_by_one: measure::Results,
    repeated: measure::Results,
    hostile: BTreeMap<String, Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    code: String,
    us: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Input { data, plan } = serde_json::from_reader(std::io::stdin().lock())?;
    let (warm_up, measured) = data.tokens.split_at(plan.warm_up);
    let mut all = contenders::all(&data)?;
    measure::in_turns(&mut all, warm_up, plan.warm_up)?;
    let one_by_one = measure::in_turns(&mut all, measured, plan.batch)?;
    let mut caching = contenders::caching(&data)?;
    let repeated = measure::again(&mut caching, &data.tokens[0], plan.turns)?;
    let hostile = hostile(&data)?;
    println!("{}", serde_json::to_string(&Output { one_by_one, repeated, hostile })?);
    Ok(())
}

/// The code and the fastest of a hundred refusals.
fn hostile(data: &Data) -> Result<BTreeMap<String, Refusal>, Box<dyn Error>> {
    let sentinel = contenders::Sentinel::new(data)?;
    data.hostile
        .iter()
        .map(|(name, token)| {
            let mut refusal = Refusal { code: String::new(), us: f64::MAX };
            for _ in 0..100 {
                let start = std::time::Instant::now();
                let answer = sentinel.verify(token);
                refusal.us = refusal.us.min(start.elapsed().as_secs_f64() * 1e6);
                refusal.code = answer.err().ok_or_else(|| format!("{name} was accepted"))?.code().to_string();
            }
            Ok((name.clone(), refusal))
        })
        .collect()
}
