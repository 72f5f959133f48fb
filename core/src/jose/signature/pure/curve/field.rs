//! The fields of P-256, P-384, P-521 and Ed25519.
//!
//! Each prime is a short sum of powers of two, so Montgomery's reduction (HAC 14.36) is a few
//! shifts. The NIST curves' primes are -1 modulo 2^28 as well: there the lowest limb of a sum is itself
//! the multiple of p that makes it vanish.

use alloc::vec::Vec;
use core::fmt::Debug;

use crate::jose::key::modular::{BITS, Modulus, Residue};

const MASK: i64 = (1 << BITS) - 1;

/// 1/19 modulo 2^28.
const INVERSE_OF_19: i64 = 0x86bca1b;

/// x·R modulo p for x, with R = 2^(28·L) for L limbs: signed limbs, and not reduced to one representative.
///
/// INVARIANT ("tight"): what `multiply`, `square` and `combine` give has limbs from 0 to 2^28 but
/// for the topmost, which takes the sign. Products have an absolute value below 1.9 p as long as
/// the factors' values multiply to less than 230 p^2: R is at least 2^8 p in every field. Sums of
/// products stay below 2^63 as long as the factors' limbs, in units of 2^28, multiply to at most 6
/// (for the longest, L = 19).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<P: Prime>(P::Limbs);

/// What is particular to a prime: its size and its reduction.
pub(crate) trait Prime: Copy + Debug + 'static {
    type Limbs: Copy + Debug + AsRef<[i32]> + AsMut<[i32]> + Send + Sync;
    type Columns: AsMut<[i64]>;
    const ZERO: Self::Limbs;
    const COLUMNS: Self::Columns;
    /// Montgomery's product, its carries not moved on.
    fn columns(left: &Self::Limbs, right: &Self::Limbs) -> Self::Columns;
    /// Moves the carries on.
    fn tight(columns: Self::Columns) -> Self::Limbs;
}

/// Written out limb by limb: this way the columns are variables, also where the compiler goes for size.
/// After each row of the product the lowest column is made to vanish, and all move down by one (operand scanning;
/// Koç et al., "CIOS"): `fold` adds what is left of the lowest column and of the multiple of p, divided by 2^28.
macro_rules! prime {
    ($name:ident, $size:literal, $rows:ident: $column:ident $limb:ident, $($columns:ident $limbs:ident),*; $fold:expr) => {
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl $name {
            #[inline(always)]
            fn row(columns: [i64; $size], left: &[i32; $size], row: i32) -> [i64; $size] {
                let [$column, $($columns),*] = columns;
                let [$limb, $($limbs),*] = *left;
                let row = i64::from(row);
                let lowest = $column + i64::from($limb) * row;
                let mut columns = [$($columns + i64::from($limbs) * row),*, 0];
                let fold: fn(&mut [i64; $size], i64) = $fold;
                fold(&mut columns, lowest);
                columns
            }
        }

        impl Prime for $name {
            type Limbs = [i32; $size];
            type Columns = [i64; $size];
            const ZERO: [i32; $size] = [0; $size];
            const COLUMNS: [i64; $size] = [0; $size];

            #[inline(always)]
            fn columns(left: &[i32; $size], right: &[i32; $size]) -> [i64; $size] {
                $rows!(left, right, [0; $size], $limb $($limbs)*)
            }

            #[inline(always)]
            fn tight(columns: [i64; $size]) -> [i32; $size] {
                let [$column, $($columns),*] = columns;
                let ($limb, carry) = ($column & MASK, $column >> BITS);
                $(let ($limbs, carry) = (($columns + carry) & MASK, ($columns + carry) >> BITS);)*
                let mut limbs = [$limb as i32, $($limbs as i32),*];
                limbs[$size - 1] += (carry << BITS) as i32;
                limbs
            }
        }
    };
}

/// All rows written out: for a square, the compiler then makes equal products once.
macro_rules! unrolled {
    ($left:expr, $right:expr, $columns:expr, $($limbs:ident)*) => {{
        let columns = $columns;
        let [$($limbs),*] = *$right;
        $(let columns = Self::row(columns, $left, $limbs);)*
        columns
    }};
}

/// The rows one by one, where size counts for more.
macro_rules! looped {
    ($left:expr, $right:expr, $columns:expr, $($limbs:ident)*) => {{
        let mut columns = $columns;
        for limb in $right {
            columns = Self::row(columns, $left, *limb);
        }
        columns
    }};
}

// p = 2^256 - 2^224 + 2^192 + 2^96 - 1
prime!(P256, 10, unrolled: c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9; |columns, lowest| {
    let multiple = lowest & MASK;
    columns[0] += lowest >> BITS;
    columns[2] += multiple << 12;
    columns[5] += multiple << 24;
    columns[7] -= multiple;
    columns[8] += multiple << 4;
});

// p = 2^255 - 19
prime!(P25519, 10, unrolled: c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9; |columns, lowest| {
    let multiple = ((lowest & MASK) * INVERSE_OF_19) & MASK;
    columns[0] += (lowest - 19 * multiple) >> BITS;
    columns[8] += multiple << 3;
});

// p = 2^384 - 2^128 - 2^96 + 2^32 - 1
prime!(P384, 14, looped:
    c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9, c10 a10, c11 a11, c12 a12, c13 a13;
    |columns, lowest| {
        let multiple = lowest & MASK;
        columns[0] += (lowest >> BITS) + (multiple << 4);
        columns[2] -= multiple << 12;
        columns[3] -= multiple << 16;
        columns[12] += multiple << 20;
    }
);

