"""Tokens as real issuers write them: all accepted."""

import uuid

from jose import *


def identifier(index):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://example/{index}"))


def build():
    s = Suite("interop", "Shapes of tokens that are in the field; all values made up")
    tenant = identifier("tenant")
    entra = {
        "aud": identifier("client"), "iss": f"https://login.microsoftonline.com/{tenant}/v2.0", "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3900, "aio": "ATQAy/8VAAAA",
        "groups": [identifier(i) for i in range(200)], "name": "Ad\u00e8le Vance", "oid": identifier("oid"), "preferred_username": "adele@example.org", "rh": "0.AAAA", "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "tid": tenant, "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0",
    }
    s.ok("Entra ID: 200 groups", "the most before groups move to an overage claim", token("RS256", payload=entra, typ="JWT"), opts=options("RS256", issuer=entra["iss"], audience=entra["aud"]), expect=entra)
    google = {"iss": "https://accounts.google.com", "azp": "123.apps.googleusercontent.com", "aud": "123.apps.googleusercontent.com", "sub": "110169484474386276334", "email": "j@example.org", "email_verified": True,
              "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "iat": NOW, "exp": NOW + 3600, "nonce": "0394852-3190485-2490358"}
    s.ok("Google: two spellings of the issuer", "both are documented", token("RS256", payload=google, typ="JWT"), opts=options("RS256", issuer=["https://accounts.google.com", "accounts.google.com"], audience=google["aud"]), expect=google)
    auth0 = {"iss": "https://tenant.eu.auth0.com/", "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "aud": [AUDIENCE, "https://tenant.eu.auth0.com/userinfo"], "iat": NOW, "exp": NOW + 86400, "azp": "my_client_id", "scope": "openid profile",
             "https://example.org/roles": ["admin"], "permissions": ["read:a", "write:b"]}
    s.ok("Auth0: audience list, namespaced claims", "RFC 9068 profile", token("RS256", payload=auth0, typ="at+jwt"), opts=options("RS256", issuer=auth0["iss"], type="at+jwt"), expect=auth0)
    keycloak = {"exp": NOW + 300, "iat": NOW, "jti": identifier("jti"), "iss": "https://sso.example/realms/main", "aud": "account", "sub": identifier("sub"), "typ": "Bearer", "azp": "web", "sid": identifier("sid"), "acr": "1",
                "allowed-origins": ["https://web.example"], "realm_access": {"roles": ["offline_access", "uma_authorization"]}, "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}}, "scope": "openid email"}
    s.ok("Keycloak: nested roles", "three levels", token("RS256", payload=keycloak, typ="JWT"), opts=options("RS256", issuer=keycloak["iss"], audience="account"), expect=keycloak)
    cognito = {"sub": identifier("c"), "cognito:groups": ["g"], "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", "client_id": "xyz", "origin_jti": identifier("o"), "event_id": identifier("e"), "token_use": "access",
               "scope": "aws.cognito.signin.user.admin", "auth_time": NOW, "exp": NOW + 3600, "iat": NOW, "jti": identifier("j"), "username": "u"}
    s.ok("Cognito: an access token without aud", "the audience check is off by an explicit call", token("RS256", payload=cognito), opts=options("RS256", issuer=cognito["iss"], audience=None), expect=cognito)
    okta = {"ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "iss": "https://x.okta.com/oauth2/default", "aud": "api://default", "iat": NOW, "exp": NOW + 3600, "cid": "0oa", "uid": "00u", "scp": ["openid"], "sub": "j@example.org"}
    s.ok("Okta", "scp is a list", token("RS256", payload=okta), opts=options("RS256", issuer=okta["iss"], audience="api://default"), expect=okta)
    kubernetes = {"aud": ["https://kubernetes.default.svc"], "exp": NOW + 3607, "iat": NOW, "iss": "https://kubernetes.default.svc", "jti": identifier("k"), "kubernetes.io": {"namespace": "default", "pod": {"name": "p", "uid": identifier("p")},
                  "serviceaccount": {"name": "default", "uid": identifier("s")}, "warnafter": NOW + 1800}, "nbf": NOW, "sub": "system:serviceaccount:default:default"}
    s.ok("Kubernetes service account", "a claim name with a dot and a slash", token("RS256", payload=kubernetes), opts=options("RS256", issuer=kubernetes["iss"], audience="https://kubernetes.default.svc"), expect=kubernetes)
    apple = {"iss": "https://appleid.apple.com", "aud": "com.example.app", "exp": NOW + 86400, "iat": NOW, "sub": "001", "email_verified": "true", "is_private_email": "true", "nonce_supported": True}
    s.ok("Apple: booleans as strings", "private claims are the reader's business", token("RS256", payload=apple), opts=options("RS256", issuer=apple["iss"], audience=apple["aud"]), expect=apple)
    sentinel = {"iss": "https://auth.example", "sub": "usr_" + identifier("u"), "jti": identifier("t"), "aud": "sentinel:access", "email": "a@example.org", "name": "Ada", "wid": identifier("w"), "wslug": "main", "wrole": "editor", "groups": [identifier("g")],
                "iat": NOW, "exp": NOW + 900, "type": "access"}
    s.ok("Sentinel access token", "the names and claims of its own issuer", token("RS256", payload=sentinel), opts=options("RS256", issuer=sentinel["iss"], audience="sentinel:access", token_use="access"), expect=sentinel)
    s.no("Sentinel authorization token for an access token", "RFC 8725 §2.8", token("RS256", payload=sentinel | {"aud": "sentinel:authz", "type": "authz"}), "audience_mismatch",
         opts=options("RS256", issuer=sentinel["iss"], audience="sentinel:access", token_use="access"))
    s.no("Sentinel refresh token for an access token", "RFC 8725 §2.8", token("RS256", payload=sentinel | {"type": "refresh"}), "type_mismatch", opts=options("RS256", issuer=sentinel["iss"], audience="sentinel:access", token_use="access"))
    rfc9068 = {"iss": ISSUER, "sub": "5ba552d67", "aud": AUDIENCE, "exp": NOW + 60, "iat": NOW, "jti": "dbe39bf3a3ba4238a513f51d6e1691c4", "client_id": "s6BhdRkqt3", "scope": "openid profile reademail"}
    s.ok("RFC 9068 §2.1", "its example with our times", token("RS256", payload=rfc9068, typ="at+JWT"), opts=options("RS256", type="at+jwt", required=["exp", "sub", "client_id", "iat", "jti"]), expect=rfc9068)
    fractional = claims(exp=NOW + 600.75, iat=NOW - 60.25, nbf=NOW - 60.5)
    s.ok("fractional dates", "PyJWT and jose write time.time()", token(payload=fractional), expect=fractional)
    s.ok("pretty-printed", "RFC 7515 appendix A.1", token(payload=json.dumps(claims(), indent=4)), expect=claims())
    s.ok("HS512 of a legacy service", "shared secret", token("HS512", typ="JWT"), expect=claims())
    return s
