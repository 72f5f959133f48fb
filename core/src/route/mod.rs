//! Routes: what a method on a path asks for, decided in one place.
//!
//! ```
//! use sentinel_core::{Policy, Reason, RoleOrder, route::{Allow, Request, Rule}};
//! let policy = Policy::new(
//!     RoleOrder::SENTINEL,
//!     [
//!         Rule::new("GET", "/health", Allow::public())?,
//!         Rule::new("GET", "/docs/:id", Allow::authenticated())?,
//!         Rule::new("*", "/docs/:id", Allow::role("editor"))?,
//!         Rule::new("*", "/admin/**", Allow::role("admin"))?,
//!     ],
//! )?;
//! let nobody = |method, path| policy.decide(&Request { method, path }, None);
//! assert!(nobody("GET", "/health").allow());
//! assert_eq!(nobody("GET", "/docs/7").reason(), Reason::Unauthenticated);
//! assert_eq!(nobody("GET", "/docs/7/../../admin").reason(), Reason::PathRefused);
//! assert_eq!(nobody("GET", "/elsewhere").reason(), Reason::NoRule);
//! # Ok::<(), sentinel_core::Error>(())
//! ```
//!
//! **Precedence.** The most specific rule decides, whatever the order they are
//! written in. Patterns are compared segment by segment from the left: a
//! static segment is more specific than a parameter, a parameter than the
//! wildcard; where a pattern ends it is more specific than one that goes on
//! with a wildcard. Of two with the same path, one that names the method comes
//! before one for `*`. Two rules that no order tells apart are refused.
//!
//! **Input.** The method and the path, and nothing else: no header, query or
//! cookie can change which rule applies (as `x-middleware-subrequest` did in
//! CVE-2025-29927). A path that can be read in more than one way is refused
//! ([`Path`]), and so is one that would be caught by a parameter or a wildcard
//! while it resembles the more specific path of a rule that is not public:
//! `/Admin`, `/admin.json`, `/admin%20x` beside a rule for `/admin`.
//!
//! **Relations.** A rule may ask for a relation to an object that the path names: `note:{id}` on `/notes/:id`. Who decides
//! with [`Policy::decide_with`] says where relations are asked for; [`Policy::decide`] denies what needs one. With
//! [`Policy::decide_asking`] the actions of an identity whose token has none are asked for, too.
//!
//! **Readings.** `/docs/` must be allowed as `/docs` and as something below
//! it, `/docs/index.html` also as `/docs`, where rules name these.

mod config;
mod path;
mod pattern;
pub(crate) mod relation;
mod rule;

pub use path::{PATH_BYTES, Path, canonical};
pub use pattern::{PATTERN_BYTES, PATTERN_SEGMENTS};
pub use rule::{Allow, RULE_ACTIONS, Rule, WORKSPACES};

use crate::revocation::{self, Revocations};
use crate::{ClaimsProfile, Decision, Error, ErrorCode, Identity, Reason, RoleOrder};
use alloc::string::String;
use alloc::vec::Vec;
use pattern::{Match, Segments};

/// Most rules in a policy. A decision looks at each once, so this bounds its time; Cloudflare Pages stops at 100.
pub const RULES: usize = 512;

/// What is asked: all that a decision on a route depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method as it was received, upper case (RFC 9110 §9.1).
    pub method: &'a str,
    /// The path as it was received, still escaped, without query and fragment.
    pub path: &'a str,
}

/// Answers whether the caller ([`Identity::as_user`]) has a relation to an object, all as in tuples: see
/// [`Policy::decide_with`].
pub type Relations<'a> = dyn FnMut(&str, &str) -> Result<bool, Error> + 'a;

/// Answers what a rule asks for and the identity does not say itself: whether the caller has a relation to an object or,
/// without one, whether the caller's roles have an action. See [`Policy::decide_asking`].
pub type Answers<'a> = dyn FnMut(&str, Option<&str>) -> Result<bool, Error> + 'a;

/// The rules of a deployment with its role order and claims profile.
#[derive(Clone, Debug)]
pub struct Policy {
    profile: ClaimsProfile,
    roles: RoleOrder,
    /// INVARIANT: by [`Rule::precedence`], the greatest first, and no two tie.
    rules: Vec<Rule>,
    workspaces: Option<rule::Workspaces>,
}

