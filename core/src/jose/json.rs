//! Strict JSON (RFC 8259) that is read in place.
//!
//! Stricter than the RFC where parsers in the field disagree, since a
//! disagreement between two parsers of one token is an attack (RFC 8725 §3.10,
//! RFC 7519 §4): a member name that occurs twice in an object is refused at
//! every level, also when one of the two is written with escapes; so are lone
//! surrogates, a byte order mark, and anything after the value.
//!
//! Reading is one pass without recursion. What a document may cost is bounded
//! by [`Limits`]: its nesting and the number of members in one object.

use crate::{Error, ErrorCode, Limits};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// Why a text is not acceptable JSON. Surfaces turn it into their own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError;

impl From<JsonError> for Error {
    fn from(_: JsonError) -> Self {
        Error::with(ErrorCode::ConfigurationInvalid, "not strict JSON, or beyond the limits for nesting and members")
    }
}

/// A view of one value in a document that has been checked as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    raw: &'a str,
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
    Ok(Value { raw: text.trim_matches(WHITESPACE) })
}

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

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
        document.trim_start_matches(WHITESPACE).starts_with('{').then_some(Self { members }).ok_or(JsonError)
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
    raw == name || (raw.contains('\\') && unescape(raw) == name)
}

/// One pass over the document. Returns the outermost object's members.
fn scan(text: &str, limits: &Limits) -> Result<Vec<Member>, JsonError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), pos: 0 };
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

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.pos += 1;
        Some(byte)
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

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

    fn scalar(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), JsonError> {
        let end = self.pos + word.len();
        if self.bytes.get(self.pos..end) != Some(word) {
            return Err(JsonError);
        }
        self.pos = end;
        Ok(())
    }

    /// A string with both quotes. Says whether it has escapes.
    fn string(&mut self) -> Result<bool, JsonError> {
        if self.next() != Some(b'"') {
            return Err(JsonError);
        }
        let mut escaped = false;
        loop {
            match self.next() {
                Some(b'"') => return Ok(escaped),
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0x20..) => {}
                _ => return Err(JsonError),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.hex4()? {
                // A high surrogate must be followed by an escaped low one; a low one must not stand alone.
                0xd800..=0xdbff => {
                    if self.next() == Some(b'\\')
                        && self.next() == Some(b'u')
                        && matches!(self.hex4()?, 0xdc00..=0xdfff)
                    {
                        Ok(())
                    } else {
                        Err(JsonError)
                    }
                }
                0xdc00..=0xdfff => Err(JsonError),
                _ => Ok(()),
            },
            _ => Err(JsonError),
        }
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.next().and_then(|b| (b as char).to_digit(16)).ok_or(JsonError)?;
            value = value << 4 | digit;
        }
        Ok(value)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.pos;
        while let Some(b'0'..=b'9') = self.peek() {
            self.pos += 1;
        }
        if self.pos > start { Ok(()) } else { Err(JsonError) }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        if self.peek() == Some(b'0') {
            self.pos += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.pos += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Passes over one value of a document that has been checked.
    fn skip_value(&mut self) -> Option<Value<'a>> {
        let start = self.pos;
        let mut depth = 0u32;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string().ok()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.pos += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.pos += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.pos += 1,
                _ => self.scalar().ok()?,
            }
            if depth == 0 {
                return self.text.get(start..self.pos).map(|raw| Value { raw });
            }
        }
    }
}

/// The text of a string whose escapes have been checked.
fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut reader = Reader { text: raw, bytes: raw.as_bytes(), pos: 0 };
    loop {
        let start = reader.pos;
        while reader.peek().is_some_and(|b| b != b'\\') {
            reader.pos += 1;
        }
        out.push_str(raw.get(start..reader.pos).unwrap_or_default());
        reader.pos += 1;
        let Some(kind) = reader.next() else { return Cow::Owned(out) };
        out.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => reader.code_point(),
            other => char::from(other),
        });
    }
}

impl Reader<'_> {
    /// The code point of a `\u` escape, after the `u`.
    fn code_point(&mut self) -> char {
        let Ok(first) = self.hex4() else { return char::REPLACEMENT_CHARACTER };
        let code = if matches!(first, 0xd800..=0xdbff) {
            self.pos += 2;
            let Ok(second) = self.hex4() else { return char::REPLACEMENT_CHARACTER };
            0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff)
        } else {
            first
        };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

impl<'a> Value<'a> {
    /// The value's own text in the document.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// The text of a string, unescaped.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        self.raw.strip_prefix('"')?.strip_suffix('"').map(unescape)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.raw {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// A number written as an integer, without fraction or exponent, that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.is_number().then(|| self.raw.parse().ok()).flatten()
    }

    /// Whether the value is a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self.raw.as_bytes().first(), Some(b'-' | b'0'..=b'9'))
    }

    /// Whether the value is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.raw.starts_with('{')
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.raw == "null"
    }

    /// The elements of an array.
    #[must_use]
    pub fn elements(self) -> Option<Elements<'a>> {
        self.inside('[').map(Elements)
    }

    /// The members of an object, in their order.
    #[must_use]
    pub fn members(self) -> Option<Members<'a>> {
        self.inside('{').map(Members)
    }

    /// The object's member of this name.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Value<'a>> {
        let mut inside = self.inside('{')?;
        loop {
            let (raw, value) = next_member(&mut inside)?;
            if same_name(raw, name) {
                return Some(value);
            }
        }
    }

    fn inside(self, open: char) -> Option<Reader<'a>> {
        self.raw.starts_with(open).then(|| Reader { text: self.raw, bytes: self.raw.as_bytes(), pos: 1 })
    }
}

fn skip_separators(reader: &mut Reader<'_>) {
    while let Some(b',' | b':' | b' ' | b'\t' | b'\n' | b'\r') = reader.peek() {
        reader.pos += 1;
    }
}

fn next_value<'a>(reader: &mut Reader<'a>) -> Option<Value<'a>> {
    skip_separators(reader);
    match reader.peek()? {
        b'}' | b']' => None,
        _ => reader.skip_value(),
    }
}

fn next_member<'a>(reader: &mut Reader<'a>) -> Option<(&'a str, Value<'a>)> {
    let name = next_value(reader)?.raw.strip_prefix('"')?.strip_suffix('"')?;
    Some((name, next_value(reader)?))
}

/// Iterates over an array.
pub struct Elements<'a>(Reader<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        next_value(&mut self.0)
    }
}

/// Iterates over an object's names and values.
pub struct Members<'a>(Reader<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        next_member(&mut self.0).map(|(name, value)| (unescape(name), value))
    }
}

#[cfg(test)]
mod tests;
