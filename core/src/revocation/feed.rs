//! The server's feed of revocations, for whoever verifies elsewhere.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use crate::claims::NumericDate;
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
    /// Each with the time, in milliseconds since 1970, from which on no token that it concerns can be alive.
    exact: BTreeMap<(Kind, String), i64>,
    /// The second before which tokens are void: a user's, a member's (`sub`/`wid`), a workspace's, or (under an empty
    /// value) everyone's; and until when, as above.
    before: BTreeMap<(Kind, String), (i64, i64)>,
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
        let mut entries = BTreeSet::new();
        let mut count = 0_usize;
        for entry in document.member("revocations").and_then(Value::elements).ok_or(shape)? {
            let kind = Kind::named(&text(entry, "kind").ok_or(shape)?)
                .ok_or(unreadable("the revocations have a kind that is not known"))?;
            let value = text(entry, "value").ok_or(shape)?.into_owned();
            let (at, until) = (number(entry, "at").ok_or(shape)?, number(entry, "expires_at").ok_or(shape)?);
            entries.insert((kind, value, at, until));
            count = count.saturating_add(1);
        }
        for (kind, value, at, until) in entries {
            if matches!(kind, Kind::Token | Kind::Session) {
                let held = self.exact.entry((kind, value)).or_insert(until);
                *held = until.max(*held);
            } else {
                // `iat` has whole seconds: a token of the same second may be older.
                let void_before = at.div_euclid(1000).saturating_add(i64::from(at.rem_euclid(1000) != 0));
                let held = self.before.entry((kind, value)).or_insert((void_before, until));
                *held = (void_before.max(held.0), until.max(held.1));
            }
        }
        (self.epoch, self.last) = (Some(epoch), last);
        Ok(count < PAGE)
    }

    /// Forgets what cannot concern any token that is still accepted; `now` is in milliseconds since 1970.
    pub fn forget(&mut self, now: i64) {
        // A verifier with a leeway accepts a token for so long after its end.
        let now = now.saturating_sub(i64::from(MAX_LEEWAY) * 1000);
        self.exact.retain(|_, until| *until > now);
        self.before.retain(|_, (_, until)| *until > now);
    }

    /// Refuses a token that was taken back, and one that could not be: without `jti` or, where its time counts, `iat`.
    ///
    /// # Errors
    /// [`ErrorCode::TokenRevoked`], [`ErrorCode::ClaimMissing`].
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Error> {
        let claims = token.claims();
        let missing = |name| Error::claim(ErrorCode::ClaimMissing, name);
        let jwt_id = claims.jwt_id().ok_or(missing("jti"))?.into_owned();
        let session = claims.string("sid").map(|session| (Kind::Session, session.into_owned()));
        let by_name = |name: &(Kind, String)| self.exact.contains_key(name);
        if by_name(&(Kind::Token, jwt_id)) || session.as_ref().is_some_and(by_name) {
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
        let void_before = void_before.iter().filter_map(|name| self.before.get(name)).map(|(before, _)| *before).max();
        let Some(void_before) = void_before else { return Ok(()) };
        let issued_at: NumericDate = claims.issued_at().ok_or(missing("iat"))?;
        if issued_at.is_before(void_before) {
            return Err(ErrorCode::TokenRevoked.into());
        }
        Ok(())
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
