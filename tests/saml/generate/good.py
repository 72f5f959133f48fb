"""Good responses of every shape that the providers make, and the same in other clothes."""

import copy
import re

import dsig
import party
from corpus import ADA, Posted, posted

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def build(corpus):
    provided(corpus)
    {"pysaml2": of_pysaml2, "samlify": of_samlify}[corpus.who.name](corpus)
    controls(corpus)


def provided(corpus):
    good = corpus.good
    good("assertion signed", "The assertion alone is signed.")
    good("response signed", "The whole response is signed, the assertion in it is not.", sign="response")
    good("both signed", "The assertion and the response around it are signed.", sign="both")
    for size in (128, 256):
        data = (party.GCM.format(size), party.OAEP)
        good(f"encrypted with AES-{size}-GCM", "The signed assertion is encrypted.", encrypt=data)
    data = (party.GCM.format(256), party.OAEP)
    good("encrypted, response signed", "The assertion is not signed, but the response around its ciphertext is.", encrypt=data, sign="response")
    good("encrypted, both signed", "The signed assertion is encrypted, and the response around it signed.", encrypt=data, sign="both")
    many = {"user.email": ["ada@firm.example"], "user.group": ["viewer", "analyst", "admin"], "groups": [f"group-{n}" for n in range(40)]}
    good("several values", "Attributes have several values, in the order in which they were given.", attributes=many)
    signs = {"user.email": ["ada@firm.example"], "name": ["Ada <Lovelace> & \"Countess\" 'of' 数学 😀"], "groups": ["a;b,c", " spaced "]}
    good("values with signs", "Values hold signs of XML's own, other scripts and spaces at their ends.", attributes=signs)
    good("no attributes", "The person is named by the NameID alone.", attributes={})
    good("a persistent NameID", "The NameID is a persistent pseudonym.", form=PERSISTENT, subject="7c1e5b1f-95a5-4e3f-b4ec-0c2b6f2e9a11")
    good("a transient NameID", "The NameID is made for this session.", form=TRANSIENT, subject="_b7d1c0de")
    good("an unspecified NameID", "The NameID's format is unspecified.", form=UNSPECIFIED, subject="CORP\\ada")
    for bits in (3072, 4096):
        good(f"RSA {bits}", f"Signed with another key of the metadata, of {bits} bits.", key=f"rsa{bits}")
    good("RSA with SHA-512", "Signed by RSA with SHA-512.", algorithm=party.RSA_SHA.format(512), **digest(corpus, "512"))


def digest(corpus, size):
    """samlify chooses the digest by the signature's algorithm."""
    return {"digest": party.SHA[size]} if corpus.who.name == "pysaml2" else {}


def of_pysaml2(corpus):
    corpus.good("encrypted with AES-192-GCM", "The signed assertion is encrypted.", encrypt=(party.GCM.format(192), party.OAEP))
    corpus.good("RSA with SHA-384", "Signed by RSA with SHA-384.", algorithm=party.RSA_SHA.format(384), digest=party.SHA["384"])
    corpus.good("P-256", "The assertion is signed by ECDSA on P-256.", key="p256", algorithm=ECDSA)
    # pysaml2 signs an assertion by any algorithm, a response by those of its list alone.
    p256 = corpus.who.signing["p256"]
    corpus.edit("response signed").sign_response(key=p256, algorithm=ECDSA, show=p256).control("P-256, response signed", "The response is signed by ECDSA on P-256.")


def of_samlify(corpus):
    for protocol, assertion in (("saml2p", "saml2"), ("p", "a")):
        corpus.good(f"prefixes {protocol} and {assertion}", "The namespaces have other prefixes.",
                    prefixes={"protocol": protocol, "assertion": assertion})
    for name, layout in (("lines", ">\n  <"), ("Windows lines", ">\r\n\t<")):
        for sign in ("assertion", "response"):
            corpus.good(f"{name} between elements, {sign} signed", "White space stands between the elements, as indented XML has it.",
                        layout=layout, sign=sign)


