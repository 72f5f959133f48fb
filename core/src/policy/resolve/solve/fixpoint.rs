//! What is left when everything is explored: the alternating fixpoint.

use alloc::vec;
use alloc::vec::Vec;

use super::{Cell, Edge, Exhausted, Fact, Kind, NONE, Role, Solver};

impl Solver<'_, '_> {
    /// The alternating fixpoint over what is undecided.
    pub(super) fn fixpoint(&self, root: u32) -> Result<Fact, Exhausted> {
        if let Some(value) = self.value(root) {
            return Ok(if value { Fact::Yes } else { Fact::No });
        }
        let (holds, possible) = self.alternate(Some(root))?;
        let of = |set: &[bool]| set.get(root as usize).copied().unwrap_or(false);
        Ok(match (of(&holds), of(&possible)) {
            (true, _) => Fact::Yes,
            (false, false) => Fact::No,
            _ => self.undefined(root, &holds, &possible),
        })
    }

    /// What holds and what is possible of the undecided cells; as soon as one of them is known, if only that is asked.
    pub(super) fn alternate(&self, only: Option<u32>) -> Result<(Vec<bool>, Vec<bool>), Exhausted> {
        let mut holds = vec![false; self.cells.len()];
        loop {
            let possible = self.gamma(&holds, true)?;
            let next = self.gamma(&possible, false)?;
            let of = |set: &[bool]| only.and_then(|at| set.get(at as usize).copied());
            if next == holds || of(&next) == Some(true) || of(&possible) == Some(false) {
                return Ok((next, possible));
            }
            holds = next;
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
