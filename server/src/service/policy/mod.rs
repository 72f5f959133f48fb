//! Policy: stores of authorization models and tuples, and what they decide. The rules of OpenFGA's API stand here; its HTTP
//! form and AuthZEN's are translated in `http`.

mod aside;
mod assertions;
mod bounds;
mod built_in;
mod check;
mod conditions;
mod decisions;
mod evaluate;
mod expand;
mod follow;
mod hot;
mod ids;
mod keys;
mod list;
mod listing;
mod local;
mod mandate;
mod models;
mod prune;
mod published;
mod refusal;
mod sql;
mod state;
mod stores;
mod token;
mod tuples;
mod validate;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

pub use assertions::Assertion;
pub(in crate::service) use built_in::TEXT as BUILT_IN_MODEL;
pub use check::{Answer, CHECKS_PER_BATCH, Circumstances, Question};
pub use evaluate::weight;
pub use hot::Consistency;
pub use ids::is_ulid as is_store_id;
pub use listing::Stream;
pub use local::{Export, ImportError, Imported};
pub use mandate::Author;
pub use models::Model;
pub(in crate::service) use published::{Held, tuple_key};
pub use refusal::{PolicyError, RefusalCode};
pub use sentinel_storage::{PolicyStore, StoreAccess};
pub(in crate::service) use stores::gone;
pub use token::{ConsistencyToken, list_place, list_token};
use tokio::sync::Semaphore;
pub use tuples::{Change, ReadFilter, TupleIn, WriteRequest};
use uuid::Uuid;

/// Most tuples of one write, written and deleted together (OpenFGA's `OPENFGA_MAX_TUPLES_PER_WRITE`).
pub const TUPLES_PER_WRITE: usize = 100;
/// Most entries of a page.
pub const PAGE: u32 = 100;
/// Entries of a page whose size nobody asked for.
pub const DEFAULT_PAGE: u32 = 50;

/// A service that came with a key that opens stores.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyCaller {
    /// The registration.
    pub service_id: Uuid,
    /// Its name.
    pub service_name: String,
    /// Which stores its keys open.
    pub access: StoreAccess,
    /// What the key is found by again when something is written.
    key_hash: [u8; 32],
}

/// Without what the key is found by.
impl fmt::Debug for PolicyCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service_id, service_name, access, .. } = self;
        f.debug_struct("PolicyCaller")
            .field("service_id", service_id)
            .field("service_name", service_name)
            .field("access", access)
            .finish_non_exhaustive()
    }
}

/// What this process keeps of policy between requests: all of it can be read again.
#[derive(Debug)]
pub(super) struct Policy {
    ids: ids::Ids,
    /// Keys that were looked up, until anything is committed.
    keys: keys::Keys,
    /// Models, which never change.
    models: Mutex<models::Models>,
    /// Stores in memory, by their ids.
    hot: Mutex<HashMap<String, Arc<hot::Hot>>>,
    /// The ids of workspaces' own stores, which never change.
    of_workspaces: Mutex<HashMap<Uuid, String>>,
    /// Questions so far.
    asked: AtomicU64,
    /// Places for long work.
    places: Arc<Semaphore>,
    /// Places for stores that are read into memory.
    loads: Semaphore,
    /// Places for questions that the database answers.
    by_sql: Arc<Semaphore>,
    /// Room for the candidates of lists under way, in KiB.
    candidates: Arc<Semaphore>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ids: ids::Ids::default(),
            keys: keys::Keys::default(),
            models: Mutex::default(),
            hot: Mutex::default(),
            of_workspaces: Mutex::default(),
            asked: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(aside::places())),
            loads: Semaphore::new(2),
            by_sql: Arc::new(Semaphore::new(8)),
            candidates: Arc::new(Semaphore::new(listing::CANDIDATES_KIB)),
        }
    }
}

/// Cuts off the entry that says whether there is a next page.
fn cut<T>(found: &mut Vec<T>, size: i64) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    more
}
