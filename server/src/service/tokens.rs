//! The tokens that this server issues, and how it knows them again. Each kind has an audience and a `type` of its own,
//! and a verifier that accepts nothing else: no kind passes for another (RFC 8725 §3.11, §3.12).

use sentinel_core::jose::signature::Ring;
use sentinel_core::{Algorithms, Error as TokenError, ErrorCode, Expected, Limits, UnverifiedToken, Verifier};
use sentinel_storage::{Millis, WorkspaceRole};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::signing::LiveKeys;
use super::{Error, Service};

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Authz,
    M2m,
    Admin,
    Refresh,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Access, Self::Authz, Self::M2m, Self::Admin, Self::Refresh];

    pub(crate) fn audience(self) -> &'static str {
        match self {
            Self::Access => "sentinel:access",
            Self::Authz => "sentinel:authz",
            Self::M2m => "sentinel:m2m",
            Self::Admin => "sentinel:admin",
            Self::Refresh => "sentinel:refresh",
        }
    }

    /// The private claim `type`.
    pub(crate) fn token_use(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Authz => "authz",
            Self::M2m => "m2m",
            Self::Admin => "admin_access",
            Self::Refresh => "refresh",
        }
    }

    /// What the token says of itself before it is verified: chooses who verifies it, and nothing else.
    pub(crate) fn claimed_by(token: &str) -> Option<Self> {
        let token = UnverifiedToken::parse(token, &Limits::DEFAULT).ok()?;
        let token_use = token.claims_unverified()?.string("type")?;
        Self::ALL.into_iter().find(|kind| kind.token_use() == token_use)
    }
}

/// A verifier for each kind.
pub(crate) struct Verifiers([Verifier; 5]);

impl Verifiers {
    pub(crate) fn new(issuer: &str, algorithms: Algorithms) -> Self {
        Self(Kind::ALL.map(|kind| {
            Verifier::new(Expected::exactly(issuer), Expected::exactly(kind.audience()), algorithms)
                .typ("JWT")
                .token_use(kind.token_use())
                .required(["exp", "iat", "jti"])
        }))
    }

    fn of(&self, kind: Kind) -> &Verifier {
        let [access, authz, m2m, admin, refresh] = &self.0;
        match kind {
            Kind::Access => access,
            Kind::Authz => authz,
            Kind::M2m => m2m,
            Kind::Admin => admin,
            Kind::Refresh => refresh,
        }
    }
}

/// What every token says.
#[derive(Serialize)]
struct Envelope<'a, C: Serialize> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Uuid>,
    aud: &'static str,
    #[serde(rename = "type")]
    token_use: &'static str,
    jti: &'a str,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    claims: &'a C,
}

/// What an authz token says besides.
#[derive(Serialize)]
pub(crate) struct AuthzClaims<'a> {
    /// The `sub` of the identity provider's token beside it.
    pub(crate) idp_sub: &'a str,
    /// The provider's name here: who judges the token beside it.
    pub(crate) idp: &'a str,
    pub(crate) svc: &'a str,
    pub(crate) wid: Uuid,
    pub(crate) wslug: &'a str,
    pub(crate) wrole: WorkspaceRole,
    pub(crate) actions: &'a [String],
}

/// What an m2m token says besides.
#[derive(Serialize)]
pub(crate) struct M2mClaims<'a> {
    pub(crate) svc: &'a str,
    pub(crate) aud_target: Option<&'a str>,
    pub(crate) caller: &'a str,
    pub(crate) actions: &'a [&'a str],
}

/// What an admin token says besides.
#[derive(Serialize)]
pub(crate) struct AdminClaims<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    /// The account's `admin_generation`: a cookie of before a demotion is not one of after the next promotion.
    pub(crate) generation: i64,
}

/// What a refresh token says besides.
#[derive(Serialize)]
pub(crate) struct RefreshClaims {
    /// The family: the session.
    pub(crate) fid: Uuid,
    /// How many came before it in the family.
    pub(crate) generation: i64,
}

