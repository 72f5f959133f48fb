//! P-256, P-384 and P-521 for verification alone: everything is public, and how long it takes depends on it.
//!
//! u·G + v·Q is computed with one set of doublings for both (Straus' method; HAC 14.88), of an
//! eighth of the usual number: each point comes with its multiples by 2^(b/8), 2^(2b/8) and so on, and
//! of each of those the odd multiples up to 15, for signed digits of five bits (wNAF; Hankerson,
//! Menezes, Vanstone, "Guide to Elliptic Curve Cryptography", algorithms 3.30, 3.36 and 3.51). A
//! key's 64 points take 5 to 10 KB and, once, about the time of two verifications.

mod field;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use once_cell::race::OnceBox;

pub(crate) use field::{Element, Prime};

use crate::jose::key::modular::{BITS, Modulus, Residue};
use crate::jose::key::{Curve, Domain};

/// In how many parts a scalar is cut.
const PARTS: usize = 8;
/// How many bits a signed digit has, and how many odd multiples that takes.
const DIGIT: usize = 5;
const ODD: usize = 1 << (DIGIT - 2);

/// A point but the one at infinity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine<const L: usize> {
    x: Element<L>,
    y: Element<L>,
}

/// (x/z^2, y/z^3), z not zero. The values' bounds, in p: x 13, y 10, z 5; y's limbs may be negative.
#[derive(Clone, Copy)]
pub(super) struct Jacobian<const L: usize> {
    x: Element<L>,
    y: Element<L>,
    z: Element<L>,
}

/// A curve's constants.
#[derive(Debug)]
pub(crate) struct Group<const L: usize> {
    pub(super) order: Modulus,
    prime: Modulus,
    /// One and R, both in Montgomery's form.
    one: Element<L>,
    square: Element<L>,
    /// How many digits one part of a scalar has.
    part: usize,
    pub(super) generator: Vec<Affine<L>>,
}

/// The multiples of a key's point, made when it is first used.
#[derive(Debug)]
pub(crate) enum Multiples {
    P256(OnceBox<Vec<Affine<10>>>),
    P384(OnceBox<Vec<Affine<14>>>),
    P521(OnceBox<Vec<Affine<19>>>),
}

impl Multiples {
    pub(crate) fn of(curve: Curve) -> Self {
        match curve {
            Curve::P256 => Self::P256(OnceBox::new()),
            Curve::P384 => Self::P384(OnceBox::new()),
            Curve::P521 => Self::P521(OnceBox::new()),
        }
    }
}

/// The group over a field, made when it is first used.
pub(crate) trait Grouped<const L: usize>: Prime<L> {
    fn group() -> Option<&'static Group<L>>;
}

macro_rules! group {
    ($limbs:literal, $curve:expr) => {
        impl Grouped<$limbs> for Element<$limbs> {
            fn group() -> Option<&'static Group<$limbs>> {
                static GROUP: OnceBox<Group<$limbs>> = OnceBox::new();
                GROUP.get_or_try_init(|| Group::new($curve.domain()).map(Box::new).ok_or(())).ok()
            }
        }
    };
}
group!(10, Curve::P256);
group!(14, Curve::P384);
group!(19, Curve::P521);

