//! AuthZEN's evaluation API at the edge (OpenID AuthZEN Authorization API 1.0): answered from the bundle, for whoever has the
//! key. The names are the server's: a subject is a user, an action a relation, a resource an object, properties are
//! parameters of conditions.

use std::rc::Rc;

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sentinel_core::bundle::Given;
use sentinel_core::policy::condition;
use sentinel_core::{Error, ErrorCode, Limits};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use worker::{Request, Response};

use crate::answer::{self, Refusal};
use crate::bundle::Place;
use crate::head::Head;
use crate::host::Host;
use crate::outgoing;
use crate::setup::Gateway;

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";
/// Longest question in bytes.
const BYTES: usize = 256 * 1024;
/// Most questions of one request.
const QUESTIONS: usize = 100;
/// RFC 7518 §3.2: at least as long as the hash.
const KEY_BYTES: usize = 32;

/// Who may ask.
pub(crate) struct EvaluationKey(Hmac<Sha256>, Vec<u8>);

impl EvaluationKey {
    pub(crate) fn new(key: &str) -> Result<Self, &'static str> {
        if key.len() < KEY_BYTES {
            return Err("the secret SENTINEL_EVALUATION_KEY has less than 32 bytes");
        }
        let mac = Hmac::new_from_slice(key.as_bytes()).map_err(|_| "SENTINEL_EVALUATION_KEY cannot be used")?;
        let expected = mac.clone().chain_update(key.as_bytes()).finalize().into_bytes().to_vec();
        Ok(Self(mac, expected))
    }

    /// In constant time, whatever was given and however long it is.
    fn is(&self, given: &str) -> bool {
        self.0.clone().chain_update(given.as_bytes()).verify_slice(&self.1).is_ok()
    }
}

#[derive(Clone, Default, Deserialize)]
struct Entity {
    r#type: Option<String>,
    id: Option<String>,
    properties: Option<Map<String, Value>>,
}

#[derive(Clone, Default, Deserialize)]
struct Action {
    name: Option<String>,
    properties: Option<Map<String, Value>>,
}

