//! Relations that a token claims: its claims as tuples of one question, as the verifier's configuration maps them.
//!
//! ```json
//! "relations": [
//!     { "issuer": "https://login.example.com", "claim": "groups",
//!       "user": "user:{sub}", "relation": "member", "object": "group:{value}" },
//!     { "claim": ["realm_access", "roles"], "equals": "auditor",
//!       "user": "user:{iss}|{sub}", "relation": "auditor", "object": "issuer:{iss}" }
//! ]
//! ```
//!
//! Whoever decides by relations must not lose one that takes something away ("but not blocked"). So nothing that is claimed
//! vanishes: a value that cannot be an id, an absent `sub`, a tuple that the model does not allow are errors.

mod template;

use super::resolve::{Evaluator, QueryError};
use super::tuple::{ObjectRef, TupleKey, UserRef, is_relation};
use super::{CompiledModel, Index};
use crate::claims::{Claims, Expected, path};
use crate::jose::json::Value;
use crate::{Error, ErrorCode, VerifiedToken};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use template::Template;

/// Most mappings of one configuration: each may read the same long list.
pub const MAPPINGS: usize = 64;

/// Which claims are which relations. None, where a configuration says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimedRelations(Vec<Mapping>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mapping {
    claim: String,
    equals: Option<String>,
    issuer: Option<String>,
    encode: bool,
    user: Template,
    relation: String,
    object: Template,
}

const fn invalid(detail: &'static str) -> Error {
    Error::with(ErrorCode::ConfigurationInvalid, detail)
}

const CLAIM: &str = "(mapped claim)";
const CLAIM_INVALID: Error = Error::claim(ErrorCode::ClaimInvalid, CLAIM);

impl ClaimedRelations {
    /// Reads the list of a configuration whose tokens come from these issuers.
    pub(crate) fn from_json(list: Value<'_>, issuers: &Expected) -> Result<Self, Error> {
        let list = list.elements().ok_or(invalid("`relations` must be a list of mappings"))?;
        let mappings = list.map(|mapping| Mapping::read(mapping, issuers)).collect::<Result<Vec<_>, _>>()?;
        if mappings.len() > MAPPINGS {
            return Err(invalid("`relations` has more than 64 mappings"));
        }
        Ok(Self(mappings))
    }

    /// Whether nothing is mapped.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the model allows what the mappings make: their types and relations are fixed, so that it is known before the
    /// first token. Ask when a model is taken into use.
    ///
    /// # Errors
    /// [`QueryError::InvalidTuple`] with an example.
    pub fn validate(&self, model: &CompiledModel) -> Result<(), QueryError> {
        let index = Index::default();
        let evaluator = Evaluator::new(model, &index);
        self.0.iter().try_for_each(|mapping| {
            let sample = TupleKey::new(&mapping.object.sample(), &mapping.relation, &mapping.user.sample());
            evaluator.validate(&sample.map_err(|error| QueryError::Validation(error.message().into()))?)
        })
    }

    /// The tuples that a token claims, for [`Evaluator::with_claimed`]. Ask for revocation first: a token that was taken back
    /// claims nothing.
    ///
    /// A claim that is absent or `null` claims nothing; a configuration that needs it has it in `required`. There are never more
    /// tuples than the claims have bytes.
    ///
    /// # Errors
    /// [`ErrorCode::ClaimInvalid`] for a value that is no text or that cannot stand in its place, [`ErrorCode::ClaimMissing`]
    /// where a template names a claim that is not there, [`ErrorCode::BudgetExceeded`] for too many tuples.
    pub fn tuples(&self, token: &VerifiedToken) -> Result<Vec<TupleKey>, Error> {
        let claims = token.claims();
        let mut tuples = Vec::new();
        for mapping in &self.0 {
            mapping.add(claims, &mut tuples)?;
            if tuples.len() > claims.as_json().len() {
                return Err(ErrorCode::BudgetExceeded.into());
            }
        }
        Ok(tuples)
    }
}

impl Mapping {
    fn read(mapping: Value<'_>, issuers: &Expected) -> Result<Self, Error> {
        const MEMBERS: [&str; 7] = ["claim", "equals", "issuer", "encode", "user", "relation", "object"];
        let mut members = mapping.members().ok_or(invalid("a mapping of `relations` must be an object"))?;
        if !members.all(|(name, _)| MEMBERS.contains(&&*name)) {
            return Err(invalid("a mapping of `relations` has an unknown member"));
        }
        let text = |name: &str| match mapping.member(name) {
            Some(value) => {
                value.as_str().map(|text| Some(text.into_owned())).ok_or(invalid("`relations`: not a string"))
            }
            None => Ok(None),
        };
        let template = |name: &str| mapping.member(name).and_then(Value::as_str).and_then(|text| Template::read(&text));
        let this = Self {
            claim: mapping
                .member("claim")
                .and_then(path::read)
                .ok_or(invalid("`relations`: `claim` is no claim's path"))?,
            equals: text("equals")?,
            issuer: text("issuer")?,
            encode: match mapping.member("encode") {
                Some(value) => value.as_bool().ok_or(invalid("`relations`: `encode` must be true or false"))?,
                None => false,
            },
            user: template("user")
                .filter(|user| matches!(UserRef::parse(&user.sample()), Ok(UserRef::Object(_) | UserRef::Userset(..))))
                .ok_or(invalid("`relations`: `user` is no template of a user"))?,
            relation: text("relation")?
                .filter(|relation| is_relation(relation))
                .ok_or(invalid("`relations`: `relation` is no relation's name"))?,
            object: template("object")
                .filter(|object| ObjectRef::parse(&object.sample()).is_ok())
                .ok_or(invalid("`relations`: `object` is no template of an object"))?,
        };
        match &this.issuer {
            // It would never be used, and whoever misspelt it relies on it.
            Some(issuer) if !issuers.accepts(issuer) => {
                Err(invalid("`relations`: the verifier accepts no such `issuer`"))
            }
            // What two issuers call the same is not the same.
            None if !(this.user.has_issuer() && this.object.has_issuer()) => {
                Err(invalid("`relations`: a mapping names its `issuer`, or has `{iss}` in `user` and in `object`"))
            }
            _ => Ok(this),
        }
    }

    fn add(&self, claims: Claims<'_>, tuples: &mut Vec<TupleKey>) -> Result<(), Error> {
        if self.issuer.is_some() && self.issuer.as_deref() != claims.issuer().as_deref() {
            return Ok(());
        }
        let Some(value) = path::find(claims, &self.claim).map_err(|()| CLAIM_INVALID)? else { return Ok(()) };
        if let Some(text) = value.as_str() {
            return self.add_one(claims, &text, tuples);
        }
        for entry in value.elements().ok_or(CLAIM_INVALID)? {
            let text: Cow<'_, str> = path::text(entry).ok_or(CLAIM_INVALID)?;
            self.add_one(claims, &text, tuples)?;
        }
        Ok(())
    }

    fn add_one(&self, claims: Claims<'_>, value: &str, tuples: &mut Vec<TupleKey>) -> Result<(), Error> {
        if self.equals.as_ref().is_some_and(|equals| equals != value) {
            return Ok(());
        }
        let user = self.user.fill(claims, value, self.encode)?;
        let object = self.object.fill(claims, value, self.encode)?;
        // What is left to be wrong is the length.
        tuples.push(TupleKey::new(&object, &self.relation, &user).map_err(|_| CLAIM_INVALID)?);
        Ok(())
    }
}
