//! The examples of the standards, through every backend that is built in.

use std::vec::Vec;

use super::{SignatureBackend, verify};
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
