"""Sizes: what is too long is refused before it is read, what is just long enough is not."""

from crypto import b64
from jose import *


def sized(length, alg="ES256"):
    """A good token of exactly this many octets, filled by a header member and a claim."""
    for header_fill in range(4):
        low = len(token(alg, payload=claims(fill=""), h="x" * header_fill))
        for fill in range(max(0, (length - low) * 3 // 4 - 4), (length - low) * 3 // 4 + 5):
            text = token(alg, payload=claims(fill="f" * fill), h="x" * header_fill)
            if len(text) == length:
                return text
    raise AssertionError(length)


def build():
    s = Suite("limits", "RFC 8725bis on resource exhaustion; CVE-2025-22868, CVE-2025-27144, CVE-2025-30204 (Go: work for every dot), CVE-2025-61920 (Authlib: size)")
    s.ok("16384 octets", "the default limit is the longest that is read", sized(16384))
    s.no("16385 octets", "one more", sized(16385), "token_too_large")
    s.no("16387 octets, good signature", "a good signature does not help", sized(16387), "token_too_large")
    short = token()
    s.ok("as long as the limit", "options.max_token_bytes", short, opts=options(max_token_bytes=len(short)))
    s.no("one octet longer than the limit", "options.max_token_bytes", short, "token_too_large", opts=options(max_token_bytes=len(short) - 1))
    s.no("a limit of one octet", "options.max_token_bytes", short, "token_too_large", opts=options(max_token_bytes=1))
    s.ok("60 KB where 64 KB are allowed", "options.max_token_bytes", sized(60001), opts=options(max_token_bytes=65536))
    s.no("few characters, many octets", "the limit counts octets", "\u20ac" * 6000, ["token_too_large", MALFORMED])
    why = "refused by its length alone"
    for label, pieces in {
        "1 MB of letters": [["a", 1048576]], "a million dots": [[".", 1000000]], "a million empty parts after a good token": [[short, 1], [".", 1000000]], "a million tokens": [[short, 1], ["." + "eyJhbGciOiJub25lIn0", 50000]],
        "a 1 MB header": [["eyJhbGciOiJFUzI1NiIsIngiOiI", 1], ["YWFh", 262144], ["In0.", 1], ["e30.", 1], ["AAAA", 1]], "a 1 MB payload": [[encode({"alg": "ES256"}) + ".", 1], ["YWFh", 262144], [".AAAA", 1]],
        "a 1 MB signature": [[short, 1], ["AAAA", 262144]], "1 MB of blanks around a good token": [[" ", 524288], [short, 1], [" ", 524288]], "1 MB of braces": [["{", 1048576]], "1 MB of brackets": [["[", 1048576]],
        "1 MB of NULs": [["\0", 1048576]], "1 MB of percent signs": [["%2e", 349525]], "1 MB of emoji": [["\U0001F600", 262144]],
    }.items():
        s.no(label, why, pieces, ["token_too_large"])
    for label, pieces in {"10,000 dots": [[".", 10000]], "5,000 parts": [["e30.", 4000]], "10,000 equals signs": [[short, 1], ["=", 10000]], "10,000 blanks before": [[" ", 10000], [short, 1]]}.items():
        s.no(label, "RFC 7515 §7.1; within the limit, still no token", pieces, MALFORMED)
    s.no("400 digits in an ignored claim's exponent", "numbers are not computed", token(payload=dumps(claims())[:-1] + ',"exp2":1,"nbf":1e' + "9" * 400 + "}"), "claim_invalid")
    s.ok("a claim of 10 KB", "within the limit", token(payload=claims(x="y" * 10000)), expect={"x": "y" * 10000})
    s.ok("a number of 5,000 digits that is no date", "kept as text", token(payload=dumps(claims())[:-1] + ',"n":' + "7" * 5000 + "}"))
    s.ok("exp with 300 digits of fraction", "compared as exact decimals", token(payload=dumps(claims(exp=None))[:-1] + f',"exp":{NOW}.' + "0" * 299 + "1}"))
    s.no("a header of 1,100 members", "duplicates are looked for in bounded time", token(**{f"m{i}": 1 for i in range(1100)}), MALFORMED)
    s.no("a payload of 1,100 members", "duplicates are looked for in bounded time", token(payload=claims(**{f"m{i}": 1 for i in range(1100)})), MALFORMED)
    return s
