//! Check with intersections and exclusions: a system of equations.
//!
//! Every `object#relation` that the question leads to, and every operand of an operator, is a *cell* whose value is a
//! boolean function of others: `or` (tuples, unions, computed relations), `and`, and `but not`. The pass explores
//! cells level by level and carries each decided value upward at once, so it stops where the answer is known.
//!
//! # What a cell means
//! The cells are the rules of a logic program over ground facts (the tuples), with negation in `but not`. Its meaning is
//! the well-founded model (Van Gelder, Ross, Schlipf: "The well-founded semantics for general logic programs", JACM 38,
//! 1991): without a cycle it is plain evaluation, with cycles free of exclusion the least fixpoint, and a cell
//! that depends on its own exclusion is undefined, which is not an allow. A read that is missing, a condition that cannot be
//! evaluated and what is beyond the depth limit are facts of unknown value: an answer that depends on one is an error.
//!
//! # Why this computes it
//! 1. *Carrying upward is sound.* It applies Kleene's three-valued tables to cells whose operands are decided, which is
//!    the Fitting operator; its least fixpoint is contained in the well-founded model, and the value of a cell decided
//!    so does not depend on what the undecided ones turn out to be: not on unexplored cells either.
//! 2. *What remains is solved by the alternating fixpoint* (Van Gelder: "The alternating fixpoint of logic
//!    programs with negation", JCSS 47, 1993). Let `Γ(I)` be the least set of true cells where `but not x` holds exactly if
//!    x is not in I. Γ is antitone, so `K₀ = ∅, Pᵢ = Γ(Kᵢ), Kᵢ₊₁ = Γ(Pᵢ)` gives growing K and shrinking P; with finitely
//!    many cells both become constant, K is what is true in the well-founded model and the complement of P what is false.
//!    Replacing decided cells by their values beforehand does not change the model of the others (it is their partial evaluation).
//! 3. *Facts of unknown value*: a fact u with the rule `u ← not u` is undefined. Counting it false while computing K and
//!    true while computing P is that rule's effect. So what is in K holds, and what is outside P fails, whatever the
//!    unknown facts are.
//! 4. *Undefined cells*: one that reaches, through undefined cells, a fact of unknown value answers with the error; the others
//!    are undefined by exclusion alone and deny.
//!
//! Without exclusion among the remaining cells and without unknown facts the first Γ is empty: all are false, the least fixpoint.

mod explore;
mod fixpoint;
mod trace;

use alloc::vec::Vec;

use super::super::compiled::RelationSlot;
use super::layer::Subject;
use super::reach::Question;
use super::seen::Seen;
use super::view::{Exhausted, Fact, View};

pub(super) use trace::{Label, Trace, trace};

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Or,
    And,
    ButNot,
}

/// What an operand is to the cell above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Operand,
    Base,
    Subtract,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    kind: Kind,
    value: Option<bool>,
    /// Operands that are not decided; facts of unknown value count and never are. One more while the cell is built.
    open: u32,
    /// Whether a fact of unknown value is among its operands. INVARIANT: only in an `or`.
    tainted: bool,
    /// The first of the edges to the cells above.
    above: u32,
    /// The operands of `but not` that were not decided when it was built.
    base: u32,
    subtract: u32,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    above: u32,
    role: Role,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Known(Fact),
    Cell(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Known by name, and not needed so far.
    Idle,
    Next,
    Current,
    Explored,
}

#[inline]
pub(super) fn solve(view: &View<'_>, question: Question) -> Result<Fact, Exhausted> {
    let mut solver = Solver::new(view, question);
    match solver.node(question.object, question.slot, true) {
        Operand::Known(fact) => Ok(fact),
        Operand::Cell(root) => solver.run(root),
    }
}

/// Whether the root is false whatever the facts of unknown value are. A cell that is undefined by an exclusion of itself
/// denies too, and is not false: what excludes it is undefined in turn, and not true.
#[cfg(feature = "bundle-write")]
pub(super) fn is_false(view: &View<'_>, question: Question) -> Result<bool, Exhausted> {
    let mut solver = Solver::new(view, question);
    let root = match solver.node(question.object, question.slot, true) {
        Operand::Known(fact) => return Ok(fact == Fact::No),
        Operand::Cell(root) => root,
    };
    if solver.run(root)? != Fact::No {
        return Ok(false);
    }
    if let Some(value) = solver.value(root) {
        return Ok(!value);
    }
    let (_, possible) = solver.alternate(Some(root))?;
    Ok(possible.get(root as usize) == Some(&false))
}

struct Solver<'a, 'v> {
    view: &'a View<'v>,
    question: Question,
    level: u32,
    cells: Vec<Cell>,
    edges: Vec<Edge>,
    seen: Seen,
    /// For each node seen its cell, and whether it is explored.
    nodes: Vec<(u32, State)>,
    current: Vec<u32>,
    next: Vec<u32>,
    /// Cells whose value has not been carried upward.
    decided: Vec<u32>,
    /// Everything that was put together, where it is to be explained. Then nothing is left out for being decided already.
    trace: Option<Vec<trace::Entry>>,
}

