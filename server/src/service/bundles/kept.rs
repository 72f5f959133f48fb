//! What was published lately: signed frames, so that many holders cost one signature, and whole bodies, which later ones
//! are compared with. Bounded by its bytes: what was not asked for longest goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentinel_core::bundle::Digest;
use tokio::sync::OwnedMutexGuard;

use super::Frame;
use super::tag::Tag;

/// Bytes that an entry takes beside what is in it.
const OVERHEAD: usize = 1024;
/// Most frames of one place: a full one, and deltas from so many states.
const FRAMES: usize = 16;
/// Most bodies of one place that deltas are made from.
const BODIES: usize = 4;
/// Turns that are remembered before those that nobody has are forgotten.
const TURNS: usize = 1024;

/// A body that was published whole.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) state: Digest,
    pub(super) bytes: Arc<[u8]>,
    /// When the first tuple in it expires, in milliseconds since 1970.
    pub(super) until: Option<i64>,
}

/// A signed frame.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) since: Option<Digest>,
    pub(super) tag: Tag,
    /// With which key. What another one signs is asked for once it does.
    pub(super) kid: String,
    pub(super) frame: Frame,
}

/// The newest that was published of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latest {
    pub(super) revision: u64,
    pub(super) tag: Tag,
}

#[derive(Debug, Default)]
struct Entry {
    frames: VecDeque<Signed>,
    bodies: VecDeque<Body>,
    latest: Option<Latest>,
    used: u64,
}

impl Entry {
    fn bytes(&self) -> usize {
        let frames = self.frames.iter().map(|signed| signed.frame.bytes.len()).sum::<usize>();
        OVERHEAD + frames + self.bodies.iter().map(|body| body.bytes.len()).sum::<usize>()
    }
}

#[derive(Debug, Default)]
struct Entries {
    all: HashMap<String, Entry>,
    bytes: usize,
    uses: u64,
}

