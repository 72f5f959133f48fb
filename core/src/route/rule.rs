//! Rules: what a method on a path asks for.

use super::pattern::Pattern;
use super::relation::Wanted;
use crate::{Action, Error, ErrorCode};
use alloc::boxed::Box;
use alloc::string::String;

/// Most actions in one rule and most workspaces in one list: what a person can review.
pub const RULE_ACTIONS: usize = 32;
/// Most workspaces in one list. It is read from front to back, so this also bounds a decision.
pub const WORKSPACES: usize = 1024;

const INVALID: ErrorCode = ErrorCode::ConfigurationInvalid;

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    pub(super) public: bool,
    pub(super) role: Option<Box<str>>,
    /// With spaces between them. INVARIANT: not empty in a [`Rule`], since "all of none" would ask for nothing.
    pub(super) actions: Option<String>,
    /// One of the actions is enough.
    pub(super) any_action: bool,
    pub(super) relation: Option<Wanted>,
}

impl Allow {
    const AUTHENTICATED: Self = Self { public: false, role: None, actions: None, any_action: false, relation: None };

    /// Nothing: everyone may.
    #[must_use]
    pub fn public() -> Self {
        Self { public: true, ..Self::AUTHENTICATED }
    }

    /// Any identity.
    #[must_use]
    pub fn authenticated() -> Self {
        Self::AUTHENTICATED
    }

    /// This role or a higher one of the policy's order.
    #[must_use]
    pub fn role(role: &str) -> Self {
        Self { role: Some(role.into()), ..Self::AUTHENTICATED }
    }

    /// This action.
    #[must_use]
    pub fn action(action: Action) -> Self {
        Self::all_actions([action])
    }

    /// All of these actions.
    #[must_use]
    pub fn all_actions(actions: impl IntoIterator<Item = Action>) -> Self {
        let mut names = String::new();
        for action in actions {
            add(&mut names, ' ', action.as_str());
        }
        Self { actions: Some(names), ..Self::AUTHENTICATED }
    }

    /// At least one of these actions.
    #[must_use]
    pub fn any_action(actions: impl IntoIterator<Item = Action>) -> Self {
        Self { any_action: true, ..Self::all_actions(actions) }
    }

    /// This relation to the object: `type:id`, where `{name}` in the id stands for the parameter of the rule's own path.
    #[must_use]
    pub fn relation(relation: &str, object: &str) -> Self {
        Self::AUTHENTICATED.and_relation(relation, object)
    }

    /// And this role or a higher one besides.
    #[must_use]
    pub fn and_role(self, role: &str) -> Self {
        Self { role: Some(role.into()), public: false, ..self }
    }

    /// And this relation besides: see [`Self::relation`].
    #[must_use]
    pub fn and_relation(self, relation: &str, object: &str) -> Self {
        let relation = Some(Wanted { relation: relation.into(), object: object.into() });
        Self { relation, public: false, ..self }
    }
}

/// Methods as bits: [`METHODS`] in their order. HEAD is none of them, since it is decided as GET.
pub(super) type Methods = u8;
/// Any of [`METHODS`].
pub(super) const ANY_METHOD: Methods = 0x3f;
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The bit of a request's method. HEAD asks for what GET asks for (RFC 9110 §9.3.2): were they
/// two, a rule for one of them would leave the other open. Methods are case-sensitive (§9.1), CONNECT
/// and TRACE name no resource of an application, and of an unknown one nobody knows what it does.
pub(super) fn method_bit(method: &str) -> Option<Methods> {
    let method = if method == "HEAD" { "GET" } else { method };
    METHODS.iter().position(|known| *known == method).map(|index| 1 << index)
}

/// A method and a path pattern, and what they ask for.
///
/// ```
/// use sentinel_core::route::{Allow, Rule};
/// let rule = Rule::new("GET", "/docs/:id", Allow::role("editor"))?;
/// assert_eq!(rule.describe(), "GET /docs/:id");
/// assert!(Rule::new("HEAD", "/docs", Allow::public()).is_err(), "HEAD is decided as GET");
/// # Ok::<(), sentinel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) methods: Methods,
    pub(super) pattern: Pattern,
    pub(super) allow: Allow,
    pub(super) workspaces: Option<Workspaces>,
}

