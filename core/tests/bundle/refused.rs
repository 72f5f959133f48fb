//! Whatever is not exactly what was signed for this holder is refused.

use crate::bundles::{AUDIENCE, ISSUER, NOW, base64url, draft, full, keys, load, sealed, sign, verifier, workspace};
use crate::generate::Random;
use crate::judge::{judge, seed, seeds};
use sentinel_core::bundle::{Bundle, BundleVerifier, Given, Kind, Known, Scope, TYPE, frame};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::{Algorithm, Algorithms, ErrorCode, KeySet};

const INVALID: Option<ErrorCode> = Some(ErrorCode::BundleInvalid);
const STALE: Option<ErrorCode> = Some(ErrorCode::BundleStale);

fn refusal(verifier: &BundleVerifier, file: &[u8], now: i64) -> Option<ErrorCode> {
    let keys = keys();
    verifier.verify(file, &keys, &PureRust, now).err().map(|error| error.code())
}

#[test]
fn every_flipped_bit_and_every_length() {
    let (_, _, body) = seed();
    let file = full(workspace(), 1, &body);
    let verifier = verifier(workspace());
    assert_eq!(refusal(&verifier, &file, NOW), None);
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            assert!(refusal(&verifier, &changed, NOW).is_some(), "bit {bit} of byte {at}");
        }
    }
    for length in 0..file.len() {
        assert_eq!(refusal(&verifier, &file[..length], NOW), INVALID, "{length} bytes");
    }
    assert_eq!(refusal(&verifier, &[&file[..], &[0]].concat(), NOW), INVALID);
    assert_eq!(refusal(&verifier, &[&[0][..], &file].concat(), NOW), INVALID);
}

#[test]
fn another_place_another_key_another_kind_of_token() {
    let (_, _, body) = seed();
    let hs256 = Algorithms::of(&[Algorithm::Hs256]);
    let file = full(workspace().of_service("notes"), 1, &body);
    let ours = verifier(workspace().of_service("notes"));
    assert_eq!(refusal(&ours, &file, NOW), None);
    for scope in [
        workspace(),
        Scope::workspace("w2").of_service("notes"),
        workspace().of_service("tasks"),
        workspace().of_service("notes").of_user("user:anne"),
        workspace().of_user("notes"),
    ] {
        assert_eq!(refusal(&verifier(scope.clone()), &file, NOW), INVALID, "{scope:?}");
    }
    let scope = || workspace().of_service("notes");
    let other = BundleVerifier::new("https://evil.example.com", AUDIENCE, scope(), hs256);
    assert_eq!(refusal(&other, &file, NOW), INVALID);
    let other = BundleVerifier::new(ISSUER, "tasks", scope(), hs256);
    assert_eq!(refusal(&other, &file, NOW), INVALID);
    let other = BundleVerifier::new(ISSUER, AUDIENCE, scope(), Algorithms::of(&[Algorithm::EdDsa]));
    assert_eq!(refusal(&other, &file, NOW), INVALID);
    let others = KeySet::from_secret(&[7; 32], Algorithm::Hs256).unwrap();
    assert_eq!(ours.verify(&file, &others, &PureRust, NOW).unwrap_err().code(), ErrorCode::BundleInvalid);
    // Which key is missing is told by the key's own code: a host fetches keys anew.
    let none = KeySet::default();
    assert_eq!(ours.verify(&file, &none, &PureRust, NOW).unwrap_err().code(), ErrorCode::KeyNotFound);

    let manifest = draft(scope(), 1).full(Kind::Full, &body, None, None);
    let payload = manifest.to_json();
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"none","typ":"sentinel-bundle+jwt"}"#,
        r#"{"alg":"HS256","typ":"sentinel-bundle+jwt","crit":["x"],"x":1}"#,
    ] {
        assert_eq!(refusal(&ours, &frame(&sign(header, &payload), &body), NOW), INVALID, "{header}");
    }
    // What a manifest must say, and what it must not.
    let header = format!(r#"{{"alg":"HS256","typ":"{TYPE}"}}"#);
    let signed = |payload: &str| refusal(&ours, &frame(&sign(&header, payload), &body), NOW);
    assert_eq!(signed(&payload), None);
    for (from, to) in [
        ("\"kind\":\"full\"", "\"kind\":\"whole\""),
        ("\"revision\":1", "\"revision\":-1"),
        ("\"revision\":1", "\"revision\":1.5"),
        ("\"revision\":1", "\"revision\":1,\"only\":\"readers\""),
        ("\"revision\":1", "\"revision\":1,\"from\":0"),
        ("\"revision\":1", "\"revision\":1,\"user\":7"),
        ("\"workspace\":\"w1\",", ""),
        ("\"aud\":\"notes\"", "\"aud\":[\"notes\"]"),
        ("\"iat\":1800000000,", ""),
        ("\"exp\":1800000300,", ""),
        ("\"exp\":1800000300", "\"exp\":1800000300.5"),
        ("\"length\":", "\"length\":1"),
        ("\"sha256\":\"", "\"sha256\":\"A"),
    ] {
        assert!(payload.contains(from), "{from}");
        assert_eq!(signed(&payload.replace(from, to)), INVALID, "{to}");
    }
    // The body is another kind than its manifest says.
    let delta = draft(scope(), 1).following(Kind::Delta, &body, (0, manifest.state), None);
    let file = sealed(&delta, &body);
    let keys = keys();
    let opened = ours.verify(&file, &keys, &PureRust, NOW).unwrap();
    assert_eq!(Bundle::load(&opened, None).err().map(|error| error.code()), INVALID);
    let file = sealed(&draft(scope(), 1).full(Kind::Revocations, &body, None, None), &body);
    let opened = ours.verify(&file, &keys, &PureRust, NOW).unwrap();
    assert_eq!(Bundle::load(&opened, None).err().map(|error| error.code()), INVALID);
}

