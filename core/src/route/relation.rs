//! A relation that a rule asks for, and the object it is asked to: `note:{id}`, with the parameters of the rule's path.

use super::path;
use super::pattern::{Pattern, Segments};
use crate::{Error, ErrorCode};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Longest object in bytes, as in a tuple (OpenFGA's `TupleKey.object`).
pub(super) const OBJECT_BYTES: usize = 256;
/// Longest relation in bytes (`TupleKey.relation`).
const RELATION_BYTES: usize = 50;

/// A relation and a template of an object.
///
/// The type is fixed, places are in the id alone, and two different fillings are two different objects: what ends a place
/// cannot stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) relation: Box<str>,
    pub(super) object: Box<str>,
}

impl Wanted {
    /// Whether the parameters of this pattern can fill it.
    #[inline(never)]
    pub(super) fn check(&self, pattern: &Pattern) -> Result<(), Error> {
        const OBJECT: Error = Error::with(
            ErrorCode::ConfigurationInvalid,
            "a rule's object is not type:id with parameters of its path, marks between them",
        );
        if !is_id(&self.relation) || self.relation.len() > RELATION_BYTES || self.relation.contains('@') {
            return Err(Error::with(ErrorCode::ConfigurationInvalid, "a rule's relation is no name"));
        }
        let (kind, id) = self.object.split_once(':').ok_or(OBJECT)?;
        let is_fixed = is_id(kind) && !kind.contains(['{', '}']);
        if !is_fixed || !is_id(id) || self.object.len() > OBJECT_BYTES {
            return Err(OBJECT);
        }
        let mut rest = id;
        while let Some((text, place)) = next(&mut rest) {
            let is_one = place.is_none_or(|name| {
                let end = end_of_place(rest).unwrap_or(b'/');
                pattern.places(name).count() == 1 && end.is_ascii_punctuation() && end != b'{'
            });
            if text.contains('}') || !is_one {
                return Err(OBJECT);
            }
        }
        Ok(())
    }

    /// The object of a path that the pattern matches; `None` where its parameters make none.
    #[inline(never)]
    pub(super) fn object(&self, pattern: &Pattern, path: &Segments<'_>) -> Option<String> {
        let (kind, mut rest) = self.object.split_once(':')?;
        let mut object = Vec::with_capacity(OBJECT_BYTES / 4);
        object.extend_from_slice(kind.as_bytes());
        object.push(b':');
        while let Some((text, place)) = next(&mut rest) {
            object.extend_from_slice(text.as_bytes());
            let Some(name) = place else { continue };
            let mut value = path.iter().nth(pattern.places(name).next()?)?.as_bytes();
            while let Some((&first, tail)) = value.split_first() {
                let (octet, tail) = if first == b'%' { path::escaped(tail)? } else { (first, tail) };
                if !is_plain(octet) || end_of_place(rest) == Some(octet) {
                    return None;
                }
                object.push(octet);
                value = tail;
            }
        }
        String::from_utf8(object).ok().filter(|object| object.len() <= OBJECT_BYTES)
    }
}

/// What can stand in every part of a tuple: no white space, no control character, nothing that separates its parts, and no
/// `*`, so that nobody's id is everybody's.
fn is_plain(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !matches!(byte, b':' | b'#' | b'*')
}

/// Whether a text is an id in tuples, and one object's alone.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_plain) && !text.contains(char::is_control)
}

/// The text up to the next place and that place's name, where there is one; `rest` goes on behind it.
fn next<'t>(rest: &mut &'t str) -> Option<(&'t str, Option<&'t str>)> {
    if rest.is_empty() {
        return None;
    }
    let Some((text, after)) = rest.split_once('{') else { return Some((core::mem::take(rest), None)) };
    // One without its end has the name of no parameter.
    let (name, after) = after.split_once('}').unwrap_or_default();
    *rest = after;
    Some((text, Some(name)))
}

/// What ends the place before `rest`: nothing, where no other place follows.
fn end_of_place(rest: &str) -> Option<u8> {
    rest.bytes().next().filter(|_| rest.contains('{'))
}
