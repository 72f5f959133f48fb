//! How a bundle comes about: what the holder has is compared with what there is, what is missing is made, and signed.

use std::sync::Arc;
use std::time::Duration;

use sentinel_core::bundle::{Change, Digest, Draft, Kind, Snapshot, TYPE, frame, revocations, tuples};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Index, IndexFull};
use sentinel_storage::{Millis, WorkspaceMarks};
use serde_json::json;
use serde_json::value::RawValue;

use super::content::Aside;
use super::delta::{Net, Which, between, net};
use super::kept::{Body, Signed};
use super::place::{OfRevocations, Place};
use super::revoked::listed;
use super::state::{State, short};
use super::tag::Tag;
use super::{Frame, Has, Published};
use crate::service::policy::Held;
use crate::service::{Error, Service};

/// How often it is tried again where the model changed meanwhile.
const TRIES: usize = 5;
/// Most rows of the log that become a delta.
const CHANGES: usize = 10_000;
/// How long revocations alone are good at most, in milliseconds: whoever takes them wants to know soon.
const REVOCATIONS: Millis = 60_000;

/// A whole body.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) state: State,
    pub(super) body: Arc<[u8]>,
    /// When the first tuple in it expires.
    pub(super) until: Option<Millis>,
}

/// What is to be signed.
struct Made {
    kind: Kind,
    revision: u64,
    state: Digest,
    body: Arc<[u8]>,
    from: Option<(u64, Digest)>,
    /// In milliseconds since 1970.
    until: Option<Millis>,
    /// In milliseconds.
    life: Millis,
}

impl Service {
    /// The bundle of a place, as what the holder has demands: nothing, a delta or all of it.
    ///
    /// # Errors
    /// Not found where there is none: for a workspace that is gone, and where it would be too large.
    pub async fn bundle(&self, place: &Place, has: &Has) -> Result<Published, Error> {
        let key = place.key();
        for tries in 0..TRIES {
            // Who comes first looks without waiting for others, and after that makes it while others wait.
            let _turn = if tries > 0 { Some(self.bundles().kept.turn(&key).await) } else { None };
            let marks = self.marks(place.workspace).await?;
            let aside = self.aside_of(place, &marks).await?;
            let now = aside.at(marks.revision);
            // A state that it cannot be led on from is as good as none.
            let since = has.since.filter(|since| {
                let from = State::of(*since);
                from.base == now.base && from.revision <= now.revision
            });
            if let Some(found) = self.found(&key, since, has, now.name()) {
                return Ok(found);
            }
            if tries > 0
                && let Some(made) = self.make(place, &key, since, &marks, &aside).await?
            {
                return Ok(Published::Frame(self.sign(place, &key, made).await?));
            }
        }
        Err(Error::unavailable("the model changes faster than it is published"))
    }

    /// What a workspace took back, alone: a short list with a short life.
    ///
    /// # Errors
    /// Not found for a workspace that is gone.
    pub async fn bundle_of_revocations(
        &self,
        OfRevocations(place): &OfRevocations,
        has: &Has,
    ) -> Result<Published, Error> {
        let key = format!("revocations {}", place.key());
        let marks = self.marks(place.workspace).await?;
        let feed = self.revocation_feed(marks.last_revocation).await?;
        let base = short(json!(["revocations", feed.epoch, place.workspace]).to_string().as_bytes());
        let revision = u64::try_from(feed.last).unwrap_or_default();
        let state = State { revision, base, roles: [0; 8], revocations: [0; 8] };
        let from = has.since.map(|since| (State::of(since), since));
        let from = from.filter(|(from, _)| State { revision, ..*from } == state && from.revision <= revision);
        if let Some(found) = self.found(&key, from.map(|(_, since)| since), has, state.name()) {
            return Ok(found);
        }
        let after = from.map_or(0, |(from, _)| from.revision);
        let revoked = feed.of_workspace(place.workspace, i64::try_from(after).unwrap_or(i64::MAX), self.now());
        let made = Made {
            kind: Kind::Revocations,
            revision,
            state: state.name(),
            body: revocations(&listed(&revoked).0).into(),
            from: from.map(|(from, since)| (from.revision, since)),
            until: None,
            life: self.config().bundles.life.min(REVOCATIONS),
        };
        Ok(Published::Frame(self.sign(place, &key, made).await?))
    }

