//! Questions off the hot path, and changes: JSON in, JSON out.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::Limits;
use sentinel_core::jose::json::{self, Value};
use sentinel_core::policy::tuple::TupleKey;

use crate::answer;
use crate::engine::{Answer, DONE, Engine, Policy, decision, no_model, text};
use crate::load::{full, tuple};
use crate::refusal::Refusal;

/// A member that must be text.
fn part<'a>(value: Value<'a>, name: &str) -> Result<Cow<'a, str>, Refusal> {
    let found = value.member(name).and_then(Value::as_str);
    found.ok_or_else(|| Refusal::malformed(&["'", name, "' must be text"].concat()))
}

/// A member that may be left out, a list otherwise.
fn list<'a>(value: Value<'a>, name: &str) -> Result<Vec<Value<'a>>, Refusal> {
    match value.member(name).filter(|list| !list.is_null()) {
        None => Ok(Vec::new()),
        Some(list) => match list.elements() {
            Some(elements) => Ok(elements.collect()),
            None => Err(Refusal::malformed(&["'", name, "' must be a list"].concat())),
        },
    }
}

impl Engine {
    /// Answers the question in the input. 0: check, 1: explain, 2: expand, 3: list objects, 4: list users, 5: list
    /// relations. 6 changes tuples, 7 lists them.
    pub(crate) fn ask(&mut self, kind: u32, length: usize) -> Answer {
        let document = json::parse(text(&self.input, 0, length)?.as_bytes(), &Limits::DEFAULT);
        let question = document.map_err(|_| Refusal::malformed("the question is not JSON within the limits"))?;
        self.output.clear();
        let policy = self.policy.as_mut().ok_or_else(no_model)?;
        let status = match kind {
            6 => write(policy, question)?,
            7 => {
                answer::list(&mut self.output, policy.index.tuples(), |out, tuple| answer::tuple(out, &tuple));
                DONE
            }
            _ => about(policy, kind, question, &mut self.output)?,
        };
        self.tell();
        Ok(status)
    }
}

fn about(policy: &Policy, kind: u32, question: Value<'_>, out: &mut String) -> Answer {
    let tuples = list(question, "contextualTuples")?.into_iter().map(tuple).collect::<Result<Vec<_>, _>>()?;
    let context = question.member("context").filter(|context| !context.is_null());
    if !context.is_none_or(Value::is_object) {
        return Err(Refusal::malformed("'context' must be an object"));
    }
    policy.with(&tuples, context, |evaluator| {
        match kind {
            0 => {
                let (object, relation, user) = three(question)?;
                return Ok(decision(evaluator.check(&object, &relation, &user)?));
            }
            1 => {
                let (object, relation, user) = three(question)?;
                answer::explanation(out, &evaluator.explain(&object, &relation, &user)?);
            }
            2 => {
                let tree = evaluator.expand(&part(question, "object")?, &part(question, "relation")?)?;
                out.push_str("{\"root\":");
                answer::tree(out, &tree);
                out.push('}');
            }
            3 => {
                let (of, relation) = (part(question, "type")?, part(question, "relation")?);
                answer::names(out, evaluator.list_objects(&of, &relation, &part(question, "user")?)?);
            }
            4 => {
                let (object, relation) = (part(question, "object")?, part(question, "relation")?);
                let userset = match question.member("userset") {
                    Some(name) => Some(name.as_str().ok_or_else(|| Refusal::malformed("'userset' must be text"))?),
                    None => None,
                };
                let of = part(question, "type")?;
                answer::names(out, evaluator.list_users(&object, &relation, &of, userset.as_deref())?);
            }
            5 => {
                let among: Option<Vec<Cow<'_, str>>> =
                    list(question, "relations")?.into_iter().map(Value::as_str).collect();
                let among = among.ok_or_else(|| Refusal::malformed("'relations' must be a list of text"))?;
                let among: Vec<&str> = among.iter().map(|name| &**name).collect();
                let (object, user) = (part(question, "object")?, part(question, "user")?);
                let mut found = evaluator.list_relations(&object, &user, &among)?;
                if among.is_empty() && question.member("relations").is_some() {
                    // An empty list asks for none; core takes it for all.
                    found.clear();
                }
                answer::names(out, found);
            }
            _ => return Err(Refusal::malformed("this engine cannot do that")),
        }
        Ok(DONE)
    })
}

type Three<'a> = (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

/// Object, relation and user.
fn three(question: Value<'_>) -> Result<Three<'_>, Refusal> {
    Ok((part(question, "object")?, part(question, "relation")?, part(question, "user")?))
}

/// Deletes and writes, all or none, as OpenFGA's Write: what is there already and what is not there any more are errors
/// unless they are to be ignored.
fn write(policy: &mut Policy, question: Value<'_>) -> Answer {
    let ignored = |name: &str| question.member(name).and_then(Value::as_bool).unwrap_or(false);
    let (ignore_duplicates, ignore_missing) = (ignored("ignoreDuplicates"), ignored("ignoreMissing"));
    let read = |name: &str| list(question, name)?.into_iter().map(tuple).collect::<Result<Vec<TupleKey>, _>>();
    let (deletes, writes) = (read("deletes")?, read("writes")?);
    let parts = |tuple: &TupleKey| [tuple.object(), tuple.relation(), tuple.user()].map(String::from);
    let mut seen = alloc::collections::BTreeSet::new();
    for one in deletes.iter().chain(&writes) {
        if !seen.insert(parts(one)) {
            return Err(failed(one, "it is in the request twice"));
        }
    }
    for one in &deletes {
        if !ignore_missing && !policy.index.contains(one.object(), one.relation(), one.user()) {
            return Err(failed(one, "there is no such tuple to delete"));
        }
    }
    for one in &writes {
        policy.with(&[], None, |evaluator| Ok(evaluator.validate(one)?))?;
        if let Some(there) = policy.index.get(one.object(), one.relation(), one.user())
            && !(ignore_duplicates && there == *one)
        {
            return Err(failed(one, "there is such a tuple already"));
        }
    }
    for one in &deletes {
        policy.index.remove(one.object(), one.relation(), one.user());
    }
    for one in &writes {
        policy.index.insert(one).map_err(full)?;
    }
    policy.bind();
    Ok(DONE)
}

fn failed(tuple: &TupleKey, why: &str) -> Refusal {
    let tuple = [tuple.object(), "#", tuple.relation(), "@", tuple.user()].concat();
    let message = ["cannot write '", &*tuple, "': ", why].concat();
    Refusal::new(sentinel_core::ErrorCode::ConfigurationInvalid, "write_failed_due_to_invalid_input", &message)
}
