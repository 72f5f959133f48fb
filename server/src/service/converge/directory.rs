//! People who are known before they come, what they get, and what roles are called where tokens have converged claims.

use std::collections::BTreeMap;

use sentinel_storage::WorkspaceRole;
use serde::Deserialize;

use super::Username;

/// The role of who is not in the directory, where it does not say another one.
const GUEST: &str = "GUEST";
/// Longest name of a role in characters.
const LONGEST_ROLE: usize = 64;

/// Known people and the names of roles. Without a file: nobody is known, and roles are `OWNER`, `ADMIN`, `EDITOR` and
/// `GUEST`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    roles: RoleNames,
    default_role: Option<WorkspaceRole>,
    domain: Option<String>,
    people: BTreeMap<String, Known>,
    by_address: BTreeMap<String, String>,
}

/// Somebody who is known before they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What they are in the default workspace.
    pub role: WorkspaceRole,
    /// For display.
    pub first_name: Option<String>,
    /// For display.
    pub last_name: Option<String>,
    /// The one address that they are known by, where it is not the one that their name has in the directory's domain.
    address: Option<String>,
}

/// What the four roles of a workspace are called in converged claims: each another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleNames {
    owner: String,
    admin: String,
    editor: String,
    viewer: String,
}

/// What is wrong with a directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DirectoryError(String);

impl Default for RoleNames {
    fn default() -> Self {
        Self { owner: "OWNER".into(), admin: "ADMIN".into(), editor: "EDITOR".into(), viewer: GUEST.into() }
    }
}

