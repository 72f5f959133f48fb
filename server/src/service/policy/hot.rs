//! Stores in memory: an index of a store's tuples that follows the log of its changes.
//!
//! INVARIANT: what stands in an index is the store at exactly its `revision`. A question says how far behind that may be,
//! and the database is asked before the index answers wherever it may be further.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Binding, Index};
use sentinel_keys::secrets;
use sentinel_storage::{ChangeFilter, Connection, Millis, PolicyStore, Store, TupleChange, TupleFilter, TupleName};
use uuid::Uuid;

use super::built_in::failed;
use super::stores::{opens, unknown};
use super::{Model, Policy, PolicyCaller, PolicyError, RefusalCode};
use crate::service::{Error, Service};

/// How far behind an index may be where nothing else is asked: a second is promised.
const BEHIND: Duration = Duration::from_millis(900);
/// Rows that are read at once.
const ROWS: i64 = 10_000;
/// From so many writes behind on, reading the tuples anew costs less than following.
const FAR: i64 = 200_000;
/// Most stores in memory: as many workspaces are asked for permissions without reading their tuples anew.
const STORES: usize = 4096;

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
    pub(super) fn latest(&self, now: Millis) -> Option<String> {
        match self {
            Self::Memory(hot) => hot.state(now).latest.clone(),
            Self::Database(_) => None,
        }
    }
}

/// A store in memory.
pub(super) struct Hot {
    pub(super) store: PolicyStore,
    state: RwLock<State>,
    /// Held by who follows the log: there is one at a time.
    following: tokio::sync::Mutex<()>,
    /// When the state was last that of the database, and how many writes of this process there had been by then.
    fresh: Mutex<Option<(Instant, u64)>>,
    /// Writes of this process: a question after one is never answered from before it.
    writes: AtomicU64,
    /// Models bound to the index.
    bindings: Mutex<HashMap<String, Arc<Binding>>>,
    /// When it was last asked, in questions of this process.
    used: AtomicU64,
}

/// What an index holds, and of when that is.
pub(super) struct State {
    pub(super) index: Index,
    pub(super) revision: i64,
    /// The id of the latest model.
    pub(super) latest: Option<String>,
    /// Tuples that expire, the first one first.
    expiring: BTreeSet<(Millis, TupleName)>,
    /// The same by tuple.
    expires_at: HashMap<TupleName, Millis>,
    loaded: bool,
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
            state: RwLock::new(State::empty()?),
            following: tokio::sync::Mutex::default(),
            fresh: Mutex::default(),
            writes: AtomicU64::new(0),
            bindings: Mutex::default(),
            used: AtomicU64::new(0),
        })
    }

    /// The state, with nothing in it that has expired.
    pub(super) fn state(&self, now: Millis) -> RwLockReadGuard<'_, State> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if !state.is_due(now) {
            return state;
        }
        drop(state);
        self.write().expire(now);
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn revision(&self) -> Option<i64> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.loaded.then_some(state.revision)
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
    fn written(&self, store: &Store) -> u64 {
        let derived = self.store.workspace_id.map_or(0, |id| store.written(id));
        self.writes.load(Ordering::Acquire).wrapping_add(derived)
    }

    fn is_fresh(&self, store: &Store) -> bool {
        let fresh = *self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.is_some_and(|(at, writes)| at.elapsed() < BEHIND && writes == self.written(store))
    }
}

impl State {
    fn empty() -> Result<Self, Error> {
        let key = u128::from_le_bytes(secrets::random_bytes()?);
        // Both halves of it.
        let index = Index::new((key as u64, (key >> 64) as u64));
        Ok(Self {
            index,
            revision: 0,
            latest: None,
            expiring: BTreeSet::new(),
            expires_at: HashMap::new(),
            loaded: false,
        })
    }

    fn is_due(&self, now: Millis) -> bool {
        self.expiring.first().is_some_and(|(at, _)| *at <= now)
    }

    fn expire(&mut self, now: Millis) {
        while self.is_due(now) {
            let Some((_, name)) = self.expiring.pop_first() else { return };
            self.expires_at.remove(&name);
            self.index.remove(&object(&name), &name.relation, &name.subject);
        }
    }

    fn expires(&mut self, name: TupleName, at: Millis) {
        self.expiring.insert((at, name.clone()));
        self.expires_at.insert(name, at);
    }

    /// Applies changes that lead to a revision. Where one cannot be, the state is none any more.
    fn advance(&mut self, changes: &[TupleChange], revision: i64) -> Result<(), Error> {
        for change in changes {
            if let Err(full) = self.apply(change) {
                self.loaded = false;
                return Err(full);
            }
        }
        self.revision = revision;
        Ok(())
    }

