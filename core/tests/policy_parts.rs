//! Lists a part at a time, while tuples come and go.
#![cfg(all(feature = "engine", feature = "dsl"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Budget, Candidates, CompiledModel, Evaluator, Index, Part, Query, QueryError};

const MODEL: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define blocked: [user]
    define reader: [user, group#member]
    define can_read: reader but not blocked
";

const READERS: Query<'_> = Query::ListObjects { type_name: "document", relation: "reader", user: "user:anne" };
const CAN_READ: Query<'_> = Query::ListObjects { type_name: "document", relation: "can_read", user: "user:anne" };
const WHO: Query<'_> =
    Query::ListUsers { object: "document:1", relation: "can_read", type_name: "user", userset: None };

fn model() -> CompiledModel {
    CompiledModel::compile(&AuthorizationModel::from_valid_dsl(MODEL).unwrap()).unwrap()
}

fn tuple(text: &str) -> TupleKey {
    TupleKey::parse(text).unwrap()
}

fn documents(number: usize) -> Index {
    let all: Vec<_> = (0..number).map(|at| tuple(&format!("document:{at:03}#reader@user:anne"))).collect();
    Index::from_tuples(&all).unwrap()
}

fn rest(evaluator: &Evaluator<'_>, candidates: &mut Candidates, query: Query<'_>) -> Vec<String> {
    let mut found = Vec::new();
    while !candidates.is_empty() {
        let part = evaluator.next_of(candidates, query, 3, u64::MAX).unwrap();
        assert_eq!(part.trouble, None);
        assert!(part.found.len() <= 3);
        found.extend(part.found);
    }
    found
}

#[test]
fn what_goes_meanwhile_is_not_told_and_what_comes_is_no_part_of_it() {
    let (model, mut index) = (model(), documents(10));
    let mut candidates = Evaluator::new(&model, &index).candidates(CAN_READ).unwrap();
    let part = Evaluator::new(&model, &index).next_of(&mut candidates, CAN_READ, 4, u64::MAX).unwrap();
    let told = part.found;
    assert_eq!((told.len(), candidates.bytes() > 0), (4, true));
    for number in 0..10 {
        let name = format!("document:{number:03}");
        if !told.contains(&name) && number % 2 == 0 {
            index.insert(&tuple(&format!("{name}#blocked@user:anne"))).unwrap();
        }
    }
    index.insert(&tuple("document:new#reader@user:anne")).unwrap();
    let evaluator = Evaluator::new(&model, &index);
    let mut all = told.clone();
    all.extend(rest(&evaluator, &mut candidates, CAN_READ));
    all.sort();
    let is = |name: &String| told.contains(name) || evaluator.check(name, "can_read", "user:anne") == Ok(true);
    let expected: Vec<_> = (0..10).map(|number| format!("document:{number:03}")).filter(is).collect();
    assert_eq!(all, expected);
    assert!(all.len() < 10);
}

#[test]
fn the_question_s_own_names_are_found_again() {
    let (model, mut index) = (model(), documents(2));
    let own = [tuple("document:own#reader@user:anne"), tuple("document:1#reader@user:bob")];
    let before = Evaluator::new(&model, &index).with_tuples(&own).unwrap();
    let (mut documents, mut users) = (before.candidates(CAN_READ).unwrap(), before.candidates(WHO).unwrap());
    drop(before);
    // By now the index has names of its own for them, and others for the question.
    for text in ["document:later#blocked@user:bob", "document:own#blocked@user:later", "document:1#blocked@user:zoe"] {
        index.insert(&tuple(text)).unwrap();
    }
    let after = Evaluator::new(&model, &index).with_tuples(&own).unwrap();
    let mut found = rest(&after, &mut documents, CAN_READ);
    found.sort();
    assert_eq!(found, ["document:000", "document:001", "document:own"]);
    assert_eq!(rest(&after, &mut users, WHO), ["user:bob"]);
}

#[test]
fn parts_end_where_the_work_for_them_does_and_every_candidate_has_the_whole_budget() {
    let (model, index) = (model(), documents(20));
    let evaluator = Evaluator::new(&model, &index);
    let mut candidates = evaluator.candidates(CAN_READ).unwrap();
    let part = evaluator.next_of(&mut candidates, CAN_READ, 100, 1).unwrap();
    assert_eq!(part.found.len(), 1);
    assert_eq!(rest(&evaluator, &mut candidates, CAN_READ).len(), 19);
    // What no operator makes unsure needs no work.
    let mut sure = evaluator.candidates(READERS).unwrap();
    assert_eq!(evaluator.next_of(&mut sure, READERS, 100, 1).unwrap().found.len(), 20);
    assert!(sure.is_empty());

    let mut candidates = evaluator.candidates(CAN_READ).unwrap();
    let poor = Evaluator::new(&model, &index).with_budget(Budget { work: 0, ..Budget::DEFAULT });
    assert_eq!(poor.candidates(CAN_READ).map(|_| ()), Err(QueryError::BudgetExceeded));
    for _ in 0..20 {
        let part = poor.next_of(&mut candidates, CAN_READ, 100, 1).unwrap();
        assert_eq!(part, Part { found: vec![], trouble: Some(QueryError::BudgetExceeded) });
    }
    assert!(candidates.is_empty());
}

#[test]
fn numbers_of_another_index_are_not_taken() {
    let (model, index, other) = (model(), documents(3), documents(3));
    let mut candidates = Evaluator::new(&model, &index).candidates(CAN_READ).unwrap();
    assert!(candidates.are_of(&index) && !candidates.are_of(&other));
    let evaluator = Evaluator::new(&model, &other);
    assert_eq!(evaluator.next_of(&mut candidates, CAN_READ, 1, 1), Err(QueryError::Undecided));
    let check = Query::Check { object: "document:1", relation: "reader", user: "user:anne" };
    assert_eq!(evaluator.candidates(check).map(|_| ()), Err(QueryError::Undecided));
}
