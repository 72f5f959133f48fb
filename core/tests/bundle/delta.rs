//! Deltas: the way there is the same as being there, and a gap is told.

use crate::bundles::{NOW, body, draft, full, keys, load, sealed, verifier, workspace};
use crate::generate::{Case, Random, case, tuple};
use sentinel_core::bundle::{Bundle, Change, Digest, Draft, Given, Kind, RevocationList, Revoked, Roles};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Index};
use sentinel_core::{Error, ErrorCode};

fn apply(bundle: &mut Bundle, file: &[u8]) -> Result<(), Error> {
    let verifier = verifier(workspace());
    let keys = keys();
    bundle.apply(&verifier.verify(file, &keys, &PureRust, NOW)?)
}

fn sorted(tuples: impl Iterator<Item = TupleKey>) -> Vec<TupleKey> {
    let mut all: Vec<TupleKey> = tuples.collect();
    all.sort();
    all
}

#[test]
fn deltas_lead_to_the_same_tuples_as_a_full_bundle() {
    let (mut steps, mut changed) = (0, 0);
    for seed in 0..150 {
        let mut random = Random(seed);
        let Case { mut model, tuples } = case(&mut random);
        // Their expressions have parameters that nobody declared; here nothing is evaluated.
        model.conditions.iter_mut().for_each(|condition| condition.expression = "true".into());
        assert!(CompiledModel::compile(&model).is_ok());
        let mut index = Index::from_tuples(&tuples).unwrap();
        let first = body(&model, &index, &[]);
        let mut bundle = load(workspace(), &full(workspace(), 1, &first)).unwrap();
        for revision in 1..6u64 {
            let before = sorted(index.tuples());
            for _ in 0..random.below(12) {
                let one = tuple(&mut random, &model);
                if random.one_in(3) {
                    index.remove(one.object(), one.relation(), one.user());
                } else {
                    index.insert(&one).unwrap();
                }
            }
            let after = sorted(index.tuples());
            let is_in = |list: &[TupleKey], tuple: &TupleKey| {
                list.iter().any(|one| {
                    (one.object(), one.relation(), one.user()) == (tuple.object(), tuple.relation(), tuple.user())
                })
            };
            let removed: Vec<TupleKey> = before.iter().filter(|tuple| !is_in(&after, tuple)).cloned().collect();
            let added: Vec<TupleKey> = after.iter().filter(|tuple| !before.contains(tuple)).cloned().collect();
            let body = Change { added: &added, removed: &removed, ..Change::default() }.body().unwrap();
            let held = bundle.known();
            let draft = draft(workspace(), revision + 1);
            apply(&mut bundle, &sealed(&draft.following(Kind::Delta, &body, (revision, held.state), None), &body))
                .unwrap();
            assert_eq!(sorted(bundle.tuples()), after, "seed {seed}, revision {revision}");
            assert_eq!(bundle.known().revision, revision + 1);
            assert_eq!(bundle.known().state, held.state.followed_by(&body));
            steps += 1;
            changed += added.len() + removed.len();
        }
        // The same content has the same bytes, whatever its history.
        let anew = Index::from_tuples(&sorted(index.tuples())).unwrap();
        assert_eq!(body(&model, &index, &[]), body(&model, &anew, &[]), "seed {seed}");
    }
    assert!(steps == 750 && changed > 1_500, "{steps} steps, {changed} changes");
}

const MODEL: &str = "model
  schema 1.1
type user
type document
  relations
    define viewer: [user]
";

fn tuples(all: &[&str]) -> Vec<TupleKey> {
    all.iter().map(|text| TupleKey::parse(text).unwrap()).collect()
}

struct Held {
    bundle: Bundle,
    first: Digest,
}

fn held() -> Held {
    let model = AuthorizationModel::from_valid_dsl(MODEL).unwrap();
    let index = Index::from_tuples(&tuples(&["document:1#viewer@user:anne"])).unwrap();
    let body = body(&model, &index, &[]);
    Held { bundle: load(workspace(), &full(workspace(), 7, &body)).unwrap(), first: Digest::of(&body) }
}

fn allows(bundle: &Bundle, object: &str, relation: &str) -> Result<bool, ErrorCode> {
    let answer = bundle.at(NOW, None).unwrap().check(object, relation, "user:anne", &Given::default());
    answer.map_err(|error| error.code())
}