/// What a verified token of any kind says, as far as this server reads it back.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: Option<Uuid>,
    pub(crate) jti: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) sid: Option<Uuid>,
    pub(crate) wid: Option<Uuid>,
    pub(crate) svc: Option<String>,
    pub(crate) idp: Option<String>,
    pub(crate) idp_sub: Option<String>,
    pub(crate) caller: Option<String>,
    pub(crate) aud_target: Option<String>,
    pub(crate) fid: Option<Uuid>,
    pub(crate) generation: Option<i64>,
}

impl Claims {
    pub(crate) fn subject(&self) -> Result<Uuid, Error> {
        self.sub.ok_or_else(invalid)
    }
}

/// The moments of a token, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) iat: i64,
    pub(crate) exp: i64,
}

impl LiveKeys {
    /// Signs a token.
    pub(crate) fn issue(
        &self,
        kind: Kind,
        issuer: &str,
        sub: Option<Uuid>,
        jti: &str,
        times: Times,
        claims: &impl Serialize,
    ) -> Result<String, Error> {
        let Times { iat, exp } = times;
        let (aud, token_use) = (kind.audience(), kind.token_use());
        Ok(self.ring.sign(&Envelope { iss: issuer, sub, aud, token_use, jti, iat, exp, claims }, "JWT")?)
    }

    /// The claims of a token of this kind, and of no other.
    pub(crate) fn verify(&self, kind: Kind, token: &str, now: Millis) -> Result<Claims, Error> {
        let verifier = self.verifiers.of(kind);
        let verified = verifier.verify(token, self.ring.key_set(), &Ring, now.div_euclid(1000)).map_err(refused)?;
        // Only what this server signed comes here: what does not fit was signed by an older release.
        serde_json::from_str(verified.claims().as_json()).map_err(|_| invalid())
    }
}

impl Service {
    /// A token of `life` ms for `sub`, under an id of its own. Answers it and its lifetime in seconds.
    pub(crate) async fn issue(
        &self,
        kind: Kind,
        sub: Option<Uuid>,
        invalidated_at: Option<Millis>,
        life: Millis,
        claims: &impl Serialize,
    ) -> Result<(String, i64), Error> {
        self.pass_invalidation(invalidated_at).await;
        let (iat, seconds) = (self.now().div_euclid(1000), life.div_euclid(1000));
        let times = Times { iat, exp: iat.saturating_add(seconds) };
        let jti = Uuid::new_v4().to_string();
        Ok((self.keys().issue(kind, &self.config().issuer, sub, &jti, times, claims)?, seconds))
    }

    /// As [`Self::issue`], for a token that ends at this moment and not later.
    pub(crate) async fn issue_until(
        &self,
        kind: Kind,
        sub: Option<Uuid>,
        invalidated_at: Option<Millis>,
        end: Millis,
        claims: &impl Serialize,
    ) -> Result<(String, i64), Error> {
        self.pass_invalidation(invalidated_at).await;
        let times = Times { iat: self.now().div_euclid(1000), exp: end.div_euclid(1000) };
        let jti = Uuid::new_v4().to_string();
        let token = self.keys().issue(kind, &self.config().issuer, sub, &jti, times, claims)?;
        Ok((token, times.exp.saturating_sub(times.iat)))
    }

    /// `iat` counts whole seconds, so what is issued in the second in which all earlier tokens were voided could not be
    /// told from what was void: whoever logs in again so soon waits for the next one.
    async fn pass_invalidation(&self, invalidated_at: Option<Millis>) {
        let now = self.now();
        if invalidated_at.is_some_and(|at| at > now - now.rem_euclid(1000)) {
            let rest = u64::try_from(1000 - now.rem_euclid(1000)).unwrap_or_default();
            tokio::time::sleep(std::time::Duration::from_millis(rest)).await;
        }
    }
}

/// What a caller learns of a token that was refused.
fn refused(error: TokenError) -> Error {
    match error.code() {
        ErrorCode::TokenExpired => Error::unauthenticated("Token has expired"),
        _ => invalid(),
    }
}

pub(crate) fn invalid() -> Error {
    Error::unauthenticated("Invalid token")
}
