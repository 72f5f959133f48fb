//! What a service demands of its callers.

#[cfg(feature = "websocket")]
mod sockets;

use std::sync::Arc;
use std::time::SystemTime;

use http::uri::PathAndQuery;
use http::{HeaderMap, Uri};
use sentinel_core::gateway::{Forwarded, Gateway, Proven};
use sentinel_core::jose::signature::Ring;
use sentinel_core::policy::ClaimedRelations;
use sentinel_core::route::{Allow, Request, Rule};
use sentinel_core::{Algorithm, ClaimsProfile, Error, ErrorCode, KeySet, Policy, Reason, Revocations, TokenPair};
use sentinel_core::{VerifiedToken, Verifier, config::Config, revocation};

use crate::bearer::{self, Credentials};
use crate::keys::Keys;
use crate::layer::SentinelLayer;
use crate::refusal::{Refusal, Rejection, Which};
use crate::relations::{self, RelationSource};

/// What a service demands of its callers: which tokens, and on which paths.
///
/// Without a [`policy`](Self::policy) every request needs an accepted token,
/// but for the [excluded paths](Self::exclude_paths). With one, its rules
/// decide, and a route that no rule names is denied.
#[derive(Clone)]
pub struct Sentinel {
    tokens: Tokens,
    excluded: Option<Policy>,
    profile: ClaimsProfile,
    rules: Option<Policy>,
    workspaces: Option<Vec<String>>,
    revocations: Option<Arc<dyn Revocations + Send + Sync>>,
    #[cfg(feature = "http-client")]
    followed: Option<crate::revocations::FollowedRevocations>,
    #[cfg(all(feature = "http-client", feature = "websocket"))]
    tickets: Option<crate::websocket::Tickets>,
    relations: Option<Arc<dyn RelationSource>>,
    claimed: ClaimedRelations,
    realm: Option<Arc<str>>,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

#[derive(Clone)]
enum Tokens {
    One {
        verifier: Verifier,
        keys: Keys,
    },
    Pair(Box<Pair>),
    /// A gateway before us has verified them.
    Gateway {
        gateway: Gateway,
        secret: Arc<KeySet>,
    },
}

#[derive(Clone)]
struct Pair {
    pair: TokenPair,
    identity_keys: Keys,
    authorization_keys: Keys,
}

/// Who sent a request, as its accepted tokens say.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) identity: sentinel_core::Identity,
    /// The token that speaks of this service: the only one, the authorization token, or the gateway's proof.
    pub(crate) token: VerifiedToken,
    /// Of a pair, the identity provider's.
    #[cfg_attr(not(feature = "websocket"), allow(dead_code, reason = "only sockets live long enough to ask again"))]
    pub(crate) beside: Option<VerifiedToken>,
}

/// What is known of a request's sender.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    Known(Arc<Caller>),
    /// There was no token.
    Anonymous,
    /// There was one, and it was refused.
    Refused(Refusal),
}

impl Sentinel {
    /// One token a request, in `Authorization: Bearer`, verified with these keys.
    #[must_use]
    pub fn new(verifier: Verifier, keys: Keys) -> Self {
        Self::with(Tokens::One { verifier, keys })
    }

    /// A pair of tokens a request: the identity provider's in `Authorization: Bearer` and Sentinel's in
    /// `X-Authz-Token`. Both must be accepted and belong together.
    #[must_use]
    pub fn pair(pair: TokenPair, identity_keys: Keys, authorization_keys: Keys) -> Self {
        Self::with(Tokens::Pair(Box::new(Pair { pair, identity_keys, authorization_keys })))
    }

    /// Whom the gateway before this service says, and nobody who comes around it: every request needs its proof (see
    /// [`gateway`](sentinel_core::gateway)), signed with the secret that the two share. The gateway has decided already; a
    /// [`policy`](Self::policy) here decides once more.
    ///
    /// # Errors
    /// `key_unusable` for a secret of less than 32 octets.
    pub fn behind(gateway: Gateway, secret: &[u8]) -> Result<Self, Error> {
        let secret = Arc::new(KeySet::from_secret(secret, Algorithm::Hs256)?);
        Ok(Self::with(Tokens::Gateway { gateway, secret }))
    }

