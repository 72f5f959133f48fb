"""Signatures that verify, and are over something else, or over less than it seems."""

import base64
import copy
import re

import dsig
from corpus import Repeated

from .common import A, R, become, remove, tag

CODES = "signature_reference"


def build(corpus):
    for mother in (A, R):
        uris(corpus, mother)
        transforms(corpus, mother)
    other_elements(corpus)
    several(corpus)
    detached(corpus)


def part(e, mother):
    return e.assertion if mother == A else e.response


def reference(e, mother):
    return dsig.one(part(e, mother), "d:Signature/d:SignedInfo/d:Reference")


def uris(corpus, mother):
    def case(name, why, uri, holds=False, target=None, codes=CODES):
        e = corpus.edit(mother)
        found = reference(e, mother)
        if uri is None:
            del found.attrib["URI"]
        else:
            found.set("URI", uri.replace("ID", part(e, mother).get("ID")))
        e.sign(part(e, mother), target=e.response if target else None)
        e.hostile(f"{name} ({mother})", why, codes, holds=holds)

    case("a reference to the whole document", "A signature names what it signs by its ID (SAML core 5.4.2).", "", True, target=True)
    case("a reference without URI", "A signature names what it signs by its ID (SAML core 5.4.2).", None)
    case("a reference by XPointer to the root", "A signature names what it signs by its ID (SAML core 5.4.2).", "#xpointer(/)")
    case("a reference by XPointer to the ID", "A signature names what it signs by its ID (SAML core 5.4.2).", "#xpointer(id('ID'))")
    case("a reference to an address", "Nothing is fetched.", "http://127.0.0.1:9/signed.xml")
    case("a reference to a file", "Nothing is read.", "file:///etc/hostname")
    case("a reference without #", "It would be another document's name.", "ID")
    case("a reference to an ID that nobody has", "What it signs is not here.", "#_nobody")
    case("a reference in other letters", "IDs are compared byte for byte.", "#%20ID")


def transforms(corpus, mother):
    def case(name, why, change, holds=False, codes=CODES, digest=None):
        e = corpus.edit(mother)
        element = part(e, mother)
        holder = dsig.one(reference(e, mother), "d:Transforms")
        change(holder)
        e.sign(element)
        if digest is not None:
            dsig.one(reference(e, mother), "d:DigestValue").text = dsig.digest(digest, dsig.SHA256)
            become(e.assertion)
            dsig.seal_info(dsig.signature_of(element), corpus.who.usual)
        e.hostile(f"{name} ({mother})", why, codes, holds=holds)

    def step(algorithm, inner=""):
        return dsig.parse(f'<d:Transform xmlns:d="{dsig.NS["d"]}" Algorithm="{algorithm}">{inner}</d:Transform>')

    xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116"
    filter2 = "http://www.w3.org/2002/06/xmldsig-filter2"
    xslt = "http://www.w3.org/TR/1999/REC-xslt-19991116"
    sheet = ('<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
             '<x><xsl:value-of select="document(\'file:///etc/hostname\')"/></x></xsl:template></xsl:stylesheet>')
    case("an XPath transform that keeps all", "What is signed is found by no program of the message's.",
         lambda t: t.insert(1, step(xpath, f'<d:XPath xmlns:d="{dsig.NS["d"]}">true()</d:XPath>')), True)
    case("an XPath transform that keeps nothing", "A digest of nothing fits everything.",
         lambda t: t.insert(1, step(xpath, f'<d:XPath xmlns:d="{dsig.NS["d"]}">false()</d:XPath>')), True, digest=b"")
    case("an XPath filter that keeps nothing", "A digest of nothing fits everything.",
         lambda t: t.insert(1, step(filter2, f'<f:XPath xmlns:f="{filter2}" Filter="subtract">/</f:XPath>')), digest=b"")
    case("an XSLT transform", "A stylesheet is a program of the message's.", lambda t: t.append(step(xslt, sheet)))
    case("a base64 transform", "It digests other bytes than those that are read.",
         lambda t: t.append(step("http://www.w3.org/2000/09/xmldsig#base64")))
    case("canonicalization with comments", "It is not on the list.",
         lambda t: t[-1].set("Algorithm", dsig.EXCLUSIVE + "WithComments"), True, CODES + " signature_algorithm")
    case("an unknown transform", "It is not on the list.", lambda t: t.append(step("urn:example:transform")), codes=CODES + " signature_algorithm")
    case("two canonicalizations", "One step is enough.", lambda t: t.append(copy.deepcopy(t[-1])), codes=CODES + " signature_algorithm")
    e = corpus.edit(mother)
    steps = dsig.one(reference(e, mother), "d:Transforms")
    last = dsig.text(steps[-1])
    for _ in range(1000):
        steps.append(copy.deepcopy(steps[-1]))
    repeated(corpus, f"a thousand transforms ({mother})", mother, e.sign(part(e, mother)).xml(), last, 1001)

    many = " ".join(f"n{number}" for number in range(1000))
    case("a thousand inclusive namespaces", "Work is bounded.", lambda t: dsig.etree.SubElement(
        t[-1], tag("ec", "InclusiveNamespaces"), PrefixList=many, nsmap={"ec": dsig.NS["ec"]}), True, CODES + " signature_algorithm xml_refused too_large")

    e = corpus.edit(mother)
    element = part(e, mother)
    info = dsig.one(element, "d:Signature/d:SignedInfo")
    for _ in range(3000):
        dsig.etree.SubElement(info, tag("d", "Object"))
    e.hostile(f"three thousand elements in SignedInfo ({mother})", "It is bounded before it is canonicalized.",
              CODES + " signature_invalid signature_algorithm xml_refused too_large")
    e = corpus.edit(mother)
    element = part(e, mother)
    dsig.one(element, "d:Signature/d:SignedInfo/d:CanonicalizationMethod").set("Algorithm", dsig.EXCLUSIVE + "WithComments")
    e.sign(element).hostile(f"SignedInfo with comments ({mother})", "It is not on the list.", CODES + " signature_algorithm", holds=True)
    e = corpus.edit(mother)
    element = part(e, mother)
    dsig.one(element, "d:Signature/d:SignedInfo/d:CanonicalizationMethod").set("Algorithm", "urn:example:canonical")
    e.hostile(f"SignedInfo in an unknown form ({mother})", "It is not on the list.", CODES + " signature_algorithm signature_invalid")
    e = corpus.edit(mother)
    remove(dsig.one(reference(e, mother), "d:Transforms"))
    e.hostile(f"no transforms ({mother})", "A signature inside what it signs leaves itself out.", CODES + " signature_invalid signature_algorithm")


