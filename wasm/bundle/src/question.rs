//! Questions to the bundle that is held.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use sentinel_core::bundle::{Bundle, Current, Given, Named};
use sentinel_core::claims::NumericDate;
use sentinel_core::jose::json::{self, Value};
use sentinel_core::policy::Budget;
#[cfg(feature = "conditions")]
use sentinel_core::policy::condition::Map;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::{Error, ErrorCode, Limits};

use crate::demands::invalid;
use crate::holder::{Holder, none, seconds, text};
use crate::record::{Answer, NO, YES};

const fn answered(yes: bool) -> u32 {
    if yes { YES } else { NO }
}

/// When a question is asked, and the revision that it needs: below 0 none.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: f64,
    pub(crate) at_least: f64,
}

impl Moment {
    fn at(self, bundle: &Bundle) -> Result<Current<'_>, Error> {
        if !self.at_least.is_finite() {
            return Err(invalid("the revision that is asked for is no number"));
        }
        bundle.at(seconds(self.now)?, (self.at_least >= 0.0).then_some(self.at_least as u64))
    }
}

impl Holder {
    /// Whether a user has a relation to an object: the three texts stand in the input, one after the other.
    pub(crate) fn check(&mut self, object: usize, relation: usize, user: usize, moment: Moment) -> Answer {
        let current = moment.at(self.bundle.as_ref().ok_or_else(none)?)?;
        let middle = object.saturating_add(relation);
        let (object, relation) = (text(&self.input, 0, object)?, text(&self.input, object, relation)?);
        let user = text(&self.input, middle, user)?;
        Ok(answered(current.check(object, relation, user, &Given { budget: self.budget, ..Given::default() })?))
    }

    /// Answers the question in the input. 0: check, 1: list objects (a line each), 2: whether a role has an action, 3:
    /// whether a token was revoked.
    pub(crate) fn ask(&mut self, kind: u32, length: usize, moment: Moment) -> Answer {
        const FORM: Error = invalid("the question is not JSON within the limits");
        let document = self.input.get(..length).ok_or(FORM)?;
        let question = json::parse(document, &Limits::DEFAULT).map_err(|_| FORM)?;
        let bundle = self.bundle.as_ref().ok_or_else(none)?;
        // Roles and revocations are as old as everything else.
        let current = moment.at(bundle)?;
        match kind {
            0 => {
                let (object, relation) = (part(question, "object")?, part(question, "relation")?);
                let user = part(question, "user")?;
                given(question, self.budget, |given| Ok(answered(current.check(&object, &relation, &user, given)?)))
            }
            1 => {
                let (of, relation) = (part(question, "type")?, part(question, "relation")?);
                let user = part(question, "user")?;
                let objects = given(question, self.budget, |given| current.list_objects(&of, &relation, &user, given))?;
                // A name has no line break.
                self.output = objects.join("\n");
                Ok(self.tell())
            }
            2 => {
                let (roles, action) = (bundle.roles(), part(question, "action")?);
                let allows = match question.member("role").filter(|role| !role.is_null()) {
                    Some(_) => roles.allows(&part(question, "role")?, &action),
                    // Of a slice all roles are the user's own.
                    None if bundle.manifest().scope.user.is_some() => {
                        roles.roles().any(|role| roles.allows(role, &action))
                    }
                    None => return Err(invalid("a role must be named: the bundle is of more than one user")),
                };
                Ok(answered(allows))
            }
            3 => revoked(bundle, question),
            _ => Err(invalid("a bundle cannot answer that")),
        }
    }
}

fn revoked(bundle: &Bundle, claims: Value<'_>) -> Answer {
    let text = |name: &str| claims.member(name).and_then(Value::as_str);
    let (jwt_id, session, subject, workspace) = (text("jti"), text("sid"), text("sub"), text("wid"));
    let token = Named {
        jwt_id: jwt_id.as_deref(),
        session: session.as_deref(),
        subject: subject.as_deref(),
        workspace: workspace.as_deref(),
        issued_at: claims.member("iat").and_then(NumericDate::from_json),
    };
    match bundle.revocations().check_named(&token) {
        Ok(()) => Ok(NO),
        Err(error) if error.code() == ErrorCode::TokenRevoked => Ok(YES),
        Err(error) => Err(error),
    }
}

/// A member that must be text.
fn part<'a>(value: Value<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    value.member(name).and_then(Value::as_str).ok_or(invalid("user, relation, object, type and action must be text"))
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