impl<'a, 'v> Solver<'a, 'v> {
    #[inline]
    const fn new(view: &'a View<'v>, question: Question) -> Self {
        Self {
            view,
            question,
            level: 0,
            cells: Vec::new(),
            edges: Vec::new(),
            seen: Seen::new(),
            nodes: Vec::new(),
            current: Vec::new(),
            next: Vec::new(),
            decided: Vec::new(),
            trace: None,
        }
    }

    #[inline]
    fn run(&mut self, root: u32) -> Result<Fact, Exhausted> {
        loop {
            while let Some(at) = self.current.pop() {
                self.view.spend(1)?;
                self.explore(at, root)?;
                self.carry()?;
                if let Some(value) = self.value(root).filter(|_| self.trace.is_none()) {
                    return Ok(if value { Fact::Yes } else { Fact::No });
                }
            }
            if self.next.is_empty() {
                break;
            }
            self.level += 1;
            for at in core::mem::take(&mut self.next) {
                if let Some((_, state)) = self.nodes.get_mut(at as usize)
                    && *state == State::Next
                {
                    *state = State::Current;
                    self.current.push(at);
                }
            }
        }
        // Undecided, and something can still be read: the fixpoint would be one of a program that is not complete.
        if self.view.is_asking() { Ok(Fact::Unknown) } else { self.fixpoint(root) }
    }

    #[inline]
    fn cell(&mut self, kind: Kind) -> u32 {
        let cell = Cell { kind, value: None, open: 1, tainted: false, above: NONE, base: NONE, subtract: NONE };
        self.cells.push(cell);
        (self.cells.len() - 1) as u32
    }

    #[inline]
    fn value(&self, cell: u32) -> Option<bool> {
        self.cells.get(cell as usize).and_then(|cell| cell.value)
    }

    #[inline]
    fn decide(&mut self, at: u32, value: bool) {
        if let Some(cell) = self.cells.get_mut(at as usize)
            && cell.value.is_none()
        {
            cell.value = Some(value);
            self.decided.push(at);
        }
    }

    /// Tells the cells above of every decided value.
    #[inline]
    fn carry(&mut self) -> Result<(), Exhausted> {
        while let Some(at) = self.decided.pop() {
            let Some(Cell { value: Some(value), above: mut edge, .. }) = self.cells.get(at as usize).copied() else {
                continue;
            };
            while let Some(Edge { above, role, next }) = self.edges.get(edge as usize).copied() {
                self.view.spend(1)?;
                self.tell(above, role, value);
                edge = next;
            }
        }
        Ok(())
    }

    /// One operand of the cell is decided.
    #[inline]
    fn tell(&mut self, at: u32, role: Role, value: bool) {
        let Some(cell) = self.cells.get_mut(at as usize) else { return };
        if cell.value.is_some() {
            return;
        }
        let for_it = value != (role == Role::Subtract);
        if (cell.kind == Kind::Or) == for_it {
            self.decide(at, for_it);
        } else {
            self.close(at);
        }
    }

    /// One operand less is open. With none left an `or` has only false ones, and the others only true ones.
    #[inline]
    fn close(&mut self, at: u32) {
        let Some(cell) = self.cells.get_mut(at as usize) else { return };
        cell.open = cell.open.saturating_sub(1);
        if cell.open == 0 {
            let value = cell.kind != Kind::Or;
            self.decide(at, value);
        }
    }

    /// Puts an operand under a cell that is being built.
    #[inline]
    fn put(&mut self, operand: Operand, at: u32, role: Role, label: Label) {
        if let Some(trace) = &mut self.trace {
            trace.push(trace::Entry { above: at, operand, label });
        }
        self.connect(operand, at, role);
    }

    #[inline]
    fn connect(&mut self, operand: Operand, at: u32, role: Role) {
        match operand {
            Operand::Known(Fact::Unknown) if role == Role::Operand && self.kind(at) == Some(Kind::Or) => {
                if let Some(cell) = self.cells.get_mut(at as usize) {
                    cell.tainted = true;
                    cell.open += 1;
                }
            }
            Operand::Known(Fact::Unknown) => {
                let between = self.cell(Kind::Or);
                self.connect(operand, between, Role::Operand);
                self.close(between);
                self.connect(Operand::Cell(between), at, role);
            }
            Operand::Known(fact) => {
                if let Some(cell) = self.cells.get_mut(at as usize) {
                    cell.open += 1;
                }
                self.tell(at, role, fact == Fact::Yes);
            }
            Operand::Cell(below) => {
                if let Some(value) = self.value(below) {
                    let known = if value { Fact::Yes } else { Fact::No };
                    return self.connect(Operand::Known(known), at, role);
                }
                let edge = self.edges.len() as u32;
                let next = self.cells.get(below as usize).map_or(NONE, |cell| cell.above);
                self.edges.push(Edge { above: at, role, next });
                if let Some(cell) = self.cells.get_mut(below as usize) {
                    cell.above = edge;
                }
                if let Some(cell) = self.cells.get_mut(at as usize) {
                    cell.open += 1;
                    match role {
                        Role::Base => cell.base = below,
                        Role::Subtract => cell.subtract = below,
                        Role::Operand => {}
                    }
                }
            }
        }
    }

    #[inline]
    fn kind(&self, at: u32) -> Option<Kind> {
        self.cells.get(at as usize).map(|cell| cell.kind)
    }
}
