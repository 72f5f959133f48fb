//! A Cloudflare Worker that verifies a request's token and decides by route rules.
//!
//! | binding | what it holds |
//! |---|---|
//! | `SENTINEL_CONFIG` | the configuration of [`sentinel_core::config`]: text or JSON |
//! | `SENTINEL_JWKS` | the key set itself; shared secrets in it count where an HS algorithm is allowed |
//! | `SENTINEL_JWKS_URL` | or where it is (`https`) |
//! | `SENTINEL_KV` | or a KV namespace with these three names as keys |
//!
//! What the rules allow is answered with 200 and the identity as JSON (`null`
//! on a public route without a token), a bad token with 401, what is denied
//! with 403, both as problem documents (RFC 9457). A route that no rule names is denied.
//!
//! Every error of the platform and of the configuration ends in 500 or 503:
//! nothing is let through that core did not accept.

mod answer;
mod keys;
mod setup;

use sentinel_core::jose::signature::PureRust;
use sentinel_core::{Error, ErrorCode, Identity, Reason};
use worker::{Context, Env, Request, Response, event};

use answer::Refusal;
use setup::Setup;

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    match admit(&request, &env).await {
        Ok(identity) => answer::identity(identity.as_ref()),
        Err(refusal) => answer::refusal(refusal),
    }
}

/// Who may go on: `None` on a public route for a caller without a token.
async fn admit(request: &Request, env: &Env) -> Result<Option<Identity>, Refusal> {
    let setup = Setup::of(env, now()).await.map_err(Refusal::Misconfigured)?;
    let identity = match request.headers().get("authorization").ok().flatten() {
        Some(header) => authenticate(&setup, &header).await,
        None => Ok(None),
    };
    let (method, path) = (request.inner().method(), request.path());
    let question = sentinel_core::Request { method: &method, path: &path };
    let known = identity.as_ref().ok().and_then(Option::as_ref);
    let decision = setup.policy().decide(&question, known);
    match identity {
        Ok(identity) if decision.allow() => Ok(identity),
        // A token that was refused is no caller, but a public route does not ask for one.
        Err(_) if decision.reason() == Reason::Public => Ok(None),
        Ok(Some(_)) => Err(Refusal::Denied(decision)),
        Ok(None) => Err(Refusal::Unauthenticated),
        Err(error) => Err(Refusal::Token(error)),
    }
}

/// The caller by `Authorization: Bearer` (RFC 6750 §2.1); another scheme counts as none. The platform joins
/// repeated headers with a comma, which no token may hold.
async fn authenticate(setup: &Setup, header: &str) -> Result<Option<Identity>, Error> {
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let (token, verifier) = (token.trim_matches(' '), setup.verifier());
    let keys = setup.keys().current(now()).await?;
    let verified = match verifier.verify(token, &keys, &PureRust, seconds(now())) {
        Err(error) if error.code() == ErrorCode::KeyNotFound => match setup.keys().newer(now()).await {
            Some(keys) => verifier.verify(token, &keys, &PureRust, seconds(now()))?,
            None => return Err(error),
        },
        verdict => verdict?,
    };
    setup.policy().profile().identity(&verified).map(Some)
}

/// Milliseconds since 1970. In a Worker it stands still but for I/O.
fn now() -> f64 {
    js_sys::Date::now()
}

fn seconds(milliseconds: f64) -> i64 {
    (milliseconds / 1000.0) as i64
}