#[test]
fn time_and_revisions() {
    let (_, _, body) = seed();
    let verifier = verifier(workspace());
    let keys = keys();
    let publish = |revision: u64, issued_at: i64| {
        let draft = sentinel_core::bundle::Draft { issued_at, ..draft(workspace(), revision) };
        sealed(&draft.full(Kind::Full, &body, None, None), &body)
    };
    let file = publish(5, NOW);
    assert_eq!(refusal(&verifier, &file, NOW + 299), None);
    assert_eq!(refusal(&verifier, &file, NOW + 300), STALE);
    let bundle = Bundle::load(&verifier.verify(&file, &keys, &PureRust, NOW).unwrap(), None).unwrap();
    let stale = |now: i64, at_least: Option<u64>| bundle.at(now, at_least).err().map(|error| error.code());
    assert_eq!((stale(NOW + 299, None), stale(NOW, Some(5))), (None, None));
    assert_eq!((stale(NOW + 300, None), stale(NOW, Some(6)), stale(i64::MAX, None)), (STALE, STALE, STALE));

    let known = Known::parse(&bundle.known().to_text()).unwrap();
    assert_eq!(known, bundle.known());
    for text in ["", "1", "2.5.0.x", &format!("{}.", bundle.known().to_text()), "1.-5.0.AAAA"] {
        assert_eq!(Known::parse(text), None, "{text}");
    }
    let after = |file: &[u8], known: &Known| {
        let opened = verifier.verify(file, &keys, &PureRust, NOW).unwrap();
        Bundle::load(&opened, Some(known)).err().map(|error| error.code())
    };
    assert_eq!(after(&file, &known), None, "the same again");
    assert_eq!(after(&publish(4, NOW + 10), &known), STALE, "an older revision");
    assert_eq!(after(&publish(5, NOW - 1), &known), STALE, "published earlier");
    assert_eq!(after(&publish(5, NOW + 1), &known), None);
    assert_eq!(after(&publish(6, NOW - 9), &known), None);
    let forked = Known { state: sentinel_core::bundle::Digest([0; 32]), ..known };
    assert_eq!(after(&file, &forked), INVALID, "another state of the same revision and time");
    // One place for each issuer, audience and scope.
    let place = |scope: Scope| draft(scope, 1).full(Kind::Full, &body, None, None).place();
    assert_eq!(place(workspace()), bundle.manifest().place());
    assert_ne!(place(workspace()), place(workspace().of_service("w1")));
    assert_ne!(place(workspace().of_service("a")), place(workspace().of_user("a")));
}

