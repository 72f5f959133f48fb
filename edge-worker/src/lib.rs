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

mod answer;
mod bundle;
mod credentials;
mod evaluation;
mod forward;
mod host;
mod keys;
mod outgoing;
mod proof;
mod record;
mod relations;
mod revocations;
mod settings;
mod setup;

use sentinel_core::{Decision, ErrorCode, Identity, Reason};
use worker::{Context, Env, Method, Request, Response, Url, event};

use answer::Refusal;
use credentials::Asked;
use forward::Allowed;
use host::Host;
use record::Record;
use relations::Told;
use setup::{Gateway, Setup};

/// The binding of a rate limiter.
const LIMITER: &str = "SENTINEL_LIMIT";

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let began = now();
    let setup = match Setup::of(&env, began).await {
        Ok(setup) => setup,
        Err(why) => return answer::refusal(Refusal::Misconfigured(why)),
    };
    if is_too_much(&request, &env).await? {
        return answer::refusal(Refusal::TooMany);
    }
    let url = request.url()?;
    let host = Host { env: &env, context: &context };
    if let Some(gateway) = setup.gateway()
        && let Some(answer) = evaluation::answer(gateway, &mut request, &url, &host).await?
    {
        return Ok(answer);
    }
    let Verdict { decision, identity, outcome, revision } = judge(&setup, &request, &url, &host).await;
    let (decided, identity) = (now(), identity.as_ref());
    let record = Record { request: &request, url: &url, identity, decision: &decision, outcome: &outcome, revision };
    record.write(setup.gateway());
    let why = record.why();
    let answer = match (outcome, setup.gateway()) {
        (Ok(()), None) => answer::identity(identity)?,
        (Ok(()), Some(gateway)) => {
            let public = decision.reason() == Reason::Public;
            let allowed = Allowed { request: &request, url: &url, identity, public, now: seconds(now()) };
            match forward::forward(gateway, &allowed).await {
                Ok(answer) if answer.status_code() == 101 => return Ok(answer),
                Ok(answer) => answer,
                Err(why) => {
                    worker::console_error!("the origin could not be asked: {}", why.to_string());
                    answer::refusal(Refusal::NoOrigin)?
                }
            }
        }
        (Err(refusal), Some(gateway)) if is_page(&request, &refusal) => match login(gateway, &url) {
            Some(login) => answer::redirect(&login)?,
            None => answer::refusal(refusal)?,
        },
        (Err(refusal), _) => answer::refusal(refusal)?,
    };
    // The clock stands still but for I/O: what a decision computes counts as nothing, what it waits for counts.
    let timing = format!("sentinel;dur={:.0};desc={why}, origin;dur={:.0}", decided - began, now() - decided);
    answer.headers().append("server-timing", &timing)?;
    Ok(answer)
}

/// What was decided about a request.
struct Verdict {
    decision: Decision,
    /// The caller, where one is known. On a public route nobody has to be.
    identity: Option<Identity>,
    outcome: Result<(), Refusal>,
    /// Of the bundle that was asked for relations.
    revision: Option<u64>,
}

async fn judge(setup: &Setup, request: &Request, url: &Url, host: &Host<'_>) -> Verdict {
    let (method, path) = (request.inner().method(), url.path());
    let origin = url.origin().ascii_serialization();
    let asked = Asked { method: &request.method(), headers: request.headers(), origin: &origin };
    let authenticated = credentials::authenticate(setup, &asked, now(), host).await;
    let question = sentinel_core::Request { method: &method, path };
    let known = authenticated.as_ref().ok().and_then(Option::as_ref);
    let told = match (setup.gateway().and_then(|gateway| gateway.relations.as_ref()), known) {
        (Some(relations), Some(caller)) => relations.decide(setup, &question, caller, host).await,
        (_, known) => {
            let decision = setup.policy().decide(&question, known.map(|caller| &caller.identity));
            Told { outcome: Ok(decision), revision: None }
        }
    };
    let revision = told.revision;
    let (identity, refused) = match authenticated {
        Ok(caller) => (caller.map(|caller| caller.identity), None),
        Err(error) => (None, Some(error)),
    };
    let decision = match told.outcome {
        Ok(decision) => decision,
        Err(error) => {
            let decision = Decision::of(Reason::RelationRequired);
            return Verdict { decision, identity, outcome: Err(untold(error)), revision };
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
    Verdict { decision, identity, outcome, revision }
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
async fn is_too_much(request: &Request, env: &Env) -> worker::Result<bool> {
    if !js_sys::Reflect::has(env, &LIMITER.into()).unwrap_or(true) {
        return Ok(false);
    }
    let client = request.headers().get("cf-connecting-ip")?.unwrap_or_default();
    Ok(!env.rate_limiter(LIMITER)?.limit(client).await?.success)
}

/// Whether a person waits for a page and only lacks a login.
fn is_page(request: &Request, refusal: &Refusal) -> bool {
    let accept = request.headers().get("accept").ok().flatten().unwrap_or_default();
    let is_visit = matches!(request.method(), Method::Get | Method::Head);
    is_visit && accept.contains("text/html") && refusal.is_for_want_of_login()
}

/// Where to log in, and come back from to what was asked for: the path alone, which is this host's.
fn login(gateway: &Gateway, url: &Url) -> Option<String> {
    let login = gateway.login.as_deref()?;
    let path = login.split('?').next().unwrap_or_default();
    if path == url.path() || url.path().starts_with("//") {
        return None;
    }
    let back = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let separator = if login.contains('?') { '&' } else { '?' };
    let back: String = worker::url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    Some(format!("{login}{separator}return_to={back}"))
}

/// Milliseconds since 1970. In a Worker it stands still but for I/O.
fn now() -> f64 {
    js_sys::Date::now()
}

fn seconds(milliseconds: f64) -> i64 {
    (milliseconds / 1000.0) as i64
}
