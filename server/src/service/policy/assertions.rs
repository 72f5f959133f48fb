//! What a model is expected to decide, kept beside it for those who change it.

use sentinel_storage::PolicyStore;
use serde_json::{Map, Value};

use super::{PolicyCaller, PolicyError, RefusalCode, TupleIn};
use crate::service::{Error, Service};

/// Most assertions of a model (`WriteAssertionsRequest.assertions`).
const ASSERTIONS: usize = 100;
/// Most octets of them together.
const BYTES: usize = 64_000;

/// One expectation.
#[derive(Clone, Debug, Default)]
pub struct Assertion {
    /// The question: without a condition.
    pub tuple: TupleIn,
    /// The answer.
    pub expectation: bool,
    /// Tuples that are taken to be there.
    pub contextual_tuples: Vec<TupleIn>,
    /// What conditions are evaluated with.
    pub context: Option<Map<String, Value>>,
}

impl Service {
    /// Says what a model is expected to decide, instead of what was said before. `document` is the same as `assertions`,
    /// in the form in which it is read again.
    ///
    /// # Errors
    /// [`RefusalCode::ModelNotFound`]; [`RefusalCode::ValidationError`] for what the model does not know.
    pub async fn write_assertions(
        &self,
        caller: &PolicyCaller,
        store: &PolicyStore,
        model_id: &str,
        assertions: &[Assertion],
        document: &Value,
    ) -> Result<(), PolicyError> {
        let model = self.model(store, Some(model_id)).await?;
        if assertions.len() > ASSERTIONS {
            let why = format!(
                "invalid WriteAssertionsRequest.Assertions: value must contain no more than {ASSERTIONS} item(s)"
            );
            return Err(PolicyError::refused(RefusalCode::TooManyAssertions, why));
        }
        let text = document.to_string();
        if text.len() > BYTES {
            let why = format!("The number of bytes exceeds the allowed limit of {BYTES}");
            return Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
        }
        for assertion in assertions {
            model.knows(&assertion.tuple.object, &assertion.tuple.relation, &assertion.tuple.user)?;
            for tuple in &assertion.contextual_tuples {
                model.allows_in_context(tuple)?;
            }
        }
        let mut transaction = self.begin_in(caller, store).await?;
        transaction.set_assertions(store.number, &model.id, &text, self.now()).await?;
        Ok(transaction.commit().await?)
    }

    /// What a model is expected to decide.
    ///
    /// # Errors
    /// [`RefusalCode::ModelNotFound`].
    pub async fn read_assertions(&self, store: &PolicyStore, model_id: &str) -> Result<Value, PolicyError> {
        let model = self.model(store, Some(model_id)).await?;
        let found = self.store().read().await?.assertions(store.number, &model.id).await?;
        let found = found.map(|text| serde_json::from_str(&text).map_err(Error::internal)).transpose()?;
        Ok(found.unwrap_or_else(|| Value::Array(Vec::new())))
    }
}
