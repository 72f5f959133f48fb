//! Regular expressions for `matches`: RE2's syntax, matched in time linear in the text.
//!
//! A table of Unicode's classes would be larger than the rest of the language, so that `\p{…}` is refused; and with
//! `(?i)` a letter outside ASCII is refused, since it would have to match its other case. Everything else of RE2 that
//! decides whether a text matches is here. A crate would be several times as large (`regex-lite` alone has the size
//! of everything else here together).

use super::pattern::{Assertion, Ast, Parsed, Set, parse};
use alloc::vec::Vec;

/// As many instructions as a pattern may come to.
const PROGRAM: usize = 4_096;
const SIZE_ERROR: &str = "error parsing regexp: expression too large";

#[derive(Debug)]
enum Step {
    Set(Set),
    Assert(Assertion),
    /// Go on at both places.
    Fork(usize, usize),
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Regex(Vec<Step>);

impl Regex {
    pub(super) fn new(pattern: &str) -> Parsed<Self> {
        let ast = parse(pattern)?;
        let mut regex = Regex(Vec::new());
        regex.emit(&ast)?;
        regex.push(Step::Match)?;
        Ok(regex)
    }

    fn push(&mut self, step: Step) -> Parsed<usize> {
        if self.0.len() >= PROGRAM {
            return Err(SIZE_ERROR);
        }
        self.0.push(step);
        Ok(self.0.len() - 1)
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(slot) = self.0.get_mut(at) {
            *slot = step;
        }
    }

    /// The recursion is as deep as groups nest.
    fn emit(&mut self, ast: &Ast) -> Parsed<()> {
        match ast {
            Ast::Empty => {}
            Ast::Set(set) => {
                self.push(Step::Set(set.clone()))?;
            }
            Ast::Assert(assertion) => {
                self.push(Step::Assert(*assertion))?;
            }
            Ast::Concat(items) => {
                for item in items {
                    self.emit(item)?;
                }
            }
            Ast::Either(branches) => {
                let mut ends = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    let last = index + 1 == branches.len();
                    let fork = if last { None } else { Some(self.push(Step::Match)?) };
                    self.emit(branch)?;
                    if let Some(fork) = fork {
                        ends.push(self.push(Step::Match)?);
                        self.set(fork, Step::Fork(fork + 1, self.0.len()));
                    }
                }
                let end = self.0.len();
                for at in ends {
                    self.set(at, Step::Fork(end, end));
                }
            }
            Ast::Repeat(item, least, most) => {
                for _ in 0..*least {
                    self.emit(item)?;
                }
                match most {
                    None => {
                        let fork = self.push(Step::Match)?;
                        self.emit(item)?;
                        self.push(Step::Fork(fork, fork))?;
                        self.set(fork, Step::Fork(fork + 1, self.0.len()));
                    }
                    Some(most) => {
                        let mut forks = Vec::new();
                        for _ in *least..*most {
                            forks.push(self.push(Step::Match)?);
                            self.emit(item)?;
                        }
                        let end = self.0.len();
                        for fork in forks {
                            self.set(fork, Step::Fork(fork + 1, end));
                        }
                    }
                }
                // A repetition of nothing emits nothing, however often; the loop above still ends.
            }
        }
        Ok(())
    }

    /// At most so many steps a match takes.
    pub(super) fn steps(&self, text: &str) -> usize {
        (text.len() + 1).saturating_mul(self.0.len())
    }

    /// Whether the pattern matches somewhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let mut threads = Threads { now: Vec::new(), seen: alloc::vec![0; self.0.len()], turn: 0, stack: Vec::new() };
        let mut before = None;
        let mut rest = text.chars();
        let mut current: Vec<usize> = Vec::new();
        loop {
            let after = rest.clone().next();
            // INVARIANT: a place is visited once a turn, so that a turn takes at most one step for each place.
            threads.turn += 1;
            threads.now.clear();
            for place in current.drain(..).chain([0]) {
                if self.follow(place, before, after, &mut threads) {
                    return true;
                }
            }
            let Some(c) = rest.next() else { return false };
            for place in &threads.now {
                if let Some(Step::Set(set)) = self.0.get(*place)
                    && set.iter().any(|(low, high)| (*low..=*high).contains(&(c as u32)))
                {
                    current.push(place + 1);
                }
            }
            before = Some(c);
        }
    }

    /// Goes on from a place without reading. True: a match.
    fn follow(&self, place: usize, before: Option<char>, after: Option<char>, threads: &mut Threads) -> bool {
        threads.stack.push(place);
        while let Some(place) = threads.stack.pop() {
            match threads.seen.get_mut(place) {
                Some(seen) if *seen != threads.turn => *seen = threads.turn,
                _ => continue,
            }
            match self.0.get(place) {
                Some(Step::Match) => return true,
                Some(Step::Set(_)) => threads.now.push(place),
                Some(Step::Fork(first, second)) => threads.stack.extend([*second, *first]),
                Some(Step::Assert(assertion)) if assertion.holds(before, after) => threads.stack.push(place + 1),
                _ => {}
            }
        }
        false
    }
}

struct Threads {
    now: Vec<usize>,
    seen: Vec<u32>,
    turn: u32,
    stack: Vec<usize>,
}

impl Assertion {
    fn holds(self, before: Option<char>, after: Option<char>) -> bool {
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        match self {
            Assertion::TextStart => before.is_none(),
            Assertion::TextEnd => after.is_none(),
            Assertion::LineStart => before.is_none_or(|c| c == '\n'),
            Assertion::LineEnd => after.is_none_or(|c| c == '\n'),
            Assertion::Word => word(before) != word(after),
            Assertion::NotWord => word(before) == word(after),
        }
    }
}
