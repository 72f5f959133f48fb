//! Questions to an index in memory: short ones at once, on the thread that they came on, and long ones aside.

use std::sync::Arc;

use sentinel_core::policy::{Budget, Evaluator, Outcome, Query, QueryError};
use serde_json::Value;

use super::check::{Answer, Circumstances, contextual, refusal};
use super::conditions::context;
use super::hot::{Hot, Source};
use super::state::State;
use super::{Model, PolicyError};
use crate::service::Service;

/// Work that is done at once: below half a millisecond.
const QUICK: Budget = Budget { work: 20_000, ..Budget::DEFAULT };
/// Most contextual tuples and values of a context of a question that may be a short one.
const LIGHT: usize = 200;

/// A question that is kept.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Check { object: String, relation: String, user: String },
    ListObjects { type_name: String, relation: String, user: String },
    ListUsers { object: String, relation: String, type_name: String, userset: Option<String> },
}

impl Asked {
    pub(super) fn query(&self) -> Query<'_> {
        match self {
            Self::Check { object, relation, user } => Query::Check { object, relation, user },
            Self::ListObjects { type_name, relation, user } => Query::ListObjects { type_name, relation, user },
            Self::ListUsers { object, relation, type_name, userset } => {
                Query::ListUsers { object, relation, type_name, userset: userset.as_deref() }
            }
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It takes more work than was allowed.
    Work,
    /// The index was given up meanwhile.
    Gone,
    /// Anything that more work does not help.
    Refused(PolicyError),
}

impl Trouble {
    pub(super) fn of(error: QueryError) -> Self {
        match error {
            QueryError::BudgetExceeded => Self::Work,
            other => Self::Refused(refusal(other)),
        }
    }

    pub(super) fn refused(self) -> PolicyError {
        match self {
            Self::Refused(error) => error,
            Self::Work | Self::Gone => refusal(QueryError::BudgetExceeded),
        }
    }
}

impl Service {
    /// Answers from memory, or from the database where the store is too large for it.
    pub(super) async fn answer_from(
        &self,
        source: &Source,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
    ) -> Result<Answer<Outcome>, PolicyError> {
        self.answer_within(source, model, with, asked, Budget::DEFAULT).await
    }

    /// As [`Service::answer_from`], with another budget.
    pub(super) async fn answer_within(
        &self,
        source: &Source,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        budget: Budget,
    ) -> Result<Answer<Outcome>, PolicyError> {
        let store = match source {
            Source::Memory(hot) => match self.evaluate(hot, model, with, asked, budget).await {
                Err(Trouble::Gone) => {
                    let found = self.store().read().await?.policy_store_by_number(hot.store.number).await?;
                    found.ok_or_else(super::stores::unknown)?
                }
                answered => return answered.map_err(Trouble::refused),
            },
            Source::Database(store) => store.clone(),
        };
        let value = self.resolve_by_sql(store.number, model, with, asked, budget.depth).await?;
        Ok(Answer { value, revision: store.revision })
    }

    /// The answer, where it is soon found.
    pub(super) async fn evaluate_quickly(
        &self,
        hot: &Arc<Hot>,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        depth: u32,
    ) -> Option<Result<Answer<Outcome>, Trouble>> {
        if !is_light(with) {
            return None;
        }
        let state = hot.state(self.now()).await;
        let answered = answer(hot, &state, model, with, asked.query(), Budget { depth, ..QUICK });
        Some(answered).filter(|answered| !matches!(answered, Err(Trouble::Work)))
    }

    async fn evaluate(
        &self,
        hot: &Arc<Hot>,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        budget: Budget,
    ) -> Result<Answer<Outcome>, Trouble> {
        if let Some(answered) = self.evaluate_quickly(hot, model, with, asked, budget.depth).await {
            return answered;
        }
        let now = self.now();
        let (of, model, with, asked) = (Arc::clone(hot), Arc::clone(model), with.clone(), asked.clone());
        let work = move |state: tokio::sync::OwnedRwLockReadGuard<State>| {
            answer(&of, &state, &model, &with, asked.query(), budget)
        };
        let done = self.policy().aside(Some(&hot.places), hot.state(now), work).await;
        done.map_err(|error| Trouble::Refused(error.into()))?
    }
}

/// Asks an evaluator over the store's index, the question's own tuples and its context.
fn answer(
    hot: &Hot,
    state: &State,
    model: &Model,
    with: &Circumstances,
    query: Query<'_>,
    budget: Budget,
) -> Result<Answer<Outcome>, Trouble> {
    let value = with_evaluator(hot, state, model, with, budget, |evaluator| match query {
        Query::Check { object, relation, user } => evaluator.check(object, relation, user).map(Outcome::Decision),
        Query::ListObjects { type_name, relation, user } => {
            evaluator.list_objects(type_name, relation, user).map(Outcome::Names)
        }
        Query::ListUsers { object, relation, type_name, userset } => {
            evaluator.list_users(object, relation, type_name, userset).map(Outcome::Names)
        }
        _ => Err(QueryError::Undecided),
    })?;
    Ok(Answer { value, revision: state.revision })
}

/// Makes an evaluator over the state for one question.
pub(super) fn with_evaluator<T>(
    hot: &Hot,
    state: &State,
    model: &Model,
    with: &Circumstances,
    budget: Budget,
    ask: impl FnOnce(&Evaluator<'_>) -> Result<T, QueryError>,
) -> Result<T, Trouble> {
    if !state.is_whole {
        return Err(Trouble::Gone);
    }
    let tuples = with.contextual_tuples.iter().map(|tuple| {
        model.allows_in_context(tuple)?;
        contextual(tuple)
    });
    let tuples = tuples.collect::<Result<Vec<_>, _>>().map_err(Trouble::Refused)?;
    let request = context(with.context.as_ref()).map_err(|why| Trouble::Refused(PolicyError::validation(why)))?;
    let conditions = model.conditions.in_context(Some(&request));
    let binding = hot.binding(model, &state.index);
    let mut evaluator =
        Evaluator::bound(&model.compiled, &state.index, &binding).with_conditions(&conditions).with_budget(budget);
    if !tuples.is_empty() {
        evaluator = evaluator.with_tuples(&tuples).map_err(Trouble::of)?;
    }
    ask(&evaluator).map_err(Trouble::of)
}

/// Whether what a question brings along is soon read.
fn is_light(with: &Circumstances) -> bool {
    let values = with.context.iter().flatten().map(|(_, value)| weight(value)).sum::<usize>();
    with.contextual_tuples.len() + values <= LIGHT
}

/// About how many values there are, long texts for many.
#[must_use]
pub fn weight(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(weight).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(weight).sum::<usize>(),
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}