def repeated(corpus, name, mother, xml, unit, times):
    """The unit as it is written inside the document: its declarations stand above it there."""
    unit = re.sub(r' xmlns(:\w+)?="[^"]*"', "", unit)
    before, after = xml.split(unit * times)
    corpus.hostile(name, "Work is bounded.", mother, Repeated(before, unit, times, after), CODES + " signature_algorithm xml_refused too_large", holds=True)


def other_elements(corpus):
    """The provider's key signed a part; the rest is anybody's."""
    places = {
        "Subject": "a:Subject",
        "Conditions": "a:Conditions",
        "AttributeStatement": "a:AttributeStatement",
        "AuthnStatement": "a:AuthnStatement",
        "Issuer": "a:Issuer",
    }
    for name, path in places.items():
        e = corpus.edit(A)
        target = dsig.one(e.assertion, path)
        target.set("ID", "_part")
        dsig.one(e.assertion, "d:Signature/d:SignedInfo/d:Reference").set("URI", "#_part")
        become(e.assertion)
        e.sign(target=target)
        e.hostile(f"a signature over {name} alone", "The signature is not over the assertion it stands in.", CODES)
    for name in ("Extensions", "Advice"):
        e = corpus.edit(A)
        if name == "Extensions":
            target = dsig.etree.Element(tag("p", name), ID="_part")
            e["p:Status"].addprevious(target)
        else:
            target = dsig.etree.Element(tag("a", name), ID="_part")
            dsig.one(e.assertion, "a:Conditions").addnext(target)
        dsig.one(e.assertion, "d:Signature/d:SignedInfo/d:Reference").set("URI", "#_part")
        become(e.assertion)
        e.sign(target=target)
        e.hostile(f"a signature over {name} alone", "The signature is not over the assertion it stands in.", CODES)

    e = corpus.edit(A)
    signature = dsig.signature_of(e.assertion)
    manifest = dsig.parse(f'<d:Object xmlns:d="{dsig.NS["d"]}"><d:Manifest ID="_manifest"></d:Manifest></d:Object>')
    inner = copy.deepcopy(dsig.one(signature, "d:SignedInfo/d:Reference"))
    manifest[0].append(inner)
    signature.append(manifest)
    outer = dsig.one(signature, "d:SignedInfo/d:Reference")
    outer.set("URI", "#_manifest")
    outer.set("Type", "http://www.w3.org/2000/09/xmldsig#Manifest")
    become(e.assertion)
    e.sign(target=manifest[0])
    e.hostile("a signature over a manifest", "The manifest's own references are verified by nobody.", CODES)

    e = corpus.edit(R)
    outer = dsig.signature_of(e.response)
    target = e.assertion
    dsig.one(outer, "d:SignedInfo/d:Reference").set("URI", "#" + target.get("ID"))
    e.sign(e.response, target=target)
    e.hostile("the response's signature over its assertion", "A signature stands in what it signs (SAML core 5.4.1).", CODES + " unsigned")
    e = corpus.edit(A)
    target = e.response
    signature = dsig.signature_of(e.assertion)
    dsig.one(signature, "d:SignedInfo/d:Reference").set("URI", "#" + target.get("ID"))
    e.sign(target=target)
    e.hostile("the assertion's signature over the response", "A signature stands in what it signs (SAML core 5.4.1).", CODES)


