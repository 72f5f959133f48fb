//! Relations, and actions that a token does not carry: of whom which bundle is asked, and what is asked of the server where it
//! has no answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sentinel_core::bundle::{Given, Scope};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::{Decision, Error, ErrorCode, Policy, Request, VerifiedToken};
use serde_json::json;

use crate::address::Address;
use crate::bundle::{Demands, Place};
use crate::credentials::Caller;
use crate::host::Host;
use crate::outgoing;
use crate::setup::Setup;

/// Where a workspace's id goes.
const WORKSPACE: &str = "{workspace}";
/// Most bundles that one isolate holds; of more, the one that was asked longest ago goes.
const PLACES: usize = 32;
/// Longest answer of the server to one question, in bytes.
const ANSWER_BYTES: usize = 16 * 1024;

/// The relations of a gateway.
pub(crate) struct Relations {
    demands: Demands,
    /// May hold [`WORKSPACE`].
    url: String,
    /// The workspaces whose bundles may be asked for.
    workspaces: Vec<String>,
    held: RefCell<BTreeMap<String, (f64, Rc<Place>)>>,
    /// Where is asked what has no answer here.
    ask: Option<Address>,
}

/// What rules with a relation came to.
pub(crate) struct Told {
    pub(crate) outcome: Result<Decision, Error>,
    /// The revision of the bundle that was asked.
    pub(crate) revision: Option<u64>,
}

impl Relations {
    /// `allowed` are the workspaces of the configuration, where it names any.
    pub(crate) fn new(url: String, allowed: Option<Vec<String>>, demands: Demands) -> Result<Self, &'static str> {
        const PLACE: &str = "the bundle's URL is not …/workspaces/W or …/workspaces/W/services/S";
        let workspaces = if url.contains(WORKSPACE) {
            allowed.ok_or("a bundle's URL with {workspace} needs `allowedWorkspaces`")?
        } else {
            vec![scope(&Address::parse(&url).ok_or(PLACE)?).ok_or(PLACE)?.workspace]
        };
        let is_plain = |id: &String| {
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if !workspaces.iter().all(is_plain) {
            return Err("a workspace's id cannot stand in the bundle's URL");
        }
        let this = Self { demands, url, workspaces, held: RefCell::default(), ask: None };
        // What is wrong with the URL is wrong before the first request.
        let sample = outgoing::allowed(&this.url.replace(WORKSPACE, "w")).ok_or("the bundle's URL must be https")?;
        if sample.has_more() {
            return Err("the bundle's URL must have no query");
        }
        scope(&sample).ok_or(PLACE)?;
        Ok(this)
    }

    /// Asks the server what has no answer here: of one workspace's store, so that no other's question reaches it.
    pub(crate) fn or_ask(mut self, url: &str) -> Result<Self, &'static str> {
        if self.only_workspace().is_none() {
            return Err("`ask` is about one workspace: the bundle's URL must name it");
        }
        let url = outgoing::allowed(url).ok_or("`ask` must be an https URL, without credentials")?;
        if !url.path().ends_with("/access/v1/evaluation") && !url.path().ends_with("/check") {
            return Err("`ask` must be AuthZEN's /access/v1/evaluation, or OpenFGA's /stores/{id}/check");
        }
        self.ask = Some(url);
        Ok(self)
    }

    /// The only workspace, where there is one alone.
    pub(crate) fn only_workspace(&self) -> Option<&str> {
        if self.url.contains(WORKSPACE) { None } else { self.workspaces.first().map(String::as_str) }
    }

    /// The bundle of a workspace that is allowed.
    pub(crate) fn place(&self, workspace: &str) -> Option<Rc<Place>> {
        if !self.workspaces.iter().any(|allowed| allowed == workspace) {
            return None;
        }
        let mut held = self.held.borrow_mut();
        let now = crate::now();
        if let Some((asked_at, place)) = held.get_mut(workspace) {
            *asked_at = now;
            return Some(Rc::clone(place));
        }
        let url = outgoing::allowed(&self.url.replace(WORKSPACE, workspace))?;
        let place = Rc::new(Place::new(url.clone(), scope(&url)?, &self.demands));
        while held.len() >= PLACES {
            let oldest = held.iter().min_by(|(_, (one, _)), (_, (other, _))| one.total_cmp(other));
            let oldest = oldest.map(|(name, _)| name.clone())?;
            held.remove(&oldest);
        }
        held.insert(workspace.to_owned(), (now, Rc::clone(&place)));
        Some(place)
    }

    /// The rules' decision on a caller. A rule is read at once: what it still has to know is asked for, and then it is read
    /// again.
    pub(crate) async fn decide(&self, setup: &Setup, request: &Request<'_>, caller: &Caller, host: &Host<'_>) -> Told {
        let policy: &Policy = setup.policy();
        let mut known: Vec<(Wanted, bool)> = Vec::new();
        let mut was_asked = false;
        loop {
            let mut open = None;
            let outcome = policy.decide_asking(request, Some(&caller.identity), &mut |name, object| {
                was_asked = true;
                let wanted = Wanted { name: name.to_owned(), object: object.map(str::to_owned) };
                if let Some((_, has)) = known.iter().find(|(one, _)| *one == wanted) {
                    return Ok(*has);
                }
                // Most often it is held, and nothing has to be waited for.
                if let Ok(question) = self.question(setup, caller)
                    && let Some(place) = question.place.as_ref().filter(|place| place.is_fresh())
                    && let Ok(has) = question.answer(place, &wanted)
                {
                    return Ok(has);
                }
                open = Some(wanted);
                Err(ErrorCode::Undecided.into())
            });
            let workspace = caller.identity.workspace_id().filter(|_| was_asked);
            let revision = || workspace.and_then(|id| self.place(id)).and_then(|place| place.revision());
            let Some(wanted) = open else { return Told { outcome, revision: revision() } };
            match self.has(setup, caller, &wanted, host).await {
                Ok(has) => known.push((wanted, has)),
                Err(error) => return Told { outcome: Err(error), revision: revision() },
            }
        }
    }

    async fn has(&self, setup: &Setup, caller: &Caller, wanted: &Wanted, host: &Host<'_>) -> Result<bool, Error> {
        let question = self.question(setup, caller)?;
        let Some(place) = &question.place else { return Ok(false) };
        place.ready(host).await;
        // Of actions the server's policy stores know nothing.
        match (&self.ask, &wanted.object, question.answer(place, wanted)) {
            (Some(url), Some(object), Err(error)) if is_open(&error) => {
                self.ask(url, &question, &wanted.name, object).await
            }
            (_, _, answer) => answer,
        }
    }

    /// What is asked about a caller, whatever the relation.
    fn question<'a>(&self, setup: &Setup, caller: &'a Caller) -> Result<Question<'a>, Error> {
        // A `sub` is unique only within its issuer: another's user of the same name is somebody else.
        let ours =
            caller.token.as_ref().filter(|token| token.claims().issuer().as_deref() == Some(&self.demands.issuer));
        let Some(token) = ours else {
            return Err(Error::with(ErrorCode::Undecided, "the relations are of another issuer's users"));
        };
        let place = caller.identity.workspace_id().and_then(|workspace| self.place(workspace));
        let (Some(place), Some(user)) = (place, caller.identity.as_user()) else {
            return Ok(Question { token, place: None, user: String::new(), claimed: Vec::new() });
        };
        let claimed = setup.first().config.relations.tuples(token)?;
        Ok(Question { token, place: Some(place), user, claimed })
    }

    /// What the server says.
    async fn ask(&self, url: &Address, question: &Question<'_>, relation: &str, object: &str) -> Result<bool, Error> {
        let (body, member) = if url.path().ends_with("/check") {
            (question.openfga(relation, object), "allowed")
        } else {
            (question.authzen(relation, object).ok_or(ErrorCode::Undecided)?, "decision")
        };
        let authorization = format!("Bearer {}", self.demands.service_key);
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let said = outgoing::post(url, &headers, &body.to_string(), ANSWER_BYTES).await.map_err(|why| {
            worker::console_warn!("the server could not be asked for a relation: {why}");
            ErrorCode::Unavailable
        })?;
        let said = serde_json::from_slice::<serde_json::Value>(&said).ok();
        said.and_then(|said| said.get(member)?.as_bool()).ok_or(ErrorCode::Undecided.into())
    }
}