// p = 2^521 - 1
prime!(P521, 19, looped:
    c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9, c10 a10, c11 a11, c12 a12, c13 a13,
    c14 a14, c15 a15, c16 a16, c17 a17, c18 a18;
    |columns, lowest| {
        columns[0] += lowest >> BITS;
        columns[17] += (lowest & MASK) << 17;
    }
);

impl<P: Prime> Element<P> {
    /// The product.
    #[inline(never)]
    pub(super) fn multiply(&self, other: &Self) -> Self {
        Self(P::tight(P::columns(&self.0, &other.0)))
    }

    /// The square.
    #[inline(never)]
    pub(super) fn square(&self) -> Self {
        Self(P::tight(P::columns(&self.0, &self.0)))
    }

    /// The sum of small multiples.
    #[inline(always)]
    pub(super) fn combine<const N: usize>(terms: [(i64, &Self); N]) -> Self {
        let mut columns = P::COLUMNS;
        for (factor, term) in terms {
            for (column, limb) in columns.as_mut().iter_mut().zip(term.0.as_ref()) {
                *column += factor * i64::from(*limb);
            }
        }
        Self(P::tight(columns))
    }

    /// The sum, limb by limb.
    #[inline(always)]
    pub(super) fn plus(mut self, other: &Self) -> Self {
        for (limb, other) in self.0.as_mut().iter_mut().zip(other.0.as_ref()) {
            *limb += other;
        }
        self
    }

    /// The difference, limb by limb.
    #[inline(always)]
    pub(super) fn minus(mut self, other: &Self) -> Self {
        for (limb, other) in self.0.as_mut().iter_mut().zip(other.0.as_ref()) {
            *limb -= other;
        }
        self
    }

    /// The negative, if so.
    #[inline(always)]
    pub(super) fn negated(mut self, negate: bool) -> Self {
        if negate {
            for limb in self.0.as_mut() {
                *limb = -*limb;
            }
        }
        self
    }

    /// The lowest limb.
    pub(super) fn lowest(&self) -> i32 {
        self.0.as_ref().first().copied().unwrap_or(0)
    }

    /// The limbs of a plain number as they are: x for x.
    fn plain(number: &Residue) -> Self {
        let mut element = Self(P::ZERO);
        element.0.as_mut().iter_mut().zip(number.limbs()).for_each(|(limb, plain)| *limb = *plain as i32);
        element
    }
}

/// What numbers need to get into a field's form and out of it.
#[derive(Debug)]
pub(crate) struct Field<P: Prime> {
    pub(super) prime: Modulus,
    /// One and R, both in Montgomery's form.
    pub(super) one: Element<P>,
    square: Element<P>,
}

impl<P: Prime> Field<P> {
    pub(super) fn new(prime: &[u8]) -> Option<Self> {
        let prime = Modulus::new(prime)?;
        // This R may differ from that of `Modulus`, which rounds the limbs up: so both constants come over as plain numbers.
        let two = prime.residue(&[2])?;
        let power = |exponent: usize| {
            let power = prime.power(&two, &exponent.to_be_bytes());
            Some(Element::plain(&prime.multiply(&power, &prime.plain(&[1])?)))
        };
        let bits = BITS * P::ZERO.as_ref().len();
        let (one, square) = (power(bits)?, power(2 * bits)?);
        Some(Self { prime, one, square })
    }

    /// A number from big-endian bytes; none unless it is below the prime.
    pub(super) fn element(&self, bytes: &[u8]) -> Option<Element<P>> {
        Some(self.enter(&self.prime.plain(bytes)?))
    }

    /// A plain number in Montgomery's form.
    pub(super) fn enter(&self, plain: &Residue) -> Element<P> {
        Element::plain(plain).multiply(&self.square)
    }

    /// Leaves Montgomery's form; none for zero.
    ///
    /// The product with a plain one lies from 0 to p, both included, where the absolute value is below 16 p.
    pub(super) fn leave(&self, element: &Element<P>) -> Option<Residue> {
        let one = Element::plain(&self.prime.plain(&[1])?);
        let plain = self.prime.of_limbs(element.multiply(&one).0.as_ref().iter().map(|limb| *limb as u32))?;
        plain.limbs().iter().any(|limb| *limb != 0).then_some(plain)
    }

    /// The power by a big-endian exponent (HAC 14.79).
    pub(super) fn power(&self, base: &Element<P>, exponent: &[u8]) -> Element<P> {
        let bits = exponent.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        bits.fold(self.one, |power, bit| {
            let square = power.square();
            if bit { square.multiply(base) } else { square }
        })
    }

    /// The inverses of all numbers by one inversion (Montgomery's trick; Guide, algorithm 2.26); none if one is zero.
    pub(super) fn invert(&self, elements: &[Element<P>]) -> Option<Vec<Element<P>>> {
        let mut product = self.one;
        let mut before = Vec::with_capacity(elements.len());
        for element in elements {
            before.push(product);
            product = product.multiply(element);
        }
        let mut inverse = self.enter(&self.prime.invert(&self.leave(&product)?)?);
        for (before, element) in before.iter_mut().zip(elements).rev() {
            *before = before.multiply(&inverse);
            inverse = inverse.multiply(element);
        }
        Some(before)
    }
}
