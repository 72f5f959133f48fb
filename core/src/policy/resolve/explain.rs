//! Explain: the shortest chain that leads to an allow, or what was tried in vain.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::QueryError;
use super::evaluator::Evaluator;
use super::layer::{NOBODY, NOTHING, Subject};
use super::solve::{Kind, Label, Operand, Trace, trace};
use super::view::{Exhausted, Fact, View};

/// Why a check is answered as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The answer.
    pub allowed: bool,
    /// For an allow the shortest proof: each step with those it rests on after it, one level deeper. For a deny all that
    /// was tried, level by level.
    pub steps: Vec<ExplainStep>,
}

/// One step of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainStep {
    /// How deep it stands in the proof; 0 for what was tried.
    pub level: u32,
    /// What follows: `document:1#viewer`.
    pub relation: String,
    /// From what.
    pub by: By,
}

/// What a step rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// The user asked about is this userset itself.
    Itself,
    /// A tuple of the user, or of everybody of its type: `document:1#viewer@user:anne`.
    Tuple(String),
    /// A tuple whose user is a userset, of which the user is one: `document:1#viewer@group:eng#member`.
    Userset(String),
    /// A tuple to another object, whose relation the user has: `document:1#parent@folder:1`, and `viewer`.
    Parent(String, String),
    /// Another relation of the object: `document:1#editor`.
    Computed(String),
    /// An intersection: all of its operands hold, each in a step of the next level.
    Intersection,
    /// An exclusion: its base holds, in the step of the next level, and what it excludes does not.
    Exclusion,
    /// Tried in vain: there is no such tuple, or its condition is not met.
    NoTuple(String),
    /// Tried in vain: the base of an exclusion holds, but so does, or may do, what it excludes.
    Excluded,
}

impl Evaluator<'_> {
    /// Why a check is answered as it is. It looks at everything, and costs more than a check.
    ///
    /// # Errors
    /// As [`Evaluator::check`].
    pub fn explain(&self, object: &str, relation: &str, user: &str) -> Result<Explanation, QueryError> {
        let view = self.view();
        let question = self.question(&view, object, relation, user)?;
        let trace = trace(&view, question).map_err(|_: Exhausted| QueryError::BudgetExceeded)?;
        let names = Names { view: &view, object, user };
        let Some(root) = trace.root else {
            let by = if trace.fact == Fact::Yes {
                By::Itself
            } else {
                By::NoTuple([object, "#", relation, "@", user].concat())
            };
            let step = ExplainStep { level: 0, relation: [object, "#", relation].concat(), by };
            return Ok(Explanation { allowed: trace.fact == Fact::Yes, steps: vec![step] });
        };
        match trace.fact {
            Fact::Unknown => Err(view.trouble()),
            Fact::No => {
                let mut steps = tried(&trace, &names);
                if steps.is_empty() {
                    // Nothing leads away from the object: no tupleset has a tuple.
                    let by = By::NoTuple([object, "#", relation, "@", user].concat());
                    steps.push(ExplainStep { level: 0, relation: [object, "#", relation].concat(), by });
                }
                Ok(Explanation { allowed: false, steps })
            }
            Fact::Yes => {
                let costs = costs(&view, &trace).map_err(|_: Exhausted| QueryError::BudgetExceeded)?;
                Ok(Explanation { allowed: true, steps: proof(&trace, &costs, root, &names) })
            }
        }
    }
}

struct Names<'a, 'v> {
    view: &'a View<'v>,
    object: &'a str,
    user: &'a str,
}

impl Names<'_, '_> {
    fn object(&self, object: u32) -> String {
        match object {
            NOTHING => self.object.into(),
            NOBODY => self.user.rsplit_once('#').map_or(self.user, |(object, _)| object).into(),
            object => self.view.name_of(object),
        }
    }

    fn relation(&self, object: u32, slot: u16) -> String {
        [&*self.object(object), "#", self.view.model.relation_name(slot)].concat()
    }

    fn step(&self, label: Label, holds: bool) -> Option<ExplainStep> {
        let (relation, by) = match label {
            Label::Direct(object, slot, user) => {
                let relation = self.relation(object, slot);
                let user = match user {
                    Subject::Wildcard(_) => self.view.subject_name(user),
                    _ => self.user.into(),
                };
                let tuple = [&*relation, "@", &*user].concat();
                (relation, if holds { By::Tuple(tuple) } else { By::NoTuple(tuple) })
            }
            Label::Userset(object, slot, group, member) => {
                let relation = self.relation(object, slot);
                let tuple = [&*relation, "@", &*self.relation(group, member)].concat();
                (relation, By::Userset(tuple))
            }
            Label::Parent((object, slot), tupleset, parent, asked) => {
                let tuple = [self.relation(object, tupleset), self.object(parent)].join("@");
                (self.relation(object, slot), By::Parent(tuple, self.view.model.relation_name(asked).into()))
            }
            Label::Computed(object, slot, other) => {
                (self.relation(object, slot), By::Computed(self.relation(object, other)))
            }
            Label::Intersection(object, slot) => (self.relation(object, slot), By::Intersection),
            Label::Exclusion(object, slot) => (self.relation(object, slot), By::Exclusion),
            Label::Operand | Label::Subtract => return None,
        };
        Some(ExplainStep { level: 0, relation, by })
    }
}

