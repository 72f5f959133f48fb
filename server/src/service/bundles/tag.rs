//! Entity tags. One says which state the frame shows and from when until when it is good, so that any replica can tell
//! whether it is still what it would give.

use sentinel_core::bundle::Digest;

/// What an entity tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) state: Digest,
    pub(super) issued_at: i64,
    pub(super) not_after: i64,
}

impl Tag {
    /// Whether the frame is in the first half of its life. In the second it is renewed.
    pub(super) fn is_young(&self, now: i64) -> bool {
        let half = self.not_after.saturating_sub(self.issued_at) / 2;
        (self.issued_at..self.issued_at.saturating_add(half)).contains(&now)
    }

    /// As `ETag` has it, of a frame with these bytes.
    pub(super) fn text(&self, frame: &[u8]) -> String {
        let hash: String = super::state::short(frame).iter().map(|octet| format!("{octet:02x}")).collect();
        format!("\"{}.{}.{}.{hash}\"", self.state, self.issued_at, self.not_after)
    }

    /// From a member of `If-None-Match`, strong or weak (RFC 9110 §13.1.2).
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?.strip_suffix('"')?;
        let mut parts = text.split('.');
        let (state, issued_at, not_after) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            state: Digest::parse(state)?,
            issued_at: issued_at.parse().ok()?,
            not_after: not_after.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_when_it_is_young() {
        let tag = Tag { state: Digest::of(b"x"), issued_at: 100, not_after: 110 };
        let text = tag.text(b"frame");
        assert_eq!((Tag::read(&text), Tag::read(&format!("W/{text}"))), (Some(tag), Some(tag)));
        assert!(!tag.is_young(99) && tag.is_young(100) && tag.is_young(104) && !tag.is_young(105));
        for wrong in ["", "*", "\"x\"", "\"x.1.2.3\"", &text.replace(".100.", ".x.")] {
            assert_eq!(Tag::read(wrong), None, "{wrong}");
        }
    }
}
