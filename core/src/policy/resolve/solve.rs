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

use alloc::vec;
use alloc::vec::Vec;

use super::super::compiled::{Expression, RelationSlot};
use super::layer::Subject;
use super::reach::{Question, direct, may_reach, node, node_parts};
use super::seen::Seen;
use super::view::{Exhausted, Fact, View};

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
enum Operand {
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

pub(super) fn solve(view: &View<'_>, question: Question) -> Result<Fact, Exhausted> {
    let mut solver = Solver {
        view,
        question,
        level: 0,
        cells: Vec::new(),
        edges: Vec::new(),
        seen: Seen::default(),
        nodes: Vec::new(),
        current: Vec::new(),
        next: Vec::new(),
        decided: Vec::new(),
    };
    match solver.node(question.object, question.slot, true) {
        Operand::Known(fact) => Ok(fact),
        Operand::Cell(root) => solver.run(root),
    }
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
}

impl Solver<'_, '_> {
    fn run(&mut self, root: u32) -> Result<Fact, Exhausted> {
        loop {
            while let Some(at) = self.current.pop() {
                self.view.spend(1)?;
                self.explore(at, root)?;
                self.carry()?;
                if let Some(value) = self.value(root) {
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

    fn cell(&mut self, kind: Kind) -> u32 {
        let cell = Cell { kind, value: None, open: 1, tainted: false, above: NONE, base: NONE, subtract: NONE };
        self.cells.push(cell);
        (self.cells.len() - 1) as u32
    }

    fn value(&self, cell: u32) -> Option<bool> {
        self.cells.get(cell as usize).and_then(|cell| cell.value)
    }

    fn decide(&mut self, at: u32, value: bool) {
        if let Some(cell) = self.cells.get_mut(at as usize)
            && cell.value.is_none()
        {
            cell.value = Some(value);
            self.decided.push(at);
        }
    }

    /// Tells the cells above of every decided value.
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
    fn close(&mut self, at: u32) {
        let Some(cell) = self.cells.get_mut(at as usize) else { return };
        cell.open = cell.open.saturating_sub(1);
        if cell.open == 0 {
            let value = cell.kind != Kind::Or;
            self.decide(at, value);
        }
    }

    /// Puts an operand under a cell that is being built.
    fn put(&mut self, operand: Operand, at: u32, role: Role) {
        match operand {
            Operand::Known(Fact::Unknown) if role == Role::Operand && self.kind(at) == Some(Kind::Or) => {
                if let Some(cell) = self.cells.get_mut(at as usize) {
                    cell.tainted = true;
                    cell.open += 1;
                }
            }
            Operand::Known(Fact::Unknown) => {
                let between = self.cell(Kind::Or);
                self.put(operand, between, Role::Operand);
                self.close(between);
                self.put(Operand::Cell(between), at, role);
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
                    return self.put(Operand::Known(known), at, role);
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

    fn kind(&self, at: u32) -> Option<Kind> {
        self.cells.get(at as usize).map(|cell| cell.kind)
    }

    /// A node of the graph: what is known of it at once, or its cell.
    fn node(&mut self, object: u32, slot: RelationSlot, same_level: bool) -> Operand {
        let Question { user, user_type, .. } = self.question;
        if !same_level && self.level + 1 >= self.view.budget.depth {
            return Operand::Known(self.view.too_deep());
        }
        if user == Subject::Userset(object, slot) {
            return Operand::Known(Fact::Yes);
        }
        if !may_reach(self.view, slot, user, user_type) {
            return Operand::Known(Fact::No);
        }
        if self.view.model.relation(slot).is_some_and(|relation| relation.leaf) {
            return Operand::Known(direct(self.view, object, slot, user, user_type));
        }
        let (at, new) = self.seen.insert(node(object, slot));
        if new {
            let cell = self.cell(Kind::Or);
            self.nodes.push((cell, State::Idle));
        }
        let Some((cell, state)) = self.nodes.get_mut(at as usize) else { return Operand::Known(Fact::No) };
        let cell = *cell;
        match (*state, same_level) {
            (State::Idle | State::Next, true) => {
                *state = State::Current;
                self.current.push(at);
            }
            (State::Idle, false) => {
                *state = State::Next;
                self.next.push(at);
            }
            _ => {}
        }
        Operand::Cell(cell)
    }

    fn explore(&mut self, at: u32, root: u32) -> Result<(), Exhausted> {
        let Some((cell, state)) = self.nodes.get_mut(at as usize) else { return Ok(()) };
        let cell = *cell;
        if *state == State::Explored {
            return Ok(());
        }
        *state = State::Explored;
        // Nobody above still asks: it is explored when somebody does.
        if cell != root && !self.is_needed(cell) {
            if let Some((_, state)) = self.nodes.get_mut(at as usize) {
                *state = State::Idle;
            }
            return Ok(());
        }
        let (object, slot) = node_parts(self.seen.get(at));
        let rewrite = self.view.model.relation(slot).map_or(u32::MAX, |relation| relation.root);
        self.disjunct(cell, rewrite, object, slot)?;
        self.close(cell);
        Ok(())
    }

    fn is_needed(&self, cell: u32) -> bool {
        let mut edge = self.cells.get(cell as usize).map_or(NONE, |cell| cell.above);
        while let Some(Edge { above, next, .. }) = self.edges.get(edge as usize) {
            if self.value(*above).is_none() {
                return true;
            }
            edge = *next;
        }
        false
    }

    /// Adds a rewrite to an `or`.
    fn disjunct(&mut self, cell: u32, at: u32, object: u32, slot: RelationSlot) -> Result<(), Exhausted> {
        if self.value(cell).is_some() {
            return Ok(());
        }
        match self.view.model.expression(at) {
            Some(Expression::This) => self.this(cell, object, slot),
            Some(Expression::Computed(other)) => {
                let operand = self.node(object, other, true);
                self.put(operand, cell, Role::Operand);
                Ok(())
            }
            Some(Expression::TupleToUserset { tupleset, computed }) => {
                let view = self.view;
                let mut spent = Ok(());
                let known = view.objects(object, tupleset, &mut |parent, fact| {
                    let Some(slot) = view.relation_of(parent, computed) else { return true };
                    spent = self.child(cell, parent, slot, fact);
                    spent.is_ok() && self.value(cell).is_none()
                });
                self.taint(cell, known);
                spent
            }
            Some(Expression::Union { first, count }) => {
                for operand in self.view.model.operands(first, count) {
                    self.disjunct(cell, *operand, object, slot)?;
                }
                Ok(())
            }
            Some(Expression::Intersection { first, count }) => {
                let and = self.cell(Kind::And);
                for operand in self.view.model.operands(first, count) {
                    let operand = self.operand(*operand, object, slot)?;
                    self.put(operand, and, Role::Operand);
                }
                self.close(and);
                self.put(Operand::Cell(and), cell, Role::Operand);
                Ok(())
            }
            Some(Expression::Difference { base, subtract }) => {
                let but_not = self.cell(Kind::ButNot);
                for (operand, role) in [(base, Role::Base), (subtract, Role::Subtract)] {
                    let operand = self.operand(operand, object, slot)?;
                    self.put(operand, but_not, role);
                }
                self.close(but_not);
                self.put(Operand::Cell(but_not), cell, Role::Operand);
                Ok(())
            }
            None => {
                self.taint(cell, Fact::Unknown);
                Ok(())
            }
        }
    }

    fn operand(&mut self, at: u32, object: u32, slot: RelationSlot) -> Result<Operand, Exhausted> {
        if let Some(Expression::Computed(other)) = self.view.model.expression(at) {
            return Ok(self.node(object, other, true));
        }
        let cell = self.cell(Kind::Or);
        self.disjunct(cell, at, object, slot)?;
        self.close(cell);
        Ok(Operand::Cell(cell))
    }

    fn this(&mut self, cell: u32, object: u32, slot: RelationSlot) -> Result<(), Exhausted> {
        let view = self.view;
        let own = direct(view, object, slot, self.question.user, self.question.user_type);
        self.put(Operand::Known(own), cell, Role::Operand);
        let mut spent = Ok(());
        if own != Fact::Yes && view.model.relation(slot).is_some_and(|relation| relation.usersets) {
            let known = view.usersets(object, slot, &mut |group, relation, fact| {
                spent = self.child(cell, group, relation, fact);
                spent.is_ok() && self.value(cell).is_none()
            });
            self.taint(cell, known);
        }
        spent
    }

    fn child(&mut self, cell: u32, object: u32, slot: RelationSlot, fact: Fact) -> Result<(), Exhausted> {
        self.view.spend(1)?;
        let operand = match fact {
            Fact::Yes => self.node(object, slot, false),
            other => Operand::Known(other),
        };
        self.put(operand, cell, Role::Operand);
        Ok(())
    }

    fn taint(&mut self, cell: u32, known: Fact) {
        if known == Fact::Unknown {
            self.put(Operand::Known(Fact::Unknown), cell, Role::Operand);
        }
    }

    /// The alternating fixpoint over what is undecided.
    fn fixpoint(&mut self, root: u32) -> Result<Fact, Exhausted> {
        let mut holds = vec![false; self.cells.len()];
        loop {
            let possible = self.gamma(&holds, true)?;
            let next = self.gamma(&possible, false)?;
            let settled = next == holds;
            holds = next;
            let of = |set: &[bool]| set.get(root as usize).copied().unwrap_or(false);
            if of(&holds) {
                return Ok(Fact::Yes);
            }
            if !of(&possible) {
                return Ok(Fact::No);
            }
            if settled {
                return Ok(self.undefined(root, &holds, &possible));
            }
        }
    }

    /// The undecided cells that are true where `but not` asks `assumed`, and unknown facts are what `unknown` says.
    fn gamma(&self, assumed: &[bool], unknown: bool) -> Result<Vec<bool>, Exhausted> {
        self.view.spend(self.cells.len() as u64)?;
        let mut holds = vec![false; self.cells.len()];
        let mut open: Vec<u32> = self.cells.iter().map(|cell| cell.open).collect();
        let mut work: Vec<u32> = Vec::new();
        let not_subtracted = |cell: &Cell| {
            cell.subtract == NONE
                || match self.value(cell.subtract) {
                    Some(value) => !value,
                    None => !assumed.get(cell.subtract as usize).copied().unwrap_or(true),
                }
        };
        for (at, cell) in (0..).zip(&self.cells) {
            let now = match cell.kind {
                Kind::Or => unknown && cell.tainted,
                Kind::And => false,
                Kind::ButNot => (cell.base == NONE || self.value(cell.base) == Some(true)) && not_subtracted(cell),
            };
            if cell.value.is_none() && now {
                work.push(at);
            }
        }
        while let Some(at) = work.pop() {
            match holds.get_mut(at as usize) {
                Some(done) if !*done => *done = true,
                _ => continue,
            }
            let mut edge = self.cells.get(at as usize).map_or(NONE, |cell| cell.above);
            while let Some(Edge { above, role, next }) = self.edges.get(edge as usize).copied() {
                edge = next;
                let Some(cell) = self.cells.get(above as usize).filter(|cell| cell.value.is_none()) else { continue };
                let now = match (cell.kind, role) {
                    (Kind::Or, _) => true,
                    (Kind::And, _) => open.get_mut(above as usize).is_some_and(|open| {
                        *open = open.saturating_sub(1);
                        *open == 0
                    }),
                    (Kind::ButNot, Role::Base) => not_subtracted(cell),
                    (Kind::ButNot, _) => false,
                };
                if now {
                    work.push(above);
                }
            }
        }
        Ok(holds)
    }

    /// An undefined root: unknown if a fact of unknown value leads to it through undefined cells, and otherwise no.
    fn undefined(&self, root: u32, holds: &[bool], possible: &[bool]) -> Fact {
        let is_undefined = |at: u32| {
            self.value(at).is_none()
                && !holds.get(at as usize).copied().unwrap_or(false)
                && possible.get(at as usize).copied().unwrap_or(false)
        };
        let mut seen = vec![false; self.cells.len()];
        let mut work: Vec<u32> = (0..).zip(&self.cells).filter(|(_, cell)| cell.tainted).map(|(at, _)| at).collect();
        while let Some(at) = work.pop() {
            if !is_undefined(at) || seen.get(at as usize) != Some(&false) {
                continue;
            }
            if at == root {
                return Fact::Unknown;
            }
            if let Some(seen) = seen.get_mut(at as usize) {
                *seen = true;
            }
            let mut edge = self.cells.get(at as usize).map_or(NONE, |cell| cell.above);
            while let Some(Edge { above, next, .. }) = self.edges.get(edge as usize).copied() {
                work.push(above);
                edge = next;
            }
        }
        Fact::No
    }
}
