//! Tuples written and read, and the log of their changes.

use std::collections::HashSet;

use sentinel_core::policy::tuple::{ObjectRef, UserRef, is_relation};
use sentinel_storage::{
    ChangeFilter, Millis, NewTuple, PolicyStore, Preconditions, StoredTuple, Transaction, TupleChange, TupleFilter,
    TupleName, Written,
};
use serde_json::{Map, Value};

use super::stores::page;
use super::token::{page_read, page_write};
use super::{ConsistencyToken, PolicyCaller, PolicyError, RefusalCode, TUPLES_PER_WRITE};
use crate::service::{Error, Service};

/// A tuple as a request has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TupleIn {
    /// `document:1`.
    pub object: String,
    /// `viewer`.
    pub relation: String,
    /// `user:anne`, `group:staff#member` or `user:*`.
    pub user: String,
    /// The condition that must hold.
    pub condition: Option<String>,
    /// What it is evaluated with.
    pub context: Option<Map<String, Value>>,
    /// From when on it says nothing.
    pub expires_at: Option<Millis>,
}

impl TupleIn {
    /// `document:1#viewer@user:anne`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}#{}@{}", self.object, self.relation, self.user)
    }
}

/// What is to be written and deleted, all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct WriteRequest {
    /// To write.
    pub writes: Vec<TupleIn>,
    /// To delete: by name, whatever the condition.
    pub deletes: Vec<TupleIn>,
    /// A tuple to write may exist as it is.
    pub ignore_duplicates: bool,
    /// A tuple to delete may be missing.
    pub ignore_missing: bool,
    /// The model that the tuples must fit; without it the latest.
    pub model: Option<String>,
}

/// Which tuples are read: texts as the request has them, empty for any.
#[derive(Clone, Debug, Default)]
pub struct ReadFilter {
    /// `document:1`, or `document:` for all of a type.
    pub object: String,
    /// A relation.
    pub relation: String,
    /// A user.
    pub user: String,
}

/// One entry of the log.
pub type Change = TupleChange;

impl Service {
    /// Deletes and writes tuples. The token names the state afterwards.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `Write`.
    pub async fn write_tuples(
        &self,
        caller: &PolicyCaller,
        store: &PolicyStore,
        request: &WriteRequest,
    ) -> Result<ConsistencyToken, PolicyError> {
        let model = self.model(store, request.model.as_deref()).await?;
        if request.writes.is_empty() && request.deletes.is_empty() {
            let why = "Invalid input. Make sure you provide at least one write, or at least one delete";
            return Err(PolicyError::refused(RefusalCode::InvalidWriteInput, why));
        }
        for tuple in &request.writes {
            model.admits(tuple)?;
        }
        for tuple in &request.deletes {
            named(tuple)?;
        }
        let mut seen = HashSet::new();
        for tuple in request.deletes.iter().chain(&request.writes) {
            if !seen.insert((&tuple.object, &tuple.relation, &tuple.user)) {
                let why = format!("duplicate tuple in write: {}", parts(&tuple.user, &tuple.relation, &tuple.object));
                return Err(PolicyError::refused(RefusalCode::DuplicateTuple, why));
            }
        }
        if seen.len() > TUPLES_PER_WRITE {
            let why = format!("The number of write operations exceeds the allowed limit of {TUPLES_PER_WRITE}");
            return Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
        }
        let mut transaction = self.begin_in(caller, store).await?;
        let revision = self.change_tuples(&mut transaction, store, request).await?;
        transaction.commit().await?;
        self.policy().stale(&store.id);
        Ok(ConsistencyToken { store: store.id.clone(), revision })
    }

