//! Stores in memory: an index of a store's tuples that follows the log of its changes.
//!
//! INVARIANT: what stands in an index is the store at exactly its `revision`. A question says how far behind that may be,
//! and the database is asked before the index answers wherever it may be further.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sentinel_core::policy::{Binding, Index};
use sentinel_storage::{Millis, PolicyStore, Store, TupleChange};
use tokio::sync::{OwnedRwLockReadGuard, RwLock, Semaphore};
use uuid::Uuid;

use super::aside::places;
use super::built_in::failed;
use super::state::State;
use super::stores::{opens, unknown};
use super::{Model, Policy, PolicyCaller, PolicyError, RefusalCode};
use crate::service::{Error, Service};

/// How far behind an index may be where nothing else is asked: a second is promised.
const BEHIND: Duration = Duration::from_millis(900);
/// Most stores in memory: as many workspaces are asked for permissions without reading their tuples anew. What they take
/// together is bounded by the settings.
const STORES: usize = 4096;
/// How long a store that did not fit is not tried again.
const TOO_LARGE: Duration = Duration::from_secs(600);

/// How current an answer must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// At most a second behind.
    #[default]
    MinimizeLatency,
    /// What was committed when the question came.
    Higher,
    /// The state of this revision, or a later one.
    AtLeast(i64),
}

/// What answers a question.
#[derive(Debug)]
pub(super) enum Source {
    /// An index in memory.
    Memory(Arc<Hot>),
    /// The database: the store is too large for memory. As it was when the question came.
    Database(PolicyStore),
}

impl Source {
    pub(super) fn store(&self) -> &PolicyStore {
        match self {
            Self::Memory(hot) => &hot.store,
            Self::Database(store) => store,
        }
    }

    /// The latest model, where it is known without asking.
    pub(super) fn latest(&self) -> Option<String> {
        match self {
            Self::Memory(hot) => hot.latest.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Database(_) => None,
        }
    }
}

/// A store in memory.
pub(super) struct Hot {
    pub(super) store: PolicyStore,
    /// Waited for without a thread: a long question of this store must not keep those of others waiting.
    state: Arc<RwLock<State>>,
    /// The revision of the state; below 0 there is none yet.
    revision: AtomicI64,
    /// About what the state takes.
    pub(super) bytes: AtomicUsize,
    /// The id of the latest model.
    latest: Mutex<Option<String>>,
    /// Held by who follows the log: there is one at a time.
    pub(super) following: tokio::sync::Mutex<()>,
    /// When the state was last that of the database, and how many writes of this process there had been by then.
    fresh: Mutex<Option<(Instant, u64)>>,
    /// Writes of this process: a question after one is never answered from before it.
    writes: AtomicU64,
    /// Models bound to the index.
    bindings: Mutex<HashMap<String, Arc<Binding>>>,
    /// When it was last asked, in questions of this process.
    used: AtomicU64,
    /// When it turned out not to fit.
    too_large: Mutex<Option<Instant>>,
    /// Long questions of this store at once: half of all.
    pub(super) places: Arc<Semaphore>,
}

impl std::fmt::Debug for Hot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hot").field("store", &self.store.id).finish_non_exhaustive()
    }
}

impl Hot {
    fn new(store: PolicyStore) -> Result<Self, Error> {
        Ok(Self {
            store,
            state: Arc::new(RwLock::new(State::empty()?)),
            revision: AtomicI64::new(-1),
            bytes: AtomicUsize::new(0),
            latest: Mutex::default(),
            following: tokio::sync::Mutex::default(),
            fresh: Mutex::default(),
            writes: AtomicU64::new(0),
            bindings: Mutex::default(),
            used: AtomicU64::new(0),
            too_large: Mutex::default(),
            places: Arc::new(Semaphore::new(places().div_ceil(2))),
        })
    }

    /// The state, with nothing in it that has expired.
    pub(super) async fn state(&self, now: Millis) -> OwnedRwLockReadGuard<State> {
        loop {
            let state = Arc::clone(&self.state).read_owned().await;
            if !state.is_due(now) {
                return state;
            }
            drop(state);
            self.state.write().await.expire(now);
        }
    }

    /// Where the index stands; `None`: there is none yet.
    pub(super) fn revision(&self) -> Option<i64> {
        Some(self.revision.load(Ordering::Acquire)).filter(|revision| *revision >= 0)
    }