enum Found<'p> {
    Nothing,
    Rule(u16, &'p Rule),
    /// A less specific rule matched a path that resembles one of this rule.
    Ambiguous,
}

const NO_RELATIONS: &str = "there are no relations here to ask";
const NO_OBJECT: &str = "the path makes no object";
const NO_USER: &str = "the caller's id makes no user";
const RESEMBLES: &str = "the path resembles the path of a more specific rule without being it";

impl Policy {
    /// A policy for these rules; without any it denies every route.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] where two rules tie, one asks for a role that is not in the order, or
    /// there are more than [`RULES`].
    pub fn new(roles: RoleOrder, rules: impl IntoIterator<Item = Rule>) -> Result<Self, Error> {
        let invalid = |why| Err(Error::with(ErrorCode::ConfigurationInvalid, why));
        let mut sorted: Vec<Rule> = Vec::new();
        for rule in rules {
            if rule.allow.role.as_ref().is_some_and(|role| roles.rank(role).is_none()) {
                return invalid("a rule asks for a role that is not in the role order");
            }
            if sorted.iter().any(|other| rule.ties_with(other)) {
                return invalid("two rules are for the same method and path");
            }
            if sorted.len() == RULES {
                return invalid("there are more than 512 rules");
            }
            let place = sorted.partition_point(|other| other.precedence() >= rule.precedence());
            sorted.insert(place, rule);
        }
        Ok(Self { profile: ClaimsProfile::SENTINEL, roles, rules: sorted, workspaces: None })
    }

    /// How identities are read from tokens; [`ClaimsProfile::SENTINEL`] until said otherwise.
    #[must_use]
    pub fn with_profile(mut self, profile: ClaimsProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Only these workspaces, by id, on every route that is not public.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] for an empty id, or more than [`WORKSPACES`].
    pub fn with_allowed_workspaces<S: AsRef<str>>(mut self, ids: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let list = self.workspaces.insert(rule::Workspaces::default());
        for id in ids {
            list.add(id.as_ref())?;
        }
        Ok(self)
    }

    /// How identities are read from tokens.
    #[must_use]
    pub fn profile(&self) -> &ClaimsProfile {
        &self.profile
    }

    /// The role order.
    #[must_use]
    pub fn roles(&self) -> &RoleOrder {
        &self.roles
    }

    /// The rule of this number, in the order of precedence: see [`Decision::rule`].
    #[must_use]
    pub fn rule(&self, number: u16) -> Option<&Rule> {
        self.rules.get(usize::from(number))
    }

    /// Whether the request is allowed for this identity, `None` being a caller without a (good) token. What asks for a
    /// relation is denied: see [`Self::decide_with`].
    ///
    /// Allocates nothing.
    pub fn decide(&self, request: &Request<'_>, identity: Option<&Identity>) -> Decision {
        // Where no relation can be asked for nothing can fail.
        self.read(request, identity, None).unwrap_or(Decision::because(Reason::RelationRequired, NO_RELATIONS))
    }

    /// As [`Self::decide`], with relations: where a rule asks for one, and everything else that it asks for is there, this
    /// asks `relations` whether the identity has it. For one path that is up to three times.
    ///
    /// ```
    /// use sentinel_core::{Error, ErrorCode, Policy, Reason, RoleOrder, route::{Allow, Request, Rule}};
    /// let rule = Rule::new("GET", "/notes/:id", Allow::relation("viewer", "note:{id}"))?;
    /// let policy = Policy::new(RoleOrder::SENTINEL, [rule])?;
    /// let request = Request { method: "GET", path: "/notes/7" };
    /// let mut relations = |relation: &str, object: &str| Ok((relation, object) == ("viewer", "note:7"));
    /// assert_eq!(policy.decide_with(&request, None, &mut relations)?.reason(), Reason::Unauthenticated);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Where `relations` cannot tell: that is no decision, so nothing may be allowed.
    pub fn decide_with(
        &self,
        request: &Request<'_>,
        identity: Option<&Identity>,
        relations: &mut Relations<'_>,
    ) -> Result<Decision, Error> {
        self.decide_asking(request, identity, &mut |relation, object| {
            object.map_or(Ok(false), |object| relations(relation, object))
        })
    }

