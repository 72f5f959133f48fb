//! What only signature verification needs.

use alloc::vec::Vec;

use super::{BITS, MASK, Modulus, Residue, subtract};

impl Modulus {
    /// Big-endian bytes as they are, less the modulus if they reach it; none if that is not enough.
    pub(crate) fn plain_once(&self, bytes: &[u8]) -> Option<Residue> {
        let plain = self.plain_limbs(super::limbs(bytes))?;
        let plain = self.once(plain.0, false);
        plain.0.iter().rev().lt(self.limbs.iter().rev()).then_some(plain)
    }

    /// The plain number of these limbs; none unless it is below the modulus.
    pub(crate) fn of_limbs(&self, limbs: impl Iterator<Item = u32>) -> Option<Residue> {
        self.plain_limbs(limbs.collect()).filter(|plain| plain.0.iter().rev().lt(self.limbs.iter().rev()))
    }

    /// The modulus itself, from its lowest limb up.
    pub(crate) fn limbs(&self) -> impl Iterator<Item = u32> {
        self.limbs.iter().copied()
    }

    /// The inverse of a plain number, plain; none if there is none.
    ///
    /// The binary extended algorithm (HAC 14.61), with all factors of two taken out at once.
    pub(crate) fn invert(&self, number: &Residue) -> Option<Residue> {
        if number.0.iter().all(|limb| *limb == 0) {
            return None;
        }
        // INVARIANT: number·x = u and number·y = v modulo n; v is odd; u is not zero.
        let (mut u, mut v) = (number.0.clone(), self.limbs.clone());
        let (mut x, mut y): (Vec<u32>, Vec<u32>) = (alloc::vec![0; u.len()], alloc::vec![0; u.len()]);
        *x.first_mut()? = 1;
        loop {
            while let Some(shift @ 1..) = u.first().map(|limb| limb.trailing_zeros().min(BITS as u32)) {
                shift_down(&mut u, shift, 0, &self.limbs);
                let factor = x.first()?.wrapping_mul(self.inverse) & ((1 << shift) - 1);
                shift_down(&mut x, shift, factor, &self.limbs);
            }
            match u.iter().rev().cmp(v.iter().rev()) {
                core::cmp::Ordering::Equal => break,
                core::cmp::Ordering::Less => {
                    core::mem::swap(&mut u, &mut v);
                    core::mem::swap(&mut x, &mut y);
                }
                core::cmp::Ordering::Greater => {}
            }
            subtract(&mut u, &v);
            if subtract(&mut x, &y) {
                add(&mut x, &self.limbs);
            }
        }
        // Both are the greatest common divisor now.
        let (one, rest) = v.split_first()?;
        (*one == 1 && rest.iter().all(|limb| *limb == 0)).then(|| Residue(x.into()))
    }
}

impl Residue {
    /// The limbs, from the lowest up.
    pub(crate) fn limbs(&self) -> &[u32] {
        &self.0
    }

    /// The lowest bytes of the number as it stands, big-endian.
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

/// (number + factor·other) / 2^shift, where that is exact and the factor below 2^shift: with the right one
/// an odd number is halved modulo n.
fn shift_down(number: &mut [u32], shift: u32, factor: u32, other: &[u32]) {
    let mut limbs = number.iter_mut().zip(other);
    let Some((mut place, first)) = limbs.next() else { return };
    let mut sum = (u64::from(*place) + u64::from(factor) * u64::from(*first)) >> shift;
    for (limb, other) in limbs {
        sum += (u64::from(*limb) + u64::from(factor) * u64::from(*other)) << (BITS as u32 - shift);
        *place = sum as u32 & MASK;
        sum >>= BITS;
        place = limb;
    }
    *place = sum as u32;
}

fn add(number: &mut [u32], other: &[u32]) {
    number.iter_mut().zip(other).fold(0, |carry, (limb, other)| {
        let sum = *limb + other + carry;
        *limb = sum & MASK;
        sum >> BITS
    });
}
