use super::*;
use crate::{MasterKey, RsaBits};

use SigningAlgorithm::{EdDsa, Es256, Rs256};

const HOUR: Millis = 3_600_000;
const LIFE: Millis = HOUR;
const WAIT: Millis = HOUR / 2;

fn record(kid: &str, created_at: Millis, signs_from: Millis, retires_at: Option<Millis>) -> KeyRecord {
    KeyRecord {
        kid: kid.to_owned(),
        algorithm: Rs256,
        public_jwk: String::new(),
        sealed_private: Vec::new(),
        created_at,
        signs_from,
        retires_at,
    }
}

fn of(algorithm: SigningAlgorithm, record: KeyRecord) -> KeyRecord {
    KeyRecord { algorithm, ..record }
}

fn new_key() -> NewKey {
    NewKey::generate(Es256, RsaBits::default(), &MasterKey::generate().unwrap()).unwrap()
}

/// What storing a rotation does.
fn store(records: &mut Vec<KeyRecord>, rotation: Rotation) -> String {
    for retirement in &rotation.retirements {
        let record = records.iter_mut().find(|record| record.kid == retirement.kid).unwrap();
        record.retires_at = Some(retirement.retires_at);
    }
    let kid = rotation.new.kid.clone();
    records.push(rotation.new);
    kid
}

fn signs(records: &[KeyRecord], algorithm: SigningAlgorithm, now: Millis) -> Option<&str> {
    signing(records, algorithm, now).map(|record| record.kid.as_str())
}

fn kids<'a>(records: &[&'a KeyRecord]) -> Vec<&'a str> {
    records.iter().map(|record| record.kid.as_str()).collect()
}

#[test]
fn the_first_key_signs_at_once() {
    let rotation = rotate(&[], new_key(), 1_000, WAIT, LIFE);
    assert_eq!((rotation.new.created_at, rotation.new.signs_from, rotation.new.retires_at), (1_000, 1_000, None));
    assert!(rotation.retirements.is_empty());
    assert_eq!(signs(std::slice::from_ref(&rotation.new), Es256, 1_000), Some(rotation.new.kid.as_str()));
}

#[test]
fn a_rotation_step_by_step() {
    let mut records = Vec::new();
    let old = store(&mut records, rotate(&[], new_key(), 0, WAIT, LIFE));
    let start = 10 * HOUR;
    let rotation = rotate(&records, new_key(), start, WAIT, LIFE);
    let new = store(&mut records, rotation);
    let (takes_over, ends) = (start + WAIT, start + WAIT + LIFE + MARGIN);

    let phases = |now| {
        let of = |kid: &str| {
            let record = records.iter().find(|record| record.kid == kid).unwrap();
            phase(record, &records, Es256, now)
        };
        (of(&old), of(&new))
    };
    // Published: both, at once. Waiting: the old one signs.
    assert_eq!(phases(start), (Phase::Signing, Phase::Waiting));
    assert_eq!(kids(&published(&records, Es256, start)), [old.as_str(), &new]);
    assert_eq!(phases(takes_over - 1), (Phase::Signing, Phase::Waiting));
    // The new one signs; the old one stays until what it signed last has expired.
    assert_eq!(phases(takes_over), (Phase::Published, Phase::Signing));
    assert_eq!(kids(&published(&records, Es256, takes_over)), [new.as_str(), &old]);
    assert_eq!(phases(ends - 1), (Phase::Published, Phase::Signing));
    assert!(ends > takes_over + LIFE, "the last token of the old key has expired");
    assert_eq!(phases(ends), (Phase::Retired, Phase::Signing));
    assert_eq!(kids(&published(&records, Es256, ends)), [new.as_str()]);

    // A ring is out of date exactly when one of these steps comes.
    assert_eq!(next_change(&records, start), Some(takes_over));
    assert_eq!(next_change(&records, takes_over - 1), Some(takes_over));
    assert_eq!(next_change(&records, takes_over), Some(ends));
    assert_eq!(next_change(&records, ends), None);
}

#[test]
fn without_a_wait_the_new_key_signs_at_once() {
    let records = [record("old", 0, 0, None)];
    let rotation = rotate(&records, new_key(), HOUR, 0, LIFE);
    assert_eq!(rotation.new.signs_from, HOUR);
    assert_eq!(rotate(&records, new_key(), HOUR, -5, LIFE).new.signs_from, HOUR, "never before it was published");
}

#[test]
fn a_rotation_of_retired_keys_does_not_wait() {
    let records = [record("old", 0, 0, Some(HOUR))];
    let rotation = rotate(&records, new_key(), HOUR, WAIT, LIFE);
    assert_eq!(rotation.new.signs_from, HOUR);
    assert!(rotation.retirements.is_empty(), "what has retired stays as it is");
}

