//! What takes a token back: the one rule, whatever it is looked up in.

use crate::claims::{Claims, NumericDate};
use crate::{Error, ErrorCode};

/// What a revocation takes back. The names are those of `GET /revocations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revoked<'a> {
    /// The token with this `jti`.
    Token(&'a str),
    /// Every token of the session with this `sid`.
    Session(&'a str),
    /// Every token of the user (`sub`) issued before this second.
    User(&'a str, i64),
    /// Every token of the user (`sub`) in the workspace (`wid`) issued before this second.
    Member(&'a str, &'a str, i64),
    /// Every token in the workspace (`wid`) issued before this second.
    Workspace(&'a str, i64),
    /// Every token issued before this second.
    All(i64),
}

/// What revocations look at in a token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// `jti`.
    pub jwt_id: Option<&'a str>,
    /// `sid`.
    pub session: Option<&'a str>,
    /// `sub`.
    pub subject: Option<&'a str>,
    /// `wid`.
    pub workspace: Option<&'a str>,
    /// `iat`.
    pub issued_at: Option<NumericDate>,
}

/// Finds an entry by its kind and name, and gives the second before which it voids.
pub(crate) type Find<'a> = dyn Fn(Revoked<'_>) -> Option<i64> + 'a;

/// Refuses a token that was taken back, and one that cannot be judged: without `jti`, or without `iat` where a time counts.
pub(crate) fn check(token: &Named<'_>, find: &Find<'_>) -> Result<(), Error> {
    let missing = |name| Error::claim(ErrorCode::ClaimMissing, name);
    let jwt_id = token.jwt_id.ok_or(missing("jti"))?;
    let by_session = token.session.is_some_and(|session| find(Revoked::Session(session)).is_some());
    if by_session || find(Revoked::Token(jwt_id)).is_some() {
        return Err(ErrorCode::TokenRevoked.into());
    }
    let subject = token.subject.unwrap_or_default();
    let workspace = token.workspace.unwrap_or_default();
    let times = [
        Revoked::User(subject, 0),
        Revoked::Member(subject, workspace, 0),
        Revoked::Workspace(workspace, 0),
        Revoked::All(0),
    ];
    match times.into_iter().filter_map(find).max() {
        Some(void_before) if token.issued_at.ok_or(missing("iat"))?.is_before(void_before) => {
            Err(ErrorCode::TokenRevoked.into())
        }
        _ => Ok(()),
    }
}

/// As [`check`], of a verified token's claims.
pub(crate) fn check_claims(claims: Claims<'_>, find: &Find<'_>) -> Result<(), Error> {
    let (jwt_id, session) = (claims.jwt_id(), claims.string("sid"));
    let (subject, workspace) = (claims.subject(), claims.string("wid"));
    let token = Named {
        jwt_id: jwt_id.as_deref(),
        session: session.as_deref(),
        subject: subject.as_deref(),
        workspace: workspace.as_deref(),
        issued_at: claims.issued_at(),
    };
    check(&token, find)
}
