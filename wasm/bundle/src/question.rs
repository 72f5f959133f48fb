//! Questions to what is held.

#[cfg(feature = "policy")]
use alloc::borrow::Cow;

use sentinel_core::bundle::Named;
use sentinel_core::claims::NumericDate;
use sentinel_core::jose::json::{self, Value};
use sentinel_core::{Error, ErrorCode, Limits};

use crate::demands::invalid;
use crate::holder::Holder;
use crate::record::{Answer, NO, YES};

/// When a question is asked, and the revision that it needs: below 0 none.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "policy"), allow(dead_code, reason = "revocations alone are asked for no revision"))]
pub(crate) struct Moment {
    pub(crate) now: f64,
    pub(crate) at_least: f64,
}

impl Holder {
    /// Answers the question in the input, of what is held: see `policy::ask` and `revocations::ask`.
    pub(crate) fn ask(&mut self, kind: u32, length: usize, moment: Moment) -> Answer {
        const FORM: Error = invalid("the question is not JSON within the limits");
        let document = self.input.get(..length).ok_or(FORM)?;
        let question = json::parse(document, &Limits::DEFAULT).map_err(|_| FORM)?;
        #[cfg(feature = "revocations")]
        if let Some(answer) = crate::revocations::ask(self, kind, question, moment) {
            return answer;
        }
        #[cfg(feature = "policy")]
        return match crate::policy::ask(self.bundle.as_ref(), self.budget, kind, question, moment)? {
            crate::policy::Found::Answer(answer) => Ok(answer),
            crate::policy::Found::Names(names) => {
                // A name has no line break.
                self.output = names.join("\n");
                Ok(self.tell())
            }
        };
        #[cfg(not(feature = "policy"))]
        Err(Error::with(ErrorCode::BundleStale, "there is no bundle"))
    }
}

/// Whether a token with these claims was taken back.
pub(crate) fn revoked(claims: Value<'_>, check: &dyn Fn(&Named<'_>) -> Result<(), Error>) -> Answer {
    let text = |name: &str| claims.member(name).and_then(Value::as_str);
    let (jwt_id, session, subject, workspace) = (text("jti"), text("sid"), text("sub"), text("wid"));
    let token = Named {
        jwt_id: jwt_id.as_deref(),
        session: session.as_deref(),
        subject: subject.as_deref(),
        workspace: workspace.as_deref(),
        issued_at: claims.member("iat").and_then(NumericDate::from_json),
    };
    match check(&token) {
        Ok(()) => Ok(NO),
        Err(error) if error.code() == ErrorCode::TokenRevoked => Ok(YES),
        Err(error) => Err(error),
    }
}

/// A member that must be text.
#[cfg(feature = "policy")]
pub(crate) fn part<'a>(value: Value<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    value.member(name).and_then(Value::as_str).ok_or(invalid("user, relation, object, type and action must be text"))
}
