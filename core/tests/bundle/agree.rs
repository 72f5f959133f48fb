//! The store's engine, its workspace bundle and its slices, question by question.

use std::collections::BTreeSet;

use crate::bundles::{NOW, body, full, load, workspace};
use crate::generate::{Case, Random, case, user};
use sentinel_core::bundle::{Bundle, Given, slice};
use sentinel_core::policy::model::{AuthorizationModel, Parameter, ParameterType, Rewrite};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Budget, CompiledModel, Evaluator, Index, ModelConditions};
use sentinel_core::{Error, ErrorCode};

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub questions: u64,
    pub allowed: u64,
    /// Questions that the store cannot answer and a slice can, since what is unknown does not concern its user.
    pub settled: u64,
    pub undecided: u64,
    /// Tuples that slices were spared.
    pub left_out: u64,
    pub slices: u64,
    /// Names in slices that were looked at.
    pub names: u64,
}

const DEEP: Budget = Budget { depth: 10_000, work: u64::MAX };

type Answer = Result<bool, ErrorCode>;

struct Store<'a> {
    compiled: &'a CompiledModel,
    conditions: &'a ModelConditions,
    index: Index,
}

impl Store<'_> {
    fn check(&self, object: &str, relation: &str, user: &str, tuples: &[TupleKey]) -> Answer {
        let conditions = self.conditions.in_context(None);
        let evaluator = Evaluator::new(self.compiled, &self.index).with_conditions(&conditions).with_budget(DEEP);
        let evaluator = evaluator.with_tuples(tuples).unwrap();
        evaluator.check(object, relation, user).map_err(|error| error.code())
    }
}

fn ask(bundle: &Bundle, object: &str, relation: &str, user: &str, tuples: &[TupleKey]) -> Answer {
    let given = Given { tuples, budget: DEEP, ..Given::default() };
    bundle.at(NOW, None).unwrap().check(object, relation, user, &given).map_err(|error: Error| error.code())
}

/// The same tuples, with every condition that cannot be evaluated replaced by an answer.
fn completed(tuples: &[TupleKey], context: &str) -> Vec<TupleKey> {
    let complete = |tuple: &TupleKey| match tuple.condition() {
        Some(condition) if condition.context.is_empty() => tuple.clone().with_condition(&condition.name, context),
        _ => tuple.clone(),
    };
    tuples.iter().map(complete).collect()
}

/// The generator's conditions say what their context says; here they are told so in the language.
fn with_parameters(mut model: AuthorizationModel) -> AuthorizationModel {
    for condition in &mut model.conditions {
        condition.parameters = vec![Parameter { name: "v".into(), type_name: ParameterType::String }];
    }
    model
}

