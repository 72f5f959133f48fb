//! A Cloudflare Worker that verifies a request's token, decides by route rules, and stands before an origin if told so.
//!
//! | binding | what it holds |
//! |---|---|
//! | `SENTINEL_CONFIG` | the configuration of [`sentinel_core::config`]: text or JSON |
//! | `SENTINEL_JWKS` | the key set itself; shared secrets in it count where an HS algorithm is allowed |
//! | `SENTINEL_JWKS_URL` | or where it is (`https`) |
//! | `SENTINEL_KV` | or a KV namespace with these three names as keys |
//!
//! | `SENTINEL_GATEWAY` | what makes it a gateway before an origin: [`settings::Settings`]. Also in KV |
//! | `SENTINEL_GATEWAY_KEY` | secret: what proofs for the origin are signed with |
//! | `SENTINEL_SERVICE_KEY` | secret: opens the server's revocations and bundles |
//! | `SENTINEL_STATE` | a KV namespace that remembers which bundle was seen last, so that an older one is refused |
//! | `SENTINEL_EVALUATION_KEY` | secret: opens AuthZEN's evaluation API on this host, answered from the bundle |
//! | `SENTINEL_LIMIT` | a rate limiter, counted by the client's address |
//!
//! As a gateway it forwards what the rules allow, with who asks and a proof ([`sentinel_core::gateway`]). Without
//! `SENTINEL_GATEWAY` it answers what is allowed with 200 and the identity as JSON (`null` on a public route without a
//! token). A bad token is answered with 401, what is denied with 403, both as problem documents (RFC 9457); a page that needs
//! a login may be sent to one. A route that no rule names is denied.
//!
//! Every error of the platform and of the configuration ends in 500 or 503:
//! nothing is let through that core did not accept.

mod address;
mod answer;
mod bundle;
mod credentials;
mod evaluation;
mod forward;
mod head;
mod host;
mod keys;
mod outgoing;
mod platform;
mod proof;
mod record;
mod relations;
mod revocations;
mod settings;
mod setup;
mod signature;

use std::net::IpAddr;

use sentinel_core::{Decision, ErrorCode, Identity, Reason};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, Response, worker_sys};

use answer::Refusal;
use forward::Allowed;
use head::Head;
use host::Host;
pub(crate) use platform::now;
use record::Record;
use relations::Told;
use setup::{Gateway, Ready, Setup};

/// The binding of a rate limiter.
const LIMITER: &str = "SENTINEL_LIMIT";

/// Begins the work on a request, of which [`head::Head`] reads the head. It comes to a `Response`, or to a text that says how the
/// request goes on: [`forward::plan`].
///
/// # Errors
/// Where it comes to nothing.
#[wasm_bindgen]
pub fn begin(
    head: String,
    request: web_sys::Request,
    env: Env,
    context: worker_sys::Context,
) -> Result<JsValue, JsValue> {
    let work = async move {
        let host = Host { env: &env, context: &Context::new(context) };
        Ok(match answer(&head, &request, &host).await? {
            Outcome::Answer(answer) => web_sys::Response::from(answer).into(),
            Outcome::Forward(plan) => plan.into(),
        })
    };
    platform::step(Box::pin(work), None)
}

/// Goes on where something waits for the platform, with what came of the promise that was given.
///
/// # Errors
/// As [`begin`].
#[wasm_bindgen(js_name = goOn)]
pub fn go_on(place: i32, is_kept: bool, value: JsValue) -> Result<JsValue, JsValue> {
    platform::go_on(place, if is_kept { Ok(value) } else { Err(value) })
}

/// Where to go on after the last step; less than 0 where it gave the outcome, or the promise of it.
#[wasm_bindgen]
pub fn place() -> i32 {
    platform::place()
}

/// What is changed in the headers of a personal answer that says this about caches: [`forward::personal`].
#[wasm_bindgen]
pub fn personal(said: &str) -> String {
    forward::personal(said)
}

/// What is answered where the origin did not.
///
/// # Errors
/// Where the platform fails.
#[wasm_bindgen]
pub fn unanswered(why: &str) -> Result<web_sys::Response, JsValue> {
    worker::console_error!("the origin could not be asked: {why}");
    Ok(answer::refusal(Refusal::NoOrigin)?.into())
}

enum Outcome {
    Answer(Response),
    Forward(String),
}

