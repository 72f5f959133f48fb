//! A request's path, in the one form that decisions are made on.
//!
//! A gateway that decides on a path and a server that routes it are two
//! parsers of one text, and every difference between them is a bypass
//! (CWE-436, CWE-551). There is no normalisation that agrees with every
//! server, so nothing is repaired here: a path that two readers in the field
//! read differently is refused, and what is left has one reading.

use alloc::borrow::Cow;
use alloc::string::String;

/// Longest path in bytes: RFC 9110 §4.1 asks servers for at least 8,000 octets, nginx's buffers end at 8 KiB.
pub const PATH_BYTES: usize = 8192;

/// A path that has one reading: absolute, only characters of RFC 3986 §3.3, no empty or dot segments,
/// no escapes of characters that need none, valid UTF-8 behind the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// Without the first slash and without a last one.
    inner: &'a str,
    /// `/docs/` rather than `/docs`.
    trailing_slash: bool,
}

impl<'a> Path<'a> {
    /// Reads the path of a request target: without scheme, host, query and fragment.
    ///
    /// # Errors
    /// A sentence of fixed text that says why the path is refused.
    ///
    /// ```
    /// use sentinel_core::route::Path;
    /// assert!(Path::parse("/users/alice%40example.com/caf%C3%A9").is_ok());
    /// for path in ["//admin", "/a/../admin", "/a/%2e%2e/admin", "/a%2fadmin", "/%61dmin", "/a;x=1", "/a?b", "admin"] {
    ///     assert!(Path::parse(path).is_err(), "{path}");
    /// }
    /// ```
    pub fn parse(path: &'a str) -> Result<Self, &'static str> {
        if path.len() > PATH_BYTES {
            return Err("the path is longer than 8192 bytes");
        }
        // Absolute form, authority form and `*` (RFC 9112 §3.2) are no paths.
        let inner = path.strip_prefix('/').ok_or("the path does not begin with a slash")?;
        let (inner, trailing_slash) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        // After the last slash was cut off, another one at the end leaves an empty segment, as does one alone.
        if inner.ends_with('/') || (inner.is_empty() && trailing_slash) {
            return Err(EMPTY_SEGMENT);
        }
        let mut rest = inner;
        while let Some(segment) = cut(&mut rest) {
            check_segment(segment.as_bytes())?;
            // Next.js serves `/admin.segments/….segment.rsc` as a part of `/admin` (CVE-2026-44575).
            if !rest.is_empty() && segment.ends_with(".segments") {
                return Err("the path is a prefetch variant of another one");
            }
        }
        Ok(Self { inner, trailing_slash })
    }

    /// The segments between the slashes. `/` has none; a trailing slash adds none.
    pub fn segments(self) -> impl Iterator<Item = &'a str> {
        let mut rest = self.inner;
        core::iter::from_fn(move || cut(&mut rest))
    }

    /// Whether the path ends with a slash that is not its only one.
    #[must_use]
    pub fn has_trailing_slash(self) -> bool {
        self.trailing_slash
    }

    /// The path that may serve this one as its index, e.g. `/docs` for `/docs/index.html`, or for `/docs/.json`
    /// where an extension is cut off.
    pub(crate) fn without_index(self) -> Option<Self> {
        let last = self.segments().last()?;
        let is_index = match last.as_bytes().split_at_checked(5) {
            Some((name, rest)) if name.eq_ignore_ascii_case(b"index") => matches!(rest, [] | [b'.', ..]),
            _ => last.starts_with('.'),
        };
        let parent = self.inner.get(..self.inner.len() - last.len())?;
        // The slash before the last segment, where it is not the first.
        let inner = parent.get(..parent.len().saturating_sub(1))?;
        is_index.then_some(Self { inner, trailing_slash: false })
    }

    /// The canonical text: escapes with upper-case digits (RFC 3986 §6.2.2.1). Nothing else can vary.
    #[must_use]
    pub fn canonical(self) -> String {
        let mut out = String::with_capacity(self.inner.len() + 2);
        out.push('/');
        let mut digits = 0;
        for c in self.inner.chars() {
            out.push(if digits > 0 { c.to_ascii_uppercase() } else { c });
            digits = if c == '%' { 2 } else { digits.max(1) - 1 };
        }
        if self.trailing_slash {
            out.push('/');
        }
        out
    }
}

/// Cuts the first segment off. Segments are short: a plain loop is quicker than `str::split`, and smaller.
pub(super) fn cut<'a>(rest: &mut &'a str) -> Option<&'a str> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.bytes().position(|b| b == b'/').unwrap_or(rest.len());
    let segment = rest.get(..end)?;
    *rest = rest.get(end + 1..).unwrap_or_default();
    Some(segment)
}