/// One random case: a store, its workspace bundle, and a slice for each of some users.
pub(crate) fn one(seed: u64, count: &mut Count) {
    let mut random = Random(seed);
    let Case { model, tuples } = case(&mut random);
    let model = with_parameters(model);
    let compiled = CompiledModel::compile(&model).unwrap();
    let conditions = ModelConditions::compile(&model).unwrap();
    let store = |tuples: &[TupleKey]| Store {
        compiled: &compiled,
        conditions: &conditions,
        index: Index::from_tuples(tuples).unwrap(),
    };
    // A third of them may come as claims, or none.
    let share = if random.one_in(3) { usize::MAX } else { 3 };
    let whole = store(&tuples);
    let everything: Vec<TupleKey> = whole.index.tuples().collect();
    let may_be_given = |tuple: &TupleKey| {
        let told = conditions.in_context(None);
        Evaluator::new(&compiled, &whole.index).with_conditions(&told).validate(tuple).is_ok()
    };
    let (claims, stored): (Vec<_>, Vec<_>) =
        everything.iter().cloned().partition(|tuple| may_be_given(tuple) && random.one_in(share));
    let stored = if random.one_in(2) { everything.clone() } else { stored };
    let store_itself = store(&stored);
    let settled = ["{\"v\":\"yes\"}", "{\"v\":\"no\"}"].map(|context| store(&completed(&stored, context)));

    let file = full(workspace(), seed, &body(&model, &store_itself.index, &[]));
    let bundle = load(workspace(), &file).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let mut read: Vec<TupleKey> = bundle.tuples().collect();
    read.sort();
    let mut written: Vec<TupleKey> = store_itself.index.tuples().collect();
    written.sort();
    assert_eq!(read, written, "seed {seed}");

    let objects: BTreeSet<String> = everything
        .iter()
        .flat_map(|tuple| [tuple.object(), tuple.user().split('#').next().unwrap()])
        .filter(|name| !name.ends_with(":*"))
        .chain(["document:new"])
        .map(str::to_owned)
        .collect();
    let users: BTreeSet<String> = (0..3).map(|_| user(&mut random)).chain(["user:nobody".into()]).collect();
    for user in users {
        let slice = (!user.contains('#') && !user.ends_with(":*")).then(|| {
            let index = slice(&compiled, &store_itself.index, &user, &claims, u64::MAX).unwrap();
            count.slices += 1;
            count.left_out += (store_itself.index.len() - index.len()) as u64;
            let scope = workspace().of_user(&user);
            load(scope.clone(), &full(scope, seed, &body(&model, &index, &claims))).unwrap()
        });
        for object in &objects {
            for relation in compiled.relations_of(object.split(':').next().unwrap()) {
                if user.contains("#b") && !compiled.has_relation(user.split(':').next().unwrap(), "b") {
                    continue;
                }
                let given: Vec<TupleKey> = claims.iter().filter(|_| random.one_in(2)).cloned().collect();
                let expected = store_itself.check(object, relation, &user, &given);
                let place = || format!("seed {seed}: {object}#{relation}@{user} given {given:?}");
                assert_eq!(ask(&bundle, object, relation, &user, &given), expected, "{}", place());
                count.questions += 1;
                count.allowed += u64::from(expected == Ok(true));
                let Some(slice) = &slice else { continue };
                let found = ask(slice, object, relation, &user, &given);
                match expected {
                    Ok(_) => assert_eq!(found, expected, "{}", place()),
                    // A condition that the store could not evaluate concerned others: then the answer is the same
                    // whatever the condition says.
                    Err(_) if found.is_ok() => {
                        count.settled += 1;
                        for (store, context) in settled.iter().zip(["{\"v\":\"yes\"}", "{\"v\":\"no\"}"]) {
                            let answer = store.check(object, relation, &user, &completed(&given, context));
                            assert_eq!(found, answer, "{}", place());
                        }
                    }
                    Err(code) => assert_eq!(found, Err(code), "{}", place()),
                }
                // About others, and with tuples that it was not made for, it knows nothing.
                assert_eq!(ask(slice, object, relation, "user:other", &given), Err(ErrorCode::Undecided));
                count.undecided += 1;
            }
        }
        let is_plain = claims.is_empty()
            && stored.iter().all(|tuple| tuple.condition().is_none())
            && !model.types.iter().flat_map(|of| &of.relations).any(|relation| excludes(&relation.rewrite));
        if let Some(slice) = slice.as_ref().filter(|_| is_plain) {
            names_are_in_reach(seed, &user, slice, &store_itself, count);
        }
    }
}

/// Under an exclusion of itself a relation is neither had nor false; then a name stays.
fn excludes(rewrite: &Rewrite) -> bool {
    match rewrite {
        Rewrite::Difference(..) => true,
        Rewrite::Union(all) | Rewrite::Intersection(all) => all.iter().any(excludes),
        _ => false,
    }
}

/// Without claims, conditions and exclusions: the user has some relation to every object that its slice names.
fn names_are_in_reach(seed: u64, user: &str, slice: &Bundle, store: &Store<'_>, count: &mut Count) {
    for tuple in slice.tuples() {
        for name in [tuple.object(), tuple.user().split('#').next().unwrap()] {
            if name == user || name.ends_with(":*") {
                continue;
            }
            let mut relations = store.compiled.relations_of(name.split(':').next().unwrap());
            let has = relations.any(|relation| store.check(name, relation, user, &[]) != Ok(false));
            assert!(has, "seed {seed}: {user} is told of {name} by {tuple}");
            count.names += 1;
        }
    }
}