    /// Does it, whatever the number, in a transaction of who may, and answers the revision that it leads to. The tuples have
    /// been judged.
    pub(super) async fn change_tuples(
        &self,
        transaction: &mut Transaction,
        store: &PolicyStore,
        request: &WriteRequest,
    ) -> Result<i64, PolicyError> {
        let writes = request.writes.iter().map(new_tuple).collect::<Result<Vec<_>, _>>()?;
        let deletes = request.deletes.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let most = self.config().policy.tuples_per_store;
        let preconditions = Preconditions {
            ignore_duplicates: request.ignore_duplicates,
            ignore_missing: request.ignore_missing,
            most,
        };
        let written = transaction.write_tuples(store.number, &writes, &deletes, preconditions, self.now()).await?;
        let failed = |begin: &str, name: &TupleName, end: &str| {
            let object = format!("{}:{}", name.object_type, name.object_id);
            format!("{begin}: {}{end}", parts(&name.subject, &name.relation, &object))
        };
        const INVALID: &str = ": tuple to be written already existed or the tuple to be deleted did not exist";
        match written {
            Written::Done(revision) => Ok(revision),
            Written::NoStore => Err(super::stores::unknown()),
            Written::Exists(name) => {
                let why = failed("cannot write a tuple which already exists", &name, INVALID);
                Err(PolicyError::refused(RefusalCode::WriteFailed, why))
            }
            Written::Missing(name) => {
                let why = failed("cannot delete a tuple which does not exist", &name, INVALID);
                Err(PolicyError::refused(RefusalCode::WriteFailed, why))
            }
            Written::Differs(name) => {
                let begin = "transactional write failed due to conflict: attempted to write a tuple which already \
                             exists with a different condition";
                Err(PolicyError::refused(RefusalCode::Aborted, failed(begin, &name, "")))
            }
            Written::BuiltIn(name) => Err(Error::forbidden(super::built_in::not_written(&name.object_type)).into()),
            Written::Full => {
                let why = format!("The number of tuples exceeds the allowed limit of {most}");
                Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why))
            }
        }
    }

    /// Tuples as they are stored, and the token of the next page.
    ///
    /// # Errors
    /// [`RefusalCode::ValidationError`] for a filter that OpenFGA does not take; the pages' refusals.
    pub async fn read_tuples(
        &self,
        store: &PolicyStore,
        filter: Option<&ReadFilter>,
        page_size: Option<i64>,
        token: &str,
    ) -> Result<(Vec<StoredTuple>, String), PolicyError> {
        let size = page(page_size)?;
        let list = format!("tuples of {}", store.id);
        let [object_type, object_id, relation, subject] = page_read(&list, token)?;
        let after = TupleName { object_type, object_id, relation, subject };
        let after = (!token.is_empty()).then_some(&after);
        let none = ReadFilter::default();
        let wanted = filter.unwrap_or(&none);
        let (object_type, object_id) = wanted.object.split_once(':').unwrap_or((&wanted.object, ""));
        if filter.is_some() && (object_type.is_empty() || (object_id.is_empty() && wanted.user.is_empty())) {
            return Err(PolicyError::validation(
                "the 'tuple_key' field was provided but the object type field is required and both the object id and user cannot be empty",
            ));
        }
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let by = TupleFilter {
            object_type: some(object_type),
            object_id: some(object_id),
            relation: some(&wanted.relation),
            subject: some(&wanted.user),
        };
        let mut found = self.store().read().await?.tuples(store.number, &by, after, size + 1, self.now()).await?;
        let more = super::cut(&mut found, size);
        let next = found.last().filter(|_| more).map(|last| {
            let TupleName { object_type, object_id, relation, subject } = &last.name;
            page_write(&list, [object_type, object_id, relation, subject])
        });
        Ok((found, next.unwrap_or_default()))
    }

    /// The log from a token or a moment on, and the token to go on from: the same one where there is nothing new.
    ///
    /// # Errors
    /// [`RefusalCode::TokenTypeMismatch`]; [`RefusalCode::ValidationError`] for a moment that has not come; the pages'
    /// refusals.
    pub async fn read_changes(
        &self,
        store: &PolicyStore,
        object_type: &str,
        since: Option<Millis>,
        page_size: Option<i64>,
        token: &str,
    ) -> Result<(Vec<Change>, String), PolicyError> {
        let size = page(page_size)?;
        if since.is_some_and(|since| since >= self.now()) {
            return Err(PolicyError::validation("invalid ReadChangesRequest.StartTime: value must be less than now"));
        }
        let list = format!("changes of {}", store.id);
        let [of, revision, position] = page_read(&list, token)?;
        let wrong = || PolicyError::refused(RefusalCode::InvalidContinuationToken, "Invalid continuation token");
        let after = if token.is_empty() {
            (0, 0)
        } else if of != object_type {
            let why = "The type in the querystring and the continuation token don't match";
            return Err(PolicyError::refused(RefusalCode::TokenTypeMismatch, why));
        } else {
            (revision.parse().map_err(|_| wrong())?, position.parse().map_err(|_| wrong())?)
        };
        // A token knows better than a clock where it was.
        let since = since.filter(|_| token.is_empty());
        let filter = ChangeFilter { object_type: Some(object_type).filter(|of| !of.is_empty()), since };
        let mut connection = self.store().read().await?;
        let after = match since {
            Some(since) => connection.place_in_changes(store.number, since).await?,
            None => after,
        };
        let found = connection.tuple_changes(store.number, &filter, after, size).await?;
        let next = found
            .last()
            .map(|last| page_write(&list, [object_type, &last.revision.to_string(), &last.position.to_string()]));
        Ok((found, next.unwrap_or_else(|| token.to_owned())))
    }
}

pub(super) fn parts(user: &str, relation: &str, object: &str) -> String {
    format!("user: '{user}', relation: '{relation}', object: '{object}'")
}

/// What a tuple is known by, where its parts are well-formed.
fn named(tuple: &TupleIn) -> Result<TupleName, PolicyError> {
    let fault = |why: &str| PolicyError::validation(format!("Invalid tuple '{}'. Reason: {why}", tuple.text()));
    UserRef::parse(&tuple.user).map_err(|why| fault(why.message()))?;
    let object = ObjectRef::parse(&tuple.object).map_err(|why| fault(why.message()))?;
    if !is_relation(&tuple.relation) {
        return Err(fault("the 'relation' field is malformed"));
    }
    Ok(TupleName {
        object_type: object.type_name.to_owned(),
        object_id: object.id.to_owned(),
        relation: tuple.relation.clone(),
        subject: tuple.user.clone(),
    })
}

pub(super) fn new_tuple(tuple: &TupleIn) -> Result<NewTuple, PolicyError> {
    let context = tuple.condition.as_ref().and(tuple.context.as_ref()).filter(|context| !context.is_empty());
    Ok(NewTuple {
        name: named(tuple)?,
        condition: tuple.condition.clone(),
        context: context.map(|context| canonical(&Value::Object(context.clone()))),
        expires_at: tuple.expires_at,
    })
}

/// JSON in one spelling: members in the order of their names.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let members =
                sorted.into_iter().map(|(name, value)| format!("{}:{}", Value::String(name.clone()), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_have_one_spelling() {
        let one: Value = serde_json::from_str(r#"{"b":[{"z":1,"y":"\u00fc\""}],"a":null}"#).unwrap();
        assert_eq!(canonical(&one), r#"{"a":null,"b":[{"y":"ü\"","z":1}]}"#);
    }
}