    /// As the JSON says (see [`Config`]), for one token a request. Its rules decide,
    /// also where it has none: then every route is denied.
    ///
    /// # Errors
    /// `configuration_invalid` with what is wrong.
    pub fn from_json(configuration: &[u8], keys: Keys) -> Result<Self, Error> {
        let Config { verifier, policy, relations, .. } = Config::from_json(configuration)?;
        Ok(Self::new(verifier, keys).policy(policy).claimed_relations(relations))
    }

    fn with(tokens: Tokens) -> Self {
        Self {
            tokens,
            excluded: None,
            profile: ClaimsProfile::SENTINEL,
            rules: None,
            workspaces: None,
            revocations: None,
            #[cfg(feature = "http-client")]
            followed: None,
            #[cfg(all(feature = "http-client", feature = "websocket"))]
            tickets: None,
            relations: None,
            claimed: ClaimedRelations::default(),
            realm: None,
            clock: Arc::new(system_clock),
        }
    }

    /// How the identity is read from the token, and with it the role order; [`ClaimsProfile::SENTINEL`] until said
    /// otherwise. A pair's identity is always read as the pair does.
    #[must_use]
    pub fn profile(mut self, profile: ClaimsProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Lets these rules decide, with their claims profile and role order. They see the whole path, also
    /// where the layer is put into a nested router.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.profile = policy.profile().clone();
        self.rules = Some(policy);
        self
    }

    /// Paths that need no token, with all that is below them: `/docs` is also `/docs/oauth2`, but not
    /// `/docsearch`. No token is looked at there. A path that can be read in more than one way is not excluded.
    /// Said again, these replace the earlier ones.
    ///
    /// # Errors
    /// `configuration_invalid` for what is no path: `/`, and patterns.
    pub fn exclude_paths<S: AsRef<str>>(mut self, paths: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for path in paths {
            let path = path.as_ref().trim_end_matches('/');
            if path.is_empty() {
                return Err(Error::with(ErrorCode::ConfigurationInvalid, "excluding `/` would exclude everything"));
            }
            if path.contains([':', '*', '{']) {
                // A pattern here could open far more than it seems to: rules are the place for those.
                return Err(Error::with(ErrorCode::ConfigurationInvalid, "an excluded path is no pattern"));
            }
            rules.push(Rule::new("*", path, Allow::public())?);
            rules.push(Rule::new("*", &format!("{path}/**"), Allow::public())?);
        }
        self.excluded = Some(Policy::new(self.profile.role_order().clone(), rules)?);
        Ok(self)
    }

    /// Only these workspaces, by id, wherever a token is needed: also where rules allow others.
    #[must_use]
    pub fn allowed_workspaces<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.workspaces = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Asks this host of every accepted token whether it was revoked. Of a pair, the authorization token is
    /// asked about: it holds the rights, and identity providers rarely give their tokens a `jti`.
    #[must_use]
    pub fn revocations(mut self, revocations: Arc<dyn Revocations + Send + Sync>) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// Asks what the server took back of every accepted token, which is the server's; of a pair, of the authorization token. Behind a
    /// gateway it is not asked: the gateway has looked, and its proof is no token that could be taken back.
    #[cfg(feature = "http-client")]
    #[must_use]
    pub fn follow_revocations(mut self, followed: crate::revocations::FollowedRevocations) -> Self {
        self.followed = Some(followed);
        self
    }

    /// Where rules with a relation, and handlers by [`Relations`](crate::Relations), ask for it. Without one such rules deny.
    #[must_use]
    pub fn relations(mut self, source: impl RelationSource + 'static) -> Self {
        self.relations = Some(Arc::new(source));
        self
    }

    /// What tokens claim as tuples of a question: [`Config::relations`]. It is read from the token that speaks of this service:
    /// the only one, the authorization token of a pair, or a gateway's proof, whose `iss` is the gateway.
    #[must_use]
    pub fn claimed_relations(mut self, claimed: ClaimedRelations) -> Self {
        self.claimed = claimed;
        self
    }

