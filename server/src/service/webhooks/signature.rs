//! What a message is signed with, and how (Standard Webhooks 1.0.0, "Signature scheme").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use sentinel_keys::secrets;

use crate::service::Error;

/// Before every secret: whoever finds one knows what it is.
const PREFIX: &str = "whsec_";

/// A new secret: 256 random bits.
pub(super) fn new_secret() -> Result<[u8; 32], Error> {
    Ok(secrets::random_bytes()?)
}

/// A secret as receivers are given it.
pub(super) fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// `webhook-signature`: one for each secret, with a space between them.
pub(super) fn signatures(secrets: &[Vec<u8>], id: &str, timestamp: i64, body: &str) -> String {
    let content = format!("{id}.{timestamp}.{body}");
    let one = |secret: &Vec<u8>| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, content.as_bytes())))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_the_specified_one() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let signed = signatures(std::slice::from_ref(&secret), id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signatures(&[secret.clone(), secret], id, 1_614_265_330, body);
        assert_eq!(both, format!("{signed} {signed}"));
        assert_eq!(shown(&[0; 3]), "whsec_AAAA");
    }
}
