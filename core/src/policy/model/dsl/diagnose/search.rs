//! The grammar as states, and the search that tells which way the tokens go.

use super::{ChoiceKind, Diagnosis, END, Scope, State, Stop};
use crate::policy::model::dsl::grammar::{Node, RULES, bit};
use crate::policy::model::dsl::lexer::Kind;
use crate::policy::model::small::sort;
use alloc::vec;
use alloc::vec::Vec;

/// Where a search stands: a state, the way of the choice that led to it, and the rules to return to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Config {
    state: usize,
    way: usize,
    context: usize,
    /// Whether it left the rule in which the choice is.
    outside: bool,
}

impl Diagnosis<'_> {
    // --- The grammar's states ---

    pub(super) fn build(&mut self) {
        for (rule, node) in RULES.iter().enumerate() {
            let stop = self.push(State::Stop(rule));
            let start = self.compile(node, stop);
            self.starts.push(start);
        }
        for state in &self.states {
            if let State::Call(rule, next) = state
                && let Some(returns) = self.returns.get_mut(*rule)
            {
                returns.push(*next);
            }
        }
        for state in 0..self.states.len() {
            let ways = match self.states.get(state) {
                Some(State::Choice { ways, .. }) => ways.clone(),
                _ => continue,
            };
            let Ok(found) = ways.iter().map(|way| self.look(*way, 0, Scope::Any)).collect::<Result<Vec<u64>, Stop>>()
            else {
                return;
            };
            let apart = found.iter().enumerate().all(|(n, a)| *a != 0 && found.iter().take(n).all(|b| a & b == 0));
            if let (true, Some(State::Choice { looks, .. })) = (apart, self.states.get_mut(state)) {
                *looks = Some(found);
            }
        }
    }

    fn push(&mut self, state: State) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    fn choice(&mut self, kind: ChoiceKind, ways: Vec<usize>) -> usize {
        self.push(State::Choice { kind, ways, looks: None })
    }

    /// The state in which a part begins that goes on at `next`.
    fn compile(&mut self, node: &'static Node, next: usize) -> usize {
        match node {
            Node::Set(set) => self.push(State::Match(*set, next)),
            Node::Rule(rule) => self.push(State::Call(*rule, next)),
            Node::Seq(parts) => parts.iter().rev().fold(next, |next, part| self.compile(part, next)),
            Node::Alt(parts) => {
                let ways = parts.iter().map(|part| self.compile(part, next)).collect();
                self.choice(ChoiceKind::Block, ways)
            }
            Node::Opt(part) => {
                let parts = if let Node::Alt(parts) = part { *parts } else { core::slice::from_ref(*part) };
                let mut ways: Vec<usize> = parts.iter().map(|part| self.compile(part, next)).collect();
                ways.push(next);
                self.choice(ChoiceKind::Optional, ways)
            }
            Node::Star(part) | Node::Plus(part) => {
                let back = self.choice(ChoiceKind::LoopBack, Vec::new());
                let body = self.compile(part, back);
                if let Some(State::Choice { ways, .. }) = self.states.get_mut(back) {
                    *ways = vec![body, next];
                }
                match node {
                    Node::Star(_) => self.choice(ChoiceKind::LoopEntry, vec![body, next]),
                    _ => self.choice(ChoiceKind::LoopStart, vec![body]),
                }
            }
        }
    }

    // --- Looking ahead ---

    /// All that is reached without a token: states that take one, and ends.
    fn closure(&mut self, start: Vec<Config>, scope: Scope) -> Result<Vec<Config>, Stop> {
        let mut open = start;
        let mut seen: Vec<Config> = Vec::new();
        let mut reached: Vec<Config> = Vec::new();
        while let Some(config) = open.pop() {
            self.steps = self.steps.checked_sub(1 + seen.len() / 8).ok_or(Stop::Budget)?;
            let same = |other: &&mut Config| {
                (other.state, other.way, other.context) == (config.state, config.way, config.context)
            };
            if let Some(known) = seen.iter_mut().find(same) {
                if known.outside || !config.outside {
                    continue;
                }
                known.outside = true;
            } else {
                seen.push(config);
            }
            let at = |state| Config { state, ..config };
            match self.states.get(config.state) {
                None => {}
                Some(State::Match(..)) => match reached.iter_mut().find(same) {
                    Some(known) => known.outside |= config.outside,
                    None => reached.push(config),
                },
                Some(State::Choice { ways, .. }) => open.extend(ways.iter().rev().map(|way| at(*way))),
                Some(State::Call(rule, next)) => {
                    let (Some(start), key) = (self.starts.get(*rule).copied(), (config.context, *next)) else {
                        continue;
                    };
                    let context = self.contexts.iter().skip(1).position(|known| *known == key).map_or_else(
                        || {
                            self.contexts.push(key);
                            self.contexts.len() - 1
                        },
                        |position| position + 1,
                    );
                    open.push(Config { state: start, context, ..config });
                }
                Some(State::Stop(rule)) => match (self.contexts.get(config.context), config.context, scope) {
                    (Some((rest, top)), 1.., _) => open.push(Config { state: *top, context: *rest, ..config }),
                    (_, _, Scope::Any) if self.returns.get(*rule).is_some_and(|returns| !returns.is_empty()) => {
                        let returns = self.returns.get(*rule).into_iter().flatten().rev();
                        open.extend(returns.map(|next| Config { outside: true, ..at(*next) }));
                    }
                    _ => reached.push(config),
                },
            }
        }
        Ok(reached)
    }

    /// The kinds that may stand at a state; [`END`] where the search ends with its scope.
    pub(super) fn look(&mut self, state: usize, context: usize, scope: Scope) -> Result<u64, Stop> {
        let reached = self.closure(vec![Config { state, way: 0, context, outside: false }], scope)?;
        Ok(reached.iter().fold(0, |set, config| {
            set | match self.states.get(config.state) {
                Some(State::Match(kinds, _)) => *kinds,
                _ => END,
            }
        }))
    }

    /// The kinds that may stand at a state up to the end of its rule.
    pub(super) fn next_tokens(&mut self, state: usize) -> Result<u64, Stop> {
        self.look(state, 0, Scope::Stack)
    }

    /// The kinds that may stand at a state with what is behind the open rules.
    pub(super) fn expected(&mut self, state: usize) -> Result<u64, Stop> {
        let context = self.context();
        let set = self.look(state, context, Scope::Stack)?;
        Ok(if set & END == 0 { set } else { set & !END | bit(Kind::Eof) })
    }

    /// The stack of open rules.
    pub(super) fn context(&mut self) -> usize {
        let mut context = 0;
        for next in self.stack.clone() {
            let key = (context, next);
            context = match self.contexts.iter().skip(1).position(|known| *known == key) {
                Some(position) => position + 1,
                None => {
                    self.contexts.push(key);
                    self.contexts.len() - 1
                }
            };
        }
        context
    }

    /// Which way the tokens tell to go.
    pub(super) fn predict(&mut self, ways: &[usize]) -> Result<usize, Stop> {
        let mut scope = Scope::Any;
        let mut index = self.at;
        let start = |context| {
            ways.iter().enumerate().map(|(way, state)| Config { state: *state, way, context, outside: false }).collect()
        };
        let mut configs = self.closure(start(0), scope)?;
        loop {
            let kind = self.kind_at(index);
            let mut reach: Vec<Config> = configs
                .iter()
                .filter_map(|config| match self.states.get(config.state) {
                    Some(State::Match(set, next)) if set & bit(kind) != 0 => Some(Config { state: *next, ..*config }),
                    _ => None,
                })
                .collect();
            if unique(&reach).is_none() {
                reach = self.closure(reach, scope)?;
                if kind == Kind::Eof {
                    reach.retain(|config| matches!(self.states.get(config.state), Some(State::Stop(_))));
                }
            }
            if reach.is_empty() {
                // A way that came to the end of the rule before is taken: the mistake is behind it.
                let ended = |config: &&Config| {
                    config.outside
                        || config.context == 0 && matches!(self.states.get(config.state), Some(State::Stop(_)))
                };
                let way = configs.iter().filter(ended).map(|config| config.way).min();
                return way.ok_or(Stop::NoWay { start: self.at, offending: index });
            }
            if let Some(way) = unique(&reach) {
                return Ok(way);
            }
            let sets = conflicts(&reach);
            let lone = |state: usize| {
                let mut ways = reach.iter().filter(|config| config.state == state).map(|config| config.way);
                let first = ways.next();
                ways.all(|way| Some(way) == first)
            };
            if scope == Scope::Any {
                let ended = reach.iter().all(|config| matches!(self.states.get(config.state), Some(State::Stop(_))));
                if ended || sets.iter().any(|set| set.len() > 1) && !reach.iter().any(|config| lone(config.state)) {
                    // Seen from anywhere it cannot be told: again with the rules that are really open.
                    scope = Scope::Stack;
                    index = self.at;
                    let context = self.context();
                    configs = self.closure(start(context), scope)?;
                    continue;
                }
            } else {
                let mut first = sets.iter().map(|set| set.iter().min());
                let way = first.next().flatten();
                if kind == Kind::Eof || first.all(|other| other == way) {
                    return Ok(way.copied().unwrap_or(0));
                }
            }
            configs = reach;
            index += 1;
        }
    }
}

/// The only way in the configurations, if there is only one.
fn unique(configs: &[Config]) -> Option<usize> {
    let first = configs.first()?.way;
    configs.iter().all(|config| config.way == first).then_some(first)
}

/// For each state with the same open rules the ways that lead there.
fn conflicts(configs: &[Config]) -> Vec<Vec<usize>> {
    // A state's contexts on one way are one graph: they count together.
    let mut graphs: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for config in configs {
        match graphs.iter_mut().find(|(state, way, _)| (*state, *way) == (config.state, config.way)) {
            Some((_, _, contexts)) => contexts.push(config.context),
            None => graphs.push((config.state, config.way, vec![config.context])),
        }
    }
    let mut sets: Vec<(usize, Vec<usize>, Vec<usize>)> = Vec::new();
    for (state, way, mut contexts) in graphs {
        sort(&mut contexts, &Ord::cmp);
        contexts.dedup();
        match sets.iter_mut().find(|(other, others, _)| *other == state && *others == contexts) {
            Some((_, _, ways)) => ways.push(way),
            None => sets.push((state, contexts, vec![way])),
        }
    }
    sets.into_iter().map(|(_, _, ways)| ways).collect()
}
