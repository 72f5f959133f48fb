//! What a provider said of a person, in words that a signature covers.

use std::collections::BTreeMap;

use super::SamlFault;
use super::names::{FORMAT_TRANSIENT, FORMAT_UNSPECIFIED};

/// What a provider said of a person. All of it is covered by a signature of a pinned key, is meant for us, answers our
/// request and holds now. Whether it was used before is for the caller to know: [`Self::id`] of [`Self::issuer`] once,
/// until [`Self::not_on_or_after`] and the difference of clocks are over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assertion {
    /// The assertion's own ID.
    pub id: String,
    /// The entity id of the provider.
    pub issuer: String,
    /// Our entity id, which is in the audience.
    pub audience: String,
    /// The name of the subject, exactly as it is written.
    pub name_id: String,
    /// What kind of name that is. No white space and no bar is in it.
    pub name_id_format: Option<String>,
    /// Whose name space it is in, where that is said.
    pub name_qualifier: Option<String>,
    /// For which service it was made, where that is said.
    pub sp_name_qualifier: Option<String>,
    /// The provider's name for its session.
    pub session_index: Option<String>,
    /// Attributes by `Name`, their values in order. Several elements of one name are one attribute; one with a value
    /// that is not text has none.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// When the person authenticated, in seconds since 1970.
    pub authn_instant: i64,
    /// When the assertion can no longer be used, in seconds since 1970, without the difference of clocks.
    pub not_on_or_after: i64,
    /// When a session that rests on it must end, in seconds since 1970.
    pub session_not_on_or_after: Option<i64>,
    /// SHA-256 of the certificate whose key signed, in hex.
    pub signed_by: String,
    /// When that certificate's time ends, in seconds since 1970.
    pub certificate_not_after: i64,
    /// Whether it came encrypted.
    pub encrypted: bool,
}

/// Bytes of a subject at most. It is part of a key of the database, beside the issuer.
const SUBJECT: usize = 1024;

impl Assertion {
    /// Who the person is at this provider, for good: `{Format}|{NameID}`, or `@{attribute}|{its one value}`.
    ///
    /// The format is part of a name (core, section 2.2.2). Without it, somebody who may choose his name in one format,
    /// and may ask the provider for that format, would be whoever has the same text for a name in another. A name
    /// without a format begins with the bar.
    ///
    /// # Errors
    /// [`SamlFault::SubjectAttribute`] if the attribute has not exactly one value. Without an attribute:
    /// [`SamlFault::NameIdTransient`] for a name that is another one at each login, [`SamlFault::NameIdQualifier`] for
    /// one in the name space of another provider or made for another service, which could be two persons' at once.
    /// For more than 1024 bytes the former, or [`SamlFault::NameIdMissing`].
    pub fn subject(&self, attribute: Option<&str>) -> Result<String, SamlFault> {
        if let Some(attribute) = attribute {
            return match self.attributes.get(attribute).map(Vec::as_slice) {
                Some([only]) if !only.trim().is_empty() && !only.chars().any(char::is_control) => {
                    bounded(format!("@{attribute}|{only}")).ok_or(SamlFault::SubjectAttribute)
                }
                _ => Err(SamlFault::SubjectAttribute),
            };
        }
        let format = match self.name_id_format.as_deref() {
            Some(FORMAT_TRANSIENT) => return Err(SamlFault::NameIdTransient),
            None | Some(FORMAT_UNSPECIFIED) => "",
            Some(other) => other,
        };
        let foreign = |qualifier: &Option<String>, own: &str| {
            qualifier.as_deref().is_some_and(|named| !named.is_empty() && named != own)
        };
        if foreign(&self.name_qualifier, &self.issuer) || foreign(&self.sp_name_qualifier, &self.audience) {
            return Err(SamlFault::NameIdQualifier);
        }
        bounded(format!("{format}|{}", self.name_id)).ok_or(SamlFault::NameIdMissing)
    }
}

fn bounded(subject: String) -> Option<String> {
    (subject.len() <= SUBJECT).then_some(subject)
}
