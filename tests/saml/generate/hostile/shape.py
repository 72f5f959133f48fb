"""Other elements than a response with one assertion; names that only look like SAML's; IDs."""

import re

import dsig

from .common import A, R, become, remove, tag, twin, values


def build(corpus):
    counts(corpus)
    roots(corpus)
    lookalikes(corpus)
    ids(corpus)


def counts(corpus):
    e = corpus.edit(A)
    e.assertion.addnext(other := become(twin(e.assertion, "_second")))
    dsig.signature_of(other).find("d:SignedInfo/d:Reference", dsig.NS).set("URI", "#_second")
    dsig.sign(other, corpus.who.usual)
    e.hostile("two assertions, both signed", "One response logs one person in.", "assertion_count", holds=True)
    e = corpus.edit(R)
    e.assertion.addnext(become(twin_unsigned(e.assertion)))
    e.sign_response().hostile("two assertions in a signed response", "One response logs one person in.", "assertion_count", holds=True)
    e = corpus.edit(R)
    remove(e.assertion)
    e.sign_response().hostile("no assertion", "A good status with nobody in it.", "assertion_count", holds=True)

    def inside(name, why, codes, build):
        for mother in (A, R):
            e = corpus.edit(mother)
            inner = twin_unsigned(corpus.edit(R).assertion)
            build(e.assertion, become(inner))
            e.sign() if mother == A else e.sign_response()
            e.hostile(f"{name} ({mother})", why, codes, holds=True)

    def advice(assertion, inner):
        holder = dsig.etree.Element(tag("a", "Advice"))
        dsig.one(assertion, "a:Conditions").addnext(holder)
        holder.append(inner)
    inside("an assertion in Advice", "One response has one assertion, wherever others are.", "assertion_count", advice)
    inside("an assertion in an attribute's value", "One response has one assertion, wherever others are.", "assertion_count xml_refused",
           lambda assertion, inner: values(assertion, "groups")[0].append(inner))

    e = corpus.edit(A)
    holder = dsig.etree.SubElement(dsig.signature_of(e.assertion), tag("d", "Object"))
    holder.append(become(twin_unsigned(corpus.edit(R).assertion)))
    e.hostile("an assertion in the signature's Object", "The signature covers nothing that is in itself.",
              "assertion_count signature_reference", holds=True)
    e = corpus.edit(A)
    e.response.append(twin(corpus.edit(R).response, "_inner"))
    e.hostile("a response in the response", "Whatever the outer one is, the inner one is none.", "assertion_count signature_reference unsigned not_a_response", holds=True)


def twin_unsigned(assertion):
    made = dsig.copy.deepcopy(assertion)
    made.tail = None
    made.set("ID", "_second")
    return made


def roots(corpus):
    xml = re.sub(r"^<\?xml[^>]*>\s*", "", corpus[A])

    def case(name, why, changed, codes="not_a_response", mother=A, **more):
        corpus.hostile(name, why, mother, changed, codes, **more)

    e = corpus.edit(A)
    assertion = e.assertion
    assertion.tail = None
    case("an assertion alone", "A response is what is posted here.", dsig.text(assertion), holds=True)
    envelope = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
    case("a SOAP envelope", "A response is what is posted here.", envelope.format(xml), holds=True)
    e = corpus.edit(R)
    e.response.tag = tag("p", "LogoutResponse")
    for child in (e.assertion,):
        remove(child)
    case("a logout's response", "It says that somebody logged out.", e.sign_response().xml(), mother=R, holds=True)
    e = corpus.edit(R)
    e.response.tag = tag("p", "AuthnRequest")
    case("a request", "A response is what is posted here.", e.sign_response().xml(), mother=R, holds=True)
    case("another root with the response in it", "A response is what is posted here.", f"<x>{xml}</x>", holds=True)


