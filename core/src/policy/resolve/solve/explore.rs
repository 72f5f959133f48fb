//! From the model and the tuples to cells.

use alloc::vec::Vec;

use super::super::reach::{direct, may_reach, node, node_parts};
use super::{Edge, Exhausted, Fact, Kind, Label, NONE, Operand, Question, RelationSlot, Role, Solver, State, Subject};
use crate::policy::compiled::Expression;

impl Solver<'_, '_> {
    /// A node of the graph: what is known of it at once, or its cell.
    #[inline]
    pub(super) fn node(&mut self, object: u32, slot: RelationSlot, same_level: bool) -> Operand {
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
        if self.trace.is_none() && self.view.model.relation(slot).is_some_and(|relation| relation.leaf) {
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

    #[inline]
    pub(super) fn explore(&mut self, at: u32, root: u32) -> Result<(), Exhausted> {
        let Some((cell, state)) = self.nodes.get_mut(at as usize) else { return Ok(()) };
        let cell = *cell;
        if *state == State::Explored {
            return Ok(());
        }
        *state = State::Explored;
        // Nobody above still asks: it is explored when somebody does.
        if cell != root && self.trace.is_none() && !self.is_needed(cell) {
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

    /// Whether more operands matter to the cell.
    #[inline]
    fn wants(&self, cell: u32) -> bool {
        self.trace.is_some() || self.value(cell).is_none()
    }

    #[inline]
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
    #[inline]
    fn disjunct(&mut self, cell: u32, at: u32, object: u32, slot: RelationSlot) -> Result<(), Exhausted> {
        if !self.wants(cell) {
            return Ok(());
        }
        match self.view.model.expression(at) {
            Some(Expression::This) => self.this(cell, object, slot),
            Some(Expression::Computed(other)) => {
                let operand = self.node(object, other, true);
                self.put(operand, cell, Role::Operand, Label::Computed(object, slot, other));
                Ok(())
            }
            Some(Expression::TupleToUserset { tupleset, computed }) => {
                let view = self.view;
                let mut spent = Ok(());
                let known = view.objects(object, tupleset, &mut |parent, fact| {
                    let Some(asked) = view.relation_of(parent, computed) else { return true };
                    let label = Label::Parent((object, slot), tupleset, parent, asked);
                    spent = self.child(cell, (parent, asked), fact, label);
                    spent.is_ok() && self.wants(cell)
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
                    self.put(operand, and, Role::Operand, Label::Operand);
                }
                self.close(and);
                self.put(Operand::Cell(and), cell, Role::Operand, Label::Intersection(object, slot));
                Ok(())
            }
            Some(Expression::Difference { base, subtract }) => {
                let but_not = self.cell(Kind::ButNot);
                for (operand, role) in [(base, Role::Base), (subtract, Role::Subtract)] {
                    let operand = self.operand(operand, object, slot)?;
                    let label = if role == Role::Base { Label::Operand } else { Label::Subtract };
                    self.put(operand, but_not, role, label);
                }
                self.close(but_not);
                self.put(Operand::Cell(but_not), cell, Role::Operand, Label::Exclusion(object, slot));
                Ok(())
            }
            None => {
                self.taint(cell, Fact::Unknown);
                Ok(())
            }
        }
    }

    #[inline]
    fn operand(&mut self, at: u32, object: u32, slot: RelationSlot) -> Result<Operand, Exhausted> {
        if let Some(Expression::Computed(other)) = self.view.model.expression(at) {
            return Ok(self.node(object, other, true));
        }
        let cell = self.cell(Kind::Or);
        self.disjunct(cell, at, object, slot)?;
        self.close(cell);
        Ok(Operand::Cell(cell))
    }

    #[inline]
    fn this(&mut self, cell: u32, object: u32, slot: RelationSlot) -> Result<(), Exhausted> {
        let view = self.view;
        let Question { user, user_type, .. } = self.question;
        let own = direct(view, object, slot, user, user_type);
        if self.trace.is_some() {
            let mut users = Vec::from([user]);
            users.extend(matches!(user, Subject::Object(_)).then_some(Subject::Wildcard(user_type)));
            for user in users {
                let fact = view.direct(object, slot, user, user_type);
                self.put(Operand::Known(fact), cell, Role::Operand, Label::Direct(object, slot, user));
            }
        } else {
            self.connect(Operand::Known(own), cell, Role::Operand);
        }
        let mut spent = Ok(());
        if self.wants(cell) && view.model.relation(slot).is_some_and(|relation| relation.usersets) {
            let known = view.usersets(object, slot, &mut |group, relation, fact| {
                let label = Label::Userset(object, slot, group, relation);
                spent = self.child(cell, (group, relation), fact, label);
                spent.is_ok() && self.wants(cell)
            });
            self.taint(cell, known);
        }
        spent
    }

    #[inline]
    fn child(
        &mut self,
        cell: u32,
        (object, slot): (u32, RelationSlot),
        fact: Fact,
        label: Label,
    ) -> Result<(), Exhausted> {
        self.view.spend(1)?;
        let operand = match fact {
            Fact::Yes => self.node(object, slot, false),
            other => Operand::Known(other),
        };
        self.put(operand, cell, Role::Operand, label);
        Ok(())
    }

    #[inline]
    fn taint(&mut self, cell: u32, known: Fact) {
        if known == Fact::Unknown {
            self.connect(Operand::Known(Fact::Unknown), cell, Role::Operand);
        }
    }
}