/// Whether somebody who knows more could answer.
fn is_open(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::Undecided | ErrorCode::BundleStale | ErrorCode::Unavailable | ErrorCode::BudgetExceeded
    )
}

/// What a rule asks for: a relation to an object or, without one, an action of the caller's roles.
#[derive(PartialEq, Eq)]
struct Wanted {
    name: String,
    object: Option<String>,
}

/// Who is asked about, and in what.
struct Question<'a> {
    token: &'a VerifiedToken,
    /// None where the caller is of no workspace that may be asked for, or has no name in tuples: then there are no relations,
    /// and no actions.
    place: Option<Rc<Place>>,
    user: String,
    claimed: Vec<TupleKey>,
}

impl Question<'_> {
    /// What the bundle says.
    fn answer(&self, place: &Place, wanted: &Wanted) -> Result<bool, Error> {
        place.read(|bundle, now| {
            // Also of a bundle that has ended: what was taken back stays so, and nobody else is asked about it.
            bundle.revocations().check(self.token.claims())?;
            let current = bundle.at(now, None)?;
            let given = Given { tuples: &self.claimed, ..Given::default() };
            match &wanted.object {
                Some(object) => current.check(object, &wanted.name, &self.user, &given),
                None => current.has_action(&self.user, &wanted.name),
            }
        })
    }

    /// `None` where the token claims something, for which AuthZEN has no place: it could be what takes a relation away.
    fn authzen(&self, relation: &str, object: &str) -> Option<serde_json::Value> {
        let entity = |text: &str| text.split_once(':').map(|(of, id)| json!({ "type": of, "id": id }));
        let (subject, resource) = (entity(&self.user)?, entity(object)?);
        let question = json!({ "subject": subject, "action": { "name": relation }, "resource": resource });
        self.claimed.is_empty().then_some(question)
    }

    fn openfga(&self, relation: &str, object: &str) -> serde_json::Value {
        let key =
            |object: &str, relation: &str, user: &str| json!({ "object": object, "relation": relation, "user": user });
        let asked = key(object, relation, &self.user);
        if self.claimed.is_empty() {
            return json!({ "tuple_key": asked });
        }
        let claimed: Vec<_> =
            self.claimed.iter().map(|tuple| key(tuple.object(), tuple.relation(), tuple.user())).collect();
        json!({ "tuple_key": asked, "contextual_tuples": { "tuple_keys": claimed } })
    }
}

/// What the URL says that the bundle is of.
fn scope(url: &Address) -> Option<Scope> {
    let segments: Vec<&str> = url.path().split('/').collect();
    match segments.as_slice() {
        [.., "workspaces", workspace, "services", service] if !workspace.is_empty() && !service.is_empty() => {
            Some(Scope::workspace(workspace).of_service(service))
        }
        [.., "workspaces", workspace] if !workspace.is_empty() => Some(Scope::workspace(workspace)),
        _ => None,
    }
}
