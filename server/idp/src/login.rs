//! A login's two halves: what leaves, and what comes back.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::LoginFault;

/// A login that was begun.
#[derive(Debug)]
pub struct Login {
    /// Where to send the browser.
    pub url: String,
    /// What must be kept until it comes back.
    pub secrets: LoginSecrets,
}

/// What belongs to one login of one browser. Kept by the server (or sealed in a cookie), never shown to anyone, used
/// once, for minutes.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginSecrets {
    /// The provider's name.
    pub provider: String,
    /// The issuer that was asked.
    pub issuer: String,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// Binds the answer to this browser (RFC 6749 §10.12). Also the key to find these secrets by.
    pub state: String,
    /// Binds the ID token to this login (OpenID Connect Core §15.5.2). GitHub has no ID token and is not sent it.
    pub nonce: String,
    /// Binds the code to this login (RFC 7636).
    pub pkce_verifier: String,
}

impl fmt::Debug for LoginSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginSecrets").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What the browser brought back in the query.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// `code`.
    pub code: &'a str,
    /// `state`.
    pub state: &'a str,
    /// `iss` (RFC 9207), where it was there.
    pub iss: Option<&'a str>,
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("iss", &self.iss.is_some()).finish_non_exhaustive()
    }
}

/// Longest code that is passed on. Entra ID's have about 1,500 bytes.
const CODE_BYTES: usize = 4096;

impl LoginSecrets {
    /// Whether the answer belongs to this login with this provider.
    pub(crate) fn check(&self, provider: &str, issuer: &str, callback: &Callback<'_>) -> Result<(), LoginFault> {
        if !same(&self.state, callback.state) {
            return Err(LoginFault::State);
        }
        if self.provider != provider || self.issuer != issuer {
            return Err(LoginFault::Provider);
        }
        if callback.code.is_empty() || callback.code.len() > CODE_BYTES {
            return Err(LoginFault::Code);
        }
        Ok(())
    }
}

/// Compares secrets in constant time; two empty ones are not the same.
pub(crate) fn same(ours: &str, theirs: &str) -> bool {
    !ours.is_empty() && bool::from(ours.as_bytes().ct_eq(theirs.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> LoginSecrets {
        LoginSecrets {
            provider: "google".into(),
            issuer: "https://id.example".into(),
            redirect_uri: "https://sentinel.example/callback".into(),
            state: "state".into(),
            nonce: "nonce".into(),
            pkce_verifier: "verifier".into(),
        }
    }

    #[test]
    fn an_answer_belongs_to_one_login() {
        let good = Callback { code: "code", state: "state", iss: None };
        let check = |provider, issuer, callback| secrets().check(provider, issuer, &callback);
        assert_eq!(check("google", "https://id.example", good), Ok(()));
        assert_eq!(check("other", "https://id.example", good), Err(LoginFault::Provider));
        assert_eq!(check("google", "https://other.example", good), Err(LoginFault::Provider));
        for state in ["", "stat", "statf", "state "] {
            assert_eq!(check("google", "https://id.example", Callback { state, ..good }), Err(LoginFault::State));
        }
        for code in ["", &"c".repeat(4097)] {
            assert_eq!(check("google", "https://id.example", Callback { code, ..good }), Err(LoginFault::Code));
        }
        let empty = LoginSecrets { state: String::new(), ..secrets() };
        let callback = Callback { state: "", ..good };
        assert_eq!(empty.check("google", "https://id.example", &callback), Err(LoginFault::State));
    }

    #[test]
    fn shows_no_secret() {
        let shown = format!("{:?} {:?}", secrets(), Callback { code: "the-code", state: "the-state", iss: None });
        for secret in ["nonce", "verifier", "the-code", "the-state"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
