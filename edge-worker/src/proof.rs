//! What the origin is told, and how it knows that it is we who tell it: see [`sentinel_core::gateway`].

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sentinel_core::{Identity, Text, gateway};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// RFC 7518 §3.2: at least as long as the hash.
const KEY_BYTES: usize = 32;

/// Texts of an identity as claims of the proof.
const TEXTS: [(&str, Text); Text::COUNT] = [
    ("username", Text::Username),
    ("email", Text::Email),
    ("name", Text::Name),
    ("given_name", Text::GivenName),
    ("family_name", Text::FamilyName),
    ("wid", Text::WorkspaceId),
    ("wslug", Text::WorkspaceSlug),
    ("oid", Text::OrganizationId),
    ("oslug", Text::OrganizationSlug),
    ("idp_sub", Text::IdpSubject),
    ("token_iss", Text::Issuer),
    ("token_jti", Text::JwtId),
];

/// What signs proofs.
pub(crate) struct Prover {
    mac: Hmac<Sha256>,
    name: String,
    service: String,
}

impl Prover {
    pub(crate) fn new(key: &str, name: String, service: String) -> Result<Self, &'static str> {
        if key.len() < KEY_BYTES {
            return Err("the secret SENTINEL_GATEWAY_KEY has less than 32 bytes");
        }
        let mac = Hmac::new_from_slice(key.as_bytes()).map_err(|_| "the secret SENTINEL_GATEWAY_KEY cannot be used")?;
        Ok(Self { mac, name, service })
    }

    /// The proof for one request. `target` is its path and query, `now` in seconds since 1970.
    pub(crate) fn sign(&self, method: &str, target: &str, identity: Option<&Identity>, now: i64) -> String {
        let header = json!({ "alg": "HS256", "typ": gateway::TYPE });
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| _ = claims.insert(name.to_owned(), value);
        claim("iss", self.name.as_str().into());
        claim("aud", self.service.as_str().into());
        claim("iat", now.into());
        claim("exp", now.saturating_add(i64::from(gateway::SECONDS)).into());
        claim("htm", method.into());
        claim("htu", target.into());
        if let Some(identity) = identity {
            claim("sub", identity.user_id().into());
            for (name, text) in TEXTS {
                if let Some(text) = identity.text(text) {
                    claim(name, text.into());
                }
            }
            if let Some(at) = identity.issued_at() {
                claim("token_iat", at.seconds().into());
            }
            if let Some(verified) = identity.email_verified() {
                claim("email_verified", verified.into());
            }
            claim("wroles", identity.roles().collect());
            claim("groups", identity.groups().collect());
            claim("actions", identity.actions().collect());
        }
        let encode = |value: &str| base64url(value.as_bytes());
        let input = format!("{}.{}", encode(&header.to_string()), encode(&Value::Object(claims).to_string()));
        let mut mac = self.mac.clone();
        mac.update(input.as_bytes());
        format!("{input}.{}", base64url(&mac.finalize().into_bytes()))
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
