//! Authorization models: judged when they are written, compiled when they are first asked.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use sentinel_core::policy::model::{AuthorizationModel, ModelErrors, Relation, TypeDefinition};
use sentinel_core::policy::{CompiledModel, ModelConditions};
use sentinel_storage::{PolicyStore, StoredModel};
use serde_json::{Value, json};

use super::bounds;
use super::built_in::{own_part, with_built_in};
use super::ids::is_ulid;
use super::{Author, Policy, PolicyError, RefusalCode};
use crate::service::activity::Change;
use crate::service::{Caller, Error, Service};

/// Most models that are kept compiled.
const KEPT: usize = 2048;
/// Most bytes of their texts. Compiled a model takes some times as much.
const KEPT_BYTES: usize = 16 << 20;
/// Most models of one store.
const MODELS_PER_STORE: i64 = 10_000;

/// A model as it is asked.
#[derive(Debug)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// As it was written; of a workspace's store with the built-in types.
    pub source: AuthorizationModel,
    /// As it is evaluated.
    pub compiled: CompiledModel,
    /// Its conditions.
    pub conditions: ModelConditions,
    /// Where each type stands in `source`.
    types: HashMap<String, usize>,
    /// Whether it is of a workspace's store, where some types are built in.
    pub(super) has_built_in: bool,
}

impl Model {
    /// Compiles a model.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(id: &str, source: AuthorizationModel) -> Result<Self, String> {
        let compiled = CompiledModel::compile(&source).map_err(|why| why.to_string())?;
        let conditions = ModelConditions::compile(&source).map_err(|why| why.to_string())?;
        let types = source.types.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
        Ok(Self { id: id.to_owned(), source, compiled, conditions, types, has_built_in: false })
    }

    /// The model of a store as it is asked: in a workspace's with the built-in types.
    fn of_store(store: &PolicyStore, id: &str, source: AuthorizationModel) -> Result<Self, String> {
        if store.workspace_id.is_none() {
            return Self::compile(id, source);
        }
        Ok(Self { has_built_in: true, ..Self::compile(id, with_built_in(source))? })
    }

    /// A type by its name.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.get(name).and_then(|at| self.source.types.get(*at))
    }

    /// A relation of a type.
    #[must_use]
    pub fn relation(&self, type_name: &str, relation: &str) -> Option<&Relation> {
        self.type_named(type_name)?.relations.iter().find(|one| one.name == relation)
    }
}

/// The models that were asked lately.
#[derive(Debug, Default)]
pub(super) struct Models {
    kept: HashMap<(i64, String), Kept>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    model: Arc<Model>,
    /// Of its text.
    bytes: usize,
    used: u64,
}

impl Models {
    fn find(&mut self, key: &(i64, String)) -> Option<Arc<Model>> {
        self.uses += 1;
        let found = self.kept.get_mut(key)?;
        found.used = self.uses;
        Some(Arc::clone(&found.model))
    }

    /// Keeps one, and lets go of those that were not asked for longest.
    fn keep(&mut self, key: (i64, String), model: Arc<Model>, bytes: usize) {
        self.uses += 1;
        self.bytes += bytes;
        if let Some(old) = self.kept.insert(key, Kept { model, bytes, used: self.uses }) {
            self.bytes -= old.bytes;
        }
        while self.bytes > KEPT_BYTES || self.kept.len() > KEPT {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| self.kept.remove(&key)) else { return };
            self.bytes -= gone.bytes;
        }
    }

    fn forget(&mut self, store: i64) {
        self.kept.retain(|(number, _), _| *number != store);
        self.bytes = self.kept.values().map(|kept| kept.bytes).sum();
    }
}

impl Policy {
    /// Forgets what is kept of a store.
    pub(super) fn forget(&self, store: i64) {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).forget(store);
    }

    fn keep(&self, store: i64, model: &Arc<Model>, bytes: usize) {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.keep((store, model.id.clone()), Arc::clone(model), bytes);
    }
}

