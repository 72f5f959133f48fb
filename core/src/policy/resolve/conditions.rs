//! The conditions of a model, compiled once and asked in the context of a question.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::Cell;

use super::super::condition::{COST, ConditionError, Context, EvaluationError, Map, Program};
use super::super::model::{AuthorizationModel, Parameter};
use super::{ConditionFailure, Conditions};
use crate::Limits;

/// The conditions of a model, compiled: what a server keeps beside a [`CompiledModel`](super::super::CompiledModel).
#[derive(Debug)]
pub struct ModelConditions {
    programs: Vec<(Program, Vec<Parameter>)>,
}

impl ModelConditions {
    /// Compiles the conditions of a model.
    ///
    /// # Errors
    /// The first mistake with its position.
    pub fn compile(model: &AuthorizationModel) -> Result<Self, ConditionError> {
        let compile = |condition| Program::compile(condition).map(|program| (program, condition.parameters.clone()));
        Ok(Self { programs: model.conditions.iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// Ready for a question with this context (none: `None`).
    #[must_use]
    pub const fn in_context<'a>(&'a self, request: Option<&'a Map>) -> ConditionsInContext<'a> {
        ConditionsInContext { conditions: self, request, cost: COST, work: Cell::new(0) }
    }
}

/// The conditions of a model in the context of a question.
#[derive(Clone, Debug)]
pub struct ConditionsInContext<'a> {
    conditions: &'a ModelConditions,
    request: Option<&'a Map>,
    cost: u64,
    /// What evaluations took since somebody asked.
    work: Cell<u64>,
}

impl ConditionsInContext<'_> {
    /// With another limit for what one evaluation may cost. OpenFGA's is 100.
    #[must_use]
    pub const fn with_cost(mut self, cost: u64) -> Self {
        self.cost = cost;
        self
    }
}

/// How much of a tuple's context is read in about the time of a step.
const BYTES_PER_STEP: usize = 4;

/// A tuple's context. None is an empty text.
fn tuple_context(context: &str) -> Result<Option<Map>, ConditionFailure> {
    if context.is_empty() {
        return Ok(None);
    }
    let read = Map::from_json(context.as_bytes(), &Limits::DEFAULT);
    read.map(Some).map_err(|_| ConditionFailure::Context("the context is not a JSON object".to_owned()))
}

impl Conditions for ConditionsInContext<'_> {
    fn holds(&self, condition: u16, context: &str) -> Result<bool, ConditionFailure> {
        let (program, _) = self.conditions.programs.get(usize::from(condition)).ok_or(ConditionFailure::Unavailable)?;
        let mut work = context.len() / BYTES_PER_STEP;
        let tuple = tuple_context(context)?;
        let context = Context::new(self.request, tuple.as_ref());
        let outcome = program.evaluate_counting(&context, self.cost, &mut work);
        self.work.set(self.work.get().saturating_add(work as u64));
        outcome.map_err(|error| match error {
            EvaluationError::Missing(names) => ConditionFailure::Missing(names),
            EvaluationError::Parameter(why) => ConditionFailure::Context(why),
            other => ConditionFailure::Evaluation(other.to_string()),
        })
    }

    fn work(&self) -> u64 {
        self.work.take()
    }

    fn fits(&self, condition: u16, context: &str) -> Result<(), ConditionFailure> {
        let (program, parameters) =
            self.conditions.programs.get(usize::from(condition)).ok_or(ConditionFailure::Unavailable)?;
        let Some(tuple) = tuple_context(context)? else { return Ok(()) };
        for (name, _) in tuple.iter() {
            if !parameters.iter().any(|parameter| name.as_str() == Some(&parameter.name)) {
                let name = name.as_str().unwrap_or_default();
                return Err(ConditionFailure::Context(format!("found invalid context parameter: {name}")));
            }
        }
        match program.evaluate_partially(&Context::new(None, Some(&tuple)), self.cost) {
            Err(EvaluationError::Parameter(why)) => Err(ConditionFailure::Context(why)),
            _ => Ok(()),
        }
    }
}
