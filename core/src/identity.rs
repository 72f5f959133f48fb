//! Who a verified token speaks for.

use crate::claims::NumericDate;
use crate::route::relation;
use crate::{Action, Decision, Reason, RoleOrder};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A text that an [`Identity`] can have besides its user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Text {
    /// The name to log in with.
    Username,
    /// The e-mail address; see [`Identity::email_verified`] before linking accounts by it.
    Email,
    /// The name to show.
    Name,
    /// Given name.
    GivenName,
    /// Family name.
    FamilyName,
    /// The workspace (tenant) that the token is for.
    WorkspaceId,
    /// The workspace's name in URLs. It can change hands: decide by the id.
    WorkspaceSlug,
    /// The organization that owns the workspace.
    OrganizationId,
    /// The organization's name in URLs.
    OrganizationSlug,
    /// The subject at the identity provider, in a token pair.
    IdpSubject,
    /// The token's issuer.
    Issuer,
    /// The token's id.
    JwtId,
}

impl Text {
    /// How many there are.
    pub const COUNT: usize = Text::JwtId as usize + 1;
}

/// A user, as a verified token describes them.
///
/// Only a [`ClaimsProfile`](crate::ClaimsProfile) or a [`TokenPair`](crate::TokenPair) makes one, and
/// only of a [`VerifiedToken`](crate::VerifiedToken): holding it proves that the signature and the claims
/// were accepted. It is as old as the token; who keeps one asks for expiry and revocation again.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// All texts, one after the other: one piece of memory, however many groups there are.
    text: String,
    /// What each is and where it ends; it begins where the one before ends.
    parts: Vec<(Part, u32)>,
    pub(crate) email_verified: Option<bool>,
    pub(crate) issued_at: Option<NumericDate>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    UserId,
    Text(Text),
    Role,
    Group,
    Action,
}

impl Identity {
    /// INVARIANT: whoever makes one adds a [`Part::UserId`].
    pub(crate) const fn new() -> Self {
        Self { text: String::new(), parts: Vec::new(), email_verified: None, issued_at: None }
    }

    pub(crate) fn add(&mut self, part: Part, text: &str) {
        self.text.push_str(text);
        self.parts.push((part, self.text.len() as u32));
    }

    fn all(&self, wanted: Part) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.parts.iter().filter_map(move |(part, end)| {
            let text = self.text.get(start as usize..*end as usize);
            start = *end;
            text.filter(|_| *part == wanted)
        })
    }

    /// Any of the texts.
    #[must_use]
    pub fn text(&self, text: Text) -> Option<&str> {
        self.all(Part::Text(text)).next()
    }

    /// The user's id, never empty. Unique only together with the issuer (OpenID Connect Core §2, `sub`).
    #[must_use]
    pub fn user_id(&self) -> &str {
        self.all(Part::UserId).next().unwrap_or_default()
    }

    /// Who asks for relations: `user:` and the id. `None` where the id would say something else in a tuple, as `*` (everyone)
    /// and `eng#member` (a group's members) would.
    #[must_use]
    pub fn as_user(&self) -> Option<String> {
        relation::is_id(self.user_id()).then(|| ["user:", self.user_id()].concat())
    }

    /// [`Text::Username`].
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.text(Text::Username)
    }

    /// [`Text::Email`].
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.text(Text::Email)
    }

    /// Whether the issuer says that it verified the e-mail address; `None` where it does not say.
    #[must_use]
    pub fn email_verified(&self) -> Option<bool> {
        self.email_verified
    }

    /// [`Text::Name`]; where the token has only a given and a family name, these two.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text(Text::Name)
    }

    /// [`Text::WorkspaceId`], never empty.
    #[must_use]
    pub fn workspace_id(&self) -> Option<&str> {
        self.text(Text::WorkspaceId)
    }

    /// [`Text::WorkspaceSlug`].
    #[must_use]
    pub fn workspace_slug(&self) -> Option<&str> {
        self.text(Text::WorkspaceSlug)
    }

    /// [`Text::IdpSubject`].
    #[must_use]
    pub fn idp_subject(&self) -> Option<&str> {
        self.text(Text::IdpSubject)
    }

    /// [`Text::Issuer`].
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text(Text::Issuer)
    }

    /// [`Text::JwtId`].
    #[must_use]
    pub fn jwt_id(&self) -> Option<&str> {
        self.text(Text::JwtId)
    }

    /// When the token was issued.
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.issued_at
    }

    /// The role, where the token has exactly one. Of several, [`RoleOrder::highest_of`] finds the highest.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        let mut roles = self.all(Part::Role);
        roles.next().filter(|_| roles.next().is_none())
    }

    /// Every role of the token.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.all(Part::Role)
    }

    /// Every group of the token.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.all(Part::Group)
    }

    /// Every action of the token.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.all(Part::Action)
    }

    /// Whether the token lists the action, letter by letter. There are no wildcards.
    #[must_use]
    pub fn has_action(&self, action: &Action) -> bool {
        self.actions().any(|has| has == action.as_str())
    }

    /// Whether the user has the role, or a higher one of the order.
    pub fn require_role(&self, order: &RoleOrder, role: &str) -> Decision {
        order.require(self, role)
    }

    /// Whether the user has the action.
    pub fn require_action(&self, action: &Action) -> Decision {
        Decision::of(if self.has_action(action) { Reason::Action } else { Reason::ActionRequired })
    }

    /// Whether the token is for one of the workspaces, by id. A token for none is for none of them.
    pub fn require_workspace<S: AsRef<str>>(&self, allowed: &[S]) -> Decision {
        let is_allowed = |id: &str| allowed.iter().any(|workspace| workspace.as_ref() == id);
        Decision::of(if self.workspace_id().is_some_and(is_allowed) {
            Reason::Authenticated
        } else {
            Reason::WorkspaceNotAllowed
        })
    }
}

