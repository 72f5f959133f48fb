//! The engine against the oracle, question by question.

use std::collections::BTreeSet;

use crate::generate::{Case, Random, Told, case, user};
use crate::oracle::{Answer, Oracle};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Budget, CompiledModel, Evaluator, Index, QueryError};

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub checks: u64,
    pub allowed: u64,
    pub errors: u64,
}

const DEEP: Budget = Budget { depth: 10_000, work: u64::MAX };

pub(crate) fn answer(result: Result<bool, QueryError>) -> Answer {
    match result {
        Ok(true) => Answer::Yes,
        Ok(false) => Answer::No,
        Err(QueryError::Condition(..)) => Answer::Error,
        Err(other) => panic!("{other}"),
    }
}

/// One random case: every relation of every object, for some users, from every source.
pub(crate) fn one(seed: u64, count: &mut Count) {
    let mut random = Random(seed);
    let Case { model, tuples } = case(&mut random);
    let compiled = CompiledModel::compile(&model).unwrap_or_else(|error| panic!("seed {seed}: {error}: {model:#?}"));
    // Of two tuples that differ in their condition an index keeps one.
    let mut unique: Vec<TupleKey> = Vec::new();
    for tuple in &tuples {
        let same = |one: &TupleKey| {
            (one.object(), one.relation(), one.user()) == (tuple.object(), tuple.relation(), tuple.user())
        };
        if !unique.iter().any(same) {
            unique.push(tuple.clone());
        }
    }
    let oracle = Oracle::new(&model, &unique);
    let settled = Index::from_tuples(&unique).unwrap();
    // The same tuples, some of them as changes: some added late, some added and removed again.
    let (early, late) = unique.split_at(unique.len() / 2);
    let mut changed = Index::from_tuples(early).unwrap();
    let noise: Vec<TupleKey> = (0..3).map(|_| crate::generate::tuple(&mut random, &model)).collect();
    for tuple in noise.iter().chain(late) {
        changed.insert(tuple).unwrap();
    }
    for tuple in &noise {
        changed.remove(tuple.object(), tuple.relation(), tuple.user());
    }
    for tuple in &unique {
        changed.insert(tuple).unwrap();
    }
    // The same tuples, some of them contextual (those that may be).
    let (contextual, stored): (Vec<_>, Vec<_>) =
        unique.iter().cloned().partition(|tuple| oracle.is_allowed(tuple) && random.one_in(2));
    let partial = Index::from_tuples(&stored).unwrap();
    let evaluators = [
        Evaluator::new(&compiled, &settled).with_conditions(&Told).with_budget(DEEP),
        Evaluator::new(&compiled, &changed).with_conditions(&Told).with_budget(DEEP),
        Evaluator::new(&compiled, &partial)
            .with_conditions(&Told)
            .with_budget(DEEP)
            .with_tuples(&contextual)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}")),
    ];
    let users: BTreeSet<String> = (0..4).map(|_| user(&mut random)).collect();
    for user in users {
        if user.contains("#b") && !compiled.has_relation(user.split(':').next().unwrap(), "b") {
            continue;
        }
        for ((object, relation), expected) in oracle.all(&user, &["document:new"]) {
            for (source, evaluator) in evaluators.iter().enumerate() {
                let found = answer(evaluator.check(&object, &relation, &user));
                if found != expected {
                    panic!(
                        "seed {seed}, source {source}: {object}#{relation}@{user} is {found:?} and not {expected:?}"
                    );
                }
                count.checks += 1;
                count.allowed += u64::from(found == Answer::Yes);
                count.errors += u64::from(found == Answer::Error);
            }
        }
    }
}
