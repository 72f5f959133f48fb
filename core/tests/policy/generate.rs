//! Random models and tuples, small enough to be spelled out and crooked enough to matter.

use sentinel_core::policy::model::{
    AuthorizationModel, Condition, Parameter, ParameterType, Relation, RestrictionKind, Rewrite, TypeDefinition,
    TypeRestriction,
};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{ConditionFailure, Conditions};

pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Conditions that are what their context says.
pub(crate) struct Told;

impl Conditions for Told {
    fn holds(&self, _: u16, context: &str) -> Result<bool, ConditionFailure> {
        match context {
            "{\"v\":\"yes\"}" => Ok(true),
            "{\"v\":\"no\"}" => Ok(false),
            _ => Err(ConditionFailure::Missing(vec!["v".into()])),
        }
    }

    fn fits(&self, _: u16, _: &str) -> Result<(), ConditionFailure> {
        Ok(())
    }
}

const CONTEXTS: [&str; 4] = ["{\"v\":\"yes\"}", "{\"v\":\"yes\"}", "{\"v\":\"no\"}", ""];
pub(crate) const USERS: [&str; 3] = ["user", "employee", "group"];
pub(crate) const RELATIONS: [&str; 4] = ["a", "b", "c", "d"];

pub(crate) struct Case {
    pub model: AuthorizationModel,
    pub tuples: Vec<TupleKey>,
}

/// One model with its tuples, from a seed.
pub(crate) fn case(random: &mut Random) -> Case {
    let types = ["group", "folder", "document"];
    let conditional = random.one_in(3);
    let monotone = random.one_in(3);
    let relations = 2 + random.below(3);
    let mut model = AuthorizationModel { schema_version: "1.1".into(), ..AuthorizationModel::default() };
    for name in ["user", "employee"] {
        model.types.push(TypeDefinition { name: name.into(), ..TypeDefinition::default() });
    }
    for of in types {
        let mut definition = TypeDefinition { name: of.into(), ..TypeDefinition::default() };
        for name in &RELATIONS[..relations] {
            let mut rewrite = rewrite(random, relations, if monotone { 0 } else { 3 }, 0);
            let mut restrictions = vec![];
            if uses_this(&rewrite) {
                for _ in 0..=random.below(3) {
                    restrictions.push(restriction(random, &types, relations, conditional));
                }
            } else if random.one_in(8) {
                rewrite = Rewrite::Union(vec![rewrite]);
            }
            definition.relations.push(Relation { name: (*name).into(), rewrite, restrictions, origin: None });
        }
        let parents = types.map(|name| object(name, None));
        let mut parents: Vec<TypeRestriction> = parents.into_iter().filter(|_| !random.one_in(3)).collect();
        if parents.is_empty() || conditional && random.one_in(3) {
            parents.push(object("folder", conditional.then(|| "told".into())));
        }
        let parent = Relation { name: "parent".into(), rewrite: Rewrite::This, restrictions: parents, origin: None };
        definition.relations.push(parent);
        model.types.push(definition);
    }
    if conditional {
        model.conditions = ["told", "other"].map(condition).into();
    }
    let tuples = (0..random.below(48)).map(|_| tuple(random, &model)).collect();
    Case { model, tuples }
}

fn condition(name: &str) -> Condition {
    let parameters = vec![Parameter { name: "v".into(), type_name: ParameterType::String }];
    Condition { name: name.into(), expression: "v == \"yes\"".into(), parameters, origin: None }
}

fn object(name: &str, condition: Option<String>) -> TypeRestriction {
    TypeRestriction { type_name: name.into(), kind: RestrictionKind::Object, condition }
}

fn uses_this(rewrite: &Rewrite) -> bool {
    match rewrite {
        Rewrite::This => true,
        Rewrite::Union(all) | Rewrite::Intersection(all) => all.iter().any(uses_this),
        Rewrite::Difference(base, subtract) => uses_this(base) || uses_this(subtract),
        _ => false,
    }
}

/// `operators` of ten are intersections or exclusions.
fn rewrite(random: &mut Random, relations: usize, operators: usize, depth: usize) -> Rewrite {
    let roll = random.below(10);
    if depth < 3 && roll < operators {
        let operand = |random: &mut Random| rewrite(random, relations, operators, depth + 1);
        if random.one_in(2) {
            return Rewrite::Difference(Box::new(operand(random)), Box::new(operand(random)));
        }
        return Rewrite::Intersection((0..2 + random.below(2)).map(|_| operand(random)).collect());
    }
    match random.below(if depth < 2 { 10 } else { 7 }) {
        0..=3 => Rewrite::This,
        4 => Rewrite::Computed(RELATIONS[random.below(relations)].into()),
        5..=6 => {
            Rewrite::TupleToUserset { tupleset: "parent".into(), computed: RELATIONS[random.below(relations)].into() }
        }
        _ => {
            Rewrite::Union((0..2 + random.below(2)).map(|_| rewrite(random, relations, operators, depth + 1)).collect())
        }
    }
}

fn restriction(random: &mut Random, types: &[&str], relations: usize, conditional: bool) -> TypeRestriction {
    let (type_name, kind) = match random.below(10) {
        0..=3 => (random.pick(&USERS).to_string(), RestrictionKind::Object),
        4..=5 => (random.pick(&USERS).to_string(), RestrictionKind::Wildcard),
        _ => (random.pick(types).to_string(), RestrictionKind::Userset(RELATIONS[random.below(relations)].into())),
    };
    let condition = (conditional && random.one_in(2)).then(|| random.pick(&["told", "other"]).to_string());
    TypeRestriction { type_name, kind, condition }
}

/// Mostly tuples that the model allows; some that it does not, which must change nothing.
pub(crate) fn tuple(random: &mut Random, model: &AuthorizationModel) -> TupleKey {
    let of = &model.types[2 + random.below(3)];
    let relation = random.pick(&of.relations);
    let object = format!("{}:{}", of.name, random.below(3));
    let mut condition = None;
    let user = match relation.restrictions.get(random.below(relation.restrictions.len() + 1)) {
        Some(found) => {
            condition = found.condition.clone();
            let id = random.below(3);
            match &found.kind {
                RestrictionKind::Object => format!("{}:{id}", found.type_name),
                RestrictionKind::Wildcard => format!("{}:*", found.type_name),
                RestrictionKind::Userset(relation) => format!("{}:{id}#{relation}", found.type_name),
            }
        }
        None => user(random),
    };
    let tuple = TupleKey::new(&object, &relation.name, &user).unwrap();
    if random.one_in(20) {
        condition = Some("told".into());
    }
    match condition {
        Some(name) => tuple.with_condition(&name, CONTEXTS[random.below(4)]),
        None => tuple,
    }
}

/// Anybody: an object, a wildcard or a userset.
pub(crate) fn user(random: &mut Random) -> String {
    match random.below(10) {
        0..=5 => format!("{}:{}", random.pick(&["user", "user", "employee", "group"]), random.below(3)),
        6 => format!("{}:*", random.pick(&USERS)),
        _ => format!(
            "{}:{}#{}",
            random.pick(&["group", "folder", "document"]),
            random.below(3),
            random.pick(&RELATIONS[..2])
        ),
    }
}