impl RoleNames {
    /// What a role is called.
    #[must_use]
    pub fn name(&self, role: WorkspaceRole) -> &str {
        match role {
            WorkspaceRole::Owner => &self.owner,
            WorkspaceRole::Admin => &self.admin,
            WorkspaceRole::Editor => &self.editor,
            WorkspaceRole::Viewer => &self.viewer,
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<WorkspaceRole> {
        WorkspaceRole::ALL.iter().copied().find(|role| self.name(*role) == name)
    }

    fn set(&mut self, role: WorkspaceRole, name: &str) {
        let place = match role {
            WorkspaceRole::Owner => &mut self.owner,
            WorkspaceRole::Admin => &mut self.admin,
            WorkspaceRole::Editor => &mut self.editor,
            WorkspaceRole::Viewer => &mut self.viewer,
        };
        name.clone_into(place);
    }
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Name to role.
    #[serde(default)]
    roles: BTreeMap<String, WorkspaceRole>,
    default_role: Option<String>,
    domain: Option<String>,
    #[serde(default)]
    people: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    role: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

impl Directory {
    /// Reads a directory: `{"roles": {"GUEST": "viewer"}, "default_role": "GUEST", "domain": "firm.example",
    /// "people": {"john_doe": {"role": "ADMIN", "email": "john@firm.example"}}}`. All of it may be left out.
    ///
    /// # Errors
    /// Where it is not in this form, a role is not known, a username is not in its normal form, somebody has no address
    /// to be known by, or two people have the same one.
    pub fn from_json(text: &str) -> Result<Self, DirectoryError> {
        let file: File = serde_json::from_str(text).map_err(|why| DirectoryError(why.to_string()))?;
        let mut roles = RoleNames::default();
        for (name, role) in &file.roles {
            let is_name = !name.is_empty()
                && name.chars().count() <= LONGEST_ROLE
                && !name.chars().any(|letter| letter.is_control() || letter.is_whitespace());
            if !is_name || file.roles.iter().any(|(other, same)| other != name && same == role) {
                return Err(DirectoryError(format!("roles must give each role one name: {role} has several, or none")));
            }
            roles.set(*role, name);
        }
        if WorkspaceRole::ALL.iter().any(|role| roles.role(roles.name(*role)) != Some(*role)) {
            return Err(DirectoryError("roles must give each role a name of its own".into()));
        }
        let named = |name: &str| {
            roles.role(name).ok_or_else(|| DirectoryError(format!("the role {name:?} is none of those in roles")))
        };
        let default_role = named(file.default_role.as_deref().unwrap_or(roles.name(WorkspaceRole::Viewer)))?;
        let domain = file.domain.map(|domain| domain.trim().to_ascii_lowercase()).filter(|domain| !domain.is_empty());
        let mut by_address = BTreeMap::new();
        let mut people = BTreeMap::new();
        for (username, entry) in file.people {
            if Username::normalize(&username).map(|normal| normal.as_str() != username).unwrap_or(true) {
                return Err(DirectoryError(format!("people: {username:?} is no username in its normal form")));
            }
            if entry.email.is_none() && domain.is_none() {
                return Err(DirectoryError(format!(
                    "people: {username:?} needs an email, or the directory a domain: whoever has proven the address is \
                     known, and nobody by a name alone"
                )));
            }
            let address = entry.email.map(|email| email.trim().to_ascii_lowercase());
            if let Some(address) = &address
                && by_address.insert(address.clone(), username.clone()).is_some()
            {
                return Err(DirectoryError(format!("people: the address of {username:?} is another one's, too")));
            }
            let role = named(&entry.role)?;
            let (first_name, last_name) = (entry.first_name, entry.last_name);
            people.insert(username, Known { role, first_name, last_name, address });
        }
        Ok(Self { roles, default_role: Some(default_role), domain, people, by_address })
    }

    /// What roles are called.
    #[must_use]
    pub fn roles(&self) -> &RoleNames {
        &self.roles
    }

    /// What they are in the default workspace who are not known; `None` where there is no directory.
    #[must_use]
    pub fn default_role(&self) -> Option<WorkspaceRole> {
        self.default_role
    }

    /// The domain whose people have the plain names. Without one whoever comes first has them.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Who has proven this address, where they are known: by the address itself, or as the person of this name in the
    /// directory's domain.
    #[must_use]
    pub fn known(&self, address: &str) -> Option<(Username, &Known)> {
        let address = address.trim().to_ascii_lowercase();
        let username = match self.by_address.get(&address) {
            Some(username) => Username::normalize(username).ok()?,
            None => self.of_domain(&address)?,
        };
        let known = self.people.get(username.as_str())?;
        known.address.as_ref().is_none_or(|own| *own == address).then_some((username, known))
    }

    /// Whether a name is kept for somebody else than who has proven this address.
    pub(crate) fn keeps(&self, username: &Username, proven: Option<&str>) -> bool {
        self.people.contains_key(username.as_str())
            && proven.and_then(|address| self.known(address)).is_none_or(|(known, _)| known != *username)
    }

    /// The name without a mark that may be this address's: in lower case.
    pub(super) fn plain_name(&self, address: &str) -> Option<Username> {
        if let Some((username, _)) = self.known(address) {
            return Some(username);
        }
        let name = match self.domain {
            Some(_) => self.of_domain(address)?,
            None => Username::normalize(address).ok()?,
        };
        // Kept for who is known by it.
        (!self.people.contains_key(name.as_str())).then_some(name)
    }

    /// The name of an address of the directory's domain. Of two addresses at most one has it: `a.b` and `a_b` would
    /// both be `a_b`, so who has an underscore of their own has a mark.
    fn of_domain(&self, address: &str) -> Option<Username> {
        let (local, domain) = address.split_once('@')?;
        if self.domain.as_deref() != Some(domain) || local.contains('_') {
            return None;
        }
        Username::normalize(local).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "roles": { "MEMBER": "editor" }, "domain": "Firm.example",
        "people": {
            "ada_lovelace": { "role": "ADMIN" },
            "root": { "role": "OWNER", "email": "Charles@other.example", "first_name": "Charles" }
        }
    }"#;

    #[test]
    fn people_are_known_by_what_they_have_proven() {
        let directory = Directory::from_json(FILE).unwrap();
        let known = |address: &str| directory.known(address).map(|(name, known)| (name.to_string(), known.role));
        assert_eq!(known("Ada.Lovelace@firm.example"), Some(("ada_lovelace".into(), WorkspaceRole::Admin)));
        assert_eq!(known("charles@OTHER.example"), Some(("root".into(), WorkspaceRole::Owner)));
        for other in [
            "ada.lovelace@other.example",
            "ada_lovelace@firm.example",
            "root@firm.example",
            "root@other.example",
            "ada@firm.example",
            "ada.lovelace@firm.example@x",
        ] {
            assert_eq!(known(other), None, "{other}");
        }
        assert_eq!(directory.default_role(), Some(WorkspaceRole::Viewer));
        assert_eq!(directory.roles().name(WorkspaceRole::Editor), "MEMBER");
        assert_eq!(directory.roles().role("EDITOR"), None);
    }

    #[test]
    fn names_of_known_people_are_kept_for_them() {
        let directory = Directory::from_json(r#"{"people": {"root": {"role": "GUEST", "email": "a@b.example"}}}"#);
        let directory = directory.unwrap();
        let plain = |address| directory.plain_name(address).map(|name| name.to_string());
        assert_eq!(plain("root@evil.example"), None);
        assert_eq!(plain("a@b.example").as_deref(), Some("root"));
        assert_eq!(plain("a@c.example").as_deref(), Some("a"));
        let keeps = |name, proven| directory.keeps(&Username::normalize(name).unwrap(), proven);
        assert!(keeps("root", None) && keeps("root", Some("root@b.example")) && !keeps("root", Some("A@b.example")));
        assert!(!keeps("a", None));
    }

    #[test]
    fn the_guides_directory_is_one() {
        let guide = include_str!("../../../../docs/guide/converging-identities.md");
        let text = guide.split("```json").nth(1).unwrap().split("```").next().unwrap();
        let directory = Directory::from_json(text).unwrap();
        assert_eq!(directory.known("john.doe@firm.example").unwrap().1.role, WorkspaceRole::Admin);
        assert_eq!(directory.roles().name(WorkspaceRole::Editor), "MEMBER");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, why) in [
            (r#"{"people": {"ada": {"role": "GUEST"}}}"#, "needs an email"),
            (r#"{"people": {"Ada": {"role": "GUEST", "email": "a@b.c"}}}"#, "normal form"),
            (r#"{"people": {"ada": {"role": "ROOT", "email": "a@b.c"}}}"#, "none of those"),
            (
                r#"{"people": {"ada": {"role": "GUEST", "email": "a@b.c"}, "bob": {"role": "GUEST", "email": "A@b.c"}}}"#,
                "another one's",
            ),
            (r#"{"roles": {"A": "viewer", "B": "viewer"}}"#, "several"),
            (r#"{"roles": {"GUEST": "editor"}}"#, "of its own"),
            (r#"{"roles": {"": "editor"}}"#, "several, or none"),
            (r#"{"default_role": "NOBODY"}"#, "none of those"),
            (r#"{"person": {}}"#, "unknown field"),
            ("", "EOF"),
        ] {
            let error = Directory::from_json(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
