//! The server's feed of revocations, for whoever verifies elsewhere.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::rule::{self, Named, Revoked};
use crate::jose::json::{self, Value};
use crate::verifier::MAX_LEEWAY;
use crate::{Error, ErrorCode, Limits, VerifiedToken};

/// What the server took back, as far as its `GET /revocations` was read.
///
/// The host asks with [`after`](Self::after) and [`epoch`](Self::epoch), gives every answer to
/// [`read`](Self::read), and knows how old the last one is: what was not heard of cannot be refused.
///
/// ```
/// use sentinel_core::RevocationFeed;
/// let mut feed = RevocationFeed::default();
/// let complete = feed.read(br#"{"epoch":"e1","last":7,"revocations":[
///     {"seq":7,"kind":"token","value":"t1","at":1700000000000,"expires_at":1700000900000}
/// ]}"#)?;
/// assert!(complete && feed.after() == 7 && feed.epoch() == Some("e1"));
/// # Ok::<(), sentinel_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RevocationFeed {
    epoch: Option<String>,
    last: i64,
    /// By kind and name, and none twice.
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    /// Of a member `sub/wid`, of everyone nothing.
    name: String,
    /// The second before which tokens are void; of what is void itself the greatest.
    void_before: i64,
    /// In milliseconds since 1970: from then on no token that it concerns can be alive.
    until: i64,
}

impl Entry {
    fn key(&self) -> (Kind, &str) {
        (self.kind, &self.name)
    }

    fn join(&mut self, other: &Self) {
        self.void_before = self.void_before.max(other.void_before);
        self.until = self.until.max(other.until);
    }
}

/// A kind that is not known is an error: what it takes back must not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Token,
    Session,
    User,
    Member,
    Workspace,
    All,
}

/// As many as the server puts into one answer: with so many there are more.
const PAGE: usize = 1000;

const fn unreadable(why: &'static str) -> Error {
    Error::with(ErrorCode::Unavailable, why)
}

impl RevocationFeed {
    /// What to ask with as `after`.
    #[must_use]
    pub fn after(&self) -> i64 {
        self.last
    }

    /// What to ask with as `epoch`, once there was an answer.
    #[must_use]
    pub fn epoch(&self) -> Option<&str> {
        self.epoch.as_deref()
    }

    /// Takes in one answer of `GET /revocations`; whether it was the last one for now. Where it cannot be read nothing of
    /// it is taken. What was taken back stays so, also where the server begins another epoch.
    ///
    /// # Errors
    /// [`ErrorCode::Unavailable`] for what is no such answer, or has a kind that is not known.
    pub fn read(&mut self, answer: &[u8]) -> Result<bool, Error> {
        let document = json::parse(answer, &Limits::DEFAULT).map_err(|_| unreadable("the revocations are no JSON"))?;
        let shape = unreadable("no answer of /revocations");
        let epoch = text(document, "epoch").ok_or(shape)?.into_owned();
        let last = number(document, "last").ok_or(shape)?;
        let mut page: Vec<Entry> = Vec::new();
        let mut count = 0_usize;
        for entry in document.member("revocations").and_then(Value::elements).ok_or(shape)? {
            let kind = Kind::named(&text(entry, "kind").ok_or(shape)?)
                .ok_or(unreadable("the revocations have a kind that is not known"))?;
            let name = text(entry, "value").ok_or(shape)?.into_owned();
            let (at, until) = (number(entry, "at").ok_or(shape)?, number(entry, "expires_at").ok_or(shape)?);
            // `iat` has whole seconds: a token of the same second may be older.
            let rounded = at.div_euclid(1000).saturating_add(i64::from(at.rem_euclid(1000) != 0));
            let void_before = if matches!(kind, Kind::Token | Kind::Session) { i64::MAX } else { rounded };
            let entry = Entry { kind, name, void_before, until };
            match page.binary_search_by(|known| known.key().cmp(&entry.key())) {
                Ok(place) => page.iter_mut().skip(place).take(1).for_each(|known| known.join(&entry)),
                Err(place) => page.insert(place, entry),
            }
            count = count.saturating_add(1);
        }
        // Two sorted lists are one after one walk along both: a feed may have a hundred pages.
        let mut page = page.into_iter().peekable();
        for mut held in mem::take(&mut self.entries) {
            while let Some(new) = page.next_if(|new| new.key() < held.key()) {
                self.entries.push(new);
            }
            if let Some(same) = page.next_if(|new| new.key() == held.key()) {
                held.join(&same);
            }
            self.entries.push(held);
        }
        self.entries.extend(page);
        (self.epoch, self.last) = (Some(epoch), last);
        Ok(count < PAGE)
    }

    /// Forgets what cannot concern any token that is still accepted; `now` is in milliseconds since 1970.
    pub fn forget(&mut self, now: i64) {
        // A verifier with a leeway accepts a token for so long after its end.
        let now = now.saturating_sub(i64::from(MAX_LEEWAY) * 1000);
        self.entries.retain(|entry| entry.until > now);
    }

    /// Refuses a token that was taken back, and one that could not be: without `jti` or, where its time counts, `iat`.
    ///
    /// # Errors
    /// [`ErrorCode::TokenRevoked`], [`ErrorCode::ClaimMissing`].
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Error> {
        rule::check_claims(token.claims(), &|one| self.find(one))
    }

    /// As [`Self::check`], for a host that holds the claims of a verified token in a form of its own.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_named(&self, token: &Named<'_>) -> Result<(), Error> {
        rule::check(token, &|one| self.find(one))
    }

    fn find(&self, one: Revoked<'_>) -> Option<i64> {
        let member;
        let key = match one {
            Revoked::Token(jwt_id) => (Kind::Token, jwt_id),
            Revoked::Session(session) => (Kind::Session, session),
            Revoked::User(subject, _) => (Kind::User, subject),
            Revoked::Member(subject, workspace, _) => {
                member = [subject, "/", workspace].concat();
                (Kind::Member, member.as_str())
            }
            Revoked::Workspace(workspace, _) => (Kind::Workspace, workspace),
            Revoked::All(_) => (Kind::All, ""),
        };
        let place = self.entries.binary_search_by(|entry| entry.key().cmp(&key)).ok()?;
        self.entries.get(place).map(|entry| entry.void_before)
    }
}

fn text<'a>(object: Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.member(name).and_then(Value::as_str)
}

fn number(object: Value<'_>, name: &str) -> Option<i64> {
    object.member(name).and_then(Value::as_i64)
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "token" => Self::Token,
            "session" => Self::Session,
            "user" => Self::User,
            "member" => Self::Member,
            "workspace" => Self::Workspace,
            "all" => Self::All,
            _ => return None,
        })
    }
}
