//! What is taken for a key and what is not.

use std::format;
use std::vec::Vec;

use super::ec::unhex;
use super::{Curve, EcPublicKey, Ed25519PublicKey, HmacKey, RsaPublicKey, VerificationKey};
use crate::ErrorCode;
use crate::jose::algorithm::Algorithm;

/// An odd number of this many bits that passes for a modulus: nobody can tell that it is none.
fn modulus(bits: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..bits.div_ceil(8)).map(|at| (at * 37 + 11) as u8).collect();
    bytes[0] = 1 << ((bits - 1) % 8);
    *bytes.last_mut().unwrap() |= 1;
    bytes
}

const F4: [u8; 3] = [1, 0, 1];

fn refused<T>(result: Result<T, crate::Error>) -> bool {
    result.is_err_and(|error| error.code() == ErrorCode::KeyUnusable)
}

#[test]
fn rsa_has_2048_to_8192_bits() {
    for bits in [2048, 2049, 2055, 3072, 4096, 8185, 8192] {
        let key = RsaPublicKey::new(&modulus(bits), &F4).unwrap();
        assert_eq!((key.modulus(), key.exponent()), (&*modulus(bits), &F4[..]), "{bits}");
    }
    for bits in [9, 512, 1024, 2040, 2041, 2047, 8193, 8200, 16384] {
        assert!(refused(RsaPublicKey::new(&modulus(bits), &F4)), "{bits}");
    }
    let mut even = modulus(2048);
    *even.last_mut().unwrap() &= 0xfe;
    assert!(refused(RsaPublicKey::new(&even, &F4)));
    assert!(refused(RsaPublicKey::new(&[], &F4)) && refused(RsaPublicKey::new(&[0; 256], &F4)));
}

#[test]
fn rsa_numbers_lose_their_leading_zeros() {
    let padded = [&[0, 0][..], &modulus(2048)].concat();
    let key = RsaPublicKey::new(&padded, &[0, 0, 0, 1, 0, 1]).unwrap();
    assert_eq!((key.modulus(), key.exponent()), (&*modulus(2048), &F4[..]));
    // Zeros in front make no short key longer.
    assert!(refused(RsaPublicKey::new(&[&[0; 128][..], &modulus(1024)].concat(), &F4)));
}

#[test]
fn rsa_exponents_are_odd_and_neither_tiny_nor_huge() {
    for exponent in [0x1_0001_u64, 0x1_0003, 0xffff_ffff, 0x1_ffff_ffff] {
        assert!(RsaPublicKey::new(&modulus(2048), &exponent.to_be_bytes()).is_ok(), "{exponent}");
    }
    for exponent in [0, 1, 2, 3, 17, 257, 0xffff, 0x1_0000, 0x1_0002, 0x2_0000_0001, u64::MAX] {
        assert!(refused(RsaPublicKey::new(&modulus(2048), &exponent.to_be_bytes())), "{exponent}");
    }
    assert!(refused(RsaPublicKey::new(&modulus(2048), &[])));
    assert!(refused(RsaPublicKey::new(&modulus(2048), &modulus(2048))));
}

/// SP 800-186 §3.2.1: the generators.
fn generator(curve: Curve) -> (Vec<u8>, Vec<u8>) {
    match curve {
        Curve::P256 => (
            unhex::<32>("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296").to_vec(),
            unhex::<32>("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5").to_vec(),
        ),
        Curve::P384 => (
            unhex::<48>(
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            )
            .to_vec(),
            unhex::<48>(
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
            )
            .to_vec(),
        ),
        Curve::P521 => (
            unhex::<66>(concat!(
                "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d",
                "baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
            ))
            .to_vec(),
            unhex::<66>(concat!(
                "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66",
                "2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
            ))
            .to_vec(),
        ),
    }
}

#[test]
fn points_have_their_full_length() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let (x, y) = generator(curve);
        let key = EcPublicKey::new(curve, &x, &y).unwrap();
        assert_eq!((key.curve(), key.x(), key.y()), (curve, &*x, &*y));
        assert_eq!(key.point(), [&[4], &*x, &*y].concat());
        assert_eq!(Curve::from_name(curve.as_str()), Some(curve));
        assert_eq!(curve.coordinate_bytes(), x.len());
        let longer = [&[0], &*x].concat();
        for (x, y) in [(&x[1..], &*y), (&x, &y[1..]), (&longer, &y), (&x, &[]), (&[], &[])] {
            assert!(refused(EcPublicKey::new(curve, x, y)));
        }
    }
    assert_eq!(Curve::from_name("secp256k1"), None);
}

