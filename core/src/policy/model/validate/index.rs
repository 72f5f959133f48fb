//! Names looked up, and what follows from how relations refer to one another.

use crate::policy::model::small::sort;
use crate::policy::model::{AuthorizationModel, Relation, RestrictionKind, Rewrite, TypeDefinition};
use alloc::vec;
use alloc::vec::Vec;

/// The types and relations of a model by their names. Of types with one name the last counts.
pub(super) struct Index<'a> {
    /// Sorted by type and relation; a type itself has the empty relation. The number is the type's or, in `relations`, the relation's.
    names: Vec<(&'a str, &'a str, usize)>,
    pub(super) types: &'a [TypeDefinition],
    pub(super) relations: Vec<(&'a TypeDefinition, &'a Relation)>,
}

impl<'a> Index<'a> {
    pub(super) fn new(model: &'a AuthorizationModel) -> Self {
        let mut names = Vec::new();
        let mut relations = Vec::new();
        for (number, definition) in model.types.iter().enumerate() {
            names.push((definition.name.as_str(), "", number));
            for relation in &definition.relations {
                names.push((definition.name.as_str(), relation.name.as_str(), relations.len()));
                relations.push((definition, relation));
            }
        }
        sort(&mut names, &Ord::cmp);
        Self { names, types: &model.types, relations }
    }

    fn find(&self, type_name: &str, relation: &str) -> Option<usize> {
        let behind = self.names.partition_point(|(t, r, _)| (*t, *r) <= (type_name, relation));
        let found = self.names.get(behind.checked_sub(1)?)?;
        ((found.0, found.1) == (type_name, relation)).then_some(found.2)
    }

    pub(super) fn has_type(&self, name: &str) -> bool {
        self.find(name, "").is_some()
    }

    /// The number of a relation.
    pub(super) fn number(&self, type_name: &str, relation: &str) -> Option<usize> {
        let number = if relation.is_empty() { None } else { self.find(type_name, relation) }?;
        // A type defined twice: what only the first definition has is not there.
        let (definition, _) = self.relations.get(number)?;
        let last = self.types.get(self.find(type_name, "")?)?;
        core::ptr::eq(*definition, last).then_some(number)
    }

