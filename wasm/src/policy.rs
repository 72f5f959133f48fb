//! Who the bearer of a token is, and what they may do.

use sentinel_core::{Error, ErrorCode, Identity, Request, TokenPair, VerifiedToken};

use crate::answer;
use crate::desk::{self, Desk};
use crate::record::{ACCEPTED, RELATION_NEEDED, Text};
use crate::state::{Answer, State, Stop, seconds, text};

/// Whom a question is about: lengths of texts in the input, one after the other. Of a pair, `token` is the
/// authorization token, and `other` the identity token of the verifier with the handle `pair`.
pub(crate) struct Subject {
    pub(crate) handle: usize,
    pub(crate) pair: usize,
    pub(crate) token: usize,
    pub(crate) other: usize,
    pub(crate) service: usize,
}

impl State {
    /// Who the bearer is, as JSON in the output.
    pub(crate) fn identity(&mut self, subject: &Subject, now: f64) -> Answer {
        let identity = self.who(subject, seconds(now)?)?;
        self.output.clear();
        answer::identity(&mut self.output, &identity);
        self.record.output = Text::of(self.output.as_bytes());
        Ok(ACCEPTED)
    }

    /// Whether the bearer may do what the request says, as JSON in the output.
    ///
    /// `answers` are what the host has said so far of relations and actions, a bit each behind a leading 1; 0 where it has
    /// nothing to ask. INVARIANT: a request asks the same in the same order, as far as the answers before are the same.
    pub(crate) fn decide(&mut self, subject: &Subject, method: usize, path: usize, now: f64, answers: u32) -> Answer {
        let now = seconds(now)?;
        // A token that is not valid any more is nobody's.
        let identity = match self.who(subject, now) {
            Ok(identity) => Some(identity),
            Err(Stop::Refused(_)) => None,
            Err(Stop::Gone) => return Err(Stop::Gone),
        };
        let start = subject.token.saturating_add(subject.other).saturating_add(subject.service);
        // What does not fit is no path: it is refused as one.
        let request = Request {
            method: text(&self.input, start, method).unwrap_or_default(),
            path: text(&self.input, start.saturating_add(method), path).unwrap_or_default(),
        };
        let policy = &desk::get(&mut self.desks, subject.handle)?.config.policy;
        let output = &mut self.output;
        output.clear();
        let status = match answers.checked_ilog2() {
            None => {
                answer::decision(output, policy, &policy.decide(&request, identity.as_ref()));
                ACCEPTED
            }
            Some(mut left) => {
                let decision = policy.decide_asking(&request, identity.as_ref(), &mut |wanted, object| {
                    if let Some(next) = left.checked_sub(1) {
                        left = next;
                        return Ok(answers >> next & 1 == 1);
                    }
                    let user = identity.as_ref().and_then(Identity::as_user).unwrap_or_default();
                    // An action has no object.
                    *output = [wanted, "\n", object.unwrap_or_default(), "\n", &user].concat();
                    Err(ErrorCode::Undecided.into())
                });
                match decision {
                    Ok(decision) => {
                        answer::decision(output, policy, &decision);
                        ACCEPTED
                    }
                    Err(_) => RELATION_NEEDED,
                }
            }
        };
        self.record.output = Text::of(self.output.as_bytes());
        Ok(status)
    }

    /// The identity in a token, or in a pair, that JavaScript has verified here before.
    fn who(&mut self, subject: &Subject, now: i64) -> Result<Identity, Stop> {
        let token = text(&self.input, 0, subject.token)?;
        let desk = desk::get(&mut self.desks, subject.handle)?;
        let ours = desk.again(token, now)?;
        if subject.other == 0 {
            return Ok(desk.config.policy.profile().identity(&ours)?);
        }
        let authorization = desk.config.verifier.clone();
        let other = text(&self.input, subject.token, subject.other)?;
        let service = text(&self.input, subject.token.saturating_add(subject.other), subject.service)?;
        let desk = desk::get(&mut self.desks, subject.pair)?;
        let theirs = desk.again(other, now)?;
        let pair = TokenPair::new(desk.config.verifier.clone(), authorization, service)?;
        Ok(pair.identity_profile(desk.config.policy.profile().clone()).bind(&theirs, &ours)?)
    }
}

impl Desk {
    /// A token that was verified before: everything is checked again but its signature.
    fn again(&mut self, token: &str, now: i64) -> Result<VerifiedToken, Error> {
        if let Some(hit) = self.cache.recall(token.as_bytes(), &self.config.verifier, now) {
            return Ok(hit?.token.clone());
        }
        self.config.verifier.begin(token, &self.keys)?.finish(true, now)
    }
}
