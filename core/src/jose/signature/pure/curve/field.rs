//! The fields of P-256, P-384 and P-521.
//!
//! Each prime is -1 modulo 2^28 and a short sum of powers of two, so Montgomery's reduction
//! (HAC 14.36) needs neither a constant nor a product: the lowest limb of a sum is itself the
//! multiple of p that makes it vanish, and adding that multiple is a few shifts.

use crate::jose::key::modular::{BITS, Modulus, Residue};

const MASK: i64 = (1 << BITS) - 1;

/// x·R modulo p for x, with R = 2^(28·L): signed limbs, and not reduced to one representative.
///
/// INVARIANT ("tight"): what `multiply`, `square` and `combine` give has limbs from 0 to 2^28 but
/// for the topmost, which takes the sign. Products have an absolute value below 1.8 p as long as
/// the factors' values multiply to less than 200 p^2: R is at least 2^8 p on every curve. Sums of
/// products stay below 2^63 as long as the factors' limbs, in units of 2^28, multiply to at most 6
/// (for the longest, L = 19).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<const L: usize>([i32; L]);

/// What is particular to a prime.
pub(crate) trait Prime<const L: usize>: Copy {
    /// Adds (p + 1)/2^28 times the multiple: its remainder, -1 times the multiple, has made the limb below vanish.
    fn fold(columns: &mut [i64; L], multiple: i64);
}

/// p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
impl Prime<10> for Element<10> {
    #[inline(always)]
    fn fold(columns: &mut [i64; 10], multiple: i64) {
        columns[2] += multiple << 12;
        columns[5] += multiple << 24;
        columns[7] -= multiple;
        columns[8] += multiple << 4;
    }
}

/// p = 2^384 - 2^128 - 2^96 + 2^32 - 1.
impl Prime<14> for Element<14> {
    #[inline(always)]
    fn fold(columns: &mut [i64; 14], multiple: i64) {
        columns[0] += multiple << 4;
        columns[2] -= multiple << 12;
        columns[3] -= multiple << 16;
        columns[12] += multiple << 20;
    }
}

/// p = 2^521 - 1.
impl Prime<19> for Element<19> {
    #[inline(always)]
    fn fold(columns: &mut [i64; 19], multiple: i64) {
        columns[17] += multiple << 17;
    }
}

impl<const L: usize> Element<L>
where
    Self: Prime<L>,
{
    /// The limbs of a plain number as they are: x for x.
    pub(super) fn plain(number: &Residue) -> Self {
        let mut limbs = [0; L];
        limbs.iter_mut().zip(number.limbs()).for_each(|(limb, plain)| *limb = *plain as i32);
        Self(limbs)
    }

    /// The product.
    #[inline(never)]
    pub(super) fn multiply(&self, other: &Self) -> Self {
        self.product(other)
    }

    /// The square. The compiler halves the work of the unrolled product by itself.
    #[inline(never)]
    pub(super) fn square(&self) -> Self {
        self.product(self)
    }

    /// Montgomery's product by operand scanning (Koç et al., "CIOS"): after each row the lowest
    /// column is made to vanish and all move down by one.
    #[inline(always)]
    fn product(&self, other: &Self) -> Self {
        let mut columns = [0; L];
        for row in &other.0 {
            let mut lowest = 0;
            for (column, limb) in columns.iter_mut().zip(&self.0).rev() {
                let sum = *column + i64::from(*limb) * i64::from(*row);
                *column = lowest;
                lowest = sum;
            }
            if let Some(first) = columns.first_mut() {
                *first += lowest >> BITS;
            }
            Self::fold(&mut columns, lowest & MASK);
        }
        Self::tight(&columns)
    }

    /// The sum of small multiples.
    #[inline(always)]
    pub(super) fn combine<const N: usize>(terms: [(i64, &Self); N]) -> Self {
        let mut columns = [0; L];
        for (factor, term) in terms {
            columns.iter_mut().zip(&term.0).for_each(|(column, limb)| *column += factor * i64::from(*limb));
        }
        Self::tight(&columns)
    }

    /// The sum, limb by limb.
    #[inline(always)]
    pub(super) fn plus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(limb, other)| *limb += other);
        self
    }

    /// The difference, limb by limb.
    #[inline(always)]
    pub(super) fn minus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(limb, other)| *limb -= other);
        self
    }

    /// The negative, if so.
    #[inline(always)]
    pub(super) fn negated(mut self, negate: bool) -> Self {
        let sign = if negate { -1 } else { 1 };
        self.0.iter_mut().for_each(|limb| *limb *= sign);
        self
    }

    /// Leaves Montgomery's form; none for zero.
    ///
    /// The product with a plain one lies from 0 to p, both included, where the value is below 16 p.
    pub(super) fn leave(&self, prime: &Modulus) -> Option<Residue> {
        let mut one = [0; L];
        *one.first_mut()? = 1;
        let plain = prime.from_limbs(self.multiply(&Self(one)).0.iter().map(|limb| *limb as u32))?;
        plain.limbs().iter().any(|limb| *limb != 0).then_some(plain)
    }

    /// Whether the number is a multiple of p, given that its value is below 16 p.
    #[inline(always)]
    pub(super) fn is_zero(&self, prime: &Modulus) -> bool {
        // k·p is -k modulo 2^28: nearly every other number is told apart by its lowest limb.
        let small = self.0.first().is_some_and(|limb| i64::from(limb + 16) & MASK <= 32);
        small && self.leave(prime).is_none()
    }

    #[inline(always)]
    fn tight(columns: &[i64; L]) -> Self {
        let (mut limbs, mut carry) = ([0; L], 0);
        for (limb, column) in limbs.iter_mut().zip(columns) {
            let sum = column + carry;
            *limb = (sum & MASK) as i32;
            carry = sum >> BITS;
        }
        if let Some(top) = limbs.last_mut() {
            *top += (carry << BITS) as i32;
        }
        Self(limbs)
    }
}