/// What is kept, by place.
#[derive(Debug, Default)]
pub(super) struct Kept {
    entries: Mutex<Entries>,
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Entries {
    fn entry(&mut self, place: &str) -> &mut Entry {
        self.uses += 1;
        let uses = self.uses;
        if !self.all.contains_key(place) {
            self.bytes += OVERHEAD;
        }
        let entry = self.all.entry(place.to_owned()).or_default();
        entry.used = uses;
        entry
    }

    /// Changes an entry, and lets others go until all fits.
    fn change(&mut self, place: &str, most: usize, change: impl FnOnce(&mut Entry)) {
        let entry = self.entry(place);
        let before = entry.bytes();
        change(entry);
        let after = entry.bytes();
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        while self.bytes > most {
            let oldest = self.all.iter().min_by_key(|(_, entry)| entry.used).map(|(place, _)| place.clone());
            let Some(gone) = oldest.and_then(|place| self.all.remove(&place)) else { return };
            self.bytes = self.bytes.saturating_sub(gone.bytes());
        }
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of a place: what is made of it is made once, however many ask for it.
    pub(super) async fn turn(&self, place: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() >= TURNS {
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            Arc::clone(turns.entry(place.to_owned()).or_default())
        };
        turn.lock_owned().await
    }

    /// A frame of this state that is young, and signed by this key.
    pub(super) fn frame(
        &self,
        place: &str,
        since: Option<Digest>,
        (state, now, kid): (Digest, i64, &str),
    ) -> Option<Frame> {
        let mut entries = self.lock();
        if !entries.all.contains_key(place) {
            return None;
        }
        let found = entries.entry(place).frames.iter().find(|signed| {
            signed.since == since && signed.tag.state == state && signed.tag.is_young(now) && signed.kid == kid
        });
        found.map(|signed| signed.frame.clone())
    }

    /// A body of this state.
    pub(super) fn body(&self, place: &str, state: Digest) -> Option<Body> {
        let entries = self.lock();
        entries.all.get(place)?.bodies.iter().find(|body| body.state == state).cloned()
    }

    /// How long the last whole body of the place was.
    pub(super) fn length(&self, place: &str) -> Option<usize> {
        let entries = self.lock();
        entries.all.get(place)?.bodies.back().map(|body| body.bytes.len())
    }

    /// What was published last.
    pub(super) fn latest(&self, place: &str) -> Option<Latest> {
        self.lock().all.get(place)?.latest
    }

    /// Keeps a frame; those of other states have had their time.
    pub(super) fn keep_frame(&self, place: &str, revision: u64, signed: Signed, most: usize) {
        self.lock().change(place, most, |entry| {
            entry.latest = Some(Latest { revision, tag: signed.tag });
            entry.frames.retain(|other| other.tag.state == signed.tag.state && other.since != signed.since);
            if entry.frames.len() >= FRAMES {
                entry.frames.pop_front();
            }
            entry.frames.push_back(signed);
        });
    }

    /// Keeps a body, `several` for places whose deltas are made from bodies.
    pub(super) fn keep_body(&self, place: &str, body: Body, several: bool, most: usize) {
        self.lock().change(place, most, |entry| {
            entry.bodies.retain(|other| several && other.state != body.state);
            if entry.bodies.len() >= BODIES {
                entry.bodies.pop_front();
            }
            entry.bodies.push_back(body);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(state: u8, length: usize) -> Body {
        Body { state: Digest([state; 32]), bytes: vec![0; length].into(), until: None }
    }

    fn signed(state: u8, since: Option<u8>, length: usize) -> Signed {
        let tag = Tag { state: Digest([state; 32]), issued_at: 0, not_after: 100 };
        let frame = Frame { bytes: vec![0; length].into(), tag: String::new() };
        Signed { since: since.map(|state| Digest([state; 32])), tag, kid: "k".into(), frame }
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let (kept, most) = (Kept::default(), 4 * OVERHEAD);
        for place in ["a", "b", "c"] {
            kept.keep_frame(place, 1, signed(1, None, 100), most);
        }
        let seek = (Digest([1; 32]), 10, "k");
        assert!(kept.frame("a", None, seek).is_some());
        kept.keep_frame("d", 1, signed(1, None, 100), most);
        assert!(kept.frame("a", None, seek).is_some() && kept.frame("b", None, seek).is_none());
        assert!(kept.lock().bytes <= most);
        // What alone is too much is not kept, and nothing stays counted.
        kept.keep_body("e", body(1, most), true, most);
        let entries = kept.lock();
        assert_eq!((entries.all.len(), entries.bytes), (0, 0));
    }

    #[test]
    fn frames_are_of_the_newest_state_and_bounded() {
        let (kept, most) = (Kept::default(), usize::MAX);
        for since in 0..40 {
            kept.keep_frame("a", 1, signed(1, Some(since), 10), most);
        }
        assert_eq!(kept.lock().all["a"].frames.len(), FRAMES);
        kept.keep_frame("a", 2, signed(2, None, 10), most);
        assert_eq!(kept.lock().all["a"].frames.len(), 1);
        let found = |state, now, kid| kept.frame("a", None, (Digest([state; 32]), now, kid)).is_some();
        assert!(found(2, 49, "k") && !found(2, 50, "k") && !found(2, 49, "other") && !found(1, 49, "k"));
        for state in 0..9 {
            kept.keep_body("a", body(state, 10), true, most);
        }
        assert!(kept.body("a", Digest([8; 32])).is_some() && kept.body("a", Digest([5; 32])).is_some());
        assert!(kept.body("a", Digest([4; 32])).is_none());
        kept.keep_body("a", body(9, 7), false, most);
        assert_eq!((kept.length("a"), kept.lock().all["a"].bodies.len()), (Some(7), 1));
        let entries = kept.lock();
        assert_eq!(entries.bytes, entries.all.values().map(Entry::bytes).sum::<usize>());
    }
}
