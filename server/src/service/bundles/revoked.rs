//! A list of revocations, and the hash that tells it from others.

use sentinel_core::bundle::{Digest, RevocationList, Revoked};

use super::state::short;

/// The list of these and its hash. The same ones give the same bytes, in whatever order they come, and others another
/// salt: that a name is found which is not among them does not last.
pub(super) fn listed(revoked: &[Revoked<'_>]) -> (RevocationList, [u8; 8]) {
    if revoked.is_empty() {
        return (RevocationList::default(), [0; 8]);
    }
    let mut lines: Vec<String> = revoked.iter().map(|one| format!("{one:?}")).collect();
    lines.sort_unstable();
    lines.dedup();
    let text = lines.join("\n");
    let salt = Digest::of(format!("salt\n{text}").as_bytes());
    (RevocationList::new(&salt.0, revoked), short(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_count() {
        let (one, other) = (Revoked::Token("a"), Revoked::User("b", 7));
        let both = listed(&[one, other]);
        assert_eq!(both, listed(&[other, one, other]));
        assert_ne!(both.1, listed(&[one]).1);
        assert_ne!(both.1, listed(&[one, Revoked::User("b", 8)]).1);
        assert!(both.0.is_token_revoked("a"));
    }
}