impl fmt::Debug for Identity {
    /// For logs: the ids, not what is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user_id", &self.user_id())
            .field("workspace_id", &self.workspace_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn identity(roles: &[&str], actions: &[&str]) -> Identity {
        let mut identity = Identity::new();
        identity.add(Part::UserId, "u");
        roles.iter().for_each(|role| identity.add(Part::Role, role));
        actions.iter().for_each(|action| identity.add(Part::Action, action));
        identity
    }

    #[test]
    fn roles() {
        let order = RoleOrder::SENTINEL;
        assert!(identity(&["admin"], &[]).require_role(&order, "editor").allow());
        assert!(identity(&["unknown", "owner"], &[]).require_role(&order, "admin").allow());
        for roles in [&[][..], &["viewer"], &["unknown"], &["ADMIN"]] {
            let decision = identity(roles, &[]).require_role(&order, "editor");
            assert_eq!((decision.allow(), decision.reason()), (false, Reason::RoleRequired), "{roles:?}");
        }
        assert!(!identity(&["root"], &[]).require_role(&order, "root").allow(), "a role that is not in the order");
        let several = identity(&["viewer", "admin", "zzz"], &[]);
        assert_eq!((several.role(), order.highest_of(&several)), (None, Some("admin")));
        assert_eq!(order.highest_of(&identity(&["zzz"], &[])), None);
        assert_eq!(identity(&["viewer"], &[]).role(), Some("viewer"));
    }

    #[test]
    fn actions() {
        let export = Action::new("notes:export").unwrap();
        assert!(identity(&[], &["notes:read", "notes:export"]).require_action(&export).allow());
        for actions in [&[][..], &["*"], &["notes:*"], &["notes"], &["notes:export:all"], &["Notes:export"]] {
            let decision = identity(&["owner"], actions).require_action(&export);
            assert_eq!((decision.allow(), decision.reason()), (false, Reason::ActionRequired), "{actions:?}");
        }
    }

    #[test]
    fn workspaces() {
        let mut member = identity(&[], &[]);
        assert_eq!(member.require_workspace(&["w1"]).reason(), Reason::WorkspaceNotAllowed);
        member.add(Part::Text(Text::WorkspaceId), "w1");
        assert!(member.require_workspace(&["w0", "w1"]).allow());
        assert!(!member.require_workspace(&["W1"]).allow() && !member.require_workspace::<&str>(&[]).allow());
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let mut someone = identity(&[], &[]);
        someone.add(Part::Text(Text::Email), "ada@example.com");
        assert!(!format!("{someone:?}").contains("ada@"));
    }
}