#[test]
fn the_youngest_whose_time_has_come_signs_in_whatever_order_they_are_stored() {
    let sorted = [
        record("retired", 1, 1, Some(50)),
        record("old", 2, 2, None),
        record("young", 3, 3, None),
        record("waiting", 4, 200, None),
    ];
    for rotation in 0..sorted.len() {
        let mut records = sorted.clone();
        records.rotate_left(rotation);
        assert_eq!(signs(&records, Rs256, 100), Some("young"));
        assert_eq!(kids(&published(&records, Rs256, 100)), ["young", "waiting", "old"]);
        assert_eq!(signs(&records, Rs256, 200), Some("waiting"));
    }
    // Of one moment: the same one everywhere.
    let (a, b) = (record("a", 1, 1, None), record("b", 1, 1, None));
    assert_eq!(signs(&[a.clone(), b.clone()], Rs256, 1), signs(&[b, a], Rs256, 1));
}

#[test]
fn a_key_of_the_configured_algorithm_goes_before_a_younger_one() {
    let records = [record("rsa", 1, 1, None), of(EdDsa, record("ed", 2, 2, None))];
    assert_eq!(signs(&records, Rs256, 10), Some("rsa"));
    assert_eq!(signs(&records, EdDsa, 10), Some("ed"));
    assert_eq!(signs(&records, Es256, 10), Some("ed"), "none of the algorithm: the youngest");
}

#[test]
fn after_the_algorithm_was_changed_the_old_key_signs_until_the_new_one_is_known() {
    let mut records = vec![record("rsa", 0, 0, None)];
    assert!(is_provided(&records, Rs256));
    assert!(!is_provided(&records, Es256));
    let rotation = rotate(&records, new_key(), HOUR, WAIT, LIFE);
    let new = store(&mut records, rotation);
    assert_eq!(signs(&records, Es256, HOUR), Some("rsa"));
    assert_eq!(signs(&records, Es256, HOUR + WAIT), Some(new.as_str()));
    assert!(is_provided(&records, Es256));
    // And back, before the first key is gone: it is not there to stay.
    assert!(!is_provided(&records, Rs256));
}

#[test]
fn an_end_is_only_ever_moved_back() {
    // Rotated twice: the first key may have to sign until the third does.
    let mut records = vec![record("first", 0, 0, None)];
    let rotation = rotate(&records, new_key(), HOUR, WAIT, LIFE);
    store(&mut records, rotation);
    let rotation = rotate(&records, new_key(), HOUR + 1, WAIT, LIFE);
    let end = HOUR + 1 + WAIT + LIFE + MARGIN;
    assert!(rotation.retirements.iter().all(|retirement| retirement.retires_at == end), "{rotation:?}");
    assert_eq!(rotation.retirements.len(), 2);

    let records = [record("late", 0, 0, Some(100 * HOUR)), record("other", 1, 1, None)];
    let rotation = rotate(&records, new_key(), HOUR, WAIT, LIFE);
    assert_eq!(rotation.retirements[0].retires_at, 100 * HOUR);
}

#[test]
fn a_key_made_by_a_clock_that_is_behind_is_still_the_youngest() {
    let records = [record("ahead", HOUR + 500, HOUR, None)];
    let rotation = rotate(&records, new_key(), HOUR, 0, LIFE);
    assert_eq!(rotation.new.created_at, HOUR + 501);
}

#[test]
fn where_no_time_has_come_the_first_to_come_signs() {
    let records = [record("later", 2, 300, None), record("sooner", 1, 200, None)];
    assert_eq!(signs(&records, Rs256, 100), Some("sooner"));
}

#[test]
fn expired_keys_sign_nothing() {
    let records = [record("a", 0, 0, Some(10)), record("b", 1, 1, Some(20))];
    assert_eq!(signs(&records, Rs256, 20), None);
    assert!(published(&records, Rs256, 20).is_empty());
    assert_eq!(phase(&records[0], &records, Rs256, 20), Phase::Retired);
    assert_eq!(signs(&[], Rs256, 0), None);
}

#[test]
fn retiring_takes_effect_now_and_never_takes_the_last() {
    let mut records = vec![record("old", 0, 0, Some(5 * HOUR)), record("new", 1, HOUR, None)];
    assert!(matches!(retire(&records, "new", 0), Err(KeysError::LastKey { .. })), "the other one has its end");
    assert!(matches!(retire(&records, "none", 0), Err(KeysError::KeyUnknown { .. })));
    let retirement = retire(&records, "old", 100).unwrap();
    assert_eq!(retirement.retires_at, 100);
    records[0].retires_at = Some(100);
    // Its time has not come, but there is nothing else.
    assert_eq!(signs(&records, Rs256, 100), Some("new"));
    assert_eq!(retire(&records, "old", 200).unwrap().retires_at, 100, "what has retired stays retired");
    assert!(matches!(retire(&records, "new", 200), Err(KeysError::LastKey { .. })));
}

#[test]
fn times_at_the_end_of_time_do_not_overflow() {
    let records = [record("a", Millis::MAX, Millis::MIN, None)];
    let rotation = rotate(&records, new_key(), Millis::MAX, Millis::MAX, Millis::MAX);
    assert_eq!(rotation.new.signs_from, Millis::MAX);
    assert_eq!(signs(&records, Rs256, Millis::MIN), Some("a"));
    assert_eq!(signs(&[record("b", 0, Millis::MAX, None)], Rs256, Millis::MIN), Some("b"));
}
