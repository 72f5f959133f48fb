//! Ed25519's curve: -x^2 + y^2 = 1 + d·x^2·y^2 (RFC 8032 §5.1).

use alloc::boxed::Box;
use alloc::vec::Vec;

use once_cell::race::OnceBox;

use super::field::{Element, Field, P25519};
use super::{Law, multiples, part};
use crate::jose::key::ed25519;
use crate::jose::key::modular::{Modulus, Residue};

type Number = Element<P25519>;

/// A point (x/z, y/z) with t = x·y/z.
#[derive(Clone, Copy)]
pub(crate) struct Extended {
    x: Number,
    y: Number,
    z: Number,
    t: Number,
}

/// A point as it is added most cheaply: y + x, y - x and 2·d·x·y.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Multiple {
    sum: Number,
    difference: Number,
    product: Number,
}

/// The curve's constants.
#[derive(Debug)]
pub(crate) struct Edwards {
    field: Field<P25519>,
    d: Number,
    /// The part of a scalar, and the order of the base point.
    part: usize,
    pub(crate) order: Modulus,
    pub(crate) generator: Vec<Multiple>,
}

impl Edwards {
    /// The curve, made when it is first used.
    pub(crate) fn curve() -> Option<&'static Self> {
        static CURVE: OnceBox<Edwards> = OnceBox::new();
        CURVE.get_or_try_init(|| Self::new().map(Box::new).ok_or(())).ok()
    }

    fn new() -> Option<Self> {
        let field: Field<P25519> = Field::new(&ed25519::PRIME)?;
        let d = field.element(&ed25519::D)?;
        let (part, order) = (part(&ed25519::ORDER), Modulus::new(&ed25519::ORDER)?);
        let mut curve = Self { field, d, part, order, generator: Vec::new() };
        curve.generator = curve.multiples(&ed25519::GENERATOR, false)?;
        Some(curve)
    }

    /// The multiples of an encoded point, or of its negative.
    pub(crate) fn multiples(&self, encoded: &[u8; 32], negate: bool) -> Option<Vec<Multiple>> {
        let (x, y) = self.decode(encoded)?;
        let x = x.negated(negate);
        multiples(self, Extended { x, y, z: self.field.one, t: x.multiply(&y) })
    }

    /// RFC 8032 §5.1.3; none for a point of small order whose x is zero.
    fn decode(&self, encoded: &[u8; 32]) -> Option<(Number, Number)> {
        let field = &self.field;
        let y = field.element(&ed25519::coordinate(encoded))?;
        let square = y.square();
        let (u, v) = (square.minus(&field.one), self.d.multiply(&square).plus(&field.one));
        // A candidate for the root of u/v is u·v^3·(u·v^7)^((p-5)/8): right, or by the root of -1 beside it.
        let uv3 = u.multiply(&v.square().multiply(&v));
        let uv7 = uv3.multiply(&v.square().square());
        let mut x = uv3.multiply(&field.power(&uv7, &ed25519::ROOT));
        if field.leave(&x.square().multiply(&v)) != field.leave(&u) {
            x = x.multiply(&field.element(&ed25519::ROOT_OF_MINUS_ONE)?);
        }
        if field.leave(&x.square().multiply(&v)) != field.leave(&u) {
            return None;
        }
        let [.., last] = *encoded;
        Some((x.negated(is_odd(&field.leave(&x)?) != (last >> 7 == 1)), y))
    }

    /// RFC 8032 §5.1.2; none for a point whose x or y is zero: they have small orders.
    pub(crate) fn encode(&self, point: &Extended) -> Option<[u8; 32]> {
        let inverse = *self.field.invert(&[point.z])?.first()?;
        let (x, y) = (self.field.leave(&point.x.multiply(&inverse))?, self.field.leave(&point.y.multiply(&inverse))?);
        let mut bytes: [u8; 32] = y.to_bytes(32).try_into().ok()?;
        bytes.reverse();
        let [.., last] = &mut bytes;
        *last |= u8::from(is_odd(&x)) << 7;
        Some(bytes)
    }

    /// A little-endian number, modulo the order.
    pub(crate) fn scalar(&self, bytes: &[u8]) -> Option<Residue> {
        // Digit by digit to the base 2^248, from the highest: each is below the order.
        let base = self.order.residue(&[&[1][..], &[0; 31]].concat())?;
        let mut scalar = self.order.residue(&[])?;
        for digit in bytes.chunks(31).rev() {
            let digit: Vec<u8> = digit.iter().rev().copied().collect();
            scalar = self.order.add(&self.order.multiply(&scalar, &base), &self.order.residue(&digit)?);
        }
        Some(self.order.multiply(&scalar, &self.order.plain(&[1])?))
    }
}

fn is_odd(number: &Residue) -> bool {
    number.limbs().first().is_some_and(|limb| limb & 1 == 1)
}

/// Both formulas hold for all points: -1 is a square modulo p and d is not (Hisil, Wong, Carter, Dawson,
/// "Twisted Edwards Curves Revisited", 2008). In units of 2^28, limbs multiply to at most 6.
impl Law for Edwards {
    type Point = Extended;
    type Multiple = Multiple;

    fn part(&self) -> usize {
        self.part
    }

    fn point(&self, multiple: &Multiple, negate: bool) -> Extended {
        let one = &self.field.one;
        let zero = one.minus(one);
        self.sum(&Extended { x: zero, y: *one, z: *one, t: zero }, multiple, negate)
    }

    /// "dbl-2008-hwcd".
    fn double(&self, point: &Extended) -> Extended {
        let (a, b, c) = (point.x.square(), point.y.square(), point.z.square());
        let e = point.x.plus(&point.y).square().minus(&a).minus(&b);
        let (g, h) = (b.minus(&a), a.plus(&b).negated(true));
        let f = g.minus(&c).minus(&c);
        Extended { x: e.multiply(&f), y: g.multiply(&h), z: f.multiply(&g), t: e.multiply(&h) }
    }

    fn add(&self, point: &Extended, multiple: &Multiple, negate: bool) -> Option<Extended> {
        Some(self.sum(point, multiple, negate))
    }

    fn normalise(&self, points: &[Extended]) -> Option<Vec<Multiple>> {
        let inverses = self.field.invert(&points.iter().map(|point| point.z).collect::<Vec<_>>())?;
        let twice_d = Element::combine([(2, &self.d)]);
        let multiples = points.iter().zip(inverses).map(|(point, inverse)| {
            let (x, y) = (point.x.multiply(&inverse), point.y.multiply(&inverse));
            Multiple { sum: y.plus(&x), difference: y.minus(&x), product: x.multiply(&y).multiply(&twice_d) }
        });
        Some(multiples.collect())
    }
}

impl Edwards {
    /// "madd-2008-hwcd-3", with what depends on the second point alone prepared.
    fn sum(&self, point: &Extended, multiple: &Multiple, negate: bool) -> Extended {
        let (sum, difference) = match negate {
            false => (&multiple.sum, &multiple.difference),
            true => (&multiple.difference, &multiple.sum),
        };
        let a = point.y.minus(&point.x).multiply(difference);
        let b = point.y.plus(&point.x).multiply(sum);
        let c = point.t.multiply(&multiple.product).negated(negate);
        let d = point.z.plus(&point.z);
        let (e, f, g, h) = (b.minus(&a), d.minus(&c), d.plus(&c), b.plus(&a));
        Extended { x: e.multiply(&f), y: g.multiply(&h), z: f.multiply(&g), t: e.multiply(&h) }
    }
}
