//! The actions of roles.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::content::is_ascending;
use super::wire::Reader;

/// Which actions each role of a service has, and who has which role, where that is told.
///
/// ```
/// use sentinel_core::bundle::Roles;
/// let roles = Roles::new([("editor", &["notes:write", "notes:read"][..]), ("viewer", &["notes:read"][..])]);
/// assert!(roles.allows("editor", "notes:write") && !roles.allows("viewer", "notes:write"));
/// assert!(!roles.allows("owner", "notes:read"), "a role that is not known has no actions");
/// assert_eq!(roles.grants("user:anne", "notes:read"), None);
/// let roles = roles.held_by([("user:anne", "viewer")]);
/// assert_eq!(roles.grants("user:anne", "notes:read"), Some(true));
/// assert_eq!(roles.grants("user:beth", "notes:read"), Some(false));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Every action, sorted.
    actions: Vec<Box<str>>,
    /// Every role with the places of its actions, all sorted.
    roles: Placed,
    /// Every user of a role with the places of theirs, all sorted. None: it is not told who has which.
    holders: Option<Placed>,
}

/// Names, each with rising places in another list.
type Placed = Vec<(Box<str>, Vec<u32>)>;

impl Roles {
    /// Of a role that is named twice the actions are joined.
    #[must_use]
    pub fn new<'a>(roles: impl IntoIterator<Item = (&'a str, &'a [&'a str])>) -> Self {
        let given: Vec<(&str, &[&str])> = roles.into_iter().collect();
        let mut actions: Vec<Box<str>> =
            given.iter().flat_map(|(_, actions)| actions.iter()).map(|action| Box::from(*action)).collect();
        actions.sort_unstable();
        actions.dedup();
        let pairs = given.iter().flat_map(|(role, actions)| actions.iter().map(|action| (*role, *action)));
        let mut roles = placed(pairs, |action| actions.binary_search_by(|known| (**known).cmp(action)).ok());
        // A role without an action is one all the same.
        for (role, _) in &given {
            if let Err(at) = roles.binary_search_by(|(known, _)| (**known).cmp(role)) {
                roles.insert(at, (Box::from(*role), Vec::new()));
            }
        }
        Self { actions, roles, holders: None }
    }

    /// And who has which of them: users as in tuples, `user:anne`. A role that is not known is nobody's.
    #[must_use]
    pub fn held_by<'a>(mut self, holders: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.holders = Some(placed(holders, |role| self.roles.binary_search_by(|(known, _)| (**known).cmp(role)).ok()));
        self
    }

    /// Whether the roles of a user, as in tuples, have the action. `None`: it is not told who has which role.
    #[must_use]
    pub fn grants(&self, user: &str, action: &str) -> Option<bool> {
        let holders = self.holders.as_ref()?;
        let has = |place: &u32| self.roles.get(*place as usize).is_some_and(|(role, _)| self.allows(role, action));
        Some(places_of(holders, user).iter().any(has))
    }

    /// The roles, sorted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(|(role, _)| &**role)
    }

    /// The actions of a role, sorted; of one that is not known there are none.
    pub fn actions_of(&self, role: &str) -> impl Iterator<Item = &str> {
        places_of(&self.roles, role)
            .iter()
            .filter_map(|place| self.actions.get(*place as usize))
            .map(|action| &**action)
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
        all.roles = read_placed(&mut reader, all.actions.len())?;
        if !reader.is_empty() {
            all.holders = Some(read_placed(&mut reader, all.roles.len())?);
        }
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
        for list in [Some(&self.roles), self.holders.as_ref()].into_iter().flatten() {
            wire::number(&mut out, list.len() as u64);
            for (name, places) in list {
                wire::text(&mut out, name);
                wire::number(&mut out, places.len() as u64);
                let mut next = 0;
                for place in places {
                    wire::number(&mut out, u64::from(place - next));
                    next = place + 1;
                }
            }
        }
        out
    }
}

/// Names with the places of what belongs to them; what has no place is left out, and its name with it.
fn placed<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>, place: impl Fn(&str) -> Option<usize>) -> Placed {
    let mut known: Vec<(&str, u32)> =
        pairs.into_iter().filter_map(|(name, of)| Some((name, u32::try_from(place(of)?).ok()?))).collect();
    known.sort_unstable();
    known.dedup();
    let same = known.chunk_by(|(one, _), (other, _)| one == other);
    same.filter_map(|all| Some((Box::from(all.first()?.0), all.iter().map(|(_, place)| *place).collect()))).collect()
}

fn places_of<'a>(list: &'a Placed, name: &str) -> &'a [u32] {
    let found = list.binary_search_by(|(known, _)| (**known).cmp(name)).ok();
    found.and_then(|at| list.get(at)).map(|(_, places)| places.as_slice()).unwrap_or_default()
}

/// Rising names, each with rising places below `bound`.
fn read_placed(reader: &mut Reader<'_>, bound: usize) -> Option<Placed> {
    let mut list = Placed::new();
    for _ in 0..reader.count(2)? {
        let name = reader.text()?.into();
        let count = reader.count(1)?;
        let mut places = Vec::with_capacity(count);
        let mut next = 0u32;
        for _ in 0..count {
            let place = next.checked_add(reader.number32()?)?;
            if place as usize >= bound {
                return None;
            }
            places.push(place);
            next = place.checked_add(1)?;
        }
        list.push((name, places));
    }
    is_ascending(list.iter().map(|(name, _)| &**name))?;
    Some(list)
}

#[cfg(all(test, feature = "bundle-write"))]
mod tests {
    use super::*;

    fn roles() -> Roles {
        Roles::new([("editor", &["write", "read"][..]), ("guest", &[]), ("viewer", &["read"])])
    }

    #[test]
    fn says_who_has_which_only_where_it_was_told() {
        let untold = roles();
        assert_eq!((untold.grants("user:anne", "read"), Roles::read(&untold.write())), (None, Some(untold.clone())));
        let told = roles().held_by([
            ("user:beth", "viewer"),
            ("user:anne", "viewer"),
            ("user:anne", "editor"),
            ("user:anne", "editor"),
            ("user:carl", "unknown"),
            ("user:dora", "guest"),
        ]);
        assert_eq!(Roles::read(&told.write()), Some(told.clone()));
        for (user, action, has) in [
            ("user:anne", "write", true),
            ("user:beth", "read", true),
            ("user:beth", "write", false),
            ("user:carl", "read", false),
            ("user:dora", "read", false),
            ("user:eve", "read", false),
            ("anne", "read", false),
            ("user:anne", "unknown", false),
            ("user:anne", "", false),
        ] {
            assert_eq!(told.grants(user, action), Some(has), "{user} {action}");
        }
        let nobody = Roles::default().held_by([]);
        assert_eq!((nobody.grants("user:anne", "read"), Roles::read(&nobody.write())), (Some(false), Some(nobody)));
    }

    #[test]
    fn holders_have_one_form() {
        // One action, one role with it, one holder of that.
        let good = [1, 1, b'r', 1, 1, b'v', 1, 0, 1, 1, b'u', 1, 0];
        let expected = Roles::new([("v", &["r"][..])]).held_by([("u", "v")]);
        assert_eq!(Roles::read(&good), Some(expected));
        let beyond = [&good[..12], &[1]].concat();
        let unsorted = [&good[..8], &[2, 1, b'u', 0, 1, b'u', 0]].concat();
        for bad in [&good[..9], &good[..12], &beyond, &unsorted, &[&good[..], &[0]].concat()] {
            assert_eq!(Roles::read(bad), None, "{bad:?}");
        }
    }
}