/// The size of each cell's shortest proof, [`u64::MAX`] where it has none: Knuth's generalization of shortest paths to
/// rules with several premises, by repetition. Only what holds is looked at, so an exclusion's subtrahend needs no proof.
fn costs(view: &View<'_>, trace: &Trace) -> Result<Vec<u64>, Exhausted> {
    let mut costs = vec![u64::MAX; trace.cells.len()];
    loop {
        view.spend(trace.entries.len() as u64 + 1)?;
        let mut changed = false;
        let mut sums = vec![1u64; trace.cells.len()];
        for entry in &trace.entries {
            let cost = operand_cost(entry.operand, &costs);
            match trace.cells.get(entry.above as usize) {
                Some((Kind::Or, true)) => {
                    if let Some(known) = costs.get_mut(entry.above as usize)
                        && cost.saturating_add(1) < *known
                    {
                        *known = cost.saturating_add(1);
                        changed = true;
                    }
                }
                Some((_, true)) if entry.label != Label::Subtract => {
                    if let Some(sum) = sums.get_mut(entry.above as usize) {
                        *sum = sum.saturating_add(cost);
                    }
                }
                _ => {}
            }
        }
        for ((known, sum), (kind, holds)) in costs.iter_mut().zip(sums).zip(&trace.cells) {
            if *kind != Kind::Or && *holds && sum < *known {
                *known = sum;
                changed = true;
            }
        }
        if !changed {
            return Ok(costs);
        }
    }
}

fn operand_cost(operand: Operand, costs: &[u64]) -> u64 {
    match operand {
        Operand::Known(Fact::Yes) => 0,
        Operand::Known(_) => u64::MAX,
        Operand::Cell(cell) => costs.get(cell as usize).copied().unwrap_or(u64::MAX),
    }
}

/// The proof of a cell, from the top. Each step's premises have smaller costs, so it ends.
fn proof(trace: &Trace, costs: &[u64], root: u32, names: &Names<'_, '_>) -> Vec<ExplainStep> {
    let mut by_cell: Vec<Vec<usize>> = vec![Vec::new(); trace.cells.len()];
    for (at, entry) in trace.entries.iter().enumerate() {
        if let Some(list) = by_cell.get_mut(entry.above as usize) {
            list.push(at);
        }
    }
    let itself = |level| ExplainStep { level, relation: names.user.into(), by: By::Itself };
    let mut steps = Vec::new();
    let mut work = Vec::from([(root, 0u32)]);
    while let Some((cell, level)) = work.pop() {
        let entries = by_cell.get(cell as usize).into_iter().flatten().filter_map(|at| trace.entries.get(*at));
        if trace.cells.get(cell as usize).is_some_and(|(kind, _)| *kind != Kind::Or) {
            let mut premises: Vec<(u32, u32)> = Vec::new();
            for entry in entries.filter(|entry| entry.label != Label::Subtract) {
                match entry.operand {
                    Operand::Cell(below) => premises.push((below, level)),
                    Operand::Known(_) => steps.push(itself(level)),
                }
            }
            work.extend(premises.into_iter().rev());
            continue;
        }
        let best = entries.filter(|entry| operand_cost(entry.operand, costs) != u64::MAX);
        let Some(entry) = best.min_by_key(|entry| operand_cost(entry.operand, costs)) else { continue };
        let Some(step) = names.step(entry.label, true) else { continue };
        steps.push(ExplainStep { level, ..step });
        match entry.operand {
            Operand::Cell(below) => work.push((below, level + 1)),
            // Known at once and no tuple of its own: the userset that was reached is the user.
            Operand::Known(_) if !matches!(entry.label, Label::Direct(..)) => {
                steps.push(itself(level + 1));
            }
            Operand::Known(_) => {}
        }
    }
    steps
}

/// All that was tried, in the order of exploration.
fn tried(trace: &Trace, names: &Names<'_, '_>) -> Vec<ExplainStep> {
    let holds = |operand: Operand| match operand {
        Operand::Known(fact) => fact == Fact::Yes,
        Operand::Cell(cell) => trace.cells.get(cell as usize).is_some_and(|(_, holds)| *holds),
    };
    let mut base_holds = vec![false; trace.cells.len()];
    for entry in &trace.entries {
        if let Some(base) = base_holds.get_mut(entry.above as usize) {
            *base |= entry.label == Label::Operand && holds(entry.operand);
        }
    }
    let mut steps: Vec<ExplainStep> = Vec::new();
    for entry in &trace.entries {
        let Some(mut step) = names.step(entry.label, holds(entry.operand)) else { continue };
        if let (Label::Exclusion(..), Operand::Cell(cell)) = (entry.label, entry.operand)
            && !holds(entry.operand)
            && base_holds.get(cell as usize) == Some(&true)
        {
            step.by = By::Excluded;
        }
        steps.push(step);
    }
    steps
}
