//! Ed25519 against ring and dalek, with points that have a part of small order and encodings that are not canonical.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, VerifyingKey};
use sentinel_core::Algorithm;
use sentinel_core::jose::key::{Ed25519PublicKey, VerificationKey};
use sha2::{Digest, Sha512};

use super::random::Random;
use super::{Tally, hex, ours};

pub(crate) fn case(random: &mut Random, tally: &mut Tally) {
    if random.below(4) == 0 {
        return import(random, tally);
    }
    let (secret, nonce) = (scalar(random), scalar(random));
    let torsion = |random: &mut Random| match random.below(4) {
        0 => *random.pick(&EIGHT_TORSION),
        _ => EIGHT_TORSION[0],
    };
    let mut key = (ED25519_BASEPOINT_POINT * secret + torsion(random)).compress().to_bytes();
    let r = (ED25519_BASEPOINT_POINT * nonce + torsion(random)).compress().to_bytes();
    let length = random.below(100) as usize;
    let mut message = random.bytes(length);
    let s = nonce + secret * challenge(&r, &key, &message);
    let mut signature = [r, s.to_bytes()].concat();
    match random.below(16) {
        0..6 => {}
        6 => signature[32..].copy_from_slice(&plus_order(s)),
        7 => signature[..32].copy_from_slice(&encoding(random)),
        8 => signature[32..].copy_from_slice(&random.runs(32)),
        9 => random.turn(&mut message),
        10 => drop(signature.pop()),
        11 => signature.push(0),
        12 => {
            // S·B = R + k·A with a key of small order: holds for many messages, and must not.
            key = random.pick(&EIGHT_TORSION).compress().to_bytes();
        }
        _ => random.turn(&mut signature),
    }
    let Ok(ours_key) = Ed25519PublicKey::new(&key).map(VerificationKey::Ed25519) else {
        let theirs = VerifyingKey::from_bytes(&key).unwrap();
        assert!(theirs.is_weak(), "refused the key {}", hex(&key));
        return tally.count("EdDSA", false);
    };
    let answer = ours(Algorithm::EdDsa, &ours_key, &message, &signature);
    let same = |theirs: bool, who: &str| {
        let (key, message, signature) = (hex(&key), hex(&message), hex(&signature));
        assert_eq!(answer, theirs, "EdDSA by {who}: key {key} message {message} signature {signature}");
    };
    let strict = Signature::from_slice(&signature)
        .is_ok_and(|signature| VerifyingKey::from_bytes(&key).unwrap().verify_strict(&message, &signature).is_ok());
    same(strict, "dalek");
    // ring does not look whether R is of small order: `settle` does so for every backend.
    let theirs = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &key);
    if !small_order(&signature) {
        same(theirs.verify(&message, &signature).is_ok(), "ring");
    }
    tally.count("EdDSA", answer);
}

fn small_order(signature: &[u8]) -> bool {
    let bytes: Option<&[u8; 32]> = signature.first_chunk();
    let point = bytes.and_then(|bytes| curve25519_dalek::edwards::CompressedEdwardsY(*bytes).decompress());
    point.is_some_and(|point| point.is_small_order())
}

fn scalar(random: &mut Random) -> Scalar {
    match random.below(8) {
        0 => Scalar::from(1 + random.below(16)),
        1 => -Scalar::from(1 + random.below(16)),
        _ => Scalar::from_bytes_mod_order(random.runs(32).try_into().unwrap()),
    }
}

fn challenge(r: &[u8], key: &[u8], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// The same scalar once more around: S + L, which has to be refused.
fn plus_order(s: Scalar) -> [u8; 32] {
    let order = (-Scalar::ONE).to_bytes();
    let mut carry = 1;
    let mut bytes = s.to_bytes();
    for (byte, order) in bytes.iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry as u8;
        carry >>= 8;
    }
    bytes
}

/// An encoding of a point, or what looks like one: small orders, y at and above p, anything.
fn encoding(random: &mut Random) -> [u8; 32] {
    let mut bytes: [u8; 32] = match random.below(4) {
        0 => random.pick(&EIGHT_TORSION).compress().to_bytes(),
        1 => {
            // p = 2^255 - 19 begins with 0xed.
            let mut bytes = [0xff; 32];
            bytes[0] = 0xe0 + random.below(32) as u8;
            bytes
        }
        2 => random.runs(32).try_into().unwrap(),
        _ => EdwardsPoint::compress(&(ED25519_BASEPOINT_POINT * scalar(random))).to_bytes(),
    };
    if random.below(2) == 0 {
        bytes[31] ^= 0x80;
    }
    bytes
}

fn import(random: &mut Random, tally: &mut Tally) {
    let bytes = encoding(random);
    let answer = Ed25519PublicKey::new(&bytes).is_ok();
    // Canonical: what it decodes to encodes as the same again.
    let theirs = VerifyingKey::from_bytes(&bytes)
        .is_ok_and(|key| !key.is_weak() && key.to_edwards().compress().to_bytes() == bytes);
    assert_eq!(answer, theirs, "Ed25519 import: {}", hex(&bytes));
    tally.count("Ed25519 import", answer);
}
