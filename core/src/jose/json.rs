//! Strict JSON (RFC 8259) that is read in place.
//!
//! Stricter than the RFC where parsers in the field disagree, since a
//! disagreement between two parsers of one token is an attack (RFC 7519 §4,
//! RFC 8259 §4 and §8.2): a member name that occurs twice in an object is refused at
//! every level, also when one of the two is written with escapes; so are lone
//! surrogates, a byte order mark, and anything after the value.
//!
//! Reading is one pass without recursion. What a document may cost is bounded
//! by [`Limits`]: its nesting and the number of members in one object.

mod reader;
mod value;

pub use value::{Elements, Members, Value};

use crate::{Error, ErrorCode, Limits};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use reader::{Reader, is_escaped, unescape};

/// Why a text is not acceptable JSON. Surfaces turn it into their own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError;

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not strict JSON, or beyond the limits for nesting and members")
    }
}

impl core::error::Error for JsonError {}

impl From<JsonError> for Error {
    fn from(_: JsonError) -> Self {
        Error::with(ErrorCode::ConfigurationInvalid, "not strict JSON, or beyond the limits for nesting and members")
    }
}

/// Checks a whole document and gives a view of its value.
///
/// # Errors
/// Not UTF-8, not one JSON value, a duplicate member, or beyond the limits.
///
/// ```
/// use sentinel_core::{Limits, jose::json};
/// let value = json::parse(br#"{"aud":["a","b"]}"#, &Limits::DEFAULT)?;
/// let audience = value.member("aud").and_then(|aud| aud.elements()).into_iter().flatten();
/// assert_eq!(audience.filter_map(|a| a.as_str()).collect::<Vec<_>>(), ["a", "b"]);
/// assert!(json::parse(br#"{"a":1,"\u0061":2}"#, &Limits::DEFAULT).is_err());
/// # Ok::<(), json::JsonError>(())
/// ```
pub fn parse<'a>(document: &'a [u8], limits: &Limits) -> Result<Value<'a>, JsonError> {
    let text = core::str::from_utf8(document).map_err(|_| JsonError)?;
    scan(text, limits)?;
    // What stands around the value is JSON's whitespace: `scan` takes no other.
    Ok(Value { raw: text.trim_ascii() })
}

/// Where the members of a document's outermost object are: a table to look
/// claims up by name without reading the document again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectIndex {
    members: Vec<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    hash: u32,
    name: (u32, u32),
    value: (u32, u32),
}

impl ObjectIndex {
    /// Checks a whole document whose value must be an object, and remembers where its members are.
    ///
    /// # Errors
    /// As [`parse`], and where the value is not an object.
    pub fn new(document: &str, limits: &Limits) -> Result<Self, JsonError> {
        let members = scan(document, limits)?;
        document.trim_ascii_start().starts_with('{').then_some(Self { members }).ok_or(JsonError)
    }

    /// The member's value in the document that the index was made of.
    #[must_use]
    pub fn get<'a>(&self, document: &'a str, name: &str) -> Option<Value<'a>> {
        let hash = hash_plain(name.as_bytes());
        let found = self.members.iter().find(|member| {
            member.hash == hash && slice(document, member.name).is_some_and(|raw| same_name(raw, name))
        })?;
        slice(document, found.value).map(|raw| Value { raw })
    }

    /// How many members the object has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether the object has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

fn slice(document: &str, (start, end): (u32, u32)) -> Option<&str> {
    document.get(start as usize..end as usize)
}

/// FNV-1a over a name as it is after unescaping. Only sorts names apart: equal hashes are compared in full.
fn hash_plain(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn same_name(raw: &str, name: &str) -> bool {
    raw == name || (is_escaped(raw) && unescape(raw) == name)
}

/// One pass over the document. Returns the outermost object's members.
fn scan(text: &str, limits: &Limits) -> Result<Vec<Member>, JsonError> {
    let mut reader = Reader::new(text);
    // One bit a level: set for an object. Limits allow at most 64 levels.
    let mut is_object: u64 = 0;
    let mut depth: u32 = 0;
    // INVARIANT: `members` holds those of the open objects, outermost first;
    // `starts` says where each level's begin, so one vector serves all levels.
    let mut members: Vec<Member> = Vec::with_capacity(16);
    let mut starts: Vec<u32> = Vec::new();
    let max_depth = u32::from(limits.json_depth.min(64));

    'value: loop {
        reader.skip_whitespace();
        let open = reader.peek().ok_or(JsonError)?;
        if open == b'{' || open == b'[' {
            reader.pos += 1;
            depth += 1;
            if depth > max_depth {
                return Err(JsonError);
            }
            is_object = is_object << 1 | u64::from(open == b'{');
            starts.push(members.len() as u32);
            reader.skip_whitespace();
            if reader.peek() == Some(open + 2) {
                // '{' + 2 == '}' and '[' + 2 == ']': an empty container closes below.
            } else if open == b'{' {
                reader.member_name(&mut members, starts.last().copied().unwrap_or(0), limits)?;
                continue 'value;
            } else {
                continue 'value;
            }
        } else {
            reader.scalar()?;
        }
        // A value has ended: close containers until one goes on.
        loop {
            if depth == 0 {
                reader.skip_whitespace();
                return if reader.pos == reader.bytes.len() { Ok(members) } else { Err(JsonError) };
            }
            let in_object = is_object & 1 == 1;
            let start = starts.last().copied().unwrap_or(0);
            reader.skip_whitespace_after(&mut members, in_object, start);
            match reader.next() {
                Some(b',') => {
                    if in_object {
                        reader.skip_whitespace();
                        reader.member_name(&mut members, start, limits)?;
                    }
                    continue 'value;
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return Err(JsonError),
            }
            depth -= 1;
            is_object >>= 1;
            starts.pop();
            // The outermost object's members stay: they are the result.
            if depth > 0 {
                members.truncate(start as usize);
            }
        }
    }
}

/// What the scan does beyond the grammar: it remembers members and refuses duplicates.
impl Reader<'_> {
    /// Notes where the value that ended here belongs, then skips white space.
    fn skip_whitespace_after(&mut self, members: &mut [Member], in_object: bool, start: u32) {
        if in_object
            && members.len() > start as usize
            && let Some(member) = members.last_mut()
            && member.value.1 == 0
        {
            member.value.1 = self.pos as u32;
        }
        self.skip_whitespace();
    }

    /// A member's name with its colon; refuses a name the object already has.
    fn member_name(&mut self, members: &mut Vec<Member>, start: u32, limits: &Limits) -> Result<(), JsonError> {
        let name_start = self.pos + 1;
        let escaped = self.string()?;
        let name = (name_start as u32, (self.pos - 1) as u32);
        let raw = slice(self.text, name).ok_or(JsonError)?;
        let plain = if escaped { unescape(raw) } else { Cow::Borrowed(raw) };
        let hash = hash_plain(plain.as_bytes());
        let siblings = members.get(start as usize..).ok_or(JsonError)?;
        if siblings.len() >= usize::from(limits.json_members)
            || siblings
                .iter()
                .any(|m| m.hash == hash && slice(self.text, m.name).is_none_or(|other| same_name(other, &plain)))
        {
            return Err(JsonError);
        }
        self.skip_whitespace();
        if self.next() != Some(b':') {
            return Err(JsonError);
        }
        self.skip_whitespace();
        members.push(Member { hash, name, value: (self.pos as u32, 0) });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
