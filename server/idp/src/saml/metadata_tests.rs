//! Providers' metadata: what is kept of it, and what is refused.

use super::sign::enveloped;
use super::testing::*;
use super::*;

fn fault(xml: &str) -> Option<MetadataFault> {
    IdpMetadata::parse(xml.as_bytes(), &options()).err()
}

fn good() -> String {
    metadata(&[KEYS[0].certificate()])
}

/// The metadata with a signature as the first child of its root.
fn signed(xml: &str, key: &SpKey) -> String {
    let (before, after) = xml.split_once('>').unwrap();
    enveloped(&format!("{before}>"), after, "_m", key).unwrap()
}

#[test]
fn what_is_needed_is_kept() {
    let xml = format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- ours -->\n{}", good());
    let idp = IdpMetadata::parse(xml.as_bytes(), &options()).unwrap();
    assert_eq!(idp.entity_id, IDP);
    assert_eq!(idp.sso_redirect.as_ref().unwrap().as_str(), "https://idp.test/sso?a=b");
    assert_eq!(idp.sso_post.as_ref().unwrap().as_str(), "https://idp.test/sso");
    assert_eq!(idp.certificates, [KEYS[0].certificate().clone()]);
    assert_eq!((idp.wants_signed_requests, idp.valid_until, idp.signed), (false, None, false));
    let json = serde_json::to_string(&idp).unwrap();
    assert_eq!(serde_json::from_str::<IdpMetadata>(&json).unwrap(), idp);
}

#[test]
fn two_keys_overlap_and_one_of_another_use_is_left_out() {
    let xml = metadata(&[KEYS[0].certificate(), KEYS[1].certificate(), KEYS[0].certificate(), KEYS[2].certificate()]);
    let third = format!("use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}", KEYS[2].certificate().der);
    let xml = xml.replace(&third, &third.replacen("signing", "encryption", 1));
    let idp = IdpMetadata::parse(xml.as_bytes(), &options()).unwrap();
    assert_eq!(idp.certificates, [KEYS[0].certificate().clone(), KEYS[1].certificate().clone()]);
}

#[test]
fn what_is_no_metadata_is_refused() {
    let good = good();
    for (xml, expected) in [
        (" ".repeat(3 << 20), MetadataFault::TooLarge),
        (String::new(), MetadataFault::XmlRefused),
        (format!("<!DOCTYPE a>{good}"), MetadataFault::XmlRefused),
        (format!("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>{good}"), MetadataFault::XmlRefused),
        ("<a/>".into(), MetadataFault::NotMetadata),
        (good.replace("SAML:2.0:metadata", "SAML:1.1:metadata"), MetadataFault::NotMetadata),
        (good.replace("IDPSSODescriptor", "SPSSODescriptor"), MetadataFault::NoIdpRole),
        (good.replace("SAML:2.0:protocol", "SAML:1.1:protocol"), MetadataFault::NoIdpRole),
        (good.replace(&format!("entityID=\"{IDP}\""), ""), MetadataFault::EntityMissing),
        (good.replace("SingleSignOnService", "SingleLogoutService"), MetadataFault::NoEndpoint),
        (good.replace("https://idp.test", "http://idp.test"), MetadataFault::EndpointInsecure),
        (good.replace("https://idp.test/sso", "javascript:alert(1)"), MetadataFault::EndpointInsecure),
        (good.replace("https://idp.test/sso", "https://user:pass@idp.test/sso"), MetadataFault::EndpointInsecure),
        (good.replace("https://idp.test/sso", "http://127.0.0.1/sso"), MetadataFault::EndpointInsecure),
        (good.replace("use=\"signing\"", "use=\"encryption\""), MetadataFault::KeyUnusable),
        (metadata(&[]), MetadataFault::NoCertificate),
        (good.replace("<ds:X509Certificate>", "<ds:X509Certificate>AAAA"), MetadataFault::KeyUnusable),
        (good.replace("ID=\"_m\"", "validUntil=\"2026-11-22T20:15:00Z\""), MetadataFault::Expired),
        (good.replace("ID=\"_m\"", "validUntil=\"soon\""), MetadataFault::NotMetadata),
    ] {
        let shown: String = xml.chars().take(200).collect();
        assert_eq!(fault(&xml), Some(expected), "{shown}");
    }
}

#[test]
fn addresses_on_this_machine_only_where_that_is_allowed() {
    let allowed = MetadataOptions { loopback_http: true, ..options() };
    for (host, good) in [
        ("http://127.0.0.1:8080", true),
        ("http://[::1]", true),
        ("http://localhost", true),
        ("http://idp.test", false),
    ] {
        let xml = self::good().replace("https://idp.test", host);
        assert_eq!(IdpMetadata::parse(xml.as_bytes(), &allowed).is_ok(), good, "{host}");
    }
}

