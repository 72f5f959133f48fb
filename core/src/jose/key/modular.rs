//! Arithmetic modulo an odd number, in Montgomery's form. For public data only:
//! how long it takes depends on the values.
//!
//! One module serves RSA verification and the checks that a key's point lies on
//! its curve. Numbers are little-endian limbs of 28 bits in a `u32`, so that a
//! product has 56 bits and a `u64` sums 256 of them before a carry must be
//! looked at: WebAssembly has no add-with-carry and no 128-bit product.
//!
//! Sources: P. L. Montgomery, "Modular multiplication without trial division"
//! (1985); Menezes, van Oorschot, Vanstone, "Handbook of Applied Cryptography",
//! algorithms 14.32, 14.36 and 14.16; Ç. K. Koç, T. Acar, B. S. Kaliski,
//! "Analyzing and comparing Montgomery multiplication algorithms" (1996), the
//! method "FIPS" (finely integrated product scanning).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::iter::repeat_n;

const BITS: usize = 28;
const MASK: u32 = (1 << BITS) - 1;

/// The most products of one column that are summed without looking at a carry:
/// doubled (in a square) and with what was there before they stay below 2^64.
const LAZY: usize = 120;

/// An odd modulus above 1 with Montgomery's constants. R is 2^28 to the power of the number of limbs.
#[derive(Clone, Debug)]
pub(crate) struct Modulus {
    /// The limbs from the highest down: a column pairs them with another number's limbs from the lowest up.
    reversed: Box<[u32]>,
    lowest: u32,
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

/// The sum of one column, kept as two parts so that it cannot overflow: `low + high·2^28`.
#[derive(Default)]
struct Column {
    low: u64,
    high: u64,
}

impl Column {
    fn add(&mut self, sum: u64) {
        self.low += sum & u64::from(MASK);
        self.high += sum >> BITS;
    }

    /// Adds the products of limbs at equal places, up to the shorter one's end, `times` times (1 or 2).
    fn add_products(&mut self, left: &[u32], right: &[u32], times: u64) {
        for (left, right) in left.chunks(LAZY).zip(right.chunks(LAZY)) {
            let sum: u64 = left.iter().zip(right).map(|(l, r)| u64::from(*l) * u64::from(*r)).sum();
            self.add(sum * times);
        }
    }

