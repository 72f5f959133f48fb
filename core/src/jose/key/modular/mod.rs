//! Arithmetic modulo an odd number, in Montgomery's form. For public data only:
//! how long it takes depends on the values.
//!
//! One module serves RSA verification and ECDSA's scalars. Numbers are little-endian limbs of 28 bits in
//! a `u32`: a product has 56 bits and a `u64` sums 256 of them before a carry
//! must be looked at, since WebAssembly has no add-with-carry and no 128-bit product.
//!
//! Sources: P. L. Montgomery, "Modular multiplication without trial division"
//! (1985); Menezes, van Oorschot, Vanstone, "Handbook of Applied Cryptography"
//! (HAC), algorithms 14.32, 14.36, 14.16 and 14.79; Ç. K. Koç, T. Acar, B. S. Kaliski,
//! "Analyzing and comparing Montgomery multiplication algorithms" (1996), the
//! method "SOS" (separated operand scanning), here five rows at a time so that a
//! column is loaded and stored once for five products.

mod inverse;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::mem::take;

pub(crate) const BITS: usize = 28;
pub(crate) const MASK: u32 = (1 << BITS) - 1;

/// How many rows are added in one pass.
const BLOCK: usize = 5;

/// INVARIANT: no column reaches 2^64. Product and reduction each add at most one product below
/// 2^56 per limb of the modulus, so up to this size two times 125, and a carry, stay below 256.
const LAZY_SIZE: usize = 125;

/// Above that size carries are moved on after every 12 blocks: 60 rows are at most 120 products
/// (in a square, where each counts twice), then 60 more in the reduction.
const LAZY_BLOCKS: usize = 12;

/// An odd modulus above 1 with Montgomery's constants. R is 2^28 to the power of the number of limbs.
#[derive(Clone, Debug)]
pub(crate) struct Modulus {
    /// Filled up with zeros to whole blocks.
    limbs: Box<[u32]>,
    lowest: [u32; BLOCK],
    /// -1/n modulo 2^28.
    inverse: u32,
    /// R modulo n: one in Montgomery's form.
    one: Residue,
    /// R^2 modulo n: carries a number into Montgomery's form.
    square: Residue,
}

/// A number below its modulus; x·R in Montgomery's form, for x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Residue(Box<[u32]>);

impl Modulus {
    /// From big-endian bytes; none if it is even or 1.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let mut limbs = limbs(bytes);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let highest = *limbs.last().filter(|_| *limbs != [1])?;
        let top = limbs.len() - 1;
        limbs.resize(limbs.len().next_multiple_of(BLOCK), 0);
        let lowest = *limbs.first_chunk::<BLOCK>()?;
        let [first, ..] = lowest;
        if first & 1 == 0 {
            return None;
        }
        // Newton's iteration doubles the bits that are right: an odd x is its own inverse modulo 2^3, then 6, 12, 24, 48.
        let inverse = (0..4).fold(first, |x, _| x.wrapping_mul(2_u32.wrapping_sub(first.wrapping_mul(x))));
        let size = limbs.len();
        let none = Residue([].into());
        let inverse = inverse.wrapping_neg() & MASK;
        let mut modulus = Self { limbs: limbs.into(), lowest, inverse, one: none.clone(), square: none };

