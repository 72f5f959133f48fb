//! What ends an evaluation, what is never an allow, and what costs nothing.
#![cfg(all(feature = "engine", feature = "dsl"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{
    Answer, Budget, By, CompiledModel, Evaluator, Index, Query, QueryError, Read, Resolver, Step, Tree, TreeValue,
};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands everything to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MODEL: &str = "model
  schema 1.1
type user
type employee
type group
  relations
    define member: [user, user:*, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define owner: [user]
    define blocked: [user, document#can_read]
    define editor: [user, user with working]
    define viewer: [user, user:*, group#member] or editor or viewer from parent
    define can_read: viewer but not blocked
    define both: owner and viewer
condition working(hour: int) {
  hour < 17
}
";

fn model() -> CompiledModel {
    CompiledModel::compile(&AuthorizationModel::from_valid_dsl(MODEL).unwrap()).unwrap()
}

fn tuples(all: &[&str]) -> Vec<TupleKey> {
    all.iter().map(|text| TupleKey::parse(text).unwrap()).collect()
}

#[test]
fn a_direct_check_allocates_nothing() {
    let model = model();
    let index =
        Index::from_tuples(&tuples(&["document:1#owner@user:anne", "document:1#viewer@group:1#member"])).unwrap();
    let evaluator = Evaluator::new(&model, &index);
    let before = COUNT.with(Cell::get);
    assert_eq!(evaluator.check("document:1", "owner", "user:anne"), Ok(true));
    assert_eq!(evaluator.check("document:1", "owner", "user:beth"), Ok(false));
    assert_eq!(evaluator.check("document:2", "owner", "user:anne"), Ok(false));
    assert!(index.contains("document:1", "owner", "user:anne"));
    assert_eq!(COUNT.with(Cell::get), before);
    // Nor does a walk, once another has made room.
    assert_eq!(evaluator.check("document:1", "viewer", "user:anne"), Ok(false));
    let before = COUNT.with(Cell::get);
    assert_eq!(evaluator.check("document:1", "viewer", "user:beth"), Ok(false));
    assert_eq!(COUNT.with(Cell::get), before);
}

/// A chain of so many folders above a document; the user is in the last.
fn chain(length: usize) -> Vec<TupleKey> {
    let mut all = vec![TupleKey::parse("document:1#parent@folder:1").unwrap()];
    for at in 1..length {
        all.push(TupleKey::parse(&format!("folder:{at}#parent@folder:{}", at + 1)).unwrap());
    }
    all.push(TupleKey::parse(&format!("folder:{length}#viewer@user:anne")).unwrap());
    all
}

#[test]
fn depth_ends_in_an_error() {
    let model = model();
    for relation in ["viewer", "can_read"] {
        // 24 tuples lead to folder 24, as OpenFGA's limit of 25 allows; one more is too many.
        let index = Index::from_tuples(&chain(24)).unwrap();
        let evaluator = Evaluator::new(&model, &index);
        assert_eq!(evaluator.check("document:1", relation, "user:anne"), Ok(true));
        assert_eq!(evaluator.list_objects("document", relation, "user:anne"), Ok(vec!["document:1".into()]));
        assert_eq!(evaluator.list_users("document:1", relation, "user", None), Ok(vec!["user:anne".into()]));
        let index = Index::from_tuples(&chain(25)).unwrap();
        let evaluator = Evaluator::new(&model, &index);
        assert_eq!(evaluator.check("document:1", relation, "user:anne"), Err(QueryError::TooDeep));
        assert_eq!(evaluator.check("document:1", relation, "user:beth"), Err(QueryError::TooDeep));
        assert_eq!(evaluator.list_objects("document", relation, "user:anne"), Err(QueryError::TooDeep));
        assert_eq!(evaluator.list_users("document:1", relation, "user", None), Err(QueryError::TooDeep));
        assert_eq!(QueryError::TooDeep.openfga_code().1, 2002);
        // What is known without the far end is an answer.
        let near = tuples(&["document:1#viewer@user:anne"]);
        let evaluator = Evaluator::new(&model, &index).with_tuples(&near).unwrap();
        assert_eq!(evaluator.check("document:1", relation, "user:anne"), Ok(true));
        let deeper = Budget { depth: 26, ..Budget::DEFAULT };
        let evaluator = Evaluator::new(&model, &index).with_budget(deeper);
        assert_eq!(evaluator.check("document:1", relation, "user:anne"), Ok(true));
    }
}

#[test]
fn work_ends_in_an_error() {
    let model = model();
    let wide: Vec<TupleKey> =
        (0..1000).map(|n| TupleKey::parse(&format!("document:1#viewer@group:{n}#member")).unwrap()).collect();
    let index = Index::from_tuples(&wide).unwrap();
    let little = Evaluator::new(&model, &index).with_budget(Budget { work: 500, ..Budget::DEFAULT });
    for relation in ["viewer", "can_read", "both"] {
        let expected = if relation == "both" { Ok(false) } else { Err(QueryError::BudgetExceeded) };
        assert_eq!(little.check("document:1", relation, "user:anne"), expected, "{relation}");
        assert_eq!(Evaluator::new(&model, &index).check("document:1", relation, "user:anne"), Ok(false));
    }
    assert_eq!(little.list_users("document:1", "viewer", "user", None), Err(QueryError::BudgetExceeded));
    assert_eq!(little.explain("document:1", "viewer", "user:anne"), Err(QueryError::BudgetExceeded));
}

#[test]
fn cycles() {
    let model = model();
    let index = Index::from_tuples(&tuples(&[
        "group:1#member@group:2#member",
        "group:2#member@group:1#member",
        "folder:1#parent@folder:1",
        "document:1#viewer@group:1#member",
        "document:1#viewer@user:anne",
        // Whoever can read it is blocked: for nobody is there an answer, and none of it is an allow.
        "document:1#blocked@document:1#can_read",
    ]))
    .unwrap();
    let evaluator = Evaluator::new(&model, &index);
    assert_eq!(evaluator.check("group:1", "member", "user:anne"), Ok(false));
    assert_eq!(evaluator.check("folder:1", "viewer", "user:anne"), Ok(false));
    assert_eq!(evaluator.check("document:1", "viewer", "user:anne"), Ok(true));
    assert_eq!(evaluator.check("document:1", "can_read", "user:anne"), Ok(false));
    assert_eq!(evaluator.check("document:1", "can_read", "user:beth"), Ok(false));
    assert_eq!(evaluator.check("group:1", "member", "group:2#member"), Ok(true));
    assert_eq!(evaluator.check("group:1", "member", "group:1#member"), Ok(true));
    assert_eq!(evaluator.check("group:new", "member", "group:new#member"), Ok(true));
}

#[test]
fn without_conditions_a_conditional_tuple_is_an_error() {
    let model = model();
    let conditional = TupleKey::parse("document:1#editor@user:anne").unwrap().with_condition("working", "{\"hour\":9}");
    let index = Index::from_tuples([&conditional]).unwrap();
    let evaluator = Evaluator::new(&model, &index);
    for result in [
        evaluator.check("document:1", "editor", "user:anne"),
        evaluator.check("document:1", "viewer", "user:anne"),
        evaluator.check("document:1", "can_read", "user:anne"),
        evaluator.list_objects("document", "viewer", "user:anne").map(|_| true),
        evaluator.list_users("document:1", "viewer", "user", None).map(|_| true),
    ] {
        assert!(matches!(result, Err(QueryError::Condition(ref name, _)) if name == "working"), "{result:?}");
    }
    assert!(matches!(evaluator.validate(&conditional), Err(QueryError::InvalidTuple(..))));
    // Other users are answered.
    assert_eq!(evaluator.check("document:1", "editor", "user:beth"), Ok(false));
}

#[test]
fn what_is_written_must_be_allowed() {
    let model = model();
    let index = Index::default();
    let evaluator = Evaluator::new(&model, &index);
    for bad in [
        "document:1#owner@employee:1",
        "document:1#owner@user:*",
        "document:1#owner@group:1#member",
        "document:1#parent@folder:*",
        "document:1#parent@folder:1#viewer",
        "document:1#unknown@user:1",
        "unknown:1#owner@user:1",
        "document:1#owner@unknown:1",
        "document:1#both@user:1",
        "document:1#viewer@group:1#unknown",
    ] {
        let tuple = TupleKey::parse(bad).unwrap();
        assert!(matches!(evaluator.validate(&tuple), Err(QueryError::InvalidTuple(..))), "{bad}");
        let contextual = Evaluator::new(&model, &index).with_tuples([&tuple]);
        assert_eq!(contextual.err().map(|error| error.openfga_code().1), Some(2027), "{bad}");
        // Stored by whatever means it changes nothing.
        let index = Index::from_tuples([&tuple]).unwrap();
        let evaluator = Evaluator::new(&model, &index);
        let user = tuple.user().replace('*', "1");
        if let Ok(allowed) = evaluator.check(tuple.object(), tuple.relation(), &user) {
            assert!(!allowed, "{bad}");
        }
    }
}

#[test]
fn a_binding_that_is_not_current_is_made_anew() {
    let model = model();
    let mut index = Index::default();
    let binding = sentinel_core::policy::Binding::new(&model, &index);
    assert!(binding.is_current(&model, &index));
    index.insert(&TupleKey::parse("document:1#owner@user:anne").unwrap()).unwrap();
    assert!(!binding.is_current(&model, &index));
    assert_eq!(Evaluator::bound(&model, &index, &binding).check("document:1", "owner", "user:anne"), Ok(true));
}

#[test]
fn expand_shows_one_level() {
    let model = model();
    let index = Index::from_tuples(&tuples(&[
        "document:1#viewer@user:beth",
        "document:1#viewer@user:anne",
        "document:1#viewer@employee:1",
        "document:1#parent@folder:1",
    ]))
    .unwrap();
    let tree = Evaluator::new(&model, &index).expand("document:1", "can_read").unwrap();
    let leaf = |relation: &str| Tree {
        name: "document:1#can_read".into(),
        value: TreeValue::Computed(format!("document:1#{relation}")),
    };
    let expected = TreeValue::Difference(Box::new(leaf("viewer")), Box::new(leaf("blocked")));
    assert_eq!(tree, Tree { name: "document:1#can_read".into(), value: expected });
    let tree = Evaluator::new(&model, &index).expand("document:1", "viewer").unwrap();
    let TreeValue::Union(nodes) = tree.value else { panic!("{tree:?}") };
    let values: Vec<TreeValue> = nodes.into_iter().map(|node| node.value).collect();
    assert_eq!(
        values,
        [
            TreeValue::Users(vec!["user:anne".into(), "user:beth".into()]),
            TreeValue::Computed("document:1#editor".into()),
            TreeValue::TupleToUserset {
                tupleset: "document:1#parent".into(),
                computed: vec!["folder:1#viewer".into()]
            },
        ]
    );
    assert!(matches!(Evaluator::new(&model, &index).expand("document:1", "none"), Err(QueryError::Validation(_))));
}

#[test]
fn explain_takes_the_shortest_way() {
    let model = model();
    let mut stored = chain(5);
    stored.extend(tuples(&["document:1#viewer@group:1#member", "group:1#member@user:anne"]));
    let index = Index::from_tuples(&stored).unwrap();
    let evaluator = Evaluator::new(&model, &index);
    let explanation = evaluator.explain("document:1", "can_read", "user:anne").unwrap();
    assert!(explanation.allowed);
    let by: Vec<By> = explanation.steps.into_iter().map(|step| step.by).collect();
    assert_eq!(
        by,
        [
            By::Exclusion,
            By::Userset("document:1#viewer@group:1#member".into()),
            By::Tuple("group:1#member@user:anne".into())
        ]
    );
    let blocked = tuples(&["document:1#blocked@user:anne"]);
    let evaluator = Evaluator::new(&model, &index).with_tuples(&blocked).unwrap();
    let explanation = evaluator.explain("document:1", "can_read", "user:anne").unwrap();
    assert!(!explanation.allowed);
    assert!(explanation.steps.iter().any(|step| step.by == By::Excluded && step.relation == "document:1#can_read"));
    assert!(explanation.steps.iter().any(|step| step.by == By::Tuple("document:1#blocked@user:anne".into())));
}

#[test]
fn rounds_are_as_many_as_the_chain_is_long() {
    let model = model();
    // A thousand groups on one document: all of them are asked for at once.
    let query = Query::Check { object: "document:1", relation: "viewer", user: "user:anne" };
    let mut resolver = Resolver::new(&model, query);
    let Step::Read(first) = resolver.step(vec![]) else { panic!("nothing to read") };
    let answers = first.iter().map(|read| match read {
        Read::Usersets { object, .. } if object == "document:1" => Answer::Tuples(
            (0..1000).map(|n| TupleKey::new(object, "viewer", &format!("group:{n}#member")).unwrap()).collect(),
        ),
        _ => Answer::Tuples(vec![]),
    });
    let Step::Read(second) = resolver.step(answers.collect()) else { panic!("nothing to read") };
    // The user, the wildcard, and the usersets of each.
    assert_eq!(second.len(), 3000);
    let nothing = second.iter().map(|_| Answer::Tuples(vec![])).collect();
    assert_eq!(resolver.step(nothing), Step::Done(Ok(sentinel_core::policy::Outcome::Decision(false))));
}

#[test]
fn what_cannot_be_read_is_undecided() {
    let model = model();
    let query = Query::Check { object: "document:1", relation: "can_read", user: "user:anne" };
    let mut resolver = Resolver::new(&model, query);
    let mut answers = vec![];
    let outcome = loop {
        match resolver.step(answers) {
            Step::Done(outcome) => break outcome,
            // Everything is known but who is blocked.
            Step::Read(reads) => {
                answers = reads
                    .iter()
                    .map(|read| match read {
                        Read::Tuple { relation, .. } | Read::Usersets { relation, .. } if relation == "blocked" => {
                            Answer::Unknown
                        }
                        Read::Tuple { object, relation, user } if relation == "viewer" && user == "user:anne" => {
                            Answer::Tuples(vec![TupleKey::new(object, relation, user).unwrap()])
                        }
                        _ => Answer::Tuples(vec![]),
                    })
                    .collect();
            }
        }
    };
    assert_eq!(outcome, Err(QueryError::Undecided));
}

/// A condition over a long list costs what walking over the list does, whatever the language charges for it.
#[cfg(feature = "conditions")]
#[test]
fn what_conditions_take_is_counted() {
    use sentinel_core::Limits;
    use sentinel_core::policy::ModelConditions;
    use sentinel_core::policy::condition::Map;

    let model = "model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define viewer: [user, group#member with listed]
condition listed(names: list<string>) {
  size(names) > 10000
}
";
    let source = AuthorizationModel::from_valid_dsl(model).unwrap();
    let (model, conditions) = (CompiledModel::compile(&source).unwrap(), ModelConditions::compile(&source).unwrap());
    let groups: Vec<TupleKey> = (0..200)
        .map(|n| TupleKey::parse(&format!("document:1#viewer@group:{n}#member")).unwrap())
        .map(|tuple| tuple.with_condition("listed", ""))
        .collect();
    let index = Index::from_tuples(&groups).unwrap();
    let ask = |names: usize, work: u64| {
        let names: Vec<String> = (0..names).map(|n| format!("\"{n}\"")).collect();
        let limits = Limits { json_members: 60_000, ..Limits::DEFAULT };
        let context = format!("{{\"names\":[{}]}}", names.join(","));
        let context = Map::from_json(context.as_bytes(), &limits).unwrap();
        let conditions = conditions.in_context(Some(&context));
        let evaluator = Evaluator::new(&model, &index).with_conditions(&conditions);
        evaluator.with_budget(Budget { work, ..Budget::DEFAULT }).check("document:1", "viewer", "user:anne")
    };
    assert_eq!(ask(1, 20_000), Ok(false));
    assert_eq!(ask(500, 20_000), Err(QueryError::BudgetExceeded));
    assert_eq!(ask(500, 10_000_000), Ok(false));
}

/// What is looked at and passed over costs too: tuples of a kind that the model no longer allows.
#[test]
fn what_is_passed_over_is_counted() {
    let written: Vec<String> = (0..5_000).map(|n| format!("document:1#parent@document:{n}")).collect();
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    let (model, index) = (model(), Index::from_tuples(&tuples(&written)).unwrap());
    let ask = |work| {
        let budget = Budget { work, ..Budget::DEFAULT };
        Evaluator::new(&model, &index).with_budget(budget).check("document:1", "viewer", "user:anne")
    };
    assert_eq!(ask(1_000), Err(QueryError::BudgetExceeded));
    assert_eq!(ask(10_000), Ok(false));
}
