use super::*;
use crate::Limits;
use crate::claims::ClaimsSet;
use crate::jose::{Compact, Header, json};
use std::vec;

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let sextet = |chunk: &[u8]| (0..6).fold(0, |value, bit| value << 1 | usize::from(*chunk.get(bit).unwrap_or(&0)));
    bits.chunks(6).map(|chunk| char::from(ALPHABET[sextet(chunk)])).collect()
}

/// A token as the verifier would leave it.
pub(crate) fn verified(typ: &str, claims: &str) -> VerifiedToken {
    let header = base64url(std::format!(r#"{{"alg":"RS256","typ":"{typ}"}}"#).as_bytes());
    let compact = std::format!("{header}.e30.AA");
    let compact = Compact::split(&compact, &Limits::DEFAULT).unwrap();
    let header = Header::decode(&compact, &Limits::DEFAULT).unwrap();
    VerifiedToken::new(header, ClaimsSet::from_payload(claims.as_bytes().to_vec(), &Limits::DEFAULT).unwrap())
}

fn read(profile: &ClaimsProfile, claims: &str) -> Result<Identity, (ErrorCode, Option<&'static str>)> {
    profile.identity(&verified("JWT", claims)).map_err(|error| (error.code(), error.claim_name()))
}

fn texts(identity: &Identity) -> Vec<(&'static str, &str)> {
    [
        ("username", identity.username()),
        ("email", identity.email()),
        ("name", identity.name()),
        ("workspace", identity.workspace_id()),
        ("slug", identity.workspace_slug()),
        ("role", identity.role()),
        ("iss", identity.issuer()),
        ("jti", identity.jwt_id()),
    ]
    .into_iter()
    .filter_map(|(name, text)| text.map(|text| (name, text)))
    .collect()
}

#[test]
fn sentinel() {
    let token = r#"{"iss":"https://s","sub":"u1","jti":"t1","aud":"sentinel:access","email":"ada@x.org","name":"Ada \u00e9",
        "wid":"w1","wslug":"team","wrole":"editor","groups":["g1","g2"],"actions":["notes:export"],"iat":10,"exp":20,
        "type":"access","oid":"o1","oslug":"org","opub":false}"#;
    let identity = read(&ClaimsProfile::SENTINEL, token).unwrap();
    assert_eq!(identity.user_id(), "u1");
    let expected = [
        ("email", "ada@x.org"),
        ("name", "Ada é"),
        ("workspace", "w1"),
        ("slug", "team"),
        ("role", "editor"),
        ("iss", "https://s"),
        ("jti", "t1"),
    ];
    assert_eq!(texts(&identity), expected);
    assert_eq!(identity.groups().collect::<Vec<_>>(), ["g1", "g2"]);
    assert_eq!(identity.actions().collect::<Vec<_>>(), ["notes:export"]);
    assert_eq!(identity.text(Text::OrganizationId), Some("o1"));
    assert_eq!(identity.issued_at().map(super::super::NumericDate::seconds), Some(10));
}

#[test]
fn convergence_and_tenant() {
    let token = r#"{"sub":"uid-ada_l","username":"ada_l","first_name":"Ada","last_name":"Lovelace","workspace_id":"w1","role":"GUEST"}"#;
    let identity = read(&ClaimsProfile::CONVERGENCE, token).unwrap();
    let expected = [("username", "ada_l"), ("name", "Ada Lovelace"), ("workspace", "w1"), ("role", "GUEST")];
    assert_eq!(texts(&identity), expected);
    assert!(!identity.require_role(&RoleOrder::SENTINEL, "viewer").allow(), "a role that is not in the order");
    for (names, expected) in [
        (r#""first_name":null,"last_name":null"#, None),
        (r#""first_name":"Ada","last_name":null"#, Some("Ada")),
        (r#""last_name":"Lovelace""#, Some("Lovelace")),
    ] {
        let token = std::format!(r#"{{"sub":"u","username":"a",{names}}}"#);
        assert_eq!(read(&ClaimsProfile::CONVERGENCE, &token).unwrap().name(), expected, "{names}");
    }

    let token = r#"{"sub":"usr_1","email":"user@firm.com","role":"analyst","tenant_id":"ten_abc"}"#;
    let identity = read(&ClaimsProfile::TENANT, token).unwrap();
    assert_eq!(texts(&identity), [("email", "user@firm.com"), ("workspace", "ten_abc"), ("role", "analyst")]);
    assert!(identity.require_role(ClaimsProfile::TENANT.role_order(), "viewer").allow());
}

#[test]
fn oidc_grants_nothing() {
    let token = r#"{"sub":"248289761001","preferred_username":"j.doe","email":"jane@x.org","email_verified":false,"name":"Jane",
        "given_name":"J","roles":["admin"],"groups":["admins"],"role":"owner","scope":"a:b","wid":"w"}"#;
    let identity = read(&ClaimsProfile::OIDC, token).unwrap();
    assert_eq!(texts(&identity), [("username", "j.doe"), ("email", "jane@x.org"), ("name", "Jane")]);
    assert_eq!(identity.email_verified(), Some(false));
    assert_eq!(identity.groups().chain(identity.roles()).chain(identity.actions()).count(), 0);
}

#[test]
fn rfc9068() {
    let token = r#"{"iss":"https://as","exp":9,"aud":"api","sub":"u","client_id":"c","iat":1,"jti":"t","scope":"openid a:b",
        "roles":["viewer","admin"],"groups":[{"value":"g1","display":"One"},"g2"],"entitlements":["notes:export"]}"#;
    let read = |typ, token: &str| {
        ClaimsProfile::RFC9068.identity(&verified(typ, token)).map_err(|e| (e.code(), e.claim_name()))
    };
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        let identity = read(typ, token).unwrap();
        assert_eq!(identity.roles().collect::<Vec<_>>(), ["viewer", "admin"]);
        assert_eq!(identity.groups().collect::<Vec<_>>(), ["g1", "g2"]);
        assert_eq!(identity.actions().collect::<Vec<_>>(), ["notes:export"]);
        assert_eq!(RoleOrder::SENTINEL.highest_of(&identity), Some("admin"));
    }
    for typ in ["JWT", "id+jwt", "at+jwt2", ""] {
        assert_eq!(read(typ, token), Err((ErrorCode::TypeMismatch, None)), "{typ}");
    }
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let without = token.replace(&std::format!("\"{name}\""), "\"other\"");
        assert_eq!(read("at+jwt", &without), Err((ErrorCode::ClaimMissing, Some(name))));
    }
}

#[test]
fn a_mapped_claim_of_the_wrong_type_is_an_error() {
    let invalid = |name| Err((ErrorCode::ClaimInvalid, Some(name)));
    for (claim, values) in [
        ("email", &["1", "true", "[]", "{}", "[\"a\"]"][..]),
        ("name", &["1", "{}"]),
        ("wid", &["1", "[]", "\"\"", "[\"w1\"]"]),
        ("wslug", &["1"]),
        ("wrole", &["1", "\"\"", "[\"owner\"]", "{\"value\":\"owner\"}", "true"]),
        ("groups", &["\"g1\"", "1", "{}", "[1]", "[null]", "[\"g1\",2]", "[\"\"]", "[{}]", "[{\"value\":1}]"]),
        ("actions", &["\"notes:export\"", "1", "[true]"]),
    ] {
        for value in values {
            let token = std::format!(r#"{{"sub":"u","{claim}":{value}}}"#);
            assert_eq!(read(&ClaimsProfile::SENTINEL, &token), invalid(claim), "{token}");
        }
        let none = std::format!(r#"{{"sub":"u","{claim}":null}}"#);
        let identity = read(&ClaimsProfile::SENTINEL, &none).unwrap();
        assert!(texts(&identity).is_empty() && identity.groups().count() == 0, "{claim}: null is none");
    }
    for value in ["1", "\"true\"", "\"\"", "[]"] {
        let token = std::format!(r#"{{"sub":"u","email_verified":{value}}}"#);
        assert_eq!(read(&ClaimsProfile::OIDC, &token), invalid("email_verified"), "{value}");
    }
    let missing = Err((ErrorCode::ClaimMissing, Some("sub")));
    assert_eq!(read(&ClaimsProfile::SENTINEL, "{}"), missing);
    assert_eq!(read(&ClaimsProfile::SENTINEL, r#"{"sub":null}"#), missing);
    assert_eq!(read(&ClaimsProfile::SENTINEL, r#"{"sub":""}"#), invalid("sub"));
}

#[test]
fn custom_mappings() {
    let profile = |text: &str| ClaimsProfile::from_json(json::parse(text.as_bytes(), &Limits::DEFAULT).unwrap());
    let keycloak = profile(
        r#"{"userId": "oid", "username": "preferred_username", "workspaceId": "https://x.org/claims/tenant", "actions": "scope",
            "role": ["realm_access", "roles"], "groups": ["resource_access", "my.app", "roles"]}"#,
    )
    .unwrap();
    let identity = read(
        &keycloak,
        r#"{"sub":"s","oid":"o","preferred_username":"ada","https://x.org/claims/tenant":"t1","scope":"a:b  c:d ",
            "realm_access":{"roles":["editor","offline_access"]},"resource_access":{"my.app":{"roles":["r1"]}}}"#,
    )
    .unwrap();
    assert_eq!((identity.user_id(), identity.username(), identity.workspace_id()), ("o", Some("ada"), Some("t1")));
    assert_eq!(identity.roles().collect::<Vec<_>>(), ["editor", "offline_access"]);
    assert_eq!(identity.groups().collect::<Vec<_>>(), ["r1"]);
    assert_eq!(identity.actions().collect::<Vec<_>>(), ["a:b", "c:d"]);
    assert!(identity.require_role(&RoleOrder::SENTINEL, "editor").allow());

    // What is not there is not there; what is there in another shape is an error.
    for (claims, expected) in [
        (r#"{"oid":"o"}"#, Ok(vec![])),
        (r#"{"oid":"o","realm_access":{}}"#, Ok(vec![])),
        (r#"{"oid":"o","realm_access":null}"#, Ok(vec![])),
        (r#"{"oid":"o","realm_access":{"roles":null}}"#, Ok(vec![])),
        (r#"{"oid":"o","realm_access":{"roles":"admin"}}"#, Ok(vec!["admin"])),
        (r#"{"oid":"o","realm_access":"roles"}"#, Err(ErrorCode::ClaimInvalid)),
        (r#"{"oid":"o","realm_access":["roles"]}"#, Err(ErrorCode::ClaimInvalid)),
        (r#"{"oid":"o","realm_access":{"roles":{"admin":true}}}"#, Err(ErrorCode::ClaimInvalid)),
        (r#"{"oid":"o","realm_access.roles":["admin"]}"#, Ok(vec![])),
        (r#"{"sub":"s"}"#, Err(ErrorCode::ClaimMissing)),
    ] {
        let found = read(&keycloak, claims);
        let found = found.as_ref().map(|identity| identity.roles().collect::<Vec<_>>()).map_err(|(code, _)| *code);
        assert_eq!(found, expected, "{claims}");
    }
    assert_eq!(
        read(&keycloak, "{}"),
        Err((ErrorCode::ClaimMissing, Some("(mapped claim)"))),
        "names of the input stay out"
    );
    assert_eq!(profile(r#"{"email":"mail"}"#).unwrap(), profile(r#"{"email":["mail"],"userId":"sub"}"#).unwrap());
    for name in ["sentinel", "convergence", "tenant", "oidc", "rfc9068"] {
        assert_eq!(Some(profile(&std::format!("\"{name}\"")).unwrap()), ClaimsProfile::named(name));
    }
    for text in [
        "\"keycloak\"",
        "null",
        "[]",
        "1",
        r#"{"id":"sub"}"#,
        r#"{"email":null}"#,
        r#"{"email":[]}"#,
        r#"{"email":["a",1]}"#,
        r#"{"email":{"path":"a"}}"#,
        r#"{"email":["1","2","3","4","5","6","7","8","9"]}"#,
    ] {
        assert_eq!(profile(text).unwrap_err().code(), ErrorCode::ConfigurationInvalid, "{text}");
    }
    assert!(ClaimsProfile::custom([(Field::Role, ["a"]), (Field::Role, ["b"])]).is_err(), "a field twice");
    assert!(ClaimsProfile::custom([(Field::Role, ["a\0b"])]).is_err(), "no claim's name");
    for text in [Text::Issuer, Text::JwtId, Text::IdpSubject] {
        assert!(ClaimsProfile::custom([(Field::Text(text), ["x"])]).is_err(), "{text:?}");
    }
    let empty = ClaimsProfile::custom([(Field::Text(Text::Email), [""])]).unwrap();
    assert_eq!(read(&empty, r#"{"sub":"u","":"a@b"}"#).unwrap().email(), Some("a@b"), "an empty name is a name");
}