        // R from the highest power of two below n by doublings; R^2 as the power 2^(28·size) in Montgomery's form.
        let bit = highest.ilog2();
        let mut power = vec![0; size];
        *power.get_mut(top)? = 1 << bit;
        modulus.one = Residue(power.into());
        for _ in top * BITS + bit as usize..size * BITS {
            modulus.one = modulus.add(&modulus.one, &modulus.one);
        }
        let two = modulus.add(&modulus.one, &modulus.one);
        modulus.square = modulus.power(&two, &(BITS * size).to_be_bytes());
        Some(modulus)
    }

    /// Big-endian bytes as a number in Montgomery's form; none unless it is below the modulus.
    pub(crate) fn residue(&self, bytes: &[u8]) -> Option<Residue> {
        Some(self.enter(&self.plain(bytes)?))
    }

    /// Big-endian bytes as they are, x for x; none unless the number is below the modulus.
    pub(crate) fn plain(&self, bytes: &[u8]) -> Option<Residue> {
        self.plain_limbs(limbs(bytes)).filter(|plain| plain.0.iter().rev().lt(self.limbs.iter().rev()))
    }

    /// The number of these limbs; none if they are more than the modulus has.
    fn plain_limbs(&self, mut plain: Vec<u32>) -> Option<Residue> {
        while plain.len() > self.limbs.len() && plain.last() == Some(&0) {
            plain.pop();
        }
        plain.resize(plain.len().max(self.limbs.len()), 0);
        (plain.len() == self.limbs.len()).then(|| Residue(plain.into()))
    }

    /// Carries a plain number into Montgomery's form.
    pub(crate) fn enter(&self, plain: &Residue) -> Residue {
        self.multiply(plain, &self.square)
    }

    /// The sum.
    pub(crate) fn add(&self, left: &Residue, right: &Residue) -> Residue {
        let mut carry = 0;
        let sum = left.0.iter().zip(&right.0).map(|(l, r)| {
            carry += l + r;
            let limb = carry & MASK;
            carry >>= BITS;
            limb
        });
        let sum = sum.collect();
        self.once(sum, carry != 0)
    }

    /// Montgomery's product: left·right/R.
    pub(crate) fn multiply(&self, left: &Residue, right: &Residue) -> Residue {
        let mut sum = vec![0; 2 * self.limbs.len()];
        let mut columns = &mut *sum;
        for (at, block) in blocks(&right.0).enumerate() {
            add_rows(columns, &left.0, block.map(u64::from), [0; BLOCK - 1]);
            self.relax(at, columns);
            columns = columns.split_at_mut_checked(BLOCK).map_or(&mut [], |(_, rest)| rest);
        }
        self.reduce(sum)
    }

    /// Montgomery's square: products of two different limbs are made once and doubled (HAC 14.16).
    pub(crate) fn square(&self, number: &Residue) -> Residue {
        let mut sum = vec![0; 2 * self.limbs.len()];
        let (mut columns, mut rest) = (&mut *sum, &*number.0);
        for (at, block) in blocks(&number.0).enumerate() {
            rest = rest.get(BLOCK..).unwrap_or_default();
            for (row, limb) in block.iter().enumerate() {
                let mut factor = u64::from(*limb);
                for (sum, other) in columns.iter_mut().skip(2 * row).zip(block.iter().skip(row)) {
                    *sum += factor * u64::from(*other);
                    factor = 2 * u64::from(*limb);
                }
            }
            let doubled = block.map(|limb| 2 * u64::from(limb));
            add_rows(columns.get_mut(BLOCK..).unwrap_or_default(), rest, doubled, [0; BLOCK - 1]);
            self.relax(at, columns);
            columns = columns.get_mut(2 * BLOCK..).unwrap_or_default();
        }
        self.reduce(sum)
    }

    /// The power by a big-endian exponent, from its highest bit on (HAC 14.79).
    pub(crate) fn power(&self, base: &Residue, exponent: &[u8]) -> Residue {
        let mut power: Option<Residue> = None;
        for byte in exponent {
            for bit in (0..8).rev() {
                power = power.map(|power| self.square(&power));
                if byte >> bit & 1 == 1 {
                    power = Some(power.map_or_else(|| base.clone(), |power| self.multiply(&power, base)));
                }
            }
        }
        power.unwrap_or_else(|| self.one.clone())
    }

    /// The sum of the columns divided by R: a multiple of n is added that makes its lower half vanish (HAC 14.32).
    fn reduce(&self, mut sum: Vec<u64>) -> Residue {
        let [n0, n1, n2, n3, n4] = self.lowest.map(u64::from);
        let higher = self.limbs.get(BLOCK..).unwrap_or_default();
        let mut columns = &mut *sum;
        for at in 0..self.limbs.len() / BLOCK {
            let Some((low, rest)) = take(&mut columns).split_first_chunk_mut::<BLOCK>() else { break };
            let mut carry = 0;
            let mut factor = |column: u64| {
                let factor = u64::from(((column + carry) as u32).wrapping_mul(self.inverse) & MASK);
                carry = (column + carry + factor * n0) >> BITS;
                factor
            };
            let [c0, c1, c2, c3, c4] = *low;
            let f0 = factor(c0);
            let f1 = factor(c1 + f0 * n1);
            let f2 = factor(c2 + f0 * n2 + f1 * n1);
            let f3 = factor(c3 + f0 * n3 + f1 * n2 + f2 * n1);
            let f4 = factor(c4 + f0 * n4 + f1 * n3 + f2 * n2 + f3 * n1);
            if let Some(next) = rest.first_mut() {
                *next += carry;
            }
            add_rows(rest, higher, [f0, f1, f2, f3, f4], [n4, n3, n2, n1]);
            self.relax(at, rest);
            columns = rest;
        }
        let carry = propagate(columns);
        self.once(columns.iter().map(|limb| *limb as u32).collect(), carry != 0)
    }

    /// Moves the carries on, now and then, where a column could overflow otherwise. The topmost keeps
    /// its own: what is reduced may have one bit more than there are limbs.
    fn relax(&self, block: usize, columns: &mut [u64]) {
        if self.limbs.len() > LAZY_SIZE && (block + 1).is_multiple_of(LAZY_BLOCKS) {
            let carry = propagate(columns);
            if let Some(top) = columns.last_mut() {
                *top += carry << BITS;
            }
        }
    }

    /// Subtracts the modulus once if the number, with its carry, reaches it. It is below 2n.
    fn once(&self, mut number: Box<[u32]>, carry: bool) -> Residue {
        if carry || number.iter().rev().ge(self.limbs.iter().rev()) {
            subtract(&mut number, &self.limbs);
        }
        Residue(number)
    }
}

