//! A model and the tuples of files, as they are asked.

use std::collections::HashMap;

use sentinel_core::Limits;
use sentinel_core::policy::condition::Map as Context;
use sentinel_core::policy::model::RestrictionKind;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Evaluator, Index, QueryError};
use serde_json::{Map, Value};

use super::model::Model;
use super::text::Mistake;
use super::tuples::{Entry, key};

/// Most mistakes about tuples that are told at once.
const TOLD: usize = 20;

/// What questions are asked of.
pub(super) struct World {
    model: Model,
    index: Index,
    /// Tuples that have expired before this moment say nothing.
    now: i64,
}

impl World {
    /// Puts the tuples in an index. As in a store, each must be one that the model allows, and stands there once.
    pub(super) fn new(model: Model, entries: &[Entry], now: i64) -> Result<Self, Vec<Mistake>> {
        let mut world = Self { model, index: Index::default(), now };
        let keys = world.keys(entries)?;
        let full = |_| vec![Mistake::new("these are more tuples than an index in memory can number")];
        world.index.extend(&keys).map_err(full)?;
        Ok(world)
    }

    /// Tuples as the engine has them, without those that have expired.
    pub(super) fn keys(&self, entries: &[Entry]) -> Result<Vec<TupleKey>, Vec<Mistake>> {
        let conditions = self.model.conditions.in_context(None);
        let evaluator = Evaluator::new(&self.model.compiled, &self.index).with_conditions(&conditions);
        let mut seen: HashMap<[&str; 3], &Entry> = HashMap::with_capacity(entries.len());
        let (mut keys, mut mistakes) = (Vec::with_capacity(entries.len()), Vec::new());
        for entry in entries {
            let tuple = &entry.tuple;
            let judged = key(tuple).and_then(|key| match evaluator.validate(&key) {
                Ok(()) if tuple.user == format!("{}#{}", tuple.object, tuple.relation) => {
                    Err("the tuple says what is so without it".to_owned())
                }
                Ok(()) => Ok(key),
                Err(QueryError::InvalidTuple(_, why)) => Err(why),
                Err(other) => Err(other.to_string()),
            });
            let earlier = seen.insert([&tuple.object, &tuple.relation, &tuple.user], entry);
            let judged = match (judged, earlier) {
                (Ok(_), Some(earlier)) => Err(format!("the tuple stands at {}, too", earlier.spot.shown())),
                (Ok(_), None) if self.index.contains(&tuple.object, &tuple.relation, &tuple.user) => {
                    Err("the tuple is among those of the whole file, too".to_owned())
                }
                (judged, _) => judged,
            };
            match judged {
                Ok(key) if tuple.expires_at.is_none_or(|at| at > self.now) => keys.push(key),
                Ok(_) => {}
                Err(why) => mistakes.push(entry.spot.mistake(format!("{}: {why}", tuple.text()))),
            }
            if mistakes.len() >= TOLD {
                break;
            }
        }
        if mistakes.is_empty() { Ok(keys) } else { Err(mistakes) }
    }

    /// Whether a tuple like this one, `object#relation@user`, could be there: with or without a condition. One whose user
    /// is no wildcard always could, as far as this tells.
    pub(super) fn may_be_written(&self, tuple: &str) -> bool {
        let Ok(tuple) = TupleKey::parse(tuple) else { return true };
        let (Some(everyone), Some((of, _))) = (tuple.user().strip_suffix(":*"), tuple.object().split_once(':')) else {
            return true;
        };
        let of = self.model.source.types.iter().find(|one| one.name == of);
        let relation = of.and_then(|of| of.relations.iter().find(|one| one.name == tuple.relation()));
        relation.is_none_or(|relation| {
            let mut restrictions = relation.restrictions.iter();
            restrictions.any(|one| one.kind == RestrictionKind::Wildcard && one.type_name == everyone)
        })
    }

    /// Asks, with tuples and a context of the question's own.
    pub(super) fn ask<T>(
        &self,
        own: &[TupleKey],
        context: Option<&Map<String, Value>>,
        question: impl FnOnce(&Evaluator<'_>) -> Result<T, QueryError>,
    ) -> Result<T, String> {
        let context = context.map(read).transpose()?;
        let conditions = self.model.conditions.in_context(context.as_ref());
        let evaluator = Evaluator::new(&self.model.compiled, &self.index).with_conditions(&conditions);
        let evaluator = evaluator.with_tuples(own).map_err(|why| why.to_string())?;
        question(&evaluator).map_err(|why| why.to_string())
    }
}

/// A context as conditions read it.
fn read(context: &Map<String, Value>) -> Result<Context, String> {
    let text = Value::Object(context.clone()).to_string();
    Context::from_json(text.as_bytes(), &Limits::DEFAULT).map_err(|_| "the context is too large or too deep".to_owned())
}
