//! From the model as written to the model as read.

use alloc::vec::Vec;

use super::{
    Admitted, CompileError, CompiledModel, Expression, NO_CONDITION, NameSlot, Relation, RelationSlot, Restriction,
    Type, TypeSlot, facts,
};
use crate::policy::model::{self, AuthorizationModel, RestrictionKind, Rewrite};
use crate::policy::words::{Words, sort};

/// Deepest nesting of operators in one rewrite. OpenFGA's own JSON reader stops at 100 (protojson) levels.
const NESTING: u32 = 100;
/// Most types, relations and conditions. A model of OpenFGA's 256 KiB cannot have more relations than this.
const NAMES: usize = u16::MAX as usize - 1;

/// Two passes: names first, so that the second can refer to what is defined later.
pub(super) fn compile(source: &AuthorizationModel) -> Result<CompiledModel, CompileError> {
    let relations: usize = source.types.iter().map(|of| of.relations.len()).sum();
    if source.types.len() > NAMES || relations > NAMES || source.conditions.len() > NAMES {
        return Err(CompileError::TooLarge);
    }
    let mut model = CompiledModel {
        types: Vec::with_capacity(source.types.len()),
        types_by_name: Words::default(),
        names: Vec::new(),
        slots_of_names: Words::default(),
        relations: Vec::with_capacity(relations),
        expressions: Vec::new(),
        operands: Vec::new(),
        restrictions: Vec::new(),
        conditions: Vec::with_capacity(source.conditions.len()),
        slots_of_conditions: Words::default(),
        identity: super::super::next_identity(),
        reaches: Vec::new(),
    };
    for (slot, condition) in (0..).zip(&source.conditions) {
        if !model.slots_of_conditions.insert(&condition.name, slot) {
            return Err(CompileError::Duplicate);
        }
        model.conditions.push(condition.name.as_str().into());
    }
    declare(&mut model, source)?;
    let mut slot: RelationSlot = 0;
    for of in &source.types {
        for relation in &of.relations {
            define(&mut model, slot, relation)?;
            slot += 1;
        }
    }
    facts::settle(&mut model)?;
    Ok(model)
}

fn declare(model: &mut CompiledModel, source: &AuthorizationModel) -> Result<(), CompileError> {
    for relation in source.types.iter().flat_map(|of| of.relations.iter()) {
        if model.slots_of_names.insert(&relation.name, model.names.len() as NameSlot) {
            model.names.push(relation.name.as_str().into());
        }
    }
    for (at, of) in source.types.iter().enumerate() {
        if !model.types_by_name.insert(&of.name, at as TypeSlot) {
            return Err(CompileError::Duplicate);
        }
        let first = model.relations.len();
        let mut relations = Vec::with_capacity(of.relations.len());
        for (nth, relation) in of.relations.iter().enumerate() {
            let name = model.name_slot(&relation.name).ok_or(CompileError::UnknownRelation)?;
            relations.push(u128::from(name) << 16 | (first + nth) as u128);
            model.relations.push(Relation {
                of: at as TypeSlot,
                name,
                root: 0,
                restrictions: (0, 0),
                is_tupleset: false,
                usersets: false,
                leaf: false,
                monotone: true,
            });
        }
        sort(&mut relations);
        let relations: Vec<(NameSlot, RelationSlot)> =
            relations.into_iter().map(|pair| ((pair >> 16) as NameSlot, pair as RelationSlot)).collect();
        if relations.windows(2).any(|pair| pair.first().map(|one| one.0) == pair.last().map(|two| two.0)) {
            return Err(CompileError::Duplicate);
        }
        model.types.push(Type { name: of.name.as_str().into(), relations });
    }
    Ok(())
}

fn define(model: &mut CompiledModel, slot: RelationSlot, source: &model::Relation) -> Result<(), CompileError> {
    let of = model.relation_type(slot);
    let mut direct = false;
    let root = flatten(model, of, slot, &source.rewrite, 0, &mut direct)?;
    if direct == source.restrictions.is_empty() {
        return Err(CompileError::Restrictions);
    }
    let start = model.restrictions.len() as u32;
    for restriction in &source.restrictions {
        let of = model.type_slot(&restriction.type_name).ok_or(CompileError::UnknownType)?;
        let kind = match &restriction.kind {
            RestrictionKind::Object => Admitted::Object,
            RestrictionKind::Wildcard => Admitted::Wildcard,
            RestrictionKind::Userset(relation) => {
                Admitted::Userset(model.relation_slot(of, relation).ok_or(CompileError::UnknownRelation)?)
            }
        };
        let condition = match &restriction.condition {
            Some(name) => model.condition_slot(name).ok_or(CompileError::UnknownCondition)?,
            None => NO_CONDITION,
        };
        model.restrictions.push(Restriction { of, kind, condition });
    }
    let end = model.restrictions.len() as u32;
    let all = model.restrictions.get(start as usize..).unwrap_or_default();
    let usersets = all.iter().any(|found| matches!(found.kind, Admitted::Userset(_)));
    let leaf = model.expression(root) == Some(Expression::This) && !usersets;
    if let Some(relation) = model.relations.get_mut(usize::from(slot)) {
        relation.root = root;
        relation.restrictions = (start, end);
        relation.usersets = usersets;
        relation.leaf = leaf;
    }
    Ok(())
}

fn flatten(
    model: &mut CompiledModel,
    of: TypeSlot,
    slot: RelationSlot,
    rewrite: &Rewrite,
    depth: u32,
    direct: &mut bool,
) -> Result<u32, CompileError> {
    if depth > NESTING {
        return Err(CompileError::TooLarge);
    }
    let sibling =
        |model: &CompiledModel, name: &str| model.relation_slot(of, name).ok_or(CompileError::UnknownRelation);
    let expression = match rewrite {
        Rewrite::This => {
            *direct = true;
            Expression::This
        }
        Rewrite::Computed(name) => Expression::Computed(sibling(model, name)?),
        Rewrite::TupleToUserset { tupleset, computed } => {
            let computed: NameSlot = model.name_slot(computed).ok_or(CompileError::UnknownRelation)?;
            Expression::TupleToUserset { tupleset: sibling(model, tupleset)?, computed }
        }
        Rewrite::Union(operands) => {
            let (first, count) = all(model, of, slot, operands, depth, direct)?;
            Expression::Union { first, count }
        }
        Rewrite::Intersection(operands) => {
            let (first, count) = all(model, of, slot, operands, depth, direct)?;
            Expression::Intersection { first, count }
        }
        Rewrite::Difference(base, subtract) => Expression::Difference {
            base: flatten(model, of, slot, base, depth + 1, direct)?,
            subtract: flatten(model, of, slot, subtract, depth + 1, direct)?,
        },
    };
    model.expressions.push(expression);
    Ok((model.expressions.len() - 1) as u32)
}

fn all(
    model: &mut CompiledModel,
    of: TypeSlot,
    slot: RelationSlot,
    operands: &[Rewrite],
    depth: u32,
    direct: &mut bool,
) -> Result<(u32, u32), CompileError> {
    if operands.is_empty() {
        return Err(CompileError::Operands);
    }
    let mut found = Vec::with_capacity(operands.len());
    for operand in operands {
        found.push(flatten(model, of, slot, operand, depth + 1, direct)?);
    }
    let first = model.operands.len() as u32;
    model.operands.append(&mut found);
    Ok((first, operands.len() as u32))
}