#[test]
fn points_lie_on_their_curve() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let (x, y) = generator(curve);
        for at in 0..x.len() {
            let mut off = x.clone();
            off[at] ^= 1;
            assert!(refused(EcPublicKey::new(curve, &off, &y)), "{curve:?} x {at}");
            let mut off = y.clone();
            off[at] ^= 0x80;
            assert!(refused(EcPublicKey::new(curve, &x, &off)), "{curve:?} y {at}");
        }
        let (zero, prime) = (std::vec![0; x.len()], curve.domain().prime.to_vec());
        assert!(refused(EcPublicKey::new(curve, &zero, &zero)), "{curve:?}: no point at infinity");
        assert!(refused(EcPublicKey::new(curve, &prime, &y)) && refused(EcPublicKey::new(curve, &x, &prime)));
    }
    // (0, sqrt(b)) on P-256; with x = p it would be the same point, written in a way that is not the one.
    let y = unhex::<32>("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
    assert!(EcPublicKey::new(Curve::P256, &[0; 32], &y).is_ok());
    assert!(refused(EcPublicKey::new(Curve::P256, Curve::P256.domain().prime, &y)));
}

#[test]
fn ed25519_keys_are_canonical_and_of_large_order() {
    let good = unhex::<32>("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(Ed25519PublicKey::new(&good).unwrap().as_bytes(), &good);
    assert!(refused(Ed25519PublicKey::new(&good[1..])) && refused(Ed25519PublicKey::new(&[good, good].concat())));

    // The points of small order, with either sign, and the same as y + p where that has 255 bits.
    for small in [
        unhex::<32>("0000000000000000000000000000000000000000000000000000000000000000"),
        unhex::<32>("0100000000000000000000000000000000000000000000000000000000000000"),
        unhex::<32>("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        unhex::<32>("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        unhex::<32>("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        unhex::<32>("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        unhex::<32>("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ] {
        let mut negative = small;
        negative[31] |= 0x80;
        assert!(refused(Ed25519PublicKey::new(&small)) && refused(Ed25519PublicKey::new(&negative)), "{small:x?}");
    }
    // y = 3 is on the curve; y = 3 + p is not another name for it.
    let (mut three, mut plus_p) = ([0; 32], [0xff; 32]);
    (three[0], plus_p[0], plus_p[31]) = (3, 0xf0, 0x7f);
    assert!(Ed25519PublicKey::new(&three).is_ok());
    assert!(refused(Ed25519PublicKey::new(&plus_p)));
}

#[test]
fn ed25519_keys_lie_on_the_curve() {
    let mut two = [0; 32];
    two[0] = 2;
    assert!(refused(Ed25519PublicKey::new(&two)));
    let taken = (2..=255_u8).filter(|y| {
        let mut bytes = [0; 32];
        bytes[0] = *y;
        Ed25519PublicKey::new(&bytes).is_ok()
    });
    // About every other y belongs to a point.
    assert!((100..155).contains(&taken.count()));
}

#[test]
fn a_secret_is_long_and_never_shown() {
    assert!(refused(HmacKey::new(&[7; 31])) && refused(HmacKey::new(&[])));
    let key = HmacKey::new(b"0123456789abcdef0123456789abcdef").unwrap();
    assert_eq!((key.len(), format!("{key:?}")), (32, "HmacKey(..)".into()));
    assert!(!format!("{:?}", VerificationKey::Hmac(key)).contains("0123"));
}

#[test]
fn every_key_has_its_algorithms() {
    use Algorithm::*;
    let ec = |curve| {
        let (x, y) = generator(curve);
        VerificationKey::Ec(EcPublicKey::new(curve, &x, &y).unwrap())
    };
    let hmac = |length| VerificationKey::Hmac(HmacKey::new(&[9; 64][..length]).unwrap());
    let ed25519 = unhex::<32>("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let rsa = RsaPublicKey::new(&modulus(2048), &F4).unwrap();
    for (key, fits) in [
        (VerificationKey::Rsa(rsa), &[Rs256, Rs384, Rs512, Ps256, Ps384, Ps512][..]),
        (ec(Curve::P256), &[Es256]),
        (ec(Curve::P384), &[Es384]),
        (ec(Curve::P521), &[Es512]),
        (VerificationKey::Ed25519(Ed25519PublicKey::new(&ed25519).unwrap()), &[EdDsa, Ed25519]),
        (hmac(32), &[Hs256]),
        (hmac(47), &[Hs256]),
        (hmac(48), &[Hs256, Hs384]),
        (hmac(64), &[Hs256, Hs384, Hs512]),
    ] {
        for algorithm in Algorithm::ALL {
            assert_eq!(key.fits(algorithm), fits.contains(&algorithm), "{key:?} {algorithm:?}");
        }
    }
}