    fn apply(&mut self, change: &TupleChange) -> Result<(), Error> {
        if let Some((name, at)) = self.expires_at.remove_entry(&change.name) {
            self.expiring.remove(&(at, name));
        }
        if change.is_delete {
            self.index.remove(&object(&change.name), &change.name.relation, &change.name.subject);
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

pub(super) fn object(name: &TupleName) -> String {
    format!("{}:{}", name.object_type, name.object_id)
}

pub(super) fn key(name: &TupleName, condition: Option<&str>, context: Option<&str>) -> Result<TupleKey, Error> {
    let key = TupleKey::new(&object(name), &name.relation, &name.subject).map_err(Error::internal)?;
    Ok(match condition {
        Some(condition) => key.with_condition(condition, context.unwrap_or_default()),
        None => key,
    })
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
                    return match consistency {
                        Consistency::AtLeast(revision) if store.revision < revision => Err(not_yet()),
                        _ => Ok(Source::Database(store)),
                    };
                }
                policy.heat(store)?
            }
        };
        self.settle(&hot, consistency).await?;
        Ok(Source::Memory(hot))
    }

    /// What answers for a workspace's own store, exactly as it is committed now. None: there is no such workspace any more.
    pub(super) async fn source_of_workspace(&self, workspace_id: Uuid) -> Result<Option<Source>, Error> {
        let policy = self.policy();
        let hot = match policy.of_workspace(workspace_id) {
            Some(hot) => hot,
            None => {
                let found = self.store().read().await?.policy_store_of_workspace(workspace_id).await?;
                let Some(store) = found else { return Ok(None) };
                if store.tuple_count > self.config().policy.tuples_in_memory {
                    return Ok(Some(Source::Database(store)));
                }
                policy.heat(store)?
            }
        };
        match self.settle(&hot, Consistency::Higher).await {
            Ok(()) => Ok(Some(Source::Memory(hot))),
            Err(PolicyError::Refused { code: RefusalCode::StoreNotFound, .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Brings what is in memory to where the question demands.
    async fn settle(&self, hot: &Hot, consistency: Consistency) -> Result<(), PolicyError> {
        let (policy, id) = (self.policy(), &hot.store.id);
        hot.used.store(policy.asked.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let settled = match consistency {
            Consistency::MinimizeLatency => hot.is_fresh(self.store()),
            Consistency::AtLeast(revision) => {
                hot.is_fresh(self.store()) && hot.revision().is_some_and(|at| at >= revision)
            }
            Consistency::Higher => false,
        };
        if !settled {
            self.follow(hot).await?;
        }
        if let Consistency::AtLeast(revision) = consistency
            && hot.revision().is_none_or(|at| at < revision)
        {
            return Err(not_yet());
        }
        // The next question goes to the database.
        let most = self.config().policy.tuples_in_memory;
        if i64::try_from(hot.state(self.now()).index.len()).is_ok_and(|tuples| tuples > most) {
            policy.cool(id);
        }
        Ok(())
    }

    /// Brings the index to what is committed now.
    async fn follow(&self, hot: &Hot) -> Result<(), PolicyError> {
        let (begun, writes) = (Instant::now(), hot.written(self.store()));
        let mut connection = self.store().read().await?;
        let Some((revision, latest)) = connection.policy_state(hot.store.number).await? else {
            self.policy().cool(&hot.store.id);
            return Err(unknown());
        };
        drop(connection);
        if hot.revision().is_none_or(|at| at < revision) {
            let _one = hot.following.lock().await;
            // Only now: whoever waits holds no connection that others need.
            let mut connection = self.store().read().await?;
            // Another one may have come as far meanwhile.
            match hot.revision() {
                Some(at) if at >= revision => {}
                Some(at) if revision - at <= FAR => {
                    match changes(&mut connection, hot.store.number, at, revision).await? {
                        Some(changes) => hot.write().advance(&changes, revision)?,
                        None => load(&mut connection, hot, revision).await?,
                    }
                }
                _ => load(&mut connection, hot, revision).await?,
            }
        }
        // Most often it is: whoever asks does not wait for who answers.
        let known = hot.state.read().unwrap_or_else(PoisonError::into_inner).latest >= latest;
        if !known {
            let mut state = hot.write();
            state.latest = latest.max(state.latest.take());
        }
        let mut fresh = hot.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.is_none_or(|(at, _)| at < begun) {
            *fresh = Some((begun, writes));
        }
        Ok(())
    }
}

fn not_yet() -> PolicyError {
    PolicyError::validation("the consistency token names a state that the store has not come to")
}

/// The log from after `from` to `to`; none where some of it is no longer there.
async fn changes(
    connection: &mut Connection,
    store: i64,
    from: i64,
    to: i64,
) -> Result<Option<Vec<TupleChange>>, PolicyError> {
    let (mut after, mut changes) = ((from, i64::MAX), Vec::new());
    loop {
        let page = connection.tuple_changes(store, &ChangeFilter::default(), after, ROWS).await?;
        let Some(last) = page.last() else { break };
        after = (last.revision, last.position);
        changes.extend(page.into_iter().take_while(|change| change.revision <= to));
        if after.0 > to {
            break;
        }
    }
    // Each revision has changes: where one has none, the log has been pruned since.
    let mut next = from;
    for change in &changes {
        if change.revision > next + 1 {
            return Ok(None);
        }
        next = change.revision;
    }
    Ok((next == to).then_some(changes))
}

/// Reads all tuples, and then what was written meanwhile: of each tuple the last change decides, and one that did not
/// change was read as it is. Nobody sees the state before both are together.
async fn load(connection: &mut Connection, hot: &Hot, revision: i64) -> Result<(), PolicyError> {
    let store = hot.store.number;
    let mut state = State::empty()?;
    let (mut after, filter): (Option<TupleName>, _) = (None, TupleFilter::default());
    loop {
        // Those too that have expired: whether they have is asked when they would count.
        let page = connection.tuples(store, &filter, after.as_ref(), ROWS, Millis::MIN).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
        let full = page.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX);
        let keys = page.iter().map(|row| key(&row.name, row.condition.as_deref(), row.context.as_deref()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        state.index.extend(&keys).map_err(Error::internal)?;
        for row in page {
            if let Some(at) = row.expires_at {
                state.expires(row.name, at);
            }
        }
        if !full {
            break;
        }
    }
    let Some((now_at, _)) = connection.policy_state(store).await? else { return Err(unknown()) };
    let Some(meanwhile) = changes(connection, store, revision, now_at).await? else {
        return Err(Error::unavailable("the log of changes was pruned while the tuples were read").into());
    };
    state.loaded = true;
    state.advance(&meanwhile, now_at)?;
    state.index.compact();
    let mut known = hot.write();
    state.latest = known.latest.take();
    *known = state;
    Ok(())
}
