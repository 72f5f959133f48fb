//! Tokens: one case through every native way to verify.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_core::config::Config;
use sentinel_core::jose::signature::{PureRust, Ring, SignatureBackend};
use sentinel_core::{
    Algorithm, Algorithms, Error, ErrorCode, Expected, KeySet, Limits, SymmetricKeys, VerifiedToken, Verifier,
};
use serde_json::{Value, json};

use crate::claims;
use crate::report::Outcome;
use crate::vectors::{Case, Options, Payload, one_or_more};

/// What a verifier said: the token or the payload's octets, or a code.
enum Answer {
    Claims(VerifiedToken),
    Bytes(Vec<u8>),
    Refused(ErrorCode),
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Claims(a), Self::Claims(b)) => a.claims().as_json() == b.claims().as_json(),
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Refused(a), Self::Refused(b)) => a == b,
            _ => false,
        }
    }
}

pub(crate) fn judge(text: &str) -> Outcome {
    let case = Case::read(text)?;
    let codes = case.expect.codes()?;
    if let Some(unknown) = codes.iter().find(|code| ErrorCode::ALL.iter().all(|known| known.as_str() != *code)) {
        return Err(format!("expects the code {unknown}, which does not exist"));
    }
    let token = case.token()?;
    let allowed = allow_list(&case.options.algorithms);
    let symmetric = if allowed.has_symmetric() { SymmetricKeys::Accept } else { SymmetricKeys::Refuse };
    // The keys as they are written: what is wrong with a key must reach the reader of keys.
    let keys = KeySet::from_jwks(case.keys.get().as_bytes(), symmetric, &Limits::DEFAULT);

    let (mut agreed, mut lacking) = (None::<(&str, Answer)>, Vec::new());
    for (name, answer) in answers(&token, &keys, &case.options)? {
        if answer == Answer::Refused(ErrorCode::AlgorithmUnavailable) {
            lacking.push(format!("{name} lacks an algorithm of this case"));
            continue;
        }
        match &agreed {
            None => agreed = Some((name, answer)),
            Some((other, before)) if *before != answer => {
                return Err(format!("{other} said {}, {name} said {}", show(before), show(&answer)));
            }
            Some(_) => {}
        }
    }
    let Some((_, answer)) = agreed else { return Err("no backend has the algorithm".into()) };
    match (&answer, case.expect.ok) {
        (Answer::Refused(code), false) if codes.is_empty() || codes.iter().any(|c| c == code.as_str()) => {}
        (Answer::Refused(_), false) => {
            return Err(format!("refused as {}, not as {}", show(&answer), codes.join(" or ")));
        }
        (Answer::Refused(_), true) => return Err(format!("refused as {}, must be accepted", show(&answer))),
        (_, false) => return Err("accepted, must be refused".into()),
        (Answer::Claims(token), true) => {
            if let Some(expected) = &case.expect.claims {
                claims::compare(expected, |name| token.claims().get(name).map(|value| value.raw()))?;
            }
        }
        (Answer::Bytes(payload), true) => {
            let payload = URL_SAFE_NO_PAD.encode(payload);
            if case.expect.payload.as_ref().is_some_and(|expected| *expected != payload) {
                return Err(format!("the payload is {payload}"));
            }
        }
    }
    Ok(lacking)
}

fn show(answer: &Answer) -> &str {
    match answer {
        Answer::Refused(code) => code.as_str(),
        Answer::Claims(_) | Answer::Bytes(_) => "accepted",
    }
}

/// An unknown name allows nothing.
fn allow_list(names: &[String]) -> Algorithms {
    names.iter().filter_map(|name| Algorithm::from_name(name)).fold(Algorithms::NONE, Algorithms::with)
}

/// Every way to verify, by name.
fn answers(
    token: &str,
    keys: &Result<KeySet, Error>,
    options: &Options,
) -> Result<Vec<(&'static str, Answer)>, String> {
    let (built, configured) = (built(options), configured(options)?);
    Ok(vec![
        ("ring", at_once(&built, token, keys, &Ring, options)),
        ("pure Rust", at_once(&built, token, keys, &PureRust, options)),
        ("ring in two phases", in_two_phases(&built, token, keys, &Ring, options)),
        ("pure Rust in two phases", in_two_phases(&built, token, keys, &PureRust, options)),
        ("a verifier from JSON", at_once(&configured, token, keys, &Ring, options)),
    ])
}

