//! How an index comes to what the database has: by the log of changes or, where that is far or broken off, anew.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sentinel_storage::{ChangeFilter, Millis, TupleChange, TupleFilter, TupleName};

use super::PolicyError;
use super::hot::Hot;
use super::state::Loading;
use super::stores::unknown;
use crate::service::{Error, Service};

/// Rows that are read at once. A connection is given back after each: other questions get theirs in between.
const ROWS: i64 = 10_000;
/// Most rows of the log that are followed. From so many on, reading the tuples anew costs less.
const FAR: i64 = 500_000;

/// What became of it.
enum Followed {
    /// The index has come to the revision.
    Up,
    /// Some of the log is no longer there, or too much of it is.
    Broken,
}

impl Service {
    /// Brings the index to what is committed now.
    pub(super) async fn follow(&self, hot: &Arc<Hot>) -> Result<(), PolicyError> {
        let (begun, writes) = (Instant::now(), hot.written(self.store()));
        let state = self.store().read().await?.policy_state(hot.store.number).await?;
        let Some((revision, latest)) = state else {
            self.policy().cool(&hot.store.id);
            return Err(unknown());
        };
        if hot.revision().is_none_or(|at| at < revision) {
            let _one = hot.following.lock().await;
            // Another one may have come as far meanwhile.
            let followed = match hot.revision() {
                Some(_) => self.follow_log(hot, revision).await?,
                None => Followed::Broken,
            };
            if matches!(followed, Followed::Broken) {
                self.load(hot, revision).await?;
            }
            let config = &self.config().policy;
            let full = config.memory < hot.bytes.load(Ordering::Relaxed);
            let tuples = hot.state(Millis::MIN).await.index.len();
            if full || i64::try_from(tuples).is_ok_and(|tuples| tuples > config.tuples_in_memory) {
                hot.give_up().await?;
            }
            self.policy().make_room(config.memory);
        }
        hot.learn_latest(latest);
        hot.freshen(begun, writes);
        Ok(())
    }

    /// Goes on by the log, a page at a time: however far behind an index is, what it takes to follow is bounded.
    async fn follow_log(&self, hot: &Arc<Hot>, revision: i64) -> Result<Followed, PolicyError> {
        let mut rows = 0;
        while let Some(at) = hot.revision().filter(|at| *at < revision) {
            let Some(changes) = self.changes(hot.store.number, at).await? else { return Ok(Followed::Broken) };
            rows += changes.len();
            if i64::try_from(rows).is_ok_and(|rows| rows > FAR) {
                return Ok(Followed::Broken);
            }
            if let Err(full) = hot.advance(changes).await {
                tracing::warn!(store = hot.store.id, error = %full, "a store no longer fits into memory");
                hot.give_up().await?;
                return Ok(Followed::Up);
            }
        }
        Ok(if hot.revision().is_some() { Followed::Up } else { Followed::Broken })
    }

    /// What the log has after a revision, as far as a page goes: whole revisions, at least one. None where some of it is
    /// no longer there.
    pub(super) async fn changes(&self, store: i64, from: i64) -> Result<Option<Vec<TupleChange>>, PolicyError> {
        let (mut after, mut changes): (_, Vec<TupleChange>) = ((from, i64::MAX), Vec::new());
        loop {
            let page = {
                let mut connection = self.store().read().await?;
                connection.tuple_changes(store, &ChangeFilter::default(), after, ROWS).await?
            };
            let full = i64::try_from(page.len()).is_ok_and(|rows| rows >= ROWS);
            changes.extend(page);
            let Some(last) = changes.last() else { return Ok(None) };
            after = (last.revision, last.position);
            if !full {
                break;
            }
            // The last one may go on beyond the page.
            let whole = changes.partition_point(|change| change.revision < after.0);
            if whole > 0 {
                changes.truncate(whole);
                break;
            }
        }
        // Each revision has changes: where one has none, the log has been pruned since.
        let mut last = from;
        for change in &changes {
            if change.revision > last + 1 {
                return Ok(None);
            }
            last = change.revision;
        }
        Ok(Some(changes))
    }

    /// Reads all tuples, and then what was written meanwhile. Nobody sees the state before both are together.
    async fn load(&self, hot: &Arc<Hot>, revision: i64) -> Result<(), PolicyError> {
        // Few at a time: each takes the database and memory that is not counted yet.
        let _place = self.policy().loads.acquire().await.map_err(Error::internal)?;
        let (store, most) = (hot.store.number, self.config().policy.memory);
        let mut loading = Loading::begin()?;
        let (mut after, filter): (Option<TupleName>, _) = (None, TupleFilter::default());
        loop {
            let page = {
                let mut connection = self.store().read().await?;
                connection.tuples(store, &filter, after.as_ref(), ROWS, Millis::MIN).await?
            };
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            let full = i64::try_from(page.len()).is_ok_and(|rows| rows >= ROWS);
            let added = tokio::task::spawn_blocking(move || loading.add(page).map(|()| loading));
            match added.await.map_err(Error::internal)? {
                Ok(added) if added.bytes() <= most => loading = added,
                outcome => {
                    let error = outcome.err();
                    tracing::warn!(store = hot.store.id, ?error, "a store does not fit into memory");
                    return Ok(hot.give_up().await?);
                }
            }
            if !full {
                break;
            }
        }
        let state = self.store().read().await?.policy_state(store).await?;
        let Some((now_at, _)) = state else { return Err(unknown()) };
        let mut meanwhile = Vec::new();
        let mut at = revision;
        while at < now_at {
            let Some(changes) = self.changes(store, at).await? else {
                return Err(Error::unavailable("the log of changes was pruned while the tuples were read").into());
            };
            at = changes.last().map_or(now_at, |last| last.revision);
            meanwhile.extend(changes);
        }
        let made = tokio::task::spawn_blocking(move || loading.finish(revision, &meanwhile));
        hot.replace(made.await.map_err(Error::internal)??).await;
        Ok(())
    }
}