    /// Applies changes that follow each other without a gap. Where one cannot be, the state is none any more.
    pub(super) async fn advance(self: &Arc<Self>, changes: Vec<TupleChange>) -> Result<(), Error> {
        const FEW: usize = 200;
        let mut state = Arc::clone(&self.state).write_owned().await;
        let (hot, many) = (Arc::clone(self), changes.len() > FEW);
        // Who asked may go away meanwhile: the state and what is said of it change together all the same.
        let mut work = move || {
            let outcome = state.advance(&changes);
            state.is_whole &= outcome.is_ok();
            hot.settle(outcome.is_ok().then_some(&*state));
            outcome
        };
        if many { tokio::task::spawn_blocking(work).await.map_err(Error::internal)? } else { work() }
    }

    /// Takes a state that was read.
    pub(super) async fn replace(&self, state: State) {
        let mut known = self.state.write().await;
        *known = state;
        self.settle(Some(&known));
    }

    fn settle(&self, state: Option<&State>) {
        self.revision.store(state.map_or(-1, |state| state.revision), Ordering::Release);
        self.bytes.store(state.map_or(0, State::bytes), Ordering::Relaxed);
    }

    /// A model that was seen to be the latest one.
    pub(super) fn learn_latest(&self, model: Option<String>) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if *latest < model {
            *latest = model;
        }
    }

    /// A model bound to the index as it is now.
    pub(super) fn binding(&self, model: &Model, index: &Index) -> Arc<Binding> {
        let mut bindings = self.bindings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = bindings.get(&model.id).filter(|found| found.is_current(&model.compiled, index)) {
            return Arc::clone(found);
        }
        if bindings.len() > 16 {
            bindings.clear();
        }
        let made = Arc::new(Binding::new(&model.compiled, index));
        bindings.insert(model.id.clone(), Arc::clone(&made));
        made
    }

    /// Writes of this process so far: by name, and with the rows of the store's workspace.
    pub(super) fn written(&self, store: &Store) -> u64 {
        let derived = self.store.workspace_id.map_or(0, |id| store.written(id));
        self.writes.load(Ordering::Acquire).wrapping_add(derived)
    }

    fn is_fresh(&self, store: &Store) -> bool {
        let fresh = *self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        self.revision().is_some()
            && fresh.is_some_and(|(at, writes)| at.elapsed() < BEHIND && writes == self.written(store))
    }

    /// That the state was the database's when this began, with so many writes behind it.
    pub(super) fn freshen(&self, begun: Instant, writes: u64) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.is_none_or(|(at, _)| at < begun) {
            *fresh = Some((begun, writes));
        }
    }

    fn is_too_large(&self) -> bool {
        let since = *self.too_large.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < TOO_LARGE)
    }

    /// It does not fit: for a while the database is asked.
    pub(super) async fn give_up(&self) -> Result<(), Error> {
        *self.too_large.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let nothing = State::empty()?;
        *self.state.write().await = nothing;
        self.settle(None);
        Ok(())
    }
}

