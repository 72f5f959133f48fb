//! The tuples of some types: what a service that asks about its own objects needs.

use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::tuple::TupleKey;
use crate::policy::{CompiledModel, Index, IndexFull};

/// The types that the answers about objects of these types depend on, these among them, sorted, and the tuples of their
/// objects. A bundle of these tuples names these types ([`Snapshot::types`](super::Snapshot::types)) and is undecided about others.
///
/// Nothing else can matter: from an object of a type a rewrite leads by its own tuples, and so to types that the type's
/// restrictions name.
///
/// # Errors
/// [`IndexFull`].
pub fn of_types(model: &CompiledModel, index: &Index, types: &[&str]) -> Result<(Vec<String>, Index), IndexFull> {
    let known = |name: &&str| model.type_slot(name);
    let mut slots: Vec<u16> = types.iter().filter_map(known).collect();
    let mut next = 0;
    while let Some(of) = slots.get(next).copied() {
        next += 1;
        let mut relation = 0;
        while model.relation(relation).is_some() {
            if model.relation_type(relation) == of {
                for restriction in model.restrictions(relation) {
                    if !slots.contains(&restriction.of) {
                        slots.push(restriction.of);
                    }
                }
            }
            relation += 1;
        }
    }
    let mut names: Vec<String> = slots.into_iter().map(|of| model.type_name(of).into()).collect();
    names.sort_unstable();
    names.dedup();
    let is_held = |tuple: &TupleKey| {
        tuple.object().split_once(':').is_some_and(|(of, _)| names.binary_search_by(|name| (**name).cmp(of)).is_ok())
    };
    let held: Vec<TupleKey> = index.tuples().filter(is_held).collect();
    let held = Index::from_tuples(&held)?;
    Ok((names, held))
}
