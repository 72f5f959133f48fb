//! Views of values in a document that has been checked as a whole.

use super::reader::{Reader, unescape};
use super::same_name;
use alloc::borrow::Cow;

/// A view of one value in a document that has been checked as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    pub(super) raw: &'a str,
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
        self.raw.starts_with(open).then(|| {
            let mut inside = Reader::new(self.raw);
            inside.pos = 1;
            inside
        })
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
        _ => reader.skip_value().map(|raw| Value { raw }),
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
