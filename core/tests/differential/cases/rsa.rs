//! RSA against ring and RustCrypto, on true signatures, near misses and noise.

use ring::signature as ring;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pss::Pss;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};
use sentinel_core::Algorithm;
use sentinel_core::jose::key::{RsaPublicKey, VerificationKey};

use super::random::Random;
use super::{Tally, hex, ours};

const ALGORITHMS: [Algorithm; 6] =
    [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512];

pub(crate) struct Cases(Vec<Pool>);

/// A key with signatures over messages: private operations are too dear to do one for every case.
struct Pool {
    key: VerificationKey,
    modulus: Vec<u8>,
    reference: rsa::RsaPublicKey,
    signed: Vec<(Algorithm, Vec<u8>, Vec<u8>)>,
}

impl Cases {
    pub(crate) fn new(random: &mut Random, sizes: &[usize]) -> Self {
        Self(sizes.iter().map(|bits| Pool::new(random, *bits)).collect())
    }

    pub(crate) fn case(&mut self, random: &mut Random, tally: &mut Tally) {
        let pool = random.pick(&self.0);
        let (algorithm, message, signature) = random.pick(&pool.signed);
        let (mut algorithm, mut message, mut signature) = (*algorithm, message.clone(), signature.clone());
        match random.below(16) {
            0..4 => {}
            4 => signature = random.runs(signature.len()),
            5 => signature = pool.modulus.clone(),
            6 => signature = (BigUint::from_bytes_be(&pool.modulus) - BigUint::from_bytes_be(&signature)).to_bytes_be(),
            7 => signature = (BigUint::from_bytes_be(&pool.modulus) + BigUint::from_bytes_be(&signature)).to_bytes_be(),
            8 => signature.insert(0, 0),
            9 => signature.push(0),
            10 => drop(signature.pop()),
            11 => signature = BigUint::from(random.below(3)).to_bytes_be(),
            12 => algorithm = *random.pick(&ALGORITHMS),
            13 => random.turn(&mut message),
            _ => random.turn(&mut signature),
        }
        pool.compare(algorithm, &message, &signature, random.below(8) == 0, tally);
    }
}

impl Pool {
    fn new(random: &mut Random, bits: usize) -> Self {
        let private = RsaPrivateKey::new(random, bits).unwrap();
        let modulus = private.n().to_bytes_be();
        let key = RsaPublicKey::new(&modulus, &private.e().to_bytes_be()).unwrap();
        let mut signed = Vec::new();
        // Every fault once for every algorithm, and as many without any.
        for round in 0..2 * FAULTS * ALGORITHMS.len() {
            let algorithm = ALGORITHMS[round % ALGORITHMS.len()];
            let fault = round / ALGORITHMS.len();
            let mut message = Vec::new();
            let mut encode = |_| {
                let length = random.below(100) as usize;
                message = random.bytes(length);
                let encoded = match algorithm {
                    Algorithm::Rs256 => pkcs1(random, fault, &SHA256, &Sha256::digest(&message), modulus.len()),
                    Algorithm::Rs384 => pkcs1(random, fault, &SHA384, &Sha384::digest(&message), modulus.len()),
                    Algorithm::Rs512 => pkcs1(random, fault, &SHA512, &Sha512::digest(&message), modulus.len()),
                    Algorithm::Ps256 => pss::<Sha256>(random, fault, &message, bits),
                    Algorithm::Ps384 => pss::<Sha384>(random, fault, &message, bits),
                    _ => pss::<Sha512>(random, fault, &message, bits),
                };
                BigUint::from_bytes_be(&encoded)
            };
            // Some faults make most encodings larger than the modulus.
            let Some(encoded) = (0..100).map(&mut encode).find(|encoded| encoded < private.n()) else { continue };
            let signature = rsa::hazmat::rsa_decrypt(None::<&mut Random>, &private, &encoded).unwrap().to_bytes_be();
            let mut padded = vec![0; modulus.len() - signature.len()];
            padded.extend(signature);
            signed.push((algorithm, message, padded));
        }
        Self { key: VerificationKey::Rsa(key), modulus, reference: private.to_public_key(), signed }
    }

    fn compare(&self, algorithm: Algorithm, message: &[u8], signature: &[u8], also_slow: bool, tally: &mut Tally) {
        let answer = ours(algorithm, &self.key, message, signature);
        let (parameters, kind) = match algorithm {
            Algorithm::Rs256 => (&ring::RSA_PKCS1_2048_8192_SHA256, "RS256"),
            Algorithm::Rs384 => (&ring::RSA_PKCS1_2048_8192_SHA384, "RS384"),
            Algorithm::Rs512 => (&ring::RSA_PKCS1_2048_8192_SHA512, "RS512"),
            Algorithm::Ps256 => (&ring::RSA_PSS_2048_8192_SHA256, "PS256"),
            Algorithm::Ps384 => (&ring::RSA_PSS_2048_8192_SHA384, "PS384"),
            _ => (&ring::RSA_PSS_2048_8192_SHA512, "PS512"),
        };
        let exponent = self.reference.e().to_bytes_be();
        let key = ring::RsaPublicKeyComponents { n: &self.modulus, e: &exponent };
        let theirs = key.verify(parameters, message, signature).is_ok();
        let same = |theirs: bool, who: &str| {
            assert_eq!(
                answer,
                theirs,
                "{kind} by {who}: n {} m {} s {}",
                hex(&self.modulus),
                hex(message),
                hex(signature)
            );
        };
        same(theirs, "ring");
        if also_slow {
            same(self.rustcrypto(algorithm, message, signature), "RustCrypto");
        }
        tally.count(kind, answer);
    }