    /// The `realm` of challenges (RFC 9110 §11.5).
    ///
    /// # Errors
    /// `configuration_invalid` where it has other characters than printable ASCII, or quotes.
    pub fn realm(mut self, realm: &str) -> Result<Self, Error> {
        if !realm.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            return Err(Error::with(ErrorCode::ConfigurationInvalid, "the realm is not plain text"));
        }
        self.realm = Some(realm.into());
        Ok(self)
    }

    /// Another clock than the system's, in seconds since 1970.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The layer that protects a service. Put what must answer without a token, such as CORS, around it.
    #[must_use]
    pub fn layer(self) -> SentinelLayer {
        SentinelLayer::new(Guard(self))
    }
}

/// A clock that cannot be right makes every token expired.
pub(crate) fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    since.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(i64::MAX)
}

/// [`Sentinel`] at work.
pub(crate) struct Guard(Sentinel);

impl Guard {
    #[cfg(feature = "axum")]
    pub(crate) fn roles(&self) -> &sentinel_core::RoleOrder {
        self.0.rules.as_ref().map_or(self.0.profile.role_order(), Policy::roles)
    }

    pub(crate) fn source(&self) -> Option<&dyn RelationSource> {
        self.0.relations.as_deref()
    }

    pub(crate) fn claimed(&self) -> &ClaimedRelations {
        &self.0.claimed
    }

    pub(crate) fn reject(&self, why: Refusal) -> Rejection {
        Rejection { why, realm: self.0.realm.clone() }
    }

    /// Who may go on, and as whom.
    pub(crate) async fn admit(&self, method: &str, uri: &Uri, headers: &HeaderMap) -> Result<Sender, Refusal> {
        let request = Request { method, path: uri.path() };
        if self.0.excluded.as_ref().is_some_and(|excluded| excluded.decide(&request, None).allow()) {
            return Ok(Sender::Anonymous);
        }
        let authenticated = match &self.0.tokens {
            // Without its proof a request came around the gateway: not even what is public is for it.
            Tokens::Gateway { gateway, secret } => Ok(self.proven(gateway, secret, method, uri, headers)?),
            tokens => self.authenticate(tokens, headers).await,
        };
        let sender = match authenticated {
            Ok(Some(caller)) => Sender::Known(Arc::new(caller)),
            Ok(None) => Sender::Anonymous,
            Err(refusal) => Sender::Refused(refusal),
        };
        self.decide(&request, &sender).await?;
        Ok(sender)
    }

    async fn decide(&self, request: &Request<'_>, sender: &Sender) -> Result<(), Refusal> {
        let caller = match sender {
            Sender::Known(caller) => Some(caller),
            Sender::Anonymous | Sender::Refused(_) => None,
        };
        let identity = caller.map(|caller| &caller.identity);
        if let Some(rules) = &self.0.rules {
            let decision = match caller {
                Some(caller) => relations::decide(self, rules, request, caller).await?,
                None => rules.decide(request, None),
            };
            if decision.reason() == Reason::Public {
                return Ok(());
            }
            if !decision.allow() && identity.is_some() {
                tracing::debug!(why = rules.explain(&decision), "denied");
                return Err(Refusal::Denied(decision));
            }
        }
        match (sender, identity) {
            (Sender::Refused(refusal), _) => Err(*refusal),
            // The gateway called it public.
            (_, None) if self.0.rules.is_none() && matches!(self.0.tokens, Tokens::Gateway { .. }) => Ok(()),
            (_, None) => Err(Refusal::Unauthenticated),
            (_, Some(identity)) => self.in_workspace(identity),
        }
    }

    fn in_workspace(&self, identity: &sentinel_core::Identity) -> Result<(), Refusal> {
        let decision = self.0.workspaces.as_ref().map(|ids| identity.require_workspace(ids));
        decision.filter(|decision| !decision.allow()).map_or(Ok(()), |decision| Err(Refusal::Denied(decision)))
    }

