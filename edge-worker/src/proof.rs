//! What the origin is told, and how it knows that it is we who tell it: see [`sentinel_core::gateway`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sentinel_core::{Identity, Text, gateway};
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
    /// The header, as it stands in every proof, with its dot.
    header: String,
    /// The claims that stand in every proof.
    claims: String,
}

/// What a proof is of.
pub(crate) struct Proven<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) identity: Option<&'a Identity>,
    /// When the caller's token ends.
    pub(crate) expires_at: Option<i64>,
}

impl Prover {
    pub(crate) fn new(key: &str, name: &str, service: &str) -> Result<Self, &'static str> {
        if key.len() < KEY_BYTES {
            return Err("the secret SENTINEL_GATEWAY_KEY has less than 32 bytes");
        }
        let mac = Hmac::new_from_slice(key.as_bytes()).map_err(|_| "the secret SENTINEL_GATEWAY_KEY cannot be used")?;
        let header = ["{\"alg\":\"HS256\",\"typ\":\"", gateway::TYPE, "\"}"].concat();
        let mut claims = String::from("{");
        text(&mut claims, "iss", name);
        text(&mut claims, "aud", service);
        Ok(Self { mac, header: URL_SAFE_NO_PAD.encode(header) + ".", claims })
    }

    /// The proof for one request. `now` is in seconds since 1970.
    pub(crate) fn sign(&self, Proven { method, target, identity, expires_at }: &Proven<'_>, now: i64) -> String {
        let mut claims = String::with_capacity(1024);
        claims.push_str(&self.claims);
        number(&mut claims, "iat", now);
        number(&mut claims, "exp", now.saturating_add(i64::from(gateway::SECONDS)));
        text(&mut claims, "htm", method);
        if let Some(identity) = identity {
            text(&mut claims, "sub", identity.user_id());
            for (name, which) in TEXTS {
                if let Some(value) = identity.text(which) {
                    text(&mut claims, name, value);
                }
            }
            if let Some(at) = identity.issued_at() {
                number(&mut claims, "token_iat", at.seconds());
            }
            if let Some(at) = expires_at {
                number(&mut claims, "token_exp", *at);
            }
            if let Some(verified) = identity.email_verified() {
                member(&mut claims, "email_verified", if verified { "true" } else { "false" });
            }
            list(&mut claims, "wroles", identity.roles());
            list(&mut claims, "groups", identity.groups());
            list(&mut claims, "actions", identity.actions());
        }
        // Every member has a comma behind it but the last.
        claims.push_str("\"htu\":");
        quoted(&mut claims, target);
        claims.push('}');
        let mut proof = String::with_capacity(self.header.len() + 2 * claims.len());
        proof.push_str(&self.header);
        URL_SAFE_NO_PAD.encode_string(&claims, &mut proof);
        let mut mac = self.mac.clone();
        mac.update(proof.as_bytes());
        proof.push('.');
        URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), &mut proof);
        proof
    }
}

fn member(claims: &mut String, name: &str, value: &str) {
    claims.push('"');
    claims.push_str(name);
    claims.push_str("\":");
    claims.push_str(value);
    claims.push(',');
}

fn number(claims: &mut String, name: &str, value: i64) {
    member(claims, name, &value.to_string());
}

fn text(claims: &mut String, name: &str, value: &str) {
    let mut written = String::with_capacity(value.len() + 2);
    quoted(&mut written, value);
    member(claims, name, &written);
}

fn list<'a>(claims: &mut String, name: &str, values: impl Iterator<Item = &'a str>) {
    let mut written = String::from("[");
    for (at, value) in values.enumerate() {
        if at > 0 {
            written.push(',');
        }
        quoted(&mut written, value);
    }
    written.push(']');
    member(claims, name, &written);
}

/// A JSON string (RFC 8259 §7).
fn quoted(out: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