def several(corpus):
    def pair(name, why, first, codes=CODES):
        e = corpus.edit(A)
        info = dsig.signature_of(e.assertion).find("d:SignedInfo", dsig.NS)
        ours = dsig.one(info, "d:Reference")
        other = copy.deepcopy(ours)
        holder = dsig.etree.Element(tag("p", "Extensions"), ID="_other")
        e["p:Status"].addprevious(holder)
        other.set("URI", "#_other")
        dsig.one(other, "d:DigestValue").text = dsig.digest(dsig.canonical(holder), dsig.SHA256)
        info.remove(ours)
        e_digest(e, ours)
        for one in ((other, ours) if first else (ours, other)):
            info.append(one)
        dsig.seal_info(dsig.signature_of(e.assertion), corpus.who.usual)
        e.hostile(name, why, codes)

    def e_digest(e, ours):
        signature = dsig.signature_of(e.assertion)
        back = dsig.without(e.assertion, signature)
        dsig.one(ours, "d:DigestValue").text = dsig.digest(dsig.canonical(e.assertion), dsig.SHA256)
        back()

    pair("two references, ours first", "A signature has one reference (SAML core 5.4.2).", False)
    pair("two references, ours last", "A signature has one reference (SAML core 5.4.2).", True)
    e = corpus.edit(A)
    info = e["a:Assertion/d:Signature/d:SignedInfo"]
    ours = dsig.one(info, "d:Reference")
    for _ in range(1000):
        info.append(copy.deepcopy(ours))
    dsig.seal_info(dsig.signature_of(e.assertion), corpus.who.usual)
    repeated(corpus, "a thousand references", A, e.xml(), dsig.text(ours), 1001)
    e = corpus.edit(A)
    remove(e["a:Assertion/d:Signature/d:SignedInfo/d:Reference"])
    become(e.assertion)
    dsig.seal_info(dsig.signature_of(e.assertion), corpus.who.usual)
    e.hostile("no reference", "A signature over nothing signs nothing.", CODES + " signature_invalid unsigned")

    for first in (True, False):
        e = corpus.edit(A)
        signature = dsig.signature_of(e.assertion)
        info = dsig.one(signature, "d:SignedInfo")
        become(e.assertion)
        forged = copy.deepcopy(info)
        e.sign(seal=False)
        made = copy.deepcopy(info)
        signature.replace(info, forged)
        (forged.addprevious if first else forged.addnext)(made)
        where = "first" if first else "last"
        e.hostile(f"two SignedInfos, the forged one {where}", "One is verified and the other believed (CVE-2025-29774).",
                  CODES + " signature_invalid unsigned xml_refused")

    for first in (True, False):
        e = corpus.edit(A)
        signature = dsig.signature_of(e.assertion)
        become(e.assertion)
        other = copy.deepcopy(signature)
        (signature.addprevious if first else signature.addnext)(other)
        reference_of = dsig.one(other, "d:SignedInfo/d:Reference")
        reference_of.set("URI", "#_other")
        where = "before" if first else "after"
        e.hostile(f"a second signature {where} the first", "An assertion has one signature (SAML core 2.3.3).",
                  CODES + " signature_invalid unsigned xml_refused")
    e = corpus.edit(A)
    e.response.insert(1, copy.deepcopy(dsig.signature_of(e.assertion)))
    e.hostile("the assertion's signature in the response as well", "A signature stands in what it signs (SAML core 5.4.1).", CODES, holds=True)


def detached(corpus):
    def case(name, why, build, codes=CODES + " unsigned signature_invalid"):
        e = corpus.edit(A)
        build(e, dsig.signature_of(e.assertion))
        e.hostile(name, why, codes)

    case("the signature in the subject", "A signature is a child of what it signs.",
         lambda e, signature: dsig.one(e.assertion, "a:Subject").append(signature))
    case("the signature in the extensions", "A signature is a child of what it signs.",
         lambda e, signature: dsig.etree.SubElement(e.response, tag("p", "Extensions")).append(signature))
    case("the signature as a text", "A signature that is text is none.",
         lambda e, signature: quote(signature), "unsigned xml_refused")


def quote(signature):
    issuer = signature.getprevious()
    words = dsig.text(signature)
    remove(signature)
    issuer.tail = base64.b64encode(words.encode()).decode()