def lookalikes(corpus):
    """Signed as they stand: the names are wrong, not the signature."""
    assertion, protocol, ds = dsig.NS["a"], dsig.NS["p"], dsig.NS["d"]

    def case(name, why, codes, old, new, mother=R, sign=True):
        e = corpus.edit(mother)
        xml = e.xml()
        assert old in xml, name
        e.tree = dsig.parse(xml.replace(f'"{old}"', f'"{new}"'))
        if sign:
            dsig.sign(e.tree, corpus.who.usual)
        e.hostile(name, why, codes, holds=sign)

    other = "not_a_response assertion_count assertion_malformed issuer_mismatch"
    for name, lookalike in {
        "SAML 1.0's assertions": "urn:oasis:names:tc:SAML:1.0:assertion",
        "assertions of another case": assertion.upper().replace("URN", "urn"),
        "assertions with more after it": assertion + "#",
        "assertions in percent signs": assertion.replace("assertion", "%61ssertion"),
    }.items():
        case(f"{name} by namespace", "A name is its namespace, byte for byte.", other, assertion, lookalike)
    for name, lookalike in {"SAML 1.1's protocol": "urn:oasis:names:tc:SAML:1.0:protocol", "a protocol with a slash": protocol + "/"}.items():
        case(f"{name} by namespace", "A name is its namespace, byte for byte.", "not_a_response", protocol, lookalike)
    case("a signature of another namespace", "A name is its namespace, byte for byte.", "unsigned", ds, ds + "/", sign=False)
    case("a signature of another namespace in the assertion", "A name is its namespace, byte for byte.", "unsigned", ds, ds.replace("http", "https"), A, sign=False)

    for name, path, new in (("NameID of the protocol's namespace", "a:Assertion/a:Subject/a:NameID", tag("p", "NameID")),
                            ("NameId", "a:Assertion/a:Subject/a:NameID", tag("a", "NameId"))):
        e = corpus.edit(R)
        e[path].tag = new
        e.sign_response().hostile(name, "It is another element.", "name_id_missing assertion_malformed", holds=True)
    e = corpus.edit(R)
    e["a:Assertion/a:Subject/a:NameID"].tag = tag("a", "BaseID")
    e.sign_response().hostile("BaseID for NameID", "It names nobody in a way that is known.", "name_id_missing assertion_malformed", holds=True)


def ids(corpus):
    def case(name, why, codes, change, mother=A, holds=True):
        e = corpus.edit(mother)
        change(e)
        e.hostile(name, why, codes, holds=holds)

    def same(e):
        e.response.set("ID", e.assertion.get("ID"))
    case("the response has the assertion's ID", "An ID is of one element, and the signature would be over either.", "duplicate_id signature_reference", same, holds=False)

    def extension(e, name):
        holder = dsig.etree.Element(tag("p", "Extensions"))
        dsig.etree.SubElement(holder, "x", {name: e.assertion.get("ID")})
        e["p:Status"].addprevious(holder)
    case("an extension has the assertion's ID", "An ID is of one element, and the signature would be over either.", "duplicate_id", lambda e: extension(e, "ID"), holds=False)
    for name in ("id", "Id", "{http://www.w3.org/XML/1998/namespace}id"):
        shown = "xml:id" if name.startswith("{") else name
        case(f"an extension has the assertion's ID as {shown}", "A reader may take it for an ID.",
             "duplicate_id xml_refused", lambda e, name=name: extension(e, name), holds=False)

    for name in ("id", "Id", "{http://www.w3.org/XML/1998/namespace}id"):
        shown = "xml:id" if name.startswith("{") else name

        def rename(e, name=name):
            value = e.assertion.get("ID")
            del e.assertion.attrib["ID"]
            e.assertion.set(name, value)
            e.sign()
        case(f"the assertion's ID as {shown}", "An assertion's ID is called ID.",
             "assertion_malformed signature_reference signature_invalid not_a_response xml_refused", rename, holds=False)

    def nameless(e):
        del e.assertion.attrib["ID"]
        e.sign()
    case("an assertion without ID", "What a signature refers to has an ID, and what is used once a name.",
         "assertion_malformed signature_reference signature_invalid not_a_response xml_refused", nameless, holds=False)

    def empty(e):
        e.assertion.set("ID", "")
        e["a:Assertion/d:Signature/d:SignedInfo/d:Reference"].set("URI", "#")
        e.sign()
    case("an empty ID", "What is used once has a name.", "assertion_malformed signature_reference signature_invalid not_a_response xml_refused", empty, holds=False)
