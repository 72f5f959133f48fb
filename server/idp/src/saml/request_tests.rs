//! Our requests and our metadata, read back as a provider reads them. `xmlsec1` verifies them in the tests of the
//! providers.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use miniz_oxide::inflate::decompress_to_vec;

use super::encoding::decode;
use super::testing::*;
use super::*;

/// Whether the root carries a good signature of our key.
fn is_ours(xml: &str) -> bool {
    let document = xml::again(xml).unwrap();
    let ours = service_provider().signing().certificate().clone();
    signature::covered(document.root_element(), &[ours]).unwrap().is_some()
}

#[test]
fn a_redirect_is_deflated_and_its_query_signed() {
    let sp = service_provider();
    let request = sp.redirect_request(&provider(&[&KEYS[0]]), "state & more/", NOW).unwrap();
    let (base, query) = request.url.split_once("&SAMLRequest=").unwrap();
    assert_eq!(base, "https://idp.test/sso?a=b");
    let query = format!("SAMLRequest={query}");
    let (signed, signature) = query.split_once("&Signature=").unwrap();
    assert!(signed.contains(
        "&RelayState=state%20%26%20more%2F&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"
    ));

    let url = url::Url::parse(&request.url).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(value("RelayState"), "state & more/");
    let key = sp.signing().certificate().key().unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.bits());
    assert!(!signature.contains('+'));
    key.verify(signed.as_bytes(), &decode(&value("Signature")).unwrap()).unwrap();

    let xml = String::from_utf8(decompress_to_vec(&decode(&value("SAMLRequest")).unwrap()).unwrap()).unwrap();
    let document = xml::again(&xml).unwrap();
    let root = document.root_element();
    assert!(xml::is(root, names::SAMLP, "AuthnRequest"));
    for (name, expected) in [
        ("ID", request.id.as_str()),
        ("Version", "2.0"),
        ("IssueInstant", "2026-11-22T20:15:00Z"),
        ("Destination", "https://idp.test/sso?a=b"),
        ("AssertionConsumerServiceURL", ACS),
        ("ProtocolBinding", names::BINDING_POST),
    ] {
        assert_eq!(xml::attribute(root, name), Some(expected), "{name}");
    }
    let issuer = xml::one(root, names::SAML, "Issuer").unwrap();
    assert_eq!(xml::text(issuer).as_deref(), Some(SP));
}

#[test]
fn a_posted_request_carries_its_signature() {
    let request = service_provider().post_request(&provider(&[&KEYS[0]]), "state", NOW).unwrap();
    assert_eq!((request.action.as_str(), request.relay_state.as_str()), ("https://idp.test/sso", "state"));
    let xml = String::from_utf8(decode(&request.saml_request).unwrap()).unwrap();
    assert!(is_ours(&xml));
    assert!(xml.contains(&format!("ID=\"{}\"", request.id)));
    let tampered = xml.replace(ACS, "https://evil.test/acs");
    let document = xml::again(&tampered).unwrap();
    let pinned = [service_provider().signing().certificate().clone()];
    assert_eq!(signature::covered(document.root_element(), &pinned).err(), Some(SamlFault::SignatureInvalid));
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let (sp, idp) = (service_provider(), provider(&[&KEYS[0]]));
    let ids: std::collections::BTreeSet<String> =
        (0..64).map(|_| sp.redirect_request(&idp, "", NOW).unwrap().id).collect();
    assert_eq!(ids.len(), 64);
    assert!(ids.iter().all(|id| id.len() == 33 && id.starts_with('_')));
    assert!(!sp.redirect_request(&idp, "", NOW).unwrap().url.contains("RelayState"));
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let (sp, mut idp) = (service_provider(), provider(&[&KEYS[0]]));
    assert_eq!(sp.redirect_request(&idp, &"a".repeat(81), NOW).err(), Some(SamlError::RelayState));
    assert_eq!(sp.redirect_request(&idp, "a\nb", NOW).err(), Some(SamlError::RelayState));
    assert_eq!(sp.post_request(&idp, "", i64::MAX).err(), Some(SamlError::Configuration));
    (idp.sso_post, idp.sso_redirect) = (None, None);
    assert_eq!(sp.redirect_request(&idp, "", NOW).err(), Some(SamlError::NoEndpoint));
    assert_eq!(sp.post_request(&idp, "", NOW).err(), Some(SamlError::NoEndpoint));
    for (entity_id, acs_url) in
        [("", ACS), ("a\nb", ACS), (SP, "sp.test/acs"), (SP, "ftp://sp.test/acs"), (SP, "https://sp.test/#a")]
    {
        let signing = KEYS[2].clone();
        let config = SpConfig { entity_id: entity_id.into(), acs_url: acs_url.into(), signing, decryption: vec![] };
        assert_eq!(ServiceProvider::new(config).err(), Some(SamlError::Configuration), "{entity_id} {acs_url}");
    }
}

#[test]
fn our_metadata_is_signed_and_says_who_we_are() {
    let sp = service_provider();
    let xml = sp.metadata_xml(Some(NOW + 60)).unwrap();
    assert!(is_ours(&xml));
    assert_eq!(xml, sp.metadata_xml(Some(NOW + 60)).unwrap(), "the same every time");
    let document = xml::parse(&xml, gate::Limits::METADATA).unwrap();
    assert_eq!(xml::attribute(document.root_element(), "entityID"), Some(SP));
    assert_eq!(xml::attribute(document.root_element(), "validUntil"), Some("2026-11-22T20:16:00Z"));
    for part in
        ["use=\"signing\"", "use=\"encryption\"", &format!("Location=\"{ACS}\""), "AuthnRequestsSigned=\"true\""]
    {
        assert!(xml.contains(part), "{part}");
    }
    // A name with signs of XML in it stays a name.
    let config = SpConfig {
        entity_id: "urn:a\"b<c>&d".into(),
        acs_url: "https://sp.test/acs?a=1&b='2'".into(),
        signing: KEYS[2].clone(),
        decryption: vec![],
    };
    let sp = ServiceProvider::new(config).unwrap();
    assert!(is_ours(&sp.metadata_xml(None).unwrap()));
    let posted = sp.post_request(&provider(&[&KEYS[0]]), "", NOW).unwrap();
    assert!(is_ours(&String::from_utf8(decode(&posted.saml_request).unwrap()).unwrap()));
}