impl Policy {
    /// A write of this process: what it keeps of the store is compared with the database before it answers again.
    pub(super) fn stale(&self, id: &str) {
        if let Some(hot) = self.found(id) {
            hot.writes.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(super) fn cool(&self, id: &str) {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn of_workspace(&self, id: Uuid) -> Option<Arc<Hot>> {
        let store = self.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()?;
        self.found(&store)
    }

    fn found(&self, id: &str) -> Option<Arc<Hot>> {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn heat(&self, store: PolicyStore) -> Result<Arc<Hot>, Error> {
        let mut all = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = all.get(&store.id) {
            return Ok(Arc::clone(found));
        }
        if all.len() >= STORES {
            let oldest = all.iter().min_by_key(|(_, hot)| hot.used.load(Ordering::Relaxed));
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                all.remove(&id);
            }
        }
        let id = store.id.clone();
        if let Some(workspace) = store.workspace_id {
            let mut of_workspaces = self.of_workspaces.lock().unwrap_or_else(PoisonError::into_inner);
            of_workspaces.retain(|_, store| all.contains_key(store));
            of_workspaces.insert(workspace, id.clone());
        }
        let made = Arc::new(Hot::new(store)?);
        all.insert(id, Arc::clone(&made));
        Ok(made)
    }

    /// Lets go of the stores that were not asked for longest, until all together take no more than this.
    pub(super) fn make_room(&self, most: usize) {
        let mut all = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let mut total: usize = all.values().map(|hot| hot.bytes.load(Ordering::Relaxed)).sum();
        while total > most && all.len() > 1 {
            let oldest = all.iter().filter(|(_, hot)| hot.bytes.load(Ordering::Relaxed) > 0);
            let oldest = oldest.min_by_key(|(_, hot)| hot.used.load(Ordering::Relaxed));
            let Some((id, bytes)) = oldest.map(|(id, hot)| (id.clone(), hot.bytes.load(Ordering::Relaxed))) else {
                return;
            };
            all.remove(&id);
            total = total.saturating_sub(bytes);
        }
    }
}

impl Service {
    /// What answers for a store, as current as the question demands, where the caller's key opens it.
    ///
    /// # Errors
    /// [`super::RefusalCode::StoreNotFound`]; [`super::RefusalCode::ValidationError`] for a revision that the store has
    /// not come to.
    pub(super) async fn source(
        &self,
        caller: &PolicyCaller,
        id: &str,
        consistency: Consistency,
    ) -> Result<Source, PolicyError> {
        let most = self.config().policy.tuples_in_memory;
        let policy = self.policy();
        let hot = match policy.found(id) {
            Some(hot) if opens(caller.access, &hot.store) => hot,
            Some(_) => return Err(unknown()),
            None => {
                let store = self.open_store(caller, id).await?;
                if store.tuple_count > most {
                    return by_sql(store, consistency);
                }
                policy.heat(store)?
            }
        };
        if self.settle(&hot, consistency).await? {
            return Ok(Source::Memory(hot));
        }
        by_sql(self.open_store(caller, id).await?, consistency)
    }

    /// What answers for a workspace's own store, exactly as it is committed now. None: there is no such workspace any more.
    pub(super) async fn source_of_workspace(&self, workspace_id: Uuid) -> Result<Option<Source>, Error> {
        let policy = self.policy();
        let read = async || self.store().read().await?.policy_store_of_workspace(workspace_id).await;
        let hot = match policy.of_workspace(workspace_id) {
            Some(hot) => hot,
            None => {
                let Some(store) = read().await? else { return Ok(None) };
                if store.tuple_count > self.config().policy.tuples_in_memory {
                    return Ok(Some(Source::Database(store)));
                }
                policy.heat(store)?
            }
        };
        match self.settle(&hot, Consistency::Higher).await {
            Ok(true) => Ok(Some(Source::Memory(hot))),
            Ok(false) => Ok(read().await?.map(Source::Database)),
            Err(PolicyError::Refused { code: RefusalCode::StoreNotFound, .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Brings what is in memory to where the question demands. False: it does not fit.
    async fn settle(&self, hot: &Arc<Hot>, consistency: Consistency) -> Result<bool, PolicyError> {
        hot.used.store(self.policy().asked.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let settled = match consistency {
            _ if hot.is_too_large() => return Ok(false),
            Consistency::MinimizeLatency => hot.is_fresh(self.store()),
            Consistency::AtLeast(revision) => {
                hot.is_fresh(self.store()) && hot.revision().is_some_and(|at| at >= revision)
            }
            Consistency::Higher => false,
        };
        if !settled {
            self.follow(hot).await?;
            if hot.is_too_large() {
                return Ok(false);
            }
        }
        match consistency {
            Consistency::AtLeast(revision) if hot.revision().is_none_or(|at| at < revision) => Err(not_yet()),
            _ => Ok(true),
        }
    }
}

fn by_sql(store: PolicyStore, consistency: Consistency) -> Result<Source, PolicyError> {
    match consistency {
        Consistency::AtLeast(revision) if store.revision < revision => Err(not_yet()),
        _ => Ok(Source::Database(store)),
    }
}

fn not_yet() -> PolicyError {
    PolicyError::validation("the consistency token names a state that the store has not come to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let policy = Policy::default();
        for number in 0..5 {
            let (id, name) = (number.to_string(), String::new());
            let store = PolicyStore {
                number,
                id,
                name,
                workspace_id: None,
                revision: 0,
                tuple_count: 0,
                created_at: 0,
                updated_at: 0,
            };
            let hot = policy.heat(store).unwrap();
            hot.bytes.store(100, Ordering::Relaxed);
            hot.used.store(10 - number.unsigned_abs(), Ordering::Relaxed);
        }
        policy.make_room(500);
        assert!(policy.found("4").is_some());
        policy.make_room(250);
        let kept: Vec<_> = (0..5).filter(|number| policy.found(&number.to_string()).is_some()).collect();
        assert_eq!(kept, [0, 1]);
        // The last one stays, whatever it takes.
        policy.make_room(0);
        assert!(policy.found("0").is_some() && policy.found("1").is_none());
    }
}
