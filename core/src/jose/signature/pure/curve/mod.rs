//! Elliptic curves for verification alone: everything is public, and how long it takes depends on it.
//!
//! u·G + v·Q is computed with one set of doublings for both (Straus' method; HAC 14.88), of an
//! eighth of the usual number: each point comes with its multiples by 2^(b/8), 2^(2b/8) and so on, and
//! of each of those the odd multiples up to 15, for signed digits of five bits (wNAF; Hankerson,
//! Menezes, Vanstone, "Guide to Elliptic Curve Cryptography", algorithms 3.30, 3.36 and 3.51). A
//! key's 64 points take 5 to 10 KB and, once, about the time of two verifications.

pub(crate) mod edwards;
mod field;
pub(crate) mod weierstrass;

use alloc::vec;
use alloc::vec::Vec;

use crate::jose::key::modular::{BITS, Residue};

/// In how many parts a scalar is cut.
const PARTS: usize = 8;
/// How many bits a signed digit has, and how many odd multiples that takes.
const DIGIT: usize = 5;
const ODD: usize = 1 << (DIGIT - 2);

/// The group law of a curve.
pub(super) trait Law {
    /// A point on the way.
    type Point: Copy;
    /// A point to be added, in the form that makes this cheapest.
    type Multiple;

    /// How many digits one part of a scalar has.
    fn part(&self) -> usize;
    fn point(&self, multiple: &Self::Multiple, negate: bool) -> Self::Point;
    fn double(&self, point: &Self::Point) -> Self::Point;
    /// Adds, or subtracts; none for a sum that has no form as a point.
    fn add(&self, point: &Self::Point, multiple: &Self::Multiple, negate: bool) -> Option<Self::Point>;
    fn normalise(&self, points: &[Self::Point]) -> Option<Vec<Self::Multiple>>;
}

/// How many digits each part has of scalars below an order: one more in all than the order has bits.
fn part(order: &[u8]) -> usize {
    let zeros = order.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (order.len() * 8 - zeros + 1).div_ceil(PARTS)
}

/// The odd multiples up to 15 of the point and of its multiples by 2^part, 2^(2·part) and so on.
fn multiples<L: Law>(law: &L, mut point: L::Point) -> Option<Vec<L::Multiple>> {
    let mut bases = Vec::with_capacity(2 * PARTS);
    for part in 0..PARTS {
        if part > 0 {
            point = (0..law.part()).fold(point, |point, _| law.double(&point));
        }
        bases.extend([point, law.double(&point)]);
    }
    let mut multiples = Vec::with_capacity(PARTS * ODD);
    for [base, double] in law.normalise(&bases)?.as_chunks().0 {
        let mut multiple = law.point(base, false);
        multiples.push(multiple);
        for _ in 1..ODD {
            multiple = law.add(&multiple, double, false)?;
            multiples.push(multiple);
        }
    }
    law.normalise(&multiples)
}

/// The sum of each point, by its multiples, times its scalar; none for a sum that has no form as a point.
pub(super) fn sum<L: Law>(law: &L, points: [(&[L::Multiple], &Residue); 2]) -> Option<L::Point> {
    let points = points.map(|(multiples, scalar)| (multiples, digits(scalar, PARTS * law.part())));
    let mut sum: Option<L::Point> = None;
    for at in (0..law.part()).rev() {
        sum = sum.map(|point| law.double(&point));
        for (multiples, digits) in &points {
            for (digit, odd) in digits.iter().skip(at).step_by(law.part()).zip(multiples.chunks(ODD)) {
                let Some(multiple) = odd.get(usize::from(digit.unsigned_abs()) / 2).filter(|_| *digit != 0) else {
                    continue;
                };
                sum = match &sum {
                    Some(sum) => law.add(sum, multiple, *digit < 0),
                    None => Some(law.point(multiple, *digit < 0)),
                };
            }
        }
    }
    sum
}

/// Signed odd digits of five bits, with at least four zeros between two, from the lowest up.
fn digits(scalar: &Residue, count: usize) -> Vec<i8> {
    let limb = |at: usize| u64::from(scalar.limbs().get(at).copied().unwrap_or(0));
    let mut digits = vec![0; count];
    let (mut at, mut carry) = (0, 0);
    while let Some(digit) = digits.get_mut(at) {
        let window = (limb(at / BITS) | limb(at / BITS + 1) << BITS) >> (at % BITS) & 0x1f;
        if window & 1 == carry {
            at += 1;
            continue;
        }
        let value = (window + carry) as i8;
        carry = u64::from(value > 16);
        *digit = value - 32 * carry as i8;
        at += DIGIT;
    }
    digits
}
