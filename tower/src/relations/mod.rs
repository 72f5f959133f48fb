//! Relations, and actions that a token does not carry: where route rules and handlers ask whether the caller has one.

#[cfg(feature = "http-client")]
mod server;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Extensions;
use sentinel_core::policy::tuple::{ObjectRef, TupleKey, is_relation};
use sentinel_core::{Claims, Decision, Error, ErrorCode, Policy, Reason, Request};

use crate::identity::session;
use crate::refusal::{Refusal, Rejection, Which};
use crate::sentinel::{Caller, Guard, Sender};

#[cfg(feature = "http-client")]
pub use server::{Dialect, ServerRelations, ServerSettings};

/// Whether somebody has a relation to an object.
#[derive(Clone, Copy, Debug)]
pub struct RelationQuestion<'a> {
    /// The caller.
    pub identity: &'a sentinel_core::Identity,
    /// What the caller's token says.
    pub claims: Claims<'a>,
    /// The caller as tuples have it: `user:` and the id.
    pub user: &'a str,
    /// The relation.
    pub relation: &'a str,
    /// The object, well-formed: `type:id`.
    pub object: &'a str,
    /// The tuples that the token claims, as `relations` of the configuration maps them. They are part of the question: a
    /// relation that takes something away must not be lost.
    pub claimed: &'a [TupleKey],
}

/// Whether the caller's roles have an action: asked where the token carries no actions at all.
#[derive(Clone, Copy, Debug)]
pub struct ActionQuestion<'a> {
    /// The caller.
    pub identity: &'a sentinel_core::Identity,
    /// What the caller's token says.
    pub claims: Claims<'a>,
    /// The caller as tuples have it: `user:` and the id.
    pub user: &'a str,
    /// The action: `notes:export`.
    pub action: &'a str,
}

/// An answer under way. An error is never an allow: it is answered with 503.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<bool, Error>> + Send + 'a>>;

/// Knows who has which relation, and which action: a bundle that is held here, or a server that is asked.
///
/// ```
/// use sentinel_tower::{Answering, RelationQuestion, RelationSource};
///
/// struct Owners;
///
/// impl RelationSource for Owners {
///     fn has<'a>(&'a self, asked: RelationQuestion<'a>) -> Answering<'a> {
///         let has = asked.relation == "owner" && asked.object == format!("profile:{}", asked.identity.user_id());
///         Box::pin(async move { Ok(has) })
///     }
/// }
/// ```
pub trait RelationSource: Send + Sync {
    /// Whether the caller has the relation.
    fn has<'a>(&'a self, asked: RelationQuestion<'a>) -> Answering<'a>;

    /// Whether the caller's roles have the action. A source that knows nothing of roles says no, as here.
    fn has_action<'a>(&'a self, _asked: ActionQuestion<'a>) -> Answering<'a> {
        Box::pin(async { Ok(false) })
    }
}

/// The caller's relations, for handlers that ask for more than their route does.
///
/// ```
/// use sentinel_tower::{Rejection, Relations};
/// async fn share(relations: Relations) -> Result<String, Rejection> {
///     relations.require("owner", "note:7").await?;
///     Ok("shared".to_owned())
/// }
/// ```
#[derive(Clone)]
pub struct Relations {
    caller: Arc<Caller>,
    guard: Arc<Guard>,
}

impl Relations {
    /// Those of the caller of a request that came through the layer.
    ///
    /// # Errors
    /// The answer for a request without a caller, and on a service that has nothing to ask.
    pub fn of(extensions: &Extensions) -> Result<Self, Rejection> {
        let session = session(extensions)?;
        let caller = match &session.sender {
            Sender::Known(caller) => Arc::clone(caller),
            Sender::Anonymous => return Err(session.guard.reject(Refusal::Unauthenticated)),
            Sender::Refused(refusal) => return Err(session.guard.reject(*refusal)),
        };
        Ok(Self { caller, guard: Arc::clone(&session.guard) })
    }

    /// Whether the caller has the relation to the object. Nobody has one to what is no object: put an id that a client sent
    /// behind its type as it is, and a `note:7#viewer` or `note:*` finds nothing.
    ///
    /// # Errors
    /// The answer where it cannot be told: 503, or 401 for a token that was taken back.
    pub async fn has(&self, relation: &str, object: &str) -> Result<bool, Rejection> {
        if ObjectRef::parse(object).is_err() || !is_relation(relation) {
            return Ok(false);
        }
        ask(&self.guard, &self.caller, relation, object).await.map_err(|refusal| self.guard.reject(refusal))
    }

