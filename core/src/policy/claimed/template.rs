//! `group:{iss}|{value}`: an object or a user with places to fill in.
//!
//! The type, and the relation of a userset, are fixed; places are in the id alone. Whatever fills them, two different fillings
//! of a template are two different ids: what ends a place cannot stand in it.

use super::{CLAIM, CLAIM_INVALID};
use crate::claims::Claims;
use crate::{Error, ErrorCode};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// Longest template in bytes.
const BYTES: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Something to fill in, and the character that ends it where another place follows.
    Place(Source, Option<char>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// `{value}`: the mapped claim's.
    Value,
    /// `{iss}`, always encoded: an issuer is a URL, and has a colon.
    Issuer,
    /// Any other claim, which must be a string.
    Claim(String),
}

impl Template {
    /// `None` where it is none. The rules of ids are the caller's to check, on [`Self::sample`].
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = (text.len() <= BYTES).then_some(text)?;
        while !rest.is_empty() {
            let (literal, place) = match rest.split_once('{') {
                Some((literal, after)) => (literal, Some(after.split_once('}')?)),
                None => (rest, None),
            };
            // Nobody gives everyone a relation because a token says something.
            if literal.contains(['}', '*']) {
                return None;
            }
            if !literal.is_empty() {
                parts.push(Part::Text(literal.into()));
            }
            rest = "";
            if let Some((name, after)) = place {
                parts.push(Part::Place(Source::read(name)?, None));
                rest = after;
            }
        }
        let mut this = Self(parts);
        this.is_fixed_but_for_the_id().then_some(())?;
        this.end_places()?;
        Some(this)
    }

    fn is_fixed_but_for_the_id(&self) -> bool {
        let begins_with_type = matches!(self.0.first(), Some(Part::Text(text)) if text.contains(':'));
        let mut after = self.0.iter().skip_while(|part| !matches!(part, Part::Text(text) if text.contains('#')));
        after.next();
        begins_with_type && after.next().is_none()
    }

    /// Between two places stands a mark that neither ids need nor their encoding uses.
    fn end_places(&mut self) -> Option<()> {
        let mut end = None;
        let mut is_last = true;
        for part in self.0.iter_mut().rev() {
            match part {
                Part::Text(text) => end = text.chars().next(),
                Part::Place(_, ends) => {
                    if !is_last {
                        *ends = Some(end.filter(|mark| mark.is_ascii_punctuation() && *mark != '%')?);
                    }
                    (is_last, end) = (false, None);
                }
            }
        }
        Some(())
    }

    pub(super) fn has_issuer(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Place(Source::Issuer, _)))
    }

    /// It, with something in every place.
    pub(super) fn sample(&self) -> String {
        let each = self.0.iter().map(|part| match part {
            Part::Text(text) => text,
            Part::Place(..) => "x",
        });
        each.collect()
    }

    pub(super) fn fill(&self, claims: Claims<'_>, value: &str, encode: bool) -> Result<String, Error> {
        let mut id = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => id.push_str(text),
                Part::Place(Source::Value, end) => put(&mut id, value, *end, encode)?,
                Part::Place(Source::Issuer, end) => put(&mut id, &string(claims, "iss")?, *end, true)?,
                Part::Place(Source::Claim(name), end) => put(&mut id, &string(claims, name)?, *end, encode)?,
            }
        }
        Ok(id)
    }
}

impl Source {
    fn read(name: &str) -> Option<Self> {
        match name {
            "value" => Some(Self::Value),
            "iss" => Some(Self::Issuer),
            _ if name.is_empty() || name.contains('{') => None,
            _ => Some(Self::Claim(name.into())),
        }
    }
}

fn string<'a>(claims: Claims<'a>, name: &str) -> Result<alloc::borrow::Cow<'a, str>, Error> {
    let claim = claims.get(name).filter(|value| !value.is_null());
    claim.ok_or(Error::claim(ErrorCode::ClaimMissing, CLAIM))?.as_str().ok_or(CLAIM_INVALID)
}

/// Writes a text that cannot be anything but a part of an id: what has a meaning in tuples, and what ends the place, is
/// percent-encoded or refused. So `*` is never a wildcard and `a#member` never a userset.
fn put(id: &mut String, text: &str, end: Option<char>, encode: bool) -> Result<(), Error> {
    if text.is_empty() {
        return Err(CLAIM_INVALID);
    }
    for c in text.chars() {
        let has_meaning = matches!(c, ':' | '#' | '*') || c.is_whitespace() || c.is_control() || Some(c) == end;
        if has_meaning && !encode {
            return Err(CLAIM_INVALID);
        }
        if !(has_meaning || encode && c == '%') {
            id.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string does not fail.
            let _ = write!(id, "%{byte:02X}");
        }
    }
    Ok(())
}
