//! What a slice says and what it must not say.

use crate::bundles::{NOW, body, full, load, workspace};
use sentinel_core::bundle::{Given, Kind, RevocationList, Roles, Snapshot, of_types, slice};
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Index, QueryError};
use sentinel_core::{Error, ErrorCode};

const MODEL: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, group#member]
type document
  relations
    define parent: [folder]
    define viewer: [user, user:*, group#member] or viewer from parent
    define blocked: [user, group#member]
    define restricted: [user:*]
    define cleared: [user]
    define can_read: (viewer but not blocked) but not restricted
    define can_publish: viewer from parent and cleared
";

/// Names of others begin so; none of them may be in Anne's slice.
const STORED: [&str; 20] = [
    "document:anne-own#viewer@user:anne",
    "document:shared#viewer@user:anne",
    "document:shared#viewer@user:secret-beth",
    "document:shared#viewer@group:secret-board#member",
    "group:secret-board#member@user:secret-carl",
    "group:eng#member@user:anne",
    "group:eng#member@user:secret-dora",
    "group:all#member@group:eng#member",
    "group:all#member@group:secret-ops#member",
    "folder:plans#viewer@group:all#member",
    "folder:plans#viewer@group:secret-board#member",
    "document:plan#parent@folder:plans",
    "document:plan#blocked@user:secret-beth",
    "document:plan#blocked@group:secret-board#member",
    "document:secret-minutes#parent@folder:secret-minutes",
    "document:secret-minutes#viewer@group:secret-board#member",
    "document:public#viewer@user:*",
    "document:public#blocked@user:secret-beth",
    "document:claimed#viewer@group:from-token#member",
    "group:from-token#member@user:secret-erin",
];

fn stored() -> (AuthorizationModel, CompiledModel, Index) {
    let model = AuthorizationModel::from_valid_dsl(MODEL).unwrap();
    let compiled = CompiledModel::compile(&model).unwrap();
    let tuples: Vec<TupleKey> = STORED.iter().map(|text| TupleKey::parse(text).unwrap()).collect();
    let mut index = Index::from_tuples(&tuples).unwrap();
    // What was removed leaves its names in an index.
    let gone = TupleKey::parse("document:secret-gone#viewer@user:secret-frank").unwrap();
    index.insert(&gone).unwrap();
    index.remove(gone.object(), gone.relation(), gone.user());
    (model, compiled, index)
}

fn contains(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|window| window == what.as_bytes())
}

#[test]
fn a_slice_names_nobody_else() {
    let (model, compiled, index) = stored();
    let whole = body(&model, &index, &[]);
    assert!(contains(&whole, "secret") && !contains(&whole, "gone") && !contains(&whole, "frank"));
    let claims = [TupleKey::parse("group:from-token#member@user:anne").unwrap()];
    let own = slice(&compiled, &index, "user:anne", &claims, 10_000).unwrap();
    let scope = workspace().of_user("user:anne");
    let file = full(scope.clone(), 1, &body(&model, &own, &claims));
    // Neither whole nor as the end of a name whose beginning is shared: names of others have parts of their own.
    for part in ["secret", "beth", "carl", "dora", "erin", "frank", "board", "ops", "minutes", "gone"] {
        assert!(!contains(&file, part), "{part}");
    }
    // Names whose beginning stands elsewhere are seen when all of them are read.
    let bundle = load(scope, &file).unwrap();
    let mut told: Vec<String> = bundle.tuples().map(|tuple| tuple.to_string()).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "document:anne-own#viewer@user:anne",
            "document:claimed#viewer@group:from-token#member",
            "document:plan#parent@folder:plans",
            "document:public#viewer@user:*",
            "document:shared#viewer@user:anne",
            "folder:plans#viewer@group:all#member",
            "group:all#member@group:eng#member",
            "group:eng#member@user:anne",
        ]
    );
    let current = bundle.at(NOW, None).unwrap();
    let check = |object: &str, relation: &str, user: &str, tuples: &[TupleKey]| {
        let given = Given { tuples, ..Given::default() };
        current.check(object, relation, user, &given).map_err(|error: Error| error.code())
    };
    for (object, expected) in [
        ("document:anne-own", true),
        ("document:shared", true),
        ("document:plan", true),
        ("document:public", true),
        ("document:secret-minutes", false),
        ("document:claimed", false),
        ("document:nowhere", false),
    ] {
        assert_eq!(check(object, "can_read", "user:anne", &[]), Ok(expected), "{object}");
    }
    assert_eq!(check("document:claimed", "can_read", "user:anne", &claims), Ok(true));
    // About others, or with a claim that it was not made for, it knows nothing: that is no answer, and no allow.
    let undecided = Err(ErrorCode::Undecided);
    for user in ["user:secret-beth", "user:*", "group:eng#member", "user:Anne", ""] {
        assert_eq!(check("document:shared", "viewer", user, &[]), undecided, "{user}");
    }
    let other = [TupleKey::parse("group:secret-board#member@user:anne").unwrap()];
    assert_eq!(check("document:secret-minutes", "viewer", "user:anne", &other), undecided);
    assert_eq!(
        current.list_objects("document", "can_read", "user:anne", &Given::default()),
        Ok(["anne-own", "plan", "public", "shared"].map(|id| format!("document:{id}")).into())
    );
}