    /// Where the holder has what there is, or it was signed a moment ago.
    fn found(&self, key: &str, since: Option<Digest>, has: &Has, state: Digest) -> Option<Published> {
        let now = self.now().div_euclid(1000);
        let is_good = |text: &&String| Tag::read(text).is_some_and(|tag| tag.state == state && tag.is_young(now));
        if let Some(text) = has.tags.iter().find(is_good) {
            return Some(Published::Unchanged(text.strip_prefix("W/").unwrap_or(text).to_owned()));
        }
        let keys = self.keys();
        let kid = keys.ring.kid()?;
        self.bundles().kept.frame(key, since, (state, now, kid)).map(Published::Frame)
    }

    /// Makes a delta, or all of it where there is none or it is no shorter. None: the model has changed meanwhile.
    async fn make(
        &self,
        place: &Place,
        key: &str,
        since: Option<Digest>,
        marks: &WorkspaceMarks,
        aside: &Aside,
    ) -> Result<Option<Made>, Error> {
        let held = self.held_policy(place.workspace).await?;
        let held = held.ok_or_else(|| Error::not_found("The workspace's policy is more than fits in a bundle"))?;
        if aside.model.as_ref() != Some(&held.model.id) {
            return Ok(None);
        }
        let life = self.config().bundles.life;
        let full = |whole: Whole| Made {
            kind: Kind::Full,
            revision: whole.state.revision,
            state: whole.state.name(),
            body: whole.body,
            from: None,
            until: whole.until,
            life,
        };
        let delta = |whole: &Whole, since: Digest, body: Vec<u8>| Made {
            kind: Kind::Delta,
            revision: whole.state.revision,
            state: whole.state.name(),
            body: body.into(),
            from: Some((State::of(since).revision, since)),
            until: whole.until,
            life,
        };
        if let Some(user) = place.user() {
            let whole = match self.whole_kept(key, aside.at(marks.revision)) {
                Some(kept) => kept,
                None => self.keep_whole(key, true, self.whole_slice(&held, aside, user).await?),
            };
            let old = since.and_then(|since| Some((since, self.bundles().kept.body(key, since)?)));
            let Some((since, old)) = old else { return Ok(Some(full(whole))) };
            let (old, new) = (tuples(&old.bytes), tuples(&whole.body));
            let (old, new) = old.zip(new).ok_or_else(|| Error::internal("a body that was written cannot be read"))?;
            let body = changed(aside, State::of(since), whole.state, &between(old, new))?;
            let is_shorter = body.len() < whole.body.len();
            return Ok(Some(if is_shorter { delta(&whole, since, body) } else { full(whole) }));
        }
        let which = Which::of(&place.part, &held.model.source);
        if let Some(since) = since {
            let from = State::of(since);
            let (revision, until) = self.look(&held, |moment| (moment.revision(), moment.next_expiry())).await?;
            let state = aside.at(revision);
            let behind = i64::try_from(from.revision).unwrap_or(i64::MAX);
            let changes = self.changes_between(marks.store_number, (behind, revision), CHANGES).await?;
            if let Some(changes) = changes {
                let body = changed(aside, from, state, &net(&changes, &which)?)?;
                if self.bundles().kept.length(key).is_none_or(|full| body.len() < full) {
                    let nothing = Whole { state, body: Arc::default(), until };
                    return Ok(Some(delta(&nothing, since, body)));
                }
            }
        }
        let whole = match self.whole_kept(key, aside.at(marks.revision)) {
            Some(kept) => kept,
            None => self.keep_whole(key, false, self.whole_of(&held, aside, which).await?),
        };
        Ok(Some(full(whole)))
    }

    /// A whole body that was made before, where nothing in it has expired since.
    fn whole_kept(&self, key: &str, state: State) -> Option<Whole> {
        let kept = self.bundles().kept.body(key, state.name())?;
        let is_good = kept.until.is_none_or(|until| until > self.now());
        is_good.then_some(Whole { state, body: kept.bytes, until: kept.until })
    }

