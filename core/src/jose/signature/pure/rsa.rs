//! RSA signature verification (RFC 8017 §8). Public data only.

use alloc::vec::Vec;

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::jose::algorithm::Algorithm;
use crate::jose::key::RsaPublicKey;

pub(super) fn verify(algorithm: Algorithm, key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool {
    let Some(encoded) = key.power(signature) else { return false };
    match algorithm {
        Algorithm::Rs256 => encoded == pkcs1(&SHA256, &Sha256::digest(message), encoded.len()),
        Algorithm::Rs384 => encoded == pkcs1(&SHA384, &Sha384::digest(message), encoded.len()),
        Algorithm::Rs512 => encoded == pkcs1(&SHA512, &Sha512::digest(message), encoded.len()),
        Algorithm::Ps256 => pss::<Sha256>(&encoded, key, message) == Some(true),
        Algorithm::Ps384 => pss::<Sha384>(&encoded, key, message) == Some(true),
        Algorithm::Ps512 => pss::<Sha512>(&encoded, key, message) == Some(true),
        _ => false,
    }
}

/// The DER of everything in `DigestInfo` before the hash itself (RFC 8017 §9.2, note 1).
const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384: [u8; 19] = *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512: [u8; 19] = *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// The one encoded message that a signature of this length may stand for: EMSA-PKCS1-v1_5
/// (RFC 8017 §9.2). It is compared as a whole, so there is nothing to parse and nothing to forge
/// (Bleichenbacher 2006 and its many returns).
fn pkcs1(prefix: &[u8], hash: &[u8], length: usize) -> Vec<u8> {
    let padding = length.saturating_sub(prefix.len() + hash.len() + 3);
    let mut encoded = Vec::with_capacity(length);
    encoded.extend([0, 1]);
    encoded.resize(2 + padding, 0xff);
    encoded.push(0);
    encoded.extend(prefix);
    encoded.extend(hash);
    encoded
}

/// EMSA-PSS verification (RFC 8017 §9.1.2) with MGF1 on the same hash and a salt as long as the
/// hash, exactly (RFC 7518 §3.5). `None` stands for an encoding too short to hold them.
fn pss<D: Digest>(encoded: &[u8], key: &RsaPublicKey, message: &[u8]) -> Option<bool> {
    // emBits is one less than the modulus has bits (§8.1.2): the bits above it must be zero.
    // Where they fill the first octet, it does not belong to the encoding at all.
    let (above, encoded, unused) = match key.modulus().first()?.leading_zeros() + 1 {
        8 => (*encoded.first()?, encoded.get(1..)?, 0),
        bits => (0, encoded, !(0xff >> bits)),
    };

    let size = <D as Digest>::output_size();
    let (data, trailer) = encoded.split_at_checked(encoded.len().checked_sub(size + 1)?)?;
    let (hash, end) = trailer.split_at_checked(size)?;
    let mut block = mask::<D>(hash, data.len());
    block.iter_mut().zip(data).for_each(|(mask, byte)| *mask ^= byte);

    let first = block.first_mut()?;
    let clean = above == 0 && end == [0xbc] && *data.first()? & unused == 0;
    *first &= !unused;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(size)?)?;
    let (one, zeros) = padding.split_last()?;
    let padded = *one == 1 && zeros.iter().all(|byte| *byte == 0);

    let expected = D::new().chain_update([0; 8]).chain_update(D::digest(message)).chain_update(salt).finalize();
    Some(clean && padded && hash == expected.as_slice())
}

/// MGF1 (RFC 8017 §B.2.1).
fn mask<D: Digest>(seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(length + <D as Digest>::output_size());
    for counter in 0_u32.. {
        if mask.len() >= length {
            break;
        }
        mask.extend_from_slice(&D::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize());
    }
    mask.truncate(length);
    mask
}