/// Adds `long` times a block of five limbs, spread over the columns. `window` holds the four limbs
/// of `long` just below its first, the nearest first.
#[inline(always)]
fn add_rows(columns: &mut [u64], long: &[u32], block: [u64; BLOCK], window: [u64; BLOCK - 1]) {
    let [f0, f1, f2, f3, f4] = block;
    let [mut a, mut b, mut c, mut d] = window;
    let (columns, _) = columns.as_chunks_mut::<BLOCK>();
    let (long, _) = long.as_chunks::<BLOCK>();
    for ([c0, c1, c2, c3, c4], [k, l, m, n, o]) in columns.iter_mut().zip(long) {
        let (k, l, m, n, o) = (u64::from(*k), u64::from(*l), u64::from(*m), u64::from(*n), u64::from(*o));
        *c0 += k * f0 + a * f1 + b * f2 + c * f3 + d * f4;
        *c1 += l * f0 + k * f1 + a * f2 + b * f3 + c * f4;
        *c2 += m * f0 + l * f1 + k * f2 + a * f3 + b * f4;
        *c3 += n * f0 + m * f1 + l * f2 + k * f3 + a * f4;
        *c4 += o * f0 + n * f1 + m * f2 + l * f3 + k * f4;
        (a, b, c, d) = (o, n, m, l);
    }
    if let Some([c0, c1, c2, c3, _]) = columns.get_mut(long.len()) {
        *c0 += a * f1 + b * f2 + c * f3 + d * f4;
        *c1 += a * f2 + b * f3 + c * f4;
        *c2 += a * f3 + b * f4;
        *c3 += a * f4;
    }
}

/// Makes limbs of columns, and gives what is left above.
fn propagate(columns: &mut [u64]) -> u64 {
    columns.iter_mut().fold(0, |carry, column| {
        let sum = *column + carry;
        *column = sum & u64::from(MASK);
        sum >> BITS
    })
}

/// Subtracts, and gives the borrow.
fn subtract(number: &mut [u32], other: &[u32]) -> bool {
    let borrow = number.iter_mut().zip(other).fold(0, |borrow, (limb, other)| {
        let difference = limb.wrapping_sub(*other).wrapping_sub(borrow);
        *limb = difference & MASK;
        difference >> 31
    });
    borrow != 0
}

fn blocks(limbs: &[u32]) -> impl Iterator<Item = &[u32; BLOCK]> {
    limbs.as_chunks().0.iter()
}

/// Little-endian limbs of big-endian bytes.
fn limbs(bytes: &[u8]) -> Vec<u32> {
    let mut limbs = Vec::with_capacity(bytes.len() * 8 / BITS + 1 + BLOCK);
    let (mut buffer, mut bits) = (0_u64, 0);
    for byte in bytes.iter().rev() {
        buffer |= u64::from(*byte) << bits;
        bits += 8;
        if bits >= BITS {
            limbs.push(buffer as u32 & MASK);
            buffer >>= BITS;
            bits -= BITS;
        }
    }
    limbs.push(buffer as u32);
    limbs
}
