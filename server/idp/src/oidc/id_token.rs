//! What an ID token must say (OpenID Connect Core §3.1.3.7), asked of the core.

use ring::digest::{Algorithm as Digest, SHA256, SHA512, digest};
use sentinel_core::jose::base64url;
use sentinel_core::{Algorithm, Algorithms, Claims, Error, ErrorCode, Expected, VerifiedToken, Verifier};
use sentinel_tower::Keys;

use super::issuer::Issuers;
use crate::login::same;

/// What providers sign ID tokens with. No shared secret: who may verify could sign.
const ALGORITHMS: Algorithms =
    Algorithms::of(&[Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519, Algorithm::Ps256]);

/// Seconds by which a provider's clock may differ.
const LEEWAY: u32 = 30;

/// Most seconds since `iat`: a day-old token proves no login, whatever its `exp` says.
const MAX_AGE: u32 = 24 * 60 * 60;

/// What is demanded of one ID token.
pub(crate) struct Demands<'a> {
    /// Of which client ids of ours one must be its audience.
    pub(crate) audiences: Vec<&'a str>,
    /// Every client id of ours: `azp` must be one.
    pub(crate) ours: Vec<&'a str>,
    /// The login's nonce.
    pub(crate) nonce: Option<&'a str>,
    /// The access token that came with it.
    pub(crate) access_token: Option<&'a str>,
}

/// Verifies an ID token. `now` is in seconds since the epoch.
pub(crate) async fn verify(
    keys: &Keys,
    issuers: &Issuers,
    token: &str,
    demands: &Demands<'_>,
    now: i64,
) -> Result<VerifiedToken, Error> {
    let verifier = Verifier::new(issuers.expected(), Expected::one_of(&demands.audiences), ALGORITHMS)
        .required(["iss", "sub", "aud", "exp", "iat"])
        .max_age(MAX_AGE)
        .leeway(LEEWAY)?;
    let verified = keys.verify(&verifier, token, now).await?;
    check_type(&verified)?;
    let claims = verified.claims();
    check_party(claims, &demands.ours)?;
    if let Some(nonce) = demands.nonce {
        let found = claims.string("nonce").ok_or(Error::claim(ErrorCode::ClaimMissing, "nonce"))?;
        if !same(nonce, &found) {
            return Err(Error::claim(ErrorCode::ClaimInvalid, "nonce"));
        }
    }
    if let Some(access_token) = demands.access_token {
        check_hash(&verified, access_token)?;
    }
    Ok(verified)
}

/// The event of a logout (OpenID Connect Back-Channel Logout 1.0 §2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Most seconds since a logout token was made: it is sent at once.
const LOGOUT_AGE: u32 = 10 * 60;

/// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6): an ID token is none, for it has a nonce or no
/// event, and a logout token is no ID token.
pub(crate) async fn verify_logout(
    keys: &Keys,
    issuers: &Issuers,
    token: &str,
    client_id: &str,
    now: i64,
) -> Result<VerifiedToken, Error> {
    let verifier = Verifier::new(issuers.expected(), Expected::exactly(client_id), ALGORITHMS)
        .required(["iss", "aud", "iat", "jti", "events"])
        .max_age(LOGOUT_AGE)
        .leeway(LEEWAY)?;
    let verified = keys.verify(&verifier, token, now).await?;
    match verified.header().get("typ").map(|typ| typ.as_str()) {
        None => {}
        Some(Some(typ)) if typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("logout+jwt") => {}
        Some(_) => return Err(ErrorCode::TypeMismatch.into()),
    }
    let claims = verified.claims();
    let events: Option<serde_json::Value> = serde_json::from_str(claims.as_json()).ok();
    let event = events.as_ref().and_then(|all| all.get("events")?.get(LOGOUT_EVENT));
    if !event.is_some_and(serde_json::Value::is_object) {
        return Err(Error::claim(ErrorCode::ClaimInvalid, "events"));
    }
    if claims.get("nonce").is_some() {
        return Err(Error::claim(ErrorCode::ClaimInvalid, "nonce"));
    }
    if claims.subject().is_none() && claims.string("sid").is_none() {
        return Err(Error::claim(ErrorCode::ClaimMissing, "sid"));
    }
    Ok(verified)
}

/// A `typ` that names another kind of token is another kind of token: an RFC 9068 access token, a logout token
/// (RFC 8725 §3.11). ID tokens have `JWT` or none.
fn check_type(token: &VerifiedToken) -> Result<(), Error> {
    match token.header().get("typ").map(|typ| typ.as_str()) {
        None => Ok(()),
        Some(Some(typ)) if typ.eq_ignore_ascii_case("JWT") => Ok(()),
        Some(_) => Err(ErrorCode::TypeMismatch.into()),
    }
}

/// `azp`: required beside several audiences, ours where present (OpenID Connect Core §3.1.3.7, 4 and 5).
fn check_party(claims: Claims<'_>, ours: &[&str]) -> Result<(), Error> {
    match claims.get("azp") {
        None if claims.audience().nth(1).is_some() => Err(Error::with(
            ErrorCode::AudienceMismatch,
            "the token has several audiences and does not say for which it was issued (azp)",
        )),
        None => Ok(()),
        Some(party) if party.as_str().is_some_and(|party| ours.contains(&&*party)) => Ok(()),
        Some(_) => Err(Error::with(ErrorCode::AudienceMismatch, "the token was issued for another client (azp)")),
    }
}

/// `at_hash`, where present: the left half of the access token's hash (OpenID Connect Core §3.1.3.6).
fn check_hash(token: &VerifiedToken, access_token: &str) -> Result<(), Error> {
    const ANOTHER: Error =
        Error::with(ErrorCode::BindingMismatch, "the ID token came with another access token (at_hash)");
    let Some(claim) = token.claims().get("at_hash") else {
        return Ok(());
    };
    let algorithm: &'static Digest = match token.header().algorithm() {
        Some(Algorithm::EdDsa | Algorithm::Ed25519) => &SHA512,
        _ => &SHA256,
    };
    let claimed = claim.as_str().and_then(|claim| base64url::decode(claim.as_bytes())).ok_or(ANOTHER)?;
    let hash = digest(algorithm, access_token.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    if claimed == left { Ok(()) } else { Err(ANOTHER) }
}
