//! Path patterns: static segments, parameters, and a wildcard at the end.

use super::path::{self, Path};
use crate::{Error, ErrorCode};
use alloc::boxed::Box;

/// Most segments in a pattern: each takes two of the 64 bits that order patterns, and the end takes two.
pub const PATTERN_SEGMENTS: usize = 31;
/// Longest pattern in bytes. Cloudflare Pages ends its rules at 100, this leaves room for generated ones.
pub const PATTERN_BYTES: usize = 512;

/// `/docs/:id`, `/docs/{id}`, `/docs/**`.
///
/// A static segment is ASCII and matches octet by octet. `:name` or `{name}`
/// matches exactly one segment; `*` or `**`, at the end only, any number of
/// them, also none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<str>,
    shape: u64,
}

enum Segment<'p> {
    Static(&'p str),
    Parameter,
    Rest,
}

impl<'p> Segment<'p> {
    /// Of a pattern that was checked: nothing static begins like the other two.
    fn of(text: &'p str) -> Self {
        match text.as_bytes().first() {
            Some(b'*') => Self::Rest,
            Some(b':' | b'{') => Self::Parameter,
            _ => Self::Static(text),
        }
    }
}

/// How a path stands to a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    No,
    /// Not the pattern's own spelling, but one that a lenient server takes for it.
    Resembles,
    Yes,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Self, Error> {
        let invalid = |why| Err(Error::with(ErrorCode::ConfigurationInvalid, why));
        let Some(inner) = text.strip_prefix('/') else { return invalid("a path pattern does not begin with a slash") };
        if text.len() > PATTERN_BYTES {
            return invalid("a path pattern is longer than 512 bytes");
        }
        let mut shape = 0u64;
        let mut place = 62u32;
        let mut is_open = true;
        // `"".split('/')` gives one segment, and the root has none.
        for segment in inner.split('/').filter(|_| !inner.is_empty()) {
            if place == 0 || !is_open {
                return invalid("a path pattern has more than 31 segments, or goes on after its wildcard");
            }
            let kind = match segment {
                "*" | "**" => {
                    is_open = false;
                    0
                }
                _ if is_parameter(segment) => 2,
                _ if is_static(segment) => 3,
                _ => {
                    return invalid(
                        "a segment of a path pattern is neither plain characters, nor :name, {name} or a wildcard",
                    );
                }
            };
            shape |= kind << place;
            place -= 2;
        }
        Ok(Self { text: text.into(), shape: shape | u64::from(is_open) << place })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// How specific the pattern is: two bits a segment from the left, static > parameter > end > wildcard.
    ///
    /// INVARIANT: of two patterns that match one path, the one with the greater shape is the more specific;
    /// two that match one path and have the same shape are the same but for their parameters' names.
    pub(super) fn shape(&self) -> u64 {
        self.shape
    }

    /// Whether the other matches exactly the same paths.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let mut theirs = other.segments();
        self.shape == other.shape
            && self.segments().all(|ours| match (Segment::of(ours), theirs.next()) {
                (Segment::Static(ours), Some(theirs)) => ours == theirs,
                _ => true,
            })
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.text.get(1..).unwrap_or_default();
        core::iter::from_fn(move || path::cut(&mut rest))
    }

    /// Where the parameter of this name stands: the numbers of its segments.
    pub(super) fn places<'p>(&'p self, name: &'p str) -> impl Iterator<Item = usize> + 'p {
        self.segments().enumerate().filter(move |(_, segment)| parameter(segment) == Some(name)).map(|(at, _)| at)
    }

    /// Whether the pattern names the last segment of what it matches.
    pub(super) fn ends_with_static(&self) -> bool {
        self.segments().last().is_none_or(|last| matches!(Segment::of(last), Segment::Static(_)))
    }

    pub(super) fn ends_with_wildcard(&self) -> bool {
        self.text.ends_with('*')
    }

    pub(super) fn matches(&self, path: &Segments<'_>) -> Match {
        let mut exact = Match::Yes;
        let mut theirs = path.iter();
        for ours in self.segments() {
            match (Segment::of(ours), theirs.next()) {
                (Segment::Rest, _) => return exact,
                (Segment::Parameter, Some(_)) => {}
                (Segment::Static(ours), Some(theirs)) if ours == *theirs => {}
                (Segment::Static(ours), Some(theirs)) if resembles(ours, theirs) => exact = Match::Resembles,
                _ => return Match::No,
            }
        }
        if theirs.next().is_some() { Match::No } else { exact }
    }
}

/// The segments of a path, as many as a pattern can tell apart: found once, compared with every rule.
pub(super) struct Segments<'a> {
    /// One more than a pattern can have, so that a longer path is seen to be longer.
    first: [&'a str; PATTERN_SEGMENTS + 1],
    count: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn of(path: Path<'a>) -> Self {
        let mut found = Self { first: [""; PATTERN_SEGMENTS + 1], count: 0 };
        for (slot, segment) in found.first.iter_mut().zip(path.segments()) {
            *slot = segment;
            found.count += 1;
        }
        found
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &&'a str> {
        self.first.iter().take(self.count)
    }
}

/// `:name` or `{name}`. Modifiers of other routers (`:id?`, `:id(\d+)`, `{*rest}`) are refused, not read as a name.
fn is_parameter(segment: &str) -> bool {
    parameter(segment).is_some_and(|name| {
        name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix(':').or_else(|| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// What stands for itself in a path too, and in no router's pattern language for something else.
fn is_static(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.starts_with(':')
        && !segment.ends_with('.')
        && segment.bytes().all(|b| path::is_literal(b) && !matches!(b, b'*' | b'(' | b')'))
}

/// Whether a lenient server may take the segment for the static one: letters in another case (Express,
/// ASP.NET, Windows), escapes of characters that need none, or something after the name that is cut off: an
/// extension (`.json`, `.rsc`), `::$DATA`, a space.
fn resembles(name: &str, segment: &str) -> bool {
    let mut rest = segment.as_bytes();
    for expected in name.bytes() {
        match next_octet(&mut rest) {
            Some(octet) if octet.eq_ignore_ascii_case(&expected) => {}
            _ => return false,
        }
    }
    // Where a word goes on it is another word: `/docs-intro` is not `/docs`.
    next_octet(&mut rest).is_none_or(|octet| !octet.is_ascii_alphanumeric() && !matches!(octet, b'-' | b'_' | b'~'))
}

/// The next octet of a segment that has been checked, unescaped.
fn next_octet(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, tail) = rest.split_first()?;
    let (octet, tail) = if byte == b'%' { path::escaped(tail)? } else { (byte, tail) };
    *rest = tail;
    Some(octet)
}
