//! A policy as JSON.

use super::{Allow, Policy, Rule};
use crate::jose::json::Value;
use crate::{Action, ClaimsProfile, Error, ErrorCode, RoleOrder};
use alloc::borrow::Cow;
use alloc::vec::Vec;

const fn invalid(why: &'static str) -> Error {
    Error::with(ErrorCode::ConfigurationInvalid, why)
}

impl Policy {
    /// The members of a configuration that [`Self::from_json`] reads.
    pub const MEMBERS: [&'static str; 4] = ["profile", "roleOrder", "rules", "allowedWorkspaces"];

    /// Reads `profile`, `roleOrder`, `rules` and `allowedWorkspaces` of a configuration, which may all be absent.
    /// Other members of the outermost object are the caller's to read or refuse; inside, an unknown one is an error.
    ///
    /// ```
    /// use sentinel_core::{Limits, Policy, Reason, jose::json, route::Request};
    /// let policy = Policy::from_json(json::parse(br#"{
    ///     "profile": "tenant",
    ///     "rules": [
    ///         {"method": "GET", "path": "/health", "allow": "public"},
    ///         {"method": ["POST", "PUT"], "path": "/notes/:id", "allow": {"role": "analyst", "action": "notes:write"}},
    ///         {"method": "*", "path": "/reports/**", "allow": {"anyAction": ["reports:read", "reports:export"]},
    ///          "workspaces": ["ten_1"]}
    ///     ]
    /// }"#, &Limits::DEFAULT)?)?;
    /// let decision = policy.decide(&Request { method: "GET", path: "/reports/7" }, None);
    /// assert_eq!((decision.reason(), decision.status()), (Reason::Unauthenticated, 401));
    /// # Ok::<(), sentinel_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`].
    pub fn from_json(config: Value<'_>) -> Result<Self, Error> {
        if !config.is_object() {
            return Err(invalid("the configuration is not an object"));
        }
        let profile = match config.member("profile") {
            Some(profile) => ClaimsProfile::from_json(profile)?,
            None => ClaimsProfile::SENTINEL,
        };
        let roles = match config.member("roleOrder") {
            Some(order) => RoleOrder::from_json(order)?,
            None => profile.role_order().clone(),
        };
        let mut rules = Vec::new();
        if let Some(list) = config.member("rules") {
            for rule in list.elements().ok_or(invalid("rules is not an array"))? {
                rules.push(Rule::from_json(rule)?);
            }
        }
        let policy = Self::new(roles, rules)?.with_profile(profile);
        match config.member("allowedWorkspaces") {
            Some(ids) => policy.with_allowed_workspaces(strings(ids)?),
            None => Ok(policy),
        }
    }
}

impl Rule {
    fn from_json(rule: Value<'_>) -> Result<Self, Error> {
        let (mut method, mut path, mut allow, mut workspaces) = (None, None, None, None);
        for (name, value) in rule.members().ok_or(invalid("a rule is not an object"))? {
            let slot = match &*name {
                "method" => &mut method,
                "path" => &mut path,
                "allow" => &mut allow,
                "workspaces" => &mut workspaces,
                _ => return Err(invalid("a rule has a member that is not known")),
            };
            *slot = Some(value);
        }
        let methods = string_or_strings(method.ok_or(invalid("a rule has no method"))?)?;
        let path = path.and_then(Value::as_str).ok_or(invalid("a rule has no path"))?;
        let allow = Allow::from_json(allow.ok_or(invalid("a rule does not say what it allows"))?)?;
        let rule = Self::for_methods(&methods, &path, allow)?;
        match workspaces {
            Some(ids) => rule.workspaces(strings(ids)?),
            None => Ok(rule),
        }
    }
}

impl Allow {
    fn from_json(allow: Value<'_>) -> Result<Self, Error> {
        const UNKNOWN: Error = invalid("what a rule allows is not understood");
        if let Some(word) = allow.as_str() {
            return match &*word {
                "public" => Ok(Self::public()),
                "authenticated" => Ok(Self::authenticated()),
                _ => Err(UNKNOWN),
            };
        }
        let (mut role, mut by_actions) = (None, None);
        for (name, value) in allow.members().ok_or(UNKNOWN)? {
            if name == "role" {
                role = Some(value.as_str().ok_or(UNKNOWN)?);
                continue;
            }
            let mut actions = Vec::new();
            for action in string_or_strings(value)? {
                actions.push(Action::new(&action)?);
            }
            let asked = match &*name {
                "action" if value.as_str().is_some() => Self::all_actions(actions),
                "allActions" => Self::all_actions(actions),
                "anyAction" => Self::any_action(actions),
                _ => return Err(UNKNOWN),
            };
            if by_actions.replace(asked).is_some() {
                return Err(invalid("a rule asks for actions in more than one way"));
            }
        }
        match (by_actions, role) {
            (Some(actions), Some(role)) => Ok(actions.and_role(&role)),
            (Some(actions), None) => Ok(actions),
            (None, Some(role)) => Ok(Self::role(&role)),
            (None, None) => Err(UNKNOWN),
        }
    }
}

fn strings(list: Value<'_>) -> Result<Vec<Cow<'_, str>>, Error> {
    const INVALID: Error = invalid("a list in the configuration is not an array of strings");
    list.elements().ok_or(INVALID)?.map(|entry| entry.as_str().ok_or(INVALID)).collect()
}

fn string_or_strings(value: Value<'_>) -> Result<Vec<Cow<'_, str>>, Error> {
    match value.as_str() {
        Some(one) => Ok(Vec::from([one])),
        None => strings(value),
    }
}