impl<const L: usize> Group<L>
where
    Element<L>: Prime<L>,
{
    fn new(domain: &Domain) -> Option<Self> {
        let (prime, order) = (Modulus::new(domain.prime)?, Modulus::new(domain.order)?);
        // R = 2^(28·L) may differ from the R of `Modulus`, which rounds L up: both are left through bytes.
        let two = prime.residue(&[2])?;
        let power = |exponent: usize| {
            let power = prime.power(&two, &exponent.to_be_bytes());
            Some(Element::plain(&prime.multiply(&power, &prime.plain(&[1])?)))
        };
        let (one, square) = (power(BITS * L)?, power(2 * BITS * L)?);
        let bits = domain.order.len() * 8 - domain.order.first()?.leading_zeros() as usize;
        let part = (bits + 1).div_ceil(PARTS);
        let mut group = Self { order, prime, one, square, part, generator: Vec::new() };
        group.generator = group.multiples(domain.generator.0, domain.generator.1)?;
        Some(group)
    }

    /// The odd multiples up to 15 of the point and of its multiples by 2^part, 2^(2·part) and so on.
    pub(super) fn multiples(&self, x: &[u8], y: &[u8]) -> Option<Vec<Affine<L>>> {
        let mut point = self.jacobian(&Affine { x: self.element(x)?, y: self.element(y)? }, false);
        let mut bases = Vec::with_capacity(2 * PARTS);
        for part in 0..PARTS {
            if part > 0 {
                point = (0..self.part).fold(point, |point, _| self.double(&point));
            }
            bases.extend([point, self.double(&point)]);
        }
        let mut multiples = Vec::with_capacity(PARTS * ODD);
        for pair in self.normalise(&bases)?.as_chunks().0 {
            let [base, double]: &[Affine<L>; 2] = pair;
            let mut multiple = self.jacobian(base, false);
            multiples.push(multiple);
            for _ in 1..ODD {
                multiple = self.add(&multiple, double, false)?;
                multiples.push(multiple);
            }
        }
        self.normalise(&multiples)
    }

    /// The sum of each point, by its multiples, times its scalar; none for the point at infinity.
    pub(super) fn sum(&self, points: [(&[Affine<L>], &Residue); 2]) -> Option<Jacobian<L>> {
        let points = points.map(|(multiples, scalar)| (multiples, digits(scalar, PARTS * self.part)));
        let mut sum: Option<Jacobian<L>> = None;
        for at in (0..self.part).rev() {
            sum = sum.map(|point| self.double(&point));
            for (multiples, digits) in &points {
                for (digit, odd) in digits.iter().skip(at).step_by(self.part).zip(multiples.chunks(ODD)) {
                    let Some(multiple) = odd.get(usize::from(digit.unsigned_abs()) / 2).filter(|_| *digit != 0) else {
                        continue;
                    };
                    sum = match &sum {
                        Some(sum) => self.add(sum, multiple, *digit < 0),
                        None => Some(self.jacobian(multiple, *digit < 0)),
                    };
                }
            }
        }
        sum
    }

    /// Whether the point's x coordinate, reduced by the order, is r (FIPS 186-5 §6.4.2, steps 5 and 6).
    pub(super) fn has_x(&self, point: &Jacobian<L>, r: &[u8]) -> Option<bool> {
        let square = point.z.square();
        let is_x = |x: &Residue| {
            let x = Element::plain(x).multiply(&self.square);
            point.x.minus(&x.multiply(&square)).is_zero(&self.prime)
        };
        // r is below the order, the order is below p; r + n wraps around p exactly if it comes out smaller.
        let r = self.prime.plain(r)?;
        let n = self.prime.of_limbs(self.order.limbs())?;
        let second = self.prime.add(&r, &n);
        let wrapped = second.limbs().iter().rev().lt(r.limbs().iter().rev());
        Some(is_x(&r) || (!wrapped && is_x(&second)))
    }

    fn element(&self, bytes: &[u8]) -> Option<Element<L>> {
        Some(Element::plain(&self.prime.plain(bytes)?).multiply(&self.square))
    }

    fn jacobian(&self, point: &Affine<L>, negate: bool) -> Jacobian<L> {
        Jacobian { x: point.x, y: point.y.negated(negate), z: self.one }
    }

    /// "dbl-2001-b" for a = -3 (Explicit-Formulas Database; Bernstein 2001). No point has order two.
    fn double(&self, point: &Jacobian<L>) -> Jacobian<L> {
        let Jacobian { x, y, z } = point;
        let (delta, gamma) = (z.square(), y.square());
        let beta = x.multiply(&gamma);
        let alpha = x.minus(&delta).multiply(&x.plus(&delta));
        let alpha = Element::combine([(3, &alpha)]);
        let x3 = Element::combine([(1, &alpha.square()), (-8, &beta)]);
        let z3 = Element::combine([(1, &y.plus(z).square()), (-1, &gamma), (-1, &delta)]);
        let rest = Element::combine([(4, &beta), (-1, &x3)]);
        let y3 = Element::combine([(1, &alpha.multiply(&rest)), (-8, &gamma.square())]);
        Jacobian { x: x3, y: y3, z: z3 }
    }

    /// Adds an affine point, or subtracts it (Guide, algorithm 3.22); none for the point at infinity.
    fn add(&self, point: &Jacobian<L>, other: &Affine<L>, negate: bool) -> Option<Jacobian<L>> {
        let Jacobian { x, y, z } = point;
        let square = z.square();
        let h = other.x.multiply(&square).minus(x);
        let r = other.y.multiply(&z.multiply(&square)).negated(negate).minus(y);
        if h.is_zero(&self.prime) {
            return r.is_zero(&self.prime).then(|| self.double(point));
        }
        let h2 = h.square();
        let (h3, v) = (h.multiply(&h2), x.multiply(&h2));
        let x3 = Element::combine([(1, &r.square()), (-1, &h3), (-2, &v)]);
        let y3 = r.multiply(&v.minus(&x3)).minus(&y.multiply(&h3));
        Some(Jacobian { x: x3, y: y3, z: z.multiply(&h) })
    }

    /// Makes z one, with one inversion for all points (Montgomery's trick; Guide, algorithm 2.26).
    fn normalise(&self, points: &[Jacobian<L>]) -> Option<Vec<Affine<L>>> {
        let mut product = self.one;
        let before: Vec<_> = points
            .iter()
            .map(|point| {
                let next = product.multiply(&point.z);
                core::mem::replace(&mut product, next)
            })
            .collect();
        let inverse = self.prime.invert(&product.leave(&self.prime)?)?;
        let mut inverse = Element::plain(&inverse).multiply(&self.square);
        let mut affine: Vec<_> = points
            .iter()
            .zip(before)
            .rev()
            .map(|(point, before)| {
                let own = inverse.multiply(&before);
                inverse = inverse.multiply(&point.z);
                let square = own.square();
                Affine { x: point.x.multiply(&square), y: point.y.multiply(&square.multiply(&own)) }
            })
            .collect();
        affine.reverse();
        Some(affine)
    }
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
