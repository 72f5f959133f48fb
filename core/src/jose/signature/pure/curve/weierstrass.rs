//! P-256, P-384 and P-521: y^2 = x^3 - 3x + b, of prime order.

use alloc::boxed::Box;
use alloc::vec::Vec;

use once_cell::race::OnceBox;

use super::field::{Element, Field, P256, P384, P521, Prime};
use super::{Law, multiples, part};
use crate::jose::key::modular::{Modulus, Residue};
use crate::jose::key::{Curve, Domain};

/// A point but the one at infinity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine<P: Prime> {
    x: Element<P>,
    y: Element<P>,
}

/// (x/z^2, y/z^3), z not zero. The values' bounds, in p: x 13, y 10, z 5; y's limbs may be negative.
#[derive(Clone, Copy)]
pub(crate) struct Jacobian<P: Prime> {
    x: Element<P>,
    y: Element<P>,
    z: Element<P>,
}

/// A curve's constants.
#[derive(Debug)]
pub(crate) struct Group<P: Prime> {
    field: Field<P>,
    part: usize,
    pub(crate) order: Modulus,
    pub(crate) generator: Vec<Affine<P>>,
}

/// The multiples of a key's point, made when it is first used.
#[derive(Debug)]
pub(crate) enum Multiples {
    P256(OnceBox<Vec<Affine<P256>>>),
    P384(OnceBox<Vec<Affine<P384>>>),
    P521(OnceBox<Vec<Affine<P521>>>),
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
pub(crate) trait Grouped: Prime {
    fn group() -> Option<&'static Group<Self>>;
}

macro_rules! group {
    ($prime:ident) => {
        impl Grouped for $prime {
            fn group() -> Option<&'static Group<Self>> {
                static GROUP: OnceBox<Group<$prime>> = OnceBox::new();
                GROUP.get_or_try_init(|| Group::new(Curve::$prime.domain()).map(Box::new).ok_or(())).ok()
            }
        }
    };
}
group!(P256);
group!(P384);
group!(P521);

impl<P: Prime> Group<P> {
    fn new(domain: &Domain) -> Option<Self> {
        let (field, order) = (Field::new(domain.prime)?, Modulus::new(domain.order)?);
        let mut group = Self { field, part: part(domain.order), order, generator: Vec::new() };
        group.generator = group.multiples(domain.generator.0, domain.generator.1)?;
        Some(group)
    }

    /// The multiples of the point with these coordinates.
    pub(crate) fn multiples(&self, x: &[u8], y: &[u8]) -> Option<Vec<Affine<P>>> {
        let point = Affine { x: self.field.element(x)?, y: self.field.element(y)? };
        multiples(self, self.point(&point, false))
    }

    /// Whether the point's x coordinate, reduced by the order, is r (FIPS 186-5 §6.4.2, steps 5 and 6).
    pub(crate) fn has_x(&self, point: &Jacobian<P>, r: &[u8]) -> Option<bool> {
        let prime = &self.field.prime;
        let square = point.z.square();
        let is_x = |x: &Residue| self.is_zero(&point.x.minus(&self.field.enter(x).multiply(&square)));
        // r is below the order, the order is below p; r + n wraps around p exactly if it comes out smaller.
        let r = prime.plain(r)?;
        let n = prime.of_limbs(self.order.limbs())?;
        let second = prime.add(&r, &n);
        let wrapped = second.limbs().iter().rev().lt(r.limbs().iter().rev());
        Some(is_x(&r) || (!wrapped && is_x(&second)))
    }

    /// Whether the number is a multiple of p, given that its absolute value is below 16 p.
    #[inline(always)]
    fn is_zero(&self, element: &Element<P>) -> bool {
        // k·p is -k modulo 2^28: nearly every other number is told apart by its lowest limb.
        (element.lowest() + 16) & 0xfff_ffff <= 32 && self.field.leave(element).is_none()
    }
}

impl<P: Prime> Law for Group<P> {
    type Point = Jacobian<P>;
    type Multiple = Affine<P>;

    fn part(&self) -> usize {
        self.part
    }

    fn point(&self, point: &Affine<P>, negate: bool) -> Jacobian<P> {
        Jacobian { x: point.x, y: point.y.negated(negate), z: self.field.one }
    }

    /// "dbl-2001-b" for a = -3 (Explicit-Formulas Database; Bernstein 2001). No point has order two.
    fn double(&self, point: &Jacobian<P>) -> Jacobian<P> {
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

    /// Guide, algorithm 3.22; none for the point at infinity.
    fn add(&self, point: &Jacobian<P>, other: &Affine<P>, negate: bool) -> Option<Jacobian<P>> {
        let Jacobian { x, y, z } = point;
        let square = z.square();
        let h = other.x.multiply(&square).minus(x);
        let r = other.y.multiply(&z.multiply(&square)).negated(negate).minus(y);
        if self.is_zero(&h) {
            return self.is_zero(&r).then(|| self.double(point));
        }
        let h2 = h.square();
        let (h3, v) = (h.multiply(&h2), x.multiply(&h2));
        let x3 = Element::combine([(1, &r.square()), (-1, &h3), (-2, &v)]);
        let y3 = r.multiply(&v.minus(&x3)).minus(&y.multiply(&h3));
        Some(Jacobian { x: x3, y: y3, z: z.multiply(&h) })
    }

    fn normalise(&self, points: &[Jacobian<P>]) -> Option<Vec<Affine<P>>> {
        let inverses = self.field.invert(&points.iter().map(|point| point.z).collect::<Vec<_>>())?;
        let affine = points.iter().zip(inverses).map(|(point, inverse)| {
            let square = inverse.square();
            Affine { x: point.x.multiply(&square), y: point.y.multiply(&square.multiply(&inverse)) }
        });
        Some(affine.collect())
    }
}
