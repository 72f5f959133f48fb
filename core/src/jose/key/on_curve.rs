//! Just enough arithmetic to show that a point lies on its curve: on big-endian bytes, as keys have
//! them, digit by digit as on paper. Done once for a key, and a few hundred bytes of code in a module that
//! leaves signatures to its host.

use alloc::vec;
use alloc::vec::Vec;

/// The integers modulo an odd prime. Every number has as many bytes as the prime and is below it.
pub(super) struct Field<'a>(pub(super) &'a [u8]);

impl Field<'_> {
    /// Whether the bytes are a number of this field.
    pub(super) fn has(&self, number: &[u8]) -> bool {
        number.len() == self.0.len() && number < self.0
    }

    /// number = own·number + times·other, for small factors.
    pub(super) fn combine(&self, number: &mut [u8], own: u16, other: &[u8], times: u16) {
        let mut carry = 0;
        for (byte, other) in number.iter_mut().zip(other).rev() {
            carry += own * u16::from(*byte) + times * u16::from(*other);
            *byte = carry as u8;
            carry >>= 8;
        }
        while carry != 0 || &*number >= self.0 {
            carry -= subtract(number, self.0);
        }
    }

    /// The product, by doubling and adding.
    pub(super) fn multiply(&self, left: &[u8], right: &[u8]) -> Vec<u8> {
        let mut product = vec![0; self.0.len()];
        for byte in right {
            for bit in (0..8).rev() {
                self.combine(&mut product, 2, left, u16::from(byte >> bit & 1));
            }
        }
        product
    }

    /// Whether the number is a square and not zero: the Jacobi symbol is 1 (HAC 2.149, here with
    /// subtractions for divisions, as in Stein's algorithm for the greatest common divisor).
    pub(super) fn is_square(&self, number: &[u8]) -> bool {
        let (mut upper, mut lower) = (number.to_vec(), self.0.to_vec());
        let mut symbol = true;
        while upper.iter().any(|byte| *byte != 0) {
            // INVARIANT: lower is odd; the symbol of (number, prime) is that of (upper, lower), turned over unless `symbol`.
            let (Some(&high), Some(&low)) = (upper.last(), lower.last()) else { return false };
            if high & 1 == 0 {
                symbol ^= matches!(low & 7, 3 | 5);
                let mut carry = 0;
                for byte in &mut upper {
                    (*byte, carry) = (*byte >> 1 | carry, *byte << 7);
                }
            } else {
                if upper < lower {
                    symbol ^= high & low & 3 == 3;
                    core::mem::swap(&mut upper, &mut lower);
                }
                subtract(&mut upper, &lower);
            }
        }
        // What is left is the greatest common divisor: 1 for every number but zero.
        symbol && number.iter().any(|byte| *byte != 0)
    }
}

/// Subtracts, and gives the borrow.
fn subtract(number: &mut [u8], other: &[u8]) -> u16 {
    let mut borrow = 0;
    for (byte, other) in number.iter_mut().zip(other).rev() {
        let difference = u16::from(*byte).wrapping_sub(u16::from(*other) + borrow);
        *byte = difference as u8;
        borrow = difference >> 15;
    }
    borrow
}