impl Service {
    /// Adds a model to a store, in OpenFGA's JSON form, and answers its id.
    ///
    /// # Errors
    /// [`RefusalCode::InvalidModel`] with what is wrong, [`RefusalCode::ExceededEntityLimit`].
    pub async fn write_model(
        &self,
        author: Author<'_>,
        from: &Caller,
        store: &PolicyStore,
        mut document: Value,
    ) -> Result<String, PolicyError> {
        // Old clients send none.
        if let Some(members) = document.as_object_mut()
            && members.get("schema_version").is_none_or(Value::is_null)
        {
            members.insert("schema_version".to_owned(), json!("1.1"));
        }
        let invalid = |why: String| PolicyError::refused(RefusalCode::InvalidModel, why);
        // Aside, and before anything is locked: a large model takes a while.
        let of = store.clone();
        let judge = move |()| {
            let text = document.to_string();
            bounds::check_size(&text)?;
            let source = read(&text).map_err(|why| invalid(why.to_string()))?;
            let source = match of.workspace_id {
                None => source,
                Some(_) => own_part(source).map_err(|name| invalid(format!("the type '{name}' is built in")))?,
            };
            let text = source.to_json();
            bounds::check(&source, &text)?;
            let effective = if of.workspace_id.is_some() { with_built_in(source.clone()) } else { source.clone() };
            effective.validate().map_err(|why| invalid(why.to_string()))?;
            Ok::<_, PolicyError>((Model::of_store(&of, "", source).map_err(invalid)?, text))
        };
        let (model, text) = self.policy().aside(None, async {}, judge).await??;
        let now = self.now();
        let actor = author.actor();
        let mut transaction = self.begin_by(&author, store).await?;
        if transaction.count_authorization_models(store.number).await? >= MODELS_PER_STORE {
            let why = format!("The number of authorization models exceeds the allowed limit of {MODELS_PER_STORE}");
            return Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
        }
        let most = self.config().policy.model_bytes_per_store;
        let taken = transaction.authorization_model_bytes(store.number).await?;
        if taken.saturating_add(i64::try_from(text.len()).unwrap_or(i64::MAX)) > most {
            let why = format!("The number of bytes of authorization models exceeds the allowed limit of {most}");
            return Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
        }
        // The latest one is the greatest id, whichever replica's clock was ahead.
        let latest = transaction.latest_authorization_model(store.number).await?;
        let id = self.policy().ids.next(now, latest.as_deref())?;
        let model = Model { id: id.clone(), ..model };
        transaction.insert_authorization_model(store.number, &id, &text, now).await?;
        let change = Change::new("store.write_model").on("store", &store.id).detail("model", &id);
        self.commit_as(transaction, &actor, from, change).await?;
        self.policy().keep(store.number, &Arc::new(model), text.len());
        self.policy().stale(&store.id);
        Ok(id)
    }

    /// A model in OpenFGA's JSON form, with its id.
    ///
    /// # Errors
    /// [`RefusalCode::ModelNotFound`].
    pub async fn read_model(&self, store: &PolicyStore, id: &str) -> Result<Value, PolicyError> {
        check_id(id)?;
        let found = self.store().read().await?.authorization_model(store.number, id).await?;
        shown(store, &found.ok_or_else(|| not_found(id))?)
    }

    /// A store's models, the newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`RefusalCode::PageSizeInvalid`], [`RefusalCode::InvalidContinuationToken`].
    pub async fn list_models(
        &self,
        store: &PolicyStore,
        page_size: Option<i64>,
        token: &str,
    ) -> Result<(Vec<Value>, String), PolicyError> {
        let size = super::stores::page(page_size)?;
        let list = format!("models of {}", store.id);
        let [before] = super::token::page_read(&list, token)?;
        let before = (!before.is_empty()).then_some(before.as_str());
        let mut found = self.store().read().await?.authorization_models(store.number, before, size + 1).await?;
        let more = super::cut(&mut found, size);
        let next = found.last().filter(|_| more).map(|last| super::token::page_write(&list, [&last.id]));
        Ok((found.iter().map(|one| shown(store, one)).collect::<Result<_, _>>()?, next.unwrap_or_default()))
    }

