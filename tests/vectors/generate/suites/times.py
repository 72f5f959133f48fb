"""exp, nbf, iat, leeway and maximum age, compared as exact decimals."""

from crypto import b64
from jose import *


def raw(**members):
    """The default claims with members given as JSON text."""
    text = dumps(claims(exp=None, iat=None) if "iat" in members else claims(exp=None))
    if "exp" not in members:
        members = {"exp": str(NOW + 600)} | members
    return token(payload=text[:-1] + "".join(f',"{k}":{v}' for k, v in members.items()) + "}")


def o(**changes):
    return options(**changes)


def build():
    s = Suite("times", "RFC 7519 §2 (NumericDate), §4.1.4-4.1.6; the format: refused if exp + leeway <= now, if nbf > now + leeway, "
                       "if now - iat > max_age + leeway or (with max_age) iat > now + leeway")
    exact = "compared as exact decimals"
    for label, exp, leeway, ok in [
        ("now", NOW, 0, False), ("now + 1", NOW + 1, 0, True), ("now - 1", NOW - 1, 0, False), ("now + 0.5", f"{NOW}.5", 0, True),
        ("now + 0.0", f"{NOW}.0", 0, False), ("now - 0.5", f"{NOW - 1}.5", 0, False), ("now + 1e-9", f"{NOW}.000000001", 0, True),
        ("now + 1e-20, beyond binary64", f"{NOW}.00000000000000000001", 0, True), ("just below now, beyond binary64", f"{NOW - 1}.99999999999999999999", 0, False),
        ("now in exponent form", "1.7e9", 0, False), ("now + 0.1 in exponent form", "1.7000000001e9", 0, True), ("later in exponent form", "17000006E2", 0, True),
        ("later with a positive exponent sign", "1.7000006e+9", 0, True), ("later with a negative exponent", "17000006000e-1", 0, True),
        ("now with zeros after the point", f"{NOW}.000000000000000000000000000000", 0, False), ("zero", 0, 0, False), ("minus zero", "-0", 0, False), ("one", 1, 0, False),
        ("minus one", -1, 0, False), ("-1e300", "-1e300", 0, False), ("1e300", "1e300", 0, True), ("1.7976931348623157e308, the largest binary64", "1.7976931348623157e308", 0, True),
        ("2^31", 2**31, 0, True), ("2^53", 2**53, 0, True), ("2^53 + 1", 2**53 + 1, 0, True), ("2^63 - 1", 2**63 - 1, 0, True), ("2^63", 2**63, 0, True), ("2^64", 2**64, 0, True),
        ("forty digits", "1" * 40, 0, True), ("-2^63", -2**63, 0, False), ("-2^63 - 1", -2**63 - 1, 0, False), ("1e-400, nearly zero", "1e-400", 0, False), ("in milliseconds", NOW * 1000, 0, True),
        ("0e9999", "0e9999", 0, False), ("0.0000017e15, now", "0.0000017e15", 0, False),
        ("now, leeway 1", NOW, 1, True), ("now - 1, leeway 1", NOW - 1, 1, False), ("now - 30, leeway 30", NOW - 30, 30, False), ("now - 29, leeway 30", NOW - 29, 30, True),
        ("now - 29.5, leeway 30", f"{NOW - 30}.5", 30, True), ("now - 30 + 1e-12, leeway 30", f"{NOW - 30}.000000000001", 30, True), ("now - 30.5, leeway 30", f"{NOW - 31}.5", 30, False),
        ("now - 299, leeway 300", NOW - 299, 300, True), ("now - 300, leeway 300", NOW - 300, 300, False),
    ]:
        case = (f"exp is {label}", exact, raw(exp=exp))
        s.ok(*case, opts=o(leeway=leeway or None)) if ok else s.no(*case, "token_expired", opts=o(leeway=leeway or None))
    for label, nbf, leeway, ok in [
        ("now", NOW, 0, True), ("now + 1", NOW + 1, 0, False), ("now - 1", NOW - 1, 0, True), ("now + 0.5", f"{NOW}.5", 0, False), ("now + 1e-20", f"{NOW}.00000000000000000001", 0, False),
        ("now + 0.0", f"{NOW}.0", 0, True), ("now - 0.5", f"{NOW - 1}.5", 0, True), ("now + 30, leeway 30", NOW + 30, 30, True), ("now + 30.5, leeway 30", f"{NOW + 30}.5", 30, False),
        ("now + 31, leeway 30", NOW + 31, 30, False), ("now + 29.9, leeway 30", f"{NOW + 29}.9", 30, True), ("1e300", "1e300", 0, False), ("2^63", 2**63, 300, False), ("-1", -1, 0, True), ("0", 0, 0, True),
        ("-1e300", "-1e300", 0, True), ("in milliseconds", NOW * 1000, 0, False),
    ]:
        case = (f"nbf is {label}", exact, raw(nbf=nbf))
        s.ok(*case, opts=o(leeway=leeway or None)) if ok else s.no(*case, "token_not_yet_valid", opts=o(leeway=leeway or None))
    for label, iat, age, leeway, code in [
        ("now - 60, age 60", NOW - 60, 60, 0, None), ("now - 61, age 60", NOW - 61, 60, 0, "token_expired"), ("now - 60.5, age 60", f"{NOW - 61}.5", 60, 0, "token_expired"),
        ("now - 60 - 1e-20, age 60", f"{NOW - 61}.99999999999999999999", 60, 0, "token_expired"), ("now - 59.5, age 60", f"{NOW - 60}.5", 60, 0, None),
        ("now - 90, age 60, leeway 30", NOW - 90, 60, 30, None), ("now - 91, age 60, leeway 30", NOW - 91, 60, 30, "token_expired"), ("now, age 0", NOW, 0, 0, None),
        ("now - 1, age 0", NOW - 1, 0, 0, "token_expired"), ("now - 0.5, age 0", f"{NOW - 1}.5", 0, 0, "token_expired"), ("now + 1, age 60", NOW + 1, 60, 0, "token_not_yet_valid"),
        ("now + 0.5, age 60", f"{NOW}.5", 60, 0, "token_not_yet_valid"), ("now + 30, age 60, leeway 30", NOW + 30, 60, 30, None), ("now + 31, age 60, leeway 30", NOW + 31, 60, 30, "token_not_yet_valid"),
        ("-1e300, age 60", "-1e300", 60, 0, "token_expired"), ("1e300, age 60", "1e300", 60, 0, "token_not_yet_valid"), ("0, age 2^31 - 1", 0, 2**31 - 1, 0, None),
        ("in milliseconds, age 60", NOW * 1000, 60, 0, "token_not_yet_valid"),
    ]:
        case = (f"iat is {label}", "the format: max_age", raw(iat=iat))
        s.no(*case, code, opts=o(leeway=leeway or None, max_age=age)) if code else s.ok(*case, opts=o(leeway=leeway or None, max_age=age))
    s.ok("iat in the future without max_age", "RFC 7519 §4.1.6: iat is information; clocks differ", raw(iat=NOW + 60))
    s.no("iat absent with max_age", "the format: claim_missing", token(payload=claims(iat=None)), "claim_missing", opts=o(max_age=60))
    s.ok("iat absent without max_age", "RFC 7519 §4.1.6: optional", token(payload=claims(iat=None)))
    s.no("max_age does not replace exp", "both count", raw(exp=NOW - 1, iat=NOW - 5), "token_expired", opts=o(max_age=60))
    types = "RFC 7519 §2: a number; CVE-2026-25537 (jsonwebtoken for Rust): what could not be read counted as absent; refused also where not required"
    for claim in ["exp", "nbf", "iat"]:
        value = {"exp": NOW + 600, "nbf": NOW - 60, "iat": NOW - 60}[claim]
        for label, text in {
            "a string": f'"{value}"', "an ISO date": '"2023-11-14T22:13:20Z"', "true": "true", "false": "false", "null": "null", "an array": f"[{value}]", "an object": f'{{"v":{value}}}',
            "an empty string": '""', "1e400": "1e400", "-1e400": "-1e400", "1e309": "1e309", "1e99999999999999999999": "1e99999999999999999999", "400 digits": "9" * 400, "text NaN": '"NaN"',
        }.items():
            codes = ["claim_invalid", "claim_missing"] if label == "null" else "claim_invalid"
            text_token = raw(**{claim: text})
            s.no(f"{claim} is {label}", types, text_token, codes)
            if claim != "iat":
                s.no(f"{claim} is {label}, nothing required", types, text_token, codes, opts=o(required=[]))
    s.no("exp absent", "required by default: a token that never ends cannot be taken back", token(payload=claims(exp=None)), "claim_missing")
    s.ok("exp absent, nothing required", "the format: [] asks for none", token(payload=claims(exp=None)), opts=o(required=[]), expect=claims(exp=None))
    s.no("exp past, nothing required", "a claim that is there counts", raw(exp=NOW - 1), "token_expired", opts=o(required=[]))
    s.no("expired and wrongly signed", "CVE-2024-51744 (golang-jwt): whoever looked for the expiry alone took the rest for good",
         token(payload=claims(exp=NOW - 1), key="p256-other", kid="p256"), BAD)
    s.no("EXP in capitals", "RFC 7519 §4: names are case-sensitive", token(payload=claims(exp=None, EXP=NOW + 600)), "claim_missing")
    s.no("exp in the header does not count", "RFC 7519 §5.3 replicates claims for JWE only", token(payload=claims(exp=None), exp=NOW + 600), "claim_missing")
    s.no("expired, exp in the header is later", "the payload decides", token(payload=claims(exp=NOW - 1), exp=NOW + 600), "token_expired")
    s.no("exp nested", "the outermost object decides", token(payload=claims(exp=None, claims={"exp": NOW + 600})), "claim_missing")
    for label, now, ok in [("1970", 0, True), ("before 1970", -5, True), ("in the year 5138", 99999999999, False)]:
        case = (f"now is {label}", "now is the caller's", token())
        s.ok(*case, opts=o(now=now)) if ok else s.no(*case, "token_expired", opts=o(now=now))
    s.no("lived once: expired years later", "one token, another now", token(), "token_expired", opts=o(now=NOW + 10**8))
    return s