    /// As [`Self::decide_with`], and where a rule asks for actions and the identity carries none at all, this asks for those
    /// too: whoever holds what roles grant can say.
    ///
    /// # Errors
    /// Where `answers` cannot tell: that is no decision, so nothing may be allowed.
    pub fn decide_asking(
        &self,
        request: &Request<'_>,
        identity: Option<&Identity>,
        answers: &mut Answers<'_>,
    ) -> Result<Decision, Error> {
        self.read(request, identity, Some(answers))
    }

    /// Every reading of the request.
    fn read(
        &self,
        request: &Request<'_>,
        identity: Option<&Identity>,
        mut answers: Option<&mut Answers<'_>>,
    ) -> Result<Decision, Error> {
        let Some(method) = rule::method_bit(request.method) else { return Ok(Decision::of(Reason::MethodRefused)) };
        let path = match Path::parse(request.path) {
            Ok(path) => path,
            Err(why) => return Ok(Decision::because(Reason::PathRefused, why)),
        };
        let mut ask = |found: &Found<'_>, path| self.ask(found, path, identity, &mut answers);
        let found = self.find(method, path, false);
        let mut decision = ask(&found, path)?;
        // A slash at the end may mean the path itself or something below it.
        if decision.allow() && path.has_trailing_slash() {
            decision = both(decision, ask(&self.find(method, path, true), path)?);
        }
        if decision.allow()
            && let Some(parent) = path.without_index()
            && let Found::Rule(_, rule) = found
            && !rule.pattern.ends_with_static()
        {
            decision = both(decision, ask(&self.find(method, parent, false), parent)?);
        }
        Ok(decision)
    }

    /// As [`Self::decide`], and denies a caller whose token was revoked on every route that is not public. Who asks for
    /// relations too looks for revocations with [`revocation::check`] itself.
    ///
    /// # Errors
    /// Where the host could not tell whether it was revoked: that is no decision, so nothing may be allowed.
    pub fn decide_unless_revoked(
        &self,
        request: &Request<'_>,
        identity: Option<&Identity>,
        revocations: &dyn Revocations,
    ) -> Result<Decision, Error> {
        let decision = self.decide(request, identity);
        let Some(identity) = identity.filter(|_| depends_on_identity(decision.reason())) else { return Ok(decision) };
        match revocation::check(identity, revocations) {
            Ok(()) => Ok(decision),
            // A token that lacks what is needed to tell is as good as revoked.
            Err(error) if matches!(error.code(), ErrorCode::TokenRevoked | ErrorCode::ClaimMissing) => {
                Ok(Decision::of(Reason::Revoked))
            }
            Err(error) => Err(error),
        }
    }

