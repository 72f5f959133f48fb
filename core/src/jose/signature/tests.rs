//! The examples of the standards, through every backend that is built in.

use std::vec::Vec;

use super::{SignatureBackend, settle, verify};
use crate::ErrorCode;
use crate::jose::algorithm::Algorithm;
use crate::jose::key::{Curve, EcPublicKey, Ed25519PublicKey, HmacKey, RsaPublicKey, VerificationKey};

fn base64url(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = text
        .chars()
        .filter_map(|character| ALPHABET.find(character))
        .flat_map(|value| (0..6).rev().map(move |bit| (value >> bit & 1) as u8))
        .collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect()
}

fn backends() -> Vec<&'static dyn SignatureBackend> {
    std::vec![
        #[cfg(feature = "pure")]
        &super::PureRust,
        #[cfg(feature = "ring")]
        &super::Ring,
    ]
}

/// Every backend accepts the token and refuses it with any one bit of its signature turned.
fn holds(algorithm: Algorithm, key: &VerificationKey, token: &str) {
    let (signing_input, signature) = token.rsplit_once('.').unwrap();
    let signature = base64url(signature);
    for backend in backends() {
        assert_eq!(verify(backend, algorithm, key, signing_input.as_bytes(), &signature), Ok(()));
        for bit in (0..signature.len() * 8).step_by(61) {
            let mut turned = signature.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            let refused = verify(backend, algorithm, key, signing_input.as_bytes(), &turned);
            assert_eq!(refused.unwrap_err().code(), ErrorCode::SignatureInvalid);
        }
        let other = verify(backend, algorithm, key, &signing_input.as_bytes()[1..], &signature);
        assert_eq!(other.unwrap_err().code(), ErrorCode::SignatureInvalid);
    }
}

/// RFC 7515, appendices A.1 to A.4: all four have one payload.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc7515_a1_hmac() {
    let secret = base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    let key = VerificationKey::Hmac(HmacKey::new(&secret).unwrap());
    let token = ["eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", PAYLOAD, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"];
    holds(Algorithm::Hs256, &key, &token.join("."));
}

#[test]
fn rfc7515_a2_rsa() {
    let modulus = base64url(concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
        "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB",
        "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia",
        "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    ));
    let key = VerificationKey::Rsa(RsaPublicKey::new(&modulus, &[1, 0, 1]).unwrap());
    let signature = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9",
        "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB",
        "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq",
        "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    holds(Algorithm::Rs256, &key, &["eyJhbGciOiJSUzI1NiJ9", PAYLOAD, signature].join("."));
}

#[test]
fn rfc7515_a3_p256() {
    let x = base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let y = base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let key = VerificationKey::Ec(EcPublicKey::new(Curve::P256, &x, &y).unwrap());
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    holds(Algorithm::Es256, &key, &["eyJhbGciOiJFUzI1NiJ9", PAYLOAD, signature].join("."));
}

#[test]
fn rfc7515_a4_p521() {
    let x = base64url("AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk");
    let y = base64url("ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2");
    let key = VerificationKey::Ec(EcPublicKey::new(Curve::P521, &x, &y).unwrap());
    let signature = concat!(
        "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt",
        "AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
    );
    if backends().iter().all(|backend| backend.supports(Algorithm::Es512)) {
        holds(Algorithm::Es512, &key, &["eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA", signature].join("."));
    }
}

#[test]
fn rfc8037_a4_ed25519() {
    let x = base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let key = VerificationKey::Ed25519(Ed25519PublicKey::new(&x).unwrap());
    let token = concat!(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    holds(Algorithm::EdDsa, &key, token);
    holds(Algorithm::Ed25519, &key, token);
}

fn settled(algorithm: Algorithm, key: &VerificationKey, signature: &[u8]) -> bool {
    match settle(algorithm, key, signature) {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::SignatureInvalid);
            false
        }
    }
}

/// The number one less.
fn less_one(number: &[u8]) -> Vec<u8> {
    let mut bytes = number.to_vec();
    for byte in bytes.iter_mut().rev() {
        let borrow = *byte == 0;
        *byte = byte.wrapping_sub(1);
        if !borrow {
            break;
        }
    }
    bytes
}

#[test]
fn settles_rsa() {
    let modulus = [&[0xc5; 255][..], &[0x01]].concat();
    let key = VerificationKey::Rsa(RsaPublicKey::new(&modulus, &[1, 0, 1]).unwrap());
    for algorithm in [Algorithm::Rs256, Algorithm::Ps512] {
        assert!(settled(algorithm, &key, &less_one(&modulus)) && settled(algorithm, &key, &[0; 256]));
        assert!(!settled(algorithm, &key, &modulus) && !settled(algorithm, &key, &[0xff; 256]));
        assert!(!settled(algorithm, &key, &[0; 255]) && !settled(algorithm, &key, &[0; 257]));
        assert!(!settled(algorithm, &key, &[]));
    }
    assert_eq!(settle(Algorithm::Es256, &key, &[1; 64]).unwrap_err().code(), ErrorCode::KeyUnusable);
}

#[test]
fn settles_ecdsa() {
    let x = base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let y = base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let key = VerificationKey::Ec(EcPublicKey::new(Curve::P256, &x, &y).unwrap());
    let order = Curve::P256.domain().order;
    let (zero, one, top) = ([0; 32], less_one(&[[0; 31].as_slice(), &[2]].concat()), less_one(order));
    let both = |r: &[u8], s: &[u8]| settled(Algorithm::Es256, &key, &[r, s].concat());
    assert!(both(&one, &one) && both(&top, &top) && both(&one, &top));
    for out in [&zero, order, &[0xff; 32]] {
        assert!(!both(out, &one) && !both(&one, out), "{out:x?}");
    }
    assert!(!both(&one, &one[1..]) && !both(&one, &[&one[..], &[0]].concat()) && !both(&[], &[]));
    // DER is another encoding (RFC 7518 §3.4).
    assert!(!settled(Algorithm::Es256, &key, &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]));
}

#[test]
fn settles_ed25519() {
    let x = base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let key = VerificationKey::Ed25519(Ed25519PublicKey::new(&x).unwrap());
    let mut order = [0; 32];
    order[..16].copy_from_slice(b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14");
    order[31] = 0x10;
    let mut below = order;
    below[0] -= 1;
    let both = |r: &[u8], s: &[u8]| settled(Algorithm::EdDsa, &key, &[r, s].concat());
    assert!(both(&x, &below) && both(&x, &[0; 32]));
    assert!(!both(&x, &order) && !both(&x, &[0xff; 32]));
    assert!(!both(&x, &below[1..]) && !both(&x, &[&below[..], &[0]].concat()) && !both(&x, &[]));
    // R of small order, with either sign, and R that is not canonical.
    let (mut minus_zero, mut p, mut p_plus_three) = ([0; 32], [0xff; 32], [0xff; 32]);
    minus_zero[31] = 0x80;
    (p[0], p[31]) = (0xed, 0x7f);
    p_plus_three[0] = 0xf0;
    for r in [[0; 32], minus_zero, p, p_plus_three] {
        assert!(!both(&r, &below), "{r:x?}");
    }
}

#[test]
fn settles_hmac() {
    let key = VerificationKey::Hmac(HmacKey::new(&[5; 64]).unwrap());
    for (algorithm, length) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        assert!(settled(algorithm, &key, &[0; 64][..length]));
        assert!(!settled(algorithm, &key, &[0; 64][..length - 1]) && !settled(algorithm, &key, &[0; 65][..length + 1]));
        assert!(!settled(algorithm, &key, &[]));
    }
}
