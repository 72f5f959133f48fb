//! The engine against the oracle, question by question.

use std::collections::{BTreeMap, BTreeSet};

use crate::driver::drive;
use crate::generate::{Case, Random, Told, case, user};
use crate::oracle::{Answer, Oracle, type_of};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Budget, CompiledModel, Evaluator, Index, Outcome, Query, QueryError, Resolver};

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub checks: u64,
    pub allowed: u64,
    pub errors: u64,
    pub lists: u64,
    pub rounds: u64,
    pub undecided: u64,
    pub proofs: u64,
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
    let mut by_user = BTreeMap::new();
    for user in users {
        if user.contains("#b") && !compiled.has_relation(user.split(':').next().unwrap(), "b") {
            continue;
        }
        let all = oracle.all(&user, &["document:new"]);
        for ((object, relation), expected) in &all {
            for (source, evaluator) in evaluators.iter().enumerate() {
                let found = answer(evaluator.check(object, relation, &user));
                if found != *expected {
                    panic!(
                        "seed {seed}, source {source}: {object}#{relation}@{user} is {found:?} and not {expected:?}"
                    );
                }
                count.checks += 1;
                count.allowed += u64::from(found == Answer::Yes);
                count.errors += u64::from(found == Answer::Error);
            }
            if random.one_in(8) && *expected != Answer::Error {
                let explanation = evaluators[1].explain(object, relation, &user).unwrap();
                assert_eq!(explanation.allowed, *expected == Answer::Yes, "seed {seed}: {object}#{relation}@{user}");
                assert!(!explanation.steps.is_empty());
                if explanation.allowed {
                    let checked = crate::proof::check(&explanation.steps, object, relation, &user, &oracle, &all);
                    assert!(checked, "seed {seed}: {object}#{relation}@{user}: {explanation:#?}");
                    count.proofs += 1;
                }
            }
            if random.one_in(4) {
                let query = Query::Check { object, relation, user: &user };
                read_in_rounds(seed, &compiled, query, (&unique, &contextual, &stored), *expected, &mut random, count);
            }
        }
        by_user.insert(user, all);
    }
    lists(seed, (&compiled, &unique), &evaluators, &oracle, &by_user, &mut random, count);
}

/// The same question to a storage that is a list; with contextual tuples; and to one that does not know everything.
fn read_in_rounds(
    seed: u64,
    model: &CompiledModel,
    query: Query<'_>,
    (all, contextual, stored): (&[TupleKey], &[TupleKey], &[TupleKey]),
    expected: Answer,
    random: &mut Random,
    count: &mut Count,
) {
    let resolver = || Resolver::new(model, query).with_conditions(&Told).with_budget(DEEP);
    let told = |outcome: Result<Outcome, QueryError>| match outcome {
        Ok(Outcome::Decision(allowed)) => answer(Ok(allowed)),
        Ok(other) => panic!("{other:?}"),
        Err(error) => answer(Err(error)),
    };
    let (outcome, rounds) = drive(resolver(), all, &mut |_| true);
    assert_eq!(told(outcome), expected, "seed {seed}, in rounds: {query:?}");
    count.rounds += rounds as u64;
    let with = resolver().with_tuples(contextual).unwrap();
    assert_eq!(
        told(drive(with, stored, &mut |_| true).0),
        expected,
        "seed {seed}, in rounds with contextual tuples: {query:?}"
    );
    match drive(resolver(), all, &mut |_| !random.one_in(4)).0 {
        Err(QueryError::Undecided) => count.undecided += 1,
        // A condition that failed before it was known whether it matters.
        Err(QueryError::Condition(..)) => {}
        outcome => assert_eq!(told(outcome), expected, "seed {seed}, partly unknown: {query:?}"),
    }
}