#[test]
fn a_gap_asks_for_a_full_bundle() {
    let Held { mut bundle, first } = held();
    let added = tuples(&["document:2#viewer@user:anne"]);
    let body = Change { added: &added, ..Change::default() }.body().unwrap();
    let delta = |draft: Draft, from: (u64, Digest)| sealed(&draft.following(Kind::Delta, &body, from, None), &body);
    for (file, code) in [
        (delta(draft(workspace(), 9), (8, first)), ErrorCode::BundleStale),
        (delta(draft(workspace(), 7), (6, first)), ErrorCode::BundleStale),
        (delta(draft(workspace(), 8), (7, Digest([1; 32]))), ErrorCode::BundleStale),
        (delta(Draft { issued_at: NOW - 1, ..draft(workspace(), 8) }, (7, first)), ErrorCode::BundleStale),
        // Backwards.
        (delta(draft(workspace(), 6), (7, first)), ErrorCode::BundleInvalid),
        (full(workspace(), 8, &body), ErrorCode::BundleInvalid),
        (delta(draft(workspace().of_service("notes"), 8), (7, first)), ErrorCode::BundleInvalid),
        (delta(Draft { not_after: NOW, ..draft(workspace(), 8) }, (7, first)), ErrorCode::BundleStale),
    ] {
        assert_eq!(apply(&mut bundle, &file).unwrap_err().code(), code);
        assert_eq!(allows(&bundle, "document:2", "viewer"), Ok(false));
        assert_eq!(bundle.known().revision, 7);
    }
    // Something to be removed that is not there: what is held is not what it was made from.
    let removed = tuples(&["document:3#viewer@user:anne"]);
    let absent = Change { added: &added, removed: &removed, ..Change::default() }.body().unwrap();
    let file = sealed(&draft(workspace(), 8).following(Kind::Delta, &absent, (7, first), None), &absent);
    assert_eq!(apply(&mut bundle, &file).unwrap_err().code(), ErrorCode::BundleStale);
    assert_eq!(allows(&bundle, "document:2", "viewer"), Ok(false));

    // One that follows, over several steps at once: its state is the publisher's chain.
    let state = Digest([9; 32]);
    let manifest = draft(workspace(), 12).following(Kind::Delta, &body, (7, first), Some(state));
    apply(&mut bundle, &sealed(&manifest, &body)).unwrap();
    assert_eq!(allows(&bundle, "document:2", "viewer"), Ok(true));
    assert_eq!((bundle.known().revision, bundle.known().state), (12, state));
    assert!(bundle.at(NOW, Some(12)).is_ok() && bundle.at(NOW, Some(13)).is_err());
}

#[test]
fn what_stands_beside_the_tuples_changes_too() {
    let Held { mut bundle, first } = held();
    let model = AuthorizationModel::from_valid_dsl(&format!("{MODEL}    define reader: viewer\n")).unwrap();
    let roles = Roles::new([("editor", &["notes:write"][..])]);
    let revocations = RevocationList::new(b"salt", &[Revoked::Token("t1")]);
    assert_eq!(allows(&bundle, "document:1", "reader"), Err(ErrorCode::ConfigurationInvalid));
    let change =
        Change { model: Some(&model), roles: Some(&roles), revocations: Some(&revocations), ..Change::default() };
    let body = change.body().unwrap();
    let file = sealed(&draft(workspace(), 7).following(Kind::Delta, &body, (7, first), None), &body);
    apply(&mut bundle, &file).unwrap();
    assert_eq!(allows(&bundle, "document:1", "reader"), Ok(true));
    assert!(bundle.roles().allows("editor", "notes:write"));
    assert!(bundle.revocations().is_token_revoked("t1"));
    // Nothing but a later end: what is not said stays.
    let body = Change::default().body().unwrap();
    let later = Draft { not_after: NOW + 900, ..draft(workspace(), 7) };
    let from = (7, bundle.known().state);
    apply(&mut bundle, &sealed(&later.following(Kind::Delta, &body, from, None), &body)).unwrap();
    assert!(bundle.at(NOW + 899, None).is_ok() && bundle.at(NOW + 900, None).is_err());
    assert!(bundle.roles().allows("editor", "notes:write") && bundle.revocations().is_token_revoked("t1"));
}
