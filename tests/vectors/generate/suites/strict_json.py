"""Strict JSON in header and payload: where parsers differ, the token is refused."""

from crypto import b64
from jose import *

HEADER = '{"alg":"ES256","kid":"p256"}'


def signed(payload=None, header=HEADER):
    """A token of JSON texts (or octets) as they are."""
    payload = dumps(claims()) if payload is None else payload
    return seal(encode(header), encode(payload), lambda m: sign("ES256", "p256", m))


def body(extra):
    """The default claims' text with more text before its closing brace."""
    return dumps(claims())[:-1] + extra + "}"


def build():
    s = Suite("strict-json", "RFC 8259, RFC 7519 §4, RFC 7515 §4, RFC 8725 §3.7; \"JSON interoperability\" attacks")
    dup = "RFC 7519 §4, RFC 7515 §4, §10.12: names MUST be unique, parsers differ in which one counts"
    for label, text in {
        "sub twice": body(',"sub":"admin"'), "sub first": '{"sub":"admin",' + dumps(claims())[1:], "exp twice": body(f',"exp":{NOW + 9999}'),
        "iss twice, equal": body(f',"iss":{dumps(ISSUER)}'), "escaped twin": body(',"s\\u0075b":"admin"'), "escaped twin, capitals in the hex": body(',"\\u0073\\u0055b":1,"\\u0073\\u0055b":2'),
        "both escaped differently": body(',"\\u0078":1,"x":2'), "escaped slash twin": body(',"a/b":1,"a\\/b":2'), "nested": body(',"o":{"a":1,"a":2}'),
        "nested in an array": body(',"o":[{"a":1,"a":2}]'), "nested, escaped": body(',"o":{"a":1,"\\u0061":2}'), "empty names": body(',"":1,"":2'),
        "surrogate pair twin": body(',"\U0001F600":1,"\\ud83d\\ude00":2'), "control character twin": body(',"\\u0007":1,"\\u0007":2'), "__proto__ twice": body(',"__proto__":1,"__proto__":2'),
        "exp twice, the second null": body(',"exp":null'), "deep down": body(',"d":' + '{"d":' * 8 + '{"a":1,"a":2}' + "}" * 8),
    }.items():
        s.no(f"duplicate claim: {label}", dup, signed(text), MALFORMED)
    for label, text in {
        "kid twice": '{"alg":"ES256","kid":"p256","kid":"p256"}', "kid twice, one escaped": '{"alg":"ES256","kid":"p256","k\\u0069d":"x"}',
        "typ twice": '{"alg":"ES256","kid":"p256","typ":"JWT","typ":"at+jwt"}', "unknown twice": '{"alg":"ES256","kid":"p256","x":1,"x":1}',
        "crit twice": '{"alg":"ES256","kid":"p256","crit":[],"crit":["x"]}', "nested": '{"alg":"ES256","kid":"p256","jwk":{"kty":"EC","kty":"oct"}}',
    }.items():
        s.no(f"duplicate in the header: {label}", dup, signed(header=text), [MALFORMED, "critical_header"] if "crit" in label else MALFORMED)
    same = "RFC 8259 §8.3: not duplicates"
    for label, text in {"names that differ in case": body(',"SUB":"x","Sub":"y"'), "names that differ in normalization": body(',"\u00fc":1,"u\u0308":2'),
                        "same name at two levels": body(',"o":{"sub":"x"}'), "same name in two objects": body(',"o":[{"a":1},{"a":2}]'),
                        "prefixes of one another": body(',"a":1,"aa":2,"aaa":3'), "a name that looks escaped": body(',"\\\\u0073ub":1')}.items():
        s.ok(label, same, signed(text), expect=claims())

    grammar = "RFC 8259 §2-7"
    good = dumps(claims())
    for label, text in {
        "empty": "", "blank": " ", "an array": "[]", "an array of the claims": f"[{good}]", "a string": '"x"', "a number": "1", "null": "null", "true": "true",
        "text": "admin", "unclosed": good[:-1], "closed twice": good + "}", "two objects": good + good, "an object and a comma": good + ",", "an object and text": good + "x",
        "an object and a NUL": good + "\0", "leading comma": "{," + good[1:], "trailing comma": body(","), "missing comma": body(' "x":1'), "missing colon": body(',"x" 1'),
        "missing value": body(',"x":'), "name without quotes": body(",x:1"), "single quotes": body(",'x':1"), "number as name": body(",1:1"), "comment": body(',"x":1/* */'),
        "line comment": good[:-1] + ' // x\n}', "trailing comma in an array": body(',"x":[1,]'), "array of nothing": body(',"x":[,]'), "unclosed array": body(',"x":[1'),
        "wrong bracket": body(',"x":[1}'), "unclosed string": body(',"x":"a'), "NaN": body(',"x":NaN'), "Infinity": body(',"x":Infinity'), "-Infinity": body(',"x":-Infinity'),
        "undefined": body(',"x":undefined'), "True": body(',"x":True'), "None": body(',"x":None'), "nul": body(',"x":nul'), "nulll": body(',"x":nulll'), "01": body(',"x":01'), "-01": body(',"x":-01'),
        "+1": body(',"x":+1'), "1.": body(',"x":1.'), ".5": body(',"x":.5'), "-": body(',"x":-'), "1e": body(',"x":1e'), "1e+": body(',"x":1e+'), "1.e1": body(',"x":1.e1'),
        "0x10": body(',"x":0x10'), "1_000": body(',"x":1_000'), "1 000": body(',"x":1 000'), "--1": body(',"x":--1'), "full-width digit": body(',"x":\uff11'), "1n": body(',"x":1n'),
        "bad escape": body(',"x":"\\x41"'), "escaped quote missing": body(',"x":"\\"'), "short unicode escape": body(',"x":"\\u12"'), "non-hex unicode escape": body(',"x":"\\u12g4"'),
        "braced unicode escape": body(',"x":"\\u{41}"'), "octal escape": body(',"x":"\\101"'), "escaped single quote": body(',"x":"\\\'"'), "escaped newline": body(',"x":"\\\n"'),
        "raw newline in a string": body(',"x":"a\nb"'), "raw tab in a string": body(',"x":"a\tb"'), "raw NUL in a string": body(',"x":"a\0b"'), "raw 1f in a string": body(',"x":"a\x1fb"'),
        "form feed between": body(',\x0c"x":1'), "vertical tab between": body(',\x0b"x":1'), "no-break space between": body(',\u00a0"x":1'), "line separator between": body(',\u2028"x":1'),
        "byte order mark": "\ufeff" + good, "byte order mark inside": body(',\ufeff"x":1'),
        "lone high surrogate": body(',"x":"\\ud800"'), "lone low surrogate": body(',"x":"\\udc00"'), "surrogates in the wrong order": body(',"x":"\\udc00\\ud800"'),
        "high surrogate and text": body(',"x":"\\ud800x"'), "two high surrogates": body(',"x":"\\ud800\\ud800"'), "lone surrogate in a name": body(',"\\udfff":1'),
        "high surrogate, other escape": body(',"x":"\\ud800\\n"'),
    }.items():
        s.no(f"payload: {label}", grammar + ("; an unpaired surrogate is no Unicode text (§8.2)" if "surrogate" in label else ""), signed(text), MALFORMED)
    for label, text in {
        "empty object": "{}", "an array": '["ES256"]', "a string": '"ES256"', "null": "null", "empty": "", "unclosed": HEADER[:-1], "closed twice": HEADER + "}", "two objects": HEADER + HEADER,
        "trailing comma": HEADER[:-1] + ",}", "single quotes": "{'alg':'ES256','kid':'p256'}", "comment": HEADER[:-1] + "/**/}", "byte order mark": "\ufeff" + HEADER,
        "NaN": HEADER[:-1] + ',"x":NaN}', "lone surrogate": HEADER[:-1] + ',"x":"\\ud800"}', "raw newline in a string": HEADER[:-1] + ',"x":"\n"}', "leading zero": HEADER[:-1] + ',"x":01}',
        "names without quotes": '{alg:"ES256",kid:"p256"}', "a NUL after": HEADER + "\0",
    }.items():
        s.no(f"header: {label}", grammar, signed(header=text), NO_ALGORITHM if label == "empty object" else MALFORMED)
    utf8 = "RFC 3629 §3, RFC 8259 §8.1: UTF-8, strictly"
    for label, octets in {
        "a lone continuation": b"\x80", "an unfinished sequence": b"\xc3", "overlong slash": b"\xc0\xaf", "overlong NUL": b"\xc0\x80", "overlong in three": b"\xe0\x80\xaf",
        "a surrogate (CESU-8)": b"\xed\xa0\xbd\xed\xb8\x80", "beyond U+10FFFF": b"\xf4\x90\x80\x80", "five octets": b"\xf8\x88\x80\x80\x80", "ff": b"\xff", "Latin-1": "\u00fc".encode("latin-1"),
        "a cut emoji": "\U0001F600".encode()[:3],
    }.items():
        text = dumps(claims())[:-1].encode() + b',"x":"' + octets + b'"}'
        s.no(f"payload: not UTF-8, {label}", utf8, signed(text), MALFORMED)
        s.no(f"header: not UTF-8, {label}", utf8, signed(header=HEADER[:-1].encode() + b',"x":"' + octets + b'"}'), MALFORMED)
    s.no("payload: UTF-16", utf8, signed(dumps(claims()).encode("utf-16-le")), MALFORMED)
    s.no("payload: UTF-16 with its mark", utf8, signed(dumps(claims()).encode("utf-16")), MALFORMED)
    s.no("payload: UTF-32", utf8, signed(dumps(claims()).encode("utf-32-le")), MALFORMED)
    s.no("header: UTF-16", utf8, signed(header=HEADER.encode("utf-16-le")), MALFORMED)

    fine = "RFC 8259: well-formed"
    for label, text, expect in [
        ("white space everywhere", " \t\r\n" + json.dumps(claims(), separators=(" ,\n\t", "\r: ")) + "\r\n ", claims()),
        ("claim names written with escapes", dumps(claims()).replace('"sub"', '"\\u0073\\u0075\\u0062"').replace('"exp"', '"\\u0065xp"'), claims()),
        ("every escape", body(',"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00fc\\u2028\\ud83d\\ude00\\u0000"'), {"x": '"\\/\b\f\n\r\tA\u00fc\u2028\U0001F600\0'}),
        ("non-ASCII claims", body(',"name":"J\u00fcrgen \u738b\u5c0f\u660e \U0001F469\u200d\U0001F680","\u0438\u043c\u044f":"\u0418\u0432\u0430\u043d"'),
         {"name": "J\u00fcrgen \u738b\u5c0f\u660e \U0001F469\u200d\U0001F680", "\u0438\u043c\u044f": "\u0418\u0432\u0430\u043d"}),
        ("U+FFFF, U+FFFE and DEL raw", body(',"x":"\uffff\ufffe\x7f"'), {"x": "\uffff\ufffe\x7f"}),
        ("BOM as a character of a string", body(',"x":"\ufeff"'), {"x": "\ufeff"}),
        ("integers beyond 2^53", body(',"big":9007199254740993,"neg":-9007199254740993,"huge":123456789012345678901234567890'),
         {"big": 9007199254740993, "neg": -9007199254740993, "huge": 123456789012345678901234567890}),
        ("numbers of all forms", body(',"n":[0,-0,1,-1,0.5,1e2,1E-2,1.5e+3,-0.0]'), None),
        ("a number beyond binary64 that is no date", body(',"x":1e999'), claims()),
        ("empty containers", body(',"o":{},"a":[],"s":"","d":{"o":{},"a":[[],{}]}'), {"o": {}, "a": [], "s": "", "d": {"o": {}, "a": [[], {}]}}),
        ("nulls, booleans", body(',"n":null,"t":true,"f":false'), {"n": None, "t": True, "f": False}),
        ("prototype names as claims", body(',"constructor":"x","__proto__":{"admin":true},"toString":1,"hasOwnProperty":2'), claims()),
        ("30 levels deep", body(',"x":' + "[" * 30 + "]" * 30), claims()),
        ("empty name", body(',"":"e"'), {"": "e"}),
        ("200 members", body("".join(f',"m{i}":{i}' for i in range(200))), {"m199": 199}),
    ]:
        s.ok(f"payload: {label}", fine, signed(text), expect=expect)
    s.ok("header: white space", "RFC 7515 appendix A.1 has it too", signed(header='{\r\n "alg" : "ES256",\t"kid":"p256" }\n'), expect=claims())
    deep = "bounded nesting; CVE-2025-53864 (nimbus-jose-jwt): deeply nested JSON overflowed the stack"
    for depth in [100, 1000, 5000]:
        s.no(f"payload: arrays {depth} deep", deep, signed(body(',"x":' + "[" * depth + "]" * depth)), [MALFORMED, "token_too_large"])
    s.no("payload: objects 1000 deep", deep, signed(body(',"x":' + '{"a":' * 1000 + "1" + "}" * 1000)), [MALFORMED, "token_too_large"])
    s.no("payload: 5000 open brackets", deep, signed("[" * 5000), [MALFORMED, "token_too_large"])
    s.no("header: arrays 1000 deep", deep, signed(header=HEADER[:-1] + ',"x":' + "[" * 1000 + "]" * 1000 + "}"), [MALFORMED, "token_too_large"])
    s.no("header: objects 1000 deep", deep, signed(header=HEADER[:-1] + ',"x":' + '{"a":' * 1000 + "1" + "}" * 1000 + "}"), [MALFORMED, "token_too_large"])
    return s
