//! What was taken back alone: bundles of it, and the server's feed.

use alloc::format;

use sentinel_core::bundle::{Opened, RevocationBundle};
use sentinel_core::jose::json::Value;
use sentinel_core::{Error, ErrorCode};

use crate::demands::invalid;
use crate::holder::{Holder, seconds};
use crate::question::{Moment, revoked};
use crate::record::Answer;

/// A full list takes the place of the one that is held, a delta adds to it; whether anything is another than before.
pub(crate) fn take(list: &mut Option<RevocationBundle>, opened: &Opened<'_>) -> Result<bool, Error> {
    match list {
        Some(held) if opened.manifest().from.is_some() => {
            let before = held.len();
            held.apply(opened)?;
            Ok(held.len() != before)
        }
        held => {
            let earlier = held.as_ref().map(|held| (held.known(), held.manifest().sha256));
            *held = Some(RevocationBundle::load(opened, earlier.as_ref().map(|(known, _)| known))?);
            Ok(earlier.is_none_or(|(_, sha256)| sha256 != opened.manifest().sha256))
        }
    }
}

/// 3: whether a token was revoked, where the list says so; 4: where the feed does. `None`: that is for others to say.
pub(crate) fn ask(holder: &Holder, kind: u32, question: Value<'_>, moment: Moment) -> Option<Answer> {
    const UNHEARD: Error = Error::with(ErrorCode::Unavailable, "nothing was heard yet");
    match (kind, &holder.revocations) {
        (3, Some(list)) => {
            Some(seconds(moment.now).and_then(|now| revoked(question, &|token| list.check_named(token, now))))
        }
        (4, _) => {
            let feed = holder.feed.as_ref().ok_or(UNHEARD);
            Some(feed.and_then(|feed| revoked(question, &|token| feed.check_named(token))))
        }
        _ => None,
    }
}

impl Holder {
    /// Takes in an answer of `GET /revocations`, and tells whether it was the last for now, and what to ask with next.
    pub(crate) fn feed(&mut self, length: usize, now: f64) -> Answer {
        let feed = self.feed.get_or_insert_default();
        let answer = self.input.get(..length).ok_or(invalid("the answer is too long"))?;
        let is_complete = feed.read(answer)?;
        feed.forget(seconds(now)?.saturating_mul(1000));
        self.output = format!("{} {} {}", u8::from(is_complete), feed.after(), feed.epoch().unwrap_or_default());
        Ok(self.tell())
    }
}
