//! Reads JSON's tokens one after the other. Knows the grammar, remembers nothing.

use super::JsonError;
use crate::jose::swar::find_string_end;
use alloc::borrow::Cow;
use alloc::string::String;

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) pos: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), pos: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.pos += 1;
        Some(byte)
    }

    pub(super) fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    pub(super) fn scalar(&mut self) -> Result<(), JsonError> {
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
    pub(super) fn string(&mut self) -> Result<bool, JsonError> {
        if self.next() != Some(b'"') {
            return Err(JsonError);
        }
        let mut escaped = false;
        loop {
            self.pos += self.bytes.get(self.pos..).and_then(find_string_end).ok_or(JsonError)?;
            match self.next() {
                Some(b'"') => return Ok(escaped),
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
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

    pub(super) fn hex4(&mut self) -> Result<u32, JsonError> {
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
    pub(super) fn skip_value(&mut self) -> Option<&'a str> {
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
                return self.text.get(start..self.pos);
            }
        }
    }
}

/// By octets: the library's search for a character is ten times the code.
pub(super) fn is_escaped(raw: &str) -> bool {
    raw.bytes().any(|byte| byte == b'\\')
}

/// The text of a string whose escapes have been checked.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !is_escaped(raw) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut reader = Reader::new(raw);
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