/// Lists against checks of everything.
fn lists(
    seed: u64,
    (model, stored): (&CompiledModel, &[TupleKey]),
    evaluators: &[Evaluator<'_>],
    oracle: &Oracle<'_>,
    by_user: &BTreeMap<String, BTreeMap<(String, String), Answer>>,
    random: &mut Random,
    count: &mut Count,
) {
    for (user, all) in by_user {
        let names: BTreeSet<(&str, &str)> =
            all.keys().map(|(object, relation)| (type_of(object), relation.as_str())).collect();
        for (of, relation) in names {
            let these = || all.iter().filter(|((object, name), _)| type_of(object) == of && name == relation);
            let expected: Vec<String> =
                these().filter(|(_, answer)| **answer == Answer::Yes).map(|((object, _), _)| object.clone()).collect();
            let errs = these().any(|(_, answer)| *answer == Answer::Error);
            if random.one_in(6) && !errs {
                let query = Query::ListObjects { type_name: of, relation, user };
                let resolver = Resolver::new(model, query).with_conditions(&Told).with_budget(DEEP);
                assert_eq!(
                    drive(resolver, stored, &mut |_| true).0,
                    Ok(Outcome::Names(expected.clone())),
                    "seed {seed}"
                );
            }
            for evaluator in evaluators {
                // A check of an object may fail for a tuple that could not lead to the user anyway; the list does not see it.
                match evaluator.list_objects(of, relation, user) {
                    Ok(found) => assert!(
                        found == expected,
                        "seed {seed}: {of}#{relation}@{user}: {found:?} and not {expected:?}"
                    ),
                    Err(QueryError::Condition(..)) => assert!(errs, "seed {seed}: {of}#{relation}@{user}: an error"),
                    Err(other) => panic!("seed {seed}: {other}"),
                }
                let (found, trouble) =
                    in_parts(evaluator, Query::ListObjects { type_name: of, relation, user }, random);
                assert_eq!(found, expected, "seed {seed}: {of}#{relation}@{user} in parts");
                assert!(errs || !trouble, "seed {seed}: {of}#{relation}@{user} in parts: an error");
                count.lists += 2;
            }
        }
    }
    let objects: Vec<String> =
        oracle.objects().into_iter().filter(|object| oracle.relation(type_of(object), "a").is_some()).collect();
    if objects.is_empty() {
        return;
    }
    let object = random.pick(&objects).clone();
    for relation in ["a", "b"] {
        for of in ["user", "group"] {
            // Whoever is listed is allowed, and whoever is allowed is listed by name or by the wildcard.
            let everyone = format!("{of}:*");
            let evaluator = &evaluators[0];
            let query = Query::ListUsers { object: &object, relation, type_name: of, userset: None };
            let Ok(found) = evaluator.list_users(&object, relation, of, None) else {
                assert!(evaluator.candidates(query).is_err() || in_parts(evaluator, query, random).1, "seed {seed}");
                continue;
            };
            let is = |user: &str| evaluator.check(&object, relation, user);
            for user in &found {
                assert_eq!(is(user), Ok(true), "seed {seed}: {user} in {object}#{relation}");
            }
            for user in (0..3).map(|id| format!("{of}:{id}")) {
                let listed = found.contains(&user) || found.contains(&everyone);
                match is(&user) {
                    Ok(true) => assert!(listed, "seed {seed}: {user} not in {object}#{relation}: {found:?}"),
                    Ok(false) => assert!(!found.contains(&user)),
                    Err(_) => {}
                }
            }
            assert_eq!(
                found.contains(&everyone),
                is(&everyone) == Ok(true),
                "seed {seed}: {everyone} in {object}#{relation}"
            );
            let resolver = Resolver::new(model, query).with_conditions(&Told).with_budget(DEEP);
            assert_eq!(drive(resolver, stored, &mut |_| true).0, Ok(Outcome::Names(found.clone())), "seed {seed}");
            for other in &evaluators[1..] {
                assert_eq!(other.list_users(&object, relation, of, None), Ok(found.clone()), "seed {seed}");
                assert_eq!(in_parts(other, query, random), (found.clone(), false), "seed {seed}: in parts");
            }
            count.lists += 2;
        }
    }
}

/// A list a part at a time, sorted, and whether something in it could not be decided.
fn in_parts(evaluator: &Evaluator<'_>, query: Query<'_>, random: &mut Random) -> (Vec<String>, bool) {
    let (mut found, mut trouble) = (Vec::new(), false);
    let mut candidates = evaluator.candidates(query).unwrap();
    while !candidates.is_empty() {
        let (most, pause) = if random.one_in(2) { (1, u64::MAX) } else { (100, 1) };
        let part = evaluator.next_of(&mut candidates, query, most, pause).unwrap();
        found.extend(part.found);
        trouble |= part.trouble.is_some();
    }
    found.sort();
    (found, trouble)
}
