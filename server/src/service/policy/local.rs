//! Stores as the command line works on them: whoever may run the program on the data opens all of them. What is written
//! passes the same rules as over HTTP, in larger pieces.

use std::collections::HashMap;

use sentinel_storage::{
    ChangeFilter, Connection, Millis, PolicyStoreFilter, StoredTuple, TupleFilter, TupleName, is_built_in,
};

use super::mandate::Author;
use super::stores::{check_name, unknown};
use super::tuples::{TupleIn, WriteRequest};
use super::{Model, PolicyError, PolicyStore, RefusalCode};
use crate::service::activity::Change;
use crate::service::{Actor, Caller, Error, Service};

/// Rows read at once.
const ROWS: i64 = 5_000;

/// What became of a piece of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New tuples.
    pub written: usize,
    /// Tuples that were there already, as they are.
    pub ignored: usize,
    /// The store's revision afterwards.
    pub revision: i64,
}

/// Why a piece was not written. Nothing of it was.
#[derive(Debug)]
pub struct ImportError {
    /// Which of its tuples it is about.
    pub at: Option<usize>,
    /// Why.
    pub error: PolicyError,
}

impl Service {
    /// The store with this id.
    ///
    /// # Errors
    /// [`RefusalCode::StoreNotFound`].
    pub async fn any_store(&self, id: &str) -> Result<PolicyStore, PolicyError> {
        self.store().read().await?.policy_store(id).await?.ok_or_else(unknown)
    }

    /// A workspace's own store.
    ///
    /// # Errors
    /// Not found for the workspace; [`RefusalCode::StoreNotFound`] where it has none.
    pub async fn store_of_workspace(&self, slug: &str) -> Result<PolicyStore, PolicyError> {
        let workspace = self.workspace_by_slug(slug).await?;
        let found = self.store().read().await?.policy_store_of_workspace(workspace.id).await?;
        found.ok_or_else(|| PolicyError::refused(RefusalCode::StoreNotFound, "The workspace has no store"))
    }

    /// All stores, the newest first.
    ///
    /// # Errors
    /// As every use case that reads.
    pub async fn all_stores(&self) -> Result<Vec<PolicyStore>, PolicyError> {
        let mut connection = self.store().read().await?;
        let mut all: Vec<PolicyStore> = Vec::new();
        loop {
            let before = all.last().map(|store| store.id.clone());
            let found = connection.policy_stores(&PolicyStoreFilter::default(), before.as_deref(), ROWS).await?;
            if found.is_empty() {
                return Ok(all);
            }
            all.extend(found);
        }
    }

    /// Makes a store that belongs to no workspace.
    ///
    /// # Errors
    /// [`RefusalCode::ValidationError`] for the name.
    pub async fn make_store(&self, from: &Caller, name: &str) -> Result<PolicyStore, PolicyError> {
        check_name(name)?;
        self.new_store(&Actor::System, from, name).await
    }

    /// Deletes a store and all that is in it.
    ///
    /// # Errors
    /// [`RefusalCode::StoreNotFound`]; forbidden for a workspace's own, which goes with the workspace.
    pub async fn delete_any_store(&self, from: &Caller, id: &str) -> Result<(), PolicyError> {
        let store = self.any_store(id).await?;
        if store.workspace_id.is_some() {
            return Err(Error::forbidden("The store is a workspace's and goes with it").into());
        }
        let mut transaction = self.begin_as(&Actor::System).await?;
        if !transaction.delete_policy_store(&store.id, self.now()).await? {
            return Err(unknown());
        }
        let change = Change::new("store.delete").on("store", &store.id);
        self.commit_as(transaction, &Actor::System, from, change).await?;
        self.policy().forget(store.number);
        self.policy().cool(&store.id);
        Ok(())
    }

    /// Whether a model allows a tuple to be written.
    ///
    /// # Errors
    /// As [`Service::write_tuples`].
    pub fn judge_tuple(&self, model: &Model, tuple: &TupleIn) -> Result<(), PolicyError> {
        model.admits(tuple)
    }

