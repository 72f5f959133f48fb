//! Relations: of whom which bundle is asked, and what is asked of the server where it has no answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sentinel_core::bundle::{Given, Scope};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::{Decision, Error, ErrorCode, Policy, Request};
use serde_json::json;
use worker::Url;

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
    ask: Option<Url>,
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
            vec![scope(&Url::parse(&url).map_err(|_| PLACE)?).ok_or(PLACE)?.workspace]
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
        if sample.query().is_some() || sample.fragment().is_some() {
            return Err("the bundle's URL must have no query");
        }
        scope(&sample).ok_or(PLACE)?;
        Ok(this)
    }

    /// Asks the server what has no answer here.
    pub(crate) fn or_ask(mut self, url: &str) -> Result<Self, &'static str> {
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
        let mut known: Vec<(String, String, bool)> = Vec::new();
        loop {
            let mut open = None;
            let outcome = policy.decide_with(request, Some(&caller.identity), &mut |relation, object| match known
                .iter()
                .find(|(of, to, _)| of == relation && to == object)
            {
                Some((_, _, has)) => Ok(*has),
                None => {
                    open = Some((relation.to_owned(), object.to_owned()));
                    Err(ErrorCode::Undecided.into())
                }
            });
            let was_asked = !known.is_empty() || open.is_some();
            let workspace = caller.identity.workspace_id().filter(|_| was_asked);
            let revision = || workspace.and_then(|id| self.place(id)).and_then(|place| place.revision());
            let Some((relation, object)) = open else { return Told { outcome, revision: revision() } };
            match self.has(setup, caller, &relation, &object, host).await {
                Ok(has) => known.push((relation, object, has)),
                Err(error) => return Told { outcome: Err(error), revision: revision() },
            }
        }
    }

    async fn has(
        &self,
        setup: &Setup,
        caller: &Caller,
        relation: &str,
        object: &str,
        host: &Host<'_>,
    ) -> Result<bool, Error> {
        // A `sub` is unique only within its issuer: another's user of the same name is somebody else.
        let ours =
            caller.token.as_ref().filter(|token| token.claims().issuer().as_deref() == Some(&self.demands.issuer));
        let Some(token) = ours else {
            return Err(Error::with(ErrorCode::Undecided, "the relations are of another issuer's users"));
        };
        let place = caller.identity.workspace_id().and_then(|workspace| self.place(workspace));
        let (Some(place), Some(user)) = (place, caller.identity.as_user()) else { return Ok(false) };
        let claimed = setup.first().config.relations.tuples(token)?;
        place.ready(host).await;
        let answer = place.read(|bundle, now| {
            // Also of a bundle that has ended: what was taken back stays so, and nobody else is asked about it.
            bundle.revocations().check(token.claims())?;
            let current = bundle.at(now, None)?;
            current.check(object, relation, &user, &Given { tuples: &claimed, ..Given::default() })
        });
        match (&self.ask, answer) {
            (Some(url), Err(error)) if is_open(&error) => {
                self.ask(url, &Question { user: &user, relation, object, claimed: &claimed }).await
            }
            (_, answer) => answer,
        }
    }

    /// What the server says.
    async fn ask(&self, url: &Url, question: &Question<'_>) -> Result<bool, Error> {
        let (body, member) = if url.path().ends_with("/check") {
            (question.openfga(), "allowed")
        } else {
            (question.authzen().ok_or(ErrorCode::Undecided)?, "decision")
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

struct Question<'a> {
    user: &'a str,
    relation: &'a str,
    object: &'a str,
    claimed: &'a [TupleKey],
}

impl Question<'_> {
    /// `None` where the token claims something, for which AuthZEN has no place: it could be what takes a relation away.
    fn authzen(&self) -> Option<serde_json::Value> {
        let entity = |text: &str| text.split_once(':').map(|(of, id)| json!({ "type": of, "id": id }));
        let (subject, resource) = (entity(self.user)?, entity(self.object)?);
        let question = json!({ "subject": subject, "action": { "name": self.relation }, "resource": resource });
        self.claimed.is_empty().then_some(question)
    }

    fn openfga(&self) -> serde_json::Value {
        let key =
            |object: &str, relation: &str, user: &str| json!({ "object": object, "relation": relation, "user": user });
        let asked = key(self.object, self.relation, self.user);
        if self.claimed.is_empty() {
            return json!({ "tuple_key": asked });
        }
        let claimed: Vec<_> =
            self.claimed.iter().map(|tuple| key(tuple.object(), tuple.relation(), tuple.user())).collect();
        json!({ "tuple_key": asked, "contextual_tuples": { "tuple_keys": claimed } })
    }
}

/// What the URL says that the bundle is of.
fn scope(url: &Url) -> Option<Scope> {
    let segments: Vec<&str> = url.path_segments()?.collect();
    match segments.as_slice() {
        [.., "workspaces", workspace, "services", service] if !workspace.is_empty() && !service.is_empty() => {
            Some(Scope::workspace(workspace).of_service(service))
        }
        [.., "workspaces", workspace] if !workspace.is_empty() => Some(Scope::workspace(workspace)),
        _ => None,
    }
}
