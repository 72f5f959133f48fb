//! The modular arithmetic itself against num-bigint.

use rsa::BigUint;

use super::random::Random;
use super::{Tally, hex};

#[expect(dead_code, reason = "not everything in it is compared by itself")]
#[path = "../../../src/jose/key/modular/mod.rs"]
mod modular;

use modular::{Modulus, Residue};

pub(crate) fn case(random: &mut Random, tally: &mut Tally) {
    // Mostly small, where most cases fit into the time; every size up to the largest key's.
    let length = match random.below(64) {
        0 => 1 + random.below(1024),
        1..8 => 1 + random.below(300),
        _ => 1 + random.below(80),
    };
    let modulus = random.runs(length as usize);
    compare(random, modulus, false, tally);
}

/// Whole blocks of limbs without a spare bit: nothing above the topmost takes a carry.
pub(crate) fn full_blocks(random: &mut Random, tally: &mut Tally) {
    for length in (35..=1015).step_by(35) {
        // The largest sums there can be.
        compare(random, vec![0xff; length], true, tally);
        let mut modulus = random.runs(length);
        modulus[0] |= 0xc0;
        compare(random, modulus, false, tally);
    }
}

fn compare(random: &mut Random, mut modulus: Vec<u8>, largest: bool, tally: &mut Tally) {
    *modulus.last_mut().unwrap() |= 1;
    let n = BigUint::from_bytes_be(&modulus);
    let Some(ours) = Modulus::new(&modulus) else {
        assert_eq!(n, BigUint::from(1_u8), "refused modulus {}", hex(&modulus));
        return tally.count("bigint", false);
    };
    let number = |random: &mut Random| {
        let bytes = random.runs(modulus.len());
        let near = BigUint::from(random.below(3));
        match random.below(8) {
            _ if largest => &n - BigUint::from(1_u8),
            0 => near % &n,
            1 => (&n - BigUint::from(1_u8)) - (near % &n),
            _ => BigUint::from_bytes_be(&bytes) % &n,
        }
    };
    let (a, b) = (number(random), number(random));
    let plain = |number: &BigUint| ours.plain(&number.to_bytes_be()).unwrap();
    let value = |residue: &Residue| BigUint::from_bytes_be(&residue.to_bytes(modulus.len()));
    let leave = |residue: &Residue| value(&ours.multiply(residue, &plain(&(BigUint::from(1_u8) % &n))));
    let same = |what: &'static str, got: BigUint, expected: BigUint| {
        assert_eq!(got, expected, "{what}: n = {n:x}, a = {a:x}, b = {b:x}");
    };
    let (x, y) = (ours.enter(&plain(&a)), ours.enter(&plain(&b)));

    same("enter and leave", leave(&x), a.clone());
    same("multiply", leave(&ours.multiply(&x, &y)), &a * &b % &n);
    same("mixed multiply", value(&ours.multiply(&x, &plain(&b))), &a * &b % &n);
    same("plain multiply", value(&ours.enter(&ours.multiply(&plain(&a), &plain(&b)))), &a * &b % &n);
    same("plain square", value(&ours.enter(&ours.square(&plain(&a)))), &a * &a % &n);
    same("square", leave(&ours.square(&x)), &a * &a % &n);
    same("add", leave(&ours.add(&x, &y)), (&a + &b) % &n);
    let exponent = random.next() >> random.below(64);
    let power = ours.power(&x, &exponent.to_be_bytes());
    same("power", leave(&power), a.modpow(&BigUint::from(exponent), &n));
    let above = &n + &a;
    assert!(ours.plain(&above.to_bytes_be()).is_none(), "took a number not below {n:x}");
    match ours.plain_once(&above.to_bytes_be()) {
        Some(rest) => same("less n", value(&rest), a.clone()),
        None => assert!(above.bits() > 140 * n.bits().div_ceil(140), "did not take {n:x} + {a:x}"),
    }

    match ours.invert(&plain(&a)) {
        Some(inverse) => same("inverse", value(&inverse) * &a % &n, BigUint::from(1_u8) % &n),
        None => assert!(has_common_factor(&a, &n), "no inverse of {a:x} modulo {n:x}"),
    }
    tally.count("bigint", true);
}

fn has_common_factor(a: &BigUint, n: &BigUint) -> bool {
    let (mut a, mut b) = (a.clone(), n.clone());
    let zero = BigUint::from(0_u8);
    while a != zero {
        (a, b) = (&b % &a, a);
    }
    b != BigUint::from(1_u8)
}