    fn rustcrypto(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        // What this crate takes more liberally than RFC 8017 §8.1.2 and §8.2.2 say, step 1.
        if signature.len() != self.modulus.len() || signature >= self.modulus.as_slice() {
            return false;
        }
        // It does not look at an octet before the encoding either, which a modulus of 8k + 1 bits leaves (step 2c).
        let encoded = BigUint::from_bytes_be(signature).modpow(self.reference.e(), self.reference.n());
        if encoded.bits() >= self.reference.n().bits() && self.reference.n().bits() % 8 == 1 {
            return false;
        }
        let verify = |hash: &[u8]| match algorithm {
            Algorithm::Rs256 => self.reference.verify(Pkcs1v15Sign::new::<Sha256>(), hash, signature),
            Algorithm::Rs384 => self.reference.verify(Pkcs1v15Sign::new::<Sha384>(), hash, signature),
            Algorithm::Rs512 => self.reference.verify(Pkcs1v15Sign::new::<Sha512>(), hash, signature),
            Algorithm::Ps256 => self.reference.verify(Pss::new_with_salt::<Sha256>(32), hash, signature),
            Algorithm::Ps384 => self.reference.verify(Pss::new_with_salt::<Sha384>(48), hash, signature),
            _ => self.reference.verify(Pss::new_with_salt::<Sha512>(64), hash, signature),
        };
        let hash = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => Sha256::digest(message).to_vec(),
            Algorithm::Rs384 | Algorithm::Ps384 => Sha384::digest(message).to_vec(),
            _ => Sha512::digest(message).to_vec(),
        };
        verify(&hash).is_ok()
    }
}

const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384: [u8; 19] = *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512: [u8; 19] = *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// How many faults there are; those above are none.
const FAULTS: usize = 15;

/// EMSA-PKCS1-v1_5, right or with one of the faults that lax verifiers have let pass.
fn pkcs1(random: &mut Random, fault: usize, prefix: &[u8], hash: &[u8], length: usize) -> Vec<u8> {
    let without_null = || {
        // The AlgorithmIdentifier without its NULL: two octets less in three lengths.
        let mut der = prefix.to_vec();
        der[1] -= 2;
        der[3] -= 2;
        der.drain(15..17);
        der
    };
    let prefix = if fault == 0 { without_null() } else { prefix.to_vec() };
    let padding = length - 3 - prefix.len() - hash.len();
    let mut encoded = vec![0, 1];
    encoded.resize(2 + padding, 0xff);
    encoded.push(0);
    encoded.extend(&prefix);
    encoded.extend(hash);
    let digest_info = 3 + padding;
    match fault {
        1 => encoded[1] = 2,
        2 => encoded[0] = 1,
        3 => encoded[2 + random.below(padding as u64) as usize] = 0xfe,
        4 => encoded[2 + random.below(padding as u64) as usize] = 0,
        5 => encoded[digest_info - 1] = 0xff,
        // Bleichenbacher 2006: little padding, and room for anything after the hash.
        6 => {
            encoded.drain(10..2 + padding);
            let garbage = length - encoded.len();
            encoded.extend(random.bytes(garbage));
        }
        7 => random.turn(&mut encoded[digest_info..]),
        8 => encoded[digest_info + 1] += 1,
        9 => random.turn(&mut encoded),
        10 => encoded[1] = 0,
        _ => {}
    }
    encoded
}

/// EMSA-PSS, right or with one fault.
fn pss<D: Digest>(random: &mut Random, fault: usize, message: &[u8], bits: usize) -> Vec<u8> {
    let size = <D as Digest>::output_size();
    let length = (bits - 1).div_ceil(8);
    let longest = length - size - 2;
    let salt = match fault {
        0 => 0,
        1 => 1,
        2 => size - 1,
        3 => size + 1,
        4 => longest,
        5 => random.below(longest as u64) as usize,
        _ => size,
    };
    let salt = random.bytes(salt);
    let mut hash =
        D::new().chain_update([0; 8]).chain_update(D::digest(message)).chain_update(&salt).finalize().to_vec();
    let mut data = vec![0; length - size - 2 - salt.len()];
    data.push(1);
    data.extend(&salt);
    let separator = data.len() - salt.len() - 1;
    match fault {
        6 => data[separator] = 2,
        7 => data[0] = 1,
        14 => data[random.below(separator as u64) as usize] = 1,
        8 => random.turn(&mut hash),
        9 => random.turn(&mut data),
        _ => {}
    }
    let mask = (0_u32..).flat_map(|i| D::new().chain_update(&hash).chain_update(i.to_be_bytes()).finalize().to_vec());
    data.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let unused = 8 * length - (bits - 1);
    data[0] &= 0xff >> unused;
    if fault == 10 && unused > 0 {
        data[0] |= 0x100_u16.wrapping_shr(unused as u32) as u8;
    }
    let mut encoded = data;
    encoded.extend(hash);
    encoded.push(if fault == 11 { 0xcc } else { 0xbc });
    match fault {
        12 => random.turn(&mut encoded),
        // A bit that belongs to the modulus, not to the encoding.
        13 if unused == 0 => encoded.insert(0, 1),
        _ => {}
    }
    encoded
}
