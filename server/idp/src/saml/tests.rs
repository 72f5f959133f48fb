//! What the corpus of real providers does not reach: names that identify nobody, keys that change, times at the edge.

use super::testing::*;
use super::*;

const PLAIN: &str = "<saml:NameID>ada</saml:NameID>";

fn judged(name_id: &str, attributes: &str) -> Result<Assertion, SamlFault> {
    let [key, ..] = &*KEYS;
    service_provider().judge(&provider(&[key]), &response(&assertion(name_id, attributes, key)), &expected())
}

#[test]
fn everything_that_is_said_is_read() {
    let value = |text: &str| format!("<saml:AttributeValue>{text}</saml:AttributeValue>");
    let named = |name: &str, values: String| format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>");
    let statement = |inside: String| format!("<saml:AttributeStatement>{inside}</saml:AttributeStatement>");
    let attributes = [
        statement(named("groups", value("a") + &value(" b "))),
        statement(named("groups", value("c")) + &named("none", String::new())),
        statement(named("mixed", value("a") + &value("<b/>")) + &named("mixed", value("c"))),
    ];
    let attributes = &attributes.concat();
    let assertion = judged(PLAIN, attributes).unwrap();
    assert_eq!((assertion.id.as_str(), assertion.issuer.as_str(), assertion.audience.as_str()), ("_a", IDP, SP));
    assert_eq!(assertion.attributes["groups"], ["a", " b ", "c"]);
    assert!(assertion.attributes["none"].is_empty() && assertion.attributes["mixed"].is_empty());
    assert_eq!(assertion.session_index.as_deref(), Some("s1"));
    // The earlier of two ends.
    assert_eq!(assertion.not_on_or_after, NOW + 240);
    assert_eq!(assertion.authn_instant, NOW - 120);
    assert_eq!(assertion.session_not_on_or_after, Some(NOW + 27_900));
    assert_eq!(assertion.signed_by, KEYS[0].certificate().sha256);
    assert_eq!(assertion.certificate_not_after, NOW + 86_400);
    assert!(!assertion.encrypted);
}

