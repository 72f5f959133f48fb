//! A policy as JSON.

use super::relation::Wanted;
use super::rule::{Workspaces, add, named_method};
use super::{Allow, Policy, Rule};
use crate::jose::json::Value;
use crate::{Action, ClaimsProfile, Error, ErrorCode, RoleOrder};
use alloc::string::String;
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
    ///         {"method": "GET", "path": "/notes/:id", "allow": {"relation": "viewer", "object": "note:{id}"}},
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
        let mut policy = Self::new(roles, rules)?.with_profile(profile);
        if let Some(ids) = config.member("allowedWorkspaces") {
            policy.workspaces = Some(Workspaces::from_json(ids)?);
        }
        Ok(policy)
    }
}

impl Rule {
    fn from_json(rule: Value<'_>) -> Result<Self, Error> {
        let (mut methods, mut path, mut allow, mut workspaces) = (0, None, None, None);
        for (name, value) in rule.members().ok_or(invalid("a rule is not an object"))? {
            match &*name {
                "method" => each(value, true, &mut |method| {
                    methods |= named_method(method)?;
                    Ok(())
                })?,
                "path" => path = value.as_str(),
                "allow" => allow = Some(Allow::from_json(value)?),
                "workspaces" => workspaces = Some(Workspaces::from_json(value)?),
                _ => return Err(invalid("a rule has a member that is not known")),
            }
        }
        let (Some(path), Some(allow)) = (path, allow) else {
            return Err(invalid("a rule has no path, or does not say what it allows"));
        };
        let mut rule = Self::with(methods, &path, allow)?;
        if let Some(workspaces) = workspaces {
            rule.restrict(workspaces)?;
        }
        Ok(rule)
    }
}

impl Workspaces {
    fn from_json(ids: Value<'_>) -> Result<Self, Error> {
        let mut list = Self::default();
        each(ids, false, &mut |id| list.add(id))?;
        Ok(list)
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
        let mut read = Self::authenticated();
        let (mut role, mut relation, mut object) = (None, None, None);
        for (name, value) in allow.members().ok_or(UNKNOWN)? {
            let text = match &*name {
                "role" => Some(&mut role),
                "relation" => Some(&mut relation),
                "object" => Some(&mut object),
                _ => None,
            };
            if let Some(text) = text {
                *text = Some(value.as_str().ok_or(UNKNOWN)?);
                continue;
            }
            let is_list = match &*name {
                "action" => false,
                "allActions" => true,
                "anyAction" => {
                    read.any_action = true;
                    true
                }
                _ => return Err(UNKNOWN),
            };
            if read.actions.is_some() || value.as_str().is_some() == is_list {
                return Err(invalid("a rule asks for actions in more than one way, or not by `action` or a list"));
            }
            let names = read.actions.insert(String::new());
            each(value, !is_list, &mut |action| {
                add(names, ' ', Action::new(action)?.as_str());
                Ok(())
            })?;
        }
        read.role = role.map(|role| (*role).into());
        if relation.is_some() != object.is_some() {
            return Err(invalid("a rule lacks a relation or its object"));
        }
        if let (Some(relation), Some(object)) = (relation, object) {
            read.relation = Some(Wanted { relation: (*relation).into(), object: (*object).into() });
        }
        let asks = read.role.is_some() || read.actions.is_some() || read.relation.is_some();
        if asks { Ok(read) } else { Err(UNKNOWN) }
    }
}

/// Every string of a list; or the string alone, where that may stand for a list of one.
fn each<'a>(value: Value<'a>, or_one: bool, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
    const INVALID: Error = invalid("a list in the configuration is not an array of strings");
    if or_one && let Some(one) = value.as_str() {
        return take(&one);
    }
    for entry in value.elements().ok_or(INVALID)? {
        take(&entry.as_str().ok_or(INVALID)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