const EMPTY_SEGMENT: &str = "the path has an empty segment (//)";

fn check_segment(segment: &[u8]) -> Result<(), &'static str> {
    // `.` and `..`, and `x.` and `x..`: Windows drops the dots at a name's end, and a proxy that cuts the
    // prefix `/api` off `/api../admin` leaves `/../admin` (CVE-2026-48020, the "off by slash" of nginx).
    match segment.last() {
        None => return Err(EMPTY_SEGMENT),
        Some(b'.') => return Err("a segment of the path ends with a dot"),
        Some(_) => {}
    }
    // `.git` and `..x` are names; `..:x` is the parent to a system that cuts streams off.
    if segment.starts_with(b".") && !segment.iter().find(|b| **b != b'.').is_some_and(|b| is_unreserved(*b)) {
        return Err("a segment of the path is dots with something after them");
    }
    let mut rest = segment;
    let mut at_start = true;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            b'%' => check_escape(tail, at_start)?,
            _ if is_literal(byte) => tail,
            b';' => return Err("the path has a parameter (;)"),
            b'?' | b'#' => return Err("the path has a query or a fragment: pass the path alone"),
            b'\\' => return Err("the path has a backslash"),
            _ => return Err("the path has a character that must be escaped"),
        };
        at_start = false;
    }
    Ok(())
}

/// `pchar` of RFC 3986 §3.3 that stands for itself, without the `;` that servlet containers cut at.
pub(super) fn is_literal(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@')
}

/// RFC 3986 §2.3.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Checks the escape after a `%`, with all escapes of the same UTF-8 character. Gives what follows.
fn check_escape(tail: &[u8], at_start: bool) -> Result<&[u8], &'static str> {
    let (value, mut rest) = escaped(tail).ok_or("the path has a malformed escape")?;
    match value {
        // One reader decodes `/%61dmin` before it routes, another does not (CVE-2025-64765, CVE-2025-69211).
        // RFC 3986 §2.3: producers should not write these.
        _ if is_unreserved(value) => Err("the path escapes a character that needs no escape"),
        b'/' | b'\\' => Err("the path has an escaped slash or backslash"),
        b';' | b'?' | b'#' => Err("the path has an escaped delimiter (; ? #)"),
        b'%' if escaped(rest).is_some() => Err("the path is escaped twice"),
        ..0x20 | 0x7f => Err("the path has an escaped control character"),
        // File systems and `trim` drop them: `/admin%20` would name `/admin`.
        b' ' if at_start || rest.is_empty() => Err("a segment of the path begins or ends with a space"),
        ..0x80 => Ok(rest),
        0x80.. => {
            let mut bytes = [value, 0, 0, 0];
            // How many octets the first one announces (RFC 3629 §3); what is wrong with them `from_utf8` says.
            let length = 1 + usize::from(value >= 0xc0) + usize::from(value >= 0xe0) + usize::from(value >= 0xf0);
            for slot in bytes.iter_mut().take(length).skip(1) {
                (*slot, rest) = rest.strip_prefix(b"%").and_then(escaped).ok_or(NOT_UTF8)?;
            }
            // Overlong forms, surrogates and lone octets end here.
            let text = bytes.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok()).ok_or(NOT_UTF8)?;
            if text.chars().any(is_deceptive) {
                return Err("the path has a character that some readers take for a delimiter");
            }
            Ok(rest)
        }
    }
}

const NOT_UTF8: &str = "the path's escapes are not UTF-8";

/// Characters that compatibility mappings (UAX #15 NFKC, Windows' best fit) turn into `/ \ . % ; ? #`, line ends
/// that a regular expression's dot does not match (as in CVE-2022-22978), and C1 controls.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{2024}'..='\u{2026}' | '\u{2028}' | '\u{2029}' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{fe52}'
        | '\u{fe54}' | '\u{fe56}' | '\u{fe5f}' | '\u{fe68}' | '\u{fe6a}' | '\u{ff03}' | '\u{ff05}' | '\u{ff0e}'
        | '\u{ff0f}' | '\u{ff1b}' | '\u{ff1f}' | '\u{ff3c}')
}

/// The octet of two hexadecimal digits, and what follows them.
pub(super) fn escaped(tail: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = tail else { return None };
    let digit = |b: &u8| char::from(*b).to_digit(16);
    Some(((digit(high)? << 4 | digit(low)?) as u8, rest))
}

/// Reads a path and gives its canonical text; borrowed where it is canonical already.
///
/// # Errors
/// As [`Path::parse`].
pub fn canonical(path: &str) -> Result<Cow<'_, str>, &'static str> {
    let parsed = Path::parse(path)?;
    Ok(if path.contains('%') { Cow::Owned(parsed.canonical()) } else { Cow::Borrowed(path) })
}