impl Rule {
    /// A rule for one method, or with `*` for every method that a rule can name: GET (with HEAD), POST, PUT,
    /// PATCH, DELETE, OPTIONS.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] for a method or a pattern that is none, more than [`RULE_ACTIONS`], or a relation
    /// that cannot be asked for: a name or an object that is none, a parameter that the pattern does not have once.
    pub fn new(method: &str, pattern: &str, allow: Allow) -> Result<Self, Error> {
        Self::for_methods(&[method], pattern, allow)
    }

    /// A rule for several methods.
    ///
    /// # Errors
    /// As [`Self::new`]; no method at all.
    pub fn for_methods<S: AsRef<str>>(methods: &[S], pattern: &str, allow: Allow) -> Result<Self, Error> {
        let mut bits = 0;
        for method in methods {
            bits |= named_method(method.as_ref())?;
        }
        Self::with(bits, pattern, allow)
    }

    pub(super) fn with(methods: Methods, pattern: &str, allow: Allow) -> Result<Self, Error> {
        if methods == 0 {
            return Err(Error::with(INVALID, "a rule names no method"));
        }
        let is_reviewable = |names: &String| !names.is_empty() && names.split(' ').nth(RULE_ACTIONS).is_none();
        if !allow.actions.as_ref().is_none_or(is_reviewable) {
            return Err(Error::with(INVALID, "a rule asks for no action, or for more than 32"));
        }
        let pattern = Pattern::new(pattern)?;
        if let Some(relation) = &allow.relation {
            relation.check(&pattern)?;
        }
        Ok(Self { methods, pattern, allow, workspaces: None })
    }

    /// Only in these workspaces, by id. An empty list allows none.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] for a public rule, an empty id, or more than [`WORKSPACES`].
    pub fn workspaces<S: AsRef<str>>(mut self, ids: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let mut list = Workspaces::default();
        for id in ids {
            list.add(id.as_ref())?;
        }
        self.restrict(list)?;
        Ok(self)
    }

    pub(super) fn restrict(&mut self, workspaces: Workspaces) -> Result<(), Error> {
        self.workspaces = Some(workspaces);
        if self.allow.public {
            return Err(Error::with(INVALID, "a public rule cannot ask for a workspace"));
        }
        Ok(())
    }

    /// What the rule asks for.
    #[must_use]
    pub fn allow(&self) -> &Allow {
        &self.allow
    }

    /// Its methods and pattern, e.g. `GET /docs/:id`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        if self.methods == ANY_METHOD {
            add(&mut text, ',', "*");
        }
        for (index, name) in METHODS.iter().enumerate() {
            if self.methods != ANY_METHOD && self.methods & 1 << index != 0 {
                add(&mut text, ',', name);
            }
        }
        add(&mut text, ' ', self.pattern.as_str());
        text
    }

    /// Whether no order could tell which of the two decides.
    pub(super) fn ties_with(&self, other: &Self) -> bool {
        self.is_for_any_method() == other.is_for_any_method()
            && self.methods & other.methods != 0
            && self.pattern.is_same_as(&other.pattern)
    }

    /// More specific first: by the path, then a named method before `*`.
    pub(super) fn precedence(&self) -> (u64, bool) {
        (self.pattern.shape(), !self.is_for_any_method())
    }

    fn is_for_any_method(&self) -> bool {
        self.methods == ANY_METHOD
    }
}

/// The bits of a method in a rule.
pub(super) fn named_method(name: &str) -> Result<Methods, Error> {
    match name {
        "*" => Ok(ANY_METHOD),
        // One name for one thing: a rule for HEAD would be a second rule for GET.
        "HEAD" => Err(Error::with(INVALID, "a rule names HEAD, which is decided as GET")),
        _ => method_bit(name).ok_or(Error::with(INVALID, "a rule names a method that is not known")),
    }
}

/// The ids of workspaces, with line feeds between them, of which no id has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Workspaces(String);

impl Workspaces {
    pub(super) fn add(&mut self, id: &str) -> Result<(), Error> {
        if id.is_empty() || id.contains('\n') || self.0.split('\n').nth(WORKSPACES - 1).is_some() {
            return Err(Error::with(INVALID, "a workspace's id is empty, or there are more than 1024"));
        }
        add(&mut self.0, '\n', id);
        Ok(())
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        // `"".split('\n')` gives one empty id, which no identity has.
        self.0.split('\n').any(|known| known == id)
    }
}

pub(super) fn add(list: &mut String, separator: char, text: &str) {
    if !list.is_empty() {
        list.push(separator);
    }
    list.push_str(text);
}
