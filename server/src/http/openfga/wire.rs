//! What requests and answers look like.

use chrono::{DateTime, SecondsFormat};
use sentinel_storage::{Millis, TupleName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::service::policy::{Circumstances, Consistency, ConsistencyToken, PolicyError, Question, TupleIn};

/// A tuple, or what is asked about.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct TupleKeyIn {
    /// `document:1`.
    pub(super) object: Option<String>,
    /// `viewer`.
    pub(super) relation: Option<String>,
    /// `user:anne`, `group:staff#member` or `user:*`.
    pub(super) user: Option<String>,
    pub(super) condition: Option<ConditionIn>,
    /// From when on the tuple says nothing (RFC 3339); not in OpenFGA.
    expires_at: Option<String>,
}

/// The condition of a tuple.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct ConditionIn {
    name: Option<String>,
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

impl TupleKeyIn {
    pub(super) fn tuple(self) -> Result<TupleIn, PolicyError> {
        let condition = self.condition.unwrap_or_default();
        let expires_at = self.expires_at.map(|text| moment(&text)).transpose()?;
        Ok(TupleIn {
            object: self.object.unwrap_or_default(),
            relation: self.relation.unwrap_or_default(),
            user: self.user.unwrap_or_default(),
            condition: condition.name.filter(|name| !name.is_empty()),
            context: condition.context,
            expires_at,
        })
    }

    pub(super) fn question(self) -> Question {
        Question {
            object: self.object.unwrap_or_default(),
            relation: self.relation.unwrap_or_default(),
            user: self.user.unwrap_or_default(),
        }
    }
}

pub(super) fn tuples(keys: Option<Vec<TupleKeyIn>>) -> Result<Vec<TupleIn>, PolicyError> {
    keys.unwrap_or_default().into_iter().map(TupleKeyIn::tuple).collect()
}

/// Tuples that are taken to be there.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct ContextualTuples {
    tuple_keys: Option<Vec<TupleKeyIn>>,
}

/// What most questions bring along.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct CircumstancesIn {
    authorization_model_id: Option<String>,
    contextual_tuples: Option<ContextualTuples>,
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// `MINIMIZE_LATENCY` (the answer is at most a second old) or `HIGHER_CONSISTENCY` (it is true now).
    consistency: Option<String>,
}

impl CircumstancesIn {
    pub(super) fn read(self, store: &str, at_least: Option<ConsistencyToken>) -> Result<Circumstances, PolicyError> {
        Ok(Circumstances {
            model: self.authorization_model_id,
            consistency: consistency(self.consistency.as_deref(), store, at_least)?,
            contextual_tuples: tuples(self.contextual_tuples.and_then(|tuples| tuples.tuple_keys))?,
            context: self.context,
        })
    }
}

/// How current an answer must be.
pub(in crate::http) fn consistency(
    word: Option<&str>,
    store: &str,
    at_least: Option<ConsistencyToken>,
) -> Result<Consistency, PolicyError> {
    let word = match word {
        None | Some("UNSPECIFIED" | "MINIMIZE_LATENCY" | "") => Consistency::MinimizeLatency,
        Some("HIGHER_CONSISTENCY") => Consistency::Higher,
        Some(_) => return Err(PolicyError::validation("consistency must be MINIMIZE_LATENCY or HIGHER_CONSISTENCY")),
    };
    match at_least {
        Some(token) if token.store != store => {
            Err(PolicyError::validation("the consistency token is of another store"))
        }
        // The token's state is one that was committed before: what holds now is later.
        Some(token) if word == Consistency::MinimizeLatency => Ok(Consistency::AtLeast(token.revision)),
        _ => Ok(word),
    }
}

/// A tuple as answers have it.
#[derive(Serialize, ToSchema)]
pub(super) struct TupleKeyOut {
    user: String,
    relation: String,
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<ConditionOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// The condition of a tuple.
#[derive(Serialize, ToSchema)]
pub(super) struct ConditionOut {
    name: String,
    #[schema(value_type = Object)]
    context: Value,
}

impl TupleKeyOut {
    pub(super) fn new(
        name: TupleName,
        condition: Option<String>,
        context: Option<&str>,
        expires_at: Option<Millis>,
    ) -> Self {
        let context = context.and_then(|text| serde_json::from_str(text).ok());
        Self {
            user: name.subject,
            relation: name.relation,
            object: format!("{}:{}", name.object_type, name.object_id),
            condition: condition
                .map(|name| ConditionOut { name, context: context.unwrap_or_else(|| Value::Object(Map::new())) }),
            expires_at: expires_at.map(time),
        }
    }
}

/// A moment as answers have it.
pub(super) fn time(at: Millis) -> String {
    DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment of a request.
pub(super) fn moment(text: &str) -> Result<Millis, PolicyError> {
    let at =
        DateTime::parse_from_rfc3339(text).map_err(|_| PolicyError::validation("a time must be as RFC 3339 has it"))?;
    Ok(at.timestamp_millis())
}

impl CircumstancesIn {
    pub(super) fn of(authorization_model_id: Option<String>, consistency: Option<String>) -> Self {
        Self { authorization_model_id, consistency, ..Self::default() }
    }
}