    pub(super) fn relation(&self, type_name: &str, relation: &str) -> Option<&'a Relation> {
        self.relations.get(self.number(type_name, relation)?).map(|(_, relation)| *relation)
    }

    /// Which relations somebody can have.
    ///
    /// The reference searches a path to an assignable type for each relation, never through one relation twice. Such a path is a
    /// proof without repetition, and what has any proof has one without repetition: so it is the least fixpoint, which is found here
    /// by looking again only at what depends on what was found.
    pub(super) fn entered(&self) -> Vec<bool> {
        let formulas: Vec<Formula> =
            self.relations.iter().map(|(of, relation)| self.formula(of, relation, &relation.rewrite)).collect();
        let mut dependents = vec![Vec::new(); formulas.len()];
        for (number, formula) in formulas.iter().enumerate() {
            formula.each_node(&mut |node| {
                if let Some(dependents) = dependents.get_mut(node) {
                    dependents.push(number);
                }
            });
        }
        let mut entered = vec![false; formulas.len()];
        let mut open: Vec<usize> = (0..formulas.len()).collect();
        while let Some(number) = open.pop() {
            if entered.get(number) == Some(&false)
                && formulas.get(number).is_some_and(|formula| formula.holds(&entered))
            {
                if let Some(entered) = entered.get_mut(number) {
                    *entered = true;
                }
                open.extend(dependents.get(number).into_iter().flatten());
            }
        }
        entered
    }

    fn formula(&self, of: &TypeDefinition, relation: &Relation, rewrite: &Rewrite) -> Formula {
        let node = |number: Option<usize>| number.map_or(Formula::Any(Vec::new()), Formula::Node);
        let each = |children: &[Rewrite]| children.iter().map(|child| self.formula(of, relation, child)).collect();
        match rewrite {
            Rewrite::This => Formula::Any(
                relation
                    .restrictions
                    .iter()
                    .map(|restriction| match &restriction.kind {
                        RestrictionKind::Userset(relation) => node(self.number(&restriction.type_name, relation)),
                        // Somebody: nothing has to hold.
                        _ => Formula::All(Vec::new()),
                    })
                    .collect(),
            ),
            Rewrite::Computed(computed) => node(self.number(&of.name, computed)),
            Rewrite::TupleToUserset { tupleset, computed } => Formula::Any(
                self.relation(&of.name, tupleset)
                    .into_iter()
                    .flat_map(|tupleset| &tupleset.restrictions)
                    .map(|restriction| node(self.number(&restriction.type_name, computed)))
                    .collect(),
            ),
            Rewrite::Union(children) => Formula::Any(each(children)),
            Rewrite::Intersection(children) => Formula::All(each(children)),
            // As the reference has it: what nobody can have need not be taken away.
            Rewrite::Difference(base, subtract) => {
                Formula::All(vec![self.formula(of, relation, base), self.formula(of, relation, subtract)])
            }
        }
    }

    /// The relations that are defined by themselves through computed relations, or by others that are. With `entered` only those
    /// count that the reference blames for a relation's having no entry: of `and` and `but not` the first that has none.
    pub(super) fn circular(&self, entered: Option<&[bool]>) -> Vec<bool> {
        let mut targets: Vec<Vec<usize>> = Vec::with_capacity(self.relations.len());
        for (of, relation) in &self.relations {
            let mut to = Vec::new();
            self.computed(of, relation, &relation.rewrite, entered, &mut to);
            targets.push(to);
        }
        // What refers to nothing is no part of a circle, nor what then refers to nothing any more. The rest is, or leads to one.
        let mut sources = vec![Vec::new(); targets.len()];
        let mut left: Vec<usize> = targets.iter().map(Vec::len).collect();
        for (number, to) in targets.iter().enumerate() {
            for target in to {
                if let Some(sources) = sources.get_mut(*target) {
                    sources.push(number);
                }
            }
        }
        let mut circular = vec![true; targets.len()];
        let mut open: Vec<usize> =
            left.iter().enumerate().filter(|(_, left)| **left == 0).map(|(number, _)| number).collect();
        while let Some(number) = open.pop() {
            if let Some(circular) = circular.get_mut(number) {
                *circular = false;
            }
            for source in sources.get(number).into_iter().flatten() {
                if let Some(left) = left.get_mut(*source) {
                    *left = left.saturating_sub(1);
                    if *left == 0 {
                        open.push(*source);
                    }
                }
            }
        }
        circular
    }

    fn computed(
        &self,
        of: &TypeDefinition,
        relation: &Relation,
        rewrite: &Rewrite,
        entered: Option<&[bool]>,
        to: &mut Vec<usize>,
    ) {
        let has_entry =
            |child: &Rewrite| entered.is_some_and(|entered| self.formula(of, relation, child).holds(entered));
        match rewrite {
            Rewrite::This | Rewrite::TupleToUserset { .. } => {}
            Rewrite::Computed(computed) => to.extend(self.number(&of.name, computed)),
            Rewrite::Union(children) => {
                children.iter().for_each(|child| self.computed(of, relation, child, entered, to))
            }
            Rewrite::Intersection(children) => {
                let first = children.iter().filter(|child| !has_entry(child));
                for child in first.take(if entered.is_some() { 1 } else { usize::MAX }) {
                    self.computed(of, relation, child, entered, to);
                }
            }
            Rewrite::Difference(base, subtract) => {
                let first = [base, subtract].into_iter().filter(|child| !has_entry(child));
                for child in first.take(if entered.is_some() { 1 } else { usize::MAX }) {
                    self.computed(of, relation, child, entered, to);
                }
            }
        }
    }
}

/// When somebody can have a relation.
enum Formula {
    /// When somebody can have that relation.
    Node(usize),
    Any(Vec<Formula>),
    All(Vec<Formula>),
}

impl Formula {
    fn holds(&self, entered: &[bool]) -> bool {
        match self {
            Self::Node(number) => entered.get(*number) == Some(&true),
            Self::Any(children) => children.iter().any(|child| child.holds(entered)),
            Self::All(children) => children.iter().all(|child| child.holds(entered)),
        }
    }

    fn each_node(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::Node(number) => visit(*number),
            Self::Any(children) | Self::All(children) => children.iter().for_each(|child| child.each_node(visit)),
        }
    }
}
