//! Lists made a part at a time, until the time for them is up. Nothing is held between two parts but the candidates that
//! are left: neither the index, nor a thread, nor a connection waits for who reads slowly, and who goes away ends it.

use std::sync::Arc;
use std::vec;

use sentinel_core::policy::{Budget, Candidates, Outcome, Part, QueryError};
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout_at};

use super::check::{Answer, Circumstances, refusal};
use super::evaluate::{Asked, Trouble, with_evaluator};
use super::hot::{Hot, Source};
use super::state::State;
use super::{Model, PolicyError, RefusalCode};
use crate::service::{Error, Service};

/// Candidates of the first part: who asks is soon told something.
const FIRST_PART: usize = 64;
/// Most candidates of a part.
const PART: usize = 1024;
/// Steps of work after which a part ends: some milliseconds.
const PAUSE: u64 = 500_000;
/// Parts that are made before somebody reads them.
const AHEAD: usize = 2;
/// How often a list begins anew where its index was made anew meanwhile.
const ATTEMPTS: usize = 3;
/// What the candidates of all lists under way may take together, in KiB.
pub(super) const CANDIDATES_KIB: usize = 128 * 1024;

/// A list under way.
pub(super) struct Listing {
    service: Service,
    rest: Rest,
    part: usize,
    deadline: Instant,
    revision: i64,
}

/// What is still to be told.
enum Rest {
    /// Nothing while a part of them is decided.
    Among(Arc<Question>, Option<Held>),
    /// The database has said all of it.
    Names(vec::IntoIter<String>),
}

struct Question {
    hot: Arc<Hot>,
    model: Arc<Model>,
    with: Circumstances,
    asked: Asked,
}

struct Held {
    candidates: Candidates,
    /// Given back with them.
    _room: OwnedSemaphorePermit,
}

/// A list that is told as it is made.
#[derive(Debug)]
pub struct Stream {
    /// The state of the store that it began with.
    pub revision: i64,
    parts: mpsc::Receiver<Result<Vec<String>, PolicyError>>,
}

impl Stream {
    /// The next ones, in no order; none at the end, which is at the latest when the time for the list is up.
    ///
    /// # Errors
    /// One of them cannot be decided. It is the last that there is to know.
    pub async fn next(&mut self) -> Option<Result<Vec<String>, PolicyError>> {
        self.parts.recv().await
    }

    /// As [`Stream::next`], for who is woken when there is more.
    pub fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Vec<String>, PolicyError>>> {
        self.parts.poll_recv(context)
    }
}

impl Service {
    /// At most `most` entries of a list, those that are found first, sorted; fewer where the time is up before.
    pub(super) async fn list_in_time(
        &self,
        source: &Source,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        most: usize,
    ) -> Result<Answer<Vec<String>>, PolicyError> {
        let deadline = Instant::now() + self.config().policy.list_deadline;
        for _ in 0..ATTEMPTS {
            let listing = self.listing(source, model, with, asked, deadline).await?;
            match listing.first(most).await {
                Err(Trouble::Gone) => {}
                ended => return ended.map_err(Trouble::refused),
            }
        }
        Err(made_anew().into())
    }

    /// All entries of a list, each told when it is found.
    pub(super) async fn list_as_found(
        &self,
        source: &Source,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
    ) -> Result<Stream, PolicyError> {
        let deadline = Instant::now() + self.config().policy.list_deadline;
        Ok(self.listing(source, model, with, asked, deadline).await?.told())
    }

    async fn listing(
        &self,
        source: &Source,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        deadline: Instant,
    ) -> Result<Listing, PolicyError> {
        let of = |rest, revision| Listing { service: self.clone(), rest, part: FIRST_PART, deadline, revision };
        let store = match source {
            Source::Memory(hot) => {
                let (hot, model) = (Arc::clone(hot), Arc::clone(model));
                let question = Arc::new(Question { hot, model, with: with.clone(), asked: asked.clone() });
                let begun = timeout_at(deadline, self.candidates(&question)).await;
                match begun.unwrap_or_else(|_| Err(Trouble::Refused(too_busy().into()))) {
                    Ok((held, revision)) => return Ok(of(Rest::Among(question, Some(held)), revision)),
                    Err(Trouble::Gone) => {
                        let number = question.hot.store.number;
                        let found = self.store().read().await?.policy_store_by_number(number).await?;
                        found.ok_or_else(super::stores::unknown)?
                    }
                    Err(trouble) => return Err(trouble.refused()),
                }
            }
            Source::Database(store) => store.clone(),
        };
        let found =
            timeout_at(deadline, self.resolve_by_sql(store.number, model, with, asked, Budget::DEFAULT.depth)).await;
        let found = found.map_err(|_| {
            let why = "the time for the list was up before the tuples that it depends on were read";
            PolicyError::refused(RefusalCode::TooComplex, why)
        })??;
        let names = match found {
            Outcome::Names(names) => names,
            _ => Vec::new(),
        };
        Ok(of(Rest::Names(names.into_iter()), store.revision))
    }

