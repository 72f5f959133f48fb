//! Questions answered by the database alone, for stores that are too large to keep in memory: the resolver says what it
//! must read, and all of a round is read together.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Answer as Read, Budget, Outcome, Query, QueryError, Read as Wanted, Resolver, Step};
use sentinel_storage::{Connection, Millis, StoredTuple, TupleName};
use tokio::runtime::Handle;

use super::check::{Circumstances, contextual, refusal};
use super::conditions::context;
use super::evaluate::Asked;
use super::state::{key, object};
use super::{Model, PolicyError};
use crate::service::{Error, Service};

/// Most tuples that one question reads.
const TUPLES: usize = 500_000;
/// Most times that it reads for each tuple that may lead to the next.
const ROUNDS: u32 = 8;

impl Service {
    /// The answer as the database has it now. Each round is read anew: what is written between two of them may count for
    /// the later one, as if the question had come a moment later.
    ///
    /// On a thread of its own, which waits for the database; who goes away is noticed before the next round.
    pub(super) async fn resolve_by_sql(
        &self,
        store: i64,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        depth: u32,
    ) -> Result<Outcome, PolicyError> {
        let place = Arc::clone(&self.policy().by_sql).acquire_owned().await.map_err(Error::internal)?;
        let (service, model, with, asked) = (self.clone(), Arc::clone(model), with.clone(), asked.clone());
        let (runtime, gone) = (Handle::current(), Arc::new(AtomicBool::new(false)));
        let _noticed = Gone(Arc::clone(&gone));
        let work = move || {
            let _place = place;
            let read = |wanted: &[Wanted], left: &mut usize| {
                if gone.load(Ordering::Relaxed) {
                    return Err(Error::unavailable("nobody waits for the answer any more").into());
                }
                runtime.block_on(service.read_round(store, wanted, left))
            };
            resolve(&model, &with, asked.query(), depth, read)
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }

    async fn read_round(&self, store: i64, wanted: &[Wanted], left: &mut usize) -> Result<Vec<Read>, PolicyError> {
        let mut answers = Vec::with_capacity(wanted.len());
        let mut connection = self.store().read().await?;
        read(&mut connection, store, wanted, self.now(), &mut answers).await?;
        drop(connection);
        let read = answers.iter().map(|one| match one {
            Read::Tuples(tuples) => tuples.len(),
            Read::Unknown => 0,
        });
        *left = left.checked_sub(read.sum()).ok_or_else(|| refusal(QueryError::BudgetExceeded))?;
        Ok(answers)
    }
}

/// Tells the thread when it is dropped.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks a resolver, and reads what it wants.
fn resolve(
    model: &Model,
    with: &Circumstances,
    query: Query<'_>,
    depth: u32,
    read: impl Fn(&[Wanted], &mut usize) -> Result<Vec<Read>, PolicyError>,
) -> Result<Outcome, PolicyError> {
    let tuples = with.contextual_tuples.iter().map(|tuple| {
        model.allows_in_context(tuple)?;
        contextual(tuple)
    });
    let tuples = tuples.collect::<Result<Vec<_>, _>>()?;
    let request = context(with.context.as_ref()).map_err(PolicyError::validation)?;
    let conditions = model.conditions.in_context(Some(&request));
    let mut resolver = Resolver::new(&model.compiled, query)
        .with_conditions(&conditions)
        .with_budget(Budget { depth, ..Budget::DEFAULT })
        .with_tuples(&tuples)
        .map_err(refusal)?;
    let (mut answers, mut left) = (Vec::new(), TUPLES);
    for _ in 0..depth.saturating_mul(ROUNDS) {
        match resolver.step(answers) {
            Step::Done(outcome) => return outcome.map_err(refusal),
            Step::Read(wanted) => answers = read(&wanted, &mut left)?,
        }
    }
    Err(refusal(QueryError::BudgetExceeded))
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
