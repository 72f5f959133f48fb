//! Decisions: yes or no, with one reason of a closed list.

use core::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $sentence:literal;)*) => {
        /// Why a decision is what it is. Stable names, never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// Every reason, in the order of their numbers.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The reason as written in every interface, e.g. `role_required`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }

            /// The HTTP status of a surface that has no dialect of its own: 200 for
            /// what is allowed, 401 where a (better) token would help, else 403.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Reason::$variant => $status,)* }
            }

            /// A sentence for people. Prose: it may change.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Reason::$variant => $sentence,)* }
            }
        }
    };
}

reasons! {
    /// The route is open to everyone.
    Public = "public", 200, "the route is public";
    /// The route asks for any identity, and there is one.
    Authenticated = "authenticated", 200, "the caller is authenticated";
    /// The identity has the role, or a higher one.
    Role = "role", 200, "the caller has the role";
    /// The identity has the action.
    Action = "action", 200, "the caller has the action";
    /// The identity has the relation to the resource.
    Relation = "relation", 200, "the caller has the relation to the resource";
    /// No rule names the route: what nobody allowed is denied.
    NoRule = "no_rule", 403, "no rule names the route";
    /// The path has more than one reading, or is none: two readers could disagree on what it names.
    PathRefused = "path_refused", 403, "the path can be read in more than one way";
    /// The method is not one that a rule can name.
    MethodRefused = "method_refused", 403, "the method is not one that a rule can name";
    /// There is no identity: no token, or one that was refused.
    Unauthenticated = "unauthenticated", 401, "the route asks for an identity";
    /// The token was revoked, or the subject's sessions were.
    Revoked = "revoked", 401, "the token has been revoked";
    /// The identity is not of a workspace that is allowed here.
    WorkspaceNotAllowed = "workspace_not_allowed", 403, "the caller's workspace is not allowed here";
    /// The identity lacks the role.
    RoleRequired = "role_required", 403, "the caller lacks the role";
    /// The identity lacks the action.
    ActionRequired = "action_required", 403, "the caller lacks the action";
    /// The identity lacks the relation to the resource.
    RelationRequired = "relation_required", 403, "the caller lacks the relation to the resource";
}

impl Reason {
    /// Whether it is a reason to allow.
    #[must_use]
    pub const fn allows(self) -> bool {
        matches!(self, Self::Public | Self::Authenticated | Self::Role | Self::Action | Self::Relation)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer to an authorization question. A denial is a decision, not an
/// error; a question that could not be answered is an [`Error`](crate::Error)
/// and never a decision.
///
/// INVARIANT: it allows exactly where its reason does; the two cannot differ
/// since only the reason is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    reason: Reason,
    rule: Option<u16>,
    detail: Option<&'static str>,
}

impl Decision {
    /// The decision for a reason.
    pub const fn of(reason: Reason) -> Self {
        Self { reason, rule: None, detail: None }
    }

    pub(crate) const fn by_rule(reason: Reason, rule: u16) -> Self {
        Self { reason, rule: Some(rule), detail: None }
    }

    /// The same, in other words.
    pub(crate) const fn explained(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }

    pub(crate) const fn because(reason: Reason, detail: &'static str) -> Self {
        Self { reason, rule: None, detail: Some(detail) }
    }

    /// Whether to let it happen.
    #[must_use]
    pub const fn allow(&self) -> bool {
        self.reason.allows()
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The HTTP status: 200, 401 (answer it with `WWW-Authenticate`, RFC 9110 §15.5.2) or 403.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.reason.status()
    }

    /// A sentence for people, made of fixed text: nothing of the request or the token is in it.
    /// [`Policy::explain`](crate::Policy::explain) also names the rule.
    #[must_use]
    pub const fn explanation(&self) -> &'static str {
        match self.detail {
            Some(detail) => detail,
            None => self.reason.sentence(),
        }
    }

    /// Which of the policy's rules decided, where one did: see [`Policy::rule`](crate::Policy::rule).
    #[must_use]
    pub const fn rule(&self) -> Option<u16> {
        self.rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_exactly_with_status_200() {
        for (number, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, number);
            assert_eq!(reason.allows(), reason.status() == 200, "{reason}");
            assert!(matches!(reason.status(), 200 | 401 | 403), "{reason}");
            assert_eq!(Decision::of(*reason).allow(), reason.allows());
            assert_eq!(Reason::ALL.iter().filter(|other| other.as_str() == reason.as_str()).count(), 1);
        }
    }
}