    async fn candidates(&self, question: &Arc<Question>) -> Result<(Held, i64), Trouble> {
        let asked = Arc::clone(question);
        let work = move |state: OwnedRwLockReadGuard<State>| {
            let Question { hot, model, with, asked } = &*asked;
            let find = |on: &sentinel_core::policy::Evaluator<'_>| on.candidates(asked.query());
            Ok::<_, Trouble>((with_evaluator(hot, &state, model, with, Budget::DEFAULT, find)?, state.revision))
        };
        let hot = &question.hot;
        let done = self.policy().aside(Some(&hot.places), hot.state(self.now()), work).await;
        let (candidates, revision) = done.map_err(|error| Trouble::Refused(error.into()))??;
        let kib = u32::try_from(candidates.bytes().div_ceil(1024).min(CANDIDATES_KIB)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.policy().candidates).try_acquire_many_owned(kib);
        let room = room.map_err(|_| Trouble::Refused(too_busy().into()))?;
        Ok((Held { candidates, _room: room }, revision))
    }

    /// Decides the next of the candidates.
    async fn decided(&self, question: &Arc<Question>, mut held: Held, most: usize) -> Result<(Held, Part), Trouble> {
        let asked = Arc::clone(question);
        let work = move |state: OwnedRwLockReadGuard<State>| {
            let Question { hot, model, with, asked } = &*asked;
            if !held.candidates.are_of(&state.index) {
                return Err(Trouble::Gone);
            }
            let part = with_evaluator(hot, &state, model, with, Budget::DEFAULT, |on| {
                on.next_of(&mut held.candidates, asked.query(), most, PAUSE)
            })?;
            Ok((held, part))
        };
        let hot = &question.hot;
        let done = self.policy().aside(Some(&hot.places), hot.state(self.now()), work).await;
        done.map_err(|error| Trouble::Refused(error.into()))?
    }
}

impl Listing {
    /// The next ones; none at the end, which is at the latest when the time is up.
    async fn next(&mut self) -> Result<Option<Part>, Trouble> {
        if Instant::now() >= self.deadline {
            return Ok(None);
        }
        let most = self.part;
        self.part = (most * 2).min(PART);
        match &mut self.rest {
            Rest::Names(names) => {
                let found: Vec<_> = names.take(most).collect();
                Ok((!found.is_empty()).then_some(Part { found, trouble: None }))
            }
            Rest::Among(question, left) => {
                let Some(held) = left.take().filter(|held| !held.candidates.is_empty()) else { return Ok(None) };
                let decided = timeout_at(self.deadline, self.service.decided(question, held, most)).await;
                let Ok(decided) = decided else { return Ok(None) };
                let (held, part) = decided?;
                *left = Some(held);
                Ok(Some(part))
            }
        }
    }

    /// As many as are wanted. As with OpenFGA a condition that cannot be evaluated fails the list only where it might
    /// have had more otherwise.
    async fn first(mut self, most: usize) -> Result<Answer<Vec<String>>, Trouble> {
        let (mut value, mut trouble) = (Vec::new(), None);
        while value.len() < most
            && let Some(part) = self.next().await?
        {
            value.extend(part.found);
            match part.trouble {
                Some(condition @ QueryError::Condition(..)) => _ = trouble.get_or_insert(condition),
                Some(other) => return Err(Trouble::of(other)),
                None => {}
            }
        }
        if let Some(trouble) = trouble.filter(|_| value.len() < most) {
            return Err(Trouble::of(trouble));
        }
        value.truncate(most);
        value.sort_unstable();
        Ok(Answer { value, revision: self.revision })
    }

    /// Goes on by itself, a few parts ahead of who reads, until the time is up or nobody reads any more: who reads slowly
    /// holds a few names, and nothing else.
    fn told(mut self) -> Stream {
        let (sender, parts) = mpsc::channel(AHEAD);
        let revision = self.revision;
        tokio::spawn(async move {
            let deadline = self.deadline;
            loop {
                let part = tokio::select! {
                    () = sender.closed() => return,
                    part = self.next() => part,
                };
                let (found, trouble) = match part {
                    Ok(None) => return,
                    Ok(Some(part)) => (part.found, part.trouble.map(refusal)),
                    Err(Trouble::Gone) => (Vec::new(), Some(made_anew().into())),
                    Err(trouble) => (Vec::new(), Some(trouble.refused())),
                };
                let found = Some(found).filter(|found| !found.is_empty()).map(Ok);
                let is_last = trouble.is_some();
                for one in [found, trouble.map(Err)].into_iter().flatten() {
                    if !matches!(timeout_at(deadline, sender.send(one)).await, Ok(Ok(()))) {
                        return;
                    }
                }
                if is_last {
                    return;
                }
            }
        });
        Stream { revision, parts }
    }
}

fn made_anew() -> Error {
    Error::unavailable("the store was read anew while the list was made")
}

fn too_busy() -> Error {
    Error::unavailable("there is no room for another long list now")
}
