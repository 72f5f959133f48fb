//! What an assertion states, read out of signed octets and checked (core, section 2; profiles, section 4.1.4.3).

use std::collections::BTreeMap;

use roxmltree::Node;

use super::names::{ATTRIBUTE_UNSPECIFIED, BEARER, SAML};
use super::{Assertion, Expected, IdpMetadata, SamlFault, ServiceProvider, envelope, instant, xml};

/// Bytes of a name, and of its format, at most. SAML allows a persistent one 256 characters.
const NAME: usize = 1024;
/// Confirmations at most.
const CONFIRMATIONS: usize = 16;

pub(super) fn read(
    assertion: Node<'_, '_>,
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    expected: &Expected<'_>,
) -> Result<Assertion, SamlFault> {
    if !xml::is(assertion, SAML, "Assertion") || xml::attribute(assertion, "Version") != Some("2.0") {
        return Err(SamlFault::AssertionMalformed);
    }
    let id = xml::attribute(assertion, "ID").filter(|id| !id.is_empty()).ok_or(SamlFault::AssertionMalformed)?;
    let issued = time(assertion, "IssueInstant")?.ok_or(SamlFault::AssertionMalformed)?;
    if expected.is_to_come(issued) {
        return Err(SamlFault::NotYetValid);
    }
    envelope::issuer(xml::one(assertion, SAML, "Issuer").ok_or(SamlFault::IssuerMismatch)?, idp)?;

    let subject = xml::one(assertion, SAML, "Subject").ok_or(SamlFault::NameIdMissing)?;
    let confirmed_until = confirmed(subject, sp, expected)?;
    let valid_until = conditions(assertion, sp, expected)?;
    let session = session(assertion, expected)?;
    let name = xml::one(subject, SAML, "NameID").ok_or(SamlFault::NameIdMissing)?;
    let owned = |name: Node<'_, '_>, attribute| xml::attribute(name, attribute).map(str::to_owned);
    Ok(Assertion {
        id: id.to_owned(),
        issuer: idp.entity_id.clone(),
        audience: sp.entity_id().to_owned(),
        name_id: name_of(name).ok_or(SamlFault::NameIdMissing)?,
        name_id_format: format_of(name)?,
        name_qualifier: owned(name, "NameQualifier"),
        sp_name_qualifier: owned(name, "SPNameQualifier"),
        session_index: session.index,
        attributes: attributes(assertion)?,
        authn_instant: session.instant,
        not_on_or_after: valid_until.map_or(confirmed_until, |valid_until| valid_until.min(confirmed_until)),
        session_not_on_or_after: session.not_on_or_after,
        signed_by: String::new(),
        certificate_not_after: 0,
        encrypted: false,
    })
}

/// A name as it stands, to the last space: two that differ are two.
fn name_of(name: Node<'_, '_>) -> Option<String> {
    let text = xml::text(name)?;
    let good = !text.trim().is_empty() && text.len() <= NAME && !text.chars().any(char::is_control);
    good.then_some(text)
}

/// The format as it stands. White space around one would be another way to write the same (`xs:anyURI`), and a bar would
/// end it within a subject.
fn format_of(name: Node<'_, '_>) -> Result<Option<String>, SamlFault> {
    let broken = |c: char| c.is_whitespace() || c.is_control() || c == '|';
    match xml::attribute(name, "Format") {
        None | Some("") => Ok(None),
        Some(format) if format.len() > NAME || format.contains(broken) => Err(SamlFault::AssertionMalformed),
        Some(format) => Ok(Some(format.to_owned())),
    }
}

/// A time that may be there. What is no time is not passed over.
fn time(node: Node<'_, '_>, name: &str) -> Result<Option<i64>, SamlFault> {
    match xml::attribute(node, name) {
        None => Ok(None),
        Some(text) => instant::parse(text).map(Some).ok_or(SamlFault::AssertionMalformed),
    }
}

/// Until when the bearer is confirmed as the subject: by any one confirmation that is good in everything, so of several
/// until the last one's end. Whoever remembers what was used must remember it that long.
fn confirmed(subject: Node<'_, '_>, sp: &ServiceProvider, expected: &Expected<'_>) -> Result<i64, SamlFault> {
    let (mut until, mut fault) = (None, SamlFault::SubjectConfirmation);
    let confirmations = xml::named(subject, SAML, "SubjectConfirmation");
    for (number, confirmation) in confirmations.enumerate() {
        if number >= CONFIRMATIONS {
            return Err(SamlFault::SubjectConfirmation);
        }
        if xml::attribute(confirmation, "Method") == Some(BEARER) {
            match confirmed_by(confirmation, sp, expected) {
                Ok(end) => until = until.max(Some(end)),
                Err(why) => fault = why,
            }
        }
    }
    until.ok_or(fault)
}