type Verdict = Result<Answer, Error>;

fn answer(verdict: Verdict) -> Answer {
    verdict.unwrap_or_else(|error| Answer::Refused(error.code()))
}

fn at_once(
    verifier: &Result<Verifier, Error>,
    token: &str,
    keys: &Result<KeySet, Error>,
    backend: &impl SignatureBackend,
    options: &Options,
) -> Answer {
    let verify = || -> Verdict {
        let (verifier, keys) = (verifier.as_ref().map_err(|e| *e)?, keys.as_ref().map_err(|e| *e)?);
        if options.payload == Some(Payload::Bytes) {
            return Ok(Answer::Bytes(verifier.verify_bytes(token, keys, backend)?.payload().to_vec()));
        }
        Ok(Answer::Claims(verifier.verify(token, keys, backend, options.now)?))
    };
    answer(verify())
}

/// As a host does that verifies signatures itself: it gets a challenge and comes back with a yes or no.
fn in_two_phases(
    verifier: &Result<Verifier, Error>,
    token: &str,
    keys: &Result<KeySet, Error>,
    backend: &impl SignatureBackend,
    options: &Options,
) -> Answer {
    let verify = || -> Verdict {
        let (verifier, keys) = (verifier.as_ref().map_err(|e| *e)?, keys.as_ref().map_err(|e| *e)?);
        let challenge = verifier.begin(token, keys)?;
        let algorithm = challenge.algorithm();
        if !backend.supports(algorithm) {
            return Err(ErrorCode::AlgorithmUnavailable.into());
        }
        let key = keys.iter().nth(challenge.key_index()).ok_or(ErrorCode::KeyNotFound)?;
        let holds = backend.verify(algorithm, key.material(), challenge.signing_input(), challenge.signature());
        if options.payload == Some(Payload::Bytes) {
            return Ok(Answer::Bytes(challenge.finish_bytes(holds)?.payload().to_vec()));
        }
        Ok(Answer::Claims(challenge.finish(holds, options.now)?))
    };
    answer(verify())
}

fn built(options: &Options) -> Result<Verifier, Error> {
    let invalid = |_| Error::from(ErrorCode::ConfigurationInvalid);
    let issuer = expected(options.issuer.as_ref(), "issuer").map_err(invalid)?;
    let audience = expected(options.audience.as_ref(), "audience").map_err(invalid)?;
    let mut verifier = Verifier::new(issuer, audience, allow_list(&options.algorithms));
    if let Some(typ) = &options.typ {
        verifier = verifier.typ(typ);
    }
    if let Some(token_use) = &options.token_use {
        verifier = verifier.token_use(token_use);
    }
    if let Some(leeway) = options.leeway {
        verifier = verifier.leeway(leeway)?;
    }
    if let Some(required) = &options.required {
        verifier = verifier.required(required);
    }
    if let Some(max_age) = options.max_age {
        verifier = verifier.max_age(max_age);
    }
    if let Some(token_bytes) = options.max_token_bytes {
        verifier = verifier.limits(Limits { token_bytes, ..Limits::DEFAULT });
    }
    Ok(verifier)
}

/// Absent: the explicit call that asks for no check.
fn expected(value: Option<&Value>, name: &str) -> Result<Expected, String> {
    value.map_or_else(|| Ok(Expected::any()), |value| Ok(Expected::one_of(one_or_more(value, name)?)))
}

/// The same verifier from its configuration as JSON.
fn configured(options: &Options) -> Result<Result<Verifier, Error>, String> {
    let known: Vec<_> = options.algorithms.iter().filter(|name| Algorithm::from_name(name).is_some()).collect();
    let mut config = json!({ "issuer": options.issuer, "audience": options.audience, "algorithms": known });
    let members = config.as_object_mut().ok_or("no object")?;
    for (name, value) in [
        ("type", json!(options.typ)),
        ("tokenUse", json!(options.token_use)),
        ("leeway", json!(options.leeway)),
        ("required", json!(options.required)),
        ("maxAge", json!(options.max_age)),
        ("maxTokenBytes", json!(options.max_token_bytes)),
    ] {
        if !value.is_null() {
            members.insert(name.into(), value);
        }
    }
    Ok(Config::from_json(config.to_string().as_bytes()).map(|config| config.verifier))
}
