//! What must hold for any bundle whatever: shared by the fuzz target and its short run in the tests.

use crate::bundles::{NOW, body, draft, full, keys, sealed, verifier, workspace};
use sentinel_core::bundle::{
    Bounds, Bundle, Change, Digest, Given, Kind, RevocationBundle, RevocationList, Revoked, Roles, Snapshot,
    revocations,
};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::policy::Index;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;

/// Memory stays small whatever a body says.
const BOUNDS: Bounds = Bounds { body_bytes: 1 << 20, name_bytes: 1 << 20, tuples: 1 << 16 };

const MODEL: &str = r#"{"schema_version":"1.1","type_definitions":[{"type":"user"},{"type":"group","relations":{"member":{"this":{}}},"metadata":{"relations":{"member":{"directly_related_user_types":[{"type":"user"},{"type":"group","relation":"member"}]}}}},{"type":"document","relations":{"viewer":{"this":{}}},"metadata":{"relations":{"viewer":{"directly_related_user_types":[{"type":"user"},{"type":"user","wildcard":{}},{"type":"group","relation":"member"}]}}}}]}"#;

fn tuples(all: &[&str]) -> Vec<TupleKey> {
    all.iter().map(|text| TupleKey::parse(text).unwrap()).collect()
}

/// The model, the index, and a full bundle's body of them.
pub(crate) fn seed() -> (AuthorizationModel, Index, Vec<u8>) {
    let model = AuthorizationModel::from_json(MODEL.as_bytes()).unwrap();
    let index = Index::from_tuples(&tuples(&[
        "document:1#viewer@user:anne",
        "document:10#viewer@group:eng#member",
        "document:11#viewer@user:*",
        "group:eng#member@user:beth",
        "group:eng#member@user:carl",
        "group:eng#member@user:dora",
    ]))
    .unwrap();
    let roles = Roles::new([("editor", &["notes:write", "notes:read"][..]), ("viewer", &["notes:read"][..])]);
    let list = RevocationList::new(b"salt", &[Revoked::Token("t1"), Revoked::Token("t2"), Revoked::User("u1", NOW)]);
    let claims = tuples(&["group:eng#member@user:anne"]);
    let types = ["document", "group"];
    let snapshot = Snapshot {
        model: &model,
        index: &index,
        roles: &roles,
        revocations: &list,
        claims: &claims,
        types: Some(&types),
    };
    let body = snapshot.body().unwrap();
    (model, index, body)
}

/// Bodies to begin with: each kind of input by its first byte.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let (model, index, whole) = seed();
    let change = Change {
        added: &tuples(&["document:2#viewer@user:anne", "group:ops#member@user:beth"]),
        removed: &tuples(&["document:1#viewer@user:anne"]),
        roles: Some(&Roles::default()),
        ..Change::default()
    };
    let list = RevocationList::new(b"", &[Revoked::Session("s1"), Revoked::Member("u1", "w1", 5), Revoked::All(7)]);
    let with = |first: u8, rest: &[u8]| [&[first][..], rest].concat();
    vec![
        with(0, &full(workspace(), 1, &whole)),
        with(1, &whole),
        with(1, &body(&model, &index, &[])),
        with(2, &change.body().unwrap()),
        with(3, &revocations(&list)),
    ]
}

/// The first byte says what the rest is: a file as it came, or a body that is signed here, so that what is behind the
/// signature is reached too.
pub(crate) fn judge(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let verifier = verifier(workspace()).bounds(BOUNDS);
    let keys = keys();
    let kind = [Kind::Full, Kind::Full, Kind::Delta, Kind::Revocations][usize::from(first % 4)];
    let signed = |kind: Kind, body: &[u8]| match kind {
        Kind::Delta => {
            let (_, _, held) = seed();
            sealed(&draft(workspace(), 2).following(kind, body, (1, Digest::of(&held)), None), body)
        }
        _ => sealed(&draft(workspace(), 1).full(kind, body, None, None), body),
    };
    let file = if first % 4 == 0 { rest.to_vec() } else { signed(kind, rest) };
    let Ok(opened) = verifier.verify(&file, &keys, &PureRust, NOW) else {
        assert!(first % 4 == 0 || rest.len() > BOUNDS.body_bytes, "a signed bundle does not verify");
        return;
    };
    match opened.manifest().kind {
        Kind::Full => {
            if let Ok(bundle) = Bundle::load(&opened, None) {
                asked(&bundle);
            }
        }
        Kind::Delta => {
            let (_, _, held) = seed();
            let file = full(workspace(), 1, &held);
            let held = verifier.verify(&file, &keys, &PureRust, NOW).unwrap();
            let mut bundle = Bundle::load(&held, None).unwrap();
            let before = answers(&bundle);
            match bundle.apply(&opened) {
                Ok(()) => asked(&bundle),
                // What is not applied has changed nothing.
                Err(_) => assert_eq!(answers(&bundle), before),
            }
        }
        Kind::Revocations => drop(RevocationBundle::load(&opened, None)),
    }
}

fn answers(bundle: &Bundle) -> Vec<Option<bool>> {
    let current = bundle.at(NOW, None).unwrap();
    let mut all = Vec::new();
    for object in ["document:1", "document:10", "document:11", "group:eng"] {
        for relation in ["viewer", "member"] {
            for user in ["user:anne", "user:beth", "group:eng#member"] {
                all.push(current.check(object, relation, user, &Given::default()).ok());
            }
        }
    }
    all
}

fn asked(bundle: &Bundle) {
    let current = bundle.at(NOW, None).unwrap();
    assert!(bundle.at(NOW + 300, None).is_err(), "past its time");
    let _ = answers(bundle);
    for tuple in bundle.tuples().take(64) {
        let _ = current.check(tuple.object(), tuple.relation(), tuple.user(), &Given::default());
        let of = tuple.object().split(':').next().unwrap();
        let _ = current.list_objects(of, tuple.relation(), tuple.user(), &Given::default());
    }
    for role in bundle.roles().roles() {
        assert!(bundle.roles().actions_of(role).all(|action| bundle.roles().allows(role, action)));
    }
    let _ = bundle.revocations().is_token_revoked("t1");
}
