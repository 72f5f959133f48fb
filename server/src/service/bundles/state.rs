//! The names of states. A name says what it is the name of, so that every replica has the same for the same, and each can
//! tell what changed since one that another replica published, or this one before a restart.
//!
//! INVARIANT: two contents of one place have the same name only where they are the same: the tuples follow from the
//! store's revision (its log says every change, and a restore makes another epoch) and the model; roles and revocations
//! are hashed.

use sentinel_core::bundle::Digest;
use serde_json::json;

/// Changes with whatever makes another content of the same rows.
const RELEASE: u32 = 2;

/// A state, by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The store's revision.
    pub(super) revision: u64,
    /// Hash of what does not change by a delta: the place, the model, the epoch.
    pub(super) base: [u8; 8],
    /// Hash of the roles.
    pub(super) roles: [u8; 8],
    /// Hash of the revocations.
    pub(super) revocations: [u8; 8],
}

impl State {
    /// As the manifest has it.
    pub(super) fn name(&self) -> Digest {
        let parts = [self.revision.to_be_bytes(), self.base, self.roles, self.revocations];
        let mut name = [0; 32];
        name.iter_mut().zip(parts.as_flattened()).for_each(|(to, from)| *to = *from);
        Digest(name)
    }

    /// What a name says. Who makes one up gets a delta from a state that nobody holds.
    pub(super) fn of(name: Digest) -> Self {
        let part = |at: usize| {
            let mut part = [0; 8];
            part.iter_mut().zip(name.0.iter().skip(8 * at)).for_each(|(to, from)| *to = *from);
            part
        };
        Self { revision: u64::from_be_bytes(part(0)), base: part(1), roles: part(2), revocations: part(3) }
    }
}

/// The first 64 bits of a SHA-256.
pub(super) fn short(bytes: &[u8]) -> [u8; 8] {
    let mut short = [0; 8];
    short.iter_mut().zip(Digest::of(bytes).0).for_each(|(to, from)| *to = from);
    short
}

/// The hash of what does not change by a delta.
pub(super) fn base(epoch: &str, workspace: uuid::Uuid, content: &str, model: Option<&str>, built_in: &str) -> [u8; 8] {
    short(json!([RELEASE, epoch, workspace, content, model, built_in]).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_names() {
        let state = State { revision: 7, base: [1; 8], roles: [2; 8], revocations: [3; 8] };
        assert_eq!(State::of(state.name()), state);
        assert_ne!(State { revision: 8, ..state }.name(), state.name());
        let other = base("e", uuid::Uuid::nil(), "workspace", Some("m"), "");
        assert_ne!(other, base("f", uuid::Uuid::nil(), "workspace", Some("m"), ""));
        assert_ne!(other, base("e", uuid::Uuid::nil(), "workspace", Some("n"), ""));
    }
}
