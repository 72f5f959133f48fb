//! The oracle: every object, relation and user spelled out as rules, and the well-founded model by repetition.
//!
//! It shares nothing with the engine but the model's shape and the tuples' text, and is written to be read, not to be fast.

use std::collections::{BTreeMap, BTreeSet};

use sentinel_core::policy::model::{AuthorizationModel, Relation, RestrictionKind, Rewrite, TypeRestriction};
use sentinel_core::policy::tuple::TupleKey;

/// What a question comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// The answer depends on a condition that cannot be evaluated.
    Error,
}

/// Whether the condition of a tuple holds.
pub(crate) fn condition(tuple: &TupleKey) -> Answer {
    match tuple.condition().map(|condition| condition.context.as_str()) {
        None | Some("{\"v\":\"yes\"}") => Answer::Yes,
        Some("{\"v\":\"no\"}") => Answer::No,
        Some(_) => Answer::Error,
    }
}

type Atom = (String, String, Vec<usize>);

enum Rule {
    Fact(Answer),
    Any(Vec<Rule>),
    All(Vec<Atom>),
    ButNot(Atom, Atom),
    Same(Atom),
}

pub(crate) struct Oracle<'a> {
    model: &'a AuthorizationModel,
    tuples: &'a [TupleKey],
}

pub(crate) fn type_of(object: &str) -> &str {
    object.split(':').next().unwrap()
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(model: &'a AuthorizationModel, tuples: &'a [TupleKey]) -> Self {
        Self { model, tuples }
    }

    pub(crate) fn tuples(&self) -> &'a [TupleKey] {
        self.tuples
    }

    pub(crate) fn relation(&self, of: &str, name: &str) -> Option<&'a Relation> {
        let of = self.model.types.iter().find(|found| found.name == of)?;
        of.relations.iter().find(|found| found.name == name)
    }

    fn is_tupleset(&self, of: &str, name: &str) -> bool {
        fn uses(rewrite: &Rewrite, name: &str) -> bool {
            match rewrite {
                Rewrite::TupleToUserset { tupleset, .. } => tupleset == name,
                Rewrite::Union(all) | Rewrite::Intersection(all) => all.iter().any(|one| uses(one, name)),
                Rewrite::Difference(base, subtract) => uses(base, name) || uses(subtract, name),
                _ => false,
            }
        }
        let of = self.model.types.iter().find(|found| found.name == of).unwrap();
        of.relations.iter().any(|relation| uses(&relation.rewrite, name))
    }

    /// The rules of OpenFGA for a tuple that is read.
    pub(crate) fn is_allowed(&self, tuple: &TupleKey) -> bool {
        let Some(relation) = self.relation(type_of(tuple.object()), tuple.relation()) else { return false };
        let user = tuple.user();
        let (user_object, user_relation) = user.split_once('#').map_or((user, None), |(of, name)| (of, Some(name)));
        let wildcard = user_object.ends_with(":*");
        if self.is_tupleset(type_of(tuple.object()), tuple.relation()) && (wildcard || user_relation.is_some()) {
            return false;
        }
        let of_type = |found: &&TypeRestriction| found.type_name == type_of(user_object);
        let kind = |found: &TypeRestriction| match &found.kind {
            RestrictionKind::Object => user_relation.is_none() && !wildcard,
            RestrictionKind::Wildcard => wildcard,
            RestrictionKind::Userset(name) => user_relation == Some(name),
        };
        let condition = tuple.condition().map(|condition| &condition.name);
        relation.restrictions.iter().filter(of_type).any(|found| kind(found) && found.condition.as_ref() == condition)
    }

    pub(crate) fn objects(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for tuple in self.tuples {
            all.insert(tuple.object().to_owned());
            let user = tuple.user().split('#').next().unwrap();
            if !user.ends_with(":*") {
                all.insert(user.to_owned());
            }
        }
        all
    }

    /// The answers for one user: to every relation of every object.
    pub(crate) fn all(&self, user: &str, more: &[&str]) -> BTreeMap<(String, String), Answer> {
        let mut objects = self.objects();
        objects.extend(more.iter().map(|object| (*object).to_owned()));
        objects.extend(user.split('#').next().filter(|of| !of.ends_with(":*")).map(str::to_owned));
        let possible = self.possible(user);
        let mut rules = self.rules(user, &objects);
        for object in &objects {
            let Some(of) = self.model.types.iter().find(|of| of.name == type_of(object)) else { continue };
            for relation in &of.relations {
                let atom = (object.clone(), relation.name.clone(), vec![]);
                if user == format!("{object}#{}", relation.name) {
                    rules.insert(atom, Rule::Fact(Answer::Yes));
                } else if !possible.contains(&(of.name.clone(), relation.name.clone())) {
                    rules.insert(atom, Rule::Fact(Answer::No));
                }
            }
        }
        let atoms: Vec<&Atom> = rules.keys().collect();
        let number: BTreeMap<&Atom, usize> = atoms.iter().enumerate().map(|(at, atom)| (*atom, at)).collect();
        let rules: Vec<&Rule> = rules.values().collect();
        let (holds, possible) = well_founded(&rules, &number);
        let mut answers = BTreeMap::new();
        for (at, (object, relation, path)) in atoms.iter().enumerate() {
            if path.is_empty() {
                let answer = match (holds[at], possible[at]) {
                    (true, _) => Answer::Yes,
                    (false, false) => Answer::No,
                    _ if leads_to_error(at, &rules, &number, &holds, &possible) => Answer::Error,
                    _ => Answer::No,
                };
                answers.insert((object.clone(), relation.clone()), answer);
            }
        }
        answers
    }

    fn rules(&self, user: &str, objects: &BTreeSet<String>) -> BTreeMap<Atom, Rule> {
        let mut rules = BTreeMap::new();
        for object in objects {
            let Some(of) = self.model.types.iter().find(|of| of.name == type_of(object)) else { continue };
            for relation in &of.relations {
                let atom = (object.clone(), relation.name.clone(), vec![]);
                self.ground(user, atom, relation, &relation.rewrite, &mut rules);
            }
        }
        rules
    }

    /// Whether the question leads to an exclusion, and from there to something that leads to itself; and whether it leads to a
    /// relation that has itself and another relation of its own type among its users.
    #[allow(dead_code, reason = "asked where the answers of another engine are compared")]
    pub(crate) fn entangled(&self, object: &str, relation: &str, user: &str) -> (bool, bool) {
        let rules = self.rules(user, &self.objects());
        let below = |atoms: Vec<&Atom>| {
            let (mut work, mut seen) = (atoms.into_iter().cloned().collect::<Vec<Atom>>(), BTreeSet::new());
            while let Some(atom) = work.pop() {
                if seen.insert(atom.clone()) {
                    let mut atoms = vec![];
                    rules.get(&atom).into_iter().for_each(|rule| parts(rule, &mut atoms, &mut false));
                    work.extend(atoms.into_iter().cloned());
                }
            }
            seen
        };
        let next = |atom: &Atom| {
            let mut atoms = vec![];
            rules.get(atom).into_iter().for_each(|rule| parts(rule, &mut atoms, &mut false));
            atoms
        };
        let all = below(vec![&(object.to_owned(), relation.to_owned(), vec![])]);
        let circle = all.iter().any(|atom| {
            matches!(rules.get(atom), Some(Rule::ButNot(..)))
                && below(next(atom)).iter().any(|one| below(next(one)).contains(one))
        });
        let recursive = all.iter().any(|(object, name, _)| {
            let own = |found: &TypeRestriction| match &found.kind {
                RestrictionKind::Userset(userset) if found.type_name == type_of(object) => Some(userset == name),
                _ => None,
            };
            let own: Vec<bool> =
                self.relation(type_of(object), name).unwrap().restrictions.iter().filter_map(own).collect();
            own.contains(&true) && own.contains(&false)
        });
        (circle, recursive)
    }

    /// The relations that such a user can be in by the model alone: elsewhere not even an error matters to it. Usersets are
    /// asked about everywhere.
    fn possible(&self, user: &str) -> BTreeSet<(String, String)> {
        let all =
            || self.model.types.iter().flat_map(|of| of.relations.iter().map(move |relation| (&of.name, relation)));
        let mut found: BTreeSet<(String, String)> = BTreeSet::new();
        loop {
            let before = found.len();
            for (of, relation) in all() {
                if user.contains('#') || self.may(user, of, relation, &relation.rewrite, &found) {
                    found.insert((of.clone(), relation.name.clone()));
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    fn may(
        &self,
        user: &str,
        of: &str,
        relation: &Relation,
        rewrite: &Rewrite,
        found: &BTreeSet<(String, String)>,
    ) -> bool {
        let has = |of: &str, name: &str| found.contains(&(of.to_owned(), name.to_owned()));
        match rewrite {
            Rewrite::This => relation.restrictions.iter().any(|one| match &one.kind {
                RestrictionKind::Userset(name) => has(&one.type_name, name),
                _ => one.type_name == type_of(user),
            }),
            Rewrite::Computed(name) => has(of, name),
            Rewrite::TupleToUserset { tupleset, computed } => {
                let through = &self.relation(of, tupleset).unwrap().restrictions;
                through.iter().any(|one| has(&one.type_name, computed))
            }
            Rewrite::Union(all) | Rewrite::Intersection(all) => {
                all.iter().any(|one| self.may(user, of, relation, one, found))
            }
            Rewrite::Difference(base, subtract) => {
                self.may(user, of, relation, base, found) || self.may(user, of, relation, subtract, found)
            }
        }
    }

    fn ground(&self, user: &str, atom: Atom, relation: &Relation, rewrite: &Rewrite, rules: &mut BTreeMap<Atom, Rule>) {
        let object = atom.0.clone();
        let operand = |at: usize, operand: &Rewrite, rules: &mut BTreeMap<Atom, Rule>| {
            let mut path = atom.2.clone();
            path.push(at);
            let atom = (object.clone(), relation.name.clone(), path);
            self.ground(user, atom.clone(), relation, operand, rules);
            atom
        };
        let rule = match rewrite {
            Rewrite::This => {
                Rule::Any(self.tuples_of(&object, &relation.name).map(|tuple| self.tuple(user, tuple)).collect())
            }
            Rewrite::Computed(name) => Rule::Same((object, name.clone(), vec![])),
            Rewrite::TupleToUserset { tupleset, computed } => Rule::Any(
                self.tuples_of(&object, tupleset)
                    .filter(|tuple| self.relation(type_of(tuple.user()), computed).is_some())
                    .map(|tuple| when(tuple, Rule::Same((tuple.user().to_owned(), computed.clone(), vec![]))))
                    .collect(),
            ),
            Rewrite::Union(all) => {
                let all = all.iter().enumerate().map(|(at, one)| Rule::Same(operand(at, one, rules)));
                Rule::Any(all.collect::<Vec<_>>())
            }
            Rewrite::Intersection(all) => {
                Rule::All(all.iter().enumerate().map(|(at, one)| operand(at, one, rules)).collect())
            }
            Rewrite::Difference(base, subtract) => Rule::ButNot(operand(0, base, rules), operand(1, subtract, rules)),
        };
        rules.insert(atom, rule);
    }

    fn tuples_of(&self, object: &str, relation: &str) -> impl Iterator<Item = &'a TupleKey> {
        self.tuples
            .iter()
            .filter(move |tuple| tuple.object() == object && tuple.relation() == relation && self.is_allowed(tuple))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn tuple(&self, user: &str, tuple: &TupleKey) -> Rule {
        let everyone = format!("{}:*", type_of(user));
        if tuple.user() == user || (tuple.user() == everyone && !user.contains('#')) {
            return when(tuple, Rule::Fact(Answer::Yes));
        }
        match tuple.user().split_once('#') {
            Some((object, relation)) => when(tuple, Rule::Same((object.to_owned(), relation.to_owned(), vec![]))),
            None => Rule::Fact(Answer::No),
        }
    }
}

/// A tuple whose condition cannot be evaluated is an error wherever it leads, if it could matter at all.
fn when(tuple: &TupleKey, then: Rule) -> Rule {
    match condition(tuple) {
        Answer::Yes => then,
        other => Rule::Fact(other),
    }
}

fn value(rule: &Rule, set: &[bool], assumed: &[bool], unknown: bool, number: &BTreeMap<&Atom, usize>) -> bool {
    let of = |set: &[bool], atom: &Atom| number.get(atom).is_some_and(|at| set[*at]);
    match rule {
        Rule::Fact(Answer::Error) => unknown,
        Rule::Fact(answer) => *answer == Answer::Yes,
        Rule::Any(all) => all.iter().any(|one| value(one, set, assumed, unknown, number)),
        Rule::All(all) => all.iter().all(|atom| of(set, atom)),
        Rule::ButNot(base, subtract) => of(set, base) && !of(assumed, subtract),
        Rule::Same(atom) => of(set, atom),
    }
}

/// The least set closed under the rules, where what is subtracted is what `assumed` says.
fn closure(rules: &[&Rule], assumed: &[bool], unknown: bool, number: &BTreeMap<&Atom, usize>) -> Vec<bool> {
    let mut set = vec![false; rules.len()];
    loop {
        let next: Vec<bool> = rules.iter().map(|rule| value(rule, &set, assumed, unknown, number)).collect();
        if next == set {
            return set;
        }
        set = next;
    }
}

fn well_founded(rules: &[&Rule], number: &BTreeMap<&Atom, usize>) -> (Vec<bool>, Vec<bool>) {
    let mut holds = vec![false; rules.len()];
    loop {
        let possible = closure(rules, &holds, true, number);
        let next = closure(rules, &possible, false, number);
        if next == holds {
            return (holds, possible);
        }
        holds = next;
    }
}

fn parts<'a>(rule: &'a Rule, atoms: &mut Vec<&'a Atom>, error: &mut bool) {
    match rule {
        Rule::Fact(answer) => *error |= *answer == Answer::Error,
        Rule::Any(all) => all.iter().for_each(|one| parts(one, atoms, error)),
        Rule::All(all) => atoms.extend(all),
        Rule::ButNot(base, subtract) => atoms.extend([base, subtract]),
        Rule::Same(atom) => atoms.push(atom),
    }
}

fn leads_to_error(
    from: usize,
    rules: &[&Rule],
    number: &BTreeMap<&Atom, usize>,
    holds: &[bool],
    possible: &[bool],
) -> bool {
    let (mut work, mut seen, mut error) = (vec![from], BTreeSet::new(), false);
    while let Some(at) = work.pop() {
        if holds[at] || !possible[at] || !seen.insert(at) {
            continue;
        }
        let mut atoms = vec![];
        parts(rules[at], &mut atoms, &mut error);
        work.extend(atoms.iter().filter_map(|atom| number.get(*atom)));
    }
    error
}