    /// The caller by the gateway's proof; `None` where it says that there is none.
    fn proven(
        &self,
        gateway: &Gateway,
        secret: &KeySet,
        method: &str,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Option<Caller>, Refusal> {
        let Some(proof) = token(bearer::proof(headers))? else {
            return Err(Refusal::Incomplete("the request did not come through the gateway"));
        };
        let target = uri.path_and_query().map_or(uri.path(), PathAndQuery::as_str);
        let request = Forwarded { method, target };
        let proven = gateway.verify(proof, secret, &Ring, &request, (self.0.clock)());
        let Proven { token, identity } = proven.map_err(refused(Which::Request))?;
        let Some(identity) = identity else { return Ok(None) };
        self.unless_revoked(Caller { identity, token, beside: None }).map(Some)
    }

    fn unless_revoked(&self, caller: Caller) -> Result<Caller, Refusal> {
        self.not_revoked(&caller)?;
        Ok(caller)
    }

    fn not_revoked(&self, caller: &Caller) -> Result<(), Refusal> {
        #[cfg(feature = "http-client")]
        if let (Some(followed), Tokens::One { .. } | Tokens::Pair(_)) = (&self.0.followed, &self.0.tokens) {
            followed.check(&caller.token).map_err(refused(Which::Request))?;
        }
        let Some(revocations) = &self.0.revocations else { return Ok(()) };
        revocation::check(&caller.identity, revocations.as_ref()).map_err(refused(Which::Request))
    }

    /// The caller by the request's tokens; `None` where it has none.
    async fn authenticate(&self, tokens: &Tokens, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
        let now = (self.0.clock)();
        let bearer = token(bearer::bearer(headers))?;
        let caller = match tokens {
            // Never asked here, see `admit`; and nobody if it were.
            Tokens::Gateway { .. } => return Ok(None),
            Tokens::One { verifier, keys } => {
                if headers.contains_key(bearer::AUTHZ_TOKEN) {
                    tracing::debug!("X-Authz-Token is of no use here: this service takes one token");
                }
                let Some(bearer) = bearer else { return Ok(None) };
                let token = keys.verify(verifier, bearer, now).await.map_err(refused(Which::Request))?;
                let identity = self.0.profile.identity(&token).map_err(refused(Which::Request))?;
                Caller { identity, token, beside: None }
            }
            Tokens::Pair(pair) => {
                let (identity, authorization) = match (bearer, token(bearer::authorization_token(headers))?) {
                    (None, None) => return Ok(None),
                    (Some(identity), Some(authorization)) => (identity, authorization),
                    (Some(_), None) => return Err(Refusal::Incomplete("the X-Authz-Token header is missing")),
                    (None, Some(_)) => return Err(Refusal::Incomplete("the bearer token is missing")),
                };
                pair.verify(identity, authorization, now).await?
            }
        };
        self.unless_revoked(caller).map(Some)
    }
}

impl Pair {
    async fn verify(&self, identity: &str, authorization: &str, now: i64) -> Result<Caller, Refusal> {
        let Self { pair, identity_keys, authorization_keys } = self;
        let identity = identity_keys.verify(pair.identity_verifier(), identity, now).await;
        let identity = identity.map_err(refused(Which::Identity))?;
        let token = authorization_keys.verify(pair.authorization_verifier(), authorization, now).await;
        let token = token.map_err(refused(Which::Authorization))?;
        let bound = pair.bind(&identity, &token).map_err(refused(Which::Request))?;
        Ok(Caller { identity: bound, token, beside: Some(identity) })
    }
}

fn token(credentials: Credentials<'_>) -> Result<Option<&str>, Refusal> {
    match credentials {
        Credentials::Token(token) => Ok(Some(token)),
        Credentials::None => Ok(None),
        Credentials::Malformed(why) => Err(Refusal::Malformed(why)),
    }
}

fn refused(which: Which) -> impl Fn(Error) -> Refusal {
    move |error| {
        tracing::debug!(code = error.code().as_str(), token = ?which, "refused");
        Refusal::Token(which, error)
    }
}