    /// The model of this id or, without one, the store's latest.
    ///
    /// # Errors
    /// [`RefusalCode::ModelNotFound`], [`RefusalCode::LatestModelNotFound`].
    pub async fn model(&self, store: &PolicyStore, id: Option<&str>) -> Result<Arc<Model>, PolicyError> {
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => {
                check_id(id)?;
                id.to_owned()
            }
            None => {
                let latest = self.store().read().await?.latest_authorization_model(store.number).await?;
                latest.ok_or_else(|| {
                    let why = format!("No authorization models found for store '{}'", store.id);
                    PolicyError::refused(RefusalCode::LatestModelNotFound, why)
                })?
            }
        };
        let key = (store.number, id);
        if let Some(kept) = self.policy().models.lock().unwrap_or_else(PoisonError::into_inner).find(&key) {
            return Ok(kept);
        }
        let (_, id) = key;
        let found = self.store().read().await?.authorization_model(store.number, &id).await?;
        let found = found.ok_or_else(|| not_found(&id))?;
        // It was judged when it was written: what does not fit now is a damaged row.
        let bytes = found.model.len();
        let of = store.clone();
        let compile = move |()| {
            let source = read(&found.model).map_err(Error::internal)?;
            Model::of_store(&of, &id, source).map_err(Error::internal)
        };
        let model = Arc::new(self.policy().aside(None, async {}, compile).await??);
        self.policy().keep(store.number, &model, bytes);
        Ok(model)
    }
}

fn read(text: &str) -> Result<AuthorizationModel, ModelErrors> {
    AuthorizationModel::from_json_within(text.as_bytes(), bounds::MODEL_BYTES)
}

fn shown(store: &PolicyStore, stored: &StoredModel) -> Result<Value, PolicyError> {
    let mut model: Value = match store.workspace_id {
        None => serde_json::from_str(&stored.model),
        Some(_) => {
            let own = read(&stored.model).map_err(Error::internal)?;
            serde_json::from_str(&with_built_in(own).to_json())
        }
    }
    .map_err(Error::internal)?;
    if let Some(members) = model.as_object_mut() {
        members.insert("id".to_owned(), stored.id.clone().into());
    }
    Ok(model)
}

pub(super) fn not_found(id: &str) -> PolicyError {
    PolicyError::refused(RefusalCode::ModelNotFound, format!("Authorization Model '{id}' not found"))
}

fn check_id(id: &str) -> Result<(), PolicyError> {
    if is_ulid(id) {
        return Ok(());
    }
    Err(PolicyError::validation(
        "invalid AuthorizationModelId: value does not match regex pattern \"^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$\"",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_kept_by_their_size() {
        let source = AuthorizationModel::from_json(br#"{"schema_version":"1.1","type_definitions":[{"type":"user"}]}"#);
        let model = Arc::new(Model::compile("a", source.unwrap()).unwrap());
        let key = |number: i64| (number, "a".to_owned());
        let mut models = Models::default();
        for number in 0..100 {
            models.keep(key(number), Arc::clone(&model), 256 * 1024);
            // The first one is asked again and again.
            assert!(models.find(&key(0)).is_some());
        }
        assert!(models.bytes <= KEPT_BYTES && models.kept.len() == 64, "{} {}", models.bytes, models.kept.len());
        assert!(models.find(&key(99)).is_some() && models.find(&key(1)).is_none());
        models.keep(key(99), Arc::clone(&model), 1);
        models.forget(0);
        assert_eq!(models.bytes, models.kept.values().map(|kept| kept.bytes).sum::<usize>());
        assert!(models.find(&key(0)).is_none());
        // What alone is too much is not kept.
        models.keep(key(7), Arc::clone(&model), KEPT_BYTES + 1);
        assert_eq!((models.bytes, models.kept.len()), (0, 0));
    }
}