    /// Writes a piece of an import in one transaction, as one revision: all of it or nothing.
    ///
    /// # Errors
    /// Every refusal of [`Service::write_tuples`] but the one for too many.
    pub async fn import_tuples(
        &self,
        from: &Caller,
        store: &PolicyStore,
        model: &Model,
        tuples: &[TupleIn],
        ignore_duplicates: bool,
    ) -> Result<Imported, ImportError> {
        let plain = |error: PolicyError| ImportError { at: None, error };
        let mut writes: Vec<TupleIn> = Vec::with_capacity(tuples.len());
        let mut seen: HashMap<[&str; 3], usize> = HashMap::with_capacity(tuples.len());
        for (at, tuple) in tuples.iter().enumerate() {
            model.admits(tuple).map_err(|error| ImportError { at: Some(at), error })?;
            let earlier = seen.insert([&tuple.object, &tuple.relation, &tuple.user], at);
            let earlier = earlier.and_then(|at| tuples.get(at));
            if earlier.is_none() {
                writes.push(tuple.clone());
            } else if !ignore_duplicates || earlier != Some(tuple) {
                let error =
                    PolicyError::refused(RefusalCode::DuplicateTuple, format!("{} stands there twice", tuple.text()));
                return Err(ImportError { at: Some(at), error });
            }
        }
        let count = writes.len();
        let request = WriteRequest { writes, ignore_duplicates, ..WriteRequest::default() };
        let mut transaction = self.begin_by(&Author::System, store).await.map_err(plain)?;
        let before = transaction.policy_store_by_number(store.number).await.map_err(|why| plain(why.into()))?;
        let before = before.map_or(0, |store| store.revision);
        let written = self.change_tuples(&mut transaction, store, &request).await;
        let revision = written.map_err(|error| ImportError { at: named_in(error.message(), tuples), error })?;
        if revision > before {
            let change = Change::new("store.import_tuples").on("store", &store.id);
            let change = change.detail("revision", revision).detail("tuples", count);
            let change = match store.workspace_id {
                Some(workspace) => change.within(workspace),
                None => change,
            };
            let recorded = self.record(&mut transaction, &Actor::System, from, change).await;
            recorded.map_err(|error| plain(error.into()))?;
        }
        transaction.commit().await.map_err(|error| plain(error.into()))?;
        self.policy().stale(&store.id);
        let written = match (ignore_duplicates, revision == before) {
            (true, true) => 0,
            // The log says which of them were new.
            (true, false) => {
                let log = async {
                    let most = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(2);
                    let mut connection = self.store().read().await?;
                    connection
                        .tuple_changes(store.number, &ChangeFilter::default(), (revision - 1, i64::MAX), most)
                        .await
                };
                let log = log.await.map_err(|why| plain(why.into()))?;
                log.iter().filter(|change| change.revision == revision && !change.is_delete).count()
            }
            (false, _) => count,
        };
        Ok(Imported { written, ignored: tuples.len() - written, revision })
    }

    /// The tuples of a store at one revision, to be read piece by piece: what is written meanwhile is not among them.
    ///
    /// # Errors
    /// [`RefusalCode::StoreNotFound`].
    pub async fn export_tuples(&self, store: &PolicyStore) -> Result<Export, PolicyError> {
        let mut connection = self.store().snapshot().await?;
        let store = connection.policy_store_by_number(store.number).await?.ok_or_else(unknown)?;
        Ok(Export { connection, store, after: None, now: self.now() })
    }
}

/// Which of the tuples a refusal is about: it names its parts, or their type.
fn named_in(message: &str, tuples: &[TupleIn]) -> Option<usize> {
    let parts = |tuple: &TupleIn| super::tuples::parts(&tuple.user, &tuple.relation, &tuple.object);
    let of_type = |tuple: &TupleIn| {
        let of = tuple.object.split(':').next().unwrap_or_default();
        message.contains(&format!("type '{of}'"))
    };
    let exact = tuples.iter().position(|tuple| message.contains(&parts(tuple)));
    exact.or_else(|| tuples.iter().position(of_type))
}

/// The tuples of a store at one revision.
pub struct Export {
    connection: Connection,
    /// The store at that revision.
    pub store: PolicyStore,
    after: Option<TupleName>,
    now: Millis,
}

impl Export {
    /// The next tuples, by object, relation and user; none: there are no more.
    ///
    /// # Errors
    /// As every use case that reads.
    pub async fn next(&mut self) -> Result<Vec<StoredTuple>, PolicyError> {
        let filter = TupleFilter::default();
        let after = self.after.as_ref();
        let mut found = self.connection.tuples(self.store.number, &filter, after, ROWS, self.now).await?;
        self.after = found.last().map(|last| last.name.clone()).or(self.after.take());
        // What follows from the workspace's members and permissions cannot be written anywhere else.
        if self.store.workspace_id.is_some() {
            while !found.is_empty() {
                found.retain(|tuple| !is_built_in(&tuple.name.object_type));
                if !found.is_empty() {
                    break;
                }
                let after = self.after.as_ref();
                found = self.connection.tuples(self.store.number, &filter, after, ROWS, self.now).await?;
                self.after = found.last().map(|last| last.name.clone()).or(self.after.take());
            }
        }
        Ok(found)
    }
}
