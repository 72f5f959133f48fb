//! Whole tokens, natively, beside the bare signature by ring: `cargo bench -p sentinel-core --features ring`.
//!
//! The contestants take turns in one loop, so that a busy machine is unfair to none. What is
//! printed is the fastest tenth: the rest measures the machine.
#![allow(clippy::unwrap_used, reason = "a benchmark: whatever is not as expected shall end it")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use sentinel_core::jose::key::VerificationKey;
use sentinel_core::jose::signature::{PureRust, Ring};
use sentinel_core::{Algorithm, Algorithms, Expected, KeySet, Limits, SymmetricKeys, Verifier};

/// RFC 7515, appendix A.2.
const JWKS: &str = r#"{"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}"#;
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const NOW: i64 = 1_300_819_379;

fn main() {
    let keys = KeySet::from_jwks(JWKS.as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    let verifier = Verifier::new(Expected::exactly("joe"), Expected::any(), Algorithms::of(&[Algorithm::Rs256]));
    let challenge = verifier.begin(TOKEN, &keys).unwrap();
    let VerificationKey::Rsa(key) = challenge.key().material() else { return };
    let bare = RsaPublicKeyComponents { n: key.modulus(), e: key.exponent() };

    let contestants: [(&str, &dyn Fn() -> bool); 3] = [
        ("ring, the signature alone", &|| {
            bare.verify(&RSA_PKCS1_2048_8192_SHA256, challenge.signing_input(), challenge.signature()).is_ok()
        }),
        ("whole token by ring", &|| verifier.verify(black_box(TOKEN), &keys, &Ring, NOW).is_ok()),
        ("whole token in pure Rust", &|| verifier.verify(black_box(TOKEN), &keys, &PureRust, NOW).is_ok()),
    ];
    let mut times = contestants.map(|_| Vec::new());
    for _ in 0..2_000 {
        for ((name, contestant), times) in contestants.iter().zip(&mut times) {
            let start = Instant::now();
            assert!(contestant(), "{name}");
            times.push(start.elapsed());
        }
    }
    let fastest = times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 10).unwrap().as_secs_f64() * 1e6
    });
    let [bare, ..] = fastest;
    println!("RS256, 2048 bits, p10 of 2,000");
    for ((name, _), time) in contestants.iter().zip(fastest) {
        println!("  {name:<28} {time:>8.1} us  {:>5.2} x ring", time / bare);
    }
}
