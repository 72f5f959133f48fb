//! Many tuples at once: a line each.

use alloc::string::String;

use sentinel_core::jose::json::{self, Value};
use sentinel_core::policy::tuple::{TupleError, TupleKey};
use sentinel_core::policy::{Batch, IndexFull};
use sentinel_core::{ErrorCode, Limits};

use crate::engine::{Answer, DONE, Engine, no_model, text};
use crate::refusal::Refusal;

/// A tuple key as OpenFGA's API has it.
pub(crate) fn tuple(value: Value<'_>) -> Result<TupleKey, Refusal> {
    let part = |name: &str| value.member(name).and_then(Value::as_str);
    let (Some(object), Some(relation), Some(user)) = (part("object"), part("relation"), part("user")) else {
        return Err(Refusal::invalid_tuple(value.raw(), "object, relation and user must be text"));
    };
    let key = TupleKey::new(&object, &relation, &user).map_err(|error| malformed(value.raw(), error))?;
    let Some(condition) = value.member("condition").filter(|condition| !condition.is_null()) else { return Ok(key) };
    let context = condition.member("context").filter(|context| !context.is_null());
    match condition.member("name").and_then(Value::as_str) {
        Some(name) if context.is_none_or(Value::is_object) => {
            Ok(key.with_condition(&name, context.map_or("", Value::raw)))
        }
        _ => Err(Refusal::invalid_tuple(value.raw(), "a condition has a name, and a context that is an object")),
    }
}

fn malformed(tuple: &str, error: TupleError) -> Refusal {
    Refusal::invalid_tuple(tuple, error.message())
}

pub(crate) fn full(_: IndexFull) -> Refusal {
    Refusal::new(ErrorCode::BudgetExceeded, "", "the tuple index is full")
}

/// One line: JSON, or `object#relation@user`. What begins with a brace is JSON.
fn line(line: &str) -> Result<TupleKey, Refusal> {
    if line.starts_with('{') {
        let value = json::parse(line.as_bytes(), &Limits::DEFAULT);
        return tuple(value.map_err(|_| Refusal::invalid_tuple(line, "not JSON"))?);
    }
    TupleKey::parse(line).map_err(|error| malformed(line, error))
}

impl Engine {
    /// Takes whole lines of tuples from the input; [`Self::settle`] puts them into the index. One that the model does not
    /// allow is refused, and all of them with it.
    pub(crate) fn load(&mut self, length: usize) -> Answer {
        let lines = text(&self.input, 0, length)?;
        let policy = self.policy.as_mut().ok_or_else(no_model)?;
        for one in lines.split('\n').map(str::trim_ascii).filter(|line| !line.is_empty()) {
            let added = line(one).and_then(|tuple| {
                policy.with(&[], None, |evaluator| Ok(evaluator.validate(&tuple)?))?;
                policy.index.stage(&mut self.batch, &tuple).map_err(full)
            });
            if let Err(refusal) = added {
                self.batch = Batch::new();
                return Err(refusal);
            }
        }
        Ok(DONE)
    }

    /// Puts what was loaded into the index.
    pub(crate) fn settle(&mut self) -> Answer {
        let policy = self.policy.as_mut().ok_or_else(no_model)?;
        policy.index.extend_staged(core::mem::replace(&mut self.batch, Batch::new()));
        policy.bind();
        self.output = String::new();
        Ok(self.tell())
    }
}
