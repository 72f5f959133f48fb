//! What must hold for any input whatever: shared by the fuzz target and its short run in the tests.

use sentinel_core::config::Config;
use sentinel_core::jose::signature::PureRust;
use sentinel_core::{Algorithm, ErrorCode, KeySet, Limits, Request, SymmetricKeys, UnverifiedToken};

/// What an input is: `configuration NUL key set NUL token`, and the seconds of "now" behind another NUL.
pub(crate) fn judge(input: &[u8]) {
    let mut parts = input.splitn(4, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (configuration, jwks, token, now) = (part(), part(), part(), part());
    let Ok(token) = core::str::from_utf8(token) else { return };
    let now = core::str::from_utf8(now).ok().and_then(|now| now.parse().ok()).unwrap_or(1_800_000_000);

    if let Ok(unverified) = UnverifiedToken::parse(token, &Limits::DEFAULT) {
        let _ = (unverified.header().key_id(), unverified.claims_unverified().map(|claims| claims.subject()));
    }
    let Ok(config) = Config::from_json(configuration) else { return };
    let verifier = &config.verifier;
    for symmetric in [SymmetricKeys::Refuse, SymmetricKeys::Accept] {
        let Ok(keys) = KeySet::from_jwks(jwks, symmetric, &Limits::DEFAULT) else { return };
        let outcome = verifier.verify(token, &keys, &PureRust, now);

        // The one call and the two steps are the same verification.
        let stepwise = verifier.begin(token, &keys).and_then(|challenge| {
            let holds = challenge.ask(&PureRust)?;
            challenge.finish(holds, now)
        });
        assert_eq!(outcome.as_ref().err(), stepwise.as_ref().err());

        // Whatever else is wrong, a signature that does not hold is never an acceptance.
        if let Ok(challenge) = verifier.begin(token, &keys) {
            assert!(verifier.algorithms().contains(challenge.algorithm()));
            assert!(challenge.key().material().fits(challenge.algorithm()));
            assert!(symmetric == SymmetricKeys::Accept || !challenge.algorithm().is_symmetric());
            assert_eq!(challenge.finish(false, now).unwrap_err().code(), ErrorCode::SignatureInvalid);
        }
        // The payload's checks, reached also where no signature could be forged.
        if let Ok(Ok(token)) = verifier.begin(token, &keys).map(|challenge| challenge.finish(true, now)) {
            accepted(&config, &token, now);
        }
        if let Ok(token) = outcome {
            accepted(&config, &token, now);
        }
    }
}

fn accepted(config: &Config, token: &sentinel_core::VerifiedToken, now: i64) {
    assert!(token.header().get("crit").is_none());
    assert!(
        token.header().algorithm().is_some_and(|algorithm: Algorithm| config.verifier.algorithms().contains(algorithm))
    );
    config.verifier.recheck(token, now).expect("accepted, and not a moment later");
    let leeway = 300;
    if let Some(expiry) = token.claims().expires_at() {
        assert!(!expiry.is_at_or_before(now.saturating_sub(leeway)), "expired beyond any leeway");
    }
    let identity = config.policy.profile().identity(token).ok();
    for path in ["/", "/documents/1", "/a/../b"] {
        let decision = config.policy.decide(&Request { method: "GET", path }, identity.as_ref());
        assert_eq!(decision.allow(), decision.status() == 200);
    }
}
