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
/// for the topmost, which takes the sign. Products have an absolute value below 1.9 p as long as
/// the factors' values multiply to less than 230 p^2: R is at least 2^8 p on every curve. Sums of
/// products stay below 2^63 as long as the factors' limbs, in units of 2^28, multiply to at most 6
/// (for the longest, L = 19).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<const L: usize>([i32; L]);

/// What is particular to a prime: its reduction.
pub(crate) trait Prime<const L: usize>: Copy {
    /// One row of Montgomery's product by operand scanning (Koç et al., "CIOS"): then the lowest column
    /// is made to vanish and all move down by one.
    fn row(columns: [i64; L], left: &[i32; L], row: i32) -> [i64; L];
    /// All rows.
    fn columns(left: &[i32; L], right: &[i32; L]) -> [i64; L];
    /// Moves the carries on.
    fn tight(columns: [i64; L]) -> [i32; L];
}

/// Written out limb by limb: this way the columns are variables, also where the compiler goes for size.
/// The fold adds (p + 1)/2^28 times the multiple: its remainder, -1 times the multiple, has made the limb below vanish.
macro_rules! prime {
    ($size:literal, $rows:ident: $column:ident $limb:ident, $($columns:ident $limbs:ident),*; $fold:expr) => {
        impl Prime<$size> for Element<$size> {
            #[inline(always)]
            fn row(columns: [i64; $size], left: &[i32; $size], row: i32) -> [i64; $size] {
                let [$column, $($columns),*] = columns;
                let [$limb, $($limbs),*] = *left;
                let row = i64::from(row);
                let lowest = $column + i64::from($limb) * row;
                let mut columns = [$($columns + i64::from($limbs) * row),*, 0];
                columns[0] += lowest >> BITS;
                let fold: fn(&mut [i64; $size], i64) = $fold;
                fold(&mut columns, lowest & MASK);
                columns
            }

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
prime!(10, unrolled: c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9; |columns, multiple| {
    columns[2] += multiple << 12;
    columns[5] += multiple << 24;
    columns[7] -= multiple;
    columns[8] += multiple << 4;
});

// p = 2^384 - 2^128 - 2^96 + 2^32 - 1
prime!(14, looped: c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9, c10 a10, c11 a11, c12 a12, c13 a13;
    |columns, multiple| {
        columns[0] += multiple << 4;
        columns[2] -= multiple << 12;
        columns[3] -= multiple << 16;
        columns[12] += multiple << 20;
    }
);

// p = 2^521 - 1
prime!(19, looped: c0 a0, c1 a1, c2 a2, c3 a3, c4 a4, c5 a5, c6 a6, c7 a7, c8 a8, c9 a9, c10 a10, c11 a11, c12 a12, c13 a13,
    c14 a14, c15 a15, c16 a16, c17 a17, c18 a18;
    |columns, multiple| columns[17] += multiple << 17
);

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
        Self(Self::tight(Self::columns(&self.0, &other.0)))
    }

    /// The square.
    #[inline(never)]
    pub(super) fn square(&self) -> Self {
        Self(Self::tight(Self::columns(&self.0, &self.0)))
    }

    /// The sum of small multiples.
    #[inline(always)]
    pub(super) fn combine<const N: usize>(terms: [(i64, &Self); N]) -> Self {
        let mut columns = [0; L];
        for (factor, term) in terms {
            for (column, limb) in columns.iter_mut().zip(&term.0) {
                *column += factor * i64::from(*limb);
            }
        }
        Self(Self::tight(columns))
    }

    /// The sum, limb by limb.
    #[inline(always)]
    pub(super) fn plus(mut self, other: &Self) -> Self {
        for (limb, other) in self.0.iter_mut().zip(&other.0) {
            *limb += other;
        }
        self
    }

    /// The difference, limb by limb.
    #[inline(always)]
    pub(super) fn minus(mut self, other: &Self) -> Self {
        for (limb, other) in self.0.iter_mut().zip(&other.0) {
            *limb -= other;
        }
        self
    }

    /// The negative, if so.
    #[inline(always)]
    pub(super) fn negated(mut self, negate: bool) -> Self {
        if negate {
            for limb in &mut self.0 {
                *limb = -*limb;
            }
        }
        self
    }

    /// Leaves Montgomery's form; none for zero.
    ///
    /// The product with a plain one lies from 0 to p, both included, where the value is below 16 p.
    pub(super) fn leave(&self, prime: &Modulus) -> Option<Residue> {
        let mut one = [0; L];
        *one.first_mut()? = 1;
        let plain = prime.of_limbs(self.multiply(&Self(one)).0.iter().map(|limb| *limb as u32))?;
        plain.limbs().iter().any(|limb| *limb != 0).then_some(plain)
    }

    /// Whether the number is a multiple of p, given that its value is below 16 p.
    #[inline(always)]
    pub(super) fn is_zero(&self, prime: &Modulus) -> bool {
        // k·p is -k modulo 2^28: nearly every other number is told apart by its lowest limb.
        let small = self.0.first().is_some_and(|limb| i64::from(limb + 16) & MASK <= 32);
        small && self.leave(prime).is_none()
    }
}