#[test]
fn sections_in_another_order() {
    let (_, _, body) = seed();
    // A version, a kind, then sections of a number, a length of one or two bytes, and content.
    let mut sections: Vec<&[u8]> = Vec::new();
    let mut rest = &body[2..];
    while !rest.is_empty() {
        let (length, head) = if rest[1] < 0x80 {
            (usize::from(rest[1]), 2)
        } else {
            (usize::from(rest[1] & 0x7f) | usize::from(rest[2]) << 7, 3)
        };
        let (section, others) = rest.split_at(head + length);
        sections.push(section);
        rest = others;
    }
    assert_eq!(sections.len(), 9);
    let whole = |sections: &[&[u8]]| [&body[..2], &sections.concat()].concat();
    let answer = |body: &[u8]| load(workspace(), &full(workspace(), 1, body)).err().map(|error| error.code());
    assert_eq!(answer(&whole(&sections)), None);
    for one in 0..sections.len() {
        for other in 0..one {
            let mut swapped = sections.clone();
            swapped.swap(one, other);
            assert_eq!(answer(&whole(&swapped)), INVALID, "{one} and {other}");
            // The numbers in order, the contents swapped. Tuples and claims have one form: of these only the manifest's hash
            // tells which is which.
            if [swapped[one][0], swapped[other][0]] == [6, 8] {
                continue;
            }
            let mut numbered: Vec<Vec<u8>> = swapped.iter().map(|section| section.to_vec()).collect();
            for (section, original) in numbered.iter_mut().zip(&sections) {
                section[0] = original[0];
            }
            let numbered: Vec<&[u8]> = numbered.iter().map(Vec::as_slice).collect();
            assert_eq!(answer(&whole(&numbered)), INVALID, "the contents of {one} and {other}");
        }
        let mut twice = sections.clone();
        twice.insert(one, sections[one]);
        assert_eq!(answer(&whole(&twice)), INVALID, "{one} twice");
    }
    for change in [[2, 1], [1, 2], [0, 1]] {
        assert_eq!(answer(&[&change, &body[2..]].concat()), INVALID, "version and kind {change:?}");
    }
}

/// Behind a signature too nothing panics, and a body that was cut or changed holds no more than it says.
#[test]
fn signed_damage_breaks_no_promise() {
    let seeds = seeds();
    for seed in &seeds {
        judge(seed);
        for length in 0..seed.len() {
            judge(&seed[..length]);
        }
    }
    let mut random = Random(0x5e17_1e1d_2026_0002);
    for round in 0..20_000 {
        let mut input = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            // The kind of input stays: what it is is not what is damaged.
            let at = 1 + random.below(input.len() - 1);
            match random.below(5) {
                0 => input[at] ^= 1 << random.below(8),
                1 => input[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
                2 => input.insert(at, random.below(256) as u8),
                3 if input.len() > 8 => drop(input.remove(at)),
                _ => {
                    let other = &seeds[random.below(seeds.len())];
                    let from = random.below(other.len());
                    let end = (from + random.below(32)).min(other.len());
                    input.splice(at..at, other[from..end].iter().copied());
                }
            }
        }
        if std::panic::catch_unwind(|| judge(&input)).is_err() {
            panic!("round {round}: {}", base64url(&input));
        }
    }
}

#[test]
fn answers_only_for_the_types_it_holds() {
    let (_, _, body) = seed();
    let bundle = load(workspace(), &full(workspace(), 1, &body)).unwrap();
    let current = bundle.at(NOW, None).unwrap();
    let check = |object: &str, user: &str| current.check(object, "viewer", user, &Given::default());
    assert_eq!(check("document:1", "user:anne"), Ok(true));
    assert_eq!(check("document:1", "user:beth"), Ok(false));
    assert_eq!(check("document:10", "user:beth"), Ok(true));
    assert_eq!(check("document:11", "user:zoe"), Ok(true));
    assert_eq!(check("user:anne", "user:anne").map_err(|error| error.code()), Err(ErrorCode::Undecided));
    assert_eq!(check("unheard:1", "user:anne").map_err(|error| error.code()), Err(ErrorCode::Undecided));
    assert_eq!(
        current.list_objects("document", "viewer", "user:carl", &Given::default()),
        Ok(vec!["document:10".into(), "document:11".into()])
    );
    assert!(bundle.roles().allows("editor", "notes:write") && !bundle.roles().allows("viewer", "notes:write"));
    assert!(bundle.revocations().is_token_revoked("t2") && !bundle.revocations().is_token_revoked("t3"));
}
