//! Local accounts: people who log in with a username and a PIN, without an identity provider, in the workspace that made
//! their account.

mod accounts;
mod bootstrap;
mod login;
mod pin;

pub use accounts::{LocalChange, NewLocal};
pub use bootstrap::Bootstrapped;
pub use login::LocalLogin;

use super::{Error, Service, TokenKind, User};

/// The workspace that the first start made, whose administrators make local accounts.
const WORKSPACE: &str = "local_workspace";
/// Most that a service can trust someone.
pub const MOST_TRUST: i64 = 10;
/// Most channels of one person.
const CHANNELS: usize = 50;
/// Longest name of a channel.
const CHANNEL: usize = 64;

impl Service {
    /// The local account of who asks, with an access token.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for who has none; [`super::ErrorKind::Forbidden`] without an access token.
    pub async fn own_local_account(&self, user: &User) -> Result<sentinel_storage::LocalAccount, Error> {
        by_access_token(user)?;
        let account = self.store().read().await?.local_account(user.id).await?;
        account.ok_or_else(|| Error::not_found("Not a local account"))
    }

    /// Whether anybody logs in with a PIN here.
    ///
    /// # Errors
    /// As storage.
    pub async fn has_local_accounts(&self) -> Result<bool, Error> {
        Ok(self.store().read().await?.has_local_accounts().await?)
    }
}

/// An authz token is a service's to use; accounts and PINs are not.
fn by_access_token(user: &User) -> Result<(), Error> {
    match user.token {
        TokenKind::Access => Ok(()),
        TokenKind::Authz => Err(Error::forbidden("Local accounts are managed with an access token")),
    }
}

/// How far someone is trusted.
fn trust(level: i64) -> Result<i64, Error> {
    if (0..=MOST_TRUST).contains(&level) {
        Ok(level)
    } else {
        Err(Error::invalid(format!("trust_level must be 0 to {MOST_TRUST}")))
    }
}

/// Channels in order, each once.
fn channels(names: &[String]) -> Result<Vec<String>, Error> {
    let good = |name: &String| {
        (1..=CHANNEL).contains(&name.len())
            && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b':'))
    };
    if names.len() > CHANNELS || !names.iter().all(good) {
        return Err(Error::invalid(format!(
            "channels must be at most {CHANNELS} names of 1 to {CHANNEL} letters, digits, -, _, . and :"
        )));
    }
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_have_names_and_stand_once() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(channels(&list(&["web", "signal:ada", "web"])).unwrap(), ["signal:ada", "web"]);
        for bad in [&[""][..], &["a b"], &["ä"], &["a\0"], &["a/b"], &[&"x".repeat(65)]] {
            assert!(channels(&list(bad)).is_err(), "{bad:?}");
        }
        assert!(channels(&vec!["a".to_owned(); 51]).is_err());
        assert!(trust(0).is_ok() && trust(10).is_ok() && trust(-1).is_err() && trust(11).is_err());
    }
}
