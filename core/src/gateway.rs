//! How a gateway proves itself to the service behind it.
//!
//! A gateway that has verified and decided forwards the request with one header, [`HEADER`]: a token of its own, signed
//! with a secret that it shares with the service (HS256, RFC 7518 §3.2), good for [`SECONDS`] and for this one request. It says
//! who the caller is, so that the service neither has to believe other headers nor can be reached around the gateway.
//!
//! | claim | what it says |
//! |---|---|
//! | `iss`, `aud` | the gateway, the service |
//! | `iat`, `exp` | when it was forwarded, and [`SECONDS`] later |
//! | `htm`, `htu` | the method, and the path with its query (the names of RFC 9449 §4.2; no origin: a proxy between may change it) |
//! | `sub` | the user's id; absent where nobody is known, on a public route |
//! | `token_iss`, `token_jti`, `token_iat`, `token_exp` | the issuer, the id, the time and the end of the caller's own token: a `sub` is unique only within its issuer, and a connection should not outlive it |
//! | `username email email_verified name given_name family_name wid wslug oid oslug wroles groups actions idp_sub` | what the token said |

use crate::claims::{Claims, NumericDate};
use crate::jose::signature::SignatureBackend;
use crate::{
    Algorithm, Algorithms, ClaimsProfile, Error, ErrorCode, Expected, Identity, KeySet, VerifiedToken, Verifier,
};
use alloc::string::String;

/// The header that the proof travels in, in lower case.
pub const HEADER: &str = "x-sentinel-gateway";
/// What every header that a gateway sets begins with, in lower case. None that a client sends may go on.
pub const HEADERS: &str = "x-sentinel-";
/// The proof's `typ`.
pub const TYPE: &str = "sentinel-gateway+jwt";
/// How long a proof is good.
pub const SECONDS: u32 = 30;
/// By how much the clocks of gateway and service may differ, in seconds.
const LEEWAY: u32 = 5;

/// What a service demands of the gateway before it.
///
/// ```
/// # #[cfg(feature = "pure")] {
/// use sentinel_core::gateway::{Forwarded, Gateway};
/// use sentinel_core::{Algorithm, KeySet, jose::signature::PureRust};
/// let gateway = Gateway::new("sentinel-gateway", "notes");
/// let keys = KeySet::from_secret(b"a secret of at least 32 octets, here", Algorithm::Hs256)?;
/// let request = Forwarded { method: "GET", target: "/notes?page=2" };
/// assert!(gateway.verify("not.a.proof", &keys, &PureRust, &request, 0).is_err());
/// # }
/// # Ok::<(), sentinel_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gateway {
    verifier: Verifier,
}

/// The request that a proof is for.
#[derive(Clone, Copy, Debug)]
pub struct Forwarded<'a> {
    /// The method, as received.
    pub method: &'a str,
    /// The path and, after `?`, the query, as received.
    pub target: &'a str,
}

/// A proof that was accepted.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The proof itself.
    pub token: VerifiedToken,
    /// Who is asking; `None` for nobody, on a route that the gateway calls public. Its issuer, `jti` and `iat` are those of the
    /// caller's own token.
    pub identity: Option<Identity>,
}

impl Gateway {
    /// The gateway that calls itself `issuer`, and this service as it calls it.
    #[must_use]
    pub fn new(issuer: &str, service: &str) -> Self {
        let algorithms = Algorithms::of(&[Algorithm::Hs256]);
        let verifier = Verifier::new(Expected::exactly(issuer), Expected::exactly(service), algorithms)
            .typ(TYPE)
            .required(["exp", "htm", "htu"])
            .max_age(SECONDS);
        let verifier = verifier.clone().leeway(LEEWAY).unwrap_or(verifier);
        Self { verifier }
    }

    /// Who the gateway says is asking. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// What the verifier refuses a token for; [`ErrorCode::BindingMismatch`] for another request's proof.
    pub fn verify(
        &self,
        proof: &str,
        secret: &KeySet,
        backend: &impl SignatureBackend,
        request: &Forwarded<'_>,
        now: i64,
    ) -> Result<Proven, Error> {
        let token = self.verifier.verify(proof, secret, backend, now)?;
        let claims = token.claims();
        for (name, expected) in [("htm", request.method), ("htu", request.target)] {
            let said = claims.string(name).ok_or(Error::claim(ErrorCode::ClaimInvalid, name))?;
            if said != expected {
                return Err(Error::claim(ErrorCode::BindingMismatch, name));
            }
        }
        let identity = if is_nobody(claims) { None } else { Some(caller(&token)?) };
        Ok(Proven { token, identity })
    }
}

fn caller(token: &VerifiedToken) -> Result<Identity, Error> {
    const ISSUED_AT: &str = "token_iat";
    let mut identity = ClaimsProfile::GATEWAY.identity(token)?;
    // Not the proof's own: what was revoked before it was made would seem to be younger.
    identity.issued_at = match token.claims().get(ISSUED_AT) {
        Some(at) => Some(NumericDate::from_json(at).ok_or(Error::claim(ErrorCode::ClaimInvalid, ISSUED_AT))?),
        None => None,
    };
    Ok(identity)
}

/// Only the absence of `sub` says so: `null` or an empty text is a mistake that is refused as any claim's.
fn is_nobody(claims: Claims<'_>) -> bool {
    claims.get("sub").is_none()
}

/// A header's name as a server behind could read it at worst: in lower case, with `-` for whatever is no letter or digit. CGI and
/// WSGI take `_` for `-`, PHP `.` for `_`, lighttpd's CGI every other character.
#[must_use]
pub fn plain_name(header: &str) -> String {
    header.chars().map(plain).collect()
}

fn plain(it: char) -> char {
    if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' }
}

/// Whether only a gateway may set this header.
#[must_use]
pub fn is_reserved(header: &str) -> bool {
    let mut rest = header.chars().map(plain);
    HEADERS.trim_end_matches('-').chars().all(|it| rest.next() == Some(it)) && matches!(rest.next(), None | Some('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_known_in_every_spelling() {
        for name in [
            "x-sentinel-user-id",
            "X-Sentinel-User-Id",
            "x_sentinel_user_id",
            "X-SENTINEL_role",
            "x-sentinel",
            "X.Sentinel.User.Id",
            "x~sentinel~user~id",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["x-sentinels", "sentinel-user-id", "x-request-id", "authorization", ""] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
