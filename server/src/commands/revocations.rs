//! `sentinel verify --revocations`: what the server took back before it expired, as `GET /revocations` answers.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use sentinel_core::{Error, ErrorCode, VerifiedToken};
use serde::Deserialize;

use crate::input;
use crate::outcome::Failure;

/// Longest file: about a hundred thousand revocations.
const BYTES: usize = 16 * 1024 * 1024;

/// What was taken back.
pub(crate) struct Revocations {
    tokens: HashSet<String>,
    sessions: HashSet<String>,
    /// The second before which tokens are void: a user's, a member's (`sub`/`wid`), a workspace's, or (under an empty
    /// value) everyone's.
    before: HashMap<(Kind, String), i64>,
}

#[derive(Deserialize)]
struct Feed {
    revocations: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    kind: Kind,
    value: String,
    /// In milliseconds since 1970.
    at: i64,
}

/// A kind that is not known is an error: what it takes back must not pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Token,
    Session,
    User,
    Member,
    Workspace,
    All,
}

impl Revocations {
    /// Reads one answer of `GET /revocations`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = input::file(path, BYTES)?;
        let feed: Feed = serde_json::from_slice(&text)
            .map_err(|why| Failure::unavailable(path.display(), format_args!("no answer of /revocations: {why}")))?;
        let mut read = Self { tokens: HashSet::new(), sessions: HashSet::new(), before: HashMap::new() };
        for Entry { kind, value, at } in feed.revocations {
            match kind {
                Kind::Token => _ = read.tokens.insert(value),
                Kind::Session => _ = read.sessions.insert(value),
                Kind::User | Kind::Member | Kind::Workspace | Kind::All => {
                    // `iat` has whole seconds: a token of the same second may be older.
                    let void_before = at.div_euclid(1000) + i64::from(at.rem_euclid(1000) != 0);
                    let latest = read.before.entry((kind, value)).or_insert(void_before);
                    *latest = void_before.max(*latest);
                }
            }
        }
        Ok(read)
    }

    /// Refuses a token that was taken back, and one that could not be: without `jti` or, where its time counts, `iat`.
    pub(crate) fn check(&self, token: &VerifiedToken) -> Result<(), Error> {
        let claims = token.claims();
        let missing = |name| Error::claim(ErrorCode::ClaimMissing, name);
        let jwt_id = claims.jwt_id().ok_or(missing("jti"))?;
        let session = claims.string("sid");
        let by_session = session.is_some_and(|session| self.sessions.contains(session.as_ref()));
        if self.tokens.contains(jwt_id.as_ref()) || by_session {
            return Err(ErrorCode::TokenRevoked.into());
        }
        let subject = claims.subject().unwrap_or_default().into_owned();
        let workspace = claims.string("wid").unwrap_or_default().into_owned();
        let void_before = [
            (Kind::Member, format!("{subject}/{workspace}")),
            (Kind::User, subject),
            (Kind::Workspace, workspace),
            (Kind::All, String::new()),
        ];
        match void_before.iter().filter_map(|name| self.before.get(name)).max() {
            None => Ok(()),
            Some(void_before) if claims.issued_at().ok_or(missing("iat"))?.is_before(*void_before) => {
                Err(ErrorCode::TokenRevoked.into())
            }
            Some(_) => Ok(()),
        }
    }
}