#[test]
fn one_provider_out_of_many_is_named() {
    let other = good().replace(IDP, "https://other.test");
    let many = format!("<md:EntitiesDescriptor xmlns:md=\"{}\">{}{other}</md:EntitiesDescriptor>", names::MD, good());
    let many = many.replacen("ID=\"_m\"", "ID=\"_n\"", 1);
    assert_eq!(fault(&many), Some(MetadataFault::EntityAmbiguous));
    let named = MetadataOptions { expected_entity: Some(IDP), ..options() };
    assert_eq!(IdpMetadata::parse(many.as_bytes(), &named).unwrap().entity_id, IDP);
    let nobody = MetadataOptions { expected_entity: Some("https://nobody.test"), ..options() };
    assert_eq!(IdpMetadata::parse(many.as_bytes(), &nobody), Err(MetadataFault::EntityMissing));
    assert_eq!(IdpMetadata::parse(good().as_bytes(), &nobody), Err(MetadataFault::EntityMissing));
    let twice = many.replace("https://other.test", IDP);
    assert_eq!(IdpMetadata::parse(twice.as_bytes(), &named), Err(MetadataFault::EntityAmbiguous));
    let ended =
        many.replacen("<md:EntitiesDescriptor", "<md:EntitiesDescriptor validUntil=\"2020-01-01T00:00:00Z\"", 1);
    assert_eq!(IdpMetadata::parse(ended.as_bytes(), &named), Err(MetadataFault::Expired));
}

#[test]
fn a_signature_that_is_there_must_be_good() {
    let [own, other, _] = &*KEYS;
    let by_own = signed(&good(), own);
    assert!(IdpMetadata::parse(by_own.as_bytes(), &options()).unwrap().signed);
    assert_eq!(
        fault(&by_own.replace("https://idp.test/sso\"", "https://evil.test/sso\"")),
        Some(MetadataFault::Signature)
    );
    assert_eq!(fault(&by_own.replace("rsa-sha256", "rsa-sha1")), Some(MetadataFault::Signature));
    assert_eq!(fault(&signed(&good(), other)), Some(MetadataFault::Signature));
    let moved = by_own.replacen("<md:IDPSSODescriptor", "<md:IDPSSODescriptor xmlns:x=\"u\"", 1);
    let (before, rest) = moved.split_once("<ds:Signature").unwrap();
    let (signature, after) = rest.split_once("</ds:Signature>").unwrap();
    let inside =
        after.replacen("<md:KeyDescriptor", &format!("<ds:Signature{signature}</ds:Signature><md:KeyDescriptor"), 1);
    assert_eq!(fault(&format!("{before}{inside}")), Some(MetadataFault::Signature));
}

#[test]
fn who_may_sign_can_be_named() {
    let [own, federation, _] = &*KEYS;
    let trusted = [federation.certificate().clone()];
    let demanded = MetadataOptions { trusted: &trusted, ..options() };
    let parse = |xml: &str| IdpMetadata::parse(xml.as_bytes(), &demanded);
    assert!(parse(&signed(&good(), federation)).unwrap().signed);
    assert_eq!(parse(&signed(&good(), own)), Err(MetadataFault::Signature));
    assert_eq!(parse(&good()), Err(MetadataFault::Signature));

    // Around many: the outer signature covers the one that is read.
    let many = format!(
        "<md:EntitiesDescriptor xmlns:md=\"{}\" ID=\"_m\">{}</md:EntitiesDescriptor>",
        names::MD,
        good().replace("_m", "_e")
    );
    assert!(parse(&signed(&many, federation)).unwrap().signed);
    let tampered = signed(&many, federation).replace("https://idp.test/sso\"", "https://evil.test/sso\"");
    assert_eq!(parse(&tampered), Err(MetadataFault::Signature));
}

#[test]
fn two_signatures_around_each_other_and_no_third() {
    let own = &KEYS[0];
    let around = |xml: &str| {
        let many = format!("<md:EntitiesDescriptor xmlns:md=\"{}\" ID=\"_m\">{xml}</md:EntitiesDescriptor>", names::MD);
        signed(&many, own)
    };
    let two = around(&signed(&good(), own));
    assert!(IdpMetadata::parse(two.as_bytes(), &options()).unwrap().signed);
    assert_eq!(fault(&around(&two)), Some(MetadataFault::Signature));
}

#[test]
fn a_member_speaks_for_no_other() {
    let trusted = [KEYS[1].certificate().clone()];
    let evil = metadata(&[KEYS[2].certificate()]).replace("_m", "_e");
    let member = good().replace(IDP, "https://member.test").replace("_m", "_a");
    let member = member.replacen(
        "<md:IDPSSODescriptor",
        &format!("<md:Extensions>{evil}</md:Extensions><md:IDPSSODescriptor"),
        1,
    );
    let aggregate = |members: &str| {
        let inside =
            format!("<md:EntitiesDescriptor xmlns:md=\"{0}\" ID=\"_m\">{members}</md:EntitiesDescriptor>", names::MD);
        signed(&inside, &KEYS[1])
    };
    let named = MetadataOptions { expected_entity: Some(IDP), trusted: &trusted, ..options() };
    let parse = |xml: String| IdpMetadata::parse(xml.as_bytes(), &named);
    assert_eq!(parse(aggregate(&member)), Err(MetadataFault::EntityMissing));
    // And it keeps nobody from speaking for themselves.
    let both = aggregate(&format!("{member}{}", good().replace("_m", "_b")));
    assert_eq!(parse(both).unwrap().certificates, [KEYS[0].certificate().clone()]);
}
