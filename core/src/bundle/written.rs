//! Reads again what was written here: a publisher that keeps bodies makes deltas from them.

use alloc::vec::Vec;

use super::Bounds;
use super::body::{Kind, Sections, section};
use super::held::read_content;
use crate::policy::Index;
use crate::policy::tuple::TupleKey;

/// The tuples of a full body that its reader wrote itself. None: it is no such body.
#[must_use]
pub fn tuples(body: &[u8]) -> Option<Vec<TupleKey>> {
    let bounds = Bounds::DEFAULT;
    let sections = Sections::read(body, Kind::Full).ok()?;
    let content = read_content(&sections, &bounds).ok()?;
    let tuples = content.tuples(sections.list(section::TUPLES), &bounds)?;
    let words = Index::from_parts(Index::KEY, content.parts, &[]);
    tuples.iter().map(|tuple| words.in_words(tuple)).collect()
}