    /// The rule that decides on a path; with `below`, only of those that also match what is below it.
    fn find(&self, method: rule::Methods, path: Path<'_>, below: bool) -> Found<'_> {
        let path = Segments::of(path);
        let mut resembled = if is_next_data(&path) { NEXT_DATA } else { 0 };
        for (number, rule) in (0u16..).zip(&self.rules) {
            if rule.methods & method == 0 || (below && !rule.pattern.ends_with_wildcard()) {
                continue;
            }
            match rule.pattern.matches(&path) {
                Match::No => {}
                // Taken for the path of a public rule it would be open; asking more is no harm.
                Match::Resembles if rule.allow.public => {}
                Match::Resembles => resembled = resembled.max(rule.pattern.shape()),
                Match::Yes if resembled > rule.pattern.shape() => return Found::Ambiguous,
                Match::Yes => return Found::Rule(number, rule),
            }
        }
        Found::Nothing
    }

    /// One reading: what the rule asks for, a relation last, since that alone costs more than comparing texts.
    #[inline(never)]
    fn ask(
        &self,
        found: &Found<'_>,
        path: Path<'_>,
        identity: Option<&Identity>,
        answers: &mut Option<&mut Answers<'_>>,
    ) -> Result<Decision, Error> {
        let (number, rule) = match found {
            Found::Rule(number, rule) => (*number, *rule),
            Found::Nothing => return Ok(Decision::of(Reason::NoRule)),
            Found::Ambiguous => return Ok(Decision::because(Reason::PathRefused, RESEMBLES)),
        };
        let decision = Decision::by_rule(self.reason(rule, identity, answers)?, number);
        let Some(wanted) = rule.allow.relation.as_ref().filter(|_| decision.allow()) else { return Ok(decision) };
        let lacking = Decision::by_rule(Reason::RelationRequired, number);
        let Some(answers) = answers else { return Ok(lacking.explained(NO_RELATIONS)) };
        if !identity.is_some_and(|identity| relation::is_id(identity.user_id())) {
            return Ok(lacking.explained(NO_USER));
        }
        let Some(object) = wanted.object(&rule.pattern, &Segments::of(path)) else {
            return Ok(lacking.explained(NO_OBJECT));
        };
        let has = answers(&wanted.relation, Some(&object))?;
        Ok(if has { Decision::by_rule(Reason::Relation, number) } else { lacking })
    }

    /// Identity, workspace, role, action: the first that is lacking, or the last that was asked for. A relation is not looked
    /// at here.
    fn reason(
        &self,
        rule: &Rule,
        identity: Option<&Identity>,
        answers: &mut Option<&mut Answers<'_>>,
    ) -> Result<Reason, Error> {
        if rule.allow.public {
            return Ok(Reason::Public);
        }
        let Some(identity) = identity else { return Ok(Reason::Unauthenticated) };
        for allowed in [&self.workspaces, &rule.workspaces].into_iter().flatten() {
            if !identity.workspace_id().is_some_and(|id| allowed.contains(id)) {
                return Ok(Reason::WorkspaceNotAllowed);
            }
        }
        let mut reason = Reason::Authenticated;
        if let Some(role) = &rule.allow.role {
            reason = self.roles.require(identity, role).reason();
            if !reason.allows() {
                return Ok(reason);
            }
        }
        if let Some(actions) = &rule.allow.actions {
            let any = rule.allow.any_action;
            let mut holds = !any;
            for action in actions.split(' ') {
                holds = match answers {
                    Some(answers) if identity.actions().next().is_none() => answers(action, None)?,
                    _ => identity.actions().any(|has| has == action),
                };
                if holds == any {
                    break;
                }
            }
            reason = if holds { Reason::Action } else { Reason::ActionRequired };
        }
        Ok(reason)
    }

    /// The decision in a sentence for logs and for whoever writes the rules: it names the rule and what it asks for.
    #[must_use]
    pub fn explain(&self, decision: &Decision) -> String {
        let Some(rule) = decision.rule().and_then(|number| self.rule(number)) else {
            return decision.explanation().into();
        };
        // One list, put together at once: a text that grows piece by piece is several times the code.
        let allow = &rule.allow;
        let (has_role, role) = allow.role.as_deref().map_or(("", ""), |role| (", role ", role));
        let has_actions = if allow.any_action { ", any action of " } else { ", action " };
        let (has_actions, actions) = allow.actions.as_deref().map_or(("", ""), |actions| (has_actions, actions));
        let related = allow.relation.as_ref().map(|wanted| [", relation ", &wanted.relation, " to ", &wanted.object]);
        let [has_relation, relation, to, object] = related.unwrap_or_default();
        let described = rule.describe();
        [
            decision.explanation(),
            " (",
            &described,
            has_role,
            role,
            has_actions,
            actions,
            has_relation,
            relation,
            to,
            object,
            ")",
        ]
        .concat()
    }
}

/// One path, two readings: each that a rule names must allow. Of two that do, the one that asked for more is given.
fn both(one: Decision, other: Decision) -> Decision {
    match other.reason() {
        Reason::NoRule => one,
        reason if !reason.allows() || one.reason() == Reason::Public => other,
        _ => one,
    }
}

fn depends_on_identity(reason: Reason) -> bool {
    !matches!(reason, Reason::Public | Reason::NoRule | Reason::PathRefused | Reason::MethodRefused)
}

/// The shape of `/_next/data/**`, a built-in rule that no wildcard or parameter may match past: Next.js serves
/// the data of the page `/admin` as `/_next/data/<build>/admin.json` (CVE-2026-44573). Name it to open it.
const NEXT_DATA: u64 = 0b1111 << 60;

fn is_next_data(path: &Segments<'_>) -> bool {
    let mut segments = path.iter();
    let mut is = |name: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(name));
    is("_next") && is("data")
}

#[cfg(test)]
mod action_tests;
#[cfg(test)]
mod bypass_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod relation_tests;
#[cfg(test)]
mod tests;
