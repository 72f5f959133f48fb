//! What follows from a model alone: tuplesets, which relations are monotone, and which types of users can be found where.

use alloc::vec;
use alloc::vec::Vec;

use crate::policy::words::sort;

use super::{Admitted, CompileError, CompiledModel, Expression, RelationSlot};

/// Most references between relations, counted with every type that a tupleset admits: where the effort of what follows ends.
const REFERENCES: usize = 1 << 20;
/// Most bits of the table of types that a relation reaches; a larger model is evaluated without it.
const REACH_BITS: usize = 1 << 23;

pub(super) fn settle(model: &mut CompiledModel) -> Result<(), CompileError> {
    tuplesets(model)?;
    let users = users(model)?;
    let mut own = vec![false; model.relations.len()];
    for (slot, has) in own.iter_mut().enumerate() {
        *has = has_operator(model, slot as RelationSlot);
    }
    // Whoever refers to a relation with an operator is not monotone either.
    let mut work: Vec<usize> = (0..own.len()).filter(|slot| own.get(*slot) == Some(&true)).collect();
    while let Some(slot) = work.pop() {
        for user in users.of(slot) {
            if let Some(seen) = own.get_mut(usize::from(*user))
                && !*seen
            {
                *seen = true;
                work.push(usize::from(*user));
            }
        }
    }
    for (relation, operator) in model.relations.iter_mut().zip(&own) {
        relation.monotone = !operator;
    }
    reach(model, &users);
    Ok(())
}

/// Every expression of a relation, whatever its nesting.
fn expressions(model: &CompiledModel, slot: RelationSlot) -> Vec<Expression> {
    let mut found = Vec::new();
    let mut work: Vec<u32> = model.relation(slot).map(|relation| relation.root).into_iter().collect();
    while let Some(expression) = work.pop().and_then(|at| model.expression(at)) {
        match expression {
            Expression::Union { first, count } | Expression::Intersection { first, count } => {
                work.extend_from_slice(model.operands(first, count));
            }
            Expression::Difference { base, subtract } => work.extend([base, subtract]),
            _ => {}
        }
        found.push(expression);
    }
    found
}

fn has_operator(model: &CompiledModel, slot: RelationSlot) -> bool {
    let all = expressions(model, slot);
    all.iter().any(|found| matches!(found, Expression::Intersection { .. } | Expression::Difference { .. }))
}

/// Marks the tuplesets: relations of nothing but tuples. Of these only objects count, as in OpenFGA.
fn tuplesets(model: &mut CompiledModel) -> Result<(), CompileError> {
    let mut found = Vec::new();
    for expression in &model.expressions {
        if let Expression::TupleToUserset { tupleset, computed } = expression {
            let direct = model.relation(*tupleset).and_then(|relation| model.expression(relation.root));
            let restrictions = model.restrictions(*tupleset);
            if direct != Some(Expression::This) {
                return Err(CompileError::Tupleset);
            }
            if !restrictions.iter().any(|restriction| model.relation_named(restriction.of, *computed).is_some()) {
                return Err(CompileError::UnknownRelation);
            }
            found.push(*tupleset);
        }
    }
    for slot in found {
        if let Some(relation) = model.relations.get_mut(usize::from(slot)) {
            relation.is_tupleset = true;
        }
    }
    Ok(())
}

/// For each relation those that refer to it.
struct Users {
    starts: Vec<u32>,
    users: Vec<RelationSlot>,
}

impl Users {
    fn of(&self, slot: usize) -> &[RelationSlot] {
        let start = self.starts.get(slot).copied().unwrap_or(0) as usize;
        let end = self.starts.get(slot + 1).copied().unwrap_or(0) as usize;
        self.users.get(start..end).unwrap_or_default()
    }
}

fn users(model: &CompiledModel) -> Result<Users, CompileError> {
    let pair = |other: RelationSlot, slot: RelationSlot| u128::from(other) << 16 | u128::from(slot);
    let mut pairs: Vec<u128> = Vec::new();
    for slot in 0..model.relations.len() as RelationSlot {
        for expression in expressions(model, slot) {
            match expression {
                Expression::This => {
                    pairs.extend(model.restrictions(slot).iter().filter_map(|found| match found.kind {
                        Admitted::Userset(other) => Some(pair(other, slot)),
                        _ => None,
                    }));
                }
                Expression::Computed(other) => pairs.push(pair(other, slot)),
                Expression::TupleToUserset { tupleset, computed } => {
                    let through = model.restrictions(tupleset).iter();
                    pairs.extend(
                        through
                            .filter_map(|found| model.relation_named(found.of, computed))
                            .map(|other| pair(other, slot)),
                    );
                }
                _ => {}
            }
            if pairs.len() > REFERENCES {
                return Err(CompileError::TooLarge);
            }
        }
    }
    sort(&mut pairs);
    pairs.dedup();
    let mut starts = Vec::with_capacity(model.relations.len() + 1);
    for slot in 0..=model.relations.len() {
        starts.push(pairs.partition_point(|pair| ((*pair >> 16) as usize) < slot) as u32);
    }
    Ok(Users { starts, users: pairs.into_iter().map(|pair| pair as RelationSlot).collect() })
}

/// The least set with: a relation reaches the types that its tuples admit, and what a relation reaches that it refers to.
/// Operators only take away: without them the table is an upper bound, and what is outside it is never found.
fn reach(model: &mut CompiledModel, users: &Users) {
    let types = model.types.len();
    let words = (model.relations.len() * types).div_ceil(64);
    if model.relations.len() * types > REACH_BITS {
        return;
    }
    let mut bits = vec![0u64; words];
    // What is marked is marked once: the work is at most relations times types, times who refers to them.
    let mut work: Vec<(usize, usize)> = Vec::new();
    for slot in 0..model.relations.len() {
        for found in model.restrictions(slot as RelationSlot) {
            if !matches!(found.kind, Admitted::Userset(_)) {
                work.push((slot, usize::from(found.of)));
            }
        }
    }
    while let Some((slot, of)) = work.pop() {
        let bit = slot * types + of;
        if let Some(word) = bits.get_mut(bit / 64)
            && *word & (1 << (bit % 64)) == 0
        {
            *word |= 1 << (bit % 64);
            work.extend(users.of(slot).iter().map(|user| (usize::from(*user), of)));
        }
    }
    model.reaches = bits;
}
