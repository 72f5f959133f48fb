//! The actions of roles.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::content::is_ascending;
use super::wire::Reader;

/// Which actions each role of a service has.
///
/// ```
/// use sentinel_core::bundle::Roles;
/// let roles = Roles::new([("editor", &["notes:write", "notes:read"][..]), ("viewer", &["notes:read"][..])]);
/// assert!(roles.allows("editor", "notes:write") && !roles.allows("viewer", "notes:write"));
/// assert!(!roles.allows("owner", "notes:read"), "a role that is not known has no actions");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Every action, sorted.
    actions: Vec<Box<str>>,
    /// Every role with the places of its actions, all sorted.
    roles: Vec<(Box<str>, Vec<u32>)>,
}

impl Roles {
    /// Of a role that is named twice the actions are joined.
    #[must_use]
    pub fn new<'a>(roles: impl IntoIterator<Item = (&'a str, &'a [&'a str])>) -> Self {
        let given: Vec<(&str, &[&str])> = roles.into_iter().collect();
        let mut actions: Vec<Box<str>> =
            given.iter().flat_map(|(_, actions)| actions.iter()).map(|action| Box::from(*action)).collect();
        actions.sort_unstable();
        actions.dedup();
        let mut names: Vec<&str> = given.iter().map(|(role, _)| *role).collect();
        names.sort_unstable();
        names.dedup();
        let places = |role: &str| {
            let these = given.iter().filter(|(name, _)| *name == role).flat_map(|(_, actions)| actions.iter());
            let mut places: Vec<u32> = these
                .filter_map(|action| actions.binary_search_by(|known| (**known).cmp(action)).ok())
                .map(|place| place as u32)
                .collect();
            places.sort_unstable();
            places.dedup();
            places
        };
        let roles = names.into_iter().map(|role| (Box::from(role), places(role))).collect();
        Self { actions, roles }
    }

    /// The roles, sorted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(|(role, _)| &**role)
    }

    /// The actions of a role, sorted; of one that is not known there are none.
    pub fn actions_of(&self, role: &str) -> impl Iterator<Item = &str> {
        let found = self.roles.binary_search_by(|(known, _)| (**known).cmp(role)).ok();
        let places = found.and_then(|at| self.roles.get(at)).map(|(_, places)| places.as_slice()).unwrap_or_default();
        places.iter().filter_map(|place| self.actions.get(*place as usize)).map(|action| &**action)
    }

    /// Whether the role has the action.
    #[must_use]
    pub fn allows(&self, role: &str, action: &str) -> bool {
        self.actions_of(role).any(|has| has == action)
    }

    pub(super) fn read(section: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(section);
        let mut all = Self::default();
        for _ in 0..reader.count(1)? {
            all.actions.push(reader.text()?.into());
        }
        is_ascending(all.actions.iter().map(|action| &**action))?;
        for _ in 0..reader.count(2)? {
            let role = reader.text()?.into();
            let count = reader.count(1)?;
            let mut places = Vec::with_capacity(count);
            let mut next = 0u32;
            for _ in 0..count {
                let place = next.checked_add(reader.number32()?)?;
                all.actions.get(place as usize)?;
                places.push(place);
                next = place.checked_add(1)?;
            }
            all.roles.push((role, places));
        }
        is_ascending(all.roles.iter().map(|(role, _)| &**role))?;
        reader.end()?;
        Some(all)
    }

    #[cfg(feature = "bundle-write")]
    pub(super) fn write(&self) -> Vec<u8> {
        use super::wire;
        let mut out = Vec::new();
        wire::number(&mut out, self.actions.len() as u64);
        for action in &self.actions {
            wire::text(&mut out, action);
        }
        wire::number(&mut out, self.roles.len() as u64);
        for (role, places) in &self.roles {
            wire::text(&mut out, role);
            wire::number(&mut out, places.len() as u64);
            let mut next = 0;
            for place in places {
                wire::number(&mut out, u64::from(place - next));
                next = place + 1;
            }
        }
        out
    }
}
