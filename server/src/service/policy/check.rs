//! Questions: whether someone has a relation to something.

use std::sync::Arc;

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Budget, Evaluator, Outcome, Query, QueryError};
use serde_json::{Map, Value};

use super::conditions::context;
use super::hot::{Consistency, Hot, Source};
use super::tuples::{TupleIn, new_tuple};
use super::{Model, PolicyCaller, PolicyError, RefusalCode};
use crate::service::{Error, Service};
/// Most questions of one batch (OpenFGA's `OPENFGA_MAX_CHECKS_PER_BATCH_CHECK`).
pub const CHECKS_PER_BATCH: usize = 50;

/// What a question brings along.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The model; without it the latest.
    pub model: Option<String>,
    /// How current the answer must be.
    pub consistency: Consistency,
    /// Tuples that are taken to be there.
    pub contextual_tuples: Vec<TupleIn>,
    /// What conditions are evaluated with.
    pub context: Option<Map<String, Value>>,
}

/// Whether a user has a relation to an object.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// `document:1`.
    pub object: String,
    /// `viewer`.
    pub relation: String,
    /// `user:anne`.
    pub user: String,
}

/// An answer, and the state that it is true of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// The revision of the store.
    pub revision: i64,
}

impl Service {
    /// Whether a user has a relation to an object.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `Check`.
    pub async fn check(
        &self,
        caller: &PolicyCaller,
        store: &str,
        question: &Question,
        with: &Circumstances,
    ) -> Result<Answer<bool>, PolicyError> {
        let (source, model) = self.open_for(caller, store, with).await?;
        self.decide(caller, &source, &model, question, with).await
    }

    /// Answers many questions, each for itself: what is wrong with one leaves the others.
    ///
    /// # Errors
    /// [`RefusalCode::StoreNotFound`], and where there is no model.
    pub async fn batch_check(
        &self,
        caller: &PolicyCaller,
        store: &str,
        questions: &[(Question, Circumstances)],
        with: &Circumstances,
    ) -> Result<Vec<Result<Answer<bool>, PolicyError>>, PolicyError> {
        let (source, model) = self.open_for(caller, store, with).await?;
        let mut answers = Vec::with_capacity(questions.len());
        for (question, with) in questions {
            answers.push(self.decide(caller, &source, &model, question, with).await);
        }
        Ok(answers)
    }

    /// What answers, and the model that is asked.
    pub(super) async fn open_for(
        &self,
        caller: &PolicyCaller,
        store: &str,
        with: &Circumstances,
    ) -> Result<(Source, Arc<Model>), PolicyError> {
        let source = self.source(caller, store, with.consistency).await?;
        let id = with.model.clone().filter(|id| !id.is_empty()).or_else(|| source.latest(self.now()));
        let model = self.model(source.store(), id.as_deref()).await?;
        Ok((source, model))
    }

    async fn decide(
        &self,
        caller: &PolicyCaller,
        source: &Source,
        model: &Model,
        question: &Question,
        with: &Circumstances,
    ) -> Result<Answer<bool>, PolicyError> {
        let Question { object, relation, user } = question;
        model.knows(object, relation, user)?;
        let answer = self.answer_from(source, model, with, Query::Check { object, relation, user }).await?;
        let answer = Answer { value: answer.value == Outcome::Decision(true), revision: answer.revision };
        if self.config().policy.log_decisions {
            tracing::info!(
                target: "sentinel::decisions",
                caller = caller.service_name,
                store = source.store().id,
                model = model.id,
                revision = answer.revision,
                user,
                relation,
                object,
                allowed = answer.value,
                "decided"
            );
        }
        Ok(answer)
    }

    /// Answers from memory, or from the database where the store is too large for it.
    pub(super) async fn answer_from(
        &self,
        source: &Source,
        model: &Model,
        with: &Circumstances,
        query: Query<'_>,
    ) -> Result<Answer<Outcome>, PolicyError> {
        match source {
            Source::Memory(hot) => self.evaluate(hot, model, with, query),
            Source::Database(store) => {
                let value = self.resolve_by_sql(store.number, model, with, query).await?;
                Ok(Answer { value, revision: store.revision })
            }
        }
    }

    /// Asks an evaluator over the store's index, the question's own tuples and its context.
    fn evaluate(
        &self,
        hot: &Hot,
        model: &Model,
        with: &Circumstances,
        query: Query<'_>,
    ) -> Result<Answer<Outcome>, PolicyError> {
        let tuples = with.contextual_tuples.iter().map(|tuple| {
            model.allows_in_context(tuple)?;
            contextual(tuple)
        });
        let tuples = tuples.collect::<Result<Vec<_>, _>>()?;
        let request = context(with.context.as_ref()).map_err(PolicyError::validation)?;
        let conditions = model.conditions.in_context(Some(&request));
        let state = hot.state(self.now());
        let binding = hot.binding(model, &state.index);
        let mut evaluator = Evaluator::bound(&model.compiled, &state.index, &binding)
            .with_conditions(&conditions)
            .with_budget(Budget::DEFAULT);
        if !tuples.is_empty() {
            evaluator = evaluator.with_tuples(&tuples).map_err(refusal)?;
        }
        let value = match query {
            Query::Check { object, relation, user } => evaluator.check(object, relation, user).map(Outcome::Decision),
            Query::ListObjects { type_name, relation, user } => {
                evaluator.list_objects(type_name, relation, user).map(Outcome::Names)
            }
            Query::ListUsers { object, relation, type_name, userset } => {
                evaluator.list_users(object, relation, type_name, userset).map(Outcome::Names)
            }
            Query::Expand { object, relation } => evaluator.expand(object, relation).map(Outcome::Tree),
            _ => Err(QueryError::Undecided),
        };
        Ok(Answer { value: value.map_err(refusal)?, revision: state.revision })
    }
}

pub(super) fn contextual(tuple: &TupleIn) -> Result<TupleKey, PolicyError> {
    let key = TupleKey::new(&tuple.object, &tuple.relation, &tuple.user);
    let key = key.map_err(|why| PolicyError::refused(RefusalCode::InvalidTuple, why.message()))?;
    let stored = new_tuple(tuple)?;
    Ok(match stored.condition {
        Some(name) => key.with_condition(&name, stored.context.as_deref().unwrap_or_default()),
        None => key,
    })
}

/// A question without an answer, in the words of the API.
pub(super) fn refusal(error: QueryError) -> PolicyError {
    let code = match &error {
        QueryError::Validation(_) => RefusalCode::ValidationError,
        QueryError::Condition(name, failure) => {
            let why = format!("failed to evaluate relationship condition: '{name}' - {failure}");
            return PolicyError::validation(why);
        }
        QueryError::TypeNotFound(_) => RefusalCode::TypeNotFound,
        QueryError::RelationNotFound(..) => RefusalCode::RelationNotFound,
        QueryError::InvalidTuple(..) => RefusalCode::InvalidTuple,
        QueryError::TooDeep | QueryError::BudgetExceeded => {
            return PolicyError::refused(
                RefusalCode::TooComplex,
                "Authorization Model resolution required too many rewrite rules to be resolved. Check your \
                 authorization model for infinite recursion or too much nesting",
            );
        }
        // Over a complete index there is nothing left to read.
        _ => return Error::internal(error).into(),
    };
    PolicyError::refused(code, error.to_string())
}