    fn keep_whole(&self, key: &str, several: bool, whole: Whole) -> Whole {
        let body = Body { state: whole.state.name(), bytes: Arc::clone(&whole.body), until: whole.until };
        self.bundles().kept.keep_body(key, body, several, self.config().bundles.memory);
        whole
    }

    /// Everything of a workspace, or of a service in it.
    async fn whole_of(&self, held: &Held, aside: &Aside, which: Which) -> Result<Whole, Error> {
        let model = Arc::clone(&held.model);
        let (roles, revocations) = (Arc::clone(&aside.roles), Arc::clone(&aside.revocations));
        let looked = self.look(held, move |moment| {
            let body = |index: &Index| {
                let (roles, revocations) = (&*roles, &*revocations);
                Snapshot { model: &model.source, index, roles, revocations, claims: &[], types: None }.body()
            };
            let body = if which.is_all() {
                body(moment.index())
            } else {
                let some: Vec<TupleKey> = moment.index().tuples().filter(|tuple| which.has_tuple(tuple)).collect();
                Index::from_tuples(&some).and_then(|index| body(&index))
            };
            (moment.revision(), moment.next_expiry(), body)
        });
        let (revision, until, body) = looked.await?;
        let body = body.map_err(|full: IndexFull| Error::internal(full))?;
        Ok(Whole { state: aside.at(revision), body: body.into(), until })
    }

    /// Signs a frame and keeps it for those who come next.
    async fn sign(&self, place: &Place, key: &str, made: Made) -> Result<Frame, Error> {
        let Made { kind, revision, state, body, from, until, life } = made;
        let issued_at = self.next_second(key, revision, state).await;
        let not_after = issued_at.saturating_add(life.div_euclid(1000));
        let not_after = until.map_or(not_after, |until| until.div_euclid(1000).min(not_after));
        // What expires within this second is told for as long as a second is.
        let not_after = not_after.max(issued_at.saturating_add(1));
        let draft = Draft {
            issuer: self.config().issuer.clone(),
            audience: place.audience.clone(),
            scope: place.scope(),
            revision,
            issued_at,
            not_after,
        };
        let manifest = match from {
            None => draft.full(kind, &body, Some(state), None),
            Some(from) => draft.following(kind, &body, from, Some(state)),
        };
        let claims = RawValue::from_string(manifest.to_json()).map_err(Error::internal)?;
        let keys = self.keys();
        let manifest = keys.ring.sign(&claims, TYPE)?;
        let bytes: Arc<[u8]> = frame(&manifest, &body).into();
        let tag = Tag { state, issued_at, not_after };
        let frame = Frame { tag: tag.text(&bytes), bytes };
        let since = from.map(|(_, since)| since);
        let kid = keys.ring.kid().unwrap_or_default().to_owned();
        let signed = Signed { since, tag, kid, frame: frame.clone() };
        self.bundles().kept.keep_frame(key, revision, signed, self.config().bundles.memory);
        Ok(frame)
    }

    /// The present second. Within one revision holders order what they get by its time: of two states the later one is of
    /// a later second.
    async fn next_second(&self, key: &str, revision: u64, state: Digest) -> i64 {
        let now = self.now();
        let latest = self.bundles().kept.latest(key);
        let is_same_second = latest.is_some_and(|latest| {
            latest.revision == revision && latest.tag.state != state && latest.tag.issued_at >= now.div_euclid(1000)
        });
        if !is_same_second {
            return now.div_euclid(1000);
        }
        let rest = u64::try_from(1000 - now.rem_euclid(1000)).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(rest)).await;
        self.now().div_euclid(1000)
    }
}

/// The body of a delta.
fn changed(aside: &Aside, from: State, to: State, net: &Net) -> Result<Vec<u8>, Error> {
    let change = Change {
        added: &net.added,
        removed: &net.removed,
        roles: (from.roles != to.roles).then_some(&*aside.roles),
        revocations: (from.revocations != to.revocations).then_some(&*aside.revocations),
        ..Change::default()
    };
    change.body().map_err(|full: IndexFull| Error::internal(full))
}