async fn answer(head: &str, request: &web_sys::Request, host: &Host<'_>) -> worker::Result<Outcome> {
    let began = now();
    let Ready { setup, is_limited } = match Setup::of(host.env, began).await {
        Ok(ready) => ready,
        Err(why) => return answer::refusal(Refusal::Misconfigured(why)).map(Outcome::Answer),
    };
    let head = &Head::read(head).ok_or("a request that cannot be read")?;
    if is_limited && is_too_much(head, host.env).await? {
        return answer::refusal(Refusal::TooMany).map(Outcome::Answer);
    }
    if let Some(gateway) = setup.gateway()
        && let Some(answer) = evaluation::answer(gateway, request, head, host).await?
    {
        return Ok(Outcome::Answer(answer));
    }
    let Verdict { decision, identity, expires_at, outcome, revision } = judge(&setup, head, host).await;
    let (decided, identity) = (now(), identity.as_ref());
    let record = Record { head, identity, decision: &decision, outcome: &outcome, revision };
    record.write(setup.gateway());
    // The clock stands still but for I/O: what a decision computes counts as nothing, what it waits for counts.
    let took = ((decided - began) as u64).to_string();
    let timing = ["sentinel;dur=", &took, ";desc=", record.why(), ", origin;dur="].concat();
    let answer = match (outcome, setup.gateway()) {
        (Ok(()), None) => answer::identity(identity)?,
        (Ok(()), Some(gateway)) => {
            let public = decision.reason() == Reason::Public;
            let allowed = Allowed { head, identity, expires_at, public, now: seconds(decided), timing: &timing };
            match forward::plan(gateway, &allowed) {
                Some(plan) => return Ok(Outcome::Forward(plan)),
                None => {
                    worker::console_error!("the request would be another one at the origin");
                    answer::refusal(Refusal::NoOrigin)?
                }
            }
        }
        (Err(refusal), Some(gateway)) if is_page(head, &refusal) => match login(gateway, head) {
            Some(login) => answer::redirect(&login)?,
            None => answer::refusal(refusal)?,
        },
        (Err(refusal), _) => answer::refusal(refusal)?,
    };
    answer.headers().append("server-timing", &(timing + "0"))?;
    Ok(Outcome::Answer(answer))
}

/// What was decided about a request.
struct Verdict {
    decision: Decision,
    /// The caller, where one is known. On a public route nobody has to be.
    identity: Option<Identity>,
    /// When the caller's token ends, in seconds since 1970.
    expires_at: Option<i64>,
    outcome: Result<(), Refusal>,
    /// Of the bundle that was asked for relations.
    revision: Option<u64>,
}

async fn judge(setup: &Setup, head: &Head<'_>, host: &Host<'_>) -> Verdict {
    let authenticated = credentials::authenticate(setup, head, now(), host).await;
    let question = sentinel_core::Request { method: head.method, path: head.path };
    let known = authenticated.as_ref().ok().and_then(Option::as_ref);
    let told = match (setup.gateway().and_then(|gateway| gateway.relations.as_ref()), known) {
        (Some(relations), Some(caller)) => relations.decide(setup, &question, caller, host).await,
        (_, known) => {
            let decision = setup.policy().decide(&question, known.map(|caller| &caller.identity));
            Told { outcome: Ok(decision), revision: None }
        }
    };
    let revision = told.revision;
    let expires_at = known.and_then(|caller| caller.expires_at);
    let (identity, refused) = match authenticated {
        Ok(caller) => (caller.map(|caller| caller.identity), None),
        Err(error) => (None, Some(error)),
    };
    let decision = match told.outcome {
        Ok(decision) => decision,
        Err(error) => {
            let decision = Decision::of(Reason::RelationRequired);
            return Verdict { decision, identity, expires_at, outcome: Err(untold(error)), revision };
        }
    };
    let outcome = match (refused, &identity) {
        // A token that was refused is no caller, but a public route does not ask for one.
        (_, _) if decision.reason() == Reason::Public => Ok(()),
        (Some(error), _) => Err(Refusal::Token(error)),
        (None, None) => Err(Refusal::Unauthenticated),
        (None, Some(_)) if decision.allow() => Ok(()),
        (None, Some(_)) => Err(Refusal::Denied(decision)),
    };
    Verdict { decision, identity, expires_at, outcome, revision }
}

/// Why a relation could not be told.
fn untold(error: sentinel_core::Error) -> Refusal {
    match error.code() {
        ErrorCode::TokenRevoked | ErrorCode::ClaimMissing | ErrorCode::ClaimInvalid => Refusal::Token(error),
        ErrorCode::ConfigurationInvalid => {
            Refusal::Misconfigured("a rule asks for a relation that the bundle's model does not know".to_owned())
        }
        _ => Refusal::Undecided(error),
    }
}

/// Whether the client's address has asked too often. Who cannot be counted is not let through.
async fn is_too_much(head: &Head<'_>, env: &Env) -> worker::Result<bool> {
    let client = head.header("cf-connecting-ip").unwrap_or_default();
    Ok(!env.rate_limiter(LIMITER)?.limit(network(client)).await?.success)
}

/// What one customer of a network has: of IPv6 64 bits, within which addresses cost nothing (RFC 6177 §2).
fn network(client: &str) -> String {
    match client.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => client.to_owned(),
    }
}

/// Whether a person waits for a page and only lacks a login.
fn is_page(head: &Head<'_>, refusal: &Refusal) -> bool {
    let accept = head.header("accept").unwrap_or_default();
    head.is_visit() && accept.contains("text/html") && refusal.is_for_want_of_login()
}

/// Where to log in, and come back from to what was asked for: the path alone, which is this host's.
fn login(gateway: &Gateway, head: &Head<'_>) -> Option<String> {
    let login = gateway.login.as_deref()?;
    let path = login.split('?').next().unwrap_or_default();
    if path == head.path || head.path.starts_with("//") {
        return None;
    }
    let separator = if login.contains('?') { '&' } else { '?' };
    Some(format!("{login}{separator}return_to={}", address::escaped(&head.target())))
}

fn seconds(milliseconds: f64) -> i64 {
    (milliseconds / 1000.0) as i64
}