#[test]
fn a_name_that_identifies_nobody_is_no_subject() {
    assert_eq!(judged(PLAIN, "").unwrap().subject(None).unwrap(), "|ada");
    let named = |attributes: &str| judged(&format!("<saml:NameID {attributes}>ada</saml:NameID>"), "").unwrap();
    let transient = named("Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"");
    assert_eq!(transient.subject(None), Err(SamlFault::NameIdTransient));
    assert_eq!(named("NameQualifier=\"https://other.test\"").subject(None), Err(SamlFault::NameIdQualifier));
    assert_eq!(named("SPNameQualifier=\"https://other.test\"").subject(None), Err(SamlFault::NameIdQualifier));
    let own = named(&format!("NameQualifier=\"{IDP}\" SPNameQualifier=\"{SP}\""));
    assert_eq!(own.subject(None).unwrap(), "|ada");
    // The same text in another format is another name.
    let unspecified = named("Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\"");
    assert_eq!(unspecified.subject(None).unwrap(), "|ada");
    assert_eq!(named("Format=\"urn:f\"").subject(None).unwrap(), "urn:f|ada");
    for format in [" urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "a|b", "a&#9;"] {
        let name = format!("<saml:NameID Format=\"{format}\">ada</saml:NameID>");
        assert_eq!(judged(&name, ""), Err(SamlFault::AssertionMalformed), "{format}");
    }
    let long = judged(&format!("<saml:NameID>{}</saml:NameID>", "a".repeat(1_024)), "").unwrap();
    assert_eq!(long.subject(None), Err(SamlFault::NameIdMissing));
    for name in
        ["<saml:NameID> </saml:NameID>", "<saml:NameID>a&#9;b</saml:NameID>", "<saml:NameID><b/></saml:NameID>", ""]
    {
        assert_eq!(judged(name, ""), Err(SamlFault::NameIdMissing), "{name}");
    }
    let long = format!("<saml:NameID>{}</saml:NameID>", "\u{e4}".repeat(513));
    assert_eq!(judged(&long, ""), Err(SamlFault::NameIdMissing));
}

#[test]
fn an_attribute_can_stand_for_the_name() {
    let attribute = |values: &str| {
        let transient = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">x</saml:NameID>";
        let statement = format!(
            "<saml:AttributeStatement><saml:Attribute Name=\"uid\">{values}</saml:Attribute></saml:AttributeStatement>"
        );
        judged(transient, &statement).unwrap().subject(Some("uid"))
    };
    let value = |text: &str| format!("<saml:AttributeValue>{text}</saml:AttributeValue>");
    assert_eq!(attribute(&value("4711")).unwrap(), "@uid|4711");
    let mixed = format!("{}{}", value("4711"), value("<b>4712</b>"));
    let long = value(&"a".repeat(1_024));
    for values in [String::new(), value(""), value("4711").repeat(2), value("<b/>"), mixed, value("a&#10;"), long] {
        assert_eq!(attribute(&values), Err(SamlFault::SubjectAttribute), "{values}");
    }
    assert_eq!(judged(PLAIN, "").unwrap().subject(Some("uid")), Err(SamlFault::SubjectAttribute));
}

#[test]
fn a_key_follows_another_without_a_failed_login() {
    let [old, new, _] = &*KEYS;
    let (by_old, by_new) = (response(&assertion(PLAIN, "", old)), response(&assertion(PLAIN, "", new)));
    let sp = service_provider();
    let both = provider(&[old, new]);
    assert_eq!(sp.judge(&both, &by_old, &expected()).unwrap().signed_by, old.certificate().sha256);
    assert_eq!(sp.judge(&both, &by_new, &expected()).unwrap().signed_by, new.certificate().sha256);
    // Before and after, only the one that is pinned.
    assert_eq!(sp.judge(&provider(&[old]), &by_new, &expected()), Err(SamlFault::CertificateUnknown));
    assert_eq!(sp.judge(&provider(&[new]), &by_old, &expected()), Err(SamlFault::CertificateUnknown));
}

#[test]
fn an_expired_certificate_is_refused_unless_it_is_allowed() {
    let der = SpKey::generate().unwrap();
    let at = |from, to| SpKey::new(&der, &self_signed(&der, "idp", from, to).unwrap()).unwrap();
    let (past, future, renewed) = (at(NOW - 200, NOW - 100), at(NOW + 100, NOW + 2_000), at(NOW - 10, NOW + 1_000));
    let posted = response(&assertion(PLAIN, "", &past));
    let sp = service_provider();
    let judge = |keys: &[&SpKey], expected: &Expected<'_>| sp.judge(&provider(keys), &posted, expected);
    assert_eq!(judge(&[&past], &expected()), Err(SamlFault::CertificateExpired));
    assert_eq!(judge(&[&future], &expected()), Err(SamlFault::CertificateExpired));
    let allowed = Expected { allow_expired_certificate: true, ..expected() };
    assert_eq!(judge(&[&past], &allowed).unwrap().certificate_not_after, NOW - 100);
    // The same key under a new certificate, and one that was announced for tomorrow.
    for keys in [[&past, &renewed, &future], [&future, &renewed, &past]] {
        assert_eq!(judge(&keys, &expected()).unwrap().signed_by, renewed.certificate().sha256);
    }
}

#[test]
fn times_count_with_a_bounded_difference_of_clocks() {
    let [key, ..] = &*KEYS;
    let (sp, idp, posted) = (service_provider(), provider(&[key]), response(&assertion(PLAIN, "", key)));
    let at = |now, skew| sp.judge(&idp, &posted, &Expected { now, skew, ..expected() }).err();
    let (begins, ends) = (NOW - 60, NOW + 240);
    assert_eq!(at(begins, 0), None);
    assert_eq!(at(begins - 1, 0), Some(SamlFault::NotYetValid));
    assert_eq!(at(begins - 60, 60), None);
    assert_eq!(at(begins - 61, 60), Some(SamlFault::NotYetValid));
    assert_eq!(at(ends - 1, 0), None);
    assert_eq!(at(ends, 0), Some(SamlFault::Expired));
    assert_eq!(at(ends + 59, 60), None);
    assert_eq!(at(ends + 60, 60), Some(SamlFault::Expired));
    // More than five minutes is nobody's clock; less than none is none.
    assert_eq!(at(ends + 299, i64::MAX), None);
    assert_eq!(at(ends + 300, i64::MAX), Some(SamlFault::Expired));
    assert_eq!(at(begins - 1, -5), Some(SamlFault::NotYetValid));
    assert_eq!(at(i64::MAX, 60), Some(SamlFault::CertificateExpired));
    assert_eq!(at(i64::MIN, 60), Some(SamlFault::CertificateExpired));
}

#[test]
fn what_is_missing_or_not_understood_is_refused_though_it_is_signed() {
    let [key, ..] = &*KEYS;
    let (sp, idp) = (service_provider(), provider(&[key]));
    for (from, to, fault) in [
        ("saml:AuthnStatement", "saml:AuthzDecisionStatement", SamlFault::AuthnStatement),
        ("AuthnInstant", "Instant", SamlFault::AuthnStatement),
        ("<saml:AudienceRestriction>", "<saml:Moon/><saml:AudienceRestriction>", SamlFault::AssertionMalformed),
        ("saml:Conditions", "saml:Advice", SamlFault::AudienceMismatch),
        ("saml:AudienceRestriction", "saml:OneTimeUse", SamlFault::AudienceMismatch),
        (">https://sp.test/saml/1<", ">https://sp.test/saml/10<", SamlFault::AudienceMismatch),
        ("cm:bearer", "cm:sender-vouches", SamlFault::SubjectConfirmation),
        ("2026-11-22T20:20:00Z", "2026-11-22T20:20:00+01:00", SamlFault::AssertionMalformed),
    ] {
        let posted = response(&altered(PLAIN, "", key, from, to));
        assert_eq!(sp.judge(&idp, &posted, &expected()), Err(fault), "{from} {to}");
    }
    // A second restriction restricts further; a second audience of one does not.
    let both = "</saml:Audience><saml:Audience>https://other.test</saml:Audience>";
    let further = format!(
        "{}</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>u</saml:Audience>",
        "</saml:Audience>"
    );
    for (to, good) in [(both, true), (further.as_str(), false)] {
        let posted = response(&altered(PLAIN, "", key, "</saml:Audience>", to));
        assert_eq!(sp.judge(&idp, &posted, &expected()).is_ok(), good, "{to}");
    }
}

#[test]
fn what_may_be_used_longest_is_remembered_longest() {
    let [key, ..] = &*KEYS;
    let (sp, idp) = (service_provider(), provider(&[key]));
    let later = format!(
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
         Recipient=\"{ACS}\" InResponseTo=\"{REQUEST}\" NotOnOrAfter=\"2026-11-22T21:15:00Z\"/>\
         </saml:SubjectConfirmation></saml:Subject>"
    );
    let limited = "<saml:Conditions NotBefore=\"2026-11-22T20:14:00Z\" NotOnOrAfter=\"2026-11-22T20:19:00Z\">";
    let until = |from: &str, to: &str| {
        let posted = response(&altered(PLAIN, "", key, from, to));
        sp.judge(&idp, &posted, &expected()).map(|assertion| assertion.not_on_or_after)
    };
    let end = "</saml:Subject>";
    assert_eq!(until(end, &later), Ok(NOW + 240));
    assert_eq!(until(&format!("{end}{limited}"), &format!("{later}<saml:Conditions>")), Ok(NOW + 3_600));
    let many = later.trim_end_matches(end).repeat(16) + end;
    assert_eq!(until(end, &many), Err(SamlFault::SubjectConfirmation));
}

#[test]
fn one_attribute_in_two_formats_is_refused() {
    let attributes = "<saml:AttributeStatement><saml:Attribute Name=\"role\" NameFormat=\"urn:uri\"><saml:AttributeValue>\
                      viewer</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"role\"><saml:AttributeValue>\
                      admin</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>";
    assert_eq!(judged(PLAIN, attributes), Err(SamlFault::AssertionMalformed));
}

#[test]
fn an_answer_to_another_request_is_none() {
    let [key, ..] = &*KEYS;
    let posted = response(&assertion(PLAIN, "", key));
    let judge =
        |request_id| service_provider().judge(&provider(&[key]), &posted, &Expected { request_id, ..expected() }).err();
    assert_eq!(judge("_another"), Some(SamlFault::InResponseToMismatch));
    assert_eq!(judge(""), Some(SamlFault::InResponseToMismatch));
    // Not even one that names none.
    let unsolicited = response_to("", &altered(PLAIN, "", key, REQUEST, ""));
    let nobody = Expected { request_id: "", ..expected() };
    let verdict = service_provider().judge(&provider(&[key]), &unsolicited, &nobody);
    assert_eq!(verdict, Err(SamlFault::InResponseToMismatch));
}

#[test]
fn codes_are_snake_case_and_each_its_own() {
    let codes: std::collections::BTreeSet<&str> = SamlFault::ALL.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes.len(), SamlFault::ALL.len());
    assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')));
}

#[test]
fn a_key_and_a_certificate_belong_together() {
    let der = SpKey::generate().unwrap();
    let other = self_signed(&SpKey::generate().unwrap(), "other", NOW, NOW + 1).unwrap();
    assert_eq!(SpKey::new(&der, &other).err(), Some(SamlError::CertificateMismatch));
    assert_eq!(SpKey::new(&der, b"no certificate").err(), Some(SamlError::CertificateMismatch));
    assert_eq!(SpKey::new(b"no key", &other).err(), Some(SamlError::KeyUnusable));
    assert!(!format!("{:?}", KEYS[0]).contains("MII"), "the key does not show itself");
}
