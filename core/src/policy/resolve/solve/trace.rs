//! What the solver put together, kept to be explained.

use alloc::vec::Vec;

use super::{Exhausted, Fact, Kind, Operand, Question, RelationSlot, Solver, Subject, View};

/// Why an operand stands where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Label {
    /// A tuple of the user itself, or of all of its type: object, relation, user.
    Direct(u32, RelationSlot, Subject),
    /// A tuple whose user is a userset: object, relation, the userset's object and relation.
    Userset(u32, RelationSlot, u32, RelationSlot),
    /// A tuple of a tupleset: the relation that follows, tupleset, parent, and the relation asked of it.
    Parent((u32, RelationSlot), RelationSlot, u32, RelationSlot),
    /// Another relation of the object.
    Computed(u32, RelationSlot, RelationSlot),
    Intersection(u32, RelationSlot),
    Exclusion(u32, RelationSlot),
    /// An operand of an intersection, or the base of an exclusion.
    Operand,
    Subtract,
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Entry {
    pub(in super::super) above: u32,
    pub(in super::super) operand: Operand,
    pub(in super::super) label: Label,
}

/// A whole evaluation: every cell with its kind and whether it holds, and every operand in the order of exploration.
pub(in super::super) struct Trace {
    pub(in super::super) fact: Fact,
    /// `None`: the question was answered without any.
    pub(in super::super) root: Option<u32>,
    pub(in super::super) cells: Vec<(Kind, bool)>,
    pub(in super::super) entries: Vec<Entry>,
}

/// Evaluates a question without leaving anything out.
pub(in super::super) fn trace(view: &View<'_>, question: Question) -> Result<Trace, Exhausted> {
    let mut solver = Solver { trace: Some(Vec::new()), ..Solver::new(view, question) };
    match solver.node(question.object, question.slot, true) {
        Operand::Known(fact) => Ok(Trace { fact, root: None, cells: Vec::new(), entries: Vec::new() }),
        Operand::Cell(root) => {
            let fact = solver.run(root)?;
            let (holds, _) = solver.alternate(None)?;
            let cells = solver.cells.iter().zip(holds).map(|(cell, holds)| (cell.kind, cell.value.unwrap_or(holds)));
            Ok(Trace {
                fact,
                root: Some(root),
                cells: cells.collect(),
                entries: solver.trace.take().unwrap_or_default(),
            })
        }
    }
}
