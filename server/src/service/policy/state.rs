//! What is kept of a store in memory: an index of its tuples at one revision, and which of them expire when.

use std::collections::{BTreeSet, HashMap};

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Gathering, Index};
use sentinel_keys::secrets;
use sentinel_storage::{Millis, StoredTuple, TupleChange, TupleName};

use crate::service::Error;

/// Tuples that expire at once while everybody else waits.
const EXPIRING: usize = 1000;
/// Bytes that are kept of a tuple that expires, beside the index.
const EXPIRING_BYTES: usize = 500;

/// What an index holds, and of when that is.
pub(super) struct State {
    pub(super) index: Index,
    pub(super) revision: i64,
    /// Whether it is one: nothing is answered from one that was given up.
    pub(super) is_whole: bool,
    /// Tuples that expire, the first one first.
    expiring: BTreeSet<(Millis, TupleName)>,
    /// The same by tuple.
    expires_at: HashMap<TupleName, Millis>,
    /// How many tuples have expired of which the log does not say so yet.
    unlogged: usize,
}

impl State {
    pub(super) fn empty() -> Result<Self, Error> {
        Ok(Self {
            index: index()?,
            revision: 0,
            is_whole: false,
            expiring: BTreeSet::new(),
            expires_at: HashMap::new(),
            unlogged: 0,
        })
    }

    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.expiring.first().is_some_and(|(at, _)| *at <= now)
    }

    pub(super) fn expire(&mut self, now: Millis) {
        for _ in 0..EXPIRING {
            if !self.is_due(now) {
                return;
            }
            let Some((_, name)) = self.expiring.pop_first() else { return };
            self.expires_at.remove(&name);
            self.index.remove(&object(&name), &name.relation, &name.subject);
            self.unlogged += 1;
        }
    }

    /// Whether the index holds what the log says at its revision, no more and no less: nothing has expired of which the
    /// log does not say so yet.
    pub(super) fn is_as_logged(&self, now: Millis) -> bool {
        self.unlogged == 0 && !self.is_due(now)
    }

    /// When the first tuple expires.
    pub(super) fn next_expiry(&self) -> Option<Millis> {
        self.expiring.first().map(|(at, _)| *at)
    }

    /// When the first of these tuples expires.
    pub(super) fn first_expiry<'a>(&self, tuples: impl Iterator<Item = &'a TupleKey>) -> Option<Millis> {
        if self.expires_at.is_empty() {
            return None;
        }
        tuples.filter_map(|tuple| self.expires_at.get(&name(tuple)?).copied()).min()
    }

    fn expires(&mut self, name: TupleName, at: Millis) {
        self.expiring.insert((at, name.clone()));
        self.expires_at.insert(name, at);
    }

    pub(super) fn bytes(&self) -> usize {
        let memory = self.index.memory();
        memory.tuple_bytes + memory.name_bytes + self.expires_at.len() * EXPIRING_BYTES
    }

    /// Applies changes in order; those that it has come to already stand.
    pub(super) fn advance(&mut self, changes: &[TupleChange]) -> Result<(), Error> {
        let from = self.revision;
        for change in changes.iter().filter(|change| change.revision > from) {
            self.apply(change)?;
            self.revision = change.revision;
        }
        Ok(())
    }

    fn apply(&mut self, change: &TupleChange) -> Result<(), Error> {
        if let Some((name, at)) = self.expires_at.remove_entry(&change.name) {
            self.expiring.remove(&(at, name));
        }
        if change.is_delete {
            if !self.index.remove(&object(&change.name), &change.name.relation, &change.name.subject) {
                // It had expired, and now the log says so.
                self.unlogged = self.unlogged.saturating_sub(1);
            }
            return Ok(());
        }
        let tuple = key(&change.name, change.condition.as_deref(), change.context.as_deref())?;
        self.index.insert(&tuple).map_err(Error::internal)?;
        if let Some(at) = change.expires_at {
            self.expires(change.name.clone(), at);
        }
        Ok(())
    }
}

/// A state on its way: tuples as they are read, page after page.
pub(super) struct Loading {
    gathering: Gathering,
    expiring: Vec<(TupleName, Millis)>,
}

impl Loading {
    pub(super) fn begin() -> Result<Self, Error> {
        Ok(Self { gathering: Gathering::new(index()?), expiring: Vec::new() })
    }

    /// Those too that have expired: whether they have is asked when they would count.
    pub(super) fn add(&mut self, page: Vec<StoredTuple>) -> Result<(), Error> {
        for row in page {
            let tuple = key(&row.name, row.condition.as_deref(), row.context.as_deref())?;
            self.gathering.add([&tuple]).map_err(Error::internal)?;
            if let Some(at) = row.expires_at {
                self.expiring.push((row.name, at));
            }
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.gathering.bytes() + self.expiring.len() * EXPIRING_BYTES
    }

    /// The state of this revision, with the changes that came while the tuples were read: of each tuple the last change
    /// decides, and one that did not change was read as it is.
    pub(super) fn finish(self, revision: i64, meanwhile: &[TupleChange]) -> Result<State, Error> {
        let mut state = State {
            index: self.gathering.finish(),
            revision,
            is_whole: true,
            expiring: BTreeSet::new(),
            expires_at: HashMap::with_capacity(self.expiring.len()),
            unlogged: 0,
        };
        for (name, at) in self.expiring {
            state.expires(name, at);
        }
        state.advance(meanwhile)?;
        state.index.compact();
        Ok(state)
    }
}

fn index() -> Result<Index, Error> {
    let key = u128::from_le_bytes(secrets::random_bytes()?);
    // Both halves of it.
    Ok(Index::new((key as u64, (key >> 64) as u64)))
}

pub(super) fn object(name: &TupleName) -> String {
    format!("{}:{}", name.object_type, name.object_id)
}

/// The name of a tuple as the log has it.
fn name(tuple: &TupleKey) -> Option<TupleName> {
    let (object_type, object_id) = tuple.object().split_once(':')?;
    Some(TupleName {
        object_type: object_type.to_owned(),
        object_id: object_id.to_owned(),
        relation: tuple.relation().to_owned(),
        subject: tuple.user().to_owned(),
    })
}

pub(in crate::service) fn key(
    name: &TupleName,
    condition: Option<&str>,
    context: Option<&str>,
) -> Result<TupleKey, Error> {
    let key = TupleKey::new(&object(name), &name.relation, &name.subject).map_err(Error::internal)?;
    Ok(match condition {
        Some(condition) => key.with_condition(condition, context.unwrap_or_default()),
        None => key,
    })
}
