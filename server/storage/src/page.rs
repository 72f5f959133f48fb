//! Long lists come in pages. A page begins after a row, not at a number: rows that come and go meanwhile
//! neither repeat nor hide others, and the last page costs what the first one costs.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::StorageError;

/// A row's place in its list: what the list is ordered by. Callers pass it back as they got it.
///
/// As text it is hexadecimal: the id's 32 digits, then the key's octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) key: String,
    pub(crate) id: Uuid,
}

/// Not a cursor that this store wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one of ours")]
pub struct CursorError;

impl Cursor {
    /// Before every row: keys sort as octets, and no id is all zeros.
    pub(crate) const START: Self = Self { key: String::new(), id: Uuid::nil() };
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id.as_simple())?;
        self.key.bytes().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (id, key) = text.split_at_checked(32).ok_or(CursorError)?;
        let id = Uuid::try_parse(id).map_err(|_| CursorError)?;
        if !key.len().is_multiple_of(2) || !key.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return Err(CursorError);
        }
        let octets =
            (0..key.len()).step_by(2).map(|at| key.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()));
        let key = String::from_utf8(octets.collect::<Option<_>>().ok_or(CursorError)?).map_err(|_| CursorError)?;
        // PostgreSQL's text holds no NUL.
        if key.contains('\0') { Err(CursorError) } else { Ok(Self { key, id }) }
    }
}

/// What part of a list is wanted.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The row that the page comes after; from the start without one.
    pub after: Option<Cursor>,
    /// Most rows of the page.
    pub limit: u32,
}

impl PageRequest {
    /// The first page.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    pub(crate) fn start(&self) -> Cursor {
        self.after.clone().unwrap_or(Cursor::START)
    }

    /// For lists that begin with the greatest number: rows before this one are wanted.
    pub(crate) fn start_from_number(&self) -> Result<(i64, Uuid), StorageError> {
        match &self.after {
            None => Ok((i64::MAX, Uuid::max())),
            Some(after) => Ok((after.key.parse().map_err(|_| StorageError::Invalid)?, after.id)),
        }
    }

    /// One row more than asked for: whether it comes tells whether there is a next page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows, in order.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// From the rows that [`PageRequest::rows`] asked for; `place` says where a row stands.
    pub(crate) fn new(mut rows: Vec<T>, request: &PageRequest, place: impl Fn(&T) -> (String, Uuid)) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| {
            let (key, id) = place(row);
            Cursor { key, id }
        });
        Self { rows, next }
    }
}

/// What a text is ordered and searched by. In Rust, so that both databases agree on every script.
pub(crate) fn key(text: &str) -> String {
    text.to_lowercase()
}

/// What an e-mail address is found by. Only ASCII letters lose their case: some others have an ASCII letter for their
/// lower case (U+212A, the Kelvin sign), and an address that merely looks like another one must not be taken for it.
pub(crate) fn email_key(email: &str) -> String {
    email.to_ascii_lowercase()
}

/// The LIKE pattern (escape character `!`) for texts that contain `search`; without one, for every text.
pub(crate) fn pattern(search: Option<&str>) -> String {
    /// Longer than any name; SQLite refuses patterns of more than 50,000 octets.
    const LONGEST: usize = 1_000;
    let mut pattern = String::from("%");
    if let Some(search) = search.filter(|search| !search.is_empty()) {
        for character in key(search).chars().take(LONGEST) {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(character);
        }
        pattern.push('%');
    }
    pattern
}