#[derive(Clone, Default, Deserialize)]
struct Evaluation {
    subject: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Evaluations {
    subject: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
    context: Option<Map<String, Value>>,
    evaluations: Option<Vec<Evaluation>>,
    options: Option<Options>,
}

#[derive(Default, Deserialize)]
struct Options {
    evaluations_semantic: Option<String>,
}

/// Why a question has no answer.
enum Failed {
    /// It is none.
    Malformed(&'static str),
    /// It has none here.
    Open(Error),
}

/// Answers what is asked of the API; `None` where the request is another one.
pub(crate) async fn answer(
    gateway: &Gateway,
    request: &web_sys::Request,
    head: &Head<'_>,
    host: &Host<'_>,
) -> worker::Result<Option<Response>> {
    let (Some((relations, key)), "POST", ONE | MANY) = (gateway.evaluation(), head.method, head.path) else {
        return Ok(None);
    };
    let bearer = head.header("authorization").and_then(|said| {
        let (scheme, key) = said.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let given = head.header("x-service-key").or(bearer);
    let response = if given.is_some_and(|given| key.is(given)) {
        let named = web_sys::UrlSearchParams::new_with_str(head.query)?.get("workspace");
        let workspace = named.as_deref().or(relations.only_workspace());
        match workspace.and_then(|workspace| relations.place(workspace)) {
            Some(place) => {
                place.ready(host).await;
                asked(request, head, &place).await?
            }
            None => bad(404, "there is no bundle of this workspace here")?,
        }
    } else {
        answer::refusal(Refusal::Unauthenticated)?
    };
    // Section 10.1.2.
    if let Some(id) = head.header("x-request-id") {
        response.headers().set("x-request-id", id)?;
    }
    Ok(Some(response))
}

async fn asked(request: &web_sys::Request, head: &Head<'_>, place: &Rc<Place>) -> worker::Result<Response> {
    let said = head.header("content-type").unwrap_or_default();
    let said = said.split(';').next().unwrap_or_default().trim();
    if !said.eq_ignore_ascii_case("application/json") {
        return bad(400, "the content type must be application/json");
    }
    let mut stream = Request::from(Clone::clone(request)).stream()?;
    let Ok(body) = outgoing::all_of(&mut stream, BYTES).await else {
        outgoing::skip(&mut stream, 3 * BYTES).await;
        return bad(413, "the question is too long");
    };
    let Ok(Evaluations { subject, action, resource, context, evaluations, options }) = serde_json::from_slice(&body)
    else {
        return bad(400, "the body is no evaluation");
    };
    let common = Evaluation { subject, action, resource, context };
    let questions = evaluations.filter(|_| head.path == MANY).unwrap_or_default();
    // Without a list it is one question (section 7.1).
    if questions.is_empty() {
        return match common.decide(place) {
            Ok(decision) => answer::fresh(&json!({ "decision": decision })),
            Err(Failed::Malformed(why)) => bad(400, why),
            Err(Failed::Open(error)) => answer::refusal(Refusal::Undecided(error)),
        };
    }
    if questions.len() > QUESTIONS {
        return bad(400, "evaluations must be at most 100");
    }
    let last = match options.unwrap_or_default().evaluations_semantic.as_deref() {
        None | Some("execute_all") => None,
        Some("deny_on_first_deny") => Some(false),
        Some("permit_on_first_permit") => Some(true),
        Some(_) => return bad(400, "evaluations_semantic is not one of the standard's"),
    };
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let decision = question.with(&common).decide(place);
        // What cannot be answered is denied, and says that it could not be.
        let error = match &decision {
            Ok(_) => None,
            Err(Failed::Malformed(why)) => Some((400, *why)),
            Err(Failed::Open(error)) => Some((503, error.message())),
        };
        let decision = decision.unwrap_or(false);
        answers.push(match error {
            None => json!({ "decision": decision }),
            Some((status, message)) => {
                json!({ "decision": false, "context": { "error": { "status": status, "message": message } } })
            }
        });
        if last == Some(decision) {
            break;
        }
    }
    answer::fresh(&json!({ "evaluations": answers }))
}

impl Evaluation {
    /// What the question does not say itself, all have in common.
    fn with(self, common: &Self) -> Self {
        Self {
            subject: self.subject.or_else(|| common.subject.clone()),
            action: self.action.or_else(|| common.action.clone()),
            resource: self.resource.or_else(|| common.resource.clone()),
            context: self.context.or_else(|| common.context.clone()),
        }
    }

    fn decide(&self, place: &Place) -> Result<bool, Failed> {
        let user = self.subject.as_ref().and_then(Entity::text).ok_or(Failed::Malformed("subject is missing"))?;
        let object = self.resource.as_ref().and_then(Entity::text).ok_or(Failed::Malformed("resource is missing"))?;
        let relation = self.action.as_ref().and_then(|action| action.name.as_deref()).filter(|name| !name.is_empty());
        let relation = relation.ok_or(Failed::Malformed("action is missing"))?;
        let context = condition::Map::from_json(Value::Object(self.context()).to_string().as_bytes(), &Limits::DEFAULT);
        let context = context.map_err(|_| Failed::Malformed("the context is not one that conditions can read"))?;
        let given = Given { context: Some(&context), ..Given::default() };
        let answer = place.read(|bundle, now| bundle.at(now, None)?.check(&object, relation, &user, &given));
        answer.map_err(|error| match error.code() {
            ErrorCode::ConfigurationInvalid => Failed::Malformed("no question under the authorization model"),
            _ => Failed::Open(error),
        })
    }

    /// The properties, each with the name of its entity before it, and the request's context over them.
    fn context(&self) -> Map<String, Value> {
        let subject = self.subject.as_ref().and_then(|one| one.properties.as_ref());
        let resource = self.resource.as_ref().and_then(|one| one.properties.as_ref());
        let action = self.action.as_ref().and_then(|one| one.properties.as_ref());
        let mut context = Map::new();
        for (prefix, properties) in [("subject", subject), ("resource", resource), ("action", action)] {
            for (name, value) in properties.into_iter().flatten() {
                context.insert(format!("{prefix}_{name}"), value.clone());
            }
        }
        context.extend(self.context.iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        context
    }
}

impl Entity {
    /// `type:id`.
    fn text(&self) -> Option<String> {
        let part = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Some(format!("{}:{}", part(&self.r#type)?, part(&self.id)?))
    }
}

fn bad(status: u16, why: &'static str) -> worker::Result<Response> {
    answer::problem(status, why)
}
