//! Questions answered by the database alone, for stores that are too large to keep in memory: the resolver says what it
//! must read, and all of a round is read together.

use std::collections::HashMap;

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Answer as Read, Budget, Outcome, Query, Read as Wanted, Resolver, Step};
use sentinel_storage::{Connection, Millis, StoredTuple, TupleName};

use super::check::{Circumstances, contextual, refusal};
use super::conditions::context;
use super::hot::{key, object};
use super::{Model, PolicyError};
use crate::service::{Error, Service};

impl Service {
    /// The answer as the database has it now. Each round is read anew: what is written between two of them may count for
    /// the later one, as if the question had come a moment later.
    pub(super) async fn resolve_by_sql(
        &self,
        store: i64,
        model: &Model,
        with: &Circumstances,
        query: Query<'_>,
    ) -> Result<Outcome, PolicyError> {
        let tuples = with.contextual_tuples.iter().map(|tuple| {
            model.allows_in_context(tuple)?;
            contextual(tuple)
        });
        let tuples = tuples.collect::<Result<Vec<_>, _>>()?;
        let request = context(with.context.as_ref()).map_err(PolicyError::validation)?;
        let (now, mut answers) = (self.now(), Vec::new());
        // What a resolver holds must not be held while the database is waited for: it is made anew with all that is known.
        let mut rounds: Vec<Vec<Read>> = Vec::new();
        loop {
            let step = {
                let conditions = model.conditions.in_context(Some(&request));
                let mut resolver = Resolver::new(&model.compiled, query)
                    .with_conditions(&conditions)
                    .with_budget(Budget::DEFAULT)
                    .with_tuples(&tuples)
                    .map_err(refusal)?;
                let mut step = resolver.step(Vec::new());
                for round in &rounds {
                    step = resolver.step(round.clone());
                }
                step
            };
            match step {
                Step::Done(outcome) => return outcome.map_err(refusal),
                Step::Read(wanted) => {
                    let mut connection = self.store().read().await?;
                    answers.clear();
                    read(&mut connection, store, &wanted, now, &mut answers).await?;
                    rounds.push(answers.clone());
                }
            }
        }
    }
}

/// Reads all of a round in at most four statements.
async fn read(
    connection: &mut Connection,
    store: i64,
    wanted: &[Wanted],
    now: Millis,
    answers: &mut Vec<Read>,
) -> Result<(), PolicyError> {
    let (mut exact, mut sets, mut all, mut starting) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in wanted {
        match one {
            Wanted::Tuple { object, relation, user } => {
                let (object_type, object_id) = parts(object);
                exact.push(TupleName {
                    object_type: object_type.to_owned(),
                    object_id: object_id.to_owned(),
                    relation: relation.clone(),
                    subject: user.clone(),
                });
            }
            Wanted::Usersets { object, relation } => sets.push(place(object, relation)),
            Wanted::Objects { object, relation } | Wanted::Users { object, relation } => {
                all.push(place(object, relation));
            }
            Wanted::StartingWith { user, relation, object_type } => {
                starting.push((user.as_str(), object_type.as_str(), relation.as_str()));
            }
            _ => {}
        }
    }
    let mut found = Found::default();
    if !exact.is_empty() {
        found.exact(connection.tuples_named(store, &exact, now).await?)?;
    }
    if !sets.is_empty() {
        found.sets(connection.tuples_of_objects(store, &sets, true, now).await?)?;
    }
    if !all.is_empty() {
        found.all(connection.tuples_of_objects(store, &all, false, now).await?)?;
    }
    if !starting.is_empty() {
        found.starting(connection.tuples_of_subjects(store, &starting, now).await?)?;
    }
    answers.extend(wanted.iter().map(|one| match one {
        Wanted::Tuple { object, relation, user } => {
            found.answer(&["exact", object.as_str(), relation.as_str(), user.as_str()])
        }
        Wanted::Usersets { object, relation } => found.answer(&["sets", object, relation]),
        Wanted::Objects { object, relation } | Wanted::Users { object, relation } => {
            found.answer(&["all", object, relation])
        }
        Wanted::StartingWith { user, relation, object_type } => {
            found.answer(&["starting", user, object_type, relation])
        }
        // A kind of question that this driver does not know: without it nothing is allowed.
        _ => Read::Unknown,
    }));
    Ok(())
}

/// What was read, by what it answers.
#[derive(Default)]
struct Found(HashMap<String, Vec<TupleKey>>);

impl Found {
    fn exact(&mut self, rows: Vec<StoredTuple>) -> Result<(), Error> {
        self.put(rows, |name| vec!["exact".into(), object(name), name.relation.clone(), name.subject.clone()])
    }

    fn sets(&mut self, rows: Vec<StoredTuple>) -> Result<(), Error> {
        self.put(rows, |name| vec!["sets".into(), object(name), name.relation.clone()])
    }

    fn all(&mut self, rows: Vec<StoredTuple>) -> Result<(), Error> {
        self.put(rows, |name| vec!["all".into(), object(name), name.relation.clone()])
    }

    fn starting(&mut self, rows: Vec<StoredTuple>) -> Result<(), Error> {
        self.put(rows, |name| {
            vec!["starting".into(), name.subject.clone(), name.object_type.clone(), name.relation.clone()]
        })
    }

    fn put(&mut self, rows: Vec<StoredTuple>, by: impl Fn(&TupleName) -> Vec<String>) -> Result<(), Error> {
        for row in rows {
            let tuple = key(&row.name, row.condition.as_deref(), row.context.as_deref())?;
            // No name has a space in it.
            self.0.entry(by(&row.name).join(" ")).or_default().push(tuple);
        }
        Ok(())
    }

    fn answer(&self, by: &[&str]) -> Read {
        Read::Tuples(self.0.get(&by.join(" ")).cloned().unwrap_or_default())
    }
}

fn place<'a>(object: &'a str, relation: &'a str) -> (&'a str, &'a str, &'a str) {
    let (object_type, object_id) = parts(object);
    (object_type, object_id, relation)
}

fn parts(object: &str) -> (&str, &str) {
    object.split_once(':').unwrap_or((object, ""))
}