def controls(corpus):
    """Edited by nothing that matters."""
    edit = corpus.edit
    edit("assertion signed").sign().control("assertion signed anew", "The generator signs as the provider does.")
    edit("response signed").sign_response().control("response signed anew", "The generator signs as the provider does.")
    edit("both signed").sign().sign_response().control("both signed anew", "The generator signs as the provider does.")
    edit("assertion signed").sign(show=False).control("no KeyInfo", "The metadata says which keys are the provider's: KeyInfo is a hint, and optional.")

    e = edit("assertion signed")
    for transform in e.assertion.findall("d:Signature/d:SignedInfo/d:Reference/d:Transforms/d:Transform", dsig.NS):
        if transform.get("Algorithm") == dsig.EXCLUSIVE:
            dsig.etree.SubElement(transform, f"{{{dsig.NS['ec']}}}InclusiveNamespaces", PrefixList="xs xsi", nsmap={"ec": dsig.NS["ec"]})
    e.sign().control("InclusiveNamespaces", "Exclusive canonicalization is told to keep two declarations, as OpenSAML does.")

    e = edit("assertion signed")
    dsig.etree.indent(e.tree, "    ")
    e.sign().control("indented", "Indented by another program before it was signed.")

    for name, tree in (("assertion", edit("assertion signed")), ("response", edit("response signed"))):
        xml = unprefixed(tree.xml())
        e = edit(f"{name} signed")
        e.tree = dsig.parse(xml)
        (e.sign() if name == "assertion" else e.sign_response()).control(
            f"assertion in the default namespace, {name} signed", "The assertion's elements have no prefix, as Entra ID writes them.")

    xml = corpus["assertion signed"]
    named = xml.replace(">ada@firm.example<", ">&#x61;&#100;a@firm.example<")
    assert named != xml
    corpus.control("character references", "Character references are not entities: they canonicalize to what they stand for.", "assertion signed", named)
    tags = re.sub(r"<(\w+:Audience)>", r"<\1  >", xml)
    tags = re.sub(r' Version="2.0"', " Version = '2.0'", tags)
    assert tags != xml
    corpus.control("other quotes", "Quotes and spaces inside tags are no part of the canonical form.", "assertion signed", tags)
    flat = posted(xml)
    lines = "\r\n".join(flat[at:at + 76] for at in range(0, len(flat), 76))
    corpus.control("base64 in lines", "MIME's base64 has lines, and older providers send them.", "assertion signed", Posted(lines))

    e = edit("assertion signed")
    restriction = e["a:Assertion/a:Conditions/a:AudienceRestriction"]
    ours = restriction[0]
    ours.addprevious(other := copy.deepcopy(ours))
    other.text = party.OTHER_SP
    e.sign().control("two audiences of one restriction", "One restriction names several audiences of which any may use it (SAML core 2.5.1.4).")

    plain(corpus, "encrypted for OAEP with SHA-256", "The key is wrapped by XML Encryption 1.1's OAEP with SHA-256 in both places.", transport=dsig.OAEP_11)
    plain(corpus, "the encrypted key beside the data", "A RetrievalMethod leads from the data to the key that stands after it, as Shibboleth may send it.", beside=True)
    plain(corpus, "encrypted anew", "The generator encrypts as the provider does.")
    e = corpus.edit("encrypted, response signed")
    old = e["a:EncryptedAssertion"]
    bare = corpus.who.answer(request_id=corpus.cases["encrypted, response signed"]["request_id"], attributes=ADA, subject="ada@firm.example")
    assertion = dsig.parse(bare).find("a:Assertion", dsig.NS)
    assertion.remove(dsig.signature_of(assertion))
    assertion.tail = None
    old.getparent().replace(old, dsig.encrypted(dsig.standalone(assertion), corpus.who.decryption))
    e.sign_response().control("encrypted anew, response signed", "The generator encrypts and signs as the provider does.")


def plain(corpus, name, why, **how):
    e = corpus.edit("assertion signed")
    assertion = e.assertion
    assertion.getparent().replace(assertion, dsig.encrypted(dsig.standalone(assertion), corpus.who.decryption, **how))
    e.control(name, why)


def unprefixed(xml):
    """The assertion's own elements without a prefix; those of the response around it keep theirs."""
    prefix = re.search(r"<(\w+):Assertion[ >]", xml)[1]
    start, end = xml.index(f"<{prefix}:Assertion"), xml.index(f"</{prefix}:Assertion>") + len(f"</{prefix}:Assertion>")
    inner = xml[start:end].replace(f' xmlns:{prefix}="{dsig.NS["a"]}"', "")
    inner = inner.replace(f"<{prefix}:Assertion", f'<Assertion xmlns="{dsig.NS["a"]}"', 1)
    inner = inner.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</")
    return xml[:start] + inner + xml[end:]