    /// Goes on only where the caller has the relation.
    ///
    /// # Errors
    /// 403 with the reason `relation_required`; else as [`Self::has`].
    pub async fn require(&self, relation: &str, object: &str) -> Result<(), Rejection> {
        if self.has(relation, object).await? {
            return Ok(());
        }
        Err(self.guard.reject(Refusal::Denied(Decision::of(Reason::RelationRequired))))
    }
}

impl std::fmt::Debug for Relations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relations").finish_non_exhaustive()
    }
}

/// The rules' decision on a caller, with what they ask the source for. A rule is read at once: what it still has to know is
/// asked for, and then it is read again.
pub(crate) async fn decide(
    guard: &Guard,
    rules: &Policy,
    request: &Request<'_>,
    caller: &Caller,
) -> Result<Decision, Refusal> {
    if guard.source().is_none() {
        return Ok(rules.decide(request, Some(&caller.identity)));
    }
    let mut known: Vec<(String, Option<String>, bool)> = Vec::new();
    loop {
        let mut open = None;
        let outcome = rules.decide_asking(request, Some(&caller.identity), &mut |name, object| match known
            .iter()
            .find(|(of, to, _)| of == name && to.as_deref() == object)
        {
            Some((_, _, has)) => Ok(*has),
            None => {
                open = Some((name.to_owned(), object.map(str::to_owned)));
                Err(ErrorCode::Undecided.into())
            }
        });
        let Some((name, object)) = open else { return outcome.map_err(unanswered) };
        let has = match &object {
            Some(object) => ask(guard, caller, &name, object).await?,
            None => ask_action(guard, caller, &name).await?,
        };
        known.push((name, object, has));
    }
}

/// Whether the caller has the action: the token says so or, where it carries none at all, the source does.
#[cfg(feature = "axum")]
pub(crate) async fn require_action(
    guard: &Guard,
    caller: &Caller,
    action: &sentinel_core::Action,
) -> Result<Decision, Refusal> {
    let said = caller.identity.require_action(action);
    let is_told = caller.identity.actions().next().is_some() || guard.source().is_none();
    Ok(match is_told || !ask_action(guard, caller, action.as_str()).await? {
        true => said,
        false => Decision::of(Reason::Action),
    })
}

async fn ask_action(guard: &Guard, caller: &Caller, action: &str) -> Result<bool, Refusal> {
    let (Some(source), Some(user)) = (guard.source(), caller.identity.as_user()) else { return Ok(false) };
    let asked = ActionQuestion { identity: &caller.identity, claims: caller.token.claims(), user: &user, action };
    source.has_action(asked).await.map_err(unanswered)
}

async fn ask(guard: &Guard, caller: &Caller, relation: &str, object: &str) -> Result<bool, Refusal> {
    const NOTHING_TO_ASK: &str = "a handler asks for relations, and the layer has no source of them";
    let Some(source) = guard.source() else {
        tracing::error!("{NOTHING_TO_ASK}");
        return Err(Refusal::Misconfigured(NOTHING_TO_ASK));
    };
    // Whose id means others in a tuple is nobody there.
    let Some(user) = caller.identity.as_user() else { return Ok(false) };
    let claimed = guard.claimed().tuples(&caller.token).map_err(|error| Refusal::Token(Which::Request, error))?;
    let claims = caller.token.claims();
    let asked =
        RelationQuestion { identity: &caller.identity, claims, user: &user, relation, object, claimed: &claimed };
    source.has(asked).await.map_err(unanswered)
}

fn unanswered(error: Error) -> Refusal {
    match error.code() {
        ErrorCode::TokenRevoked | ErrorCode::ClaimMissing => Refusal::Token(Which::Request, error),
        ErrorCode::ConfigurationInvalid => {
            tracing::error!("a relation is asked for that the model does not know");
            Refusal::Misconfigured("a relation is asked for that the model does not know")
        }
        _ => {
            tracing::warn!(code = error.code().as_str(), "a relation or an action could not be told");
            Refusal::Undecided(error)
        }
    }
}

/// Whose tokens a source speaks of. A `sub` is unique only within its issuer, and a token is for one workspace.
#[cfg(feature = "http-client")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Realm {
    pub(crate) issuer: String,
    pub(crate) workspace: Option<String>,
}

#[cfg(feature = "http-client")]
impl Realm {
    /// `Ok(false)`: of another workspace, whose members have nothing here.
    pub(crate) fn admits(&self, identity: &sentinel_core::Identity) -> Result<bool, Error> {
        if identity.issuer() != Some(&*self.issuer) {
            return Err(Error::with(ErrorCode::Undecided, "the relations are of another issuer's users"));
        }
        Ok(self.workspace.is_none() || identity.workspace_id() == self.workspace.as_deref())
    }
}