fn confirmed_by(confirmation: Node<'_, '_>, sp: &ServiceProvider, expected: &Expected<'_>) -> Result<i64, SamlFault> {
    let data = xml::one(confirmation, SAML, "SubjectConfirmationData").ok_or(SamlFault::SubjectConfirmation)?;
    if xml::attribute(data, "Recipient") != Some(sp.acs_url()) {
        return Err(SamlFault::RecipientMismatch);
    }
    if xml::attribute(data, "InResponseTo") != Some(expected.request_id) {
        return Err(SamlFault::InResponseToMismatch);
    }
    // The profile forbids `NotBefore` here; a provider that sends it means it.
    if time(data, "NotBefore")?.is_some_and(|not_before| expected.is_to_come(not_before)) {
        return Err(SamlFault::NotYetValid);
    }
    let until = time(data, "NotOnOrAfter")?.ok_or(SamlFault::SubjectConfirmation)?;
    if expected.is_over(until) { Err(SamlFault::Expired) } else { Ok(until) }
}

/// The conditions; until when they hold, if they say so. One that is not understood makes all of them void (core,
/// section 2.5.1.1).
fn conditions(
    assertion: Node<'_, '_>,
    sp: &ServiceProvider,
    expected: &Expected<'_>,
) -> Result<Option<i64>, SamlFault> {
    let conditions = xml::at_most_one(assertion, SAML, "Conditions").map_err(|_| SamlFault::AssertionMalformed)?;
    let conditions = conditions.ok_or(SamlFault::AudienceMismatch)?;
    if time(conditions, "NotBefore")?.is_some_and(|not_before| expected.is_to_come(not_before)) {
        return Err(SamlFault::NotYetValid);
    }
    let until = time(conditions, "NotOnOrAfter")?;
    if until.is_some_and(|until| expected.is_over(until)) {
        return Err(SamlFault::Expired);
    }
    let mut restricted = false;
    for condition in xml::elements(conditions) {
        if xml::is(condition, SAML, "AudienceRestriction") {
            let mut audiences = xml::named(condition, SAML, "Audience");
            if !audiences.any(|audience| xml::text(audience).is_some_and(|name| name == sp.entity_id())) {
                return Err(SamlFault::AudienceMismatch);
            }
            restricted = true;
        } else if !xml::is(condition, SAML, "OneTimeUse") && !xml::is(condition, SAML, "ProxyRestriction") {
            return Err(SamlFault::AssertionMalformed);
        }
    }
    if restricted { Ok(until) } else { Err(SamlFault::AudienceMismatch) }
}

struct Session {
    index: Option<String>,
    instant: i64,
    not_on_or_after: Option<i64>,
}

/// The statement of the authentication; of several the first one's, and the earliest end.
fn session(assertion: Node<'_, '_>, expected: &Expected<'_>) -> Result<Session, SamlFault> {
    let mut session: Option<Session> = None;
    for statement in xml::named(assertion, SAML, "AuthnStatement") {
        let instant = time(statement, "AuthnInstant")?.ok_or(SamlFault::AuthnStatement)?;
        let end = time(statement, "SessionNotOnOrAfter")?;
        if expected.is_to_come(instant) {
            return Err(SamlFault::NotYetValid);
        }
        if end.is_some_and(|end| expected.is_over(end)) {
            return Err(SamlFault::Expired);
        }
        let index = xml::attribute(statement, "SessionIndex").map(str::to_owned);
        let first = session.get_or_insert(Session { index, instant, not_on_or_after: end });
        first.not_on_or_after = [first.not_on_or_after, end].into_iter().flatten().min();
    }
    session.ok_or(SamlFault::AuthnStatement)
}

/// Every attribute by its `Name`, its values in their order. Of one with a value that is not text nothing is read, for
/// the rest of it says something else than the whole; and one name in two formats is two attributes, which nobody who
/// maps attributes by name can have meant.
fn attributes(assertion: Node<'_, '_>) -> Result<BTreeMap<String, Vec<String>>, SamlFault> {
    let mut found: BTreeMap<&str, (&str, Option<Vec<String>>)> = BTreeMap::new();
    for statement in xml::named(assertion, SAML, "AttributeStatement") {
        for attribute in xml::named(statement, SAML, "Attribute") {
            let name = xml::attribute(attribute, "Name").ok_or(SamlFault::AssertionMalformed)?;
            let format = xml::attribute(attribute, "NameFormat").unwrap_or(ATTRIBUTE_UNSPECIFIED);
            let (known, values) = found.entry(name).or_insert_with(|| (format, Some(Vec::new())));
            if *known != format {
                return Err(SamlFault::AssertionMalformed);
            }
            let more: Option<Vec<String>> = xml::named(attribute, SAML, "AttributeValue").map(xml::text).collect();
            *values = values.take().zip(more).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        }
    }
    Ok(found.into_iter().map(|(name, (_, values))| (name.to_owned(), values.unwrap_or_default())).collect())
}
