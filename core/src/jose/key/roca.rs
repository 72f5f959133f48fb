//! The fingerprint of ROCA keys (CVE-2017-15361): RSA keys of a smart card library whose primes
//! can be found from the public modulus.

/// The primes of the published fingerprint: 2 left out, since every modulus is odd.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus is a power of 65537 modulo every one of the primes (Nemec et al., "The Return of
/// Coppersmith's Attack", CCS 2017, §2.3). A sound key is taken for one with probability 2^-27.
pub(super) fn is_roca(modulus: &[u8]) -> bool {
    PRIMES.into_iter().all(|prime| {
        let rest = modulus.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % prime);
        let mut power = 1;
        // The powers repeat after at most prime - 1 steps.
        (1..prime).any(|_| {
            power = power * (65537 % prime) % prime;
            power == rest
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The product of the primes, big-endian; a number that is 1 modulo each of them when 1 is added.
    fn primorial_plus(k: u8) -> Vec<u8> {
        let mut product = std::vec![1u8];
        for prime in PRIMES {
            let mut carry = 0u32;
            for byte in product.iter_mut().rev() {
                carry += u32::from(*byte) * prime;
                *byte = carry as u8;
                carry >>= 8;
            }
            while carry > 0 {
                product.insert(0, carry as u8);
                carry >>= 8;
            }
        }
        let last = product.len() - 1;
        product[last] = product[last].wrapping_add(k);
        product
    }

    #[test]
    fn knows_the_structure() {
        assert!(is_roca(&primorial_plus(1)), "1 is a power of everything");
        assert!(!is_roca(&primorial_plus(0)), "0 is a power of nothing");
        assert!(is_roca(&[1, 0, 1]));
        assert!(!is_roca(&[3]));
        // 2 is no power of 65537 modulo 11, where 65537 is 10: the powers are 1 and 10.
        assert!(!is_roca(&[2]));
    }
}