    /// Takes the lowest limb; the rest begins the next column.
    fn shift(&mut self) -> u32 {
        let limb = self.low as u32 & MASK;
        *self = Self { low: (self.low >> BITS) + self.high, high: 0 };
        limb
    }
}

impl Modulus {
    /// From big-endian bytes; none if it is even or 1.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let mut limbs = limbs(bytes);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let lowest = *limbs.first().filter(|limb| *limb & 1 == 1)?;
        let highest = *limbs.last().filter(|_| *limbs != [1])?;
        // Newton's iteration doubles the bits that are right: an odd x is its own inverse modulo 2^3, then 6, 12, 24, 48.
        let inverse = (0..4).fold(lowest, |x, _| x.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(x))));
        let size = limbs.len();
        limbs.reverse();
        let mut modulus = Self {
            reversed: limbs.into(),
            lowest,
            inverse: inverse.wrapping_neg() & MASK,
            one: Residue([].into()),
            square: Residue([].into()),
        };

        // R from the highest power of two below n by doublings; R^2 as the power 2^(28·size) in Montgomery's form.
        let power = repeat_n(0, size - 1).chain([1 << highest.ilog2()]).collect();
        modulus.one = (highest.ilog2()..BITS as u32).fold(Residue(power), |power, _| modulus.add(&power, &power));
        let two = modulus.add(&modulus.one, &modulus.one);
        modulus.square = modulus.power(&two, &(BITS * size).to_be_bytes());
        Some(modulus)
    }

    /// Big-endian bytes as a number in Montgomery's form; none unless it is below the modulus.
    pub(crate) fn residue(&self, bytes: &[u8]) -> Option<Residue> {
        Some(self.enter(&self.plain(bytes)?))
    }

    /// Carries a plain number into Montgomery's form.
    pub(crate) fn enter(&self, plain: &Residue) -> Residue {
        self.multiply(plain, &self.square)
    }

    /// Big-endian bytes as they are, x for x; none unless the number is below the modulus.
    pub(crate) fn plain(&self, bytes: &[u8]) -> Option<Residue> {
        let mut plain = limbs(bytes);
        while plain.len() > self.size() && plain.last() == Some(&0) {
            plain.pop();
        }
        plain.resize(plain.len().max(self.size()), 0);
        (plain.len() == self.size() && plain.iter().rev().lt(&*self.reversed)).then(|| Residue(plain.into()))
    }

    /// The sum.
    pub(crate) fn add(&self, left: &Residue, right: &Residue) -> Residue {
        let mut column = Column::default();
        let sum = left.0.iter().zip(&right.0).map(|(l, r)| {
            column.low += u64::from(l + r);
            column.shift()
        });
        let sum = sum.collect();
        self.once(sum, column.low)
    }

    /// Montgomery's product: left·right/R.
    pub(crate) fn multiply(&self, left: &Residue, right: &Residue) -> Residue {
        let reversed: Box<[u32]> = right.0.iter().rev().copied().collect();
        let size = self.size();
        self.reduce(|column, at| match (size - 1).checked_sub(at) {
            Some(skip) => column.add_products(&left.0, from(&reversed, skip), 1),
            None => column.add_products(from(&left.0, at + 1 - size), &reversed, 1),
        })
    }

    /// Montgomery's square: half of the products, doubled (HAC 14.16).
    pub(crate) fn square(&self, number: &Residue) -> Residue {
        let reversed: Box<[u32]> = number.0.iter().rev().copied().collect();
        let size = self.size();
        self.reduce(|column, at| {
            let half = number.0.get(..at.div_ceil(2)).unwrap_or(&number.0);
            match (size - 1).checked_sub(at) {
                Some(skip) => column.add_products(half, from(&reversed, skip), 2),
                None => column.add_products(from(half, at + 1 - size), &reversed, 2),
            }
            if let (0, Some(middle)) = (at % 2, number.0.get(at / 2)) {
                column.add(u64::from(*middle) * u64::from(*middle));
            }
        })
    }

    /// The power by a big-endian exponent, from its highest bit on (HAC 14.79).
    pub(crate) fn power(&self, base: &Residue, exponent: &[u8]) -> Residue {
        let bits = exponent.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        bits.skip_while(|bit| *bit == 0).fold(self.one.clone(), |power, bit| match bit {
            0 => self.square(&power),
            _ => self.multiply(&self.square(&power), base),
        })
    }

    /// One in Montgomery's form.
    pub(crate) fn one(&self) -> &Residue {
        &self.one
    }

    fn size(&self) -> usize {
        self.reversed.len()
    }

    /// The sum of all columns that `add` adds to, divided by R: beside each column of it runs
    /// one of the multiple of n that makes the lower half vanish (HAC 14.32, 14.36; "FIPS").
    #[inline(always)]
    fn reduce(&self, add: impl Fn(&mut Column, usize)) -> Residue {
        let size = self.size();
        let mut column = Column::default();
        let mut multiple = Vec::with_capacity(size);
        for at in 0..size {
            add(&mut column, at);
            column.add_products(&multiple, from(&self.reversed, size - 1 - at), 1);
            let factor = (column.low as u32).wrapping_mul(self.inverse) & MASK;
            column.add(u64::from(factor) * u64::from(self.lowest));
            column.shift();
            multiple.push(factor);
        }
        let upper = (size..2 * size).map(|at| {
            add(&mut column, at);
            column.add_products(from(&multiple, at + 1 - size), &self.reversed, 1);
            column.shift()
        });
        let upper = upper.collect();
        self.once(upper, column.low)
    }

    /// Subtracts the modulus once if the number, with its carry, reaches it. It is below 2n.
    fn once(&self, mut number: Box<[u32]>, carry: u64) -> Residue {
        if carry != 0 || number.iter().rev().ge(&*self.reversed) {
            let mut borrow = 0;
            for (limb, n) in number.iter_mut().zip(self.reversed.iter().rev()) {
                let difference = limb.wrapping_sub(*n).wrapping_sub(borrow);
                *limb = difference & MASK;
                borrow = difference >> 31;
            }
        }
        Residue(number)
    }
}

impl Residue {
    /// The lowest bytes of the number as it stands, big-endian.
    #[cfg(feature = "pure")]
    pub(crate) fn to_bytes(&self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 4);
        let (mut buffer, mut bits) = (0_u64, 0);
        for limb in self.0.iter().chain(&[0]) {
            buffer |= u64::from(*limb) << bits;
            bits += BITS;
            while bits >= 8 {
                bytes.push(buffer as u8);
                buffer >>= 8;
                bits -= 8;
            }
        }
        bytes.resize(length, 0);
        bytes.reverse();
        bytes
    }
}

fn from(limbs: &[u32], start: usize) -> &[u32] {
    limbs.get(start..).unwrap_or(&[])
}

/// Little-endian limbs of big-endian bytes.
fn limbs(bytes: &[u8]) -> Vec<u32> {
    let mut limbs = Vec::with_capacity(bytes.len() * 8 / BITS + 1);
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
