//! What a signed token costs, by `ring` as the server signs and by `jwt-simple`, with the same keys:
//! `cargo run --release -p sentinel-keys --example signing`.
//!
//! The contestants take turns in one loop, so that a busy machine is unfair to none.
#![allow(clippy::unwrap_used, reason = "a benchmark: whatever is not as expected shall end it")]

use std::hint::black_box;
use std::time::Instant;

use jwt_simple::prelude::*;
use sentinel_core::jose::signature::Ring;
use sentinel_core::{Algorithms, Expected, Verifier};
use sentinel_keys::{KeyPair, KeyRecord, KeyRing, MasterKey, Purpose, SigningAlgorithm};

const ROUNDS: usize = 1_000;
const KEYS: usize = 40;

/// The claims of an access token.
#[derive(Clone, Serialize, Deserialize)]
struct Custom {
    r#type: String,
    email: String,
    name: String,
    wid: String,
    wslug: String,
    wrole: String,
    groups: Vec<String>,
}

fn claims() -> JWTClaims<Custom> {
    let id = || "3f2b1c9e-5d74-4d0a-9a55-0e6a4c1b7f42".to_owned();
    let custom = Custom {
        r#type: "access".to_owned(),
        email: "ada@example.com".to_owned(),
        name: "Ada Lovelace".to_owned(),
        wid: id(),
        wslug: "analytical-engines".to_owned(),
        wrole: "editor".to_owned(),
        groups: vec![id(), id()],
    };
    Claims::with_custom_claims(custom, Duration::from_mins(15))
        .with_issuer("https://sentinel.example")
        .with_audience("sentinel:access")
        .with_subject(id())
        .with_jwt_id(id())
}

fn main() {
    let cases = [
        (SigningAlgorithm::Rs256, 2048, "RS256, 2048 bits"),
        (SigningAlgorithm::Rs256, 3072, "RS256, 3072 bits"),
        (SigningAlgorithm::Es256, 0, "ES256"),
        (SigningAlgorithm::EdDsa, 0, "EdDSA"),
    ];
    println!("one token, us: min / p10 / median of {ROUNDS}");
    for (algorithm, bits, name) in cases {
        let pair = KeyPair::generate(algorithm.in_core(), bits).unwrap();
        let ring = ring_of(&pair, algorithm);
        let (kid, pem) = (pair.public().kid(), pair.private_pem());
        let jwt_simple: Box<dyn Fn() -> String> = match algorithm {
            SigningAlgorithm::Rs256 => {
                let key = RS256KeyPair::from_pem(pem).unwrap().with_key_id(kid);
                Box::new(move || key.sign(claims()).unwrap())
            }
            SigningAlgorithm::Es256 => {
                let key = ES256KeyPair::from_pem(pem).unwrap().with_key_id(kid);
                Box::new(move || key.sign(claims()).unwrap())
            }
            SigningAlgorithm::EdDsa => {
                let key = Ed25519KeyPair::from_pem(pem).unwrap().with_key_id(kid);
                Box::new(move || key.sign(claims()).unwrap())
            }
        };
        let contestants: [(&str, &dyn Fn() -> String); 2] =
            [("ring", &|| ring.sign(&claims(), "JWT").unwrap()), ("jwt-simple", &jwt_simple)];
        measure(name, contestants, &ring);
    }
    generation();
}

/// How long a first start waits for its key: the search for primes ends when it ends.
fn generation() {
    let mut times: Vec<_> = (0..KEYS)
        .map(|_| {
            let start = Instant::now();
            black_box(KeyPair::generate(SigningAlgorithm::Rs256.in_core(), 2048).unwrap());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let [min, median, max] = [0, KEYS / 2, KEYS - 1].map(|rank| *times.get(rank).unwrap());
    println!("a new RSA key of 2048 bits, ms: min / median / max of {KEYS}\n  {min:.0} / {median:.0} / {max:.0}");
}

fn measure(name: &str, contestants: [(&str, &dyn Fn() -> String); 2], ring: &KeyRing) {
    let algorithms: Algorithms = ring.algorithms();
    let verifier = Verifier::new(Expected::any(), Expected::exactly("sentinel:access"), algorithms);
    for (by, sign) in contestants {
        let now = i64::try_from(Clock::now_since_epoch().as_secs()).unwrap();
        assert!(verifier.verify(&sign(), ring.key_set(), &Ring, now).is_ok(), "{name} by {by}");
    }
    let mut times = contestants.map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for ((_, sign), times) in contestants.iter().zip(&mut times) {
            let start = Instant::now();
            black_box(sign());
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    for ((by, _), mut times) in contestants.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let [min, p10, median] = [0, ROUNDS / 10, ROUNDS / 2].map(|rank| *times.get(rank).unwrap());
        println!("  {name:<17} {by:<11} {min:>8.1} / {p10:>8.1} / {median:>8.1}");
    }
}

/// The same key as the server would have it.
fn ring_of(pair: &KeyPair, algorithm: SigningAlgorithm) -> KeyRing {
    let master = MasterKey::generate().unwrap();
    let kid = pair.public().kid().to_owned();
    let sealed_private = master.seal(Purpose::SIGNING_KEY, kid.as_bytes(), pair.private_pkcs8()).unwrap();
    let public_jwk = pair.public().jwk();
    let record =
        KeyRecord { kid, algorithm, public_jwk, sealed_private, created_at: 0, signs_from: 0, retires_at: None };
    KeyRing::new(&[record], &master, algorithm, 0).unwrap()
}