#[test]
fn what_a_restriction_takes_away_leaves_no_name() {
    let (_, compiled, mut index) = stored();
    for text in ["document:secret-plan#parent@folder:plans", "document:secret-audit#parent@folder:secret-audits"] {
        index.insert(&TupleKey::parse(text).unwrap()).unwrap();
    }
    let names = |index: &Index| {
        let own = slice(&compiled, index, "user:anne", &[], 10_000).unwrap();
        own.tuples().map(|tuple| tuple.to_string()).collect::<Vec<_>>().join(" ")
    };
    // A document of her folder is hers to view.
    assert!(names(&index).contains("secret-plan") && !names(&index).contains("secret-audit"));
    let model = AuthorizationModel::from_valid_dsl(
        "model
  schema 1.1
type user
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder]
    define cleared: [user]
    define can_publish: viewer from parent and cleared
",
    )
    .unwrap();
    let compiled = CompiledModel::compile(&model).unwrap();
    let tuples = ["folder:plans#viewer@user:anne", "document:secret-plan#parent@folder:plans"];
    let tuples: Vec<TupleKey> = tuples.iter().map(|text| TupleKey::parse(text).unwrap()).collect();
    let index = Index::from_tuples(&tuples).unwrap();
    let told = |claims: &[TupleKey]| {
        let own = slice(&compiled, &index, "user:anne", claims, 10_000).unwrap();
        own.tuples().any(|tuple| tuple.object() == "document:secret-plan")
    };
    // She sees the folder, is not cleared, and the document's name is none of hers; cleared by a claim she needs it.
    assert!(!told(&[]));
    assert!(told(&[TupleKey::parse("document:secret-plan#cleared@user:anne").unwrap()]));
}

#[test]
fn what_a_slice_cannot_be_made_for() {
    let (_, compiled, index) = stored();
    let make = |user: &str, claims: &[&str], work: u64| {
        let claims: Vec<TupleKey> = claims.iter().map(|text| TupleKey::parse(text).unwrap()).collect();
        slice(&compiled, &index, user, &claims, work).map(|index| index.len())
    };
    assert!(matches!(make("user:*", &[], 100), Err(QueryError::Validation(_))));
    assert!(matches!(make("group:eng#member", &[], 100), Err(QueryError::Validation(_))));
    assert!(matches!(make("robot:1", &[], 100), Err(QueryError::TypeNotFound(_) | QueryError::Validation(_))));
    assert!(matches!(make("user:anne", &["document:1#owner@user:anne"], 100), Err(QueryError::InvalidTuple(..))));
    assert_eq!(make("user:anne", &[], 3), Err(QueryError::BudgetExceeded));
    // A stranger has what everyone has.
    assert_eq!(make("user:stranger", &[], 100), Ok(1));
}

#[test]
fn a_bundle_of_some_types_holds_what_they_depend_on() {
    let (model, compiled, index) = stored();
    let (types, held) = of_types(&compiled, &index, &["folder"]).unwrap();
    assert_eq!(types, ["folder", "group", "user"]);
    let names: Vec<&str> = types.iter().map(String::as_str).collect();
    let (roles, revocations) = (Roles::default(), RevocationList::default());
    let snapshot = Snapshot {
        model: &model,
        index: &held,
        roles: &roles,
        revocations: &revocations,
        claims: &[],
        types: Some(&names),
    };
    let body = snapshot.body().unwrap();
    assert!(!contains(&body, "minutes") && !contains(&body, "shared"));
    let scope = workspace().of_service("folders");
    let bundle = load(scope.clone(), &full(scope, 1, &body)).unwrap();
    assert_eq!(bundle.manifest().kind, Kind::Full);
    let current = bundle.at(NOW, None).unwrap();
    let check = |object: &str| current.check(object, "viewer", "user:anne", &Given::default());
    assert_eq!(check("folder:plans"), Ok(true));
    assert_eq!(check("folder:secret-minutes"), Ok(false));
    assert_eq!(check("document:shared").map_err(|error| error.code()), Err(ErrorCode::Undecided));
}
