//! Questions: whether someone has a relation to something.

use std::sync::Arc;

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Outcome, QueryError};
use serde_json::{Map, Value};

use super::evaluate::Asked;
use super::hot::{Consistency, Source};
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
        let id = with.model.clone().filter(|id| !id.is_empty()).or_else(|| source.latest());
        let model = self.model(source.store(), id.as_deref()).await?;
        Ok((source, model))
    }

    async fn decide(
        &self,
        caller: &PolicyCaller,
        source: &Source,
        model: &Arc<Model>,
        question: &Question,
        with: &Circumstances,
    ) -> Result<Answer<bool>, PolicyError> {
        let answer = self.answer_question(source, model, question, with).await;
        self.log_decision(caller, source, model, question, with, &answer).await;
        answer
    }

    async fn answer_question(
        &self,
        source: &Source,
        model: &Arc<Model>,
        question: &Question,
        with: &Circumstances,
    ) -> Result<Answer<bool>, PolicyError> {
        let Question { object, relation, user } = question.clone();
        model.knows(&object, &relation, &user)?;
        let answer = self.answer_from(source, model, with, &Asked::Check { object, relation, user }).await?;
        Ok(Answer { value: answer.value == Outcome::Decision(true), revision: answer.revision })
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
