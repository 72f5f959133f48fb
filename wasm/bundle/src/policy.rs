//! Bundles of policy: taking them, and questions to the one that is held.

use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::bundle::{Bundle, Current, Given, Kind, Opened};
use sentinel_core::jose::json::Value;
use sentinel_core::policy::Budget;
#[cfg(feature = "conditions")]
use sentinel_core::policy::condition::Map;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::{Error, ErrorCode};

use crate::demands::invalid;
use crate::holder::{Holder, seconds, text};
use crate::question::{Moment, part, revoked};
use crate::record::{Answer, NO, YES};

/// The length of a delta's body that only renews: version and kind.
const EMPTY: u64 = 2;

const NONE: Error = Error::with(ErrorCode::BundleStale, "there is no bundle");

const fn answered(yes: bool) -> u32 {
    if yes { YES } else { NO }
}

/// A full bundle takes the place of the one that is held, a delta changes it; whether anything is another than before.
pub(crate) fn take(bundle: &mut Option<Bundle>, opened: &Opened<'_>) -> Result<bool, Error> {
    match (opened.manifest().kind, bundle) {
        (Kind::Delta, Some(held)) => {
            held.apply(opened)?;
            Ok(opened.manifest().length > EMPTY)
        }
        (Kind::Delta, None) => {
            Err(Error::with(ErrorCode::BundleStale, "there is no bundle that the delta could follow"))
        }
        (_, held) => {
            let earlier = held.as_ref().map(|held| (held.known(), held.manifest().sha256));
            *held = Some(Bundle::load(opened, earlier.as_ref().map(|(known, _)| known))?);
            Ok(earlier.is_none_or(|(_, sha256)| sha256 != opened.manifest().sha256))
        }
    }
}

impl Moment {
    fn at(self, bundle: Option<&Bundle>) -> Result<Current<'_>, Error> {
        if !self.at_least.is_finite() {
            return Err(invalid("the revision that is asked for is no number"));
        }
        bundle.ok_or(NONE)?.at(seconds(self.now)?, (self.at_least >= 0.0).then_some(self.at_least as u64))
    }
}

impl Holder {
    /// Whether a user has a relation to an object: the three texts stand in the input, one after the other.
    pub(crate) fn check(&mut self, object: usize, relation: usize, user: usize, moment: Moment) -> Answer {
        let current = moment.at(self.bundle.as_ref())?;
        let middle = object.saturating_add(relation);
        let (object, relation) = (text(&self.input, 0, object)?, text(&self.input, object, relation)?);
        let user = text(&self.input, middle, user)?;
        Ok(answered(current.check(object, relation, user, &Given { budget: self.budget, ..Given::default() })?))
    }
}

/// The names that a list has found, a line each; or yes or no.
pub(crate) enum Found {
    Names(Vec<String>),
    Answer(u32),
}

/// 0: check, 1: list objects, 2: whether a role, or a user's roles, have an action, 3: whether a token was revoked.
pub(crate) fn ask(
    bundle: Option<&Bundle>,
    budget: Budget,
    kind: u32,
    question: Value<'_>,
    moment: Moment,
) -> Result<Found, Error> {
    // Roles and revocations are as old as everything else.
    let current = moment.at(bundle)?;
    let bundle = bundle.ok_or(NONE)?;
    let answer = match kind {
        0 => {
            let (object, relation) = (part(question, "object")?, part(question, "relation")?);
            let user = part(question, "user")?;
            given(question, budget, |given| current.check(&object, &relation, &user, given))?
        }
        1 => {
            let (of, relation) = (part(question, "type")?, part(question, "relation")?);
            let user = part(question, "user")?;
            let objects = given(question, budget, |given| current.list_objects(&of, &relation, &user, given))?;
            return Ok(Found::Names(objects));
        }
        2 => {
            let action = part(question, "action")?;
            let named = |name| question.member(name).is_some_and(|value| !value.is_null());
            let roles = bundle.roles();
            if named("user") {
                current.has_action(&part(question, "user")?, &action)?
            } else if named("role") {
                roles.allows(&part(question, "role")?, &action)
            } else if bundle.manifest().scope.user.is_some() {
                // Of a slice all roles are the user's own.
                roles.roles().any(|role| roles.allows(role, &action))
            } else {
                return Err(invalid("a role must be named: the bundle is of more than one user"));
            }
        }
        3 => return revoked(question, &|token| bundle.revocations().check_named(token)).map(Found::Answer),
        _ => return Err(invalid("a bundle cannot answer that")),
    };
    Ok(Found::Answer(answered(answer)))
}

/// Asks with the contextual tuples and the context of the question.
fn given<T>(question: Value<'_>, budget: Budget, ask: impl FnOnce(&Given<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let tuples = match question.member("contextualTuples").filter(|list| !list.is_null()) {
        None => Vec::new(),
        Some(list) => {
            let list = list.elements().ok_or(invalid("`contextualTuples` must be a list"))?;
            list.map(tuple).collect::<Result<Vec<_>, _>>()?
        }
    };
    let context = question.member("context").filter(|context| !context.is_null());
    if !context.is_none_or(Value::is_object) {
        return Err(invalid("`context` must be an object"));
    }
    #[cfg(feature = "conditions")]
    let context = context.and_then(Map::from_json_value);
    #[cfg(not(feature = "conditions"))]
    let _ = context;
    ask(&Given {
        tuples: &tuples,
        #[cfg(feature = "conditions")]
        context: context.as_ref(),
        budget,
    })
}

/// A tuple key as OpenFGA's API has it.
fn tuple(value: Value<'_>) -> Result<TupleKey, Error> {
    const TUPLE: Error = invalid("a contextual tuple is not one");
    let part = |name: &str| value.member(name).and_then(Value::as_str).ok_or(TUPLE);
    let key = TupleKey::new(&part("object")?, &part("relation")?, &part("user")?).map_err(|_| TUPLE)?;
    let Some(condition) = value.member("condition").filter(|condition| !condition.is_null()) else { return Ok(key) };
    let context = condition.member("context").filter(|context| !context.is_null());
    match condition.member("name").and_then(Value::as_str) {
        Some(name) if context.is_none_or(Value::is_object) => {
            Ok(key.with_condition(&name, context.map_or("", Value::raw)))
        }
        _ => Err(TUPLE),
    }
}
